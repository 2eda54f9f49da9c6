//! The share: one record for somebody whose roles do not reach it.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Draft, RuleReader, permitted};
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

/// One record for a user or a team whose roles do not reach it. Their roles must allow the action with records of this kind at all; the share says that this
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
    /// The user it is shared with; either this or `teamId`.
    #[field(
        refers = "user",
        inverse = "receivedShares",
        inverse_description = "What is shared with this user.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub user_id: Option<Id>,
    /// The team it is shared with; either this or `userId`.
    #[field(
        refers = "team",
        inverse = "receivedShares",
        inverse_description = "What is shared with this team.",
        on_delete = "cascade",
        write = "immutable",
        example = "null"
    )]
    pub team_id: Option<Id>,
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
    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        if draft.get("userId").is_null() == draft.get("teamId").is_null() {
            let text = "Either userId or teamId says whom the record is shared with: one of them, and not both.";
            problems.push(FieldProblem::new("/userId", ProblemCode::Contradiction, text));
        }
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let Some(record) = draft.get("recordId").as_record() else { return Ok(()) };
        if permitted(context, reader, &record.resource, Id(record.id), Action::Share).await? {
            return Ok(());
        }
        let text = "recordId names a record that you may not share, or there is no such record, or it is deleted.";
        Err(Error::validation(vec![FieldProblem::new("/recordId", ProblemCode::ReferenceNotFound, text)]))
    }
}
