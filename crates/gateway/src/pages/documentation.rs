//! The REST documentation: the OpenAPI document, the page that shows it, and the keys that verify tokens.

use super::{html, text};
use crate::{GatewayState, openapi};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::sync::{Arc, OnceLock};

/// The OpenAPI document, written when somebody first asks for it: a server that nobody asks need not carry it.
pub(super) struct Document {
    state: Arc<GatewayState>,
    written: OnceLock<Written>,
}

struct Written {
    text: Bytes,
    tag: HeaderValue,
}

impl Document {
    /// The document of the state's registry.
    pub(super) fn new(state: &Arc<GatewayState>) -> Self {
        Document { state: Arc::clone(state), written: OnceLock::new() }
    }

    fn written(&self) -> &Written {
        self.written.get_or_init(|| {
            let text = openapi::text(self.state.engine.registry()).unwrap_or_else(|error| {
                tracing::error!(%error, "the OpenAPI document cannot be written");
                String::new()
            });
            let digest: String = Sha256::digest(&text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            Written { text: text.into(), tag: HeaderValue::try_from(format!("\"{digest}\"")).unwrap_or(HeaderValue::from_static("\"0\"")) }
        })
    }

    fn parsed(&self) -> Json {
        serde_json::from_slice(&self.written().text).unwrap_or_default()
    }
}

/// `GET /openapi.json`.
pub(super) async fn openapi(document: Arc<Document>, headers: HeaderMap) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or("");
    let Written { text: body, tag: ours } = document.written();
    let tag = ours.to_str().unwrap_or("");
    let mut response = text("application/json", body.clone());
    if known.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|known| known == "*" || known == tag) {
        response = Response::new(axum::body::Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    response.headers_mut().insert(header::ETAG, ours.clone());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// `GET /.well-known/jwks.json`.
pub(super) async fn key_set(state: Arc<GatewayState>) -> Response {
    let mut response = text("application/json", state.authenticator.key_set());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

/// Redoc makes style elements and a worker for its search; all it loads comes from here.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; font-src data:; connect-src 'self'; \
     worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// What is not shown: their bodies hold whatever other operations take, again for each resource, and unfolded that is more than a
/// browser bears. The document itself has them, and its prose tells of them.
const MANY: [&str; 4] = ["/batch", "/bulk-update", "/aggregate", "/transactions"];

/// What is shown first.
const FIRST: &str = "Accounts";

/// `GET /docs`: what can be done with one kind of record, and the way to the others. All of it on one page is more than a browser bears.
pub(super) async fn page(document: Arc<Document>, query: Option<String>) -> Response {
    let wanted = tag(query.as_deref());
    let whole = document.parsed();
    let names = whole.get("tags").and_then(Json::as_array).into_iter().flatten().filter_map(|tag| tag.get("name").and_then(Json::as_str));
    let address = |name: &str| form_urlencoded::Serializer::new(String::new()).append_pair("tag", name).finish();
    let link = |name: &str| {
        let current = if name == wanted { " aria-current=\"page\"" } else { "" };
        format!("<a href=\"/docs?{}\"{current}>{}</a> ", address(name), html::escape(name))
    };
    let links: String = names.map(link).collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
<title>Clientela REST</title><style>body{{margin:0;font-family:sans-serif}}nav{{padding:12px 20px;line-height:1.8}}nav a{{margin-right:10px}}\
nav a[aria-current]{{font-weight:bold}}</style></head><body><nav>{links}<br>Many writes at once and aggregates: see <a href=\"/openapi.json\">openapi.json</a>.</nav>\
<redoc spec-url=\"/docs/part.json?{}\" json-sample-expand-level=\"2\"></redoc>\
<script src=\"/docs/redoc.js\"></script></body></html>",
        address(&wanted)
    );
    let mut response = text("text/html; charset=utf-8", page);
    html::secure(&mut response, POLICY);
    response
}

/// `GET /docs/part.json`: the document with the operations of one tag.
pub(super) async fn part(document: Arc<Document>, query: Option<String>) -> Response {
    let wanted = tag(query.as_deref());
    let mut whole = document.parsed();
    if let Some(paths) = whole.get_mut("paths").and_then(Json::as_object_mut) {
        paths.retain(|path, item| {
            if MANY.iter().any(|end| path.ends_with(end)) {
                return false;
            }
            let tags = item.as_object().into_iter().flatten().filter_map(|(_, operation)| operation.get("tags")?.as_array());
            tags.flatten().any(|tag| tag.as_str() == Some(&wanted))
        });
    }
    // Filters lead from each resource to every other, and a page that unfolds them has no end.
    for (name, schema) in whole.pointer_mut("/components/schemas").and_then(Json::as_object_mut).into_iter().flatten() {
        if name.ends_with("Filter") {
            *schema = json!({"type": "object", "description": "A filter tree over these records; see *Filters* above."});
        } else if let Some(properties) =
            schema.get_mut("properties").and_then(Json::as_object_mut).filter(|all| all.contains_key("version"))
        {
            // So do the relations that `expand` adds to a record.
            properties.retain(|_, property| !property.to_string().contains("\"#/components/schemas/") || property.get("type").is_some());
        }
    }
    text("application/json", whole.to_string())
}

fn tag(query: Option<&str>) -> String {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find(|(name, _)| name == "tag").map_or_else(|| FIRST.to_owned(), |(_, value)| value.into_owned())
}
