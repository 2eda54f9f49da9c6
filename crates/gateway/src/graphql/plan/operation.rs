//! Operations: carried out by the engine, their outputs written in the shape of the selection, records in them read by plan.

use super::answer::{Notes, write_key};
use super::build::{Builder, misplaced, money_parts};
use super::collect::{Collected, What};
use super::mutation::{user_errors, write_user_errors};
use super::problem::Problem;
use super::{Run, Source};
use crate::array::split_array;
use crate::graphql::schema::types::Role;
use crate::idempotency;
use clientela_engine::operation::write_value;
use clientela_engine::plan::MoneyPart;
use clientela_engine::{Expected, OperationRequest, ReadPlan, Root, Selection};
use clientela_kernel::error::GraphqlPlace;
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, FieldProblem, Id, ProblemCode, Value};
use clientela_model::{Content, FieldDef, FieldType, Holds, OperationDef, ResourceDef, ShapeDef};
use serde_json::{Map, Value as Json};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use uuid::Uuid;

/// An operation that is asked for, decoded.
pub(super) struct Ask<'f> {
    def: Arc<OperationDef>,
    input: Map<String, Json>,
    parts: Vec<Part<'f>>,
    /// What reading the records of its output may cost.
    pub(super) cost: u64,
    field: &'f Collected,
}

/// A member of the answer.
struct Part<'f> {
    key: &'f str,
    shows: Shows<'f>,
}

/// What stands there; the number is the field's place in its shape.
enum Shows<'f> {
    Constant(&'f str),
    Errors(&'f [Collected]),
    Value(usize, Box<FieldDef>),
    Money(usize, Vec<(Box<str>, MoneyPart)>),
    Shape(usize, Vec<Part<'f>>),
    Record(usize, Arc<ResourceDef>, Arc<Selection>),
    Document(usize),
}

/// Decodes a field that is an operation; none where it is none.
pub(super) fn decode<'f>(builder: &Builder<'_>, field: &'f Collected) -> Result<Option<Ask<'f>>, Problem> {
    let What::Role(Role::Operation(index)) = field.what else { return Ok(None) };
    let registry = &builder.types.registry;
    let def = registry.operations().get(index).ok_or_else(|| misplaced(field))?;
    let input = field.input(builder.types, builder.variables)?;
    let mut cost = 0;
    let parts = parts(builder, &def.output, &field.children, &mut cost)?;
    Ok(Some(Ask { def: Arc::clone(def), input, parts, cost, field }))
}

fn parts<'f>(builder: &Builder<'_>, shape: &ShapeDef, fields: &'f [Collected], cost: &mut u64) -> Result<Vec<Part<'f>>, Problem> {
    let part = |field: &'f Collected| {
        let shows = match &field.what {
            What::Typename(json) => Shows::Constant(json),
            What::Role(Role::UserErrors) => Shows::Errors(&field.children),
            What::Role(Role::Part(index)) => {
                let holds = &shape.fields.get(*index).ok_or_else(|| misplaced(field))?.holds;
                match holds {
                    Holds::Value(definition) | Holds::Values { item: definition, .. } => match definition.kind {
                        FieldType::Money => Shows::Money(*index, money_parts(&field.children)?),
                        _ => Shows::Value(*index, Box::new(definition.clone())),
                    },
                    Holds::Document { .. } => Shows::Document(*index),
                    Holds::Shape(shape) | Holds::Shapes { shape, .. } => {
                        Shows::Shape(*index, parts(builder, shape, &field.children, cost)?)
                    }
                    Holds::Record { resource } | Holds::Records { resource, .. } => {
                        let def = builder.types.registry.resource(resource).ok_or_else(|| misplaced(field))?;
                        let selection = Arc::new(builder.selection(def, &field.children)?);
                        let root = Root::Record { id: Uuid::nil(), deleted: DeletedMode::Include, selection: Arc::clone(&selection) };
                        let plan = ReadPlan { def: Arc::clone(def), root };
                        let one = builder.source.cost(&plan).map_err(|error| Problem::field(error, field.position))?;
                        let most = if let Holds::Records { most, .. } = holds { u64::try_from(*most).unwrap_or(u64::MAX) } else { 1 };
                        *cost = cost.saturating_add(one.saturating_mul(most));
                        Shows::Record(*index, Arc::clone(def), selection)
                    }
                }
            }
            _ => return Err(misplaced(field)),
        };
        Ok(Part { key: &field.key, shows })
    };
    fields.iter().map(part).collect()
}

/// Carries out an operation. Where it writes, what the caller can cure stands in its payload.
pub(super) async fn carry_out(
    run: &Run<'_>,
    context: &Context,
    ask: &Ask<'_>,
    out: &mut Vec<u8>,
    notes: &mut Notes,
) -> Result<(), Problem> {
    let at = |error: Error| Problem::field(error, ask.field.position);
    let registry = &run.preparer.types.registry;
    let resource = registry.resource(&ask.def.resource).ok_or_else(|| misplaced(ask.field))?;
    let outcome = match request(&ask.def, resource, ask.input.clone()) {
        Ok(request) => run.source.operate(context, request).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(outcome) => {
            notes.replayed |= outcome.replayed;
            let source: &dyn Source = match outcome.tried() {
                Some(engine) => engine,
                None => run.source,
            };
            let written = Writer { source, context, error: None }.parts(&ask.parts, &outcome.output, out).await;
            let finished = outcome.finish().await;
            written.and(finished).map_err(at)
        }
        Err(error) if ask.def.writes && error.code().graphql_place() == GraphqlPlace::UserErrors => {
            Writer { source: run.source, context, error: Some(&error) }.parts(&ask.parts, &[], out).await.map_err(at)
        }
        Err(error) => Err(at(error)),
    }
}

fn request(def: &Arc<OperationDef>, resource: &ResourceDef, mut body: Map<String, Json>) -> Result<OperationRequest, Error> {
    let dry_run = body.remove("dryRun").as_ref().and_then(Json::as_bool).unwrap_or(false);
    let key = body.remove("idempotencyKey").filter(|key| !key.is_null());
    let idempotency = match key.as_ref().and_then(Json::as_str) {
        Some(key) => {
            let shown = if def.confidential { Json::Null } else { Json::Object(body.clone()) };
            let bound = idempotency::bind(key, &def.name, &shown);
            let problem = |error: Error| FieldProblem::new("/idempotencyKey", ProblemCode::InvalidFormat, error.detail());
            Some(bound.map_err(|error| Error::validation(vec![problem(error)]))?)
        }
        None => None,
    };
    let mut expected = None;
    let record = if def.is_on_record() {
        expected = body.remove("expectedVersion").as_ref().and_then(Json::as_i64).map(Expected::Version);
        let text = body.remove("id").as_ref().and_then(Json::as_str).map(str::to_owned).unwrap_or_default();
        let id = Id::parse(&text, &resource.prefix).map_err(|_| {
            let text = format!(
                "There is no {} with the id {text:?}. Ids of {} have the form {}_….",
                resource.name, resource.plural, resource.prefix
            );
            Error::new(ErrorCode::NotFound, text)
        })?;
        Some(id)
    } else {
        None
    };
    Ok(OperationRequest { def: Arc::clone(def), record, body, expected, idempotency, dry_run })
}

/// Writes an output, or the errors in its stead.
struct Writer<'a> {
    source: &'a dyn Source,
    context: &'a Context,
    error: Option<&'a Error>,
}

impl Writer<'_> {
    fn parts<'b>(
        &'b self,
        parts: &'b [Part<'_>],
        content: &'b [Content],
        out: &'b mut Vec<u8>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'b>> {
        Box::pin(async move {
            out.push(b'{');
            for part in parts {
                write_key(part.key, out);
                match &part.shows {
                    Shows::Constant(json) => out.extend_from_slice(json.as_bytes()),
                    Shows::Errors(fields) => {
                        let errors = self.error.map(user_errors).unwrap_or_default();
                        write_user_errors(fields, &errors, out);
                    }
                    Shows::Value(index, _)
                    | Shows::Money(index, _)
                    | Shows::Shape(index, _)
                    | Shows::Record(index, ..)
                    | Shows::Document(index) => match (content.get(*index), &part.shows) {
                        (None | Some(Content::Value(Value::Null)), _) => out.extend_from_slice(b"null"),
                        (Some(Content::List(items)), Shows::Record(_, def, selection)) => {
                            self.records(def, selection, items, out).await?;
                        }
                        (Some(Content::List(items)), shows) => {
                            out.push(b'[');
                            for (index, item) in items.iter().enumerate() {
                                if index > 0 {
                                    out.push(b',');
                                }
                                self.one(shows, item, out).await?;
                            }
                            out.push(b']');
                        }
                        (Some(content), shows) => self.one(shows, content, out).await?,
                    },
                }
            }
            out.push(b'}');
            Ok(())
        })
    }

    async fn one(&self, shows: &Shows<'_>, content: &Content, out: &mut Vec<u8>) -> Result<(), Error> {
        match (shows, content) {
            (Shows::Money(_, parts), Content::Value(Value::Money(money))) => {
                out.push(b'{');
                for (key, part) in parts {
                    write_key(key, out);
                    match part {
                        MoneyPart::Constant(json) => out.extend_from_slice(json.as_bytes()),
                        MoneyPart::Amount => {
                            out.push(b'"');
                            money.write_amount(out);
                            out.push(b'"');
                        }
                        MoneyPart::Currency => out.extend_from_slice(Json::from(money.currency.code()).to_string().as_bytes()),
                    }
                }
                out.push(b'}');
            }
            (Shows::Document(_), Content::Value(Value::Text(json))) => out.extend_from_slice(json.as_bytes()),
            (Shows::Value(_, definition), Content::Value(value)) => write_value(definition, value, out),
            (Shows::Shape(_, parts), Content::Shape(fields)) => self.parts(parts, fields, out).await?,
            (Shows::Record(_, def, selection), Content::Value(Value::Id(id))) => {
                let root = Root::Record { id: *id, deleted: DeletedMode::Include, selection: Arc::clone(selection) };
                let start = out.len();
                if !self.read(def, root, out).await? {
                    out.truncate(start);
                    out.extend_from_slice(b"null");
                }
            }
            _ => out.extend_from_slice(b"null"),
        }
        Ok(())
    }

    /// Those that the caller may see.
    async fn records(&self, def: &Arc<ResourceDef>, selection: &Selection, items: &[Content], out: &mut Vec<u8>) -> Result<(), Error> {
        let ids: Vec<Uuid> = items.iter().filter_map(|item| item.clone().into_value()?.as_id()).collect();
        let mut text = Vec::new();
        if !ids.is_empty() {
            self.read(def, Root::Records { ids, selection: selection.clone() }, &mut text).await?;
        }
        out.push(b'[');
        for (index, record) in split_array(&text).into_iter().filter(|record| *record != b"null").enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(record);
        }
        out.push(b']');
        Ok(())
    }

    /// Reads; not found as well where the caller may read no such records at all.
    async fn read(&self, def: &Arc<ResourceDef>, root: Root, out: &mut Vec<u8>) -> Result<bool, Error> {
        match self.source.read(self.context, &ReadPlan { def: Arc::clone(def), root }, out).await {
            Err(error) if error.code() == ErrorCode::Forbidden => Ok(false),
            outcome => outcome,
        }
    }
}
