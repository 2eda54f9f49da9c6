//! Whom a saved view is shared with.

use crate::audit_entry::AuditKind;
use crate::share::ShareLevel;
use async_trait::async_trait;
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader, permitted};
use clientela_engine::{AuditNote, Rules};
use clientela_kernel::{Action, Context, Error, ErrorCode, FieldProblem, Id, ProblemCode, Result, Timestamp};
use clientela_macros::resource;

/// A saved view for a user, a team or everybody besides its owner. Their roles must allow saved views at all; what the view shows them is what their own
/// rights let them see of its list.
#[resource(name = "savedViewShare", prefix = "svs", unattachable)]
pub struct Model {
    /// The view.
    #[field(
        refers = "savedView",
        write = "immutable",
        inverse = "shares",
        inverse_description = "Whom this view is shared with.",
        on_delete = "cascade",
        example = "\"sav_01h455vb4pex5vsknk084sn02q\""
    )]
    pub saved_view_id: Id,
    /// Whom it is shared with: a user or a team, by the id; everybody where empty.
    #[field(refers_any, write = "immutable", on_delete = "cascade", example = "\"usr_01h455vb4pex5vsknk084sn02q\"")]
    pub recipient_id: Option<AnyId>,
    /// What they may do with it.
    #[field(default = "\"READ\"")]
    pub level: ShareLevel,
    /// Until when; without an end where empty.
    #[field(example = "\"2026-12-31T23:59:59.000Z\"")]
    pub until: Option<Timestamp>,
}

/// The rules of shares of saved views.
pub struct SavedViewShareRules;

#[async_trait]
impl Rules for SavedViewShareRules {
    fn audit(&self, _draft: &Draft) -> Option<AuditNote> {
        AuditKind::ShareChanged.with_names()
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let taken = draft.get("recipientId").as_record().is_none_or(|record| ["user", "team"].contains(&record.resource.as_ref()));
        if !taken {
            let text =
                "recipientId names neither a user nor a team: only these have shares. Leave it out to share the view with everybody.";
            problems.push(FieldProblem::new("/recipientId", ProblemCode::NotAllowed, text));
        }
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        if draft.kind != ChangeKind::Created || shares(context, reader, draft).await? {
            return Ok(());
        }
        let text = "savedViewId names a view that you may not share, or there is no such view, or it is deleted.";
        Err(Error::validation(vec![FieldProblem::new("/savedViewId", ProblemCode::ReferenceNotFound, text)]))
    }

    async fn companions(&self, context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        // Whoever is shown a view is not asked with whom else it is shared.
        if draft.kind == ChangeKind::Created || context.is_administrator() || shares(context, reader, draft).await? {
            return Ok(Vec::new());
        }
        Err(Error::new(ErrorCode::Forbidden, "Only whoever may share a view changes whom it is shared with. Ask its owner."))
    }
}

async fn shares(context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<bool> {
    let Some(view) = draft.get("savedViewId").as_id() else { return Ok(true) };
    permitted(context, reader, "savedView", Id(view), Action::Share).await
}
