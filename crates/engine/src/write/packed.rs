//! The tenant's own fields of a record on their way into its document.

use clientela_kernel::{Value, fold::fold};
use clientela_model::{FieldDef, ResourceDef};
use serde_json::{Map, Value as Json};

/// The values of a row with those of the tenant's own fields put into the document, which stands at `place`. What the document holds
/// besides (fields that have been deleted) stays.
pub(super) fn packed(def: &ResourceDef, place: usize, values: Vec<(usize, Value)>, before: Option<&[Value]>) -> Vec<(usize, Value)> {
    let (own, mut columns): (Vec<_>, Vec<_>) = values.into_iter().partition(|(index, _)| *index >= place);
    if own.is_empty() {
        return columns;
    }
    let text = before.and_then(|before| before.get(place)).and_then(Value::as_text);
    let mut document: Map<String, Json> = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    for (index, value) in own {
        let Some((field, key)) = def.fields.get(index).and_then(|field| Some((field, field.document_key()?))) else { continue };
        put(&mut document, field, key, value);
    }
    let document = if document.is_empty() { Value::Null } else { Value::Text(Json::Object(document).to_string()) };
    columns.push((place, document));
    columns
}

/// What a row on its way says of one of the tenant's own fields that is unique, a text or a whole number; none where it says nothing.
pub(super) fn unpacked(def: &ResourceDef, values: &[(usize, Value)], field: &FieldDef) -> Option<Value> {
    let (_, document) = values.iter().find(|(index, _)| Some(*index) == def.document())?;
    let document: Map<String, Json> = serde_json::from_str(document.as_text()?).ok()?;
    match document.get(field.document_key()?)? {
        Json::String(text) => Some(Value::Text(text.clone())),
        Json::Number(number) => number.as_i64().map(Value::Integer),
        _ => None,
    }
}

/// Sets what a field holds; nothing stands for null.
fn put(document: &mut Map<String, Json>, field: &FieldDef, key: &str, value: Value) {
    for suffix in field.suffixes().iter().chain(&["_folded"]) {
        document.remove(&format!("{key}{suffix}"));
    }
    let mut set = |suffix: &str, json: Json| document.insert(format!("{key}{suffix}"), json);
    match value {
        Value::Null => {}
        Value::Boolean(yes) => drop(set("", Json::Bool(yes))),
        Value::Integer(number) => drop(set("", Json::from(number))),
        Value::Text(text) => {
            if field.folded {
                set("_folded", Json::String(fold(&text)));
            }
            set("", Json::String(text));
        }
        Value::Id(id) => drop(set("", Json::String(id.simple().to_string()))),
        Value::Date(day) => drop(set("", Json::from(day.0))),
        Value::Instant(at) => drop(set("", Json::from(at.0))),
        Value::Money(money) => {
            set("_minor", Json::from(money.minor));
            set("_currency", Json::from(money.currency.code()));
        }
        Value::TextSet(texts) => drop(set("", Json::from(texts))),
        Value::Record(record) => {
            set("_resource", Json::from(record.resource.as_ref()));
            set("_id", Json::String(record.id.simple().to_string()));
        }
    }
}
