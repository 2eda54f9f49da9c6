//! What a resource *is*, as data. Every surface (tables' drift check, REST, OpenAPI, GraphQL, filters, rights, change
//! log) reads these definitions; none of them holds behaviour.

pub mod custom_object;
pub mod document;
pub mod extended;
pub mod field;
pub mod naming;
pub mod operation;
mod operations;
pub mod registry;
pub mod relation;
pub mod resource;
pub mod shape;
pub mod system;
pub mod timeline;

pub use custom_object::CustomObject;
pub use extended::Addition;
pub use field::{
    AnyReferenceDef, ChoiceDef, ChoiceOption, CopyDef, FieldDef, FieldType, Labels, OnDelete, Personal, RecordTarget, ReferenceDef,
    SearchWeight, TextFormat, WriteMode,
};
pub use operation::{OperationDef, OperationTarget};
pub use registry::{DefinitionProblem, Registry};
pub use relation::{RelationDef, RelationKind};
pub use resource::{CONTENT_TYPES, ContentRole, ExternalKeyDef, ResourceDef, UniqueDef};
pub use shape::{Content, Holds, Shape, ShapeDef, ShapeField, ShapeValue};
pub use timeline::{TimelineDef, TimelineSource};

pub use clientela_kernel::Name;

/// A Rust enum whose variants are the options of a choice field; `derive(Choice)` implements it.
pub trait Choice: Sized {
    /// The options, in the order of the enum.
    fn definition() -> ChoiceDef;
    /// The wire name of this option.
    fn as_str(&self) -> &'static str;
}

/// A model struct described by a definition; the `resource` attribute implements it.
pub trait Resource {
    /// The definition, built anew.
    fn definition() -> ResourceDef;
}
