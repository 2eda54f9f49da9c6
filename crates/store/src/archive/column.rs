//! Column by column: how a value stands in an archive, and how it goes into either database.

use crate::Dialect;
use clientela_kernel::{Date, Error, Result, Timestamp};
use serde_json::Value as Json;

/// The closed list of column types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// 32 hexadecimal digits.
    Uuid,
    /// Text.
    Text,
    /// An array of texts.
    Texts,
    /// Yes or no.
    Boolean,
    /// A whole number.
    Integer,
    /// `YYYY-MM-DD`.
    Date,
    /// Milliseconds since 1970.
    Instant,
    /// Text that is JSON.
    Json,
}

impl ColumnKind {
    /// The kind of a PostgreSQL type; none for those that an archive does not hold.
    pub fn of(postgres: &str) -> Option<ColumnKind> {
        Some(match postgres {
            "uuid" => ColumnKind::Uuid,
            "text" => ColumnKind::Text,
            "text[]" => ColumnKind::Texts,
            "boolean" => ColumnKind::Boolean,
            "bigint" | "integer" => ColumnKind::Integer,
            "date" => ColumnKind::Date,
            "timestamp with time zone" => ColumnKind::Instant,
            "jsonb" => ColumnKind::Json,
            _ => return None,
        })
    }

    /// The column as an argument of the function that builds a JSON array.
    pub(super) fn selected(self, column: &str, dialect: Dialect) -> String {
        match (dialect, self) {
            (Dialect::Postgres, ColumnKind::Uuid) => format!("replace({column}::text, '-', '')"),
            (Dialect::Postgres, ColumnKind::Texts) => format!("to_json({column})"),
            (Dialect::Postgres, ColumnKind::Date) => format!("to_char({column}, 'YYYY-MM-DD')"),
            (Dialect::Postgres, ColumnKind::Instant) => format!("(extract(epoch FROM {column}) * 1000)::bigint"),
            (Dialect::Postgres, ColumnKind::Json) => format!("{column}::text"),
            (Dialect::Sqlite, ColumnKind::Uuid) => format!("CASE WHEN {column} IS NOT NULL THEN lower(hex({column})) END"),
            (Dialect::Sqlite, ColumnKind::Texts) => format!("json({column})"),
            (Dialect::Sqlite, ColumnKind::Boolean) => format!("json(CASE {column} WHEN 0 THEN 'false' WHEN 1 THEN 'true' END)"),
            (
                _,
                ColumnKind::Text | ColumnKind::Boolean | ColumnKind::Integer | ColumnKind::Date | ColumnKind::Json | ColumnKind::Instant,
            ) => column.to_owned(),
        }
    }

    /// Whether a value of an archive can stand in a column of this kind.
    pub fn takes(self, value: &Json) -> bool {
        match (self, value) {
            (_, Json::Null) => true,
            (ColumnKind::Uuid, Json::String(text)) => uuid::Uuid::try_parse(text).is_ok(),
            (ColumnKind::Text, Json::String(_)) | (ColumnKind::Boolean, Json::Bool(_)) => true,
            (ColumnKind::Integer, Json::Number(number)) => number.as_i64().is_some(),
            (ColumnKind::Instant, Json::Number(number)) => number.as_i64().is_some_and(|at| Timestamp::RANGE.contains(&at)),
            (ColumnKind::Date, Json::String(text)) => Date::parse(text).is_some(),
            (ColumnKind::Json, Json::String(text)) => serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok(),
            (ColumnKind::Texts, Json::Array(members)) => members.iter().all(Json::is_string),
            _ => false,
        }
    }

    /// Appends a value as `COPY` takes it.
    pub(super) fn copy(self, value: &Json, out: &mut String) -> Result<()> {
        match (self, value) {
            (_, Json::Null) => out.push_str("\\N"),
            (ColumnKind::Boolean, Json::Bool(yes)) => out.push(if *yes { 't' } else { 'f' }),
            (ColumnKind::Integer, Json::Number(number)) => out.push_str(&number.to_string()),
            (ColumnKind::Instant, Json::Number(number)) => {
                let milliseconds = number.as_i64().ok_or_else(|| self.mismatch(value))?;
                out.push_str(&Timestamp(milliseconds).to_text());
            }
            (ColumnKind::Uuid | ColumnKind::Text | ColumnKind::Date | ColumnKind::Json, Json::String(text)) => escape(text, out),
            (ColumnKind::Texts, Json::Array(members)) => {
                let mut literal = String::from("{");
                for (index, member) in members.iter().enumerate() {
                    let member = member.as_str().ok_or_else(|| self.mismatch(value))?;
                    literal.push_str(if index == 0 { "\"" } else { ",\"" });
                    literal.push_str(&member.replace('\\', "\\\\").replace('"', "\\\""));
                    literal.push('"');
                }
                literal.push('}');
                escape(&literal, out);
            }
            _ => return Err(self.mismatch(value)),
        }
        Ok(())
    }

    /// A value as SQLite keeps it.
    pub(super) fn kept(self, value: Json) -> Result<Kept> {
        Ok(match (self, value) {
            (_, Json::Null) => Kept::Null,
            (ColumnKind::Boolean, Json::Bool(yes)) => Kept::Integer(i64::from(yes)),
            (ColumnKind::Integer | ColumnKind::Instant, Json::Number(number)) => {
                Kept::Integer(number.as_i64().ok_or_else(|| self.mismatch(&Json::Number(number)))?)
            }
            (ColumnKind::Uuid, Json::String(text)) => match uuid::Uuid::try_parse(&text) {
                Ok(uuid) => Kept::Bytes(uuid.as_bytes().to_vec()),
                Err(_) => return Err(self.mismatch(&Json::String(text))),
            },
            (ColumnKind::Text | ColumnKind::Date | ColumnKind::Json, Json::String(text)) => Kept::Text(text),
            (ColumnKind::Texts, Json::Array(members)) => Kept::Text(Json::Array(members).to_string()),
            (_, other) => return Err(self.mismatch(&other)),
        })
    }

    fn mismatch(self, value: &Json) -> Error {
        Error::internal(format!("The archive is damaged: {value} stands where a value of the kind {self:?} should."))
    }
}

/// A value in SQLite's types.
pub(super) enum Kept {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// Appends text with what `COPY` gives a meaning to escaped.
fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn copied(kind: ColumnKind, value: Json) -> String {
        let mut out = String::new();
        kind.copy(&value, &mut out).unwrap();
        out
    }

    #[test]
    fn values_are_copied_without_a_second_meaning() {
        assert_eq!(copied(ColumnKind::Text, json!("a\tb\\N\nc")), "a\\tb\\\\N\\nc");
        assert_eq!(copied(ColumnKind::Text, json!("")), "");
        assert_eq!(copied(ColumnKind::Text, Json::Null), "\\N");
        assert_eq!(copied(ColumnKind::Texts, json!(["a,b", "c\"d\\"])), "{\"a,b\",\"c\\\\\"d\\\\\\\\\"}");
        assert_eq!(copied(ColumnKind::Instant, json!(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(copied(ColumnKind::Boolean, json!(true)), "t");
    }

    #[test]
    fn a_value_of_another_kind_is_damage() {
        for (kind, value) in [
            (ColumnKind::Uuid, json!("nonsense")),
            (ColumnKind::Integer, json!("1")),
            (ColumnKind::Integer, json!(1.5)),
            (ColumnKind::Texts, json!("a")),
            (ColumnKind::Boolean, json!(1)),
        ] {
            assert!(kind.kept(value.clone()).is_err(), "{kind:?} {value}");
            assert!(!kind.takes(&value), "{kind:?} {value}");
        }
        assert!(ColumnKind::Integer.copy(&json!("1"), &mut String::new()).is_err());
    }
}
