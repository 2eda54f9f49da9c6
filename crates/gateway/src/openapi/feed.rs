//! The feed, as pages and as a stream.

use super::operation::{answer, authenticated, by_oauth, errors, with_parameters};
use super::parameter;
use crate::rest::feed::{LONGEST_WAIT, NOW, RECORD};
use clientela_engine::feed::FeedKind;
use clientela_model::{Registry, ResourceDef};
use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{AnyOfBuilder, KnownFormat, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, ComponentsBuilder, ObjectBuilder, Ref, Required};

/// The tag.
pub(super) const TAG: &str = "Feed";
/// What the tag says.
pub(super) const TAG_TEXT: &str = "What changed of that which one may see: for copies, caches and everybody who must not miss anything.";

const FOLLOWED: &str = "What changed of that which you may see: records that were made, changed, deleted, restored, erased, and records that came into sight or went out of \
     it because a role, a share, an owner, a team or the time changed. Rights hold as they are at this moment, row by row and field by field. Entries of a record come in the order of \
     its versions; an entry may come again after a break, with the version it had: a copy ignores what is not above its own.";

/// Adds schemas, parameters and paths.
pub(super) fn add(components: ComponentsBuilder, paths: PathsBuilder, registry: &Registry) -> (ComponentsBuilder, PathsBuilder) {
    let followed: Vec<&ResourceDef> = registry.resources().iter().map(AsRef::as_ref).filter(|def| !def.mirror).collect();
    let components = components
        .parameter("FeedAfter", after())
        .parameter("FeedResources", resources(&followed))
        .parameter("FeedFilter", filter())
        .parameter("FeedScope", scope())
        .parameter("FeedRecord", record())
        .parameter("FeedWait", wait())
        .parameter("LastEventId", last_event_id())
        .parameter("StreamTicket", stream_ticket())
        .schema("StreamTicket", ticket())
        .schema("FeedEntry", entry(&followed))
        .schema("FeedPage", page());
    let shared = &["FeedAfter", "FeedResources", "FeedFilter", "FeedScope", "FeedRecord"];
    let read = operation(
        "listChanges",
        "Follow what changes",
        format!(
            "{FOLLOWED} Without `after` it begins with everything there is (`PRESENT`), so that a copy is made and kept true by one loop: read, apply, go on from `page.next`, \
             now or later."
        ),
    );
    let read = with_parameters(with_parameters(read, shared), &["Limit", "FeedWait"]);
    let read = read.response("200", answer("A page of the feed.".to_owned(), "FeedPage".to_owned()));
    let read = errors(read, &[400, 401, 403, 404, 410, 500, 503]);
    let stream = operation(
        "streamChanges",
        "Follow what changes as a stream",
        format!(
            "{FOLLOWED} As server-sent events: each entry is an event `change` whose data is the entry as JSON and whose id is its place, so that a browser's `EventSource` goes on behind the \
             last one by itself. Comments come every 15 seconds where nothing is new. An event `error` says why the stream ends."
        ),
    );
    let stream =
        with_parameters(stream, shared).parameter_ref(parameter::shared("StreamTicket")).parameter_ref(parameter::shared("LastEventId"));
    let events = ResponseBuilder::new()
        .description("The events, until one side ends.")
        .content("text/event-stream", ContentBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String))).build())
        .build();
    let stream = errors(stream.response("200", events), &[400, 401, 403, 404, 410, 500, 503]);
    let paths =
        paths.path("/v1/changes", PathItem::new(HttpMethod::Get, read)).path("/v1/changes/stream", PathItem::new(HttpMethod::Get, stream));
    let ticket = operation(
        "createStreamTicket",
        "Get a ticket for the stream",
        "A browser's `EventSource` sends no `Authorization` header: with a ticket in its address, `/v1/changes/stream?ticket=…`, it follows what changes in your name. A ticket is good for \
         the stream and nothing else, for a quarter of an hour and no longer than the credential that it was given for; a stream ends with it, and another one goes on behind its last \
         event with `after`. Tokens for one purpose get none."
            .to_owned(),
    );
    let ticket = ticket.response("200", answer("The ticket.".to_owned(), "StreamTicket".to_owned()));
    let paths =
        paths.path("/v1/changes/stream-ticket", PathItem::new(HttpMethod::Post, errors(ticket, &[400, 401, 403, 413, 415, 500, 503])));
    (components, paths)
}

fn operation(name: &str, summary: &str, text: String) -> OperationBuilder {
    OperationBuilder::new()
        .operation_id(Some(name))
        .summary(Some(summary))
        .tag(TAG)
        .security(authenticated())
        .security(by_oauth())
        .description(Some(text))
}

fn query(name: &str, description: String, schema: ObjectBuilder) -> Parameter {
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).required(Required::False);
    parameter.description(Some(description)).schema(Some(schema)).build()
}

fn after() -> Parameter {
    let text = format!(
        "Goes on behind this place: `page.next` of the page before, or the id of an event. `{NOW}` begins with what happens from now on, without a snapshot."
    );
    query("after", text, ObjectBuilder::new().schema_type(Type::String).examples([json!(NOW)]))
}

fn resources(followed: &[&ResourceDef]) -> Parameter {
    let one: Vec<String> = followed.iter().flat_map(|def| [def.name.to_string(), def.path.to_string()]).collect();
    let one = one.join("|");
    let schema =
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(format!("^({one})(,({one}))*$"))).examples([json!("account,contact")]);
    query("resources", "Only records of these resources, with commas between; of all that you may read where absent.".to_owned(), schema)
}

fn filter() -> Parameter {
    let text = "Only records that satisfy the filter tree of their resource, as JSON: `{\"account\": {\"country\": {\"eq\": \"AT\"}}}`. Where one resource is followed its tree may stand by \
                itself, also as `filter[country][eq]=AT`. Whoever satisfies it no longer is told as `LEFT`.";
    let schema = ObjectBuilder::new().schema_type(Type::String).examples([json!("{\"account\": {\"country\": {\"eq\": \"AT\"}}}")]);
    query("filter", text.to_owned(), schema)
}

fn scope() -> Parameter {
    let text = "The id of a sync scope that says which resources and which of their records, in place of `resources` and `filter`. Where it changes, what comes into it is told as \
                `ACCESS_GAINED`, what goes out of it as `LEFT`.";
    query("scope", text.to_owned(), ObjectBuilder::new().schema_type(Type::String).examples([json!("syn_01h455vb4pex5vsknk084sn02q")]))
}

fn record() -> Parameter {
    let names: Vec<&str> = RECORD.iter().map(|(name, _)| *name).collect();
    let texts: Vec<String> = RECORD.iter().map(|(name, text)| format!("`{name}`: {text}")).collect();
    query(
        "record",
        format!("How much of a record entries show. {}.", texts.join("; ")),
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).default(Some(json!("full"))),
    )
}

fn wait() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(LONGEST_WAIT)).default(Some(json!(0)));
    query("wait", "How many seconds to wait for something new where there is nothing yet.".to_owned(), schema)
}

fn stream_ticket() -> Parameter {
    let text = "A ticket in place of an `Authorization` header, which counts where both are sent: see `POST /v1/changes/stream-ticket`.";
    query("ticket", text.to_owned(), ObjectBuilder::new().schema_type(Type::String))
}

fn ticket() -> ObjectBuilder {
    let ends = text("When it ends.").format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    ObjectBuilder::new()
        .description(Some("A ticket for the stream of what changes."))
        .property("ticket", text("Send it as `ticket` in the address of the stream. Keep it secret while it is good."))
        .property("expiresAt", ends.examples([json!("2026-01-31T08:30:00.000Z")]))
        .required("ticket")
        .required("expiresAt")
}

fn last_event_id() -> Parameter {
    let parameter = ParameterBuilder::new().name("Last-Event-ID").parameter_in(ParameterIn::Header).required(Required::False);
    let text = "Goes on behind this event; stands above `after`. Browsers send it by themselves.";
    parameter.description(Some(text)).schema(Some(ObjectBuilder::new().schema_type(Type::String))).build()
}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

fn or_null(other: Type, description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([other, Type::Null])).description(Some(description))
}

fn entry(followed: &[&ResourceDef]) -> ObjectBuilder {
    let kinds: Vec<&str> = FeedKind::ALL.iter().map(|(kind, _)| kind.name()).collect();
    let meanings: Vec<String> = FeedKind::ALL.iter().map(|(kind, text)| format!("`{}`: {text}", kind.name())).collect();
    let record = followed.iter().fold(AnyOfBuilder::new(), |any, def| any.item(Ref::from_schema_name(super::record::part_name(def))));
    let record = record.item(ObjectBuilder::new().schema_type(Type::Null));
    let fields = ArrayBuilder::new()
        .items(ObjectBuilder::new().schema_type(Type::String).description(Some("The name of a field.")))
        .description(Some("The fields that were changed, of those that you may see."));
    ObjectBuilder::new()
        .description(Some("What happened to a record."))
        .property("kind", text(&format!("What happened. {}", meanings.join(" "))).enum_values(Some(kinds)))
        .property("resource", text("What kind of record it is.").enum_values(Some(followed.iter().map(|def| def.name.as_ref()))))
        .property("id", text("The record.").examples([json!("acc_01h455vb4pex5vsknk084sn02q")]))
        .property(
            "version",
            or_null(Type::Integer, "The record's version after the change, or as it is. Null where the record is out of sight."),
        )
        .property(
            "at",
            or_null(Type::String, "When it changed. Null where it is no change of the record itself.")
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))),
        )
        .property(
            "actor",
            or_null(
                Type::String,
                "Who changed it: the id of a user, an API key or the system itself. Null where it is no change of the record itself.",
            ),
        )
        .property("requestId", or_null(Type::String, "The request that changed it. Null where it is no change of the record itself."))
        .property("fields", fields)
        .property("record", record.description(Some("The record as it is now; null where it is gone or out of sight.")))
        .required("kind")
        .required("resource")
        .required("id")
        .required("version")
        .required("at")
        .required("actor")
        .required("requestId")
        .required("fields")
        .required("record")
}

fn page() -> ObjectBuilder {
    let place = ObjectBuilder::new()
        .description(Some("Where the page stands."))
        .property("next", text("Send it as `after`, now or whenever something may have happened. It is there also where nothing is new."))
        .property("hasMore", ObjectBuilder::new().schema_type(Type::Boolean).description(Some("Whether more is there already.")))
        .required("next")
        .required("hasMore");
    ObjectBuilder::new()
        .description(Some("A page of the feed."))
        .property("data", ArrayBuilder::new().items(Ref::from_schema_name("FeedEntry")).description(Some("The entries, in order.")))
        .property("page", place)
        .required("data")
        .required("page")
}
