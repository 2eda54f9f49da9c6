//! `cancelJob`, `cancelImport` and `cancelExport`.

use super::job::{ended, has_ended};
use crate::state::JobState;
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Comparison, Error, Filter, Id, Result, Value};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef};

/// Calls a job off.
pub struct CancelJob;

/// Calls an import off.
pub struct CancelImport;

/// Calls an export off.
pub struct CancelExport;

/// Why it is called off.
#[derive(Shape)]
pub struct Cancellation {
    /// The reason, which the job keeps.
    #[field(max = 1000, example = "\"The wrong file\"")]
    pub reason: Option<String>,
}

/// The job, called off.
#[derive(Shape)]
pub struct CancelledJob {
    /// The job.
    #[field(record = "job")]
    pub job: Id,
}

/// The import, called off.
#[derive(Shape)]
pub struct CancelledImport {
    /// The import.
    #[field(record = "import")]
    pub import: Id,
}

/// The export, called off.
#[derive(Shape)]
pub struct CancelledExport {
    /// The export.
    #[field(record = "export")]
    pub export: Id,
}

#[async_trait]
impl Operation for CancelJob {
    type Input = Cancellation;
    type Output = CancelledJob;

    fn definition() -> OperationDef {
        OperationDef::writing::<Cancellation, CancelledJob>(
            "cancelJob",
            "job",
            "cancel",
            "Calls a job off, before it begins, while it runs or while it waits to be tried again; the import or export that it is about is called off with it. What \
             runs stops within seconds.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Cancellation) -> Result<CancelledJob> {
        let job = refuse_ended(call.target()?)?.id;
        call.set("job", job, called_off(call, given.reason), None).await?;
        Ok(CancelledJob { job })
    }
}

#[async_trait]
impl Operation for CancelImport {
    type Input = Cancellation;
    type Output = CancelledImport;

    fn definition() -> OperationDef {
        OperationDef::writing::<Cancellation, CancelledImport>(
            "cancelImport",
            "import",
            "cancel",
            "Calls an import off, before it begins or while it runs. What was written by then stays, unless all was to be written at once; the \
             counts say how far it came, and may go up a little until the last group of rows is done.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Cancellation) -> Result<CancelledImport> {
        cancel(call, "import", given.reason).await.map(|import| CancelledImport { import })
    }
}

#[async_trait]
impl Operation for CancelExport {
    type Input = Cancellation;
    type Output = CancelledExport;

    fn definition() -> OperationDef {
        OperationDef::writing::<Cancellation, CancelledExport>(
            "cancelExport",
            "export",
            "cancel",
            "Calls an export off, before it begins or while it runs. There will be no file.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Cancellation) -> Result<CancelledExport> {
        cancel(call, "export", given.reason).await.map(|export| CancelledExport { export })
    }
}

/// Calls off what an import or an export asks for: its job, or itself where it has none yet.
async fn cancel(call: &Call<'_>, resource: &'static str, reason: Option<String>) -> Result<Id> {
    let asked = refuse_ended(call.target()?)?.id;
    let values = called_off(call, reason);
    let of_it = Filter::field(format!("{resource}Id"), Comparison::Equal(Value::Id(asked.0)));
    match call.find("job", of_it).await?.pop() {
        Some(job) => call.set_by_server("job", job.id, values).await?,
        None => call.set(resource, asked, values, None).await?,
    };
    Ok(asked)
}

fn refuse_ended(found: &Found) -> Result<&Found> {
    let state = found.get("state").as_text().unwrap_or_default();
    if has_ended(state) { Err(Error::validation(vec![ended(&found.def, state)])) } else { Ok(found) }
}

fn called_off(call: &Call<'_>, reason: Option<String>) -> Vec<(&'static str, Value)> {
    vec![
        ("state", JobState::Cancelled.as_str().into()),
        ("finishedAt", Value::Instant(call.now())),
        ("failureCode", Value::Null),
        ("failure", reason.map_or(Value::Null, Value::Text)),
    ]
}
