//! `cancelImport` and `cancelExport`.

use crate::state::JobState;
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, FieldProblem, Id, ProblemCode, Result, Value};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef};

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

async fn cancel(call: &Call<'_>, resource: &'static str, reason: Option<String>) -> Result<Id> {
    let job = call.target()?;
    let state = job.get("state").as_text().unwrap_or_default();
    if [JobState::Succeeded, JobState::Failed, JobState::Cancelled].iter().any(|ended| ended.as_str() == state) {
        let text = format!("state is {state}: the {resource} has ended and cannot be called off any more.");
        return Err(Error::validation(vec![FieldProblem::new("/state", ProblemCode::Contradiction, text)]));
    }
    let values = vec![
        ("state", Value::from(JobState::Cancelled.as_str())),
        ("finishedAt", Value::Instant(call.now())),
        ("failure", reason.map_or(Value::Null, Value::Text)),
    ];
    call.set(resource, job.id, values, None).await?;
    Ok(job.id)
}
