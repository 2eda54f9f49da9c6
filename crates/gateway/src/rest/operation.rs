//! Operations: `POST /v1/{resources}/{id}/{verb}`, or without the id where they are done with no record.

use super::call::{Bound, Call, Tenanted, json_answer};
use super::media::JSON;
use super::parameters::Parameters;
use super::{conditional, write};
use crate::GatewayState;
use crate::array::split_array;
use crate::idempotency;
use axum::response::Response;
use clientela_engine::operation::write_value;
use clientela_engine::{Engine, OperationRequest, ReadPlan, Root, Selection};
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, Result, TenantId, Value};
use clientela_model::{Content, Holds, OperationDef, ShapeDef};
use http::StatusCode;
use serde_json::Value as Json;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use uuid::Uuid;

/// An operation bound to its route. Made once at start.
pub(super) struct BoundOperation {
    resource: Arc<Bound>,
    def: Arc<OperationDef>,
}

impl Tenanted for BoundOperation {
    fn state(&self) -> &GatewayState {
        self.resource.state()
    }

    fn of(&self, tenant: TenantId, engine: Engine) -> Result<Arc<Self>> {
        Ok(Arc::new(BoundOperation { resource: self.resource.of(tenant, engine)?, def: Arc::clone(&self.def) }))
    }
}

/// The operations of a resource, with their addresses.
pub(super) fn of(bound: &Arc<Bound>) -> Vec<(String, Arc<BoundOperation>)> {
    let operations = bound.state.engine.registry().operations().iter().filter(|operation| operation.resource == bound.def.name);
    operations
        .map(|def| {
            let operation = BoundOperation { resource: Arc::clone(bound), def: Arc::clone(def) };
            (def.path(&bound.path), Arc::new(operation))
        })
        .collect()
}

/// Carries out an operation and shows what came of it.
pub(super) async fn operate(bound: Arc<BoundOperation>, call: Call) -> Result<Response> {
    let (def, resource) = (&bound.def, &bound.resource);
    let state = &resource.state;
    let context = call.context(state).await?;
    let known: &[&str] = if def.writes { &["dryRun"] } else { &[] };
    let dry_run = Parameters::parse(call.query(), known)?.flag("dryRun")?;
    let record = if def.is_on_record() { Some(call.id(resource)?) } else { None };
    let (headers, operation) = (call.parts.headers.clone(), write::operation(&call));
    let body = if def.input.fields.iter().any(clientela_model::ShapeField::required_on_input) {
        call.object(state, &[JSON]).await?
    } else {
        call.object_or_nothing(state).await?
    };
    let body = Json::Object(body);
    let idempotency = if def.writes {
        idempotency::from_headers(&headers, &operation, if def.confidential { &Json::Null } else { &body })?
    } else {
        None
    };
    let expected = match record {
        Some(id) if def.writes => write::expected(resource, &context, id, conditional::if_match(&headers)?, idempotency.is_some()).await?,
        _ => None,
    };
    let Json::Object(body) = body else { return Err(Error::internal("an object is no object any more")) };
    let request = OperationRequest { def: Arc::clone(def), record, body, expected, idempotency, dry_run };
    let outcome = state.engine.operate(&context, request).await?;
    let mut bytes = Vec::with_capacity(1024);
    let shown = Shown { engine: outcome.tried().unwrap_or(&state.engine), context: &context };
    let written = shown.shape(&def.output, &outcome.output, &mut bytes).await;
    let replayed = outcome.replayed;
    outcome.finish().await?;
    written?;
    let mut response = json_answer(StatusCode::OK, bytes);
    if replayed {
        response.headers_mut().insert(idempotency::IDEMPOTENCY_REPLAYED, idempotency::TRUE);
    }
    Ok(response)
}

/// Writes outputs, with their records as the caller may see them.
struct Shown<'a> {
    engine: &'a Engine,
    context: &'a Context,
}

impl Shown<'_> {
    fn shape<'b>(
        &'b self,
        shape: &'b ShapeDef,
        content: &'b [Content],
        out: &'b mut Vec<u8>,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'b>> {
        Box::pin(async move {
            out.push(b'{');
            for (index, (field, content)) in shape.fields.iter().zip(content).enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(Json::from(field.name.as_ref()).to_string().as_bytes());
                out.push(b':');
                self.field(&field.holds, content, out).await?;
            }
            out.push(b'}');
            Ok(())
        })
    }

    async fn field(&self, holds: &Holds, content: &Content, out: &mut Vec<u8>) -> Result<()> {
        match (holds, content) {
            (Holds::Value(definition), Content::Value(value)) => write_value(definition, value, out),
            (Holds::Values { item, .. }, Content::List(items)) => {
                open(out, items, |item_content, out| match item_content {
                    Content::Value(value) => write_value(item, value, out),
                    _ => out.extend_from_slice(b"null"),
                });
            }
            (Holds::Shape(shape), Content::Shape(fields)) => self.shape(shape, fields, out).await?,
            (Holds::Shapes { shape, .. }, Content::List(items)) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    match item {
                        Content::Shape(fields) => self.shape(shape, fields, out).await?,
                        _ => out.extend_from_slice(b"null"),
                    }
                }
                out.push(b']');
            }
            (Holds::Document { .. }, Content::Value(Value::Text(json))) => out.extend_from_slice(json.as_bytes()),
            (Holds::Record { resource }, Content::Value(Value::Id(id))) => self.record(resource, *id, out).await?,
            (Holds::Records { resource, .. }, Content::List(items)) => self.records(resource, items, out).await?,
            _ => out.extend_from_slice(b"null"),
        }
        Ok(())
    }

    async fn record(&self, resource: &str, id: Uuid, out: &mut Vec<u8>) -> Result<()> {
        let (start, selection) = (out.len(), Arc::new(Selection::whole(self.def(resource)?)));
        let found = self.read(resource, Root::Record { id, deleted: DeletedMode::Include, selection }, out).await?;
        if !found {
            out.truncate(start);
            out.extend_from_slice(b"null");
        }
        Ok(())
    }

    async fn records(&self, resource: &str, items: &[Content], out: &mut Vec<u8>) -> Result<()> {
        let ids: Vec<Uuid> = items.iter().filter_map(|item| item.clone().into_value()?.as_id()).collect();
        let mut text = Vec::new();
        if !ids.is_empty() {
            self.read(resource, Root::Records { ids, selection: Selection::whole(self.def(resource)?) }, &mut text).await?;
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
    async fn read(&self, resource: &str, root: Root, out: &mut Vec<u8>) -> Result<bool> {
        let plan = ReadPlan { def: Arc::clone(self.def(resource)?), root };
        match self.engine.read(self.context, &plan, out).await {
            Ok(answer) => Ok(answer.found),
            Err(error) if error.code() == ErrorCode::Forbidden => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn def(&self, resource: &str) -> Result<&Arc<clientela_model::ResourceDef>> {
        let def = self.engine.registry().resource(resource);
        def.ok_or_else(|| Error::internal(format!("no resource is called {resource}")))
    }
}

fn open(out: &mut Vec<u8>, items: &[Content], write: impl Fn(&Content, &mut Vec<u8>)) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}
