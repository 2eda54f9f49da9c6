//! The whole database as rows that either database can write and read: what backups are made of, and how a database
//! moves from SQLite to PostgreSQL and back.
//!
//! Reading sees one moment, whatever is written meanwhile. Loading is one transaction into an empty database: all or
//! nothing, with every reference checked.

mod column;
mod load;
mod read;

pub use column::ColumnKind;
pub use load::Loading;

/// A table: the same on both databases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveTable {
    /// Its name.
    pub name: String,
    /// Its columns, in the order of a row's values.
    pub columns: Vec<(String, ColumnKind)>,
}

/// What reading gives.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'a> {
    /// The rows that follow are of this table.
    Table(&'a ArchiveTable),
    /// A row: a JSON array with a value for each column.
    Row(&'a str),
}
