//! The REST documentation: the OpenAPI document, the page that shows it, and the keys that verify tokens.

use super::{html, text};
use crate::GatewayState;
use crate::document::Document;
use axum::response::Response;
use http::{HeaderValue, header};
use serde_json::{Value as Json, json};
use std::sync::Arc;

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
    let whole = parsed(&document);
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
    let mut whole = parsed(&document);
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

/// What cannot be written is told where the document itself is asked for.
fn parsed(document: &Document) -> Json {
    document.text().ok().and_then(|text| serde_json::from_slice(text).ok()).unwrap_or_default()
}

fn tag(query: Option<&str>) -> String {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find(|(name, _)| name == "tag").map_or_else(|| FIRST.to_owned(), |(_, value)| value.into_owned())
}
