//! The note: what somebody wants remembered about a record.

use clientela_macros::resource;

/// A text about any record: a contact, an account, an interaction, a colleague. Notes are for people of your own
/// organization.
#[resource(name = "note", prefix = "not", label = "title", owned, timeline(of = "recordId", at = "createdAt", title = "title"))]
pub struct Model {
    /// The record the note is about, of any type: the prefix of the id tells which. A note stays with its record; it is deleted
    /// and comes back with it.
    #[field(
        refers_any,
        write = "immutable",
        inverse = "notes",
        inverse_description = "What people have noted about this record.",
        on_delete = "cascade",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub record_id: AnyId,
    /// What it is about, in a line.
    #[field(search = "name", max = 300, folded, example = "\"How they like their deliveries\"")]
    pub title: Option<String>,
    /// The text, in Markdown. It is kept as it was written: whoever shows it as HTML makes it safe first.
    #[field(search = "text", max = 50_000, no_sort, example = "\"Ring at the **back door**, and not before seven.\"")]
    pub body: String,
    /// Whether the note stays in sight, above newer ones.
    #[field(default = "false")]
    pub pinned: bool,
}
