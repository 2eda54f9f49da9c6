//! The reason for which deals are lost.

use clientela_macros::resource;

/// A reason for which deals are lost, such as the price.
#[resource(name = "lostReason", prefix = "lsr", label = "name", common, unattachable, unique("lost_reason_name_key", "name"))]
pub struct Model {
    /// What it is called.
    #[field(max = 100, folded, example = "\"Price\"")]
    pub name: String,
    /// When it applies.
    #[field(max = 2_000, no_sort, example = "\"Another offer was cheaper, and nothing else counted.\"")]
    pub description: Option<String>,
    /// Whether it may be given for further deals.
    #[field(default = "true", example = "true")]
    pub active: bool,
}
