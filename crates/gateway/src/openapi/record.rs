//! The schemas of a resource: the record, what creates it, what patches it, its pages.

use super::field::{self, Use};
use super::verb;
use clientela_kernel::{Error, Result};
use clientela_model::{FieldDef, FieldType, Registry, ResourceDef, WriteMode, document, naming};
use serde_json::{Map, Value as Json};
use utoipa::openapi::schema::RefBuilder;
use utoipa::openapi::schema::{AdditionalProperties, AllOfBuilder, OneOfBuilder, Type};
use utoipa::openapi::{ArrayBuilder, ComponentsBuilder, ObjectBuilder, Ref, RefOr, Schema};

/// Adds the schemas of a resource and of its choices.
pub(super) fn add(mut components: ComponentsBuilder, registry: &Registry, def: &ResourceDef) -> ComponentsBuilder {
    let name = def.type_name.as_ref();
    for choice in def.visible_fields().filter_map(|(_, field)| choice_of(field)) {
        components = components.schema(choice.name.as_ref(), field::choice(choice));
    }
    if def.document().is_some() {
        components = components.schema(format!("{name}Custom"), custom(registry, def));
    }
    if def.custom_fields().next().is_some() {
        components = components.schema(format!("{name}CustomInput"), custom_input(def));
    }
    components = components.schema(part_name(def), part(registry, def)).schema(format!("{name}Page"), page(def));
    // What nobody may write, and no operation shows, is answered by reads alone.
    if def.creatable || def.updatable || def.deletable || verb::shows(registry, def) {
        components = components.schema(name, whole(def));
    }
    if leads_here(registry, def) {
        components = components.schema(format!("{name}Expansion"), expansion(def));
    }
    if def.creatable {
        components = components.schema(format!("{name}Create"), create(def));
    }
    if def.creatable && def.reveals.is_some() {
        components = components.schema(format!("{name}Created"), created(def));
    }
    if def.updatable {
        components = components.schema(format!("{name}Patch"), patch(def));
    }
    if registry.is_upsertable(def) {
        components = components.schema(format!("{name}Upsert"), upsert(def));
    }
    components
}

/// An example of what creates a record: what must be given, from the examples of the fields.
pub(super) fn create_example(def: &ResourceDef) -> Json {
    example(def.own_fields().map(|(_, field)| field).filter(|field| field.required_on_create()))
}

/// An example of a patch: the label, or the first writable field.
pub(super) fn patch_example(def: &ResourceDef) -> Json {
    let writable = |field: &&FieldDef| field.write == WriteMode::Writable && !field.secret;
    let label = def.field(&def.label).filter(writable);
    example(label.or_else(|| def.fields.iter().find(writable)).into_iter())
}

fn example<'a>(fields: impl Iterator<Item = &'a FieldDef>) -> Json {
    let read = |field: &FieldDef| serde_json::from_str(&field.example).ok().map(|value: Json| (field.name.to_string(), value));
    Json::Object(fields.filter_map(read).collect::<Map<String, Json>>())
}

fn choice_of(field: &FieldDef) -> Option<&clientela_model::ChoiceDef> {
    match &field.kind {
        FieldType::Choice(choice) => Some(choice),
        _ => None,
    }
}

/// Whether some relation leads to many records of this resource.
fn leads_here(registry: &Registry, def: &ResourceDef) -> bool {
    let mut relations = registry.resources().iter().flat_map(|other| &other.relations);
    relations.any(|relation| relation.target == def.name && !relation.is_to_one())
}

/// The name of the schema reads answer with.
pub(super) fn part_name(def: &ResourceDef) -> String {
    format!("{}Part", def.type_name)
}

/// What reads show: no member has to be there, since `fields` leaves out what it does not name.
fn part(registry: &Registry, def: &ResourceDef) -> ObjectBuilder {
    let text = format!(
        "{} A read shows every field, or with `fields` the named ones alone; relations are there only where `expand` names them.",
        def.description
    );
    let mut schema = ObjectBuilder::new().description(Some(text));
    for (_, field) in def.own_fields() {
        schema = shown(schema, def, field);
    }
    if def.document().is_some() {
        schema = schema.property(document::NAME, Ref::from_schema_name(format!("{}Custom", def.type_name)));
    }
    related(registry, def, schema, false)
}

/// The fields that the tenant has added, as reads show them.
fn custom(registry: &Registry, def: &ResourceDef) -> ObjectBuilder {
    let text = format!("The fields that you have added to {}.", naming::words(&def.plural));
    let schema = def.custom_fields().fold(ObjectBuilder::new().description(Some(text)), |schema, (_, field)| shown(schema, def, field));
    related(registry, def, schema, true)
}

/// The fields that the tenant has added, as writes take them.
fn custom_input(def: &ResourceDef) -> ObjectBuilder {
    let mut schema = input(format!("The fields that you have added to {}: absent keeps, null clears.", naming::words(&def.plural)));
    for (_, field) in def.custom_fields().filter(|(_, field)| field.write != WriteMode::ReadOnly) {
        schema = schema.property(field.own_name(), field::schema(def, field, Use::Written, field::nullable(field)));
    }
    schema
}

fn custom_reference(schema: ObjectBuilder, def: &ResourceDef) -> ObjectBuilder {
    if def.custom_fields().next().is_none() {
        return schema;
    }
    schema.property(document::NAME, Ref::from_schema_name(format!("{}CustomInput", def.type_name)))
}

fn related(registry: &Registry, def: &ResourceDef, mut schema: ObjectBuilder, custom: bool) -> ObjectBuilder {
    for relation in def.relations.iter().filter(|relation| relation.is_custom() == custom) {
        let Some(target) = registry.target(relation) else { continue };
        let text = format!("{} There only with `expand={}`.", relation.description, relation.name);
        let related: RefOr<Schema> = if relation.is_to_one() {
            let null = ObjectBuilder::new().schema_type(Type::Null);
            OneOfBuilder::new().item(Ref::from_schema_name(part_name(target))).item(null).description(Some(text)).into()
        } else {
            let reference = Ref::from_schema_name(format!("{}Expansion", target.type_name));
            RefOr::Ref(RefBuilder::from(reference).description(Some(text)).build())
        };
        schema = schema.property(relation.own_name(), related);
    }
    schema
}

/// The record with all its fields, as writes answer. Spelled out rather than made of the part, since generators of clients do not
/// agree on what `required` beside a reference means.
fn whole(def: &ResourceDef) -> ObjectBuilder {
    let schema = ObjectBuilder::new().description(Some(format!("{} Every field is there.", def.description)));
    let mut schema = def.own_fields().fold(schema, |schema, (_, field)| shown(schema, def, field).required(field.name.as_ref()));
    if def.document().is_some() {
        schema = schema.property(document::NAME, Ref::from_schema_name(format!("{}Custom", def.type_name))).required(document::NAME);
    }
    schema.property("dryRun", Ref::from_schema_name("DryRun"))
}

/// A record as an event shows it: its own fields, none of which need be there.
///
/// # Errors
/// Where the schema is no JSON.
pub(crate) fn event_record(def: &ResourceDef) -> Result<Json> {
    let schema = ObjectBuilder::new().description(Some(def.description.as_ref()));
    let mut schema = def.own_fields().fold(schema, |schema, (_, field)| shown(schema, def, field));
    if def.document().is_some() {
        schema = schema.property(document::NAME, Ref::from_schema_name(format!("{}Custom", def.type_name)));
    }
    serde_json::to_value(schema.build()).map_err(Error::internal)
}

fn shown(schema: ObjectBuilder, def: &ResourceDef, field: &FieldDef) -> ObjectBuilder {
    let nullable = field::nullable(field) || field.is_custom();
    schema.property(field.own_name(), field::schema(def, field, Use::Shown, nullable))
}

fn create(def: &ResourceDef) -> ObjectBuilder {
    let mut schema = input(format!("What makes {}.", naming::one(&def.name)));
    for (_, field) in def.own_fields().filter(|(_, field)| field.write != WriteMode::ReadOnly) {
        // Null is what is left out: the default, where there is one, or an id that the server mints.
        let nullable = matches!(field.kind, FieldType::Id) || !field.required || field.default.is_some();
        schema = schema.property(field.name.as_ref(), field::schema(def, field, Use::Written, nullable));
        if field.required_on_create() {
            schema = schema.required(field.name.as_ref());
        }
    }
    custom_reference(schema, def)
}

/// The body that makes a record, or the patch that changes one, as a JSON Schema of its own, with those fields alone that the caller may write.
///
/// # Errors
/// Where the schema is no JSON.
pub(crate) fn body_schema(def: &ResourceDef, creates: bool, writes: impl Fn(&FieldDef) -> bool) -> Result<Json> {
    let mut def = def.clone();
    for field in def.fields.iter_mut().filter(|field| !writes(field)) {
        field.write = WriteMode::ReadOnly;
    }
    let body: RefOr<Schema> = if creates { create(&def).into() } else { patch(&def).into() };
    let mut named = Map::new();
    let written = def.fields.iter().filter(|field| field.write != WriteMode::ReadOnly);
    for field in written {
        if let Some(choice) = choice_of(field) {
            named.insert(choice.name.to_string(), serde_json::to_value(field::choice(choice).build()).map_err(Error::internal)?);
        }
        if matches!(field.kind, FieldType::Money) {
            named.insert("Money".to_owned(), serde_json::to_value(field::money().build()).map_err(Error::internal)?);
        }
    }
    if def.custom_fields().next().is_some() {
        let custom = serde_json::to_value(custom_input(&def).build()).map_err(Error::internal)?;
        named.insert(format!("{}CustomInput", def.type_name), custom);
    }
    let mut body = serde_json::to_value(body).map_err(Error::internal)?;
    if let Json::Object(members) = &mut body {
        members.insert("$schema".to_owned(), Json::from("https://json-schema.org/draft/2020-12/schema"));
        if !named.is_empty() {
            members.insert("$defs".to_owned(), Json::Object(named));
        }
    }
    lead_home(&mut body);
    Ok(body)
}

/// References to the components of the document lead to the definitions of the schema itself.
fn lead_home(json: &mut Json) {
    match json {
        Json::Object(members) => {
            if let Some(Json::String(reference)) = members.get_mut("$ref")
                && let Some(name) = reference.strip_prefix("#/components/schemas/")
            {
                *reference = format!("#/$defs/{name}");
            }
            members.values_mut().for_each(lead_home);
        }
        Json::Array(items) => items.iter_mut().for_each(lead_home),
        _ => {}
    }
}

fn patch(def: &ResourceDef) -> ObjectBuilder {
    let mut schema = input(format!("A JSON Merge Patch (RFC 7396) of {}: absent keeps, null clears.", naming::one(&def.name)));
    for (_, field) in def.own_fields().filter(|(_, field)| field.write == WriteMode::Writable) {
        schema = schema.property(field.name.as_ref(), field::schema(def, field, Use::Written, field::nullable(field)));
    }
    custom_reference(schema, def)
}

fn upsert(def: &ResourceDef) -> ObjectBuilder {
    let text = format!(
        "What makes {0} or patches it: absent keeps, null clears. What cannot be changed later may only say again what is so.",
        naming::one(&def.name)
    );
    let mut schema = input(text);
    for (_, field) in def.own_fields().filter(|(_, field)| field.write != WriteMode::ReadOnly) {
        schema = schema.property(field.name.as_ref(), field::schema(def, field, Use::Written, field::nullable(field)));
    }
    custom_reference(schema, def)
}

/// The record, with what is shown this once.
fn created(def: &ResourceDef) -> AllOfBuilder {
    let (name, description) = def.reveals.clone().unwrap_or_default();
    let shown = ObjectBuilder::new().schema_type(Type::String).description(Some(description.as_ref()));
    // A trial makes nothing that could be shown, and a repetition has been shown it.
    let text = "Shown when the record is made, and never again: not with `dryRun=true`, and not to a repeated idempotency key.";
    let more = ObjectBuilder::new().property(name.as_ref(), shown).description(Some(text));
    AllOfBuilder::new()
        .description(Some(format!("{} With what is shown this once.", def.description)))
        .item(Ref::from_schema_name(def.type_name.as_ref()))
        .item(more)
}

fn page(def: &ResourceDef) -> ObjectBuilder {
    let data = ArrayBuilder::new().items(Ref::from_schema_name(part_name(def))).description(Some("The records, in the order asked for."));
    let page = ObjectBuilder::new()
        .description(Some(format!("A page of {}.", naming::words(&def.plural))))
        .property("data", data)
        .property("page", Ref::from_schema_name("PageInfo"))
        .required("data")
        .required("page");
    if def.is_searched() { page.property("highlights", super::search::page_highlights()) } else { page }
}

fn expansion(def: &ResourceDef) -> ObjectBuilder {
    let data = ArrayBuilder::new().items(Ref::from_schema_name(part_name(def))).description(Some("The first of them."));
    ObjectBuilder::new()
        .description(Some(format!("Related {}, as an expanded relation shows them.", naming::words(&def.plural))))
        .property("data", data)
        .property("page", Ref::from_schema_name("ExpansionPage"))
        .required("data")
        .required("page")
}

fn input(description: String) -> ObjectBuilder {
    ObjectBuilder::new().description(Some(description)).additional_properties(Some(AdditionalProperties::FreeForm(false)))
}
