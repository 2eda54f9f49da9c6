//! What an import refused.

use clientela_kernel::Id;
use clientela_macros::resource;

/// Something that an import refused: a record, or a whole row, by its place in the file.
#[resource(name = "importProblem", prefix = "imx", label = "message", unattachable, read_only)]
pub struct Model {
    /// The import.
    #[field(
        refers = "import",
        inverse = "problems",
        inverse_description = "What was refused, by row and field: the first 10,000.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"imp_01h455vb4pex5vsknk084sn02q\""
    )]
    pub import_id: Id,
    /// The row, 1 for the first behind the line of column names.
    #[field(write = "immutable", min = 0, max = 9_007_199_254_740_991, example = "17")]
    pub row_number: i64,
    /// The line the row begins in, 1 for the first of the file.
    #[field(write = "immutable", min = 0, max = 9_007_199_254_740_991, example = "18")]
    pub line_number: i64,
    /// The record, by its name in the mapping; empty where the whole row cannot be read.
    #[field(write = "immutable", max = 200, example = "\"account\"")]
    pub record: Option<String>,
    /// The field.
    #[field(write = "immutable", max = 200, example = "\"country\"")]
    pub field: Option<String>,
    /// The columns that the field comes from.
    #[field(write = "immutable", max = 2000, example = "\"land\"")]
    pub column_names: Option<String>,
    /// A stable code.
    #[field(write = "immutable", max = 60, example = "\"INVALID_FORMAT\"")]
    pub code: String,
    /// What is wrong and what is allowed.
    #[field(write = "immutable", max = 4000, no_sort, example = "\"country is \\\"Austria\\\", but must be an ISO 3166-1 alpha-2 code.\"")]
    pub message: String,
    /// What the file holds there; at most 100 characters of it.
    #[field(write = "immutable", max = 200, example = "\"Austria\"")]
    pub given: Option<String>,
}
