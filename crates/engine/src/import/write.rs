//! The records of one row, one after the other.

use super::plan::RecordPlan;
use super::prepare::{Candidate, Prepared, Preparer, Ready};
use super::records::{Records, Written};
use super::report::{Effect, Problem};
use super::run::{Task, bit, keys};
use clientela_kernel::{Error, ErrorCode, Id, Result};
use clientela_model::ResourceDef;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use std::time::Duration;

/// How long the waits are between tries while the database is away, at first and at most.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What became of a row.
#[derive(Default)]
pub(super) struct Done {
    pub(super) row: u64,
    /// The keys it has written, or meant to.
    pub(super) keys: Vec<u64>,
    /// What became of each record that is there now.
    pub(super) effects: Vec<(usize, Effect)>,
    /// Records that were refused.
    pub(super) rejected: Vec<usize>,
    pub(super) problems: Vec<Problem>,
    /// Records that wait for another reading of the file.
    pub(super) waiting: u32,
    pub(super) waiting_keys: Vec<u64>,
    /// Why the import must break off.
    pub(super) stopped: Option<Error>,
}

/// How it stands with a record of the row, for those that refer to it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Standing {
    There(Id),
    Absent,
    Refused,
    Waiting,
}

/// What keeps a record from being written.
pub(super) enum Hindrance {
    /// It waits for another row.
    Waits,
    Wrong(Vec<Problem>),
    Stopped(Error),
}

/// Writes the records of a row.
pub(super) async fn write(records: Arc<dyn Records>, preparer: Arc<Preparer>, task: Task) -> Done {
    let Task { prepared, wanted, patient } = task;
    let mut done = Done { row: prepared.number, keys: keys(&prepared, wanted), ..Done::default() };
    let row = RowWriter { records, preparer, prepared, patient };
    let mut standings = Vec::with_capacity(row.prepared.records.len());
    for (index, candidate) in row.prepared.records.iter().enumerate() {
        let asked = wanted & bit(index) != 0;
        let standing = match candidate {
            Candidate::Absent => Standing::Absent,
            Candidate::Wrong(problems) => {
                if asked {
                    done.problems.extend(problems.iter().cloned());
                    done.rejected.push(index);
                }
                Standing::Refused
            }
            // Dealt with before: it is looked up, so that others can refer to it.
            Candidate::Ready(ready) if !asked => match row.standing(index, ready).await {
                Ok(standing) => standing,
                Err(error) => {
                    done.stopped = Some(error);
                    return done;
                }
            },
            Candidate::Ready(ready) => match row.record(index, ready, &standings).await {
                Ok(written) => {
                    done.effects.push((index, written.effect));
                    Standing::There(written.id)
                }
                Err(Hindrance::Waits) => {
                    done.waiting |= bit(index);
                    done.waiting_keys.push(ready.hash);
                    Standing::Waiting
                }
                Err(Hindrance::Wrong(problems)) => {
                    done.problems.extend(problems);
                    done.rejected.push(index);
                    Standing::Refused
                }
                Err(Hindrance::Stopped(error)) => {
                    done.stopped = Some(error);
                    return done;
                }
            },
        };
        standings.push(standing);
    }
    done
}

/// Writes the records of one row.
pub(super) struct RowWriter {
    pub(super) records: Arc<dyn Records>,
    pub(super) preparer: Arc<Preparer>,
    pub(super) prepared: Prepared,
    pub(super) patient: bool,
}

impl RowWriter {
    async fn standing(&self, index: usize, ready: &Ready) -> Result<Standing> {
        let Some(record) = self.preparer.plan.records.get(index) else { return Ok(Standing::Absent) };
        let found = insistently(self.records.tries(), || self.records.find(&record.def, &ready.key)).await?;
        Ok(found.map_or(if self.patient { Standing::Waiting } else { Standing::Refused }, Standing::There))
    }

    async fn record(&self, index: usize, ready: &Ready, standings: &[Standing]) -> std::result::Result<Written, Hindrance> {
        let Some(record) = self.preparer.plan.records.get(index) else { return Err(Hindrance::Wrong(Vec::new())) };
        let body = self.body(record, ready, standings).await?;
        match insistently(self.records.tries(), || self.records.upsert(&record.def, &ready.key, body.clone())).await {
            Ok(written) => Ok(written),
            Err(error) => Err(self.hindered(record, error)),
        }
    }

    /// What an error says of a record.
    pub(super) fn hindered(&self, record: &RecordPlan, error: Error) -> Hindrance {
        if self.records.stops(&error) {
            return Hindrance::Stopped(error);
        }
        Hindrance::Wrong(self.preparer.refused(record, &self.prepared, &error, self.records.internals()))
    }

    /// The body of a record, with the ids of those that it names.
    pub(super) async fn body(
        &self,
        record: &RecordPlan,
        ready: &Ready,
        standings: &[Standing],
    ) -> std::result::Result<Map<String, Json>, Hindrance> {
        let (row, line, cells) = (self.prepared.number, self.prepared.line, self.prepared.cells.as_slice());
        let mut body = ready.body.clone();
        let mut problems = Vec::new();
        for (field, other) in &ready.links {
            let target = self.preparer.plan.records.get(*other);
            match (standings.get(*other), target) {
                (Some(Standing::There(id)), Some(target)) => drop(body.insert(field.clone(), id.to_text(&target.def.prefix).into())),
                (Some(Standing::Waiting), _) => return Err(Hindrance::Waits),
                (Some(Standing::Refused), Some(target)) => {
                    let message = format!("{field} refers to {} of this row, which was refused.", target.name);
                    problems.push(self.preparer.problem(record, row, line, Some(field), "DEPENDS_ON_REFUSED", message, cells));
                }
                _ => drop(body.insert(field.clone(), Json::Null)),
            }
        }
        for pending in &ready.references {
            let found = insistently(self.records.tries(), || self.records.find(&pending.def, &pending.key)).await;
            match found.map_err(Hindrance::Stopped)? {
                Some(id) => drop(body.insert(pending.field.clone(), id.to_text(&pending.def.prefix).into())),
                None if pending.later && self.patient => return Err(Hindrance::Waits),
                None => {
                    let message = format!("{} names {}, and there is none.", pending.field, pending.key.text(&pending.def));
                    let code = clientela_kernel::ProblemCode::ReferenceNotFound.as_str();
                    problems.push(self.preparer.problem(record, row, line, Some(&pending.field), code, message, cells));
                }
            }
        }
        if problems.is_empty() { Ok(body) } else { Err(Hindrance::Wrong(problems)) }
    }
}

/// Tries again while the database is away.
async fn insistently<T, F: Future<Output = Result<T>>>(tries: u32, mut attempt: impl FnMut() -> F) -> Result<T> {
    let mut wait = FIRST_WAIT;
    for _ in 1..tries {
        match attempt().await {
            // A full disk does not become empty by waiting.
            Err(error) if matches!(error.code(), ErrorCode::DatabaseUnavailable | ErrorCode::Overloaded) => {}
            outcome => return outcome,
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    attempt().await
}

impl super::prepare::RecordKey {
    /// How a message names a record.
    pub(super) fn text(&self, def: &ResourceDef) -> String {
        match self {
            super::prepare::RecordKey::External { system, value } => format!("the {} {value:?} of {system}", def.name),
            super::prepare::RecordKey::Unique { field, value } => format!("the {} whose {field} is {value:?}", def.name),
            super::prepare::RecordKey::Nothing => format!("no {}", def.name),
        }
    }
}
