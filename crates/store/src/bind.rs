//! Values on their way to a database: exactly the type of the column, in the binary form of the driver.
//!
//! PostgreSQL fixes a statement's parameter types when it is prepared, so a null must be sent as the type of its
//! column. A money value (or a null of a money field) fills two parameters: minor units, then currency; a
//! reference to any record too: resource, then id.

use crate::sql::Argument;
use clientela_kernel::{Date, Error, Result, Timestamp, Value};
use clientela_model::{FieldType, TextFormat};
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgHasArrayType, PgTypeInfo};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, Postgres, Type};
use uuid::Uuid;

/// Milliseconds from 1970 to 2000, where PostgreSQL counts time from.
pub(crate) const POSTGRES_EPOCH_MILLISECONDS: i64 = 946_684_800_000;
/// Days from 1970 to 2000.
pub(crate) const POSTGRES_EPOCH_DAYS: i32 = 10_957;

/// `timestamptz`.
#[derive(PartialEq)]
pub(crate) struct PgInstant(pub(crate) Timestamp);
/// `date`.
#[derive(PartialEq)]
pub(crate) struct PgDate(pub(crate) Date);
/// `jsonb`, from text that is JSON.
#[derive(PartialEq)]
pub(crate) struct PgJson<'a>(pub(crate) &'a str);

impl Type<Postgres> for PgInstant {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1184))
    }
}

impl PgHasArrayType for PgInstant {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1185))
    }
}

impl Encode<'_, Postgres> for PgInstant {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> std::result::Result<IsNull, BoxDynError> {
        let microseconds = self.0.0.checked_sub(POSTGRES_EPOCH_MILLISECONDS).and_then(|since| since.checked_mul(1_000));
        buffer.extend_from_slice(&microseconds.ok_or("the instant is out of range")?.to_be_bytes());
        Ok(IsNull::No)
    }
}

impl Type<Postgres> for PgDate {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1082))
    }
}

impl PgHasArrayType for PgDate {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1182))
    }
}

impl Encode<'_, Postgres> for PgDate {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> std::result::Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.0.0.saturating_sub(POSTGRES_EPOCH_DAYS).to_be_bytes());
        Ok(IsNull::No)
    }
}

impl PgHasArrayType for PgJson<'_> {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(3807))
    }
}

impl Type<Postgres> for PgJson<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(3802))
    }
}

impl Encode<'_, Postgres> for PgJson<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> std::result::Result<IsNull, BoxDynError> {
        // The version of the binary form, then the text.
        buffer.push(1);
        buffer.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }
}

/// Adds an argument for PostgreSQL. `column` is the field type it goes to or is compared with; only nulls need it.
pub(crate) fn bind_pg(arguments: &mut PgArguments, argument: &Argument, column: Option<&FieldType>) -> Result<()> {
    match argument {
        Argument::Value(value) => return bind_pg_value(arguments, value, column),
        Argument::Texts(texts) => arguments.add(texts.as_slice()),
        Argument::Ids(ids) => arguments.add(ids.as_slice()),
        Argument::Booleans(values) => arguments.add(values.as_slice()),
        Argument::Integers(numbers) => arguments.add(numbers.as_slice()),
        Argument::Dates(days) => arguments.add(days.iter().map(|day| PgDate(*day)).collect::<Vec<_>>()),
        Argument::Instants(instants) => arguments.add(instants.iter().map(|at| PgInstant(*at)).collect::<Vec<_>>()),
        Argument::Json(text) => arguments.add(PgJson(text)),
    }
    .map_err(Error::internal)
}

/// Adds a field value for PostgreSQL; `column` as in [`bind_pg`].
pub(crate) fn bind_pg_value(arguments: &mut PgArguments, value: &Value, column: Option<&FieldType>) -> Result<()> {
    match value {
        Value::Null => return bind_pg_null(arguments, column),
        Value::Boolean(yes) => arguments.add(*yes),
        Value::Integer(number) => arguments.add(*number),
        Value::Text(text) if matches!(column, Some(FieldType::Text { format: TextFormat::Document, .. })) => arguments.add(PgJson(text)),
        Value::Text(text) => arguments.add(text.as_str()),
        Value::Id(id) => arguments.add(*id),
        Value::Date(day) => arguments.add(PgDate(*day)),
        Value::Instant(at) => arguments.add(PgInstant(*at)),
        Value::Money(money) => arguments.add(money.minor).and_then(|()| arguments.add(money.currency.code())),
        Value::TextSet(texts) => arguments.add(texts.as_slice()),
        Value::Record(record) => arguments.add(record.resource.as_ref()).and_then(|()| arguments.add(record.id)),
    }
    .map_err(Error::internal)
}

fn bind_pg_null(arguments: &mut PgArguments, column: Option<&FieldType>) -> Result<()> {
    match column {
        Some(FieldType::Id | FieldType::Reference(_)) => arguments.add(None::<Uuid>),
        Some(FieldType::Text { format: TextFormat::Document, .. }) => arguments.add(None::<PgJson<'_>>),
        Some(FieldType::Text { .. } | FieldType::Choice(_)) => arguments.add(None::<&str>),
        Some(FieldType::TextSet { .. }) => arguments.add(None::<Vec<String>>),
        Some(FieldType::Boolean) => arguments.add(None::<bool>),
        Some(FieldType::Integer { .. } | FieldType::Decimal { .. } | FieldType::Duration) => arguments.add(None::<i64>),
        Some(FieldType::Date) => arguments.add(None::<PgDate>),
        Some(FieldType::Instant) => arguments.add(None::<PgInstant>),
        Some(FieldType::AnyReference(_)) => arguments.add(None::<&str>).and_then(|()| arguments.add(None::<Uuid>)),
        Some(FieldType::Money) => arguments.add(None::<i64>).and_then(|()| arguments.add(None::<&str>)),
        None => return Err(Error::internal("a null was bound without the type of its column")),
    }
    .map_err(Error::internal)
}

/// Adds an argument for SQLite: ids as 16 bytes, instants as milliseconds, days as text, booleans as 0 and 1, sets as
/// JSON arrays (of ids: upper-case hexadecimal, for `unhex`).
pub(crate) fn bind_sqlite(arguments: &mut SqliteArguments, argument: &Argument, column: Option<&FieldType>) -> Result<()> {
    match argument {
        Argument::Value(value) => return bind_sqlite_value(arguments, value, column),
        Argument::Texts(texts) => arguments.add(serde_json::to_string(texts).map_err(Error::internal)?),
        Argument::Ids(ids) => arguments.add(ids_json(ids)),
        Argument::Booleans(values) => arguments.add(json_numbers(values.iter().map(|value| i64::from(*value)))),
        Argument::Integers(numbers) => arguments.add(json_numbers(numbers.iter().copied())),
        Argument::Dates(days) => {
            let texts: Vec<String> = days.iter().map(|day| day.to_text()).collect();
            arguments.add(serde_json::to_string(&texts).map_err(Error::internal)?)
        }
        Argument::Instants(instants) => arguments.add(json_numbers(instants.iter().map(|at| at.0))),
        Argument::Json(text) => arguments.add(text.as_str()),
    }
    .map_err(Error::internal)
}

/// Adds a field value for SQLite; see [`bind_sqlite`].
pub(crate) fn bind_sqlite_value(arguments: &mut SqliteArguments, value: &Value, column: Option<&FieldType>) -> Result<()> {
    match value {
        Value::Null => {
            let null = arguments.add(None::<i64>);
            if matches!(column, Some(FieldType::Money | FieldType::AnyReference(_))) {
                null.and_then(|()| arguments.add(None::<i64>))
            } else {
                null
            }
        }
        Value::Boolean(yes) => arguments.add(i64::from(*yes)),
        Value::Integer(number) => arguments.add(*number),
        Value::Text(text) => arguments.add(text.as_str()),
        Value::Id(id) => arguments.add(*id),
        Value::Date(day) => arguments.add(day.to_text()),
        Value::Instant(at) => arguments.add(at.0),
        Value::Money(money) => arguments.add(money.minor).and_then(|()| arguments.add(money.currency.code())),
        Value::TextSet(texts) => arguments.add(serde_json::to_string(texts).map_err(Error::internal)?),
        Value::Record(record) => arguments.add(record.resource.as_ref()).and_then(|()| arguments.add(record.id)),
    }
    .map_err(Error::internal)
}

fn ids_json(ids: &[Uuid]) -> String {
    let mut json = String::with_capacity(2 + ids.len() * 35);
    json.push('[');
    for (index, id) in ids.iter().enumerate() {
        json.push_str(if index == 0 { "\"" } else { ",\"" });
        json.push_str(id.simple().encode_upper(&mut [0; 32]));
        json.push('"');
    }
    json.push(']');
    json
}

fn json_numbers(numbers: impl Iterator<Item = i64>) -> String {
    let texts: Vec<String> = numbers.map(|number| number.to_string()).collect();
    format!("[{}]", texts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_become_json_arrays() {
        assert_eq!(
            ids_json(&[Uuid::from_u128(0xab), Uuid::nil()]),
            "[\"000000000000000000000000000000AB\",\"00000000000000000000000000000000\"]"
        );
        assert_eq!(ids_json(&[]), "[]");
        assert_eq!(json_numbers([1, -2].into_iter()), "[1,-2]");
    }

    #[test]
    fn money_fills_two_parameters() {
        for value in [
            Value::Null,
            Value::Money(clientela_kernel::Money { minor: 150, currency: clientela_kernel::currency::Currency::parse("EUR").unwrap() }),
        ] {
            let argument = Argument::Value(value);
            let mut postgres = PgArguments::default();
            bind_pg(&mut postgres, &argument, Some(&FieldType::Money)).unwrap();
            assert_eq!(postgres.len(), 2);
            let mut sqlite = SqliteArguments::default();
            bind_sqlite(&mut sqlite, &argument, Some(&FieldType::Money)).unwrap();
            assert_eq!(sqlite.len(), 2);
        }
    }

    #[test]
    fn an_untyped_null_is_refused_by_postgres() {
        assert!(bind_pg(&mut PgArguments::default(), &Argument::Value(Value::Null), None).is_err());
    }
}
