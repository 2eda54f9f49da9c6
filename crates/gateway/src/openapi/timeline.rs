//! The timeline of a party.

use super::operation::{answer, errors, operation, with_parameters};
use super::{parameter, response};
use crate::rest::timeline::RECORD;
use clientela_model::timeline::CHANGE;
use clientela_model::{Registry, ResourceDef, naming};
use serde_json::json;
use utoipa::openapi::path::{HttpMethod, Parameter, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::schema::{AnyOfBuilder, KnownFormat, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, ComponentsBuilder, ObjectBuilder, Ref, Required};

/// Adds schemas, parameters and, for whatever stands for a party, the path.
pub(super) fn add(components: ComponentsBuilder, mut paths: PathsBuilder, registry: &Registry) -> (ComponentsBuilder, PathsBuilder) {
    let kinds = registry.timeline_kinds();
    let with: Vec<&ResourceDef> =
        registry.resources().iter().map(AsRef::as_ref).filter(|def| registry.timeline_identity(def).is_some()).collect();
    if with.is_empty() {
        return (components, paths);
    }
    let components = components
        .parameter("TimelineKinds", kinds_parameter(&kinds))
        .parameter("TimelineFrom", moment("from", "Only entries from this moment on."))
        .parameter("TimelineTo", moment("to", "Only entries before this moment."))
        .parameter("TimelineExpand", expand())
        .schema("TimelineEntry", entry(registry, &kinds, &with))
        .schema("TimelinePage", page());
    for def in with {
        let one = naming::one(&def.name);
        let read = operation(def, &format!("timelineOf{}", def.type_name), &format!("Read the timeline of {one}"))
            .description(Some(format!(
                "Everything there is about {one} in one list, the latest first: contacts, tasks, meetings, notes, what it did on web sites, \
                 consents, decisions, and changes of the record itself. A contact and the accounts of that person have the same timeline, that of \
                 their party. What you may not read is no part of it."
            )))
            .parameter(parameter::id(def));
        let read = with_parameters(read, &["TimelineKinds", "TimelineFrom", "TimelineTo", "TimelineExpand", "Limit", "After"]);
        let found = answer("A page of the timeline.".to_owned(), "TimelinePage".to_owned()).header_ref("Link", response::header("Link"));
        let read = errors(read.response("200", found), &[400, 401, 403, 404, 500, 503]);
        paths = paths.path(format!("/v1/{}/{{id}}/timeline", def.path), PathItem::new(HttpMethod::Get, read));
    }
    (components, paths)
}

fn query(name: &str, description: &str, schema: ObjectBuilder) -> Parameter {
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).required(Required::False);
    parameter.description(Some(description)).schema(Some(schema)).build()
}

fn kinds_parameter(kinds: &[String]) -> Parameter {
    let one = kinds.join("|");
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!("^({one})(,({one}))*$")))
        .examples(kinds.first().map(|kind| json!(format!("{kind},{CHANGE}"))));
    query("kinds", "Entries of these kinds alone, with commas between; of all where absent.", schema)
}

fn moment(name: &str, description: &str) -> Parameter {
    let format = Some(SchemaFormat::KnownFormat(KnownFormat::DateTime));
    let schema = ObjectBuilder::new().schema_type(Type::String).format(format).examples([json!("2026-03-01T00:00:00.000Z")]);
    query(name, description, schema)
}

fn expand() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([RECORD]));
    query("expand", "Show the record of each entry with it.", schema)
}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

fn or_null(other: Type, description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([other, Type::Null])).description(Some(description))
}

fn entry(registry: &Registry, kinds: &[String], with: &[&ResourceDef]) -> ObjectBuilder {
    let mut shown: Vec<&ResourceDef> = Vec::new();
    let faces = with.iter().copied().filter(|def| def.face.is_some());
    for def in registry.timeline_sources().map(|source| source.shown.as_ref()).chain(faces) {
        if !shown.iter().any(|other| other.name == def.name) {
            shown.push(def);
        }
    }
    let record = shown.iter().fold(AnyOfBuilder::new(), |any, def| any.item(Ref::from_schema_name(def.type_name.as_ref())));
    let record = record.item(ObjectBuilder::new().schema_type(Type::Null));
    let moment = text("When it happened, or will.").format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    let fields = ArrayBuilder::new()
        .items(ObjectBuilder::new().schema_type(Type::String).description(Some("The name of a field.")))
        .description(Some("Of a change: the fields it changed. Empty otherwise."));
    ObjectBuilder::new()
        .description(Some("An entry of a timeline."))
        .property("kind", text("What it is.").enum_values(Some(kinds.iter().map(String::as_str))))
        .property("type", or_null(Type::String, "Of what sort it is or how it stands, such as `CALL`, `COMPLETED` or `GRANTED`; of a change what happened, such as `UPDATED`. Null where the record says nothing of the kind."))
        .property("at", moment)
        .property("title", or_null(Type::String, "What it is about, in a line; null where nothing says it."))
        .property("resource", text("What kind of record it is.").enum_values(Some(shown.iter().map(|def| def.name.as_ref()))))
        .property("id", text("The record; of a change the one that was changed.").examples([json!("int_01h455vb4pex5vsknk084sn02q")]))
        .property("actor", text("Who made it: the id of a user, an API key or the system itself.").examples([json!("usr_01h455vb4pex5vsknk084sn02q")]))
        .property("link", text("Where it is: the address of the record, of a change that of the record's history.").examples([json!("/v1/interactions/int_01h455vb4pex5vsknk084sn02q")]))
        .property("version", or_null(Type::Integer, "Of a change: the record's version after it. Null otherwise."))
        .property("fields", fields)
        .property("record", record.description(Some("The record as it is now, with `expand=record`; null where it has gone.")))
        .required("kind")
        .required("type")
        .required("at")
        .required("title")
        .required("resource")
        .required("id")
        .required("actor")
        .required("link")
        .required("version")
        .required("fields")
}

fn page() -> ObjectBuilder {
    let place = ObjectBuilder::new()
        .description(Some("Where the page stands."))
        .property("next", or_null(Type::String, "Send it as `after` for what comes next, which is older; null where nothing does."))
        .property("hasMore", ObjectBuilder::new().schema_type(Type::Boolean).description(Some("Whether older entries follow.")))
        .required("next")
        .required("hasMore");
    ObjectBuilder::new()
        .description(Some("A page of a timeline."))
        .property(
            "data",
            ArrayBuilder::new().items(Ref::from_schema_name("TimelineEntry")).description(Some("The entries, the latest first.")),
        )
        .property("page", place)
        .required("data")
        .required("page")
}
