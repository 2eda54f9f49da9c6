//! `retryJob`.

use crate::state::JobState;
use async_trait::async_trait;
use clientela_engine::{Call, Expected, Operation};
use clientela_kernel::{Error, FieldProblem, Id, ProblemCode, Result, Value};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef, system};

/// Has a job tried again that was given up.
pub struct RetryJob;

/// Nothing has to be said.
#[derive(Shape)]
pub struct Retrial {}

/// The job, waiting for its turn again.
#[derive(Shape)]
pub struct RetriedJob {
    /// The job.
    #[field(record = "job")]
    pub job: Id,
}

#[async_trait]
impl Operation for RetryJob {
    type Input = Retrial;
    type Output = RetriedJob;

    fn definition() -> OperationDef {
        OperationDef::writing::<Retrial, RetriedJob>(
            "retryJob",
            "job",
            "retry",
            "Has a job that has `FAILED` tried again, as if it had not been tried yet. An import goes on at the row it had come to, as long as its content is kept.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, _given: Retrial) -> Result<RetriedJob> {
        let job = call.target()?;
        let state = job.get("state").as_text().unwrap_or_default();
        if state != JobState::Failed.as_str() {
            let text = format!("state is {state}: only a job that has FAILED is retried.");
            return Err(Error::validation(vec![FieldProblem::new("/state", ProblemCode::Contradiction, text)]));
        }
        let values = vec![
            ("state", Value::from(JobState::Queued.as_str())),
            ("runAt", Value::Instant(call.now())),
            ("attempts", Value::Integer(0)),
            ("finishedAt", Value::Null),
        ];
        let version = job.get(system::VERSION).as_integer().unwrap_or(0);
        call.set("job", job.id, values, Some(Expected::Version(version))).await?;
        Ok(RetriedJob { job: job.id })
    }
}
