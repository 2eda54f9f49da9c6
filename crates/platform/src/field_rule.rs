//! The field rule: what a role's holders may do with a field.

use crate::CredentialsChanged;
use crate::audit_entry::AuditKind;
use crate::rights::only_administrators;
use async_trait::async_trait;
use clientela_engine::module::{Companion, Draft, RuleReader};
use clientela_engine::{AuditNote, Rules};
use clientela_kernel::{Context, Error, FieldAccess, FieldProblem, Id, ProblemCode, Result};
use clientela_macros::{Choice, resource};
use clientela_model::{FieldType, system};

/// What may be done with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum FieldRuleAccess {
    /// Nothing: everywhere it is as if there were no such field.
    Hidden,
    /// To see that there is something: a text shows its last characters, any other value is left empty. It cannot be filtered, sorted or searched by, nor written.
    Masked,
    /// To read it.
    Read,
    /// To read and to write it, as if there were no rule.
    Write,
}

impl From<FieldRuleAccess> for FieldAccess {
    fn from(access: FieldRuleAccess) -> FieldAccess {
        match access {
            FieldRuleAccess::Hidden => FieldAccess::Hidden,
            FieldRuleAccess::Masked => FieldAccess::Masked,
            FieldRuleAccess::Read => FieldAccess::Read,
            FieldRuleAccess::Write => FieldAccess::Write,
        }
    }
}

/// What a role's holders may do with a field of the records that the role lets them reach. Fields without a rule are open. Whoever holds several roles has the
/// widest access that any of those which allow the action gives.
#[resource(name = "fieldRule", prefix = "fru", unattachable, unique("field_rule_role_resource_field_key", "roleId", "resource", "field"))]
pub struct Model {
    /// The role.
    #[field(
        refers = "role",
        inverse = "fieldRules",
        inverse_description = "What the role says of fields.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"rol_01h455vb4pex5vsknk084sn02q\""
    )]
    pub role_id: Id,
    /// The resource, such as `account`.
    #[field(max = 60, write = "immutable", example = "\"account\"")]
    pub resource: String,
    /// The field, by the name it has in the API.
    #[field(name = "field", max = 60, write = "immutable", example = "\"employees\"")]
    pub field_name: String,
    /// What may be done with it.
    #[field()]
    pub access: FieldRuleAccess,
}

/// The rules of field rules.
pub struct FieldRuleRules {
    /// Called when a rule has changed.
    pub(crate) credentials_changed: CredentialsChanged,
}

#[async_trait]
impl Rules for FieldRuleRules {
    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let (resource, name) = (draft.get("resource").as_text().unwrap_or_default(), draft.get("field").as_text().unwrap_or_default());
        let Some(def) = reader.resource(resource) else {
            let text = format!("resource is {resource:?}, and no resource is called so. Take a name such as account.");
            return refuse("/resource", ProblemCode::NotAllowed, text);
        };
        let Some(field) = def.field(name).filter(|field| !field.secret) else {
            return refuse("/field", ProblemCode::NotAllowed, format!("field is {name:?}, and {} have no field of this name.", def.plural));
        };
        // An answer without them would be no record.
        if [system::ID, system::VERSION].contains(&name) {
            return refuse("/field", ProblemCode::NotAllowed, format!("{name} tells a record from others and is always there."));
        }
        let masked = draft.get("access").as_text() == Some("MASKED");
        if masked && field.required && !matches!(field.kind, FieldType::Text { .. }) {
            let text = format!(
                "access is MASKED, but {name} is no text and is never empty, so that nothing can stand for it. Take HIDDEN or READ."
            );
            return refuse("/access", ProblemCode::Contradiction, text);
        }
        Ok(())
    }

    async fn companions(&self, context: &Context, _reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        only_administrators(context, draft)?;
        Ok(Vec::new())
    }

    fn audit(&self, _draft: &Draft) -> Option<AuditNote> {
        AuditKind::RightsChanged.with_values()
    }

    fn committed(&self, _context: &Context, _draft: &Draft) {
        (self.credentials_changed)();
    }
}

fn refuse(pointer: &str, code: ProblemCode, text: String) -> Result<()> {
    Err(Error::validation(vec![FieldProblem::new(pointer, code, text)]))
}
