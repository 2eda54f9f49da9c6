//! A value of one type as a value of another, by way of the text that people would write.

use clientela_engine::Call;
use clientela_kernel::Value;
use clientela_model::{FieldDef, FieldType, ResourceDef};
use clientela_store::Encoder;
use serde_json::Value as Json;

/// The value in the other field's type.
///
/// # Errors
/// What stands in the way.
pub(super) fn convert(def: &ResourceDef, from: &FieldDef, value: &Value, to: &FieldDef) -> Result<Value, String> {
    let text = text_of(def, from, value);
    let text = match (&from.kind, &to.kind) {
        (FieldType::Date, FieldType::Instant) => format!("{text}T00:00:00.000Z"),
        (FieldType::Instant, FieldType::Date) => text.chars().take(10).collect(),
        (_, FieldType::Boolean) => text.trim().to_lowercase(),
        (_, FieldType::Decimal { .. }) => text.trim().to_owned(),
        // `007` is seven to people, though not to JSON.
        (_, FieldType::Integer { .. }) => text.trim().parse::<i64>().map_or_else(|_| text.clone(), |number| number.to_string()),
        (_, FieldType::Choice(choice)) => {
            let means = |option: &&clientela_model::ChoiceOption| {
                let labels = option.labels.as_ref();
                let named = labels.is_some_and(|labels| {
                    std::iter::once(&labels.label).chain(labels.others.iter().map(|(_, label)| label)).any(|label| same(label, &text))
                });
                same(&option.name, &text) || named
            };
            choice.options.iter().find(means).map_or_else(|| text.clone(), |option| option.name.to_string())
        }
        _ => text,
    };
    Call::value_of_text(to, &text, &to.pointer()).map_err(|problem| problem.detail)
}

fn same(left: &str, right: &str) -> bool {
    left.trim().to_lowercase() == right.trim().to_lowercase()
}

/// A value as people would write it.
pub(super) fn text_of(def: &ResourceDef, field: &FieldDef, value: &Value) -> String {
    let mut out = Vec::new();
    Encoder::new(def, field).write_value(value, &mut out);
    match serde_json::from_slice(&out) {
        Ok(Json::String(text)) => text,
        Ok(Json::Array(members)) => members.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(", "),
        Ok(Json::Object(money)) => {
            let part = |name: &str| money.get(name).and_then(Json::as_str).unwrap_or_default();
            format!("{} {}", part("amount"), part("currency"))
        }
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}
