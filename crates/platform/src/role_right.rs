//! The right of a role: what it allows with which records.

use crate::CredentialsChanged;
use crate::audit_entry::AuditKind;
use crate::rights::only_administrators;
use async_trait::async_trait;
use clientela_engine::module::{Companion, Draft, RuleReader};
use clientela_engine::{AuditNote, Rules, check_condition};
use clientela_kernel::{Action, Context, Depth, Error, FieldProblem, Id, ProblemCode, Result};
use clientela_macros::{Choice, resource};
use clientela_model::Registry;

/// Whose records a right reaches. A record belongs to its owner (`ownerId`, or whom it is for); without one to whom the record that it depends on belongs
/// to, and else to whoever created it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum RightDepth {
    /// Nobody's: it is not allowed.
    None,
    /// One's own.
    Own,
    /// Those of the people in one's teams.
    Team,
    /// Those of the people in one's teams and in the teams below.
    Subtree,
    /// Everybody's, and those that belong to nobody.
    All,
}

impl From<RightDepth> for Depth {
    fn from(depth: RightDepth) -> Depth {
        match depth {
            RightDepth::None => Depth::None,
            RightDepth::Own => Depth::Own,
            RightDepth::Team => Depth::Team,
            RightDepth::Subtree => Depth::Subtree,
            RightDepth::All => Depth::All,
        }
    }
}

/// What stands for every resource and for every action.
pub const ANY: &str = "*";

/// What a role allows with the records of a resource. Of several rights that fit, the most specific decides: one that names the resource before one for
/// all, then one that names the action before one for all. What depends on a record (an address, a note) is never seen without it.
#[resource(name = "roleRight", prefix = "rri", unattachable, unique("role_right_role_resource_action_key", "roleId", "resource", "action"))]
pub struct Model {
    /// The role.
    #[field(
        refers = "role",
        inverse = "rights",
        inverse_description = "What the role allows.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"rol_01h455vb4pex5vsknk084sn02q\""
    )]
    pub role_id: Id,
    /// The resource, such as `account`; `*` for every one.
    #[field(max = 60, write = "immutable", example = "\"account\"")]
    pub resource: String,
    /// The action: `read`, `create`, `update`, `delete`, `restore`, `erase`, `export`, `share` or `assign` (making others responsible for a record), or the name of an
    /// operation such as `mergeParties`; `*` for every one.
    #[field(max = 100, write = "immutable", example = "\"update\"")]
    pub action: String,
    /// Whose records. For `assign`: whom a record may be given to; of the resource `role`: which roles may be given to others.
    #[field()]
    pub depth: RightDepth,
    /// Only records that satisfy this filter tree, as JSON. In it `me` is the user who asks and `myTeam` that user's teams, `myAccount` the account that a portal or partner user belongs to, `today` the day of the
    /// request; `within` knows it too.
    #[field(format = "filter_tree", max = 10_000, no_sort, no_filter, example = "\"{\\\"lifecycle\\\": {\\\"eq\\\": \\\"CUSTOMER\\\"}}\"")]
    pub condition: Option<String>,
}

/// The rules of rights.
pub struct RoleRightRules {
    /// Called when a right has changed.
    pub(crate) credentials_changed: CredentialsChanged,
}

#[async_trait]
impl Rules for RoleRightRules {
    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let Some(registry) = reader.registry() else { return Ok(()) };
        let text = |field: &str| draft.get(field).as_text().unwrap_or_default();
        let condition = draft.get("condition").as_text();
        let problems = problems_of(registry, context, text("resource"), text("action"), condition, "");
        if problems.is_empty() { Ok(()) } else { Err(Error::validation(problems)) }
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

/// What is wrong with a right; `at` is where it stands.
pub(crate) fn problems_of(
    registry: &Registry,
    context: &Context,
    resource: &str,
    action: &str,
    condition: Option<&str>,
    at: &str,
) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let def = registry.resource(resource);
    if def.is_none() && resource != ANY {
        let text = format!("resource is {resource:?}, and no resource is called so. Take a name such as account, or * for all.");
        problems.push(FieldProblem::new(format!("{at}/resource"), ProblemCode::NotAllowed, text));
    }
    let operation = registry.operations().iter().find(|operation| operation.name == action);
    let known = action == ANY || Action::ALL.iter().any(|known| known.name() == action) || operation.is_some();
    if !known {
        let actions = Action::ALL.map(Action::name).join(", ");
        let text = format!("action is {action:?}, but must be one of {actions}, the name of an operation, or * for all.");
        problems.push(FieldProblem::new(format!("{at}/action"), ProblemCode::NotAllowed, text));
    }
    let Some(text) = condition else { return problems };
    let checked = match (def, action) {
        (None, _) => Err(Error::internal("resource must name one resource, since a condition speaks of its fields")),
        (Some(def), "create" | "assign") if def.name != "role" => {
            Err(Error::internal("nothing is there yet to satisfy a condition when this is done"))
        }
        (Some(def), _) => check_condition(registry, context, def, text),
    };
    if let Err(error) = checked {
        let text = format!("condition cannot be used: {error}");
        problems.push(FieldProblem::new(format!("{at}/condition"), ProblemCode::InvalidFormat, text));
    }
    problems
}
