//! What a tenant adds to the definitions as one document: written out, compared with another one, brought to be as another one says.

mod apply;
mod difference;
mod document;

pub use apply::ApplySchema;
pub use difference::DiffSchema;
pub use document::SnapshotSchema;
