//! What a change of type would do: the definitions it needs, and every value looked at.

use super::convert::{convert, text_of};
use super::shapes::{Retyping, RetypingFailure, WhatFails};
use super::{only_administrators, supports, wrong_type};
use crate::custom_field::{CustomFieldType, retype_key};
use crate::stored_definitions::addition;
use clientela_engine::Call;
use clientela_engine::module::{Draft, Found};
use clientela_kernel::{Comparison, DeletedMode, Error, ErrorCode, FieldProblem, Filter, Id, Name, ProblemCode, Result, Value};
use clientela_model::{Choice as _, FieldDef, Registry, ResourceDef, document, system};
use std::collections::HashSet;
use std::sync::Arc;

/// How many records are read at once.
const PAGE: u32 = 1_000;
/// How many that do not fit are told of.
const LISTED: usize = 100;

/// A field as it is and as it is to be, side by side.
pub(super) struct Plan {
    /// Definitions with both: the new one by the field's name, the old one set aside.
    pub(super) registry: Arc<Registry>,
    /// The resource.
    pub(super) resource: String,
    /// What the field is called: `custom.creditClass`.
    pub(super) name: String,
    /// What the old one is called meanwhile.
    pub(super) aside: String,
    unique: bool,
}

/// What was found.
pub(super) struct Looked {
    pub(super) holding: i64,
    pub(super) converted: i64,
    pub(super) failing: i64,
    pub(super) failures: Vec<Failure>,
    refused: HashSet<Id>,
}

/// A value that does not fit.
pub(super) struct Failure {
    record: String,
    value: String,
    reason: String,
}

impl Plan {
    /// The plan of giving a field another type.
    ///
    /// # Errors
    /// Where it cannot be given that type.
    pub(super) async fn new(call: &Call<'_>, record: &Found, given: &Retyping) -> Result<Plan> {
        only_administrators(call)?;
        let text = |name: &str| record.get(name).as_text().unwrap_or_default().to_owned();
        if text("type") == given.kind.as_str() {
            return Err(wrong_type(format!(
                "The field is {} already. Change what else it says by changing its record.",
                given.kind.as_str()
            )));
        }
        if [text("type").as_str(), given.kind.as_str()].contains(&"REFERENCE") {
            return Err(wrong_type("References are not retyped. Make another field, and delete this one."));
        }
        if given.kind == CustomFieldType::Choice && given.options.is_empty() {
            let text = "options must name at least one, since the type is CHOICE.";
            return Err(Error::validation(vec![FieldProblem::new("/options", ProblemCode::Required, text)]));
        }
        let (resource, name) = (text("resource"), format!("{}{}", document::PREFIX, text("name")));
        let aside = format!("{name}Before");
        let registry = call.engine().registry();
        let missing = || Error::new(ErrorCode::NotFound, format!("{resource} has no field {name} now. Look at its record again."));
        let parted = registry.with_field_aside(&resource, &name, &aside).ok_or_else(missing)?;
        let new = Found { values: retyped(call, record, given), ..record.clone() };
        let addition = addition(&parted, &record.def, &new.values).ok_or_else(|| wrong_type("The field cannot be of this type."))?;
        let (both, problems) = parted.extended(vec![addition]);
        if let Some(problem) = problems.first() {
            return Err(wrong_type(format!("The field cannot be of this type: {problem}.")));
        }
        let unique = record.get("unique").as_boolean().unwrap_or(false);
        Ok(Plan { registry: Arc::new(both), resource, name, aside, unique })
    }

    fn field(&self, name: &str) -> Result<(&Arc<ResourceDef>, &FieldDef)> {
        let def = self.registry.resource(&self.resource).ok_or_else(|| Error::internal("a resource went missing"))?;
        Ok((def, def.field(name).ok_or_else(|| Error::internal("a field went missing"))?))
    }

    /// A value in the new type.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn converted(&self, value: &Value) -> Result<Value, String> {
        let ((def, from), (_, to)) = match (self.field(&self.aside), self.field(&self.name)) {
            (Ok(from), Ok(to)) => (from, to),
            _ => return Err("The field is gone.".to_owned()),
        };
        convert(def, from, value, to)
    }

    /// Looks at every value, of deleted records too; `call` is over the definitions of the plan.
    pub(super) async fn look(&self, call: &Call<'_>, most: usize) -> Result<Looked> {
        let (def, from) = self.field(&self.aside)?;
        let filled = Filter::field(self.aside.clone(), Comparison::IsNull).negate();
        let mut looked = Looked { holding: 0, converted: 0, failing: 0, failures: Vec::new(), refused: HashSet::new() };
        let mut seen: HashSet<String> = HashSet::new();
        let mut beyond: Option<Id> = None;
        loop {
            let rest = beyond.map(|id| Filter::field(system::ID, Comparison::Greater(Value::Id(id.0))));
            let filter = Filter::And([filled.clone()].into_iter().chain(rest).collect());
            let page = call.engine().found_in_order_as(call.context, def, &filter, DeletedMode::Include).await?;
            let Some(last) = page.last() else { return Ok(looked) };
            beyond = Some(last.id);
            for record in &page {
                looked.holding += 1;
                if usize::try_from(looked.holding).is_ok_and(|holding| holding > most) {
                    let text = format!(
                        "More than {most} records hold a value, which is more than is rewritten at once. Make another field, copy the values by an import, and delete this one."
                    );
                    return Err(Error::new(ErrorCode::QueryTooComplex, text));
                }
                let value = record.get(&self.aside);
                let lives = record.get(system::DELETED_AT).is_null();
                let outcome = self.converted(value).and_then(|converted| {
                    // Folded as the key compares.
                    let key = clientela_kernel::fold::fold(&format!("{converted:?}"));
                    if self.unique && lives && !seen.insert(key) {
                        return Err("Another record has the same value in the new type, and the field is unique.".to_owned());
                    }
                    Ok(converted)
                });
                match outcome {
                    Ok(_) => looked.converted += 1,
                    Err(reason) => {
                        looked.failing += 1;
                        looked.refused.insert(record.id);
                        if looked.failures.len() < LISTED {
                            let value: String = text_of(def, from, value).chars().take(10_000).collect();
                            looked.failures.push(Failure { record: record.id.to_text(&def.prefix), value, reason });
                        }
                    }
                }
            }
            if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                return Ok(looked);
            }
        }
    }
}

impl Plan {
    /// Rewrites the field and every value; `over` is the same call over the definitions of the plan.
    pub(super) async fn carry_out(&self, call: &Call<'_>, over: &Call<'_>, record: &Found, given: &Retyping, found: &Looked) -> Result<()> {
        let values = fields(record, given, retype_key(call.context.tenant, record));
        call.set("customField", record.id, values, None).await?;
        let (aside, name) = (self.aside.as_str(), self.name.as_str());
        let filled = Filter::field(aside.to_owned(), Comparison::IsNull).negate();
        let change = |draft: &mut Draft| {
            let value = match self.converted(draft.old(aside)) {
                Ok(value) if !found.refuses(draft.id) => value,
                _ => Value::Null,
            };
            draft.set(name, value);
            draft.set(aside, Value::Null);
        };
        over.change_each(&self.resource, &filled, DeletedMode::Include, &change).await.map(drop)
    }
}

impl Looked {
    /// Refuses values that do not fit, unless they are to be emptied.
    pub(super) fn refuse(&self, given: &Retyping) -> Result<()> {
        if self.failures.is_empty() || given.on_failure == Some(WhatFails::Clear) {
            return Ok(());
        }
        Err(Error::validation(self.failures.iter().map(Failure::problem).collect()))
    }

    /// Whether the record's value does not fit.
    fn refuses(&self, record: Id) -> bool {
        self.refused.contains(&record)
    }
}

impl Failure {
    /// As a problem of the request.
    pub(super) fn problem(&self) -> FieldProblem {
        let text = format!("{} holds {:?}, which does not fit: {}", self.record, shortened(&self.value), self.reason);
        FieldProblem::new("/type", ProblemCode::WrongType, text)
    }

    /// As a preview shows it.
    pub(super) fn shown(self) -> RetypingFailure {
        RetypingFailure { record: self.record, value: self.value, reason: self.reason }
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 80 { text.to_owned() } else { text.chars().take(79).chain(['…']).collect() }
}

/// The record's values as they would be.
fn retyped(call: &Call<'_>, record: &Found, given: &Retyping) -> Vec<Value> {
    let mut values = record.values.clone();
    for (name, value) in fields(record, given, retype_key(call.context.tenant, record)) {
        if let Some(slot) = record.def.field_index(&name).and_then(|index| values.get_mut(index)) {
            *slot = value;
        }
    }
    values
}

/// What the change sets of the field's record.
fn fields(record: &Found, given: &Retyping, key: String) -> Vec<(Name, Value)> {
    let (searchable, indexable) = supports(given.kind);
    let flag = |name: &str| record.get(name).as_boolean().unwrap_or(false);
    let number = |number: Option<i64>| number.map_or(Value::Null, Value::Integer);
    let mut retired = if let Value::TextSet(keys) = record.get("retiredKeys") { keys.clone() } else { Vec::new() };
    retired.extend(record.get("key").as_text().map(str::to_owned));
    vec![
        ("type".into(), Value::from(given.kind.as_str())),
        ("options".into(), Value::TextSet(given.options.clone())),
        ("optionLabels".into(), Value::TextSet(Vec::new())),
        ("minimum".into(), number(given.minimum)),
        ("maximum".into(), number(given.maximum)),
        ("maxLength".into(), number(given.max_length)),
        ("defaultValue".into(), given.default_value.clone().map_or(Value::Null, Value::Text)),
        ("searched".into(), Value::Boolean(searchable && flag("searched"))),
        ("indexed".into(), Value::Boolean(indexable && flag("indexed"))),
        ("key".into(), Value::Text(key)),
        ("retiredKeys".into(), Value::TextSet(retired)),
    ]
}
