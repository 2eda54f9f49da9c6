//! The log of a deal's way.

use clientela_kernel::{Id, Timestamp};
use clientela_macros::{Choice, resource};

/// How a deal came into a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum StageChangeKind {
    /// It began there.
    Created,
    /// From an earlier stage of the pipeline.
    Advanced,
    /// From a later stage of the pipeline.
    Returned,
    /// It was won.
    Won,
    /// It was lost.
    Lost,
    /// It had been won or lost, and is open again.
    Reopened,
    /// From another pipeline.
    Moved,
}

/// A step of a deal's way. The server writes one whenever a deal enters a stage.
#[resource(name = "stageChange", prefix = "stc", read_only, unattachable)]
pub struct Model {
    /// The deal.
    #[field(
        refers = "opportunity",
        inverse = "stageChanges",
        inverse_description = "The stages it has been in.",
        on_delete = "cascade",
        example = "\"opp_01h455vb4pex5vsknk084sn02q\""
    )]
    pub opportunity_id: Id,
    /// How it came there.
    #[field()]
    pub kind: StageChangeKind,
    /// The stage it left; empty where it began.
    #[field(refers = "stage", on_delete = "clear", example = "null")]
    pub from_stage_id: Option<Id>,
    /// The stage it entered.
    #[field(
        refers = "stage",
        inverse = "entries",
        inverse_description = "The deals that entered it, and when.",
        on_delete = "cascade",
        example = "\"stg_01h455vb4pex5vsknk084sn02q\""
    )]
    pub to_stage_id: Id,
    /// When.
    #[field()]
    pub entered_at: Timestamp,
    /// How long it had been in the stage it left; empty where it began.
    #[field(duration, example = "\"PT96H\"")]
    pub time_in_stage: Option<i64>,
    /// What it was worth then.
    #[field()]
    pub amount: Option<Money>,
    /// How likely it was from then on, in percent.
    #[field(min = 0, max = 100, example = "40")]
    pub probability: i64,
}
