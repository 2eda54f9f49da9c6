//! Rows as they came from the database (or from memory), and how a field of a row becomes JSON or a value.

use clientela_kernel::{Date, Duration, Money, Timestamp, Value, currency::Currency};
use clientela_model::{FieldDef, FieldType};
use serde_json::Value as Json;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, ValueRef};
use uuid::Uuid;

/// The rows of one statement.
pub type Rows = Vec<Row>;

/// One row. Columns are addressed by position.
pub enum Row {
    /// From PostgreSQL, in the binary format, borrowed from the wire buffer.
    Postgres(PgRow),
    /// From SQLite.
    Sqlite(SqliteRow),
    /// Made in memory, one value a field (money is one value here too).
    Memory(Vec<Value>),
}
