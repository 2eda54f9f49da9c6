//! Input coercion, GraphQL specification §3: values of variables and of arguments become the JSON the engine reads.

use crate::graphql::schema::types::{InputField, Kind, Scalar, TypeSystem};
use async_graphql::parser::types::{BaseType, Type};
use serde_json::{Map, Value as Json};

/// The coerced values of an operation's variables; a variable that was not given is not there.
pub(crate) type Variables = Map<String, Json>;

type Result<T> = std::result::Result<T, String>;

/// A value given from outside, as JSON.
pub(crate) fn json(types: &TypeSystem, ty: &Type, given: &Json, place: &str) -> Result<Json> {
    if given.is_null() {
        return if ty.nullable { Ok(Json::Null) } else { Err(format!("{place} must not be null; {ty} is wanted.")) };
    }
    match &ty.base {
        BaseType::List(inner) => match given {
            Json::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| json(types, inner, item, &format!("{place}[{index}]")))
                .collect::<Result<_>>()
                .map(Json::Array),
            single => Ok(Json::Array(vec![json(types, inner, single, place)?])),
        },
        BaseType::Named(name) => match kind(types, name)? {
            Named::Scalar(scalar) => {
                scalar.coerce(given).ok_or_else(|| format!("{place} is {}; {} is wanted.", show(given), scalar.wanted()))
            }
            Named::Enum(names) => match given {
                Json::String(text) if names.iter().any(|value| value.name == *text) => Ok(given.clone()),
                _ => Err(format!("{place} is {}; one of {} is wanted.", show(given), list(names.iter().map(|value| value.name.as_str())))),
            },
            Named::Input { one_of, fields } => {
                let Json::Object(object) = given else {
                    return Err(format!("{place} is {}; an object of type {name} is wanted.", show(given)));
                };
                if let Some(unknown) = object.keys().find(|key| !fields.iter().any(|field| field.name == **key)) {
                    return Err(unknown_field(place, unknown, name, fields));
                }
                let mut made = Map::new();
                for field in fields {
                    match object.get(&field.name) {
                        Some(value) => {
                            made.insert(field.name.clone(), json(types, &field.ty, value, &format!("{place}.{}", field.name))?);
                        }
                        None => fill(field, place, &mut made)?,
                    }
                }
                check_one_of(one_of, &made, place, name)?;
                Ok(Json::Object(made))
            }
        },
    }
}

/// A value written in the document. None where it is a variable that was not given.
pub(crate) fn literal(
    types: &TypeSystem,
    ty: &Type,
    value: &async_graphql_value::Value,
    variables: Given<'_>,
    place: &str,
) -> Result<Option<Json>> {
    use async_graphql_value::Value;
    if let Value::Variable(name) = value {
        return match variables {
            // The document is being checked: validation has compared the types.
            Given::Unknown => Ok(Some(Json::Null)),
            Given::Known(variables) => match variables.get(name.as_str()) {
                Some(Json::Null) if !ty.nullable => Err(format!("{place} must not be null, but ${name} is.")),
                // A single value stands for a list of one.
                Some(value) if matches!(ty.base, BaseType::List(_)) && !value.is_array() && !value.is_null() => {
                    Ok(Some(Json::Array(vec![value.clone()])))
                }
                Some(value) => Ok(Some(value.clone())),
                None => Ok(None),
            },
        };
    }
    if matches!(value, Value::Null) {
        return if ty.nullable { Ok(Some(Json::Null)) } else { Err(format!("{place} must not be null; {ty} is wanted.")) };
    }
    match &ty.base {
        BaseType::List(inner) => match value {
            Value::List(items) => {
                let mut made = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    let place = format!("{place}[{index}]");
                    match literal(types, inner, item, variables, &place)? {
                        Some(item) => made.push(item),
                        None if inner.nullable => made.push(Json::Null),
                        None => return Err(format!("{place} must have a value, but its variable has none.")),
                    }
                }
                Ok(Some(Json::Array(made)))
            }
            single => Ok(literal(types, inner, single, variables, place)?.map(|item| Json::Array(vec![item]))),
        },
        BaseType::Named(name) => match kind(types, name)? {
            Named::Enum(names) => match value {
                Value::Enum(given) if names.iter().any(|value| value.name == given.as_str()) => Ok(Some(Json::from(given.as_str()))),
                _ => Err(format!("{place} is {value}; one of {} is wanted.", list(names.iter().map(|value| value.name.as_str())))),
            },
            Named::Scalar(scalar) => {
                let given = match value {
                    Value::Number(number) => Some(Json::Number(number.clone())),
                    Value::String(text) => Some(Json::from(text.as_str())),
                    Value::Boolean(flag) => Some(Json::from(*flag)),
                    _ => None,
                };
                match given.and_then(|given| scalar.coerce(&given)) {
                    Some(made) => Ok(Some(made)),
                    None => Err(format!("{place} is {value}; {} is wanted.", scalar.wanted())),
                }
            }
            Named::Input { one_of, fields } => {
                let Value::Object(object) = value else {
                    return Err(format!("{place} is {value}; an object of type {name} is wanted."));
                };
                if let Some(unknown) = object.keys().find(|key| !fields.iter().any(|field| field.name == key.as_str())) {
                    return Err(unknown_field(place, unknown, name, fields));
                }
                let mut made = Map::new();
                for field in fields {
                    let given = match object.get(field.name.as_str()) {
                        Some(value) => literal(types, &field.ty, value, variables, &format!("{place}.{}", field.name))?,
                        None => None,
                    };
                    match given {
                        Some(value) => {
                            made.insert(field.name.clone(), value);
                        }
                        None => fill(field, place, &mut made)?,
                    }
                }
                if matches!(variables, Given::Known(_)) {
                    check_one_of(one_of, &made, place, name)?;
                }
                Ok(Some(Json::Object(made)))
            }
        },
    }
}

/// Whether the variables have values yet.
#[derive(Clone, Copy)]
pub(crate) enum Given<'v> {
    /// The document is being checked.
    Unknown,
    /// The operation is being executed.
    Known(&'v Variables),
}

enum Named<'t> {
    Scalar(Scalar),
    Enum(&'t [crate::graphql::schema::types::EnumValue]),
    Input { one_of: bool, fields: &'t [InputField] },
}

fn kind<'t>(types: &'t TypeSystem, name: &str) -> Result<Named<'t>> {
    if let Some(scalar) = Scalar::standard(name) {
        return Ok(Named::Scalar(scalar));
    }
    match types.get(name).map(|definition| &definition.kind) {
        Some(Kind::Scalar { form, .. }) => Ok(Named::Scalar(*form)),
        Some(Kind::Enum(values)) => Ok(Named::Enum(values)),
        Some(Kind::Input { one_of, fields }) => Ok(Named::Input { one_of: *one_of, fields }),
        _ => Err(format!("{name} is not an input type.")),
    }
}

/// An absent field takes its default, or stays absent where it may.
fn fill(field: &InputField, place: &str, made: &mut Map<String, Json>) -> Result<()> {
    match &field.default {
        Some(default) => {
            made.insert(field.name.clone(), default.clone());
            Ok(())
        }
        None if field.ty.nullable => Ok(()),
        None => Err(format!("{place}.{} is missing; {} is wanted.", field.name, field.ty)),
    }
}

fn check_one_of(one_of: bool, made: &Map<String, Json>, place: &str, name: &str) -> Result<()> {
    if one_of && (made.len() != 1 || made.values().any(Json::is_null)) {
        return Err(format!(
            "{place} must have exactly one field of {name}, and not null; it has {}. For several keys use several objects.",
            made.len()
        ));
    }
    Ok(())
}

fn unknown_field(place: &str, unknown: &str, name: &str, fields: &[InputField]) -> String {
    let nearest =
        fields.iter().map(|field| (strsim::jaro_winkler(unknown, &field.name), field)).max_by(|left, right| left.0.total_cmp(&right.0));
    let hint = nearest.filter(|(score, _)| *score > 0.8).map_or_else(String::new, |(_, field)| format!(" Did you mean {:?}?", field.name));
    format!("{place} has a field {unknown:?} that {name} does not have.{hint}")
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// The value as the message shows it, cut short.
fn show(given: &Json) -> String {
    let text = given.to_string();
    if text.chars().count() > 60 { format!("{}…", text.chars().take(60).collect::<String>()) } else { text }
}
