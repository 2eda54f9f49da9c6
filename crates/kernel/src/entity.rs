//! Conversions that let sea-orm entities carry the kernel's types. Values only; no driver is involved.

use crate::{Date, Id, TenantId, Timestamp};
use sea_orm::sea_query::{ArrayType, ColumnType, Nullable, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, DbErr, QueryResult, TryFromU64, TryGetError, TryGetable, Value};
use uuid::Uuid;

macro_rules! entity_value {
    ($type:ty, $inner:ty, $column:expr, $into:expr, $from:expr, $read:expr) => {
        impl From<$type> for Value {
            fn from(value: $type) -> Value {
                let into: fn($type) -> $inner = $into;
                Value::from(into(value))
            }
        }
        impl ValueType for $type {
            fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
                let from: fn($inner) -> $type = $from;
                <$inner as ValueType>::try_from(value).map(from)
            }
            fn type_name() -> String {
                stringify!($type).to_owned()
            }
            fn array_type() -> ArrayType {
                <$inner as ValueType>::array_type()
            }
            fn column_type() -> ColumnType {
                $column
            }
        }
        impl Nullable for $type {
            fn null() -> Value {
                <$inner as Nullable>::null()
            }
        }
        impl TryGetable for $type {
            fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
                let read: fn(&QueryResult, I) -> Result<$type, TryGetError> = $read;
                read(row, index)
            }
        }
        impl TryFromU64 for $type {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64(stringify!($type)))
            }
        }
    };
}

entity_value!(Id, Uuid, ColumnType::Uuid, |id| id.0, Id, |row, index| Uuid::try_get_by(row, index).map(Id));
entity_value!(TenantId, Uuid, ColumnType::Uuid, |id| id.0, TenantId, |row, index| Uuid::try_get_by(row, index).map(TenantId));
entity_value!(
    Timestamp,
    chrono::DateTime<chrono::Utc>,
    ColumnType::TimestampWithTimeZone,
    Timestamp::to_chrono,
    |at| Timestamp(at.timestamp_millis()),
    // SQLite keeps an instant as integer milliseconds, PostgreSQL as timestamptz.
    |row, index| match i64::try_get_by(row, index) {
        Ok(milliseconds) => Ok(Timestamp(milliseconds)),
        Err(TryGetError::Null(column)) => Err(TryGetError::Null(column)),
        Err(_) => chrono::DateTime::<chrono::Utc>::try_get_by(row, index).map(|at| Timestamp(at.timestamp_millis())),
    }
);
entity_value!(Date, chrono::NaiveDate, ColumnType::Date, Date::to_chrono, Date::from_chrono, |row, index| {
    chrono::NaiveDate::try_get_by(row, index).map(Date::from_chrono)
});
