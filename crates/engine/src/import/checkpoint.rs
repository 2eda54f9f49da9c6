//! How far an import has come, for whoever goes on with it after a crash.

use super::report::{Counts, Summary};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// Rows that may wait for others; with more of them no place is told, and whoever goes on begins at an earlier one.
const WAITING: usize = 5_000;

/// A place in a file: everything up to it is durable, or waits for another reading and is named here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last row that is dealt with.
    pub(super) row: u64,
    /// What was done so far.
    pub(super) summary: Summary,
    /// By row: the records that wait for another reading.
    pub(super) waiting: BTreeMap<u64, u32>,
    /// Rows of which something was refused already and something still waits.
    pub(super) refused: Vec<u64>,
}

impl Checkpoint {
    /// One object. None where so much waits that it is not worth its size.
    pub fn to_text(&self) -> Option<String> {
        if self.waiting.len() > WAITING {
            return None;
        }
        let records: Map<String, Json> = self.summary.records.iter().map(|(name, counts)| (name.clone(), counts.json())).collect();
        let waiting: Vec<(u64, u32)> = self.waiting.iter().map(|(row, records)| (*row, *records)).collect();
        let text = json!({
            "row": self.row,
            "rows": self.summary.rows,
            "rejectedRows": self.summary.rejected_rows,
            "problems": self.summary.problems,
            "records": records,
            "waiting": waiting,
            "refused": self.refused,
        });
        Some(text.to_string())
    }

    /// Reads it again. None where it cannot be read: then the import begins anew.
    pub fn parse(text: &str) -> Option<Checkpoint> {
        let json: Json = serde_json::from_str(text).ok()?;
        let number = |json: &Json, name: &str| json.get(name).and_then(Json::as_u64);
        let counts = |json: &Json| {
            Some(Counts {
                created: number(json, "created")?,
                updated: number(json, "updated")?,
                unchanged: number(json, "unchanged")?,
                rejected: number(json, "rejected")?,
            })
        };
        let records = json.get("records")?.as_object()?.iter();
        let pair = |pair: &Json| Some((pair.get(0)?.as_u64()?, u32::try_from(pair.get(1)?.as_u64()?).ok()?));
        Some(Checkpoint {
            row: number(&json, "row")?,
            summary: Summary {
                rows: number(&json, "rows")?,
                rejected_rows: number(&json, "rejectedRows")?,
                problems: number(&json, "problems")?,
                records: records.map(|(name, json)| Some((name.clone(), counts(json)?))).collect::<Option<_>>()?,
                encoding: "",
            },
            waiting: json.get("waiting")?.as_array()?.iter().map(pair).collect::<Option<_>>()?,
            refused: json.get("refused")?.as_array()?.iter().map(Json::as_u64).collect::<Option<_>>()?,
        })
    }

    /// The last row that is dealt with, or waits.
    pub fn row(&self) -> u64 {
        self.row
    }

    /// How many problems were told so far.
    pub fn problems(&self) -> u64 {
        self.summary.problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let counts = Counts { created: 3, updated: 2, unchanged: 1, rejected: 4 };
        let mut place = Checkpoint {
            row: 512,
            summary: Summary {
                rows: 513,
                rejected_rows: 4,
                problems: 5,
                records: BTreeMap::from([("account".to_owned(), counts)]),
                encoding: "",
            },
            waiting: BTreeMap::from([(7, 1), (9, 3)]),
            refused: vec![9],
        };
        assert_eq!(Checkpoint::parse(&place.to_text().unwrap()), Some(place.clone()));
        assert_eq!(Checkpoint::parse("{\"row\": 1}"), None);
        place.waiting = (0..10_000).map(|row| (row, 1)).collect();
        assert_eq!(place.to_text(), None);
    }
}
