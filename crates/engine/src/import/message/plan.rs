//! A mapping of messages that was checked against the resources and the operations.

use super::{MessageMapping, RuleMapping, StepMapping, place};
use crate::check_part;
use crate::filter::operand::nearest;
use crate::import::convert::Treatment;
use crate::import::mapping::{FieldMapping, FieldRule, Mapping, Names, RecordMapping, Repeats};
use crate::import::plan::{Builder, CurrencySource, FieldPlan, KeyPlan, Plan, RecordPlan, ValueSource};
use crate::import::text::TextPlan;
use crate::import::{Refusal, SourceOptions};
use clientela_model::{FieldType, Holds, OperationDef, Registry, ResourceDef, TextFormat, system};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Rules of a mapping.
const MOST_RULES: usize = 100;
/// Steps of a rule.
const MOST_STEPS: usize = 32;

/// A mapping of messages, ready to be used.
#[derive(Clone, Debug)]
pub struct MessagePlan {
    pub(super) rules: Vec<Rule>,
}

/// What is done with some messages.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) when: Vec<(String, Vec<Json>)>,
    /// The records of the steps, as many as there are steps.
    pub(super) plan: Arc<Plan>,
    pub(super) steps: Vec<Step>,
}

/// How a step goes.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) each: Option<String>,
    pub(super) act: Act,
}

/// What a step does.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Makes or changes a record.
    Upsert,
    /// Carries out an operation, with the record of the step's key where it has one, or with that of an earlier step.
    Operate(Arc<OperationDef>, Option<usize>),
}

/// Where in a mapping something is wrong, as a JSON Pointer into it, and what.
type Mistake = (String, String);

impl MessagePlan {
    /// Reads a mapping, as JSON, and checks it.
    ///
    /// # Errors
    /// Everything that is wrong with it: where in the mapping, as a JSON Pointer, and what is allowed there.
    pub fn read(text: &str, registry: &Registry) -> Result<MessagePlan, Vec<(String, String)>> {
        let mapping: MessageMapping =
            serde_json::from_str(text).map_err(|error| vec![(String::new(), format!("it cannot be read as a mapping: {error}"))])?;
        if mapping.rules.is_empty() || mapping.rules.len() > MOST_RULES {
            return Err(vec![("/rules".to_owned(), format!("there are {} rules; there must be 1 to {MOST_RULES}", mapping.rules.len()))]);
        }
        let tables = Mapping { source: SourceOptions::default(), map: mapping.map, record: Vec::new() };
        let (mut rules, mut mistakes) = (Vec::with_capacity(mapping.rules.len()), Vec::new());
        for (index, rule) in mapping.rules.iter().enumerate() {
            match read_rule(rule, &format!("/rules/{index}"), &tables, registry) {
                Ok(rule) => rules.push(rule),
                Err(more) => mistakes.extend(more),
            }
        }
        if mistakes.is_empty() { Ok(MessagePlan { rules }) } else { Err(mistakes) }
    }
}

fn read_rule(rule: &RuleMapping, at: &str, tables: &Mapping, registry: &Registry) -> Result<Rule, Vec<Mistake>> {
    let mut mistakes: Vec<Mistake> = Vec::new();
    let mut when = Vec::with_capacity(rule.when.len());
    for (pointer, wanted) in &rule.when {
        if let Some(text) = place::problem(pointer, false) {
            mistakes.push((format!("{at}/when"), text));
        }
        when.push((pointer.clone(), if let Json::Array(several) = wanted { several.clone() } else { vec![wanted.clone()] }));
    }
    if rule.steps.is_empty() || rule.steps.len() > MOST_STEPS {
        mistakes.push((format!("{at}/do"), format!("there are {} steps; there must be 1 to {MOST_STEPS}", rule.steps.len())));
        return Err(mistakes);
    }
    let mut builder = Builder::new(tables, registry);
    let mut steps: Vec<Step> = Vec::with_capacity(rule.steps.len());
    for (index, step) in rule.steps.iter().enumerate() {
        let at = format!("{at}/do/{index}");
        let read = serde_json::from_value::<StepMapping>(step.clone())
            .map_err(|error| (at.clone(), format!("it cannot be read as a step: {error}")))
            .and_then(|step| read_step(&mut builder, &steps, step, &at));
        match read {
            Ok(step) => steps.push(step),
            // Later steps may name this one: what they say of it would mislead.
            Err(mistake) => {
                mistakes.push(mistake);
                return Err(mistakes);
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let Builder { columns, records, .. } = builder;
    Ok(Rule { when, plan: Arc::new(Plan { source: SourceOptions::default(), columns, records }), steps })
}

fn read_step(builder: &mut Builder<'_>, before: &[Step], step: StepMapping, at: &str) -> Result<Step, Mistake> {
    let each = step.each.clone();
    if let Some(text) = each.as_deref().and_then(|each| place::problem(each, false)) {
        return Err((format!("{at}/each"), text));
    }
    let act = match (&step.upsert, &step.operation) {
        (Some(resource), None) => upsert(builder, resource.clone(), step, at)?,
        (None, Some(name)) => operation(builder, &name.clone(), step, at)?,
        _ => return Err((at.to_owned(), "a step has upsert or operation, and not both".to_owned())),
    };
    let Some(record) = builder.records.last() else { return Err((at.to_owned(), "it gives nothing".to_owned())) };
    // Of several records nobody knows which is meant.
    let mut named: Vec<usize> =
        record.fields.iter().filter_map(|field| if let ValueSource::Record(other) = field.source { Some(other) } else { None }).collect();
    named.extend(if let Act::Operate(_, target) = &act { *target } else { None });
    for other in named {
        let theirs = before.get(other).and_then(|step| step.each.as_ref());
        if theirs.is_some() && theirs != each.as_ref() {
            let name = builder.records.get(other).map_or("", |record| record.name.as_str());
            return Err((
                at.to_owned(),
                format!("it names the record of {name:?}, which is done once for each element: there are several"),
            ));
        }
    }
    for (field, column) in places(record) {
        let Some(text) = builder.columns.get(column).and_then(|name| place::problem(name, each.is_some())) else { continue };
        let part = if matches!(act, Act::Upsert) { "fields" } else { "input" };
        return Err((field.map_or_else(|| at.to_owned(), |field| format!("{at}/{part}/{field}")), text));
    }
    Ok(Step { each, act })
}

/// The columns of a record, each with the field that it is for.
fn places(record: &RecordPlan) -> Vec<(Option<&str>, usize)> {
    let mut all: Vec<(Option<&str>, usize)> = record.when.iter().map(|column| (None, *column)).collect();
    if let KeyPlan::External { text, .. } | KeyPlan::Named { text, .. } = &record.key {
        all.extend(text.columns().map(|column| (None, column)));
    }
    for field in &record.fields {
        if let ValueSource::Text(text) = &field.source {
            all.extend(text.columns().map(|column| (Some(field.name.as_str()), column)));
        }
        if let CurrencySource::Column(column) = field.currency {
            all.push((Some(field.name.as_str()), column));
        }
    }
    all
}

fn upsert(builder: &mut Builder<'_>, resource: String, step: StepMapping, at: &str) -> Result<Act, Mistake> {
    let Some(key) = step.key else {
        let text = "a step that upserts has a key, which tells the record again: { \"system\": \"erp\", \"column\": \"/customer/number\" }, or { \"field\": \"email\" }";
        return Err((at.to_owned(), text.to_owned()));
    };
    if step.record.is_some() || !step.input.is_empty() {
        return Err((at.to_owned(), "record and input are for operations".to_owned()));
    }
    let mapping = RecordMapping { resource, name: step.name, key, when: step.when, repeats: Repeats::Update, fields: step.fields };
    match builder.record(&mapping) {
        Ok(()) => Ok(Act::Upsert),
        Err(refusal) => Err(mistake(builder, refusal, at, "fields")),
    }
}

fn operation(builder: &mut Builder<'_>, name: &str, step: StepMapping, at: &str) -> Result<Act, Mistake> {
    let wrong = |text: String| Err((at.to_owned(), text));
    if !step.fields.is_empty() {
        return wrong("fields are for upsert; what an operation takes is its input".to_owned());
    }
    let allowed = |def: &&Arc<OperationDef>| def.writes && !def.confidential && !def.for_oneself && !def.resource.starts_with("inbox");
    let known: Vec<&Arc<OperationDef>> = builder.registry.operations().iter().filter(allowed).collect();
    let Some(def) = known.iter().find(|def| def.name == name).map(|def| Arc::clone(def)) else {
        let hint = nearest(name, known.iter().map(|def| def.name.as_ref()));
        return wrong(format!("there is no operation {name:?} that a mapping can carry out{hint}"));
    };
    let Some(resource) = builder.registry.resource(&def.resource).cloned() else { return wrong(format!("{name} is of no resource")) };
    let own = step.name.clone().unwrap_or_else(|| name.to_owned());
    if builder.records.iter().any(|other| other.name == own) {
        return wrong(format!("another step is called {own:?}. Give each one a name of its own"));
    }
    let (key, target) = target(builder, &def, &resource, &step, at)?;
    let fields = input(builder, &def, &step, at)?;
    let when = step.when.0.iter().map(|column| builder.column(column)).collect();
    builder.records.push(RecordPlan { def: resource, name: own, key, when, repeats: Repeats::Update, fields });
    Ok(Act::Operate(def, target))
}

/// The record that an operation is done with.
fn target(
    builder: &mut Builder<'_>,
    def: &OperationDef,
    resource: &ResourceDef,
    step: &StepMapping,
    at: &str,
) -> Result<(KeyPlan, Option<usize>), Mistake> {
    let wrong = |place: &str, text: String| Err((format!("{at}{place}"), text));
    match (&step.key, &step.record) {
        (None, None) if !def.is_on_record() => Ok((KeyPlan::Nothing, None)),
        (None, None) => {
            wrong("", format!("{} is done with a record: name it by key, or by record, which is the name of a step before", def.name))
        }
        _ if !def.is_on_record() => wrong("", format!("{} is done with no record: leave key and record out", def.name)),
        (Some(_), Some(_)) => wrong("", "give key or record, not both".to_owned()),
        (None, Some(name)) => match builder.records.iter().position(|other| other.name == *name) {
            Some(index) if builder.records.get(index).is_some_and(|other| other.def.name == resource.name) => {
                Ok((KeyPlan::Nothing, Some(index)))
            }
            Some(_) => wrong("/record", format!("the record of {name:?} is no {}, which {} is done with", resource.name, def.name)),
            None => wrong("/record", format!("no step before this one is called {name:?}")),
        },
        (Some(key), None) => {
            let text = match (&key.column, &key.template) {
                (Some(column), None) => TextPlan::First(vec![builder.column(column)]),
                (None, Some(template)) => {
                    builder.template(template, "key").map_err(|refusal| (format!("{at}/key"), refusal.to_string()))?
                }
                _ => return wrong("/key", "say where the key stands: column or template".to_owned()),
            };
            match (&key.system, &key.field) {
                (Some(system), None) => {
                    builder.system(system, resource, "key").map_err(|refusal| (format!("{at}/key"), refusal.to_string()))?;
                    Ok((KeyPlan::External { system: system.clone(), text }, None))
                }
                (None, Some(field)) if field == system::ID || resource.keys().any(|(known, _)| known.name == field.as_str()) => {
                    Ok((KeyPlan::Named { field: field.clone(), text }, None))
                }
                (None, Some(field)) => {
                    wrong("/key", format!("{field:?} is not unique among {}; take id, a unique field or a system", resource.plural))
                }
                _ => wrong(
                    "/key",
                    "key must be { system, column }, { system, template }, { field, column } or { field, template }".to_owned(),
                ),
            }
        }
    }
}

/// What an operation takes.
fn input(builder: &mut Builder<'_>, def: &OperationDef, step: &StepMapping, at: &str) -> Result<Vec<FieldPlan>, Mistake> {
    let mut fields = Vec::with_capacity(step.input.len());
    let mut constants = Map::new();
    for (name, mapping) in &step.input {
        let wrong = |text: String| Err((format!("{at}/input/{name}"), text));
        let Some((_, shaped)) = def.input.field(name) else {
            let hint = nearest(name, def.input.fields.iter().map(|field| field.name.as_ref()));
            return wrong(format!("{} takes no {name:?}{hint}", def.name));
        };
        if let FieldMapping::Rule(rule) = mapping
            && let Some(value) = &rule.value
        {
            constants.insert(name.clone(), value.clone());
        }
        fields.push(match &shaped.holds {
            Holds::Value(field) => {
                builder.rule(field, mapping, name).map_err(|refusal| (format!("{at}/input/{name}"), refusal.to_string()))?
            }
            // What is more than a value is taken as it stands.
            _ => match whole(builder, mapping) {
                Some(source) => FieldPlan {
                    name: name.clone(),
                    kind: FieldType::Text { max: u32::MAX, format: TextFormat::Plain },
                    defaulted: true,
                    source,
                    currency: CurrencySource::None,
                    treatment: Treatment::default(),
                    reference: None,
                },
                None => return wrong("it is more than one value: say column (what stands there is taken as it is) or value".to_owned()),
            },
        });
    }
    let missing: Vec<&str> = def
        .input
        .fields
        .iter()
        .filter(|field| field.required && matches!(&field.holds, Holds::Value(value) if value.default.is_none()))
        .map(|field| field.name.as_ref())
        .filter(|name| !step.input.contains_key(*name))
        .collect();
    if !missing.is_empty() {
        return Err((format!("{at}/input"), format!("{} needs {}", def.name, missing.join(", "))));
    }
    match check_part(def, &constants)
        .into_iter()
        .find(|problem| constants.contains_key(problem.pointer.trim_start_matches('/').split('/').next().unwrap_or_default()))
    {
        Some(problem) => Err((format!("{at}/input{}", problem.pointer), problem.detail)),
        None => Ok(fields),
    }
}

/// The source of what is taken as it stands.
fn whole(builder: &mut Builder<'_>, mapping: &FieldMapping) -> Option<ValueSource> {
    let Names(columns) = match mapping {
        FieldMapping::Column(column) => Names(vec![column.clone()]),
        FieldMapping::Rule(rule) => {
            let FieldRule { column, value, .. } = rule.as_ref();
            if let Some(value) = value {
                return Some(ValueSource::Constant(value.clone()));
            }
            column.clone()
        }
    };
    let columns: Vec<usize> = columns.iter().map(|column| builder.column(column)).collect();
    (!columns.is_empty()).then_some(ValueSource::Text(TextPlan::First(columns)))
}

/// What a refused part of a mapping means, at its place.
fn mistake(builder: &mut Builder<'_>, refusal: Refusal, at: &str, part: &str) -> Mistake {
    let field = builder.at.take().map_or_else(String::new, |field| format!("/{part}/{field}"));
    (format!("{at}{field}"), refusal.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn mistakes_are_told_at_their_places() {
        let registry = fixture::registry();
        let said = |text: &str| MessagePlan::read(text, &registry).map(|_| ()).unwrap_err();
        assert_eq!(said("[]")[0].0, "");
        assert_eq!(said(r#"{"rules":[]}"#)[0].0, "/rules");
        assert_eq!(said(r#"{"rules":[{"do":[]}]}"#)[0].0, "/rules/0/do");
        let two = said(r#"{"rules":[{"do":[{"upsert":"unicorn","key":{"field":"id"}}]},{"when":{"type":1},"do":[{"sell":"x"}]}]}"#);
        assert_eq!(two.iter().map(|(at, _)| at.as_str()).collect::<Vec<_>>(), ["/rules/0/do/0", "/rules/1/when", "/rules/1/do/0"]);
        assert!(two[0].1.contains("unicorn") && two[2].1.contains("sell"), "{two:?}");
    }
}
