//! `POST /v1/inbox/{source}`.

use super::operation::{answer, errors};
use super::response;
use crate::inbox::PATH;
use clientela_model::Registry;
use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{AdditionalProperties, Type};
use utoipa::openapi::{ComponentsBuilder, ObjectBuilder, Required};

/// The resource of the addresses that events are sent to.
const SOURCE: &str = "inboxSource";

/// Adds the schema and the path, where there are sources.
pub(super) fn add(components: ComponentsBuilder, paths: PathsBuilder, registry: &Registry) -> (ComponentsBuilder, PathsBuilder) {
    let Some(def) = registry.resource(SOURCE) else { return (components, paths) };
    let id = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("The id of the event that is kept."))
        .examples([json!("ine_01h455vb4pex5vsknk084sn02q")]);
    let replayed =
        ObjectBuilder::new().schema_type(Type::Boolean).description(Some("Whether the event was there before: nothing is done twice."));
    let receipt = ObjectBuilder::new()
        .description(Some("What is kept of an event."))
        .property("id", id)
        .required("id")
        .property("replayed", replayed)
        .required("replayed");
    let source = ObjectBuilder::new().schema_type(Type::String).examples([json!(format!("{}_01h455vb4pex5vsknk084sn02q", def.prefix))]);
    let source = ParameterBuilder::new()
        .name("source")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The id of the inbox source."))
        .schema(Some(source));
    let any = |text: &str| ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(true))).description(Some(text));
    let body = RequestBodyBuilder::new()
        .description(Some("The event, in the format of the source. Its bytes are what is signed."))
        .required(Some(Required::True))
        .content(
            "application/json",
            ContentBuilder::new().schema(Some(any("A JSON document."))).example(Some(json!({"type": "customer.saved"}))).build(),
        )
        .content("application/x-www-form-urlencoded", ContentBuilder::new().schema(Some(any("A form."))).build())
        .build();
    let text = "Takes an event of another system, of at most 256 KiB. The signature that the source asks for is the credential; no other is looked at. The event is kept for good before this answers, and \
                carried out afterwards: `inboxEvent` tells what came of it. One that was there before is answered with 200 and the id that it has. An unknown source and a wrong signature \
                are answered alike, with 401; a disabled source with 404.";
    let taken = |description: &str| answer(description.to_owned(), "InboxReceipt".to_owned());
    let operation = OperationBuilder::new()
        .operation_id(Some("receiveInboxEvent"))
        .summary(Some("Send an event"))
        .description(Some(text))
        .tag(super::tag(def))
        .securities(super::system::nobody())
        .parameter(source)
        .request_body(Some(body))
        .response("202", taken("The event is kept."))
        .response("200", taken("The event was there before.").header_ref("Idempotency-Replayed", response::header("Idempotency-Replayed")));
    let item = PathItem::new(HttpMethod::Post, errors(operation, &[400, 401, 404, 413, 500, 503]));
    (components.schema("InboxReceipt", receipt), paths.path(format!("{PATH}{{source}}"), item))
}
