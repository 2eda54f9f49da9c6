//! Rows as they came from the database (or from memory), and how a column of a row becomes a value.
//!
//! Columns are addressed by position. Every field takes one position but money and a reference to any record, which take
//! two: see [`width`].

use crate::bind::{POSTGRES_EPOCH_DAYS, POSTGRES_EPOCH_MILLISECONDS};
use crate::pg_array::PgTexts;
use clientela_kernel::{Date, Error, Money, RecordKey, Result, Timestamp, Value, currency::Currency};
use clientela_model::{AnyReferenceDef, FieldDef, FieldType};
use sqlx::postgres::{PgRow, PgValueFormat};
use sqlx::sqlite::{SqliteRow, SqliteValueRef};
use sqlx::{Decode, Row as _, Sqlite, ValueRef as _};
use uuid::Uuid;

/// The rows of one statement.
pub type Rows = Vec<Row>;

/// One row. Columns are addressed by position.
pub enum Row {
    /// From PostgreSQL, in the binary format, borrowed from the wire buffer.
    Postgres(PgRow),
    /// From SQLite.
    Sqlite(SqliteRow),
    /// Made in memory by [`Row::from_values`]. A value of two positions stands whole in the first of them; the second is
    /// null and never read.
    Memory(Vec<Value>),
}

/// How many positions a field takes in a row: two for money (minor units, currency) and for a reference to any record
/// (resource, id), one otherwise.
pub fn width(field: &FieldDef) -> usize {
    field.suffixes().len()
}

impl Row {
    /// A row in memory from one value a field, in order.
    pub fn from_values<'a>(fields: impl IntoIterator<Item = (&'a FieldDef, Value)>) -> Row {
        let mut slots = Vec::new();
        for (field, value) in fields {
            slots.push(value);
            if width(field) == 2 {
                slots.push(Value::Null);
            }
        }
        Row::Memory(slots)
    }

    /// The field that begins at a column.
    pub fn value(&self, column: usize, field: &FieldDef) -> Result<Value> {
        let value = match &field.kind {
            FieldType::Id | FieldType::Reference(_) => self.uuid(column)?.map(Value::Id),
            FieldType::Text { .. } | FieldType::Choice(_) => self.text(column)?.map(Value::from),
            FieldType::TextSet { .. } => self.text_set(column)?.map(Value::TextSet),
            FieldType::Boolean => self.boolean(column)?.map(Value::Boolean),
            FieldType::Integer { .. } | FieldType::Decimal { .. } | FieldType::Duration => self.integer(column)?.map(Value::Integer),
            FieldType::Date => self.date(column)?.map(Value::Date),
            FieldType::Instant => self.instant(column)?.map(Value::Instant),
            FieldType::Money => self.money(column)?.map(Value::Money),
            FieldType::AnyReference(reference) => self.record(column, reference)?.map(Value::Record),
        };
        Ok(value.unwrap_or_default())
    }

    /// Whether a column is empty.
    pub fn is_null(&self, column: usize) -> Result<bool> {
        match self {
            Row::Postgres(row) => Ok(row.try_get_raw(column).map_err(Error::internal)?.is_null()),
            Row::Sqlite(row) => Ok(row.try_get_raw(column).map_err(Error::internal)?.is_null()),
            Row::Memory(slots) => Ok(slot(slots, column)?.is_null()),
        }
    }

    /// An id or a reference.
    pub fn uuid(&self, column: usize) -> Result<Option<Uuid>> {
        match self {
            Row::Postgres(row) => fixed(row, column)?.map_or(Ok(None), |bytes: [u8; 16]| Ok(Some(Uuid::from_bytes(bytes)))),
            Row::Sqlite(row) => match sqlite::<&[u8]>(row, column)? {
                Some(bytes) => Uuid::from_slice(bytes).map(Some).map_err(Error::internal),
                None => Ok(None),
            },
            Row::Memory(slots) => match slot(slots, column)? {
                Value::Null => Ok(None),
                Value::Id(id) => Ok(Some(*id)),
                _ => Err(mismatch(column)),
            },
        }
    }

    /// A whole number, a duration in seconds, or a count.
    pub fn integer(&self, column: usize) -> Result<Option<i64>> {
        match self {
            Row::Postgres(row) => Ok(fixed(row, column)?.map(i64::from_be_bytes)),
            Row::Sqlite(row) => sqlite(row, column),
            Row::Memory(slots) => match slot(slots, column)? {
                Value::Null => Ok(None),
                Value::Integer(number) => Ok(Some(*number)),
                _ => Err(mismatch(column)),
            },
        }
    }

    /// A boolean.
    pub fn boolean(&self, column: usize) -> Result<Option<bool>> {
        match self {
            Row::Postgres(row) => Ok(fixed(row, column)?.map(|[byte]: [u8; 1]| byte != 0)),
            Row::Sqlite(row) => Ok(sqlite::<i64>(row, column)?.map(|number| number != 0)),
            Row::Memory(slots) => match slot(slots, column)? {
                Value::Null => Ok(None),
                Value::Boolean(yes) => Ok(Some(*yes)),
                _ => Err(mismatch(column)),
            },
        }
    }

    /// A text or the name of a choice, borrowed.
    pub fn text(&self, column: usize) -> Result<Option<&str>> {
        match self {
            Row::Postgres(row) => match bytes(row, column)? {
                Some(bytes) => std::str::from_utf8(bytes).map(Some).map_err(Error::internal),
                None => Ok(None),
            },
            Row::Sqlite(row) => sqlite(row, column),
            Row::Memory(slots) => match slot(slots, column)? {
                Value::Null => Ok(None),
                Value::Text(text) => Ok(Some(text)),
                _ => Err(mismatch(column)),
            },
        }
    }

    /// A calendar day.
    pub fn date(&self, column: usize) -> Result<Option<Date>> {
        match self {
            Row::Postgres(row) => Ok(fixed(row, column)?.map(|bytes| Date(i32::from_be_bytes(bytes).saturating_add(POSTGRES_EPOCH_DAYS)))),
            Row::Sqlite(row) => match sqlite::<&str>(row, column)? {
                Some(text) => Date::parse(text).map(Some).ok_or_else(|| Error::internal(format!("{text} in the database is no date"))),
                None => Ok(None),
            },
            Row::Memory(slots) => match slot(slots, column)? {
                Value::Null => Ok(None),
                Value::Date(day) => Ok(Some(*day)),
                _ => Err(mismatch(column)),
            },
        }
    }

    /// A moment.
    pub fn instant(&self, column: usize) -> Result<Option<Timestamp>> {
        match self {
            Row::Postgres(row) => Ok(fixed(row, column)?.map(|bytes| {
                let milliseconds = i64::from_be_bytes(bytes).div_euclid(1_000);
                Timestamp(milliseconds.saturating_add(POSTGRES_EPOCH_MILLISECONDS))
            })),
            Row::Sqlite(row) => Ok(sqlite::<i64>(row, column)?.map(Timestamp)),
            Row::Memory(slots) => match slot(slots, column)? {
                Value::Null => Ok(None),
                Value::Instant(at) => Ok(Some(*at)),
                _ => Err(mismatch(column)),
            },
        }
    }

    /// An amount, from its column and the next.
    pub fn money(&self, column: usize) -> Result<Option<Money>> {
        if let Row::Memory(slots) = self {
            return match slot(slots, column)? {
                Value::Null => Ok(None),
                Value::Money(money) => Ok(Some(*money)),
                _ => Err(mismatch(column)),
            };
        }
        let (Some(minor), Some(code)) = (self.integer(column)?, self.text(column + 1)?) else { return Ok(None) };
        let currency = Currency::parse(code).ok_or_else(|| Error::internal(format!("{code} in the database is no currency")))?;
        Ok(Some(Money { minor, currency }))
    }

    /// A record of any resource, from its column and the next.
    pub fn record(&self, column: usize, reference: &AnyReferenceDef) -> Result<Option<RecordKey>> {
        if let Row::Memory(slots) = self {
            return match slot(slots, column)? {
                Value::Null => Ok(None),
                Value::Record(record) => Ok(Some(record.clone())),
                _ => Err(mismatch(column)),
            };
        }
        let (Some(resource), Some(id)) = (self.text(column)?, self.uuid(column + 1)?) else { return Ok(None) };
        let target =
            reference.target(resource).ok_or_else(|| Error::internal(format!("{resource} in the database is no resource to refer to")))?;
        Ok(Some(RecordKey { resource: target.resource.clone(), id }))
    }

    /// A set of texts.
    pub fn text_set(&self, column: usize) -> Result<Option<Vec<String>>> {
        match self {
            Row::Postgres(row) => match bytes(row, column)? {
                Some(bytes) => PgTexts::new(bytes)?.map(|text| text.map(str::to_owned)).collect::<Result<_>>().map(Some),
                None => Ok(None),
            },
            Row::Sqlite(row) => match sqlite::<&str>(row, column)? {
                Some(json) => serde_json::from_str(json).map(Some).map_err(Error::internal),
                None => Ok(None),
            },
            Row::Memory(slots) => match slot(slots, column)? {
                Value::Null => Ok(None),
                Value::TextSet(texts) => Ok(Some(texts.clone())),
                _ => Err(mismatch(column)),
            },
        }
    }
}

/// The binary form of a PostgreSQL column.
pub(crate) fn bytes(row: &PgRow, column: usize) -> Result<Option<&[u8]>> {
    let raw = row.try_get_raw(column).map_err(Error::internal)?;
    if raw.is_null() {
        return Ok(None);
    }
    if raw.format() != PgValueFormat::Binary {
        return Err(Error::internal("a row was read in the text format; run the statement with arguments"));
    }
    raw.as_bytes().map(Some).map_err(Error::internal)
}

fn fixed<const N: usize>(row: &PgRow, column: usize) -> Result<Option<[u8; N]>> {
    match bytes(row, column)? {
        Some(bytes) => bytes.try_into().map(Some).map_err(|_| mismatch(column)),
        None => Ok(None),
    }
}

pub(crate) fn sqlite<'r, T: Decode<'r, Sqlite>>(row: &'r SqliteRow, column: usize) -> Result<Option<T>> {
    let raw: SqliteValueRef<'r> = row.try_get_raw(column).map_err(Error::internal)?;
    if raw.is_null() { Ok(None) } else { T::decode(raw).map(Some).map_err(Error::internal) }
}

fn slot(slots: &[Value], column: usize) -> Result<&Value> {
    slots.get(column).ok_or_else(|| Error::internal(format!("a row in memory has no column {column}")))
}

fn mismatch(column: usize) -> Error {
    Error::internal(format!("column {column} of a row does not have the type of its field"))
}
