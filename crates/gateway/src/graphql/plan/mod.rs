//! Execution, GraphQL specification §6: a document is prepared once, then each request coerces its variables, makes
//! read plans and writes the engine's answers into one buffer.

mod access;
mod aggregate;
mod answer;
mod build;
mod bulk;
mod coerce;
mod collect;
mod feed;
pub mod limits;
mod live;
mod many;
mod mutation;
mod operation;
mod past;
mod prepare;
mod problem;
mod query;
mod records;
mod search;
mod source;
mod sync;
mod timeline;

pub(crate) use answer::Answer;
pub(crate) use live::Subscription;
pub(crate) use prepare::{GateFactory, Prepared, Preparer};
pub(crate) use problem::Problem;
pub(crate) use source::Source;

use answer::Notes;
use async_graphql::parser::types::OperationType;
use clientela_kernel::Context;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

/// One request, ready to run.
pub(crate) struct Run<'r> {
    pub(crate) preparer: &'r Preparer,
    pub(crate) prepared: &'r Prepared,
    pub(crate) source: &'r dyn Source,
    /// Absent for a caller without a credential, who may only ask for the schema.
    pub(crate) context: Option<&'r Context>,
    pub(crate) request_id: Uuid,
}

impl Run<'_> {
    /// Runs the operation.
    pub(crate) async fn answer(&self, given: &Map<String, Json>) -> Answer {
        match self.attempt(given).await {
            Ok(answer) => answer,
            Err(problems) => Answer::refusal(&problems, self.request_id),
        }
    }

    async fn attempt(&self, given: &Map<String, Json>) -> Result<Answer, Vec<Problem>> {
        let types = &self.preparer.types;
        let variables = self.prepared.variables(types, given)?;
        let fields = self.prepared.fields(types, &variables).map_err(|problem| vec![problem])?;
        let mut problems = Vec::new();
        let mut notes = Notes::default();
        let mut out = Vec::with_capacity(4 * 1024);
        out.extend_from_slice(b"{\"data\":{");
        match self.prepared.kind {
            OperationType::Mutation => mutation::run(self, &fields, &variables, &mut out, &mut problems, &mut notes).await?,
            _ => query::run(self, &fields, &variables, &mut out, &mut problems, &mut notes).await?,
        }
        out.push(b'}');
        Ok(Answer::data(out, &problems, notes, self.request_id))
    }
}
