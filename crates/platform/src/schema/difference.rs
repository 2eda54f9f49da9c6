//! `diffSchema`: what would change, and what of it breaks.

use super::document::{SchemaField, SchemaObject, Stored};
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Id, Result};
use clientela_macros::{Choice, Shape};
use clientela_model::OperationDef;
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// What of an object or a field stays as it was made.
const FIXED: [&str; 7] = ["plural", "resource", "name", "type", "target", "inverse", "unique"];

/// What the schema is to be like.
#[derive(Clone, Shape)]
pub struct SchemaWanted {
    /// The objects.
    #[field(shape, most = 100)]
    pub objects: Vec<SchemaObject>,
    /// The fields.
    #[field(shape, most = 10_000)]
    pub fields: Vec<SchemaField>,
    /// Whether objects and fields that the document does not name are deleted. Otherwise they stay.
    #[field(default = "false", example = "false")]
    pub delete_missing: bool,
}

/// What is done with an object or a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum SchemaChangeKind {
    /// It is new.
    Create,
    /// Something about it changes.
    Change,
    /// It goes; its values are kept.
    Delete,
    /// It would have to become something that a document cannot make it: another type (`retypeField` does that), another target. Delete it, and make another one.
    Impossible,
}

/// One object or field that would change.
#[derive(Clone, Shape)]
pub struct SchemaChange {
    /// What is done with it.
    #[field(example = "\"CREATE\"")]
    pub kind: SchemaChangeKind,
    /// The resource, such as `contact` or `customMachine`.
    #[field(max = 60, example = "\"contact\"")]
    pub resource: String,
    /// The field; empty where it is about the object itself.
    #[field(max = 40, example = "\"creditRating\"")]
    pub field: Option<String>,
    /// What changes, each with its value before and after.
    #[field(max = 4_000, most = 20, example = "\"required: false becomes true\"")]
    pub what: Vec<String>,
    /// What breaks for those who use it; empty where nothing does.
    #[field(max = 400, most = 20, example = "\"Requests that leave the field out are refused.\"")]
    pub breaks: Vec<String>,
}

/// What would change.
#[derive(Shape)]
pub struct SchemaDifference {
    /// Every object and field that would change; none where all is as the document says.
    #[field(shape, most = 20_000)]
    pub changes: Vec<SchemaChange>,
    /// Whether any of it breaks something.
    #[field(example = "false")]
    pub breaking: bool,
}

/// Compares.
pub struct DiffSchema;

#[async_trait]
impl Operation for DiffSchema {
    type Input = SchemaWanted;
    type Output = SchemaDifference;

    fn definition() -> OperationDef {
        OperationDef::reading::<SchemaWanted, SchemaDifference>(
            "diffSchema",
            "customObject",
            "diff-schema",
            "Says what `applySchema` would change with this document, and what of it breaks for those who use your objects and fields.",
        )
    }

    async fn run(&self, call: &Call<'_>, wanted: SchemaWanted) -> Result<SchemaDifference> {
        let steps = steps(&Stored::read(call).await?, &wanted);
        let changes: Vec<SchemaChange> = steps.into_iter().map(|step| step.change).collect();
        Ok(SchemaDifference { breaking: changes.iter().any(|change| !change.breaks.is_empty()), changes })
    }
}

/// One change, with what carries it out.
pub(super) struct Step {
    pub(super) change: SchemaChange,
    /// `customObject` or `customField`.
    pub(super) record: &'static str,
    /// The record there is.
    pub(super) id: Option<Id>,
    /// What it is to be made of, or what of it changes.
    pub(super) body: Map<String, Json>,
    /// Where the document speaks of it, as a JSON Pointer.
    pub(super) pointer: String,
}

/// What must be done, in an order in which it can be: objects before the fields that they have and are referred to by, and away the other
/// way round.
pub(super) fn steps(stored: &Stored, wanted: &SchemaWanted) -> Vec<Step> {
    let (mut steps, mut last) = (Vec::new(), Vec::new());
    for (number, object) in wanted.objects.iter().enumerate() {
        let known = stored.objects.iter().find(|(_, known)| known.name == object.name);
        let known = known.map(|(found, known)| (found.id, known.body()));
        steps.extend(step("customObject", object.resource(), None, known, object.body(), format!("/objects/{number}")));
    }
    for (number, field) in wanted.fields.iter().enumerate() {
        let known = stored.fields.iter().find(|(_, known)| known.key() == field.key()).map(|(found, known)| (found.id, known.body()));
        let name = Some(field.name.clone());
        steps.extend(step("customField", field.resource.clone(), name, known, field.body(), format!("/fields/{number}")));
    }
    if wanted.delete_missing {
        let fields: BTreeSet<_> = wanted.fields.iter().map(SchemaField::key).collect();
        for (found, known) in stored.fields.iter().filter(|(_, known)| !fields.contains(&known.key())) {
            steps.push(away("customField", found.id, known.resource.clone(), Some(known.name.clone())));
        }
        let objects: BTreeSet<&str> = wanted.objects.iter().map(|object| object.name.as_str()).collect();
        for (found, known) in stored.objects.iter().filter(|(_, known)| !objects.contains(known.name.as_str())) {
            last.push(away("customObject", found.id, known.resource(), None));
        }
    }
    steps.extend(last);
    steps
}

fn away(record: &'static str, id: Id, resource: String, field: Option<String>) -> Step {
    let breaks = vec!["Whoever reads, filters or writes it is refused.".to_owned()];
    let change = SchemaChange { kind: SchemaChangeKind::Delete, resource, field, what: Vec::new(), breaks };
    Step { change, record, id: Some(id), body: Map::new(), pointer: "/deleteMissing".to_owned() }
}

/// The step from what there is to what is wanted; none where that is the same.
fn step(
    record: &'static str,
    resource: String,
    field: Option<String>,
    known: Option<(Id, Map<String, Json>)>,
    wanted: Map<String, Json>,
    pointer: String,
) -> Option<Step> {
    let Some((id, known)) = known else {
        let demands = wanted.get("required") == Some(&Json::Bool(true)) && wanted.get("defaultValue").is_none_or(Json::is_null);
        let breaks = if demands { vec!["Requests that make a record without it are refused.".to_owned()] } else { Vec::new() };
        let change = SchemaChange { kind: SchemaChangeKind::Create, resource, field, what: Vec::new(), breaks };
        let body = wanted.into_iter().filter(|(_, value)| !value.is_null()).collect();
        return Some(Step { change, record, id: None, body, pointer });
    };
    let differing: Vec<(&String, &Json, &Json)> = wanted
        .iter()
        .map(|(name, value)| (name, known.get(name).unwrap_or(&Json::Null), value))
        .filter(|(_, before, after)| before != after)
        .collect();
    if differing.is_empty() {
        return None;
    }
    let what = differing.iter().map(|(name, before, after)| shortened(format!("{name}: {before} becomes {after}"))).collect();
    let breaks = differing.iter().filter_map(|(name, before, after)| breaks(name, before, after)).collect();
    let fixed = differing.iter().any(|(name, ..)| FIXED.contains(&name.as_str()));
    let kind = if fixed { SchemaChangeKind::Impossible } else { SchemaChangeKind::Change };
    let body = differing.iter().map(|(name, _, after)| ((*name).clone(), (*after).clone())).collect();
    Some(Step { change: SchemaChange { kind, resource, field, what, breaks }, record, id: Some(id), body, pointer })
}

fn shortened(text: String) -> String {
    if text.chars().count() <= 400 { text } else { text.chars().take(399).chain(['…']).collect() }
}

/// What a change of one property breaks.
fn breaks(name: &str, before: &Json, after: &Json) -> Option<String> {
    let number = |json: &Json| json.as_i64();
    let text = match name {
        _ if FIXED.contains(&name) => "It cannot become that: its values are kept in another form.",
        "required" if after == &Json::Bool(true) => "Requests that leave the field out, or empty it, are refused.",
        "searched" if after == &Json::Bool(false) => "The search no longer finds records by it.",
        "indexed" if after == &Json::Bool(false) => "Filters on it are slower.",
        "minimum" if number(after).is_some_and(|after| number(before).is_none_or(|before| after > before)) => "Lesser numbers are refused.",
        "maximum" if number(after).is_some_and(|after| number(before).is_none_or(|before| after < before)) => {
            "Greater numbers are refused."
        }
        "maxLength" if number(after).is_some_and(|after| number(before).is_none_or(|before| after < before)) => "Longer texts are refused.",
        "options" => {
            let names = |json: &Json| -> BTreeSet<String> {
                let all = json.as_array().map(Vec::as_slice).unwrap_or_default();
                all.iter().filter_map(Json::as_str).map(|option| option.split('=').next().unwrap_or(option).to_owned()).collect()
            };
            let gone: Vec<String> = names(before).difference(&names(after)).cloned().collect();
            return (!gone.is_empty()).then(|| shortened(format!("{} can no longer be written or filtered by.", gone.join(", "))));
        }
        _ => return None,
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(json: Json) -> Map<String, Json> {
        json.as_object().cloned().unwrap()
    }

    fn from(before: Json, after: Json) -> Option<SchemaChange> {
        let known = Some((Id(uuid::Uuid::nil()), body(before)));
        step("customField", "contact".to_owned(), None, known, body(after), String::new()).map(|step| step.change)
    }

    #[test]
    fn what_is_the_same_is_no_step() {
        assert!(from(json!({ "label": "A" }), json!({ "label": "A" })).is_none());
    }

    #[test]
    fn what_narrows_breaks_and_what_widens_does_not() {
        let breaks = |before: Json, after: Json| !from(before, after).unwrap().breaks.is_empty();
        assert!(breaks(json!({ "required": false }), json!({ "required": true })));
        assert!(!breaks(json!({ "required": true }), json!({ "required": false })));
        assert!(breaks(json!({ "maximum": null }), json!({ "maximum": 5 })));
        assert!(breaks(json!({ "maximum": 6 }), json!({ "maximum": 5 })));
        assert!(!breaks(json!({ "maximum": 5 }), json!({ "maximum": 6 })));
        assert!(!breaks(json!({ "minimum": 5 }), json!({ "minimum": null })));
        assert!(breaks(json!({ "options": ["A=a", "B"] }), json!({ "options": ["A=other"] })));
        assert!(!breaks(json!({ "options": ["A"] }), json!({ "options": ["A=a", "B"] })));
        assert!(!breaks(json!({ "label": "A" }), json!({ "label": "B" })));
    }

    #[test]
    fn what_is_fixed_cannot_change() {
        let change = from(json!({ "type": "TEXT", "label": "A" }), json!({ "type": "INTEGER", "label": "B" })).unwrap();
        assert_eq!((change.kind, change.what.len(), change.breaks.len()), (SchemaChangeKind::Impossible, 2, 1));
    }
}
