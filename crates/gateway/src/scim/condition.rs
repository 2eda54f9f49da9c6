//! Filters of SCIM as filters of records.

use super::attribute::{Attribute, Compares, Form, Kind, Meant, meant, named};
use super::expression::{Expression, Operator, parse, text_of};
use super::external;
use super::refusal::{Answer, Refusal};
use clientela_engine::Engine;
use clientela_kernel::fold::fold;
use clientela_kernel::{Comparison, Context, Filter, Id, Value};
use clientela_model::{Registry, ResourceDef};
use serde_json::{Value as Json, json};

/// Reads a filter of users or groups; what the caller may not see is not there.
pub(super) fn read(engine: &Engine, context: &Context, kind: Kind, text: &str) -> Answer<Filter> {
    let def = super::records::definition(engine, kind.resource())?;
    tree(engine, context, &def, &Conditions { registry: engine.registry(), kind }.of(&parse(text)?)?)
}

/// The filter of those whom the identity provider knows by a name.
pub(super) fn of_user_name(engine: &Engine, context: &Context, name: &str) -> Answer<Filter> {
    let def = super::records::definition(engine, Kind::User.resource())?;
    tree(engine, context, &def, &user_name(Operator::Equal, &json!(name)))
}

fn tree(engine: &Engine, context: &Context, def: &ResourceDef, tree: &Json) -> Answer<Filter> {
    Ok(insensitive(def, engine.parse_filter(context, def, tree)?))
}

/// Equality of texts in which case does not count, where the record keeps them so.
fn insensitive(def: &ResourceDef, filter: Filter) -> Filter {
    let each = |all: Vec<Filter>| all.into_iter().map(|one| insensitive(def, one)).collect();
    match filter {
        Filter::And(all) => Filter::And(each(all)),
        Filter::Or(all) => Filter::Or(each(all)),
        Filter::Not(one) => Filter::Not(Box::new(insensitive(def, *one))),
        Filter::Field { field, comparison: Comparison::Equal(Value::Text(text)) }
            if def.field(&field).is_some_and(|field| field.folded) =>
        {
            Filter::Field { field, comparison: Comparison::Same(fold(&text)) }
        }
        other => other,
    }
}

struct Conditions<'a> {
    registry: &'a Registry,
    kind: Kind,
}

fn constant(holds: bool) -> Json {
    if holds { json!({ "and": [] }) } else { json!({ "or": [] }) }
}

/// A comparison at the end of a way through the filter tree.
fn at(way: &[&str], comparison: Json) -> Json {
    way.iter().rev().fold(comparison, |inner, name| json!({ *name: inner }))
}

/// The name by which the identity provider knows a person: the one it gave, or else the e-mail address.
fn user_name(operator: Operator, value: &Json) -> Json {
    let is = |field: &str| json!({ field: { operator.name(): value } });
    json!({ "or": [is("userName"), { "and": [{ "userName": { "isNull": true } }, is("email")] }] })
}

impl Conditions<'_> {
    fn of(&self, expression: &Expression) -> Answer<Json> {
        Ok(match expression {
            Expression::And(all) => json!({ "and": all.iter().map(|one| self.of(one)).collect::<Answer<Vec<_>>>()? }),
            Expression::Or(all) => json!({ "or": all.iter().map(|one| self.of(one)).collect::<Answer<Vec<_>>>()? }),
            Expression::Not(one) => json!({ "not": self.of(one)? }),
            Expression::Present(path) => self.present(self.attribute(path)?),
            Expression::Compare(path, operator, value) => self.compare(self.attribute(path)?, *operator, value)?,
            Expression::Within(path, inner) => {
                let parts = self.whole(path)?.parts();
                if parts.is_empty() {
                    return Err(unknown(path));
                }
                self.within(path, parts, inner)?
            }
        })
    }

    /// Every member there can be is the only one of its kind, or a record of its own: the parts are conditions of the record.
    fn within(&self, path: &str, parts: &'static [Attribute], expression: &Expression) -> Answer<Json> {
        let each = |all: &[Expression]| all.iter().map(|one| self.within(path, parts, one)).collect::<Answer<Vec<_>>>();
        let part = |name: &str| named(parts, name).ok_or_else(|| unknown(&format!("{path}.{name}")));
        Ok(match expression {
            Expression::And(all) => json!({ "and": each(all)? }),
            Expression::Or(all) => json!({ "or": each(all)? }),
            Expression::Not(one) => json!({ "not": self.within(path, parts, one)? }),
            Expression::Present(name) => self.present(part(name)?),
            Expression::Compare(name, operator, value) => self.compare(part(name)?, *operator, value)?,
            Expression::Within(name, _) => return Err(unknown(&format!("{path}.{name}"))),
        })
    }

    /// An attribute by its name alone.
    fn whole(&self, path: &str) -> Answer<&'static Attribute> {
        match meant(self.kind, path) {
            Meant::Attribute(place, "") => Ok(place.attribute),
            _ => Err(unknown(path)),
        }
    }

    /// An attribute, or a part of one; an object with a value is its value.
    fn attribute(&self, path: &str) -> Answer<&'static Attribute> {
        let Meant::Attribute(place, behind) = meant(self.kind, path) else { return Err(unknown(path)) };
        match behind.strip_prefix('.') {
            Some(part) => named(place.attribute.parts(), part).ok_or_else(|| unknown(path)),
            None => Ok(named(place.attribute.parts(), "value").unwrap_or(place.attribute)),
        }
    }

    fn present(&self, attribute: &Attribute) -> Json {
        match attribute.compares {
            Compares::Field(way) => at(way, json!({ "isNull": false })),
            Compares::Id(way, _) => at(way, json!({ "isNull": false })),
            Compares::ExternalId => external::condition(None),
            Compares::UserName | Compares::Fixed(_) => constant(true),
            // Parts of a name: whether any is there.
            Compares::Nothing => json!({ "or": attribute.parts().iter().map(|part| self.present(part)).collect::<Vec<_>>() }),
        }
    }

    fn compare(&self, attribute: &Attribute, operator: Operator, value: &Json) -> Answer<Json> {
        // What is not equal to a value is everything else, whatever the way to it.
        if operator == Operator::NotEqual {
            return Ok(json!({ "not": self.compare(attribute, Operator::Equal, value)? }));
        }
        if value.is_null() && operator == Operator::Equal {
            return Ok(json!({ "not": self.present(attribute) }));
        }
        let comparison = |value: &Json| json!({ operator.name(): value });
        Ok(match attribute.compares {
            Compares::Field(way) => at(way, comparison(&coerced(attribute, value)?)),
            Compares::Id(way, resource) => match self.id(resource, value) {
                Some(id) => at(way, comparison(&id)),
                None => constant(false),
            },
            Compares::UserName => user_name(operator, value),
            Compares::ExternalId => external::condition(Some(&comparison(value))),
            Compares::Fixed(fixed) => constant(operator.holds(fixed, &text_of(value))),
            Compares::Nothing if attribute.name == "id" => match self.id(self.kind.resource(), value) {
                Some(id) => at(&["id"], comparison(&id)),
                None => constant(false),
            },
            Compares::Nothing => {
                return Err(Refusal::bad("invalidFilter", format!("{} is not compared. Compare one of its parts.", attribute.name)));
            }
        })
    }

    /// An id; what can be none is nobody's.
    fn id(&self, resource: &str, value: &Json) -> Option<Json> {
        let def = self.registry.resource(resource)?;
        Id::parse(value.as_str()?, &def.prefix).ok().map(|_| value.clone())
    }
}

/// A value in the form of its attribute.
fn coerced(attribute: &Attribute, value: &Json) -> Answer<Json> {
    let wanted = match (attribute.form, value) {
        (Form::Boolean, Json::String(text)) if text.eq_ignore_ascii_case("true") => return Ok(json!(true)),
        (Form::Boolean, Json::String(text)) if text.eq_ignore_ascii_case("false") => return Ok(json!(false)),
        (Form::Boolean, Json::Bool(_)) | (Form::Text | Form::Instant, Json::String(_)) => return Ok(value.clone()),
        (Form::Boolean, _) => "true or false",
        (Form::Instant, _) => "an instant such as \"2026-01-31T08:15:00Z\"",
        _ => "a text",
    };
    Err(Refusal::bad("invalidFilter", format!("{} is compared with {value}, but is {wanted}.", attribute.name)))
}

fn unknown(path: &str) -> Refusal {
    Refusal::bad("invalidFilter", format!("There is no attribute {path:?} to filter by. /scim/v2/Schemas names those there are."))
}
