//! The share: one record for somebody whose roles do not reach it.

use crate::audit_entry::AuditKind;
use async_trait::async_trait;
use clientela_engine::module::{Draft, RuleReader, permitted};
use clientela_engine::{AuditNote, Rules};
use clientela_kernel::{Action, Context, Error, FieldProblem, Id, ProblemCode, Result, Timestamp};
use clientela_macros::{Choice, resource};

/// What may be done with a shared record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ShareLevel {
    /// To read it.
    Read,
    /// To read and to change it.
    Write,
}

/// One record for a user, a team, or the portal and partner users of an account, whose roles do not reach it. Their roles must allow the action with records of this kind at all; the share says that this
/// record is among them.
#[resource(name = "share", prefix = "shr", unattachable)]
pub struct Model {
    /// The record, of any type: the prefix of the id tells which.
    #[field(
        refers_any,
        write = "immutable",
        inverse = "shares",
        inverse_description = "Whom this record is shared with.",
        on_delete = "cascade",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub record_id: AnyId,
    /// Whom it is shared with, by the id: a user, a team, or an account, which stands for the portal and partner users who belong to it.
    #[field(refers_any, write = "immutable", on_delete = "cascade", example = "\"usr_01h455vb4pex5vsknk084sn02q\"")]
    pub recipient_id: AnyId,
    /// What they may do with it.
    #[field(default = "\"READ\"")]
    pub level: ShareLevel,
    /// Until when; without an end where empty.
    #[field(example = "\"2026-12-31T23:59:59.000Z\"")]
    pub until: Option<Timestamp>,
    /// Why it is shared.
    #[field(max = 500, example = "\"Stands in for Maria in August\"")]
    pub cause: Option<String>,
}

/// The rules of shares.
pub struct ShareRules;

#[async_trait]
impl Rules for ShareRules {
    fn audit(&self, _draft: &Draft) -> Option<AuditNote> {
        // The cause is prose about a person, which an erasure must be able to take away.
        AuditKind::ShareChanged.with_names()
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        check_recipient(draft, problems);
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let Some(record) = draft.get("recordId").as_record().filter(|_| draft.changed("recordId")) else { return Ok(()) };
        if permitted(context, reader, &record.resource, Id(record.id), Action::Share).await? {
            return Ok(());
        }
        let text = "recordId names a record that you may not share, or there is no such record, or it is deleted.";
        Err(Error::validation(vec![FieldProblem::new("/recordId", ProblemCode::ReferenceNotFound, text)]))
    }
}

/// Refuses a recipient who cannot have a share.
pub(crate) fn check_recipient(draft: &Draft, problems: &mut Vec<FieldProblem>) {
    let taken = |resource: &str| ["user", "team", "account"].contains(&resource);
    if draft.get("recipientId").as_record().is_some_and(|record| !taken(&record.resource)) {
        let text = "recipientId names neither a user nor a team nor an account: only these have shares.";
        problems.push(FieldProblem::new("/recipientId", ProblemCode::NotAllowed, text));
    }
}
