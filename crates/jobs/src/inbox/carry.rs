//! Carrying events out: those that wait at a source, one after the other in the order in which they came, each in one transaction with what is said of it.

use super::event::{self, EVENT, InboxEventStatus, in_status, unexplained};
use super::receive::call;
use super::source::{InboxSourceState, SOURCE, checked};
use super::{content, event::RECORDS};
use crate::mirror;
use crate::queue::{Ending, JobKind, Order};
use crate::worker::Running;
use async_trait::async_trait;
use clientela_engine::import::{MessagePlan, MessageProblem, Refused};
use clientela_engine::module::Found;
use clientela_engine::{Engine, Held, ids};
use clientela_kernel::{Comparison, Context, Error, ErrorCode, Filter, Id, Result, Value};
use clientela_model::{Choice as _, ResourceDef, system};
use clientela_store::{Commit, WriteSet};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Events that a job carries out before it makes room for others.
const TURN: usize = 500;
/// How often an event is tried that fails for a reason of the server's own, or brings its server down.
const ATTEMPTS: i64 = 5;
/// How often one starts anew because it met another transaction head-on.
const MEETINGS: usize = 10;

/// Carries out the events of a source.
pub(crate) struct Inbox;

/// What is to be said of an event.
type Values = Vec<(&'static str, Value)>;

#[async_trait]
impl JobKind for Inbox {
    fn name(&self) -> &'static str {
        SOURCE
    }

    fn order(&self) -> Order {
        Order::OfInbox
    }

    async fn run(&self, running: &Running, context: &Context) -> Result<Ending> {
        let Some(source) = running.record().await? else { return Ok(Ending::Left) };
        // It is called again when the source is active.
        if source.get("state").as_text() != Some(InboxSourceState::Active.as_str()) {
            return Ok(Ending::Done(Vec::new()));
        }
        let engine = running.engine().for_tenant(context.tenant).await?;
        let context = Context { allow_duplicates: source.get("allowDuplicates") == &Value::Boolean(true), ..context.clone() };
        let plan = source.get("mapping").as_text().map(|text| checked(text, engine.registry(), "/mapping"));
        let form = content::is_form(source.get("format"));
        let carrier = Carrier { engine, context, source: source.id, plan, form };
        let mut suspicious = running.is_repeated();
        for _ in 0..TURN {
            if let Some(stop) = running.stop() {
                return Err(stop);
            }
            let Some(event) = carrier.next().await? else { return Ok(Ending::Done(Vec::new())) };
            carrier.carry_out(event, suspicious).await?;
            suspicious = false;
        }
        carrier.go_on(&source).await?;
        Ok(Ending::Done(Vec::new()))
    }
}

struct Carrier {
    engine: Engine,
    /// In the name of the source's maker.
    context: Context,
    source: Id,
    plan: Option<Result<MessagePlan>>,
    form: bool,
}

impl Carrier {
    fn own(&self) -> Context {
        let now = self.engine.clock().now();
        Context::of_system(self.context.tenant, ids::mint(now).0, now)
    }

    /// The event that has waited longest.
    async fn next(&self) -> Result<Option<Found>> {
        let waiting = vec![event::of(self.source), in_status(InboxEventStatus::Received)];
        Ok(mirror::page(&self.engine, &self.own(), EVENT, waiting, None, 1).await?.pop())
    }

    /// Another job goes on with what still waits.
    async fn go_on(&self, source: &Found) -> Result<()> {
        let (inside, held) = self.engine.begin().await?;
        let maker = source.get(system::CREATED_BY).as_text().unwrap_or_default();
        let now = self.engine.clock().now();
        match call(&inside, self.context.tenant, self.source, maker, source.get("scopes").clone(), now).await {
            Ok(()) => held.commit().await,
            Err(error) => {
                held.roll_back().await?;
                Err(error)
            }
        }
    }

    /// Carries an event out. `suspicious` says that the job was begun before and came to nothing, perhaps by this event.
    ///
    /// # Errors
    /// Where it is to be tried again, later.
    async fn carry_out(&self, event: Found, suspicious: bool) -> Result<()> {
        let tried = event.get("attempts").as_integer().unwrap_or(0);
        let mut event = event;
        if suspicious {
            if tried >= ATTEMPTS {
                let text = format!("Given up after {tried} attempts: the server that carried it out failed or went silent each time.");
                return self.note(&event, failed("GIVEN_UP", text, None, None, tried, &self.own())).await.map(drop);
            }
            // Told before it is tried, since nothing may be told afterwards.
            if !self.note(&event, vec![("attempts", Value::Integer(tried + 1))]).await? {
                return Ok(());
            }
            let this = Filter::field(system::ID, Comparison::Equal(Value::Id(event.id.0)));
            let Some(noted) = self.engine.find_one(&self.own(), EVENT, this).await? else { return Ok(()) };
            event = noted;
        }
        let tried = if suspicious { tried } else { tried + 1 }.max(1);
        for _ in 0..MEETINGS {
            let (inside, held) = self.engine.begin_noting().await?;
            let ended = match self.attempt(&inside, &held, &event, tried).await {
                Ok(values) => match commit(&inside, &self.own(), &event, values).await {
                    Ok(true) => held.commit().await,
                    // Somebody else has done something with it.
                    Ok(false) => return held.roll_back().await,
                    Err(error) => held.roll_back().await.and(Err(error)),
                },
                Err(Refused::Problems(problems)) => {
                    held.roll_back().await?;
                    return self.note(&event, refused(&problems, tried, &self.own())).await.map(drop);
                }
                Err(Refused::Stopped(error)) => held.roll_back().await.and(Err(error)),
            };
            match ended {
                Ok(()) => return Ok(()),
                Err(error) if error.is_collision() => {}
                Err(error) if error.code() == ErrorCode::Internal => return self.broken(&event, tried, error).await,
                Err(error) => return Err(error),
            }
        }
        Err(Error::unavailable("an event kept meeting other writes head-on"))
    }

    /// Does what the mapping says, inside a transaction, and answers what is to be said of the event.
    async fn attempt(&self, inside: &Engine, held: &Held, event: &Found, tried: i64) -> std::result::Result<Values, Refused> {
        let own = self.own();
        let passed = |code: &str, text: &str| Ok(ended(InboxEventStatus::Ignored, tried, &own, Some((code, text))));
        let plan = match &self.plan {
            None => return passed("NO_MAPPING", "The source has no mapping. Give it one, and replay the event."),
            Some(Ok(plan)) => plan,
            Some(Err(error)) => {
                let text = error.fields().first().map_or(error.detail(), |problem| problem.detail.as_str()).to_owned();
                return Err(problem("INVALID_MAPPING", text));
            }
        };
        let content = content::of(event, self.form).map_err(|text| problem(ErrorCode::MalformedBody.as_str(), text))?;
        if self.is_overtaken(inside, &own, event).await.map_err(Refused::Stopped)? {
            return passed("OVERTAKEN", "A later event with the same key was carried out before.");
        }
        if plan.rules_for(&content).is_empty() {
            return passed("NO_RULE", "No rule of the mapping is for it.");
        }
        let context = Context { request_id: own.request_id, now: own.now, ..self.context.clone() };
        let touched = plan.carry_out(inside, &context, &content).await?;
        let mut values = ended(InboxEventStatus::Processed, tried, &own, None);
        values.push(("records", records(inside, &touched, held)));
        Ok(values)
    }

    /// Whether a later event about the same was carried out.
    async fn is_overtaken(&self, inside: &Engine, own: &Context, event: &Found) -> Result<bool> {
        let Some(key) = event.get("key").as_text() else { return Ok(false) };
        let later = Filter::And(vec![
            event::of(self.source),
            Filter::field("key", Comparison::Equal(key.into())),
            in_status(InboxEventStatus::Processed),
            Filter::field(system::ID, Comparison::Greater(Value::Id(event.id.0))),
        ]);
        Ok(inside.find_one(own, EVENT, later).await?.is_some())
    }

    /// Says that the server itself has failed at an event, and gives it up when that was often enough.
    async fn broken(&self, event: &Found, tried: i64, error: Error) -> Result<()> {
        if tried >= ATTEMPTS {
            let text = format!("Given up after {tried} attempts: something failed inside the server. It was logged.");
            tracing::error!(error = error.internal_text().unwrap_or(error.detail()), "an inbox event was given up");
            return self.note(event, failed(error.code().as_str(), text, None, None, tried, &self.own())).await.map(drop);
        }
        self.note(event, vec![("attempts", Value::Integer(tried))]).await?;
        Err(error)
    }

    /// Notes something about an event. False where somebody else has changed it.
    async fn note(&self, event: &Found, values: Values) -> Result<bool> {
        commit(&self.engine, &self.own(), event, values).await
    }
}

async fn commit(engine: &Engine, own: &Context, event: &Found, values: Values) -> Result<bool> {
    let rows = vec![mirror::change(own, event, values)];
    let outcome = engine.scope(own).commit(WriteSet { tenant: own.tenant, rows, idempotency: None, audit: None }).await?;
    Ok(outcome == Commit::Done)
}

fn ended(status: InboxEventStatus, tried: i64, own: &Context, why: Option<(&str, &str)>) -> Values {
    let mut values = unexplained();
    values.extend([("status", status.as_str().into()), ("attempts", Value::Integer(tried)), ("finishedAt", Value::Instant(own.now))]);
    if let Some((code, text)) = why {
        values.extend([("failureCode", Value::from(code)), ("failure", Value::from(text))]);
    }
    values
}

fn failed(code: &str, text: String, pointer: Option<&str>, step: Option<&str>, tried: i64, own: &Context) -> Values {
    let cut = |text: &str, most: usize| Value::Text(text.chars().take(most).collect());
    let mut values = ended(InboxEventStatus::Failed, tried, own, None);
    values.extend([("failureCode", cut(code, 60)), ("failure", cut(&text, 4_000))]);
    values.extend(pointer.map(|pointer| ("failurePointer", cut(pointer, 1_000))));
    values.extend(step.map(|step| ("failureStep", cut(step, 200))));
    values
}

fn problem(code: &str, text: String) -> Refused {
    Refused::Problems(vec![MessageProblem { code: code.to_owned(), text, pointer: None, step: String::new() }])
}

/// What was refused, the first of it by its place.
fn refused(problems: &[MessageProblem], tried: i64, own: &Context) -> Values {
    let text = problems.iter().map(|problem| problem.text.as_str()).collect::<Vec<_>>().join("\n");
    let first = problems.first();
    let code = first.map_or(ErrorCode::ValidationFailed.as_str(), |problem| problem.code.as_str());
    let step = first.map(|problem| problem.step.as_str()).filter(|step| !step.is_empty());
    failed(code, text, first.and_then(|problem| problem.pointer.as_deref()), step, tried, own)
}

/// The records of the steps, and what else has changed along with them.
fn records(engine: &Engine, touched: &[(Arc<ResourceDef>, Id)], held: &Held) -> Value {
    let mut ids: BTreeSet<String> = BTreeSet::new();
    let changed = held.changes();
    let also = changed.iter().filter(|change| !change.def.mirror && change.def.object.is_none()).map(|change| (&change.def, change.id));
    for (def, id) in touched.iter().map(|(def, id)| (def, *id)).chain(also) {
        if ids.len() >= RECORDS {
            break;
        }
        let def = engine.registry().resource(&def.name).unwrap_or(def);
        ids.insert(id.to_text(&def.prefix));
    }
    Value::TextSet(ids.into_iter().collect())
}
