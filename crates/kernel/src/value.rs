//! One value of one field, as the engine holds it between the wire and the database.

use crate::{Date, Money, Name, Timestamp};
use uuid::Uuid;

/// A typed field value. [`Value::Null`] stands for an empty field of any type.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Value {
    /// Empty.
    #[default]
    Null,
    /// Yes or no.
    Boolean(bool),
    /// A whole number; also a stored duration, in seconds, and a decimal number, in units of its field's last place.
    Integer(i64),
    /// Text, or the wire name of a choice.
    Text(String),
    /// An identity or a reference to one.
    Id(Uuid),
    /// A calendar day.
    Date(Date),
    /// A moment.
    Instant(Timestamp),
    /// An amount with its currency.
    Money(Money),
    /// A set of texts, sorted, each once.
    TextSet(Vec<String>),
    /// A record of any resource.
    Record(RecordKey),
}

/// A record of any resource: the pair that names it where the resource is not known beforehand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// The resource's camelCase name.
    pub resource: Name,
    /// The record's identity.
    pub id: Uuid,
}

impl Value {
    /// Whether the field is empty.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Yes or no, if this is either.
    pub fn as_boolean(&self) -> Option<bool> {
        match self {
            Value::Boolean(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The identity, if it is one.
    pub fn as_id(&self) -> Option<Uuid> {
        match self {
            Value::Id(id) => Some(*id),
            _ => None,
        }
    }

    /// The record of any resource, if it is one.
    pub fn as_record(&self) -> Option<&RecordKey> {
        match self {
            Value::Record(record) => Some(record),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The instant, if it is one.
    pub fn as_instant(&self) -> Option<Timestamp> {
        match self {
            Value::Instant(at) => Some(*at),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Value::Boolean(flag)
    }
}
