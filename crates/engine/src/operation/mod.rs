//! Operations: business verbs, each one typed function, run inside one transaction.

mod call;
mod input;
mod output;
mod run;
mod settled;

pub use call::Call;
pub use output::write_value;
pub use settled::check_part;

use crate::held::Held;
use crate::write::{Expected, Idempotency};
use crate::{Engine, task};
use async_trait::async_trait;
use clientela_kernel::{Context, Error, Id, Result};
use clientela_model::{Content, OperationDef, Registry, Shape};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// A business verb. `run` reads and writes through the call it is given, and nothing else: what it wrote becomes durable
/// when it answers, all at once, and a failure takes everything back. It may be run more than once for one request, where
/// the transaction met another head-on.
#[async_trait]
pub trait Operation: Send + Sync + 'static {
    /// What it takes, checked.
    type Input: Shape;
    /// What comes of it.
    type Output: Shape;

    /// Its definition.
    fn definition() -> OperationDef;

    /// Does it.
    async fn run(&self, call: &Call<'_>, input: Self::Input) -> Result<Self::Output>;
}

/// An operation with its types forgotten.
pub struct Registered {
    pub(crate) def: OperationDef,
    pub(crate) run: Arc<dyn Runs>,
}

#[async_trait]
pub(crate) trait Runs: Send + Sync {
    async fn run(&self, call: &Call<'_>, input: Vec<Content>) -> Result<Vec<Content>>;
}

struct Typed<O>(O);

impl Registered {
    pub(crate) fn new<O: Operation>(operation: O) -> Registered {
        Registered { def: O::definition(), run: Arc::new(Typed(operation)) }
    }
}

#[async_trait]
impl<O: Operation> Runs for Typed<O> {
    async fn run(&self, call: &Call<'_>, input: Vec<Content>) -> Result<Vec<Content>> {
        use clientela_model::ShapeValue as _;
        let input = O::Input::from_content(Content::Shape(input)).ok_or_else(|| Error::internal("an input is not of its shape"))?;
        match self.0.run(call, input).await?.into_content() {
            Content::Shape(fields) => Ok(fields),
            _ => Err(Error::internal("an output is not of its shape")),
        }
    }
}

/// An operation, as both APIs ask for it.
#[derive(Clone, Debug)]
pub struct OperationRequest {
    /// Which one.
    pub def: Arc<OperationDef>,
    /// The record it is done with, where it is done with one.
    pub record: Option<Id>,
    /// What it takes, in wire form.
    pub body: Map<String, Json>,
    /// The version of the record the caller builds on.
    pub expected: Option<Expected>,
    /// The caller's idempotency key with the fingerprint of the request.
    pub idempotency: Option<Idempotency>,
    /// Do everything and take it back. The idempotency key is not remembered.
    pub dry_run: bool,
}

/// What came of an operation.
pub struct OperationOutcome {
    /// The fields of its output, in order.
    pub output: Vec<Content>,
    /// Whether this answers a repeated idempotency key.
    pub replayed: bool,
    /// Where it was only tried: what it wrote is there until this is dropped.
    tried: Option<(Engine, Held)>,
}

impl OperationOutcome {
    /// An outcome that is durable.
    pub fn done(output: Vec<Content>) -> OperationOutcome {
        OperationOutcome { output, replayed: false, tried: None }
    }

    /// The engine that sees what the operation wrote where it was only tried; none where everybody sees it.
    pub fn tried(&self) -> Option<&Engine> {
        self.tried.as_ref().map(|(engine, _)| engine)
    }

    /// The output as JSON: records by their ids, what is shown once not at all.
    ///
    /// # Errors
    /// Where it does not fit the definition.
    pub fn to_json(&self, registry: &Registry, def: &OperationDef) -> Result<Json> {
        output::remembered(registry, &def.output, &self.output)
    }

    /// Takes back what was only tried.
    pub async fn finish(self) -> Result<()> {
        match self.tried {
            Some((_, held)) => held.roll_back().await,
            None => Ok(()),
        }
    }
}

impl Engine {
    /// Carries out an operation: one that writes in a task of the server's own, so that a caller who hangs up changes nothing
    /// about it. The outcome must be finished with [`OperationOutcome::finish`] once it is shown.
    pub async fn operate(&self, context: &Context, request: OperationRequest) -> Result<OperationOutcome> {
        if request.def.writes {
            return task::owned(run::write(self.clone(), context.clone(), request)).await;
        }
        run::plainly(self, context, &request).await
    }

    /// Carries out an operation as a part of the transaction that this engine is inside of ([`Engine::begin`]). Where it fails the transaction must be taken back.
    pub async fn operate_within(&self, context: &Context, request: &OperationRequest) -> Result<OperationOutcome> {
        run::plainly(self, context, request).await
    }
}
