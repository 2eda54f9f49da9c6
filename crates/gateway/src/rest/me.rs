//! Who am I, and what limits hold: `GET /v1/me`, `GET /v1/limits`.

use super::call::{Call, json_answer};
use super::parameters::Parameters;
use crate::{GatewayState, idempotency};
use axum::response::Response;
use clientela_engine::{aggregate, batch};
use clientela_kernel::{ActorKind, Context, Id, PageArguments, RecordKey, Result};
use http::StatusCode;
use serde_json::json;
use std::sync::Arc;

/// `GET /v1/me`.
pub(super) async fn me(state: Arc<GatewayState>, call: Call) -> Result<Response> {
    let context = call.context(&state).await?;
    Parameters::parse(call.query(), &[])?;
    let kind = match context.actor.kind {
        ActorKind::User => "USER",
        ActorKind::ApiKey => "API_KEY",
        ActorKind::Token => "TOKEN",
        ActorKind::System => "SYSTEM",
    };
    let text = context.scopes.to_text();
    let scopes: Vec<&str> = text.split_whitespace().collect();
    let body = json!({
        "tenantId": context.tenant.to_string(),
        "actor": { "kind": kind, "id": context.actor.to_text() },
        "audience": context.audience().map_or("STAFF", |audience| audience.kind.name()),
        "belongsTo": belongs_to(&state, &context),
        "client": context.client,
        "scopes": scopes,
        "timeZone": context.zone.name(),
    });
    Ok(json_answer(StatusCode::OK, body.to_string().into_bytes()))
}

/// The ids of what a principal from outside belongs to.
fn belongs_to(state: &GatewayState, context: &Context) -> Vec<String> {
    let records = context.audience().into_iter().flat_map(|audience| audience.records.iter());
    let id = |record: &RecordKey| state.engine.registry().resource(&record.resource).map(|def| Id(record.id).to_text(&def.prefix));
    records.filter_map(id).collect()
}

/// `GET /v1/limits`.
pub(super) async fn limits(state: Arc<GatewayState>, call: Call) -> Result<Response> {
    call.context(&state).await?;
    Parameters::parse(call.query(), &[])?;
    let (limits, file) = (&state.limits, state.engine.file_limits());
    let body = json!({
        "bodyBytes": limits.body_bytes,
        "jsonDepth": limits.json_depth,
        "batch": { "rows": batch::MAXIMUM_ROWS, "operations": batch::MAXIMUM_OPERATIONS, "bodyBytes": limits.batch_bytes, "bulkRecords": batch::MAXIMUM_BULK },
        "contentBytes": limits.content_bytes,
        "requestSeconds": limits.request_timeout.as_secs(),
        "page": { "default": PageArguments::DEFAULT_LIMIT, "maximum": PageArguments::MAXIMUM_LIMIT },
        "expand": { "relations": limits.expand_paths, "depth": limits.path_depth, "records": limits.expanded_records },
        "aggregate": { "keys": aggregate::MAXIMUM_KEYS, "measures": aggregate::MAXIMUM_MEASURES, "groups": aggregate::MAXIMUM_GROUPS },
        "file": { "bytes": file.bytes, "mediaTypes": file.media_types },
        "idempotencyKeyCharacters": idempotency::LONGEST,
    });
    Ok(json_answer(StatusCode::OK, body.to_string().into_bytes()))
}
