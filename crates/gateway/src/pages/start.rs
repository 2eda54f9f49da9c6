//! `/`: everything this server offers.

use super::html;
use axum::response::Response;

const BODY: &str = "<p>A headless CRM: every resource over GraphQL and REST, from the same definitions.</p>\
<table>\
<tr><td><a href=\"/graphiql\">/graphiql</a></td><td>Try GraphQL in the browser</td></tr>\
<tr><td><a href=\"/docs\">/docs</a></td><td>The REST documentation</td></tr>\
<tr><td><code>/graphql</code></td><td>GraphQL over HTTP</td></tr>\
<tr><td><code>/v1/…</code></td><td>REST, such as <code>/v1/accounts</code></td></tr>\
<tr><td><a href=\"/schema.graphql\">/schema.graphql</a></td><td>The GraphQL schema</td></tr>\
<tr><td><a href=\"/openapi.json\">/openapi.json</a></td><td>The REST contract, OpenAPI 3.1</td></tr>\
<tr><td><a href=\"/asyncapi.json\">/asyncapi.json</a></td><td>The events that webhooks tell, AsyncAPI 3.0</td></tr>\
<tr><td><a href=\"/problems\">/problems</a></td><td>Every error code, with what to do</td></tr>\
<tr><td><code>/v1/me</code>, <code>/v1/limits</code></td><td>Who am I, which limits hold</td></tr>\
<tr><td><a href=\"/livez\">/livez</a>, <a href=\"/readyz?verbose\">/readyz</a></td><td>Health</td></tr>\
<tr><td><a href=\"/.well-known/jwks.json\">/.well-known/jwks.json</a></td><td>Keys that verify access tokens</td></tr>\
</table>\
<p>Both APIs want <code>Authorization: Bearer &lt;token&gt;</code>; <code>clientela token</code> makes one.</p>";

/// The page.
pub(super) async fn page() -> Response {
    html::page("Clientela", BODY)
}
