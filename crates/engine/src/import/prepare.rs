//! A row and a plan become bodies, as far as that goes without the database.

use super::plan::{CurrencySource, FieldPlan, KeyPlan, Plan, RecordPlan, ReferenceKey, ReferencePlan, ValueSource};
use super::report::Problem;
use super::row::{Row, shown, shown_cell};
use super::text::TextPlan;
use clientela_kernel::Error;
use clientela_model::{FieldType, ResourceDef};
use serde_json::{Map, Value as Json};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

/// What tells a record again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RecordKey {
    External {
        system: String,
        value: String,
    },
    Unique {
        field: String,
        value: String,
    },
    /// It is no record's.
    Nothing,
}

/// A row on its way into the database.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) number: u64,
    pub(super) line: u64,
    pub(super) cells: Vec<Json>,
    /// As many as the plan has.
    pub(super) records: Vec<Candidate>,
}

/// A record of a row.
#[derive(Debug)]
pub(super) enum Candidate {
    /// The row has nothing for it.
    Absent,
    /// It cannot be written.
    Wrong(Vec<Problem>),
    /// It may be tried.
    Ready(Box<Ready>),
}

/// A record that may be tried.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) key: RecordKey,
    /// Stands for the key.
    pub(super) hash: u64,
    /// Stands for the content.
    pub(super) content: u64,
    pub(super) body: Map<String, Json>,
    /// Fields that wait for a look-up: field, target, its key, the text that names it.
    pub(super) references: Vec<Pending>,
    /// Fields that take the id of another record of the row.
    pub(super) links: Vec<(String, usize)>,
}

/// A field that waits for a look-up.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) field: String,
    pub(super) def: Arc<ResourceDef>,
    pub(super) key: RecordKey,
    pub(super) hash: u64,
    pub(super) later: bool,
}

/// Prepares rows.
pub(super) struct Preparer {
    pub(super) plan: Arc<Plan>,
    /// Keyed anew in each process, so that no file can be made to collide.
    pub(super) hasher: RandomState,
}

impl Preparer {
    /// The records of a row.
    pub(super) fn prepare(&self, number: u64, line: u64, cells: Vec<Json>) -> Prepared {
        let records = self.plan.records.iter().map(|record| self.record(record, number, line, &cells)).collect();
        Prepared { number, line, cells, records }
    }

    /// A record of a row.
    pub(super) fn record(&self, record: &RecordPlan, row: u64, line: u64, cells: &[Json]) -> Candidate {
        let empty = |index: &usize| cells.get(*index).is_none_or(Json::is_null);
        if record.when.iter().any(empty) {
            return Candidate::Absent;
        }
        let mut problems = Vec::new();
        let mut body = Map::new();
        let mut references = Vec::new();
        let mut links = Vec::new();
        for field in &record.fields {
            match self.field(field, cells) {
                Ok(Found::Value(Json::Null)) if field.defaulted => {}
                Ok(Found::Value(value)) => drop(body.insert(field.name.clone(), value)),
                Ok(Found::Reference(pending)) => references.push(pending),
                Ok(Found::Link(index)) => links.push((field.name.clone(), index)),
                Err((code, message)) => problems.push(self.problem(record, row, line, Some(&field.name), code, message, cells)),
            }
        }
        let key = self.key(record, &body, cells);
        if key.is_none() {
            let (what, column) = match &record.key {
                KeyPlan::External { text, .. } | KeyPlan::Named { text, .. } => ("key".to_owned(), Some(self.plan.names(text))),
                KeyPlan::Nothing => ("key".to_owned(), None),
                KeyPlan::Unique { field } => (field.clone(), self.plan.column_of(record, field)),
            };
            let message = format!("{what} is empty; without it the record could not be told again when the file is read another time.");
            let reported = problems.iter().any(|problem| problem.field.as_deref() == Some(&what));
            if !reported {
                let problem = self.problem(record, row, line, None, "KEY_MISSING", message, cells);
                problems.push(Problem { field: Some(what).filter(|what| what != "key"), column, value: None, ..problem });
            }
        }
        match key.filter(|_| problems.is_empty()) {
            None => Candidate::Wrong(problems),
            Some(key) => {
                let hash = self.hash(&record.def, &key);
                let keys: Vec<(&str, u64)> = references.iter().map(|pending| (pending.field.as_str(), pending.hash)).collect();
                let content = self.hasher.hash_one((Json::Object(body.clone()).to_string(), keys));
                Candidate::Ready(Box::new(Ready { key, hash, content, body, references, links }))
            }
        }
    }

    /// Stands for a key of a resource.
    pub(super) fn hash(&self, def: &ResourceDef, key: &RecordKey) -> u64 {
        match key {
            RecordKey::External { system, value } => self.hasher.hash_one((def.name.as_ref(), 0, system, value)),
            RecordKey::Unique { field, value } => self.hasher.hash_one((def.name.as_ref(), 1, field, value.to_lowercase())),
            RecordKey::Nothing => 0,
        }
    }

    fn key(&self, record: &RecordPlan, body: &Map<String, Json>, cells: &[Json]) -> Option<RecordKey> {
        Some(match &record.key {
            KeyPlan::External { system, text } => RecordKey::External { system: system.clone(), value: text.whole(cells)? },
            KeyPlan::Unique { field } => {
                let value = match body.get(field)? {
                    Json::Null => return None,
                    Json::String(text) => text.clone(),
                    other => other.to_string(),
                };
                RecordKey::Unique { field: field.clone(), value }
            }
            KeyPlan::Named { field, text } => RecordKey::Unique { field: field.clone(), value: text.whole(cells)? },
            KeyPlan::Nothing => RecordKey::Nothing,
        })
    }

    fn field(&self, field: &FieldPlan, cells: &[Json]) -> Result<Found, (&'static str, String)> {
        let text = match &field.source {
            ValueSource::Constant(value) => return Ok(Found::Value(value.clone())),
            ValueSource::Record(index) => return Ok(Found::Link(*index)),
            ValueSource::Text(text) => text,
        };
        let cell = text.of(cells);
        let fault = |(code, text): (&'static str, String)| (code, format!("{} {text}.", field.name));
        let currency = match &field.currency {
            CurrencySource::None => None,
            CurrencySource::Constant(code) => Some(code.as_str()),
            CurrencySource::Column(index) => cells.get(*index).and_then(Json::as_str),
        };
        let Some(reference) = &field.reference else {
            return field.treatment.value(cell, &field.kind, currency).map(Found::Value).map_err(fault);
        };
        // What names the other record is a text, whatever the field is.
        let plain = FieldType::Text { max: u32::MAX, format: clientela_model::TextFormat::Plain };
        match field.treatment.value(cell, &plain, None).map_err(fault)? {
            Json::Null => Ok(Found::Value(Json::Null)),
            Json::String(value) => Ok(Found::Reference(self.pending(field, reference, value))),
            other => Ok(Found::Reference(self.pending(field, reference, other.to_string()))),
        }
    }

    fn pending(&self, field: &FieldPlan, reference: &ReferencePlan, value: String) -> Pending {
        let key = match &reference.by {
            ReferenceKey::External { system, template } => {
                let value = template.as_ref().map_or_else(|| value.clone(), |template| template.replace("{}", &value));
                RecordKey::External { system: system.clone(), value }
            }
            ReferenceKey::Unique { field } => RecordKey::Unique { field: field.clone(), value },
        };
        let hash = self.hash(&reference.def, &key);
        Pending { field: field.name.clone(), def: Arc::clone(&reference.def), key, hash, later: reference.later }
    }

    /// A problem of a record.
    pub(super) fn problem(
        &self,
        record: &RecordPlan,
        row: u64,
        line: u64,
        field: Option<&str>,
        code: &str,
        message: String,
        cells: &[Json],
    ) -> Problem {
        let plan = field.and_then(|name| record.fields.iter().find(|plan| plan.name == name));
        let text: Option<&TextPlan> = plan.and_then(|plan| match &plan.source {
            ValueSource::Text(text) => Some(text),
            _ => None,
        });
        let constant = plan.and_then(|plan| match &plan.source {
            ValueSource::Constant(value) => Some(shown_cell(value)),
            _ => None,
        });
        Problem {
            row,
            line,
            record: Some(record.name.clone()),
            field: field.map(str::to_owned),
            column: text.map(|text| self.plan.names(text)),
            code: code.to_owned(),
            message,
            value: text.map(|text| shown_cell(&text.of(cells))).or(constant),
        }
    }

    /// The problem of a record whose key came before.
    pub(super) fn repeated(&self, record: &RecordPlan, prepared: &Prepared, message: String) -> Problem {
        let problem = self.problem(record, prepared.number, prepared.line, None, "KEY_REPEATED", message, &prepared.cells);
        match &record.key {
            KeyPlan::External { text, .. } => {
                Problem { column: Some(self.plan.names(text)), value: text.whole(&prepared.cells).as_deref().map(shown), ..problem }
            }
            KeyPlan::Named { .. } | KeyPlan::Nothing => problem,
            KeyPlan::Unique { field } => {
                self.problem(record, prepared.number, prepared.line, Some(field), "KEY_REPEATED", problem.message, &prepared.cells)
            }
        }
    }

    /// What the engine says is wrong with a record.
    pub(super) fn refused(&self, record: &RecordPlan, prepared: &Prepared, error: &Error, internals: bool) -> Vec<Problem> {
        let (row, line, cells) = (prepared.number, prepared.line, prepared.cells.as_slice());
        if error.fields().is_empty() {
            let message = error.internal_text().filter(|_| internals).unwrap_or(error.detail()).to_owned();
            return vec![self.problem(record, row, line, None, error.code().as_str(), message, cells)];
        }
        let named = |problem: &clientela_kernel::FieldProblem| {
            let field = problem.pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
            self.problem(record, row, line, Some(field), problem.code.as_str(), problem.detail.clone(), cells)
        };
        error.fields().iter().map(named).collect()
    }
}

/// The problem of a row that cannot be read.
pub(super) fn unreadable(row: Row) -> Result<(u64, u64, Vec<Json>), Box<Problem>> {
    let (number, line) = (row.number, row.line);
    row.cells.map(|cells| (number, line, cells)).map_err(|damage| {
        Box::new(Problem {
            row: number,
            line,
            record: None,
            field: None,
            column: None,
            code: damage.code.to_owned(),
            message: damage.message,
            value: Some(shown(&damage.value)),
        })
    })
}

enum Found {
    Value(Json),
    Reference(Pending),
    Link(usize),
}
