//! One level of a read plan: a resource, to-one joins, columns, filter, order, place and limit.

use clientela_kernel::{DeletedMode, Filter, Value};
use clientela_model::{FieldDef, Registry, ResourceDef};
use uuid::Uuid;

/// A statement that reads records of one resource and of those its to-one relations point to.
///
/// Table alias `t0` is the resource, `t1`… are the joins in order. The tenant is added to every table by the compiler.
#[derive(Debug)]
pub struct Select<'a> {
    /// For relations inside filters.
    pub registry: &'a Registry,
    /// The resource read.
    pub def: &'a ResourceDef,
    /// To-one relations, parents before children.
    pub joins: Vec<Join<'a>>,
    /// What is read, in order. Money and a reference to any record take two columns of the result.
    pub columns: Vec<Column<'a>>,
    /// Conditions on the resource; all must hold.
    pub filters: Vec<&'a Filter>,
    /// Deleted records or not.
    pub deleted: DeletedMode,
    /// The order; must end in the id. Empty where at most one row can come back.
    pub sort: Vec<SortColumn<'a>>,
    /// Only what comes after a place in that order.
    pub seek: Option<Seek>,
    /// Only what comes before a place in that order (as written; `backward` does not turn it).
    pub until: Option<Seek>,
    /// Read the order from its end. The rows then come in reversed order.
    pub backward: bool,
    /// Greatest number of rows, for each parent where there are parents.
    pub limit: Option<u32>,
    /// Restricts to records with one of these values in a reference (or id) field; the value is the first column of the result.
    pub parents: Option<Parents<'a>>,
}

/// A to-one join.
#[derive(Debug)]
pub struct Join<'a> {
    /// Alias number of the table that holds the reference: 0 is the resource.
    pub from: usize,
    /// The reference field there.
    pub field: &'a FieldDef,
    /// The resource it points to. Deleted records join as absent.
    pub def: &'a ResourceDef,
    /// Further condition on the joined record (row rights); a record that fails it joins as absent.
    pub filter: Option<&'a Filter>,
}

/// A field of the resource or of a join.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// Alias number.
    pub table: usize,
    /// The field.
    pub field: &'a FieldDef,
}

/// One key of the order.
#[derive(Clone, Copy, Debug)]
pub struct SortColumn<'a> {
    /// Alias number.
    pub table: usize,
    /// The field.
    pub field: &'a FieldDef,
    /// Whether it may be null there (optional field, or any field of a join).
    pub nullable: bool,
    /// Greatest first; null counts as greatest.
    pub descending: bool,
}

/// A place in the order: one value for each sort column.
#[derive(Clone, Debug)]
pub struct Seek {
    /// In the order of `sort`.
    pub values: Vec<Value>,
}

/// The parents of a to-many level.
#[derive(Debug)]
pub struct Parents<'a> {
    /// The field of the resource that holds the parent's value.
    pub field: &'a FieldDef,
    /// The parents' values.
    pub ids: Vec<Uuid>,
    /// The parents' resource, where the field refers to any record.
    pub resource: Option<&'a str>,
}

/// Counts the records of a list, or of each parent's list.
#[derive(Debug)]
pub struct SelectCount<'a> {
    /// For relations inside filters.
    pub registry: &'a Registry,
    /// The resource counted.
    pub def: &'a ResourceDef,
    /// Conditions; all must hold.
    pub filters: Vec<&'a Filter>,
    /// Deleted records or not.
    pub deleted: DeletedMode,
    /// Count by parent: the result is (parent, count) rows. Without parents it is one row (count).
    pub parents: Option<Parents<'a>>,
}
