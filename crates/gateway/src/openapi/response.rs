//! Answers that operations share: one for each status of an error, and the headers.

use clientela_kernel::{Error, ErrorCode};
use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{SchemaFormat, Type};
use utoipa::openapi::{ComponentsBuilder, ObjectBuilder, Ref};
use uuid::Uuid;

/// The errors of an operation, by status, with the component that describes each.
pub(super) const ERRORS: [(u16, &str); 13] = [
    (400, "BadRequest"),
    (401, "Unauthenticated"),
    (403, "Forbidden"),
    (404, "NotFound"),
    (409, "Conflict"),
    (410, "Gone"),
    (412, "PreconditionFailed"),
    (413, "PayloadTooLarge"),
    (415, "UnsupportedMediaType"),
    (422, "UnprocessableContent"),
    (429, "TooManyRequests"),
    (500, "InternalError"),
    (503, "Unavailable"),
];

/// Adds the shared answers and headers.
pub(super) fn add(mut components: ComponentsBuilder) -> ComponentsBuilder {
    for (status, name) in ERRORS {
        components = components.response(name, error(status));
    }
    for (name, header) in headers() {
        components = components.header(name.replace('-', ""), header);
    }
    components
}

/// A reference to the answer of an error status.
pub(super) fn of(status: u16) -> Option<Ref> {
    ERRORS.iter().find(|(other, _)| *other == status).map(|(_, name)| Ref::from_response_name(*name))
}

/// A reference to a shared header.
pub(super) fn header(name: &str) -> Ref {
    Ref::new(format!("#/components/headers/{}", name.replace('-', "")))
}

/// An answer that carries the header of every answer.
pub(super) fn base(description: impl Into<String>) -> ResponseBuilder {
    ResponseBuilder::new().description(description.into()).header_ref("X-Request-Id", header("X-Request-Id"))
}

/// Codes that REST operations answer with; the others belong to GraphQL.
fn codes(status: u16) -> impl Iterator<Item = ErrorCode> {
    let elsewhere = |code: &ErrorCode| {
        matches!(
            code,
            ErrorCode::GraphqlParseFailed | ErrorCode::GraphqlValidationFailed | ErrorCode::BadUserInput | ErrorCode::RouteNotFound
        )
    };
    ErrorCode::ALL.iter().copied().filter(move |code| code.status() == status && !elsewhere(code))
}

fn error(status: u16) -> Response {
    let lines = codes(status).map(|code| format!("\n- `{}`: {}", code.as_str(), code.meaning())).collect::<String>();
    let title = codes(status).next().map_or("Failed", ErrorCode::title);
    let example = codes(status).next().map(|code| {
        let mut example = crate::problem::body(&Error::new(code, code.meaning()), Uuid::nil(), "/v1/…");
        if let Some(id) = example.get_mut("requestId") {
            *id = json!("01890a5d-ac96-774b-bcce-b302099a8057");
        }
        example
    });
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).example(example).build();
    let mut response = base(format!("{title}.\n{lines}")).content(crate::problem::MEDIA_TYPE, content);
    if codes(status).any(|code| Error::new(code, "").retry_after().is_some()) {
        response = response.header_ref("Retry-After", header("Retry-After"));
    }
    if matches!(status, 401 | 403) {
        response = response.header_ref("WWW-Authenticate", header("WWW-Authenticate"));
    }
    response.build()
}

fn headers() -> [(&'static str, Header); 7] {
    let text = |description: &str, example: &str| {
        let schema = ObjectBuilder::new().schema_type(Type::String).examples([json!(example)]);
        HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
    };
    let uuid = ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::Custom("uuid".to_owned())));
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).examples([json!(1)]);
    [
        (
            "X-Request-Id",
            HeaderBuilder::new()
                .schema(Some(uuid))
                .description(Some("The request's id: yours where you sent a UUID, a new one otherwise."))
                .build(),
        ),
        ("Retry-After", HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds after which a retry makes sense.")).build()),
        ("ETag", text("The record's version in quotes. There where the whole record is shown.", "\"7\"")),
        ("Link", text("The next and the previous page (RFC 8288).", "</v1/accounts?after=x>; rel=\"next\"")),
        ("Location", text("The address of the record.", "/v1/accounts/acc_01h455vb4pex5vsknk084sn02q")),
        ("Idempotency-Replayed", text("`true` where this answers a repeated idempotency key.", "true")),
        ("WWW-Authenticate", text("What kind of credential is wanted (RFC 6750).", "Bearer realm=\"clientela\"")),
    ]
}
