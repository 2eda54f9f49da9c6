//! What tenants add to the definitions, from the database.

use crate::custom_field::{DECIMAL_PLACES, GREATEST_DECIMAL, labels_of, labels_of_option, retired_indexes};
use crate::custom_object;
use async_trait::async_trait;
use clientela_engine::Engine;
use clientela_engine::module::Found;
use clientela_engine::tenant::{Added, Index, TenantDefinitions};
use clientela_kernel::{Comparison, Context, DeletedMode, Filter, Name, Result, TenantId, Value, decimal};
use clientela_model::{
    Addition, ChoiceDef, ChoiceOption, CustomObject, FieldDef, FieldType, OnDelete, Personal, ReferenceDef, Registry, ResourceDef,
    SearchWeight, TextFormat, document, naming, system,
};
use std::fmt::Write as _;
use std::sync::Arc;
use uuid::Uuid;

/// The whole numbers that every reader of JSON takes for the same.
const WHOLE: i64 = 9_007_199_254_740_991;

/// Definitions as they are stored.
pub struct StoredDefinitions;

#[async_trait]
impl TenantDefinitions for StoredDefinitions {
    async fn read(&self, engine: &Engine, tenant: TenantId) -> Result<Option<Added>> {
        let registry = engine.registry();
        let Some(def) = registry.resource("customField") else { return Ok(None) };
        let (objects, known) = (all(engine, tenant, "customObject").await?, all(engine, tenant, "customField").await?);
        if known.is_empty() && objects.is_empty() {
            return Ok(None);
        }
        let is_gone = |record: &Found| !record.get(system::DELETED_AT).is_null();
        let objects: Vec<Found> = objects.into_iter().filter(|object| !is_gone(object)).collect();
        let (gone, found): (Vec<Found>, Vec<Found>) = known.into_iter().partition(is_gone);
        let mut stamp = String::new();
        for record in objects.iter().chain(&found).chain(&gone) {
            let _ = write!(stamp, "{}:{};", record.id.0.simple(), record.get(system::VERSION).as_integer().unwrap_or(0));
        }
        let objects: Vec<CustomObject> = objects.iter().map(custom_object::object).collect();
        let widened = (!objects.is_empty()).then(|| registry.with_objects(&objects).0);
        let registry = widened.as_ref().unwrap_or(registry);
        let (mut fields, mut indexes, mut unwanted) = (Vec::with_capacity(found.len()), Vec::new(), Vec::new());
        // A field that is deleted needs none until it comes back.
        unwanted.extend(gone.iter().flat_map(retired_indexes));
        for field in &found {
            let present = index_names(&field.values, def);
            unwanted.extend(retired_indexes(field).into_iter().filter(|name| !present.contains(name)));
        }
        for field in &found {
            let Some(addition) = addition(registry, def, &field.values) else {
                // What it stood on is deleted, or has gone with an older or a newer version of the program.
                tracing::debug!(field = %field.id.0, "a custom field fits no definition and is left out");
                continue;
            };
            let flag = |name: &str| field.get(name).as_boolean().unwrap_or(false);
            if flag("indexed") || flag("unique") {
                indexes.push(Index {
                    resource: addition.resource.clone(),
                    field: addition.field.name.clone(),
                    name: index_name(&field.values, def, "index"),
                    unique: false,
                });
            } else {
                unwanted.push(index_name(&field.values, def, "index"));
            }
            if let Some(name) = &addition.unique {
                indexes.push(Index {
                    resource: addition.resource.clone(),
                    field: addition.field.name.clone(),
                    name: name.to_string(),
                    unique: true,
                });
            }
            fields.push(addition);
        }
        Ok(Some(Added { stamp, objects, fields, indexes, unwanted }))
    }
}

/// Every record of a resource, deleted ones too, in the order in which they were made.
async fn all(engine: &Engine, tenant: TenantId, resource: &str) -> Result<Vec<Found>> {
    let Some(def) = engine.registry().resource(resource) else { return Ok(Vec::new()) };
    let context = Context::of_system(tenant, Uuid::nil(), engine.clock().now());
    let mut found: Vec<Found> = Vec::new();
    loop {
        let rest = found.last().map(|last| Filter::field(system::ID, Comparison::Greater(Value::Id(last.id.0))));
        let page = engine.found_in_order_as(&context, def, &rest.unwrap_or(Filter::And(Vec::new())), DeletedMode::Include).await?;
        if page.is_empty() {
            return Ok(found);
        }
        found.extend(page);
    }
}

/// What the indexes of a field are called, whether it wants them or not.
fn index_names(values: &[Value], def: &ResourceDef) -> [String; 2] {
    ["index", "key"].map(|ending| index_name(values, def, ending))
}

fn index_name(values: &[Value], def: &ResourceDef, ending: &str) -> String {
    let key = def.field_index("key").and_then(|index| values.get(index)).and_then(Value::as_text).unwrap_or_default();
    format!("custom_{key}_{ending}")
}

/// A custom field's record as a definition; none where what it names is not there.
pub(crate) fn addition(registry: &Registry, def: &ResourceDef, values: &[Value]) -> Option<Addition> {
    let get = |name: &str| def.field_index(name).and_then(|index| values.get(index)).unwrap_or(&Value::Null);
    let text = |name: &str| get(name).as_text().unwrap_or_default().to_owned();
    let flag = |name: &str| get(name).as_boolean().unwrap_or(false);
    let number = |name: &str| get(name).as_integer();
    let (resource, name, label, key) = (registry.resource(&text("resource"))?, text("name"), text("label"), text("key"));
    let length = |usual: u32| number("maxLength").and_then(|length| u32::try_from(length).ok()).unwrap_or(usual);
    let of = |max: u32, format: TextFormat| FieldType::Text { max, format };
    let description = match get("description").as_text() {
        Some(description) => format!("{label}: {description}"),
        None => format!("{}.", label.trim_end_matches('.')),
    };
    let description = match flag("sensitive") {
        true => format!("{} Sensitive: a credential sees and writes it only with the scope `sensitive`.", description.trim_end()),
        false => description,
    };
    let mut spelled = format!("{}{name}", document::PREFIX);
    let (kind, example) = match text("type").as_str() {
        "TEXT" => (of(length(255), TextFormat::Plain), "\"A text\"".to_owned()),
        "LONG_TEXT" => (of(length(10_000), TextFormat::Plain), "\"A text\"".to_owned()),
        "EMAIL" => (of(254, TextFormat::Email), "\"name@example.com\"".to_owned()),
        "PHONE" => (of(40, TextFormat::Phone), "\"+43 1 5550\"".to_owned()),
        "URL" => (of(1_000, TextFormat::Url), "\"https://example.com/\"".to_owned()),
        "INTEGER" => {
            let (min, max) = (number("minimum").unwrap_or(-WHOLE), number("maximum").unwrap_or(WHOLE));
            (FieldType::Integer { min, max }, min.max(0).min(max).to_string())
        }
        "DECIMAL" => {
            let bound = |name: &str, usual: i64| number(name).unwrap_or(usual).saturating_mul(decimal::unit(DECIMAL_PLACES));
            let (min, max) = (bound("minimum", -GREATEST_DECIMAL), bound("maximum", GREATEST_DECIMAL));
            let example = decimal::text(min.max(0).min(max), DECIMAL_PLACES);
            (FieldType::Decimal { places: DECIMAL_PLACES, min, max }, format!("\"{example}\""))
        }
        "BOOLEAN" => (FieldType::Boolean, "true".to_owned()),
        "DATE" => (FieldType::Date, "\"2026-01-31\"".to_owned()),
        "INSTANT" => (FieldType::Instant, "\"2026-01-31T08:15:00.000Z\"".to_owned()),
        "DURATION" => (FieldType::Duration, "\"PT1H30M\"".to_owned()),
        "MONEY" => (FieldType::Money, "{\"amount\": \"12.50\", \"currency\": \"EUR\"}".to_owned()),
        "TEXT_SET" => (FieldType::TextSet { max_items: 100, max_length: length(100) }, "[\"A text\"]".to_owned()),
        "CHOICE" => {
            let Value::TextSet(options) = get("options") else { return None };
            let option = |option: &String| {
                let (value, label) = option.split_once('=').unwrap_or((option, option));
                let labels = labels_of_option(value, label, get("optionLabels"));
                let description = format!("{}.", label.trim_end_matches('.')).into();
                ChoiceOption { name: value.to_owned().into(), description, labels: Some(Arc::new(labels)) }
            };
            let options: Vec<ChoiceOption> = options.iter().map(option).collect();
            let example = format!("\"{}\"", options.first()?.name);
            let name = format!("{}Custom_{}", resource.type_name, naming::pascal(&name));
            (FieldType::Choice(ChoiceDef { name: name.into(), description: description.clone().into(), options }), example)
        }
        "REFERENCE" => {
            let target = registry.resource(&text("target"))?;
            let relation = spelled.clone();
            spelled.push_str("Id");
            let inverse = get("inverse").as_text().map(|inverse| Name::from(format!("{}{inverse}", document::PREFIX)));
            let inverse_description = format!("The {} whose {label} this is.", naming::words(&resource.plural)).into();
            let reference = ReferenceDef {
                target: target.name.clone(),
                relation: relation.into(),
                inverse,
                inverse_description,
                on_delete: OnDelete::Clear,
                personal: Personal::AsDeleted,
                prefix: target.prefix.clone(),
                table: target.named_source(),
                also_accepts: Vec::new(),
            };
            (FieldType::Reference(reference), format!("\"{}_01h455vb4pex5vsknk084sn02q\"", target.prefix))
        }
        _ => return None,
    };
    let is_text = matches!(kind, FieldType::Text { .. });
    let set = matches!(kind, FieldType::TextSet { .. });
    let column = document::column(&kind, &key);
    let default = get("defaultValue").as_text().map(|text| Name::from(text.to_owned()));
    let field = FieldDef {
        required: flag("required"),
        sensitive: flag("sensitive"),
        folded: is_text,
        sort: !set,
        default,
        labels: Some(Arc::new(labels_of(label, get("labels")))),
        search: (is_text && flag("searched") && resource.is_searched()).then_some(SearchWeight::Detail),
        ..FieldDef::new(spelled, column, kind, description, example)
    };
    let unique = flag("unique").then(|| index_name(values, def, "key").into());
    Some(Addition { resource: resource.name.clone(), field, unique })
}
