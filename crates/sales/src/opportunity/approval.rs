//! The approval of a move, and how it is asked for and given.

use super::obstacle::needed;
use crate::staff::users;
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, ErrorCode, Filter, Id, RecordKey, Result, Timestamp, Value};
use clientela_macros::{Choice, Shape, resource};
use clientela_model::Choice as _;
use clientela_model::OperationDef;

/// How far an approval is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ApprovalStatus {
    /// Nobody has answered.
    Requested,
    /// The deal may enter.
    Approved,
    /// It may not.
    Rejected,
}

/// Whether a deal may enter a stage. It is asked for by `requestApproval`, and answered by `approve` or `reject`. It holds for the amount that the deal had when it was asked for.
#[resource(name = "stageApproval", prefix = "sap", read_only, unattachable)]
pub struct Model {
    /// The deal.
    #[field(
        refers = "opportunity",
        inverse = "approvals",
        inverse_description = "Approvals that were asked for.",
        on_delete = "cascade",
        example = "\"opp_01h455vb4pex5vsknk084sn02q\""
    )]
    pub opportunity_id: Id,
    /// The stage it wants to enter.
    #[field(refers = "stage", on_delete = "cascade", example = "\"stg_01h455vb4pex5vsknk084sn02q\"")]
    pub stage_id: Id,
    /// How far it is.
    #[field(example = "\"REQUESTED\"")]
    pub status: ApprovalStatus,
    /// What the deal was worth when it was asked for. With another amount it must be asked for again.
    #[field()]
    pub amount: Option<Money>,
    /// Why it should be given.
    #[field(max = 2_000, no_sort, example = "\"The discount is what they had last year.\"")]
    pub request_note: Option<String>,
    /// Who asked for it, where it is a user.
    #[field(refers = "user", on_delete = "clear", example = "null")]
    pub requested_by_id: Option<Id>,
    /// Who answered.
    #[field(refers = "user", on_delete = "clear", example = "null")]
    pub decided_by_id: Option<Id>,
    /// When.
    #[field(example = "null")]
    pub decided_at: Option<Timestamp>,
    /// What there is to say about the answer.
    #[field(max = 2_000, no_sort, example = "null")]
    pub decision_note: Option<String>,
}

/// Asks for an approval.
pub struct RequestApproval;

/// What is asked for.
#[derive(Shape)]
pub struct ApprovalRequest {
    /// The stage that the deal is to enter, also one of another pipeline.
    #[field(refers = "stage", example = "\"stg_01h455vb4pex5vsknk084sn02q\"")]
    pub stage_id: Id,
    /// Why it should be given.
    #[field(max = 2000, example = "\"The discount is what they had last year.\"")]
    pub note: Option<String>,
}

/// The approval.
#[derive(Shape)]
pub struct ApprovalOf {
    /// The approval as it is now.
    #[field(record = "stageApproval")]
    pub approval: Id,
}

#[async_trait]
impl Operation for RequestApproval {
    type Input = ApprovalRequest;
    type Output = ApprovalOf;

    fn definition() -> OperationDef {
        OperationDef::writing::<ApprovalRequest, ApprovalOf>(
            "requestApproval",
            "opportunity",
            "request-approval",
            "Asks the approvers of a stage whether the opportunity may enter it, and tells them. Where it has been asked for with the same amount and nobody has answered, nothing new is made.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: ApprovalRequest) -> Result<ApprovalOf> {
        let opportunity = call.held().await?;
        let stage = call.referenced("stageId", "stage", given.stage_id).await?;
        let approvers = needed(call, opportunity, &stage).await?;
        if approvers.is_empty() {
            let name = stage.get("name").as_text().unwrap_or_default();
            let text = format!("Nobody must approve that this opportunity enters {name:?}. Advance to it.");
            return Err(Error::new(ErrorCode::InvalidState, text));
        }
        let waiting = Filter::And(vec![
            Filter::equal("opportunityId", Value::Id(opportunity.id.0)),
            Filter::equal("stageId", Value::Id(stage.id.0)),
            Filter::equal("status", ApprovalStatus::Requested.as_str().into()),
        ]);
        let waiting = call.find("stageApproval", waiting).await?;
        if let Some(same) = waiting.iter().find(|approval| approval.get("amount") == opportunity.get("amount")) {
            return Ok(ApprovalOf { approval: same.id });
        }
        // A key with a role of its own is nobody.
        let asking = call.record("user", Id(call.context.me())).await?;
        let values = vec![
            ("opportunityId", Value::Id(opportunity.id.0)),
            ("stageId", Value::Id(stage.id.0)),
            ("status", ApprovalStatus::Requested.as_str().into()),
            ("amount", opportunity.get("amount").clone()),
            ("requestNote", given.note.map_or(Value::Null, Value::Text)),
            ("requestedById", asking.map_or(Value::Null, |user| Value::Id(user.id.0))),
        ];
        let approval = call.create("stageApproval", values).await?.id;
        for user in users(call, &approvers).await? {
            let text = format!("Approval wanted: {}", opportunity.get("name").as_text().unwrap_or_default());
            let about = RecordKey { resource: "opportunity".into(), id: opportunity.id.0 };
            let values = vec![
                ("userId", Value::Id(user)),
                ("kind", "ASSIGNMENT".into()),
                ("recordId", Value::Record(about)),
                ("text", Value::Text(text.chars().take(300).collect())),
            ];
            call.create_by_server("notification", values).await?;
        }
        Ok(ApprovalOf { approval })
    }
}

/// Gives an approval.
pub struct ApproveStage;

/// Refuses one.
pub struct RejectStage;

/// What there is to say.
#[derive(Shape)]
pub struct Decision {
    /// What there is to say about the answer.
    #[field(max = 2000, example = "\"Not below 12 %.\"")]
    pub note: Option<String>,
}

#[async_trait]
impl Operation for ApproveStage {
    type Input = Decision;
    type Output = ApprovalOf;

    fn definition() -> OperationDef {
        OperationDef::writing::<Decision, ApprovalOf>(
            "approveStage",
            "stageApproval",
            "approve",
            "Says that the opportunity may enter the stage. Only those whose approval the stage wants may, and nobody their own request.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Decision) -> Result<ApprovalOf> {
        decide(call, ApprovalStatus::Approved, given.note).await
    }
}

#[async_trait]
impl Operation for RejectStage {
    type Input = Decision;
    type Output = ApprovalOf;

    fn definition() -> OperationDef {
        OperationDef::writing::<Decision, ApprovalOf>(
            "rejectStage",
            "stageApproval",
            "reject",
            "Says that the opportunity may not enter the stage. Only those whose approval the stage wants may.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Decision) -> Result<ApprovalOf> {
        decide(call, ApprovalStatus::Rejected, given.note).await
    }
}

async fn decide(call: &Call<'_>, answer: ApprovalStatus, note: Option<String>) -> Result<ApprovalOf> {
    let approval = call.held().await?;
    if approval.get("status").as_text() != Some(ApprovalStatus::Requested.as_str()) {
        let status = approval.get("status").as_text().unwrap_or_default();
        return Err(Error::new(
            ErrorCode::InvalidState,
            format!("The approval is {status}: it is answered once. Ask for another one with requestApproval."),
        ));
    }
    let me = call.context.me();
    if !approvers(call, approval).await?.contains(&me) {
        return Err(Error::new(
            ErrorCode::Forbidden,
            "Only those whose approval the stage wants may answer. The stage names them as its approvers.",
        ));
    }
    if approval.get("requestedById").as_id() == Some(me) && answer == ApprovalStatus::Approved {
        return Err(Error::new(ErrorCode::Forbidden, "You have asked for this approval yourself. Somebody else must give it."));
    }
    let values = vec![
        ("status", answer.as_str().into()),
        ("decidedById", Value::Id(me)),
        ("decidedAt", Value::Instant(call.now())),
        ("decisionNote", note.map_or(Value::Null, Value::Text)),
    ];
    call.set("stageApproval", approval.id, values, None).await?;
    Ok(ApprovalOf { approval: approval.id })
}

async fn approvers(call: &Call<'_>, approval: &Found) -> Result<std::collections::BTreeSet<uuid::Uuid>> {
    let named = |field: &str| approval.get(field).as_id().map(Id);
    let (Some(opportunity), Some(stage)) = (named("opportunityId"), named("stageId")) else { return Ok(Default::default()) };
    match (call.record("opportunity", opportunity).await?, call.record("stage", stage).await?) {
        (Some(opportunity), Some(stage)) => users(call, &needed(call, &opportunity, &stage).await?).await,
        _ => Ok(Default::default()),
    }
}
