//! Fields that a tenant adds: their values stand in one JSON object, the *document*, in the column `custom` of the resource's table.
//!
//! Such a field is a [`FieldDef`](crate::FieldDef) like any other, called `custom.<name>`. Where another field has a column it has a *place*:
//! `@`, a letter for the [`Form`] of the value, and its key in the document, such as `@tk3f9a2b1c`. The key never changes, so that a
//! field can be called something else, and a new field of an old name does not find the old one's values.

use crate::{FieldDef, FieldType, RelationDef, TextFormat};

/// The member of a record that holds its tenant's own fields, and the column of the document.
pub const NAME: &str = "custom";
/// What the names of these fields begin with.
pub const PREFIX: &str = "custom.";
/// The place of the whole document.
const WHOLE: &str = "@jcustom";

/// How a value stands in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// Days since 1970.
    Date,
    /// Milliseconds since 1970.
    Instant,
    /// 32 hexadecimal digits.
    Id,
    /// An array of texts.
    Texts,
    /// The document itself.
    Whole,
}

/// What stands for the column of a field with this key.
pub fn column(kind: &FieldType, key: &str) -> String {
    let letter = match kind {
        FieldType::Text { .. } | FieldType::Choice(_) | FieldType::Money | FieldType::AnyReference(_) => 't',
        FieldType::Integer { .. } | FieldType::Decimal { .. } | FieldType::Duration => 'i',
        FieldType::Boolean => 'b',
        FieldType::Date => 'd',
        FieldType::Instant => 'm',
        FieldType::Id | FieldType::Reference(_) => 'u',
        FieldType::TextSet { .. } => 's',
    };
    format!("@{letter}{key}")
}

/// The form and the key of a place, with what follows the column's name (`_minor`, `_folded`); none for a column.
pub fn place<'c>(column: &'c str, suffix: &str) -> Option<(Form, &'c str)> {
    let place = column.strip_prefix('@')?;
    let (letter, key) = (place.get(..1)?, place.get(1..)?);
    let ending = |ending: &str| suffix == ending || key.ends_with(ending);
    let form = match letter {
        _ if ending("_minor") => Form::Integer,
        _ if ending("_folded") || ending("_currency") => Form::Text,
        "t" => Form::Text,
        "i" => Form::Integer,
        "b" => Form::Boolean,
        "d" => Form::Date,
        "m" => Form::Instant,
        "u" => Form::Id,
        "s" => Form::Texts,
        "j" => Form::Whole,
        _ => return None,
    };
    Some((form, key))
}

/// The definition of the document: read and written by the server alone.
pub(crate) fn definition() -> FieldDef {
    let kind = FieldType::Text { max: u32::MAX, format: TextFormat::Document };
    FieldDef {
        secret: true,
        filter: false,
        sort: false,
        write: crate::WriteMode::ReadOnly,
        ..FieldDef::new(NAME, WHOLE, kind, "The tenant's own fields.", "null")
    }
}

impl RelationDef {
    /// Whether it comes from a field that a tenant added.
    pub fn is_custom(&self) -> bool {
        self.name.starts_with(PREFIX)
    }

    /// The name below `custom`; of any other relation the name.
    pub fn own_name(&self) -> &str {
        self.name.strip_prefix(PREFIX).unwrap_or(&self.name)
    }
}

impl FieldDef {
    /// Whether a tenant added the field.
    pub fn is_custom(&self) -> bool {
        self.name.starts_with(PREFIX)
    }

    /// The name below `custom`; of any other field the name.
    pub fn own_name(&self) -> &str {
        self.name.strip_prefix(PREFIX).unwrap_or(&self.name)
    }

    /// Where the field stands in a record's JSON, as a JSON Pointer.
    pub fn pointer(&self) -> String {
        if self.is_custom() { format!("/{NAME}/{}", self.own_name()) } else { format!("/{}", self.name) }
    }

    /// Whether every record has a value there. A field that a tenant requires may be younger than the record.
    pub fn always_there(&self) -> bool {
        self.required && !self.is_custom()
    }

    /// The column it is written to, without suffixes.
    pub fn written_column(&self) -> &str {
        if self.column == WHOLE { NAME } else { &self.column }
    }

    /// The key in the document; none of a field with a column of its own.
    pub fn document_key(&self) -> Option<&str> {
        self.is_custom().then(|| self.column.get(2..)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_say_what_stands_there() {
        let text = FieldType::Text { max: 10, format: TextFormat::Plain };
        assert_eq!(place(&column(&text, "kab"), ""), Some((Form::Text, "kab")));
        assert_eq!(place(&column(&FieldType::Money, "kab"), "_minor"), Some((Form::Integer, "kab")));
        assert_eq!(place(&column(&FieldType::Money, "kab"), "_currency"), Some((Form::Text, "kab")));
        assert_eq!(place("@dkab_folded", ""), Some((Form::Text, "kab_folded")));
        assert_eq!(place("name", ""), None);
    }
}
