//! One resource as a caller sees it: fields, relations, keys, what can be done.

use super::language::Languages;
use clientela_access::{Action, Grant, authorize, authorize_operation};
use clientela_engine::filter::operators;
use clientela_kernel::{Context, FieldMask, decimal};
use clientela_model::{FieldDef, FieldType, Labels, OperationDef, Registry, RelationKind, ResourceDef, TextFormat, WriteMode, naming};
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;

/// What can be done with records, in the order in which it is shown.
const ACTIONS: [Action; 9] = [
    Action::Read,
    Action::Create,
    Action::Update,
    Action::Delete,
    Action::Restore,
    Action::Erase,
    Action::Export,
    Action::Share,
    Action::Assign,
];

/// Describes the definitions to one caller.
pub(super) struct Describer<'c> {
    registry: &'c Registry,
    context: &'c Context,
    languages: Languages,
    /// What the caller may do with each resource; those with which they may do nothing are absent.
    allowed: HashMap<&'c str, Vec<(Action, Grant)>>,
}

impl<'c> Describer<'c> {
    pub(super) fn new(registry: &'c Registry, context: &'c Context, languages: Languages) -> Self {
        let grants = |def: &ResourceDef| -> Vec<(Action, Grant)> {
            let offered = ACTIONS.into_iter().filter(|action| offers(def, *action));
            offered.filter_map(|action| Some((action, authorize(context, def, action).ok()?))).collect()
        };
        let all = registry.resources().iter().map(|def| (def.name.as_ref(), grants(def)));
        Describer { registry, context, languages, allowed: all.filter(|(_, allowed)| !allowed.is_empty()).collect() }
    }

    fn grant(&self, def: &ResourceDef, action: Action) -> Option<&Grant> {
        self.allowed.get(def.name.as_ref())?.iter().find(|(known, _)| *known == action).map(|(_, grant)| grant)
    }

    /// What the caller may write when making a record.
    pub(super) fn creates(&self, def: &ResourceDef) -> Option<&Grant> {
        self.grant(def, Action::Create)
    }

    /// What the caller may write when changing one.
    pub(super) fn updates(&self, def: &ResourceDef) -> Option<&Grant> {
        self.grant(def, Action::Update)
    }

    /// The resource; none where the caller may do nothing with it.
    pub(super) fn resource(&self, def: &ResourceDef) -> Option<Json> {
        let allowed = self.allowed.get(def.name.as_ref())?;
        let read = self.grant(def, Action::Read);
        let shown = |field: &FieldDef| {
            let written = || [self.creates(def), self.updates(def)].into_iter().flatten().any(|grant| grant.fields.writes(field));
            !field.secret && read.map_or_else(written, |grant| grant.fields.shows(field))
        };
        let fields = def.visible_fields().filter(|(_, field)| !is_document(field) && shown(field));
        let fields: Vec<Json> = fields.map(|(_, field)| self.field(def, field, read.map(|grant| &grant.fields))).collect();
        let unique = def.unique.iter().filter(|unique| unique.fields.iter().all(|name| def.field(name).is_some_and(shown)));
        let unique: Vec<Json> = unique.map(|unique| json!(unique.fields)).collect();
        let operations = self.registry.operations().iter().filter(|operation| operation.resource == def.name);
        let actions: Vec<&str> = allowed.iter().map(|(action, _)| action.name()).collect();
        let mut resource = self.labeled(def.labels.as_deref(), &def.name);
        resource.extend(members(json!({
            "name": def.name,
            "plural": def.plural,
            "path": format!("/v1/{}", def.path),
            "typeName": def.type_name,
            "idPrefix": def.prefix,
            "description": def.description,
            "own": def.is_object(),
            "labelField": def.label,
            "ownerField": def.owner,
            "searchable": def.is_searched(),
            "actions": actions,
            "fields": fields,
            "relations": self.relations(def, &shown),
            "uniqueKeys": unique,
            "operations": operations.filter_map(|operation| self.operation(def, operation)).collect::<Vec<Json>>(),
        })));
        Some(Json::Object(resource))
    }

    fn field(&self, def: &ResourceDef, field: &FieldDef, mask: Option<&FieldMask>) -> Json {
        let seen = mask.is_some_and(|mask| mask.sees(field));
        let may = |grant: Option<&Grant>| grant.is_some_and(|grant| grant.fields.writes(field));
        let mut shown = self.labeled(field.labels.as_deref(), field.own_name());
        shown.extend(members(json!({
            "name": field.name,
            "type": type_of(&field.kind),
            "description": field.description,
            "example": serde_json::from_str::<Json>(&field.example).unwrap_or(Json::Null),
            "own": field.is_custom(),
            "required": field.required,
            "requiredOnCreate": field.required_on_create(),
            "creatable": field.write != WriteMode::ReadOnly && may(self.creates(def)),
            "updatable": field.write == WriteMode::Writable && may(self.updates(def)),
            "filterOperators": if seen && field.filter { operators(field) } else { &[] },
            "sortable": seen && field.sort,
            "searched": field.search.is_some(),
            "unique": def.unique.iter().any(|unique| matches!(unique.fields.as_slice(), [only] if *only == field.name)),
            "sensitive": field.sensitive,
            "masked": mask.is_some_and(|mask| mask.shows(field) && !mask.sees(field)),
        })));
        if let Some(default) = field.default.as_ref().and_then(|default| serde_json::from_str::<Json>(default).ok()) {
            shown.insert("default".to_owned(), default);
        }
        shown.extend(self.of_type(field));
        Json::Object(shown)
    }

    /// What only fields of its type have.
    fn of_type(&self, field: &FieldDef) -> Map<String, Json> {
        members(match &field.kind {
            FieldType::Text { max, format } => match format_of(*format) {
                Some(format) => json!({ "maxLength": max, "format": format }),
                None => json!({ "maxLength": max }),
            },
            FieldType::TextSet { max_items, max_length } => json!({ "maxItems": max_items, "maxLength": max_length }),
            FieldType::Integer { min, max } => {
                let mut bounds = Map::new();
                let bound = |name: &str, value: i64, none: i64| (value != none).then(|| (name.to_owned(), Json::from(value)));
                bounds.extend(bound("minimum", *min, i64::MIN));
                bounds.extend(bound("maximum", *max, i64::MAX));
                Json::Object(bounds)
            }
            FieldType::Decimal { places, min, max } => {
                json!({ "decimalPlaces": places, "minimum": decimal::text(*min, *places), "maximum": decimal::text(*max, *places) })
            }
            FieldType::Choice(choice) => {
                let option = |option: &clientela_model::ChoiceOption| {
                    let mut shown = self.labeled(option.labels.as_deref(), &option.name.to_lowercase().replace('_', " "));
                    shown.extend(members(json!({ "value": option.name, "description": option.description })));
                    Json::Object(shown)
                };
                json!({ "typeName": choice.name, "options": choice.options.iter().map(option).collect::<Vec<Json>>() })
            }
            FieldType::Reference(reference) if self.allowed.contains_key(reference.target.as_ref()) => {
                json!({ "reference": { "resources": [reference.target], "relation": reference.relation } })
            }
            FieldType::AnyReference(reference) => {
                let seen = reference.targets.iter().filter(|target| self.allowed.contains_key(target.resource.as_ref()));
                json!({ "reference": { "resources": seen.map(|target| target.resource.as_ref()).collect::<Vec<&str>>() } })
            }
            FieldType::Reference(_)
            | FieldType::Id
            | FieldType::Boolean
            | FieldType::Date
            | FieldType::Instant
            | FieldType::Duration
            | FieldType::Money => Json::Null,
        })
    }

    fn relations(&self, def: &ResourceDef, shown: &impl Fn(&FieldDef) -> bool) -> Vec<Json> {
        let mut relations = Vec::new();
        for relation in def.relations.iter().filter(|relation| self.allowed.contains_key(relation.target.as_ref())) {
            let field = match &relation.kind {
                RelationKind::ToOne { field } if def.field(field).is_some_and(shown) => field,
                RelationKind::ToOne { .. } => continue,
                RelationKind::ToMany { foreign, .. } => {
                    // What is hidden there leads nowhere from here.
                    let there = self.registry.resource(&relation.target).and_then(|target| Some((target, target.field(foreign)?)));
                    let sees =
                        there.is_some_and(|(target, field)| self.grant(target, Action::Read).is_some_and(|grant| grant.fields.sees(field)));
                    if !sees {
                        continue;
                    }
                    foreign
                }
            };
            relations.push(json!({
                "name": relation.name,
                "resource": relation.target,
                "many": !relation.is_to_one(),
                "field": field,
                "description": relation.description,
            }));
        }
        relations
    }

    fn operation(&self, def: &ResourceDef, operation: &OperationDef) -> Option<Json> {
        let action = match (operation.writes, operation.is_on_record()) {
            (false, _) => Action::Read,
            (true, true) => Action::Update,
            (true, false) => Action::Create,
        };
        if !operation.for_oneself {
            authorize_operation(self.context, def, action, &operation.name).ok()?;
        }
        Some(json!({
            "name": operation.name,
            "path": operation.path(&format!("/v1/{}", def.path)),
            "onRecord": operation.is_on_record(),
            "writes": operation.writes,
            "description": operation.description,
        }))
    }

    /// What people call it: in the language asked for, and in every one.
    fn labeled(&self, labels: Option<&Labels>, name: &str) -> Map<String, Json> {
        let Some(labels) = labels else {
            let words = naming::words(name);
            let mut letters = words.chars();
            let label: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
            return members(json!({ "label": label, "labels": {} }));
        };
        let others: Map<String, Json> =
            labels.others.iter().map(|(language, label)| (language.to_string(), Json::from(label.as_ref()))).collect();
        members(json!({ "label": self.languages.choose(labels), "labels": others }))
    }
}

/// Whether the API has this for the resource.
fn offers(def: &ResourceDef, action: Action) -> bool {
    match action {
        Action::Read | Action::Export => true,
        Action::Create => def.creatable,
        Action::Update => def.updatable,
        Action::Delete | Action::Restore | Action::Erase => def.deletable,
        Action::Share => !def.unattachable,
        Action::Assign => def.owner.is_some(),
    }
}

/// The document itself is shown field by field.
fn is_document(field: &FieldDef) -> bool {
    matches!(field.kind, FieldType::Text { format: TextFormat::Document, .. })
}

fn members(json: Json) -> Map<String, Json> {
    if let Json::Object(members) = json { members } else { Map::new() }
}

/// The types, by the names that custom fields have for them.
pub(crate) fn type_of(kind: &FieldType) -> &'static str {
    match kind {
        FieldType::Id => "ID",
        FieldType::Reference(_) => "REFERENCE",
        FieldType::AnyReference(_) => "ANY_REFERENCE",
        FieldType::Text { .. } => "TEXT",
        FieldType::TextSet { .. } => "TEXT_SET",
        FieldType::Boolean => "BOOLEAN",
        FieldType::Integer { .. } => "INTEGER",
        FieldType::Decimal { .. } => "DECIMAL",
        FieldType::Date => "DATE",
        FieldType::Instant => "INSTANT",
        FieldType::Duration => "DURATION",
        FieldType::Money => "MONEY",
        FieldType::Choice(_) => "CHOICE",
    }
}

/// The form that a text has; none where any text will do.
fn format_of(format: TextFormat) -> Option<&'static str> {
    match format {
        TextFormat::Plain | TextFormat::Document => None,
        TextFormat::Email => Some("EMAIL"),
        TextFormat::Phone => Some("PHONE"),
        TextFormat::Url => Some("URL"),
        TextFormat::Domain => Some("DOMAIN"),
        TextFormat::Country => Some("COUNTRY"),
        TextFormat::Currency => Some("CURRENCY"),
        TextFormat::Language => Some("LANGUAGE"),
        TextFormat::TimeZone => Some("TIME_ZONE"),
        TextFormat::Time => Some("TIME"),
        TextFormat::Slug => Some("SLUG"),
        TextFormat::FileName => Some("FILE_NAME"),
        TextFormat::FilterTree => Some("FILTER_TREE"),
        TextFormat::Recurrence => Some("RECURRENCE"),
    }
}
