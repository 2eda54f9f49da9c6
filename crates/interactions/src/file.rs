//! The file: a document, a picture, a recording, about any record.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::Draft;
use clientela_kernel::{Context, Id};
use clientela_macros::resource;

/// A file: a document, a picture, a recording. It is uploaded over REST (`POST /v1/files`) and downloaded from its `contentPath`; here is what is
/// known about it. Its content never changes: another content is another file. The same content is kept once, however many files have it,
/// and is removed when the last of them is erased.
#[resource(
    name = "file",
    prefix = "fil",
    label = "name",
    owned,
    tagged,
    no_create,
    digest = "sha256",
    timeline(of = "recordId", at = "createdAt", title = "name")
)]
pub struct Model {
    /// What the file is called, without a path.
    #[field(search = "name", max = 255, format = "file_name", folded, example = "\"Price list winter.pdf\"")]
    pub name: String,
    /// The record the file is about, of any type: the prefix of the id tells which. The file is deleted and comes back with it.
    #[field(
        refers_any,
        inverse = "files",
        inverse_description = "The files about this record.",
        on_delete = "cascade",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub record_id: Option<AnyId>,
    /// What the file is about.
    #[field(search = "text", max = 1_000, no_sort, example = "\"As sent on Friday, with the new prices for hard cheese.\"")]
    pub description: Option<String>,
    /// The media type by RFC 6838: the one declared, or the one its first bytes tell.
    #[field(max = 127, write = "read_only", example = "\"application/pdf\"")]
    pub media_type: String,
    /// How many bytes it has.
    #[field(min = 0, max = 9_007_199_254_740_991, write = "read_only", example = "48213")]
    pub size: i64,
    /// The SHA-256 of the content in hexadecimal digits.
    #[field(max = 64, write = "read_only", example = "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"")]
    pub sha256: String,
    /// Where the content is downloaded: an address below that of the server, which takes the same credential.
    #[field(max = 200, write = "read_only", derived, example = "\"/v1/files/fil_01h455vb4pex5vsknk084sn02q/content\"")]
    pub content_path: String,
}

/// The rules of files.
pub struct FileRules;

#[async_trait]
impl Rules for FileRules {
    fn derive(&self, _context: &Context, draft: &mut Draft) {
        let path = format!("/v1/files/{}/content", Id::to_text(draft.id, "fil"));
        draft.set("contentPath", path.into());
    }
}
