//! Carrying an import out.

use super::running::Halt;
use super::spool::{self, Rows};
use super::{Running, Worker, passes};
use crate::content::{drop_file, file};
use crate::import_job::ImportWriting;
use crate::queue::{About, Ending, JobKind, Order};
use crate::state::FileFormat;
use async_trait::async_trait;
use clientela_engine::import::{self, Checkpoint, Input, Mapping, Mode, Outcome, Plan, Problem, Refusal, Sink, Summary};
use clientela_engine::{WriteAction, WriteRequest};
use clientela_kernel::{Context, Error, ErrorCode, Id, Result, Timestamp, Value};
use clientela_model::Choice as _;
use futures_util::future::join_all;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use uuid::Builder;

/// Problems of an import that are kept.
const KEPT: usize = 10_000;
/// Problems that are written side by side.
const TOGETHER: usize = 100;

/// Makes records of the rows of an import.
pub(super) struct Import;

#[async_trait]
impl JobKind for Import {
    fn name(&self) -> &'static str {
        "import"
    }

    /// A later file may name what an earlier one brings.
    fn order(&self) -> Order {
        Order::OfTenant
    }

    async fn run(&self, running: &Running, context: &Context) -> Result<Ending> {
        let Some((about, job)) = running.about.zip(running.record().await?) else { return Ok(Ending::Left) };
        let worker = &running.worker;
        let engine = worker.engine.for_tenant(context.tenant).await?;
        let text = job.get("mappingText").as_text().unwrap_or_default();
        let plan = Mapping::parse(text).and_then(|mut mapping| {
            let format = job.get("format").as_text().and_then(FileFormat::named).map(FileFormat::read);
            mapping.source.format = mapping.source.format.or(format);
            Plan::new(&mapping, engine.registry())
        });
        let plan = match plan {
            Ok(plan) => Arc::new(plan),
            Err(refusal) => return Ok(Ending::Broken(Vec::new(), refused(&refusal))),
        };
        let rows = match (job.get("rows").as_text(), file(&job)) {
            (Some(text), _) => Rows::Text(text.into()),
            (None, Some((key, bytes))) => {
                let fetched = spool::fetch(&running.scope, &worker.folder, key, bytes).await;
                match fetched {
                    Ok(file) => Rows::File(Arc::new(Mutex::new(file))),
                    Err(error) if passes(&error) || error.code() == ErrorCode::StorageFull => return Err(error),
                    Err(error) => return Ok(Ending::Broken(Vec::new(), error)),
                }
            }
            (None, None) => {
                let text = "The content is not there any more, since its time was over. Make another import.";
                return Ok(Ending::Broken(Vec::new(), Error::new(ErrorCode::ValidationFailed, text)));
            }
        };
        let rows: Arc<dyn Input> = Arc::new(rows);
        let opened = match import::readable(plan, rows, &worker.folder).await {
            Ok(readable) => readable,
            Err(refusal) => return Ok(Ending::Broken(Vec::new(), refused(&refusal))),
        };
        let writing = job.get("writing").as_text().unwrap_or_default();
        let mode = match writing {
            _ if writing == ImportWriting::Atomic.as_str() => Mode::Atomic,
            _ if writing == ImportWriting::DryRun.as_str() => Mode::DryRun,
            _ => Mode::Each,
        };
        let context = Context { allow_duplicates: job.get("allowDuplicates") == &Value::Boolean(true), ..context.clone() };
        let after = job.get("checkpoint").as_text().and_then(Checkpoint::parse);
        let told = after.as_ref().map_or(0, Checkpoint::problems);
        let mut listener = Listener { running, kept: usize::try_from(told).unwrap_or(KEPT) };
        let ran = import::run(&engine, &context, opened, mode, after, &mut listener).await;
        if let Ok(Outcome { stopped: Some(error), .. }) = &ran
            && error.code() == ErrorCode::StorageFull
        {
            // It is gone on with when there is room.
            return Err(error.clone());
        }
        running.keep_problems().await?;
        let outcome = match ran {
            Ok(outcome) => outcome,
            Err(refusal) => return Ok(Ending::Broken(Vec::new(), refused(&refusal))),
        };
        let values = counts(&outcome.summary);
        match (running.halted(), outcome.stopped) {
            // The last counts are told all the same.
            (Some(Halt::Unwanted), _) => {
                worker.note(about, values, None).await?;
                Ok(Ending::Left)
            }
            (Some(Halt::Lost | Halt::Ended), _) => Ok(Ending::Left),
            (None, Some(error)) if passes(&error) => Err(error),
            (None, Some(error)) => Ok(Ending::Broken(values, error)),
            (None, None) if mode == Mode::Atomic && !outcome.written => {
                let text = "Nothing was written, since something was refused: see the problems.";
                Ok(Ending::Broken(values, Error::new(ErrorCode::ValidationFailed, text)))
            }
            (None, None) => Ok(Ending::Done(values)),
        }
    }

    /// What was imported needs no second copy.
    async fn clear(&self, running: &Running) -> Result<()> {
        let Some((about, import)) = running.about.zip(running.record().await?) else { return Ok(()) };
        drop_file(&running.scope, &import, running.worker.now()).await?;
        running.worker.note(about, ["contentKey", "checkpoint"].map(|field| (field, Value::Null)).to_vec(), None).await
    }
}

impl Worker {
    /// Keeps what was refused. A problem that is there already, since the import was taken up anew, is left alone.
    pub(super) async fn keep_problems(&self, import: About, problems: Vec<Problem>) -> Result<()> {
        let context = self.own(import.tenant);
        let def = self.engine.registry().resource("importProblem").ok_or_else(|| Error::internal("there are no import problems"))?;
        for group in problems.chunks(TOGETHER) {
            let writes = group.iter().map(|problem| {
                let Json::Object(body) = body(import.id, problem) else { return None };
                let action = WriteAction::Create { body };
                Some(self.engine.write(&context, WriteRequest { def: Arc::clone(def), action, idempotency: None }))
            });
            for outcome in join_all(writes.flatten()).await {
                match outcome {
                    Err(error) if error.code() != ErrorCode::IdTaken => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// Hears of an import while it runs.
struct Listener<'r> {
    running: &'r Running,
    kept: usize,
}

impl Sink for Listener<'_> {
    fn problem(&mut self, problem: &Problem) {
        if self.kept < KEPT {
            self.kept += 1;
            self.running.refused(problem.clone());
        }
    }

    fn progress(&mut self, so_far: &Summary) {
        self.running.tell(counts(so_far));
    }

    fn halt(&mut self) -> Option<Error> {
        self.running.stop()
    }

    fn reached(&mut self, place: &dyn Fn() -> Checkpoint) {
        if self.running.wants_place() {
            self.running.reached(place().to_text());
        }
    }
}

/// What a job tells of an import.
fn counts(summary: &Summary) -> Vec<(&'static str, Value)> {
    let total = summary.total();
    let number = |count: u64| Value::Integer(i64::try_from(count).unwrap_or(i64::MAX));
    vec![
        ("encoding", if summary.encoding.is_empty() { Value::Null } else { summary.encoding.into() }),
        ("rowsRead", number(summary.rows)),
        ("rowsRefused", number(summary.rejected_rows)),
        ("recordsCreated", number(total.created)),
        ("recordsUpdated", number(total.updated)),
        ("recordsUnchanged", number(total.unchanged)),
        ("recordsRefused", number(total.rejected)),
        ("problemCount", number(summary.problems)),
    ]
}

fn refused(refusal: &Refusal) -> Error {
    Error::new(ErrorCode::ValidationFailed, refusal.to_string())
}

/// A problem as a record.
fn body(import: Id, problem: &Problem) -> Json {
    let short =
        |text: &str, most: usize| text.chars().take(most).filter(|letter| !letter.is_control() || *letter == '\n').collect::<String>();
    let optional = |text: &Option<String>, most: usize| text.as_ref().map(|text| short(text, most));
    json!({
        "id": identity(import, problem).to_text("imx"),
        "importId": import.to_text("imp"),
        "rowNumber": problem.row,
        "lineNumber": problem.line,
        "record": optional(&problem.record, 200),
        "field": optional(&problem.field, 200),
        "columnNames": optional(&problem.column, 2_000),
        "code": short(&problem.code, 60),
        "message": short(&problem.message, 4_000),
        "given": optional(&problem.value, 200),
    })
}

/// The id of a problem: the same whenever the import meets it again.
fn identity(import: Id, problem: &Problem) -> Id {
    let mut digest = Sha256::new();
    digest.update(import.0.as_bytes());
    digest.update(problem.json().to_string().as_bytes());
    let digest = digest.finalize();
    let mut random = [0u8; 10];
    for (slot, byte) in random.iter_mut().zip(digest) {
        *slot = byte;
    }
    // The first six bytes of a version 7 are its milliseconds: those of the import, and the row behind them, so that problems come in
    // the order of their rows.
    let made = import.0.as_u128() >> 80;
    let row = u128::from(problem.row.min(0xff_ffff));
    let at = Timestamp(i64::try_from(made).unwrap_or(0)).0.saturating_add(i64::try_from(row).unwrap_or(0));
    Id(Builder::from_unix_timestamp_millis(u64::try_from(at).unwrap_or(0), &random).into_uuid())
}
