//! A mapping that was checked against the resources: names resolved, nothing left that could fail for every row.

use super::Refusal;
use super::convert::Treatment;
use super::mapping::{FieldMapping, FieldRule, KeyMapping, MapRule, Mapping, Names, RecordMapping, ReferenceRule, Repeats};
use super::source::SourceOptions;
use super::text::TextPlan;
use crate::filter::operand::nearest;
use crate::input;
use clientela_kernel::currency::Currency;
use clientela_model::{FieldDef, FieldType, Registry, ResourceDef, WriteMode, system};
use serde_json::Value as Json;
use std::sync::Arc;

/// Records that one row may give.
const MOST_RECORDS: usize = 32;

/// A mapping, ready to be used.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) source: SourceOptions,
    /// The columns to read, in the order of the cells.
    pub(super) columns: Vec<String>,
    pub(super) records: Vec<RecordPlan>,
}

/// One record that a row gives.
#[derive(Clone, Debug)]
pub(super) struct RecordPlan {
    pub(super) def: Arc<ResourceDef>,
    pub(super) name: String,
    pub(super) key: KeyPlan,
    pub(super) when: Vec<usize>,
    pub(super) repeats: Repeats,
    pub(super) fields: Vec<FieldPlan>,
}

/// What tells a record again.
#[derive(Clone, Debug)]
pub(super) enum KeyPlan {
    External {
        system: String,
        text: TextPlan,
    },
    Unique {
        field: String,
    },
    /// A unique field and a text, for what is done with a record and says nothing of that field.
    Named {
        field: String,
        text: TextPlan,
    },
    /// No record.
    Nothing,
}

/// Where a field's value comes from.
#[derive(Clone, Debug)]
pub(super) struct FieldPlan {
    pub(super) name: String,
    pub(super) kind: FieldType,
    /// Whether an empty value leaves the field out, so that its default holds.
    pub(super) defaulted: bool,
    pub(super) source: ValueSource,
    pub(super) currency: CurrencySource,
    pub(super) treatment: Treatment,
    pub(super) reference: Option<ReferencePlan>,
}

#[derive(Clone, Debug)]
pub(super) enum ValueSource {
    Text(TextPlan),
    Constant(Json),
    /// The record at this position.
    Record(usize),
}

#[derive(Clone, Debug)]
pub(super) enum CurrencySource {
    None,
    Constant(String),
    Column(usize),
}

/// A record that a text names.
#[derive(Clone, Debug)]
pub(super) struct ReferencePlan {
    pub(super) def: Arc<ResourceDef>,
    pub(super) by: ReferenceKey,
    /// Whether a row of this very file may make it.
    pub(super) later: bool,
}

#[derive(Clone, Debug)]
pub(super) enum ReferenceKey {
    External { system: String, template: Option<String> },
    Unique { field: String },
}

impl Plan {
    /// Checks a mapping.
    ///
    /// # Errors
    /// Names the record, the field and what is allowed.
    pub fn new(mapping: &Mapping, registry: &Registry) -> Result<Plan, Refusal> {
        let mut builder = Builder::new(mapping, registry);
        if mapping.record.is_empty() || mapping.record.len() > MOST_RECORDS {
            let found = mapping.record.len();
            return Err(Refusal::Mapping(format!("The mapping has {found} [[record]] tables; it must have 1 to {MOST_RECORDS}.")));
        }
        for record in &mapping.record {
            builder.record(record)?;
        }
        let Builder { columns, mut records, .. } = builder;
        mark_later(&mut records);
        Ok(Plan { source: mapping.source.clone(), columns, records })
    }

    /// The column that a field of a record comes from, as a report names it.
    pub(super) fn column_of(&self, record: &RecordPlan, field: &str) -> Option<String> {
        let field = record.fields.iter().find(|plan| plan.name == field)?;
        let ValueSource::Text(text) = &field.source else { return None };
        Some(self.names(text))
    }

    /// The columns of a text, as a report names them.
    pub(super) fn names(&self, text: &TextPlan) -> String {
        let names: Vec<&str> = text.columns().filter_map(|index| self.columns.get(index).map(String::as_str)).collect();
        names.join(", ")
    }
}

/// References that records of this mapping may satisfy.
fn mark_later(records: &mut [RecordPlan]) {
    let made: Vec<(String, KeyPlan)> = records.iter().map(|record| (record.def.name.to_string(), record.key.clone())).collect();
    for reference in records.iter_mut().flat_map(|record| &mut record.fields).filter_map(|field| field.reference.as_mut()) {
        reference.later = made.iter().any(|(resource, key)| {
            reference.def.name == resource.as_str()
                && match (key, &reference.by) {
                    (KeyPlan::External { system, .. }, ReferenceKey::External { system: named, .. }) => system == named,
                    // Whichever way the record is made, it may fill the field.
                    (_, ReferenceKey::Unique { .. }) => true,
                    (_, ReferenceKey::External { .. }) => false,
                }
        });
    }
}

/// Checks a mapping part by part.
pub(super) struct Builder<'a> {
    mapping: &'a Mapping,
    pub(super) registry: &'a Registry,
    pub(super) columns: Vec<String>,
    pub(super) records: Vec<RecordPlan>,
    /// The field that was looked at last.
    pub(super) at: Option<String>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(mapping: &'a Mapping, registry: &'a Registry) -> Builder<'a> {
        Builder { mapping, registry, columns: Vec::new(), records: Vec::new(), at: None }
    }
}

impl Builder<'_> {
    pub(super) fn column(&mut self, name: &str) -> usize {
        if let Some(index) = self.columns.iter().position(|known| known == name) {
            return index;
        }
        self.columns.push(name.to_owned());
        self.columns.len() - 1
    }

    pub(super) fn resource(&self, name: &str, place: &str) -> Result<Arc<ResourceDef>, Refusal> {
        self.registry.resource(name).filter(|def| !def.mirror).cloned().ok_or_else(|| {
            let hint = nearest(name, self.registry.resources().iter().map(|def| def.name.as_ref()));
            Refusal::Mapping(format!("{place}: there is no resource {name:?}{hint}."))
        })
    }

    pub(super) fn record(&mut self, record: &RecordMapping) -> Result<(), Refusal> {
        let name = record.name.clone().unwrap_or_else(|| record.resource.clone());
        let place = format!("record {name:?}");
        let refuse = |text: String| Err(Refusal::Mapping(format!("{place}: {text}")));
        if self.records.iter().any(|other| other.name == name) {
            return refuse("another record has this name. Give each one a name of its own.".to_owned());
        }
        let def = self.resource(&record.resource, &place)?;
        if !def.creatable || !def.updatable {
            return refuse(format!("{} are kept by the server and cannot be imported.", def.plural));
        }
        let key = self.key(&record.key, &def, &place)?;
        let when = record.when.0.iter().map(|column| self.column(column)).collect();
        let mut fields = Vec::with_capacity(record.fields.len());
        for (field, mapping) in &record.fields {
            self.at = Some(field.clone());
            fields.push(self.field(&def, field, mapping, &place)?);
        }
        self.at = None;
        if let KeyPlan::Unique { field } = &key
            && !record.fields.contains_key(field)
        {
            return refuse(format!("key.field is {field:?}, which is not mapped under fields."));
        }
        let missing: Vec<&str> = def
            .fields
            .iter()
            .filter(|field| field.required_on_create() && !record.fields.contains_key(field.name.as_ref()))
            .map(|field| field.name.as_ref())
            .collect();
        if !missing.is_empty() {
            return refuse(format!("{} needs {}; map them under fields.", def.name, missing.join(", ")));
        }
        self.records.push(RecordPlan { def, name, key, when, repeats: record.repeats, fields });
        Ok(())
    }

    pub(super) fn key(&mut self, key: &KeyMapping, def: &ResourceDef, place: &str) -> Result<KeyPlan, Refusal> {
        let refuse = |text: &str| Err(Refusal::Mapping(format!("{place}: {text}")));
        match (&key.system, &key.column, &key.template, &key.field) {
            (Some(system), Some(column), None, None) => {
                self.system(system, def, place)?;
                let column = self.column(column);
                Ok(KeyPlan::External { system: system.clone(), text: TextPlan::First(vec![column]) })
            }
            (Some(system), None, Some(template), None) => {
                self.system(system, def, place)?;
                let text = self.template(template, place)?;
                Ok(KeyPlan::External { system: system.clone(), text })
            }
            (None, None, None, Some(field)) => {
                let single = def.unique.iter().filter(|unique| unique.fields.len() == 1);
                let known: Vec<&str> = single.flat_map(|unique| &unique.fields).map(|name| name.as_ref()).collect();
                if field == system::ID || known.contains(&field.as_str()) {
                    return Ok(KeyPlan::Unique { field: field.clone() });
                }
                refuse(&format!(
                    "key.field is {field:?}, which is not unique. Unique fields of {}: {}. Or use its id, or key = {{ system = …, column = … }}.",
                    def.name,
                    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
                ))
            }
            _ => refuse("key must be { system, column }, { system, template } or { field }."),
        }
    }

    /// A system can have keys of this resource.
    pub(super) fn system(&self, system: &str, def: &ResourceDef, place: &str) -> Result<(), Refusal> {
        let refuse = |text: String| Err(Refusal::Mapping(format!("{place}: {text}")));
        let Some((keys, fields)) = self.registry.external_keys(def) else {
            return refuse(format!("{} have no keys of other systems; use key = {{ field = … }}.", def.plural));
        };
        if def.field(system).is_some() || def.relation(system).is_some() {
            return refuse(format!("{system:?} is the name of a field of {}; call the system something else.", def.name));
        }
        let problem = keys.field(&fields.system).and_then(|field| input::read(field, &system.into(), "").err());
        problem.map_or(Ok(()), |problem| refuse(problem.detail))
    }

    pub(super) fn template(&mut self, template: &str, place: &str) -> Result<TextPlan, Refusal> {
        let plan = TextPlan::template(template, |name| self.column(name));
        plan.ok_or_else(|| {
            Refusal::Mapping(format!(
                "{place}: the template {template:?} has a brace without its partner; write {{column}}, and {{{{ for a brace."
            ))
        })
    }

    fn field(&mut self, def: &ResourceDef, name: &str, mapping: &FieldMapping, place: &str) -> Result<FieldPlan, Refusal> {
        let place = format!("{place}, field {name:?}");
        let refuse = |text: String| Err(Refusal::Mapping(format!("{place}: {text}")));
        let writable = |field: &&FieldDef| field.write != WriteMode::ReadOnly && !field.secret;
        let Some(field) = def.field(name) else {
            let hint = nearest(name, def.fields.iter().filter(writable).map(|field| field.name.as_ref()));
            return refuse(format!("{} has no such field{hint}.", def.name));
        };
        if !writable(&field) {
            return refuse("it is set by the server and cannot be imported.".to_owned());
        }
        self.rule(field, mapping, &place)
    }

    /// Where the value of a field comes from.
    pub(super) fn rule(&mut self, field: &FieldDef, mapping: &FieldMapping, place: &str) -> Result<FieldPlan, Refusal> {
        let refuse = |text: String| Err(Refusal::Mapping(format!("{place}: {text}")));
        let rule = match mapping {
            FieldMapping::Column(column) => FieldRule { column: Names(vec![column.clone()]), ..FieldRule::default() },
            FieldMapping::Rule(rule) => rule.as_ref().clone(),
        };
        let given = [!rule.column.0.is_empty(), rule.template.is_some(), rule.value.is_some(), rule.record.is_some()];
        if given.into_iter().filter(|given| *given).count() != 1 {
            return refuse("say where the value comes from: one of column, template, value and record.".to_owned());
        }
        let source = if let Some(value) = &rule.value {
            ValueSource::Constant(value.clone())
        } else if let Some(other) = &rule.record {
            self.other_record(field, other, place)?
        } else if let Some(template) = &rule.template {
            ValueSource::Text(self.template(template, place)?)
        } else {
            ValueSource::Text(TextPlan::First(rule.column.0.iter().map(|column| self.column(column)).collect()))
        };
        let reference = rule.reference.as_ref().map(|reference| self.reference(field, reference, place)).transpose()?;
        let currency = self.currency(field, &rule, place)?;
        let treatment = self.treatment(&rule, place)?;
        let defaulted = field.required && (field.default.is_some() || field.derived);
        Ok(FieldPlan { name: field.name.to_string(), kind: field.kind.clone(), defaulted, source, currency, treatment, reference })
    }

    fn other_record(&self, field: &FieldDef, name: &str, place: &str) -> Result<ValueSource, Refusal> {
        let refuse = |text: String| Err(Refusal::Mapping(format!("{place}: {text}")));
        let Some((index, other)) = self.records.iter().enumerate().find(|(_, other)| other.name == name) else {
            let known: Vec<&str> = self.records.iter().map(|other| other.name.as_str()).collect();
            return refuse(format!("no record before this one is called {name:?}; known: {}.", known.join(", ")));
        };
        if accepts(field, &other.def) {
            return Ok(ValueSource::Record(index));
        }
        refuse(format!("it does not refer to {}.", other.def.plural))
    }

    fn reference(&self, field: &FieldDef, rule: &ReferenceRule, place: &str) -> Result<ReferencePlan, Refusal> {
        let refuse = |text: String| Err(Refusal::Mapping(format!("{place}: {text}")));
        let target = field.reference().map(|reference| reference.target.to_string());
        let Some(resource) = rule.resource.clone().or(target) else {
            return refuse("reference.resource says what kind of record the text names.".to_owned());
        };
        let def = self.resource(&resource, place)?;
        if !accepts(field, &def) {
            return refuse(format!("it does not refer to {}.", def.plural));
        }
        if let Some(system) = &rule.system {
            self.system(system, &def, place)?;
        }
        let by = match (&rule.system, &rule.field) {
            (Some(system), None) => ReferenceKey::External { system: system.clone(), template: rule.template.clone() },
            (None, Some(unique)) if rule.template.is_none() => {
                if unique != system::ID
                    && !def.unique.iter().any(|known| known.fields.len() == 1 && known.fields.iter().any(|name| name == unique.as_str()))
                {
                    return refuse(format!("{unique:?} is not a unique field of {}.", def.name));
                }
                ReferenceKey::Unique { field: unique.clone() }
            }
            _ => return refuse("reference must have system (with template, if need be) or field.".to_owned()),
        };
        Ok(ReferencePlan { def, by, later: false })
    }

    fn currency(&mut self, field: &FieldDef, rule: &FieldRule, place: &str) -> Result<CurrencySource, Refusal> {
        let refuse = |text: &str| Err(Refusal::Mapping(format!("{place}: {text}")));
        let money = matches!(field.kind, FieldType::Money);
        match (&rule.currency, &rule.currency_column) {
            (None, None) if money && rule.value.is_none() => refuse("an amount needs currency or currency_column."),
            (None, None) => Ok(CurrencySource::None),
            _ if !money => refuse("currency is for amounts only."),
            (Some(code), None) if Currency::parse(code).is_some() => Ok(CurrencySource::Constant(code.clone())),
            (None, Some(column)) => Ok(CurrencySource::Column(self.column(column))),
            (Some(_), None) => refuse("currency must be an ISO 4217 code such as EUR."),
            (Some(_), Some(_)) => refuse("give currency or currency_column, not both."),
        }
    }

    fn treatment(&self, rule: &FieldRule, place: &str) -> Result<Treatment, Refusal> {
        let map = match &rule.map {
            None => None,
            Some(MapRule::Table(table)) => Some(table.clone()),
            Some(MapRule::Named(name)) => match self.mapping.map.get(name) {
                Some(table) => Some(table.clone()),
                None => {
                    let hint = nearest(name, self.mapping.map.keys().map(String::as_str));
                    return Err(Refusal::Mapping(format!("{place}: there is no table [map.{name}]{hint}.")));
                }
            },
        };
        let zone = match &rule.zone {
            None => None,
            Some(zone) => Some(zone.parse().map_err(|_| {
                Refusal::Mapping(format!("{place}: zone is {zone:?}; it must be an IANA time zone such as Europe/Vienna."))
            })?),
        };
        Ok(Treatment {
            split: rule.split,
            case: rule.case,
            map,
            default: rule.default.clone(),
            dates: rule.dates.0.clone(),
            zone,
            separator: rule.separator.clone(),
            decimal: rule.decimal,
        })
    }
}

/// Whether a field may hold the id of such a record.
fn accepts(field: &FieldDef, def: &ResourceDef) -> bool {
    match field.reference() {
        Some(reference) => reference.prefix == def.prefix || reference.also_accepts.contains(&def.prefix),
        None => field.any_reference().is_some_and(|reference| reference.target(&def.name).is_some()),
    }
}
