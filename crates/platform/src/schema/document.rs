//! `snapshotSchema`, and the document.

use crate::custom_field::CustomFieldType;
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Filter, Result, Value};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef, naming};
use serde_json::{Map, Value as Json, json};

/// How many records are read at once.
const PAGE: u32 = 1_000;

/// An object of your own in a schema document.
#[derive(Clone, Shape)]
pub struct SchemaObject {
    /// What programs call one of them, such as `machine`.
    #[field(max = 40, example = "\"machine\"")]
    pub name: String,
    /// What programs call several of them; the regular plural where nothing is said.
    #[field(max = 50, example = "\"machines\"")]
    pub plural: Option<String>,
    /// What people call one of them.
    #[field(max = 120, example = "\"Machine\"")]
    pub label: String,
    /// What people call one of them in other languages.
    #[field(max = 130, most = 50, example = "\"de=Maschine\"")]
    pub labels: Vec<String>,
    /// What a record of this kind is.
    #[field(max = 1_000, example = "\"A machine of ours that stands at a customer's site.\"")]
    pub description: Option<String>,
    /// What the name of a record is.
    #[field(max = 120, default = "\"What the record is called\"", example = "\"Serial number\"")]
    pub title: String,
}

/// A field of your own in a schema document.
#[derive(Clone, Shape)]
pub struct SchemaField {
    /// The resource whose records have it, such as `contact`, or `customMachine` for an object of your own.
    #[field(max = 60, example = "\"contact\"")]
    pub resource: String,
    /// What programs call it.
    #[field(max = 40, example = "\"creditRating\"")]
    pub name: String,
    /// What people call it.
    #[field(max = 120, example = "\"Credit rating\"")]
    pub label: String,
    /// What people call it in other languages.
    #[field(max = 130, most = 50, example = "\"de=Bonität\"")]
    pub labels: Vec<String>,
    /// What it says.
    #[field(max = 1_000, example = "\"From the credit bureau, once a year.\"")]
    pub description: Option<String>,
    /// What it holds.
    #[field(name = "type", example = "\"CHOICE\"")]
    pub kind: CustomFieldType,
    /// What a `CHOICE` chooses from.
    #[field(max = 120, most = 200, example = "\"GOOD=Good\"")]
    pub options: Vec<String>,
    /// What people call the options in other languages.
    #[field(max = 200, most = 2_000, example = "\"de.GOOD=Gut\"")]
    pub option_labels: Vec<String>,
    /// What a `REFERENCE` refers to.
    #[field(max = 60, example = "null")]
    pub target: Option<String>,
    /// The relation that leads back.
    #[field(max = 40, example = "null")]
    pub inverse: Option<String>,
    /// Whether it must have a value.
    #[field(default = "false", example = "false")]
    pub required: bool,
    /// Whether no two living records may have the same value.
    #[field(name = "unique", default = "false", example = "false")]
    pub is_unique: bool,
    /// Whether an index serves filters on it.
    #[field(default = "false", example = "false")]
    pub indexed: bool,
    /// Whether the full-text search finds records by its words.
    #[field(default = "false", example = "false")]
    pub searched: bool,
    /// Whether it is sensitive.
    #[field(default = "false", example = "false")]
    pub sensitive: bool,
    /// The least whole number.
    #[field(min = -9_007_199_254_740_991, max = 9_007_199_254_740_991, example = "null")]
    pub minimum: Option<i64>,
    /// The greatest whole number.
    #[field(min = -9_007_199_254_740_991, max = 9_007_199_254_740_991, example = "null")]
    pub maximum: Option<i64>,
    /// The greatest number of characters.
    #[field(min = 1, max = 10_000, example = "null")]
    pub max_length: Option<i64>,
    /// What a new record has where nothing is said, as JSON.
    #[field(max = 1_000, example = "null")]
    pub default_value: Option<String>,
}

/// What to write out.
#[derive(Shape)]
pub struct SchemaQuestion {
    /// Only the fields of this resource, and the object where it is one; everything where left out.
    #[field(max = 60, example = "null")]
    pub resource: Option<String>,
}

/// Everything that your tenant adds to the definitions.
#[derive(Clone, Shape)]
pub struct SchemaDocument {
    /// The objects, in the order of their names.
    #[field(shape, most = 100)]
    pub objects: Vec<SchemaObject>,
    /// The fields, in the order of their resources and names.
    #[field(shape, most = 10_000)]
    pub fields: Vec<SchemaField>,
}

/// Writes the document.
pub struct SnapshotSchema;

#[async_trait]
impl Operation for SnapshotSchema {
    type Input = SchemaQuestion;
    type Output = SchemaDocument;

    fn definition() -> OperationDef {
        OperationDef::reading::<SchemaQuestion, SchemaDocument>(
            "snapshotSchema",
            "customObject",
            "snapshot-schema",
            "Writes your own objects and fields as one document, which `diffSchema` and `applySchema` take, here or in another tenant.",
        )
    }

    async fn run(&self, call: &Call<'_>, question: SchemaQuestion) -> Result<SchemaDocument> {
        let mut stored = Stored::read(call).await?;
        if let Some(resource) = &question.resource {
            stored.objects.retain(|(_, object)| object.resource() == *resource);
            stored.fields.retain(|(_, field)| field.resource == *resource);
        }
        Ok(SchemaDocument {
            objects: stored.objects.into_iter().map(|(_, object)| object).collect(),
            fields: stored.fields.into_iter().map(|(_, field)| field).collect(),
        })
    }
}

/// What a tenant has, with the records that say so.
pub(super) struct Stored {
    pub(super) objects: Vec<(Found, SchemaObject)>,
    pub(super) fields: Vec<(Found, SchemaField)>,
}

impl Stored {
    /// Reads it, in the order of the document.
    pub(super) async fn read(call: &Call<'_>) -> Result<Stored> {
        let objects = all(call, "customObject").await?;
        let fields = all(call, "customField").await?;
        let mut objects: Vec<_> =
            objects.into_iter().map(|found| (SchemaObject::of(&found), found)).map(|(entry, found)| (found, entry)).collect();
        let mut fields: Vec<_> = fields.into_iter().filter_map(|found| SchemaField::of(&found).map(|entry| (found, entry))).collect();
        objects.sort_by(|(_, left), (_, right)| left.name.cmp(&right.name));
        fields.sort_by(|(_, left), (_, right)| left.key().cmp(&right.key()));
        Ok(Stored { objects, fields })
    }
}

async fn all(call: &Call<'_>, resource: &str) -> Result<Vec<Found>> {
    let mut found: Vec<Found> = Vec::new();
    loop {
        let page = call.visible(resource, Filter::And(Vec::new()), found.last().map(|last| last.id), PAGE).await?;
        if page.is_empty() {
            return Ok(found);
        }
        found.extend(page);
    }
}

impl SchemaObject {
    /// The name of the resource.
    pub(super) fn resource(&self) -> String {
        clientela_model::custom_object::full_name(&self.name)
    }

    fn of(found: &Found) -> SchemaObject {
        let text = |name: &str| found.get(name).as_text().map(str::to_owned);
        SchemaObject {
            name: text("name").unwrap_or_default(),
            plural: text("plural"),
            label: text("label").unwrap_or_default(),
            labels: set(found, "labels"),
            description: text("description"),
            title: text("title").unwrap_or_default(),
        }
    }

    /// The record's fields in wire form, what is empty too.
    pub(super) fn body(&self) -> Map<String, Json> {
        let plural = self.plural.clone().unwrap_or_else(|| naming::plural(&self.name));
        members(json!({
            "name": self.name, "plural": plural, "label": self.label, "labels": sorted(&self.labels), "description": self.description,
            "title": self.title,
        }))
    }
}

impl SchemaField {
    /// What tells it from others.
    pub(super) fn key(&self) -> (&str, &str) {
        (&self.resource, &self.name)
    }

    /// A stored field; none of a type that this program does not know.
    fn of(found: &Found) -> Option<SchemaField> {
        let text = |name: &str| found.get(name).as_text().map(str::to_owned);
        let flag = |name: &str| found.get(name).as_boolean().unwrap_or(false);
        let number = |name: &str| found.get(name).as_integer();
        let kind = text("type")?;
        Some(SchemaField {
            resource: text("resource")?,
            name: text("name")?,
            label: text("label")?,
            labels: set(found, "labels"),
            description: text("description"),
            kind: CustomFieldType::ALL.into_iter().find(|known| known.as_str() == kind)?,
            options: set(found, "options"),
            option_labels: set(found, "optionLabels"),
            target: text("target"),
            inverse: text("inverse"),
            required: flag("required"),
            is_unique: flag("unique"),
            indexed: flag("indexed"),
            searched: flag("searched"),
            sensitive: flag("sensitive"),
            minimum: number("minimum"),
            maximum: number("maximum"),
            max_length: number("maxLength"),
            default_value: text("defaultValue"),
        })
    }

    /// The record's fields in wire form, what is empty too.
    pub(super) fn body(&self) -> Map<String, Json> {
        members(json!({
            "resource": self.resource, "name": self.name, "label": self.label, "labels": sorted(&self.labels),
            "description": self.description, "type": self.kind.as_str(), "options": sorted(&self.options), "optionLabels": sorted(&self.option_labels), "target": self.target,
            "inverse": self.inverse, "required": self.required, "unique": self.is_unique, "indexed": self.indexed,
            "searched": self.searched, "sensitive": self.sensitive, "minimum": self.minimum, "maximum": self.maximum, "maxLength": self.max_length,
            "defaultValue": self.default_value,
        }))
    }
}

fn set(found: &Found, name: &str) -> Vec<String> {
    if let Value::TextSet(members) = found.get(name) { members.clone() } else { Vec::new() }
}

fn sorted(members: &[String]) -> Vec<String> {
    let mut members: Vec<String> = members.iter().map(|member| member.trim().to_owned()).collect();
    members.sort();
    members.dedup();
    members
}

fn members(json: Json) -> Map<String, Json> {
    if let Json::Object(members) = json { members } else { Map::new() }
}
