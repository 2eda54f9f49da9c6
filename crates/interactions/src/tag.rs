//! The tag: what a label means, and how it is shown.

use clientela_macros::{Choice, resource};

/// The colors of tags. How each looks is for whoever shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum TagColor {
    /// Gray.
    Gray,
    /// Red.
    Red,
    /// Orange.
    Orange,
    /// Yellow.
    Yellow,
    /// Green.
    Green,
    /// Teal.
    Teal,
    /// Blue.
    Blue,
    /// Purple.
    Purple,
    /// Pink.
    Pink,
    /// Brown.
    Brown,
}

/// What a label means, and how it is shown. Which records have a label is told by their own `tags` alone
/// (`filter[tags][has]=vip`); a tag of the same name adds color and meaning to it. A label needs no tag, and a tag may stand
/// ready that no record has yet. So the name is fixed: to rename a label, change it on the records that have it.
#[resource(name = "tag", prefix = "tag", label = "name", common, unattachable, unique("tag_name_key", "name"))]
pub struct Model {
    /// The label, as it stands in the `tags` of records.
    #[field(max = 100, folded, write = "immutable", example = "\"vip\"")]
    pub name: String,
    /// How it is shown.
    #[field(default = "\"GRAY\"")]
    pub color: TagColor,
    /// When the label is given.
    #[field(max = 1_000, no_sort, example = "\"Buys for more than 50,000 EUR a year.\"")]
    pub description: Option<String>,
}
