//! Mutations: one after the other, each wholly or not at all, each answered by its payload.

use super::Run;
use super::answer::{Notes, write_key, write_text};
use super::build::{Builder, misplaced};
use super::bulk;
use super::coerce::Variables;
use super::collect::{Collected, What};
use super::many;
use super::operation::{self, Ask};
use super::problem::Problem;
use super::query::{check_cost, record_by, resource, unauthenticated};
use super::source::Source;
use super::sync;
use crate::graphql::schema::types::{Role, Verb};
use crate::{idempotency, rehearsal};
use clientela_engine::batch::Unfolded;
use clientela_engine::write::Idempotency;
use clientela_engine::{Batch, Expected, Held, ReadPlan, Root, Selection, UpsertMode, WriteAction, WriteOutcome, WriteRequest};
use clientela_kernel::error::GraphqlPlace;
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, FieldProblem, Id, ProblemCode};
use clientela_model::ResourceDef;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use uuid::Uuid;

/// A mutation, decoded.
struct Wish<'f> {
    def: Arc<ResourceDef>,
    verb: Verb,
    input: Map<String, Json>,
    /// The shapes of the record in the payload, in the order of the payload's record fields.
    selections: Vec<Arc<Selection>>,
    field: &'f Collected,
}

/// What a field of the mutation asks for.
enum Asked<'f> {
    One(Wish<'f>),
    Many(many::Wish<'f>),
    Bulk(bulk::Wish<'f>),
    Operate(Ask<'f>),
    Sync(sync::Wish<'f>),
}

pub(super) async fn run(
    run: &Run<'_>,
    fields: &[Collected],
    variables: &Variables,
    out: &mut Vec<u8>,
    problems: &mut Vec<Problem>,
    notes: &mut Notes,
) -> Result<(), Vec<Problem>> {
    // Everything that can be wrong with the request itself is found before anything is written.
    let mut tasks = Vec::with_capacity(fields.len());
    let mut cost = 0u64;
    for field in fields {
        let asked = decode(run, field, variables).map_err(|problem| vec![problem])?;
        let own = match &asked {
            Some(Asked::One(wish)) => wish.cost(run),
            Some(Asked::Many(wish)) => wish.cost(run.source),
            Some(Asked::Operate(ask)) => Ok(ask.cost),
            Some(Asked::Sync(wish)) => wish.cost(run.source),
            Some(Asked::Bulk(_)) | None => Ok(0),
        };
        cost = cost.saturating_add(own.map_err(|error| vec![Problem::field(error, field.position)])?);
        tasks.push(asked);
    }
    check_cost(cost, run.source, notes)?;
    for (field, task) in fields.iter().zip(tasks) {
        write_key(&field.key, out);
        let start = out.len();
        let result = match (task, &field.what, run.context) {
            (Some(Asked::One(wish)), _, Some(context)) => carry_out(run, context, wish, out, notes).await,
            (Some(Asked::Many(wish)), _, Some(context)) => many::carry_out(run, context, wish, out, notes).await,
            (Some(Asked::Bulk(wish)), _, Some(context)) => bulk::carry_out(run, context, wish, out, notes).await,
            (Some(Asked::Operate(ask)), _, Some(context)) => operation::carry_out(run, context, &ask, out, notes).await,
            (Some(Asked::Sync(wish)), _, Some(context)) => sync::carry_out(run, context, wish, out, problems, notes).await,
            (None, What::Typename(json), _) => {
                out.extend_from_slice(json.as_bytes());
                Ok(())
            }
            (Some(_), _, None) => Err(unauthenticated(field)),
            (None, ..) => Err(misplaced(field)),
        };
        if let Err(problem) = result {
            out.truncate(start);
            out.extend_from_slice(b"null");
            problems.push(problem.under(&field.key));
        }
    }
    Ok(())
}

fn decode<'f>(run: &Run<'_>, field: &'f Collected, variables: &Variables) -> Result<Option<Asked<'f>>, Problem> {
    if let What::Role(Role::Batch(index)) = field.what {
        return many::decode(run, field, index, variables).map(|wish| Some(Asked::Many(wish)));
    }
    if let What::Role(Role::Bulk(index, updates)) = field.what {
        return bulk::decode(run, field, index, updates, variables).map(|wish| Some(Asked::Bulk(wish)));
    }
    let types = run.preparer.types.as_ref();
    let builder = |context| Builder { types, source: run.source, context, variables };
    let (index, verb) = match (&field.what, run.context) {
        (What::Role(Role::Mutation(index, verb)), Some(_)) => (*index, *verb),
        (What::Role(Role::Operation(_)), Some(context)) => return Ok(operation::decode(&builder(context), field)?.map(Asked::Operate)),
        (What::Role(Role::Sync), Some(context)) => return Ok(Some(Asked::Sync(sync::decode(&builder(context), field)?))),
        (What::Role(_), None) => return Err(unauthenticated(field)),
        _ => return Ok(None),
    };
    let def = resource(types, index, field)?.clone();
    let Some(context) = run.context else { return Err(unauthenticated(field)) };
    let builder = builder(context);
    let records = field.children.iter().filter(|child| matches!(child.what, What::Role(Role::PayloadRecord)));
    let selections = records.map(|record| builder.selection(&def, &record.children).map(Arc::new)).collect::<Result<_, _>>()?;
    let input = field.input(types, variables)?;
    Ok(Some(Asked::One(Wish { def, verb, input, selections, field })))
}

impl Wish<'_> {
    /// What showing the record may cost.
    fn cost(&self, run: &Run<'_>) -> Result<u64, Error> {
        self.selections.iter().try_fold(0u64, |cost, selection| {
            let root = Root::Record { id: Uuid::nil(), deleted: DeletedMode::Include, selection: Arc::clone(selection) };
            Ok(cost.saturating_add(run.source.cost(&ReadPlan { def: self.def.clone(), root })?))
        })
    }
}

/// A transaction that is taken back, where a mutation is only tried.
pub(super) struct Tried(Option<(Box<dyn Source>, Held)>);

impl Tried {
    /// Takes out of an input whether it is only to be tried, and the key that a trial leaves unused.
    pub(super) async fn asked(source: &dyn Source, input: &mut Map<String, Json>) -> Result<Tried, Error> {
        if input.remove("dryRun") != Some(Json::Bool(true)) {
            return Ok(Tried(None));
        }
        input.remove("idempotencyKey");
        source.begin_noting().await.map(|begun| Tried(Some(begun)))
    }

    /// Where to write and to read what was written.
    pub(super) fn source<'s>(&'s self, outside: &'s dyn Source) -> &'s dyn Source {
        self.0.as_ref().map_or(outside, |(inside, _)| inside.as_ref())
    }

    /// What would change.
    pub(super) fn changes(&self, context: &Context) -> Option<Json> {
        self.0.as_ref().map(|(_, held)| rehearsal::changes(context, &held.changes()))
    }

    pub(super) async fn close(self) -> Result<(), Error> {
        match self.0 {
            Some((_, held)) => held.roll_back().await,
            None => Ok(()),
        }
    }
}

/// Takes out of an input whether it may make duplicates, where that is not a field of the resource's own.
pub(super) fn permitting(context: &Context, def: &ResourceDef, input: &mut Map<String, Json>) -> Context {
    let allow_duplicates = def.checks_duplicates && input.remove("allowDuplicates") == Some(Json::Bool(true));
    Context { allow_duplicates, ..context.clone() }
}

async fn carry_out(run: &Run<'_>, context: &Context, wish: Wish<'_>, out: &mut Vec<u8>, notes: &mut Notes) -> Result<(), Problem> {
    let Wish { def, verb, mut input, selections, field } = wish;
    let context = &permitting(context, &def, &mut input);
    let at = |error: Error| Problem::field(error, field.position);
    let tried = Tried::asked(run.source, &mut input).await.map_err(at)?;
    let source = tried.source(run.source);
    match write(source, context, &def, verb, input).await {
        Ok(outcome) => {
            notes.replayed |= outcome.replayed;
            let changes = tried.changes(context);
            payload(source, context, field, Some((&outcome, &selections)), &[], changes.as_ref(), out).await.map_err(at)?;
        }
        Err(error) if error.code().graphql_place() == GraphqlPlace::UserErrors => {
            payload(run.source, context, field, None, &user_errors(&error), None, out).await.map_err(at)?;
        }
        Err(error) => return Err(at(error)),
    }
    tried.close().await.map_err(at)
}

/// Carries out what an input asks for. A record that is made along with others is one operation of many.
async fn write(
    source: &dyn Source,
    context: &Context,
    def: &Arc<ResourceDef>,
    verb: Verb,
    input: Map<String, Json>,
) -> Result<WriteOutcome, Error> {
    let request = request(def, verb, input)?;
    let WriteAction::Create { body } = &request.action else { return source.write(context, request).await };
    let Some(Unfolded { operations, root }) = source.unfold(def, body)? else {
        return source.write(context, without_nests(request)).await;
    };
    let outcome = source.batch(context, Batch { operations, atomic: true, idempotency: request.idempotency }).await?;
    let row = outcome.rows.into_iter().nth(root).ok_or_else(|| Error::internal("a record without its row"))??;
    Ok(WriteOutcome {
        def: Arc::clone(def),
        id: row.id,
        version: row.version,
        record: None,
        created: true,
        changed: !outcome.replayed,
        replayed: outcome.replayed,
        revealed: row.revealed,
    })
}

/// A relation that was given as null makes nothing along with the record.
fn without_nests(mut request: WriteRequest) -> WriteRequest {
    if let WriteAction::Create { body } = &mut request.action {
        let def = &request.def;
        body.retain(|name, given| !(given.is_null() && def.field(name).is_none()));
    }
    request
}

/// The write an input asks for.
fn request(def: &Arc<ResourceDef>, verb: Verb, mut input: Map<String, Json>) -> Result<WriteRequest, Error> {
    let key = input.remove("idempotencyKey").filter(|key| !key.is_null());
    let idempotency = match key.as_ref().and_then(Json::as_str) {
        Some(key) => Some(bind(key, def, verb, &input)?),
        None => None,
    };
    let version = |input: &mut Map<String, Json>| input.remove("expectedVersion").as_ref().and_then(Json::as_i64).map(Expected::Version);
    if matches!(verb, Verb::Create | Verb::Upsert) && input.get("id").is_some_and(Json::is_null) {
        input.remove("id");
    }
    let action = if verb == Verb::Create {
        WriteAction::Create { body: input }
    } else if verb == Verb::Upsert {
        let by = input.remove("by").as_ref().and_then(Json::as_object).and_then(record_by);
        let by = by.ok_or_else(|| Error::internal("a coerced input without its key"))?;
        let mode = match input.remove("mode").as_ref().and_then(Json::as_str) {
            Some("CREATE_ONLY") => UpsertMode::CreateOnly,
            Some("UPDATE_ONLY") => UpsertMode::UpdateOnly,
            _ => UpsertMode::Upsert,
        };
        let expected = version(&mut input);
        WriteAction::Upsert { by, body: input, mode, expected }
    } else {
        let text = input.remove("id").as_ref().and_then(Json::as_str).map(str::to_owned).unwrap_or_default();
        let id = Id::parse(&text, &def.prefix).map_err(|_| {
            Error::new(
                ErrorCode::NotFound,
                format!("There is no {} with the id {text:?}. Ids of {} have the form {}_….", def.name, def.plural, def.prefix),
            )
        })?;
        let expected = version(&mut input);
        match verb {
            Verb::Update => WriteAction::Update { id, body: input, expected },
            Verb::Delete => WriteAction::Delete { id, expected },
            Verb::Erase => WriteAction::Erase { id, expected },
            _ => WriteAction::Restore { id, expected, merged: false },
        }
    };
    Ok(WriteRequest { def: def.clone(), action, idempotency })
}

/// The key, bound to the mutation and its coerced input.
fn bind(key: &str, def: &ResourceDef, verb: Verb, input: &Map<String, Json>) -> Result<Idempotency, Error> {
    bind_to(key, &format!("{}{}", verb.as_str(), def.type_name), input)
}

/// An idempotency key that may be absent, bound to an operation and its coerced input.
pub(super) fn bound_key(key: Option<&Json>, operation: &str, input: &Map<String, Json>) -> Result<Option<Idempotency>, Error> {
    key.and_then(Json::as_str).map(|key| bind_to(key, operation, input)).transpose()
}

fn bind_to(key: &str, operation: &str, input: &Map<String, Json>) -> Result<Idempotency, Error> {
    idempotency::bind(key, operation, &Json::Object(input.clone()))
        .map_err(|error| Error::validation(vec![FieldProblem::new("/idempotencyKey", ProblemCode::InvalidFormat, error.detail())]))
}

/// An error in terms of the input.
pub(super) struct UserError<'e> {
    field: Option<Vec<String>>,
    problem: Option<ProblemCode>,
    message: &'e str,
    error: &'e Error,
}

pub(super) fn user_errors(error: &Error) -> Vec<UserError<'_>> {
    if error.fields().is_empty() {
        return vec![UserError { field: None, problem: None, message: error.detail(), error }];
    }
    let of_field = |problem: &'_ FieldProblem| Some(path(&problem.pointer));
    error
        .fields()
        .iter()
        .map(|problem| UserError { field: of_field(problem), problem: Some(problem.code), message: &problem.detail, error })
        .collect()
}

/// `/amount/currency` → `["input", "amount", "currency"]`.
fn path(pointer: &str) -> Vec<String> {
    let parts = pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~"));
    std::iter::once("input".to_owned()).chain(parts).collect()
}

async fn payload(
    source: &dyn Source,
    context: &Context,
    field: &Collected,
    done: Option<(&WriteOutcome, &[Arc<Selection>])>,
    errors: &[UserError<'_>],
    changes: Option<&Json>,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let mut selections = done.iter().flat_map(|(_, selections)| selections.iter());
    out.push(b'{');
    for child in &field.children {
        write_key(&child.key, out);
        match (&child.what, done) {
            (What::Typename(json), _) => out.extend_from_slice(json.as_bytes()),
            (What::Role(Role::UserErrors), _) => write_user_errors(&child.children, errors, out),
            (What::Role(Role::Changes), _) => write_changes(&child.children, changes, out),
            (What::Role(Role::PayloadRecord), Some((outcome, _))) => {
                let start = out.len();
                let shown = match selections.next() {
                    Some(selection) => source.render(context, outcome, selection, out).await?,
                    None => false,
                };
                if !shown {
                    out.truncate(start);
                    out.extend_from_slice(b"null");
                }
            }
            (What::Role(Role::Revealed), Some((outcome, _))) => match &outcome.revealed {
                Some(secret) => write_text(secret, out),
                None => out.extend_from_slice(b"null"),
            },
            (What::Role(Role::Created), Some((outcome, _))) => out.extend_from_slice(if outcome.created { b"true" } else { b"false" }),
            (What::Role(Role::WrittenId), Some((outcome, _))) => write_text(&outcome.id.to_text(&outcome.def.prefix), out),
            _ => out.extend_from_slice(b"null"),
        }
    }
    out.push(b'}');
    Ok(())
}

/// What would change, or null.
pub(super) fn write_changes(fields: &[Collected], changes: Option<&Json>, out: &mut Vec<u8>) {
    let Some(changes) = changes.and_then(Json::as_array) else { return out.extend_from_slice(b"null") };
    out.push(b'[');
    for (index, change) in changes.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.push(b'{');
        for field in fields {
            write_key(&field.key, out);
            let name = match &field.what {
                What::Typename(json) => {
                    out.extend_from_slice(json.as_bytes());
                    continue;
                }
                What::Role(Role::ChangeEvent) => "event",
                What::Role(Role::ChangeId) => "id",
                What::Role(Role::ChangeVersion) => "version",
                _ => "fields",
            };
            out.extend_from_slice(change.get(name).unwrap_or(&Json::Null).to_string().as_bytes());
        }
        out.push(b'}');
    }
    out.push(b']');
}

pub(super) fn write_user_errors(fields: &[Collected], errors: &[UserError<'_>], out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, error) in errors.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.push(b'{');
        for field in fields {
            write_key(&field.key, out);
            let value = match field.what {
                What::Typename(ref json) => {
                    out.extend_from_slice(json.as_bytes());
                    continue;
                }
                What::Role(Role::ErrorField) => error.field.as_ref().map(|path| Json::from(path.clone())),
                What::Role(Role::ErrorCode) => Some(Json::from(error.error.code().as_str())),
                What::Role(Role::ErrorProblem) => error.problem.map(|code| Json::from(code.as_str())),
                What::Role(Role::ErrorMessage) => Some(Json::from(error.message)),
                What::Role(Role::ErrorCurrentVersion) => error.error.current_version().map(Json::from),
                What::Role(Role::ErrorExistingId) => error.error.existing_id().map(Json::from),
                What::Role(Role::ErrorLockedUntil) => error.error.locked_until().map(|until| Json::from(until.to_text())),
                What::Role(Role::ErrorLockedBy) => error.error.locked_by().map(Json::from),
                What::Role(Role::ErrorCandidateIds) if error.error.code() == ErrorCode::DuplicateFound => {
                    Some(Json::from(error.error.candidate_ids()))
                }
                _ => None,
            };
            out.extend_from_slice(value.unwrap_or(Json::Null).to_string().as_bytes());
        }
        out.push(b'}');
    }
    out.push(b']');
}
