//! Carrying out what a mapping says of one message, inside a transaction.

use super::place::{Element, MessageContent, absolute, cell};
use super::plan::{Act, MessagePlan, Rule, Step};
use crate::Engine;
use crate::import::plan::{RecordPlan, ValueSource};
use crate::import::prepare::{Candidate, Prepared, Preparer, Ready, RecordKey};
use crate::import::records::{Records, Written, written};
use crate::import::report::Problem;
use crate::import::write::{Done, Hindrance, RowWriter, Standing};
use crate::operation::OperationRequest;
use crate::write;
use crate::{UpsertMode, WriteAction, WriteRequest};
use async_trait::async_trait;
use clientela_kernel::{ActorKind, Context, Error, ErrorCode, Id, ProblemCode, Result};
use clientela_model::{OperationDef, ResourceDef};
use futures_util::future::BoxFuture;
use serde_json::{Map, Value as Json};
use std::hash::RandomState;
use std::sync::Arc;

/// Elements of an array that a step is done for.
const MOST_ELEMENTS: usize = 1_000;

/// Something in a message that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageProblem {
    /// A stable code.
    pub code: String,
    /// What is wrong and what is allowed.
    pub text: String,
    /// The place in the message, as a JSON Pointer, where it is about one.
    pub pointer: Option<String>,
    /// The step of the mapping, as a JSON Pointer.
    pub step: String,
}

/// Why nothing may stay of what was written.
#[derive(Debug)]
pub enum Refused {
    /// The message, or the mapping, is wrong.
    Problems(Vec<MessageProblem>),
    /// Something that says nothing of the message.
    Stopped(Error),
}

impl MessagePlan {
    /// The positions of the rules that a message is for.
    pub fn rules_for(&self, message: &MessageContent) -> Vec<usize> {
        let fits = |rule: &Rule| {
            rule.when.iter().all(|(pointer, wanted)| {
                let found = message.at(pointer);
                wanted.contains(&found)
            })
        };
        self.rules.iter().enumerate().filter(|(_, rule)| fits(rule)).map(|(index, _)| index).collect()
    }

    /// Does what the rules say that a message is for, with an engine inside a transaction ([`Engine::begin`]). Answers the records that the steps were about: none where no rule is
    /// for the message.
    ///
    /// # Errors
    /// Where something was refused; the transaction must be taken back then.
    pub async fn carry_out(
        &self,
        engine: &Engine,
        context: &Context,
        message: &MessageContent,
    ) -> std::result::Result<Vec<(Arc<ResourceDef>, Id)>, Refused> {
        let mut touched = Vec::new();
        for index in self.rules_for(message) {
            let Some(rule) = self.rules.get(index) else { continue };
            let inside = Arc::new(Inside { engine: engine.clone(), context: context.clone() });
            let preparer = Arc::new(Preparer { plan: Arc::clone(&rule.plan), hasher: RandomState::new() });
            let standings = vec![Standing::Absent; rule.steps.len()];
            Work { inside, preparer, rule, at: format!("/rules/{index}"), message, standings, touched: &mut touched }.run().await?;
        }
        Ok(touched)
    }
}

struct Work<'w> {
    inside: Arc<Inside>,
    preparer: Arc<Preparer>,
    rule: &'w Rule,
    /// The rule's place in the mapping.
    at: String,
    message: &'w MessageContent,
    /// The records of the steps so far.
    standings: Vec<Standing>,
    touched: &'w mut Vec<(Arc<ResourceDef>, Id)>,
}

impl Work<'_> {
    async fn run(mut self) -> std::result::Result<(), Refused> {
        let steps = self.rule.steps.as_slice();
        let mut index = 0;
        while let Some(step) = steps.get(index) {
            // Steps for each element of one array go together, element by element.
            let together = steps.get(index..).unwrap_or_default().iter().take_while(|other| other.each == step.each).count().max(1);
            match &step.each {
                None => self.step(index, step, None).await?,
                Some(array) => {
                    for (number, value) in self.elements(index, array)?.iter().enumerate() {
                        for (offset, step) in steps.iter().skip(index).take(together).enumerate() {
                            self.step(index + offset, step, Some(Element { array, index: number, value })).await?;
                        }
                    }
                }
            }
            index += if step.each.is_some() { together } else { 1 };
        }
        Ok(())
    }

    fn elements(&self, index: usize, array: &str) -> std::result::Result<Vec<Json>, Refused> {
        let wrong = |code: ProblemCode, text: String| {
            let step = format!("{}/do/{index}", self.at);
            Err(Refused::Problems(vec![MessageProblem { code: code.as_str().to_owned(), text, pointer: Some(array.to_owned()), step }]))
        };
        match self.message.at(array) {
            Json::Null => Ok(Vec::new()),
            Json::Array(elements) if elements.len() > MOST_ELEMENTS => {
                wrong(ProblemCode::TooLong, format!("{array} has {} elements; {MOST_ELEMENTS} is the most.", elements.len()))
            }
            Json::Array(elements) => Ok(elements),
            _ => wrong(ProblemCode::WrongType, format!("{array} is no array, and the step is to be done for each of its elements.")),
        }
    }

    async fn step(&mut self, index: usize, step: &Step, element: Option<Element<'_>>) -> std::result::Result<(), Refused> {
        let Some(record) = self.rule.plan.records.get(index) else { return Ok(()) };
        let cells: Vec<Json> = self.rule.plan.columns.iter().map(|place| cell(place, self.message, element)).collect();
        let number = element.map_or(1, |element| u64::try_from(element.index).unwrap_or(0) + 1);
        let candidate = self.preparer.record(record, number, 0, &cells);
        let prepared = Prepared { number, line: 0, cells, records: Vec::new() };
        let records: Arc<dyn Records> = self.inside.clone();
        let writer = RowWriter { records, preparer: Arc::clone(&self.preparer), prepared, patient: false };
        let outcome = match candidate {
            Candidate::Absent => {
                self.stand(index, Standing::Absent);
                return Ok(());
            }
            Candidate::Wrong(problems) => Err(Hindrance::Wrong(problems)),
            Candidate::Ready(ready) => self.act(&writer, record, step, &ready).await,
        };
        let problems = match outcome {
            Ok(Some(id)) => {
                self.stand(index, Standing::There(id));
                if !self.touched.iter().any(|(def, other)| *other == id && def.name == record.def.name) {
                    self.touched.push((Arc::clone(&record.def), id));
                }
                return Ok(());
            }
            Ok(None) => return Ok(()),
            Err(Hindrance::Stopped(error)) if self.inside.stops(&error) => return Err(Refused::Stopped(error)),
            Err(Hindrance::Stopped(error)) => self.preparer.refused(record, &writer.prepared, &error, false),
            Err(Hindrance::Wrong(problems)) => problems,
            Err(Hindrance::Waits) => Vec::new(),
        };
        let told = |problem: Problem| MessageProblem {
            code: problem.code,
            text: problem.message,
            pointer: self.pointer(record, problem.field.as_deref()).map(|place| absolute(place, element)),
            step: format!("{}/do/{index}", self.at),
        };
        Err(Refused::Problems(problems.into_iter().map(told).collect()))
    }

    fn stand(&mut self, index: usize, standing: Standing) {
        if let Some(slot) = self.standings.get_mut(index) {
            *slot = standing;
        }
    }

    /// Makes or changes a record, or carries out an operation. Answers the record that it was about, where it was about one.
    async fn act(&self, writer: &RowWriter, record: &RecordPlan, step: &Step, ready: &Ready) -> std::result::Result<Option<Id>, Hindrance> {
        let body = writer.body(record, ready, &self.standings).await?;
        let hindered = |error| writer.hindered(record, error);
        let Act::Operate(def, target) = &step.act else {
            return self.inside.upsert(&record.def, &ready.key, body).await.map(|written| Some(written.id)).map_err(hindered);
        };
        let id = match (target, &ready.key) {
            (Some(other), _) => match self.standings.get(*other) {
                Some(Standing::There(id)) => Some(*id),
                // What is not there has nothing done with it.
                _ => return Err(self.missing(record, "the step that it names has no record in this message")),
            },
            (None, RecordKey::Nothing) => None,
            (None, key) => match self.inside.find(&record.def, key).await.map_err(hindered)? {
                Some(id) => Some(id),
                None => return Err(self.missing(record, &format!("there is not {}", key.text(&record.def)))),
            },
        };
        self.inside.operate(def, id, body).await.map_err(hindered)?;
        Ok(id)
    }

    fn missing(&self, record: &RecordPlan, text: &str) -> Hindrance {
        let text = format!("{} cannot be carried out: {text}.", record.name);
        Hindrance::Wrong(vec![self.preparer.problem(record, 1, 0, None, ProblemCode::ReferenceNotFound.as_str(), text, &[])])
    }

    /// The place in the message from which a field comes.
    fn pointer(&self, record: &RecordPlan, field: Option<&str>) -> Option<&str> {
        let field = record.fields.iter().find(|plan| Some(plan.name.as_str()) == field)?;
        let ValueSource::Text(text) = &field.source else { return None };
        self.rule.plan.columns.get(text.columns().next()?).map(String::as_str)
    }
}

/// The records of a transaction.
#[derive(Clone)]
struct Inside {
    engine: Engine,
    context: Context,
}

impl Inside {
    async fn operate(&self, def: &Arc<OperationDef>, record: Option<Id>, body: Map<String, Json>) -> Result<()> {
        let request = OperationRequest { def: Arc::clone(def), record, body, expected: None, idempotency: None, dry_run: false };
        self.engine.operate_within(&self.context, &request).await.map(drop)
    }
}

#[async_trait]
impl Records for Inside {
    async fn upsert(&self, def: &Arc<ResourceDef>, key: &RecordKey, body: Map<String, Json>) -> Result<Written> {
        let action = WriteAction::Upsert { by: key.by(), body, mode: UpsertMode::Upsert, expected: None };
        let request = WriteRequest { def: Arc::clone(def), action, idempotency: None };
        write::execute(Arc::clone(&self.engine.inner), self.context.clone(), request).await.map(|outcome| written(&outcome))
    }

    async fn find(&self, def: &Arc<ResourceDef>, key: &RecordKey) -> Result<Option<Id>> {
        self.engine.inner.id_by(&self.context, def, &key.by()).await
    }

    async fn side_by_side(&self, works: Vec<BoxFuture<'static, Done>>) -> Result<Vec<Done>> {
        let mut done = Vec::with_capacity(works.len());
        for work in works {
            done.push(work.await);
        }
        Ok(done)
    }

    fn others(&self) -> Arc<dyn Records> {
        Arc::new(self.clone())
    }

    /// A transaction that broke stays broken.
    fn tries(&self) -> u32 {
        1
    }

    fn stops(&self, error: &Error) -> bool {
        let passes = matches!(error.code(), ErrorCode::DatabaseUnavailable | ErrorCode::Overloaded | ErrorCode::StorageFull);
        passes || error.code() == ErrorCode::Internal || error.is_collision()
    }

    fn internals(&self) -> bool {
        self.context.actor.kind == ActorKind::System
    }
}
