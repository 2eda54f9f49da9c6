//! What an import has done, and what it has refused.

use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// A record, or a whole row, that was refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The row, 1 for the first behind the line of column names.
    pub row: u64,
    /// The line the row begins in, 1 for the first of the file.
    pub line: u64,
    /// The record, by its name in the mapping; absent where the whole row cannot be read.
    pub record: Option<String>,
    /// The field.
    pub field: Option<String>,
    /// The columns the field comes from.
    pub column: Option<String>,
    /// A stable code.
    pub code: String,
    /// What is wrong and what is allowed.
    pub message: String,
    /// What the file holds there; at most 100 characters of it.
    pub value: Option<String>,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It was made.
    Created,
    /// It was there and has changed.
    Updated,
    /// It was there, the same.
    Unchanged,
}

/// How many records of a kind came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Made.
    pub created: u64,
    /// Changed.
    pub updated: u64,
    /// There before, the same.
    pub unchanged: u64,
    /// Refused.
    pub rejected: u64,
}

/// What an import has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows read.
    pub rows: u64,
    /// Rows of which something was refused.
    pub rejected_rows: u64,
    /// Everything that is wrong with them.
    pub problems: u64,
    /// Records by resource.
    pub records: BTreeMap<String, Counts>,
    /// The encoding the file was read in.
    pub encoding: &'static str,
}

impl Counts {
    pub(super) fn json(self) -> Json {
        json!({"created": self.created, "updated": self.updated, "unchanged": self.unchanged, "rejected": self.rejected})
    }

    /// Counts one more.
    pub(super) fn add(&mut self, effect: Effect) {
        match effect {
            Effect::Created => self.created += 1,
            Effect::Updated => self.updated += 1,
            Effect::Unchanged => self.unchanged += 1,
        }
    }
}

impl Summary {
    /// All records together.
    pub fn total(&self) -> Counts {
        self.records.values().fold(Counts::default(), |sum, counts| Counts {
            created: sum.created + counts.created,
            updated: sum.updated + counts.updated,
            unchanged: sum.unchanged + counts.unchanged,
            rejected: sum.rejected + counts.rejected,
        })
    }

    /// One object.
    pub fn json(&self) -> Json {
        let records: Map<String, Json> = self.records.iter().map(|(resource, counts)| (resource.clone(), counts.json())).collect();
        json!({
            "rows": self.rows,
            "rejectedRows": self.rejected_rows,
            "problems": self.problems,
            "records": records,
            "total": self.total().json(),
            "encoding": self.encoding,
        })
    }
}

impl Problem {
    /// One object, as a line of a report.
    pub fn json(&self) -> Json {
        let mut object = Map::new();
        object.insert("row".to_owned(), self.row.into());
        object.insert("line".to_owned(), self.line.into());
        let texts = [("record", &self.record), ("field", &self.field), ("column", &self.column)];
        for (name, text) in texts.into_iter().filter_map(|(name, text)| text.as_ref().map(|text| (name, text))) {
            object.insert(name.to_owned(), text.as_str().into());
        }
        object.insert("code".to_owned(), self.code.as_str().into());
        object.insert("message".to_owned(), self.message.as_str().into());
        if let Some(value) = &self.value {
            object.insert("value".to_owned(), value.as_str().into());
        }
        Json::Object(object)
    }

    /// A line for people.
    pub fn text(&self) -> String {
        let place: Vec<&str> = [&self.record, &self.field].into_iter().flatten().map(String::as_str).collect();
        let place = if place.is_empty() { String::new() } else { format!(" {}", place.join(".")) };
        let column = self.column.as_ref().map_or_else(String::new, |column| format!(" [{column}]"));
        format!("row {} (line {}){place}{column}: {} {}", self.row, self.line, self.code, self.message)
    }
}
