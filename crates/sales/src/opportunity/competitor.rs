//! The competitor.

use clientela_macros::resource;

/// Somebody who sells what we sell.
#[resource(name = "competitor", prefix = "cmp", label = "name", unique("competitor_name_key", "name"))]
pub struct Model {
    /// What it is called.
    #[field(search = "name", max = 200, folded, example = "\"Alpenmilch AG\"")]
    pub name: String,
    /// The address of its web site.
    #[field(format = "url", max = 500, example = "\"https://alpenmilch.example\"")]
    pub website: Option<String>,
    /// What it is good at.
    #[field(max = 5_000, no_sort, example = "\"Delivers within a day.\"")]
    pub strengths: Option<String>,
    /// Where we are better.
    #[field(max = 5_000, no_sort, example = "\"Has no organic range.\"")]
    pub weaknesses: Option<String>,
}
