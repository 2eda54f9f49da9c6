//! The JSON filter tree, read against a definition. One reader serves both APIs.

pub(crate) mod operand;
mod within;

use self::operand::Problem;
use crate::way::is_open;
use clientela_access::{Action, ConditionReader, Grant, authorize};
use clientela_kernel::{Comparison, Context, Error, ErrorCode, Filter, Quantifier, Result, Value, fold::fold};
use clientela_model::{FieldDef, FieldType, Registry, RelationDef, ResourceDef, document};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// How deep conditions may nest.
pub const MAXIMUM_DEPTH: usize = 15;
/// How many comparisons a filter may hold.
pub const MAXIMUM_CONDITIONS: usize = 200;
/// How many values a list operand may hold.
pub const MAXIMUM_LIST: usize = 1_000;

/// A relation, what it leads to, and which records of that the caller may read: all where no filter says which.
type Way<'d> = (&'d RelationDef, Arc<ResourceDef>, Option<Filter>);

/// Reads filters for one request.
pub(crate) struct FilterReader<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) context: &'a Context,
    conditions: usize,
    depth: usize,
    path: Vec<String>,
    /// Whether rights are left aside.
    unlimited: bool,
}

impl<'a> FilterReader<'a> {
    pub(crate) fn new(registry: &'a Registry, context: &'a Context) -> Self {
        FilterReader { registry, context, conditions: 0, depth: 0, path: Vec::new(), unlimited: false }
    }

    /// For conditions that stand at a place of something else.
    pub(crate) fn at(registry: &'a Registry, context: &'a Context, path: Vec<String>) -> Self {
        FilterReader { path, ..FilterReader::new(registry, context) }
    }

    /// Reads a condition object: every key must hold.
    pub(crate) fn read(&mut self, def: &ResourceDef, json: &Json) -> Result<Filter> {
        if self.depth > MAXIMUM_DEPTH {
            return Err(self.fail(format!("conditions nest deeper than the {MAXIMUM_DEPTH} levels allowed")));
        }
        self.depth += 1;
        let filter = self.object(def, json);
        self.depth -= 1;
        filter
    }

    fn object(&mut self, def: &ResourceDef, json: &Json) -> Result<Filter> {
        let Json::Object(object) = json else {
            return Err(self.fail(format!("a condition is an object, not {}", operand::kind_of(json))));
        };
        let grant = self.grant(def)?;
        let mut all = Vec::with_capacity(object.len());
        for (key, value) in object {
            self.path.push(key.clone());
            all.push(match key.as_str() {
                "and" => Filter::And(self.list(def, value)?),
                "or" => Filter::Or(self.list(def, value)?),
                "not" => self.read(def, value)?.negate(),
                document::NAME if def.document().is_some() => self.own(def, &grant, value)?,
                _ => {
                    if let Some(field) = def.field(key).filter(|field| field.filter && grant.fields.sees(field)) {
                        self.field(def, field, value)?
                    } else if let Some((relation, target, rows)) = self.way(def, key)? {
                        self.relation(relation, &target, rows, value)?
                    } else {
                        let known =
                            def.fields.iter().filter(|field| field.filter && grant.fields.sees(field)).map(|field| field.name.as_ref());
                        let relations = def.relations.iter().map(|relation| relation.name.as_ref());
                        let relations = relations.filter(|relation| self.way(def, relation).is_ok_and(|way| way.is_some()));
                        let hint = operand::nearest(key, known.chain(relations));
                        return Err(self.fail(format!("{} has no field or relation {key:?} to filter by{hint}", def.name)));
                    }
                }
            });
            self.path.pop();
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Filter::And(all) })
    }

    /// Conditions on the tenant's own fields and relations, all of which must hold.
    fn own(&mut self, def: &ResourceDef, grant: &Grant, json: &Json) -> Result<Filter> {
        let Json::Object(object) = json else {
            return Err(self.fail(format!("custom takes an object of fields, not {}", operand::kind_of(json))));
        };
        let mut all = Vec::with_capacity(object.len());
        for (key, value) in object {
            self.path.push(key.clone());
            let name = format!("{}{key}", document::PREFIX);
            all.push(if let Some(field) = def.field(&name).filter(|field| field.filter && grant.fields.sees(field)) {
                self.field(def, field, value)?
            } else if let Some((relation, target, rows)) = self.way(def, &name)? {
                self.relation(relation, &target, rows, value)?
            } else {
                let known = def.custom_fields().filter(|(_, field)| field.filter && grant.fields.sees(field));
                let hint = operand::nearest(key, known.map(|(_, field)| field.own_name()));
                return Err(self.fail(format!("{} has no field {key:?} of your own to filter by{hint}", def.name)));
            });
            self.path.pop();
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Filter::And(all) })
    }

    fn list(&mut self, def: &ResourceDef, json: &Json) -> Result<Vec<Filter>> {
        let Json::Array(items) = json else {
            return Err(self.fail(format!("a list of conditions is wanted, not {}", operand::kind_of(json))));
        };
        items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                self.path.push(index.to_string());
                let filter = self.read(def, item);
                self.path.pop();
                filter
            })
            .collect()
    }

    fn grant(&self, def: &ResourceDef) -> Result<Grant> {
        if self.unlimited { Ok(Grant::default()) } else { authorize(self.context, def, Action::Read) }
    }

    /// A relation by name, what it leads to, and which records of that the caller may read; none where there is no such relation, or
    /// the caller may read nothing of what it leads to.
    fn way<'d>(&self, def: &'d ResourceDef, name: &str) -> Result<Option<Way<'d>>> {
        let Some(relation) = def.relation(name) else { return Ok(None) };
        let target = self.registry.target(relation).ok_or_else(|| Error::internal(format!("relation {name} leads nowhere")))?;
        match self.grant(target) {
            Ok(grant) if !is_open(relation, (def, &self.grant(def)?.fields), (target, &grant.fields)) => Ok(None),
            Ok(grant) => Ok(Some((relation, Arc::clone(target), grant.rows))),
            Err(error) if error.code() == ErrorCode::Forbidden => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Records that the caller may not read are as if they were not there.
    fn relation(&mut self, relation: &RelationDef, target: &ResourceDef, rows: Option<Filter>, json: &Json) -> Result<Filter> {
        let both = |filter: Filter| match &rows {
            Some(rows) => Filter::And(vec![rows.clone(), filter]),
            None => filter,
        };
        if relation.is_to_one() {
            let filter = Box::new(both(self.read(target, json)?));
            return Ok(Filter::ToOne { relation: relation.name.clone(), filter });
        }
        let Json::Object(object) = json else {
            return Err(self.fail("a to-many relation takes some, every or none".to_owned()));
        };
        let mut all = Vec::with_capacity(object.len());
        for (key, value) in object {
            let quantifier = match key.as_str() {
                "some" => Quantifier::Some,
                "every" => Quantifier::Every,
                "none" => Quantifier::None,
                _ => return Err(self.fail(format!("a to-many relation takes some, every or none, not {key:?}"))),
            };
            self.path.push(key.clone());
            let filter = self.read(target, value)?;
            self.path.pop();
            let filter = match (quantifier, &rows) {
                (Quantifier::Every, Some(rows)) => Filter::Or(vec![rows.clone().negate(), filter]),
                _ => both(filter),
            };
            all.push(Filter::ToMany { relation: relation.name.clone(), quantifier, filter: Box::new(filter) });
        }
        Ok(Filter::And(all))
    }

    /// Reads the operators of one field.
    pub(crate) fn field(&mut self, def: &ResourceDef, field: &FieldDef, json: &Json) -> Result<Filter> {
        let Json::Object(object) = json else {
            return Err(self.fail(format!("a field takes an object of operators such as {{\"eq\": …}}, not {}", operand::kind_of(json))));
        };
        let mut all = Vec::with_capacity(object.len());
        for (operator, value) in object {
            // Beside an amount the currency belongs to it; alone it is a condition of its own.
            let amounts = || object.keys().any(|key| matches!(key.as_str(), "eq" | "ne" | "gt" | "gte" | "lt" | "lte"));
            if operator == "currency" && matches!(field.kind, FieldType::Money) && amounts() {
                continue;
            }
            self.conditions += 1;
            if self.conditions > MAXIMUM_CONDITIONS {
                return Err(self.fail(format!("the filter holds more than the {MAXIMUM_CONDITIONS} comparisons allowed")));
            }
            self.path.push(operator.clone());
            let filter = self.operator(def, field, operator, value, object)?;
            self.path.pop();
            all.push(filter);
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Filter::And(all) })
    }

    fn operator(&self, def: &ResourceDef, field: &FieldDef, operator: &str, json: &Json, siblings: &Map<String, Json>) -> Result<Filter> {
        let allowed = operators(field);
        if !allowed.contains(&operator) {
            let hint = operand::nearest(operator, allowed.iter().copied());
            return Err(self.fail(format!("{} has no operator {operator:?}{hint}; it has {}", field.name, allowed.join(", "))));
        }
        let is = |comparison| Filter::field(field.name.clone(), comparison);
        let operand =
            |json: &Json| operand::read(self.context, def, field, json, siblings.get("currency")).map_err(|Problem(text)| self.fail(text));
        let folded = |json: &Json| match json {
            Json::String(text) if text.chars().count() <= 200 => Ok(fold(text)),
            _ => Err(self.fail("a text of at most 200 characters is wanted".to_owned())),
        };
        let mine = || self.mine(def, field, json);
        Ok(match operator {
            "eq" if mine().is_some() => is(Comparison::In(mine().unwrap_or_default())),
            "ne" if mine().is_some() => is(Comparison::In(mine().unwrap_or_default())).negate(),
            "eq" if json.is_null() => is(Comparison::IsNull),
            "ne" if json.is_null() => is(Comparison::IsNull).negate(),
            "eq" => is(Comparison::Equal(operand(json)?)),
            "ne" => is(Comparison::Equal(operand(json)?)).negate(),
            "in" | "notIn" => {
                let list = self.values(json)?.iter().map(operand).collect::<Result<Vec<_>>>()?;
                let filter = is(Comparison::In(list));
                if operator == "in" { filter } else { filter.negate() }
            }
            "gt" => is(Comparison::Greater(operand(json)?)),
            "gte" => is(Comparison::GreaterOrEqual(operand(json)?)),
            "lt" => is(Comparison::Less(operand(json)?)),
            "lte" => is(Comparison::LessOrEqual(operand(json)?)),
            "contains" => is(Comparison::Contains(folded(json)?)),
            "startsWith" => is(Comparison::StartsWith(folded(json)?)),
            "endsWith" => is(Comparison::EndsWith(folded(json)?)),
            "isNull" => match json {
                Json::Bool(true) => is(Comparison::IsNull),
                Json::Bool(false) => is(Comparison::IsNull).negate(),
                _ => return Err(self.fail("isNull takes true or false".to_owned())),
            },
            "has" => match json {
                Json::String(text) => is(Comparison::Has(text.clone())),
                _ => return Err(self.fail("has takes one text".to_owned())),
            },
            "hasAny" => is(Comparison::HasAny(self.texts(json)?)),
            "hasAll" => is(Comparison::HasAll(self.texts(json)?)),
            "within" => is(within::read(self.context, field, json).map_err(|text| self.fail(text))?),
            "currency" => is(operand::currency(json).map_err(|Problem(text)| self.fail(text))?),
            other => return Err(Error::internal(format!("operator {other} is listed but not read"))),
        })
    }

    /// The caller's teams, where a team is compared with `myTeam`; the account that a portal or partner user belongs to, where one is compared with `myAccount`.
    fn mine(&self, def: &ResourceDef, field: &FieldDef, json: &Json) -> Option<Vec<Value>> {
        let named = match &field.kind {
            FieldType::Id => &def.name,
            _ => &field.reference()?.target,
        };
        let policy = self.context.policy.iter();
        match (json.as_str()?, named.as_ref()) {
            ("myTeam", "team") => Some(policy.flat_map(|policy| policy.teams()).copied().map(Value::Id).collect()),
            ("myAccount", "account") => {
                let records = policy.flat_map(|policy| policy.audience()).flat_map(|audience| audience.records.iter());
                Some(records.filter(|record| record.resource == *named).map(|record| Value::Id(record.id)).collect())
            }
            _ => None,
        }
    }

    fn values<'j>(&self, json: &'j Json) -> Result<&'j [Json]> {
        match json {
            Json::Array(items) if items.len() <= MAXIMUM_LIST => Ok(items),
            Json::Array(items) => Err(self.fail(format!("the list holds {} values; {MAXIMUM_LIST} are allowed", items.len()))),
            _ => Err(self.fail(format!("a list is wanted, not {}", operand::kind_of(json)))),
        }
    }

    fn texts(&self, json: &Json) -> Result<Vec<String>> {
        self.values(json)?
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(|| self.fail("a list of texts is wanted".to_owned())))
            .collect()
    }

    fn fail(&self, text: String) -> Error {
        let place = if self.path.is_empty() { String::new() } else { format!(" at {}", self.path.join(".")) };
        Error::new(ErrorCode::InvalidFilter, format!("The filter{place} cannot be used: {text}."))
    }
}

/// Reads the conditions of rights. They are read without limits: a condition may name what its holder cannot see.
pub(crate) struct Conditions;

impl ConditionReader for Conditions {
    fn read(&self, registry: &Registry, context: &Context, def: &ResourceDef, tree: &Json) -> Result<Filter> {
        FilterReader { unlimited: true, ..FilterReader::new(registry, context) }.read(def, tree)
    }
}

/// Checks the condition of a right, as it is written.
///
/// # Errors
/// `INVALID_FILTER` where it is no JSON, or does not fit the definition.
pub fn check_condition(registry: &Registry, context: &Context, def: &ResourceDef, text: &str) -> Result<()> {
    let tree = serde_json::from_str(text);
    let tree: Json = tree.map_err(|error| Error::new(ErrorCode::InvalidFilter, format!("it is no JSON: {error}.")))?;
    FilterReader { unlimited: true, ..FilterReader::new(registry, context) }.read(def, &tree).map(drop)
}

/// The operators of a field, in the order the documentation shows them.
pub fn operators(field: &FieldDef) -> &'static [&'static str] {
    match &field.kind {
        FieldType::Id | FieldType::Reference(_) => &["eq", "ne", "in", "notIn", "gt", "gte", "lt", "lte", "isNull"],
        FieldType::Text { .. } if field.folded => {
            &["eq", "ne", "in", "notIn", "gt", "gte", "lt", "lte", "contains", "startsWith", "endsWith", "isNull"]
        }
        FieldType::Text { .. } | FieldType::Integer { .. } | FieldType::Decimal { .. } | FieldType::Duration | FieldType::Choice(_) => {
            &["eq", "ne", "in", "notIn", "gt", "gte", "lt", "lte", "isNull"]
        }
        FieldType::Date | FieldType::Instant => &["eq", "ne", "in", "notIn", "gt", "gte", "lt", "lte", "within", "isNull"],
        FieldType::Money => &["eq", "ne", "gt", "gte", "lt", "lte", "currency", "isNull"],
        FieldType::AnyReference(_) => &["eq", "ne", "in", "notIn", "isNull"],
        FieldType::Boolean => &["eq", "ne", "isNull"],
        FieldType::TextSet { .. } => &["has", "hasAny", "hasAll", "isNull"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use clientela_kernel::{Money, currency::Currency};
    use serde_json::json;

    fn read(json: Json) -> Result<Filter> {
        let (registry, context) = (fixture::registry(), fixture::context());
        FilterReader::new(&registry, &context).read(registry.resource("animal").unwrap(), &json)
    }

    #[test]
    fn trees_read_through_relations() {
        let filter = read(json!({"keeper": {"animals": {"some": {"weight": {"gt": 3}}}}})).unwrap();
        let weight = Filter::field("weight", Comparison::Greater(Value::Integer(3)));
        let some = Filter::ToMany { relation: "animals".into(), quantifier: Quantifier::Some, filter: Box::new(weight) };
        assert_eq!(filter, Filter::ToOne { relation: "keeper".into(), filter: Box::new(Filter::And(vec![some])) });
    }

    #[test]
    fn an_amount_needs_its_currency() {
        let euros = Money { minor: 150, currency: Currency::parse("EUR").unwrap() };
        let filter = read(json!({"value": {"gte": "1.50", "currency": "EUR"}})).unwrap();
        assert_eq!(filter, Filter::field("value", Comparison::GreaterOrEqual(Value::Money(euros))));
        assert!(read(json!({"value": {"gte": "1.50"}})).is_err());
        assert!(read(json!({"value": {"currency": "EUR", "isNull": false}})).is_ok());
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        for (json, says) in [
            (json!({"nam": {"eq": "x"}}), "did you mean \"name\"?"),
            (json!({"weight": {"eq": "heavy"}}), "at weight.eq"),
            (json!({"weight": {"contains": "3"}}), "it has eq, ne"),
            (json!({"name": "x"}), "an object of operators"),
            (json!({"keeperId": {"eq": "ani_01h455vb4pex5vsknk084sn02q"}}), "kee_"),
            (json!({"and": {"name": {"eq": "x"}}}), "list of conditions"),
            (json!({"bornAt": {"within": {"last": "soon"}}}), "P30D"),
            (json!({"keeper": {"animals": {"any": {}}}}), "some, every or none"),
        ] {
            let error = read(json).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidFilter);
            assert!(error.detail().contains(says), "{}", error.detail());
        }
    }

    #[test]
    fn limits_refuse() {
        let nested = |levels| (0..levels).fold(json!({"weight": {"eq": 1}}), |inner, _| json!({"not": inner}));
        assert!(read(nested(MAXIMUM_DEPTH)).is_ok());
        assert!(read(nested(MAXIMUM_DEPTH + 1)).is_err());
        let many: Vec<Json> = (0..=MAXIMUM_CONDITIONS).map(|number| json!({"weight": {"eq": number}})).collect();
        assert!(read(json!({"or": many})).is_err());
        assert!(read(json!({"or": many[1..]})).is_ok());
    }
}
