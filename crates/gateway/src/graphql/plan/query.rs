//! Queries: every root field a plan, read side by side.

use super::access::AccessStep;
use super::aggregate::AggregateStep;
use super::answer::{Notes, write_key};
use super::build::{Builder, misplaced};
use super::coerce::Variables;
use super::collect::{Collected, What};
use super::feed::FeedStep;
use super::operation::{self, Ask};
use super::past::{self, HistoryStep};
use super::prepare::Validated;
use super::problem::Problem;
use super::search::SearchStep;
use super::timeline::TimelineStep;
use super::{Run, Source};
use crate::array::split_array;
use crate::graphql::schema::types::{Role, TypeSystem};
use async_graphql::{Request, Value};
use clientela_engine::{ReadPlan, RecordBy, Root};
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, Id, Timestamp};
use clientela_model::ResourceDef;
use futures_util::future::join_all;
use serde_json::{Map, Value as Json};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// How many ids `nodes` takes.
pub(crate) const MAXIMUM_NODES: usize = 1_000;

/// What a root field takes.
enum Step<'f> {
    /// Text that is known already.
    Constant(String),
    /// One read.
    Read(ReadPlan),
    /// One read of the record with a key, whose id is looked for first.
    ReadBy(RecordBy, ReadPlan),
    /// Records of several resources: one read each, and for each wanted record its read and its place there.
    Nodes(Vec<ReadPlan>, Vec<Option<(usize, usize)>>),
    /// An operation that only reads.
    Operate(Ask<'f>),
    /// One read of what was at a moment.
    Past(ReadPlan, Timestamp),
    /// The changes of a record.
    History(HistoryStep),
    /// What may be done with a record.
    Access(AccessStep),
    /// Groups of records.
    Aggregate(Box<AggregateStep>),
    /// A search, and one read for each type found.
    Search(Box<SearchStep>),
    /// The timeline of a party.
    Timeline(Box<TimelineStep>),
    Feed(Box<FeedStep>),
    /// Answered by async-graphql.
    Introspection,
    /// Null, with this error.
    Failed(Problem),
}

pub(super) async fn run(
    run: &Run<'_>,
    fields: &[Collected],
    variables: &Variables,
    out: &mut Vec<u8>,
    problems: &mut Vec<Problem>,
    notes: &mut Notes,
) -> Result<(), Vec<Problem>> {
    let mut steps = Vec::with_capacity(fields.len());
    let mut cost = 0u64;
    for field in fields {
        let step = match plan(run, field, variables) {
            Ok(step) => step,
            // To its caller the document is not valid.
            Err(problem) if problem.error.code() == ErrorCode::GraphqlValidationFailed => return Err(vec![problem]),
            Err(problem) => Step::Failed(problem),
        };
        if let Step::Search(search) = &step {
            let one = search.cost(run.source).map_err(|error| vec![Problem::field(error, field.position)])?;
            cost = cost.saturating_add(one);
        }
        if let Step::Timeline(timeline) = &step {
            let one = timeline.cost(run.source).map_err(|error| vec![Problem::field(error, field.position)])?;
            cost = cost.saturating_add(one);
        }
        if let Step::Feed(feed) = &step {
            let one = feed.cost(run.source).map_err(|error| vec![Problem::field(error, field.position)])?;
            cost = cost.saturating_add(one);
        }
        let plans = match &step {
            Step::Read(plan) | Step::ReadBy(_, plan) | Step::Past(plan, _) => std::slice::from_ref(plan),
            Step::Nodes(plans, _) => plans.as_slice(),
            _ => &[],
        };
        if let Step::Operate(ask) = &step {
            cost = cost.saturating_add(ask.cost);
        }
        for plan in plans {
            let one = run.source.cost(plan).map_err(|error| vec![Problem::field(error, field.position)])?;
            cost = cost.saturating_add(one);
        }
        cost = cost.saturating_add(match &step {
            // Both may look at far more than they show.
            Step::Aggregate(_) | Step::Past(ReadPlan { root: Root::List(..), .. }, _) => clientela_engine::aggregate::COST,
            Step::History(history) => 1 + u64::from(history.limit),
            // Each action may look at other records.
            Step::Access(_) => 50,
            _ => 0,
        });
        steps.push(step);
    }
    check_cost(cost, run.source, notes)?;
    let introspected =
        if steps.iter().any(|step| matches!(step, Step::Introspection)) { introspect(run, variables, problems).await } else { Value::Null };
    // The commonest request has one field: it is written in place, without a buffer of its own.
    if let ([field], [Step::Read(plan)], Some(context)) = (fields, steps.as_slice(), run.context) {
        write_key(&field.key, out);
        read(run.source, context, plan, field, out, problems).await;
        return Ok(());
    }
    let parts = join_all(fields.iter().zip(&steps).map(|(field, step)| part(run, field, step, &introspected))).await;
    for (field, (part, failed)) in fields.iter().zip(parts) {
        write_key(&field.key, out);
        out.extend_from_slice(&part);
        problems.extend(failed);
    }
    Ok(())
}

/// Refuses what costs too much in all, and notes the figure.
pub(super) fn check_cost(cost: u64, source: &dyn Source, notes: &mut Notes) -> Result<(), Vec<Problem>> {
    let limit = source.cost_limit();
    if cost > limit {
        let text = format!(
            "This request may read records at a cost of {cost}; {limit} is allowed. Ask for smaller pages or fewer levels, or split it."
        );
        return Err(vec![Problem::request(ErrorCode::QueryTooComplex, text)]);
    }
    if cost > 0 {
        notes.cost = Some((cost, limit));
    }
    Ok(())
}

async fn part(run: &Run<'_>, field: &Collected, step: &Step<'_>, introspected: &Value) -> (Vec<u8>, Vec<Problem>) {
    let (mut out, mut problems) = (Vec::new(), Vec::new());
    match (step, run.context) {
        (Step::Constant(text), _) => out.extend_from_slice(text.as_bytes()),
        (Step::Introspection, _) => out.extend_from_slice(member(introspected, &field.key).as_bytes()),
        (Step::Failed(problem), _) => {
            out.extend_from_slice(b"null");
            problems.push(problem.clone().under(&field.key));
        }
        (Step::Read(plan), Some(context)) => read(run.source, context, plan, field, &mut out, &mut problems).await,
        (Step::ReadBy(by, plan), Some(context)) => read_by(run.source, context, by, plan, field, &mut out, &mut problems).await,
        (Step::Nodes(plans, places), Some(context)) => nodes(run.source, context, plans, places, field, &mut out, &mut problems).await,
        (Step::Operate(ask), Some(context)) => {
            if let Err(problem) = operation::carry_out(run, context, ask, &mut out, &mut Notes::default()).await {
                out.clear();
                out.extend_from_slice(b"null");
                problems.push(problem.under(&field.key));
            }
        }
        (Step::Past(plan, at), Some(context)) => match run.source.read_past(context, plan, *at, &mut out).await {
            Ok(true) => {}
            Ok(false) => out.extend_from_slice(b"null"),
            Err(error) => {
                out.clear();
                out.extend_from_slice(b"null");
                problems.push(Problem::field(error, field.position).under(&field.key));
            }
        },
        (Step::History(step), Some(context)) => {
            if let Err(problem) = past::write_history(run.source, context, step, field, &mut out).await {
                out.clear();
                out.extend_from_slice(b"null");
                problems.push(problem.under(&field.key));
            }
        }
        (Step::Access(step), Some(context)) => {
            if let Err(problem) = step.write(run.source, context, field, &mut out).await {
                out.clear();
                out.extend_from_slice(b"null");
                problems.push(problem.under(&field.key));
            }
        }
        (Step::Timeline(step), Some(context)) => {
            if let Err(problem) = step.write(run.source, context, field, &mut out).await {
                out.clear();
                out.extend_from_slice(b"null");
                problems.push(problem.under(&field.key));
            }
        }
        (Step::Feed(feed), Some(context)) => {
            if let Err(problem) = feed.run(run.source, context, field, &mut out).await {
                out.clear();
                out.extend_from_slice(b"null");
                problems.push(problem.under(&field.key));
            }
        }
        (Step::Aggregate(step), Some(context)) => {
            if let Err(error) = run.source.aggregate(context, &step.aggregation, &step.shape, &mut out).await {
                out.clear();
                out.extend_from_slice(b"null");
                problems.push(Problem::field(error, field.position).under(&field.key));
            }
        }
        (Step::Search(search), Some(context)) => {
            if let Err(error) = search.run(run.source, context, &mut out).await {
                out.clear();
                out.extend_from_slice(b"null");
                problems.push(Problem::field(error, field.position).under(&field.key));
            }
        }
        (
            Step::Read(_)
            | Step::ReadBy(..)
            | Step::Nodes(..)
            | Step::Operate(_)
            | Step::Aggregate(_)
            | Step::Search(_)
            | Step::Past(..)
            | Step::History(_)
            | Step::Access(_)
            | Step::Timeline(_)
            | Step::Feed(_),
            None,
        ) => {
            out.extend_from_slice(b"null");
            problems.push(unauthenticated(field));
        }
    }
    (out, problems)
}

pub(super) fn unauthenticated(field: &Collected) -> Problem {
    let error = Error::new(ErrorCode::Unauthenticated, "This field needs a credential. Send Authorization: Bearer and your token.");
    Problem::field(error, field.position).under(&field.key)
}

async fn read(source: &dyn Source, context: &Context, plan: &ReadPlan, field: &Collected, out: &mut Vec<u8>, problems: &mut Vec<Problem>) {
    let start = out.len();
    match source.read(context, plan, out).await {
        Ok(true) => {}
        Ok(false) => {
            out.truncate(start);
            out.extend_from_slice(b"null");
        }
        Err(error) => {
            out.truncate(start);
            out.extend_from_slice(b"null");
            problems.push(Problem::field(error, field.position).under(&field.key));
        }
    }
}

async fn read_by(
    source: &dyn Source,
    context: &Context,
    by: &RecordBy,
    plan: &ReadPlan,
    field: &Collected,
    out: &mut Vec<u8>,
    problems: &mut Vec<Problem>,
) {
    let found = source.find_by(context, &plan.def, by).await;
    if let (Ok(Some(id)), Root::Record { deleted, selection, .. }) = (&found, &plan.root) {
        let root = Root::Record { id: id.0, deleted: *deleted, selection: Arc::clone(selection) };
        return read(source, context, &ReadPlan { def: Arc::clone(&plan.def), root }, field, out, problems).await;
    }
    out.extend_from_slice(b"null");
    if let Err(error) = found {
        problems.push(Problem::field(error, field.position).under(&field.key));
    }
}

async fn nodes(
    source: &dyn Source,
    context: &Context,
    plans: &[ReadPlan],
    places: &[Option<(usize, usize)>],
    field: &Collected,
    out: &mut Vec<u8>,
    problems: &mut Vec<Problem>,
) {
    let reads = join_all(plans.iter().map(async |plan| {
        let mut text = Vec::new();
        source.read(context, plan, &mut text).await.map(|_| text)
    }))
    .await;
    let texts = match reads.into_iter().collect::<Result<Vec<_>, Error>>() {
        Ok(texts) => texts,
        Err(error) => {
            out.extend_from_slice(b"null");
            problems.push(Problem::field(error, field.position).under(&field.key));
            return;
        }
    };
    let records: Vec<Vec<&[u8]>> = texts.iter().map(|text| split_array(text)).collect();
    out.push(b'[');
    for (index, place) in places.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let record = place.and_then(|(read, at)| records.get(read).and_then(|records| records.get(at)));
        out.extend_from_slice(record.copied().unwrap_or(b"null"));
    }
    out.push(b']');
}

fn plan<'f>(run: &Run<'_>, field: &'f Collected, variables: &Variables) -> Result<Step<'f>, Problem> {
    let types = run.preparer.types.as_ref();
    let role = match &field.what {
        What::Typename(json) => return Ok(Step::Constant(json.to_string())),
        What::Introspection => return Ok(Step::Introspection),
        What::RecordTypename => return Err(misplaced(field)),
        What::Role(role) => *role,
    };
    let Some(context) = run.context else { return Err(unauthenticated(field)) };
    let builder = Builder { types, source: run.source, context, variables };
    match role {
        Role::Record(index) => {
            let def = resource(types, index, field)?;
            let text = id(field, types, variables)?;
            let Ok(id) = Id::parse(&text, &def.prefix) else {
                let text = format!(
                    "{text:?} is not an id of the form {}_…, which the {} here needs. To read a record of any type use node.",
                    def.prefix, def.name
                );
                return Err(Problem::at(field.position, ErrorCode::BadUserInput, text));
            };
            let (deleted, selection) = (builder.deleted(field)?, builder.selection(def, &field.children)?);
            let plan = ReadPlan { def: def.clone(), root: Root::Record { id: id.0, deleted, selection: Arc::new(selection) } };
            Ok(match past::as_of(types, field, variables)? {
                Some(at) => Step::Past(plan, at),
                None => Step::Read(plan),
            })
        }
        Role::RecordBy(index) => {
            let def = resource(types, index, field)?;
            let given = field.given(types, "key", variables)?;
            let by = given.as_deref().and_then(Json::as_object).and_then(record_by);
            let by = by.ok_or_else(|| Problem::at(field.position, ErrorCode::BadUserInput, "The argument key must have a value."))?;
            let selection = Arc::new(builder.selection(def, &field.children)?);
            let root = Root::Record { id: Uuid::nil(), deleted: DeletedMode::Exclude, selection };
            Ok(Step::ReadBy(by, ReadPlan { def: def.clone(), root }))
        }
        Role::List(index) => {
            let def = resource(types, index, field)?;
            let (list, connection) = (builder.list(def, field)?, builder.connection(def, &field.children)?);
            let plan = ReadPlan { def: def.clone(), root: Root::List(list, connection) };
            Ok(match past::as_of(types, field, variables)? {
                Some(at) => Step::Past(plan, at),
                None => Step::Read(plan),
            })
        }
        Role::History => {
            let text = id(field, types, variables)?;
            let record = find(types, &text).map(|(_, def, id)| (def, id));
            Ok(match past::history(run, field, variables, record)? {
                Some(step) => Step::History(step),
                None => Step::Constant("null".to_owned()),
            })
        }
        Role::Access => {
            let text = id(field, types, variables)?;
            let record = find(types, &text).map(|(_, def, id)| (def, id));
            Ok(match AccessStep::new(run, field, variables, record)? {
                Some(step) => Step::Access(step),
                None => Step::Constant("null".to_owned()),
            })
        }
        Role::Timeline => {
            let text = id(field, types, variables)?;
            let record = find(types, &text).map(|(_, def, id)| (def, id));
            Ok(match TimelineStep::new(&builder, field, record)? {
                Some(step) => Step::Timeline(Box::new(step)),
                None => Step::Constant("null".to_owned()),
            })
        }
        Role::Feed => Ok(Step::Feed(Box::new(FeedStep::new(&builder, field)?))),
        Role::Aggregate(index) => {
            let def = resource(types, index, field)?;
            Ok(Step::Aggregate(Box::new(builder.aggregate(def, field)?)))
        }
        Role::NodeById => {
            let text = id(field, types, variables)?;
            let Some((index, def, id)) = find(types, &text) else { return Ok(Step::Constant("null".to_owned())) };
            let selection = builder.selection(def, below(field, index))?;
            Ok(Step::Read(ReadPlan {
                def: def.clone(),
                root: Root::Record { id, deleted: DeletedMode::Exclude, selection: Arc::new(selection) },
            }))
        }
        Role::NodesByIds => many(&builder, field),
        Role::Search => Ok(Step::Search(Box::new(SearchStep::new(&builder, field)?))),
        Role::Operation(_) => operation::decode(&builder, field)?.map(Step::Operate).ok_or_else(|| misplaced(field)),
        _ => Err(misplaced(field)),
    }
}

fn many(builder: &Builder<'_>, field: &Collected) -> Result<Step<'static>, Problem> {
    let given = field.given(builder.types, "ids", builder.variables)?;
    let texts: Vec<&str> = given.as_deref().and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
    if texts.len() > MAXIMUM_NODES {
        let text = format!("ids holds {} ids; {MAXIMUM_NODES} are allowed. Ask in several requests.", texts.len());
        return Err(Problem::at(field.position, ErrorCode::BadUserInput, text));
    }
    let mut order: Vec<usize> = Vec::new();
    let mut groups: HashMap<usize, (usize, Vec<Uuid>)> = HashMap::new();
    let mut places = Vec::with_capacity(texts.len());
    for text in texts {
        places.push(find(builder.types, text).map(|(index, _, id)| {
            let fresh = order.len();
            let (read, ids) = groups.entry(index).or_insert_with(|| {
                order.push(index);
                (fresh, Vec::new())
            });
            ids.push(id);
            (*read, ids.len() - 1)
        }));
    }
    let mut plans = Vec::with_capacity(order.len());
    for index in order {
        let def = resource(builder.types, index, field)?;
        let ids = groups.remove(&index).map(|(_, ids)| ids).unwrap_or_default();
        let selection = builder.selection(def, below(field, index))?;
        plans.push(ReadPlan { def: def.clone(), root: Root::Records { ids, selection } });
    }
    Ok(Step::Nodes(plans, places))
}

/// The fields below a `Node` for a record of this resource.
pub(super) fn below(field: &Collected, resource: usize) -> &[Collected] {
    let named = field.by_resource.iter().find(|(index, _)| *index == resource);
    named.map_or(&field.children, |(_, fields)| fields)
}

/// The resource that an id's prefix names, and the id; none where there is no such resource.
fn find<'t>(types: &'t TypeSystem, text: &str) -> Option<(usize, &'t Arc<ResourceDef>, Uuid)> {
    let prefix = Id::prefix_of(text)?;
    let index = types.registry.resources().iter().position(|def| def.prefix == prefix)?;
    let def = types.registry.resources().get(index)?;
    let id = Id::parse(text, prefix).ok()?;
    Some((index, def, id.0))
}

fn id(field: &Collected, types: &TypeSystem, variables: &Variables) -> Result<String, Problem> {
    let given = field.given(types, "id", variables)?;
    given
        .as_deref()
        .and_then(Json::as_str)
        .map(str::to_owned)
        .ok_or_else(|| Problem::at(field.position, ErrorCode::BadUserInput, "The argument id must have a value."))
}

/// A `RecordKey`.
pub(super) fn record_by(input: &Map<String, Json>) -> Option<RecordBy> {
    let part = |name: &str| input.get(name).and_then(Json::as_str).map(str::to_owned);
    Some(RecordBy { key: part("key")?, value: part("value")? })
}

pub(super) fn resource<'t>(types: &'t TypeSystem, index: usize, field: &Collected) -> Result<&'t Arc<ResourceDef>, Problem> {
    types.registry.resources().get(index).ok_or_else(|| misplaced(field))
}

/// Lets async-graphql answer `__schema` and `__type`; every other field is null in what it gives.
async fn introspect(run: &Run<'_>, variables: &Variables, problems: &mut Vec<Problem>) -> Value {
    let mut request = Request::new("")
        .data(Validated)
        .only_introspection()
        .variables(async_graphql::Variables::from_json(Json::Object(variables.clone())));
    request.set_parsed_query(run.prepared.document().clone());
    let answer = run.preparer.schema.execute(request).await;
    problems.extend(answer.errors.into_iter().map(Problem::from_validation));
    answer.data
}

fn member(data: &Value, key: &str) -> String {
    let found = match data {
        Value::Object(object) => object.get(key),
        _ => None,
    };
    found.and_then(|value| serde_json::to_string(value).ok()).unwrap_or_else(|| "null".to_owned())
}
