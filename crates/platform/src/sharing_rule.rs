//! The sharing rule: all records that satisfy a condition, for somebody whose roles do not reach them.

use crate::CredentialsChanged;
use crate::audit_entry::AuditKind;
use crate::rights::only_administrators;
use crate::share::{self, ShareLevel};
use async_trait::async_trait;
use clientela_engine::module::{Companion, Draft, RuleReader};
use clientela_engine::{AuditNote, Rules, check_condition};
use clientela_kernel::{Context, Error, FieldProblem, ProblemCode, Result, Timestamp};
use clientela_macros::resource;

/// Shares every record of a resource that satisfies a condition, those that come to satisfy it later included, and as long as they do. Beyond that it is like a
/// `share`: the recipient's roles must allow the action with records of this kind at all. Only administrators make and change these rules.
#[resource(name = "sharingRule", prefix = "shu", label = "name", unattachable)]
pub struct Model {
    /// What the rule is for.
    #[field(max = 200, folded, example = "\"Austrian retailers for Dealer West\"")]
    pub name: String,
    /// The resource, such as `account`.
    #[field(max = 60, write = "immutable", example = "\"account\"")]
    pub resource: String,
    /// Which of its records: a filter tree as JSON. In it `today` is the day of the request; `me`, `myTeam` and `myAccount` speak of the recipient.
    #[field(format = "filter_tree", max = 10_000, no_sort, no_filter, example = "\"{\\\"country\\\": {\\\"eq\\\": \\\"AT\\\"}}\"")]
    pub condition: String,
    /// Whom they are shared with, by the id: a user, a team, or an account, which stands for the portal and partner users who belong to it.
    #[field(refers_any, write = "immutable", on_delete = "cascade", example = "\"usr_01h455vb4pex5vsknk084sn02q\"")]
    pub recipient_id: AnyId,
    /// What they may do with them.
    #[field(default = "\"READ\"")]
    pub level: ShareLevel,
    /// Until when; without an end where empty.
    #[field(example = "\"2026-12-31T23:59:59.000Z\"")]
    pub until: Option<Timestamp>,
    /// Why they are shared.
    #[field(max = 500, no_sort, example = "\"Contract of 2025, annex 3\"")]
    pub cause: Option<String>,
}

/// The rules of sharing rules.
pub struct SharingRuleRules {
    /// Called when one has changed.
    pub(crate) credentials_changed: CredentialsChanged,
}

#[async_trait]
impl Rules for SharingRuleRules {
    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        share::check_recipient(draft, problems);
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let Some(registry) = reader.registry() else { return Ok(()) };
        let text = |field: &str| draft.get(field).as_text().unwrap_or_default();
        let refused = |field: &str, code, text| Err(Error::validation(vec![FieldProblem::new(format!("/{field}"), code, text)]));
        let Some(def) = registry.resource(text("resource")).filter(|def| !def.mirror && !def.administrators_only) else {
            let text = format!(
                "resource is {:?}, and no resource that can be shared is called so. Take a name such as account.",
                text("resource")
            );
            return refused("resource", ProblemCode::NotAllowed, text);
        };
        match check_condition(registry, context, def, text("condition")) {
            Ok(()) => Ok(()),
            Err(error) => refused("condition", ProblemCode::InvalidFormat, format!("condition cannot be used: {error}")),
        }
    }

    async fn companions(&self, context: &Context, _reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        only_administrators(context, draft)?;
        Ok(Vec::new())
    }

    fn audit(&self, _draft: &Draft) -> Option<AuditNote> {
        AuditKind::ShareChanged.with_names()
    }

    fn committed(&self, _context: &Context, _draft: &Draft) {
        (self.credentials_changed)();
    }
}
