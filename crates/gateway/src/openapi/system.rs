//! Operations that belong to no resource.

use super::operation::{answer, authenticated, by_oauth, errors};
use super::response;
use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::schema::{AdditionalProperties, SchemaType, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ArrayBuilder, ComponentsBuilder, ObjectBuilder, Ref, Required};

/// The tag of these operations.
pub(super) const TAG: &str = "System";

/// Adds schemas and paths.
pub(super) fn add(components: ComponentsBuilder, paths: PathsBuilder) -> (ComponentsBuilder, PathsBuilder) {
    let components = components
        .schema("Me", me())
        .schema("Limits", limits())
        .schema("Health", health())
        .schema("ProblemType", problem_type())
        .schema("ProblemTypes", ArrayBuilder::new().items(Ref::from_schema_name("ProblemType")).description(Some("Every code.")))
        .schema("KeySet", key_set());
    let paths = paths
        .path(
            "/v1/me",
            private(
                "getMe",
                "Who am I",
                "Shows who the credential belongs to, in which tenant, and what it allows.",
                "Me",
                &[400, 401, 500, 503],
            ),
        )
        .path(
            "/v1/limits",
            private("getLimits", "Read the limits", "Shows the limits in force: sizes, pages, depths.", "Limits", &[400, 401, 500, 503]),
        )
        .path("/livez", public("getLiveness", "Is the server alive", "Answers 200 as long as the process serves requests.", "Health", &[]))
        .path(
            "/readyz",
            public(
                "getReadiness",
                "Can the server serve",
                "Answers 200 when the database answers and its schema is the one this program needs. With `verbose`, shows facts.",
                "Health",
                &[400, 503],
            ),
        )
        .path("/metrics", metrics_path())
        .path(
            "/problems",
            public(
                "listProblemTypes",
                "List the error codes",
                "Lists every error code with its meaning. HTML where you accept that first.",
                "ProblemTypes",
                &[],
            ),
        )
        .path("/problems/{code}", problem_path())
        .path(
            "/.well-known/jwks.json",
            public(
                "getKeySet",
                "Read the signing keys",
                "The public keys that verify access tokens, as a JSON Web Key Set (RFC 7517).",
                "KeySet",
                &[],
            ),
        )
        .path("/openapi.json", openapi_path())
        .path("/asyncapi.json", asyncapi_path());
    (components, paths)
}

fn base(name: &str, summary: &str, description: &str) -> OperationBuilder {
    OperationBuilder::new().operation_id(Some(name)).summary(Some(summary)).description(Some(description)).tag(TAG)
}

pub(super) fn nobody() -> Option<[SecurityRequirement; 0]> {
    Some([])
}

fn private(name: &str, summary: &str, description: &str, schema: &str, failures: &[u16]) -> PathItem {
    let operation = base(name, summary, description)
        .security(authenticated())
        .security(by_oauth())
        .response("200", answer(format!("{summary}."), schema.to_owned()));
    PathItem::new(HttpMethod::Get, errors(operation, failures))
}

fn public(name: &str, summary: &str, description: &str, schema: &str, failures: &[u16]) -> PathItem {
    let operation = base(name, summary, description).securities(nobody()).response("200", answer(format!("{summary}."), schema.to_owned()));
    let operation = if name == "getReadiness" { operation.parameter(verbose()) } else { operation };
    PathItem::new(HttpMethod::Get, errors(operation, failures))
}

fn verbose() -> ParameterBuilder {
    let flag = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["", "true", "false"]));
    ParameterBuilder::new()
        .name("verbose")
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some("Show facts about the server."))
        .schema(Some(flag))
}

fn problem_path() -> PathItem {
    let code = ObjectBuilder::new().schema_type(Type::String).examples([json!("NOT_FOUND")]);
    let code = ParameterBuilder::new()
        .name("code")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("An error code, or the code of a field problem."))
        .schema(Some(code));
    let operation = base(
        "getProblemType",
        "Explain an error code",
        "Explains one code: meaning, status, what to do. HTML where you accept that first.",
    )
    .securities(nobody())
    .parameter(code)
    .response("200", answer("The code.".to_owned(), "ProblemType".to_owned()));
    PathItem::new(HttpMethod::Get, errors(operation, &[404]))
}

fn metrics_path() -> PathItem {
    let figures = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("Figures in Prometheus' text format."))
        .examples([json!("# TYPE http_server_active_requests gauge\nhttp_server_active_requests 1\n")]);
    let content = ContentBuilder::new().schema(Some(figures)).build();
    let operation = base(
        "getMetrics",
        "Read the figures",
        "Shows requests, durations and what the database is busy with, for Prometheus. Nothing of any tenant. Open to the server's own machine alone; from \
         elsewhere, and through a proxy, with the token of the setting `metrics_token` as `Authorization: Bearer …`.",
    )
    .securities(nobody())
    .response("200", response::base("The figures.").content("text/plain", content).build());
    PathItem::new(HttpMethod::Get, errors(operation, &[401, 403]))
}

fn openapi_path() -> PathItem {
    let any = ObjectBuilder::new()
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .description(Some("An OpenAPI 3.1 document."));
    let document = response::base("This document.").content("application/json", ContentBuilder::new().schema(Some(any)).build());
    let operation = base("getOpenApi", "Read this document", "This document, with an `ETag` for `If-None-Match`.")
        .securities(nobody())
        .parameter_ref(super::parameter::shared("IfNoneMatch"))
        .response("200", document.header_ref("ETag", response::header("ETag")))
        .response("304", response::base("The document has not changed.").header_ref("ETag", response::header("ETag")));
    PathItem::new(HttpMethod::Get, errors(operation, &[400]))
}

fn asyncapi_path() -> PathItem {
    let any = ObjectBuilder::new()
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .description(Some("An AsyncAPI 3.0 document."));
    let document = response::base("The document.").content("application/json", ContentBuilder::new().schema(Some(any)).build());
    let text = "Every event that a webhook endpoint can hear of, with what is sent, as AsyncAPI 3.0, with an `ETag` for `If-None-Match`. Whoever sends a credential finds the tenant's own objects in it.";
    let operation = base("getAsyncApi", "Read the events", text)
        .securities(nobody())
        .parameter_ref(super::parameter::shared("IfNoneMatch"))
        .response("200", document.header_ref("ETag", response::header("ETag")))
        .response("304", response::base("The document has not changed.").header_ref("ETag", response::header("ETag")));
    PathItem::new(HttpMethod::Get, errors(operation, &[400]))
}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

fn number(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).description(Some(description))
}

/// An object whose members are always there.
fn object(description: &str, members: Vec<(&str, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) -> ObjectBuilder {
    members
        .into_iter()
        .fold(ObjectBuilder::new().description(Some(description)), |schema, (name, member)| schema.property(name, member).required(name))
}

fn me() -> ObjectBuilder {
    let actor = object(
        "The principal behind the credential.",
        vec![
            (
                "kind",
                text("A person, an API key, a token for one purpose, or the server itself.")
                    .enum_values(Some(["USER", "API_KEY", "TOKEN", "SYSTEM"]))
                    .into(),
            ),
            ("id", text("The principal's id: `usr_…`, `key_…`, `spt_…` or `sys_…`.").into()),
        ],
    );
    let scopes = ArrayBuilder::new()
        .items(
            text("A scope: `read`, `write`, `sensitive`, or one of a single resource such as `accounts:read`.").examples([json!("read")]),
        )
        .description(Some("What the credential allows."));
    let belongs_to = ArrayBuilder::new().items(text("An id such as `acc_…` or `con_…`.")).description(Some(
        "The records to which a principal from outside belongs: it reaches what concerns them. Empty for the tenant's own.",
    ));
    let client = text("The client program, as the credential names it.").schema_type(SchemaType::from_iter([Type::String, Type::Null]));
    object(
        "Who the credential belongs to.",
        vec![
            ("tenantId", text("The tenant.").into()),
            ("actor", actor.into()),
            (
                "audience",
                text("Where the principal comes from: one of the tenant's own people or programs, a customer's, a partner's, or whoever holds a token.")
                    .enum_values(Some(["STAFF", "PORTAL", "PARTNER", "TOKEN"]))
                    .into(),
            ),
            ("belongsTo", belongs_to.into()),
            ("client", client.into()),
            ("scopes", scopes.into()),
            ("timeZone", text("The caller's IANA time zone, for relative dates.").into()),
        ],
    )
}

fn limits() -> ObjectBuilder {
    let page =
        object("Page sizes.", vec![("default", number("Where no limit is given.").into()), ("maximum", number("The greatest.").into())]);
    let expand = object(
        "Limits of expand and fields.",
        vec![
            ("relations", number("Most relations at once.").into()),
            ("depth", number("Deepest path.").into()),
            ("records", number("Records an expanded to-many relation shows.").into()),
        ],
    );
    let aggregate = object(
        "Limits of aggregates.",
        vec![
            ("keys", number("Most keys of the groups.").into()),
            ("measures", number("Most figures.").into()),
            ("groups", number("Most groups, over all pages.").into()),
        ],
    );
    let batch = object(
        "Limits of many writes in one call.",
        vec![
            ("rows", number("Most rows of a batch.").into()),
            ("operations", number("Most operations of a transaction.").into()),
            ("bodyBytes", number("Greatest size of the body of either.").into()),
            ("bulkRecords", number("Most records that one change by filter reaches.").into()),
        ],
    );
    let types = ArrayBuilder::new()
        .items(text("A media type, or all of a kind: `image/*`."))
        .description(Some("The media types that are taken; all where empty."));
    let file = object("Limits of files.", vec![("bytes", number("Greatest size of a file.").into()), ("mediaTypes", types.into())]);
    object(
        "The limits in force.",
        vec![
            ("bodyBytes", number("Greatest size of a request body.").into()),
            ("jsonDepth", number("Greatest nesting of a JSON body.").into()),
            ("batch", batch.into()),
            ("requestSeconds", number("Longest time a request may take.").into()),
            ("page", page.into()),
            ("expand", expand.into()),
            ("aggregate", aggregate.into()),
            ("file", file.into()),
            ("idempotencyKeyCharacters", number("Greatest length of an idempotency key.").into()),
        ],
    )
}

fn health() -> ObjectBuilder {
    let facts = ObjectBuilder::new()
        .additional_properties(Some(AdditionalProperties::RefOr(text("A fact.").into())))
        .description(Some("Facts, with `verbose`."));
    object("How the server is.", vec![("status", text("`alive` or `ready`.").enum_values(Some(["alive", "ready"])).into())])
        .property("facts", facts)
}

fn problem_type() -> ObjectBuilder {
    object(
        "What a code means.",
        vec![
            ("code", text("The code.").into()),
            (
                "kind",
                text("Whether it stands in `code` of a problem or of one of its `errors`.").enum_values(Some(["PROBLEM", "FIELD"])).into(),
            ),
            ("title", text("A short title.").into()),
            ("meaning", text("What it means.").into()),
        ],
    )
    .property("status", number("The HTTP status; absent for field problems."))
    .property("advice", text("What to do; absent for field problems."))
}

fn key_set() -> ObjectBuilder {
    let key = ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(true))).description(Some("A JSON Web Key."));
    object("A JSON Web Key Set (RFC 7517).", vec![("keys", ArrayBuilder::new().items(key).description(Some("The keys.")).into())])
}
