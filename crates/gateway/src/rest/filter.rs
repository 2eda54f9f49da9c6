//! Filters from a query string: JSON, or brackets whose texts are turned into the JSON that the definitions ask for.
//! What a filter means is checked by the engine; here only its spelling is undone.

use super::json;
use clientela_kernel::{Error, ErrorCode, Result};
use clientela_model::{FieldType, Registry, ResourceDef, document};
use serde_json::{Map, Value as Json};

/// Operators that take a list, with commas between in brackets.
const LISTS: &[&str] = &["in", "notIn", "hasAny", "hasAll"];
/// Most names one bracket path may hold.
const LONGEST_PATH: usize = 16;

/// Reads `filter=<JSON>`.
pub(super) fn from_json(text: &str, depth: usize) -> Result<Json> {
    json::parse(text.as_bytes(), depth).map_err(|problem| refuse(format!("filter cannot be read as JSON: {problem}.")))
}

/// Builds the JSON tree of `filter[account][industry][in]=RETAIL,FOOD` and its kind.
pub(super) fn from_brackets(registry: &Registry, def: &ResourceDef, brackets: &[(Vec<String>, String)]) -> Result<Json> {
    let mut root = Map::new();
    for (path, text) in brackets {
        if path.len() > LONGEST_PATH {
            return Err(refuse(format!("{} names more than {LONGEST_PATH} levels.", spelled(path))));
        }
        let value = convert(registry, def, path, text)?;
        insert(&mut root, path, value)
            .map_err(|()| refuse(format!("{} contradicts another filter parameter of the same path.", spelled(path))))?;
    }
    Ok(Json::Object(root))
}

/// Puts a value at a path; fails where something else stands there.
fn insert(tree: &mut Map<String, Json>, path: &[String], value: Json) -> std::result::Result<(), ()> {
    match path {
        [] => Err(()),
        [last] => match tree.insert(last.clone(), value) {
            None => Ok(()),
            Some(_) => Err(()),
        },
        [first, rest @ ..] => {
            let below = tree.entry(first.clone()).or_insert_with(|| Json::Object(Map::new()));
            below.as_object_mut().ok_or(()).and_then(|below| insert(below, rest, value))
        }
    }
}

/// The JSON value of a text at the end of a path. Names the definitions do not know stay texts: the engine refuses
/// them, with the right suggestion.
fn convert(registry: &Registry, def: &ResourceDef, path: &[String], text: &str) -> Result<Json> {
    let plain = || Json::from(text);
    let [first, rest @ ..] = path else { return Ok(plain()) };
    if matches!(first.as_str(), "and" | "or" | "not") {
        return Err(refuse(format!("{first} cannot be written with brackets. Send filter as JSON.")));
    }
    let own = |name: &String| format!("{}{name}", document::PREFIX);
    let (first, rest) = match rest {
        [name, rest @ ..] if first == document::NAME && def.document().is_some() => (&own(name), rest),
        rest => (first, rest),
    };
    if let Some(relation) = def.relation(first) {
        let Some(target) = registry.target(relation) else { return Ok(plain()) };
        let inner = match (relation.is_to_one(), rest) {
            (false, [quantifier, inner @ ..]) if matches!(quantifier.as_str(), "some" | "every" | "none") => inner,
            (false, _) => return Err(refuse(format!("{first} holds many records. Write filter[{first}][some][…], [every] or [none]."))),
            (true, inner) => inner,
        };
        return convert(registry, target, inner, text);
    }
    let Some(field) = def.field(first) else { return Ok(plain()) };
    let [operator, ..] = rest else {
        return Err(refuse(format!("filter[{first}] names no operator. Write filter[{first}][eq]=… or another operator of the field.")));
    };
    if operator == "isNull" {
        return Ok(boolean(text).unwrap_or_else(plain));
    }
    if LISTS.contains(&operator.as_str()) {
        return Ok(text.split(',').map(|part| scalar(&field.kind, part)).collect());
    }
    if operator == "within" || operator == "currency" { Ok(plain()) } else { Ok(scalar(&field.kind, text)) }
}

/// One value by the field's type; a text that does not fit stays a text, and the engine says so.
fn scalar(kind: &FieldType, text: &str) -> Json {
    match kind {
        FieldType::Text { .. } | FieldType::TextSet { .. } | FieldType::Money | FieldType::Decimal { .. } | FieldType::Duration => {
            Json::from(text)
        }
        _ if text == "null" => Json::Null,
        FieldType::Integer { .. } => text.parse::<i64>().map_or_else(|_| Json::from(text), Json::from),
        FieldType::Boolean => boolean(text).unwrap_or_else(|| Json::from(text)),
        FieldType::Id
        | FieldType::Reference(_)
        | FieldType::AnyReference(_)
        | FieldType::Date
        | FieldType::Instant
        | FieldType::Choice(_) => Json::from(text),
    }
}

fn boolean(text: &str) -> Option<Json> {
    match text {
        "true" => Some(Json::Bool(true)),
        "false" => Some(Json::Bool(false)),
        _ => None,
    }
}

fn spelled(path: &[String]) -> String {
    path.iter().fold("filter".to_owned(), |spelled, part| format!("{spelled}[{part}]"))
}

fn refuse(text: String) -> Error {
    Error::new(ErrorCode::InvalidFilter, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::fixture::registry;
    use serde_json::json;

    fn read(query: &str) -> Result<Json> {
        let registry = registry();
        let parameters = crate::rest::parameters::Parameters::parse(Some(query), &["filter"])?;
        from_brackets(&registry, registry.resource("contact").unwrap(), &parameters.brackets)
    }

    #[test]
    fn texts_become_the_types_of_their_fields() {
        let query = "filter[employees][gte]=10&filter[employees][lt]=20&filter[active][eq]=true&filter[name][eq]=true\
                     &filter[name][isNull]=false&filter[employees][in]=1,2&filter[bornOn][gte]=2000-01-01&filter[bornOn][ne]=null";
        assert_eq!(
            read(query).unwrap(),
            json!({
                "employees": {"gte": 10, "lt": 20, "in": [1, 2]}, "active": {"eq": true}, "name": {"eq": "true", "isNull": false},
                "bornOn": {"gte": "2000-01-01", "ne": null},
            })
        );
    }

    #[test]
    fn relations_and_ranges_nest() {
        let query = "filter[account][industry][in]=RETAIL,FOOD&filter[createdAt][within][last]=P30D&filter[account][contacts][some][name][contains]=x\
                     &filter[balance][gte]=1000&filter[balance][currency]=EUR";
        assert_eq!(
            read(query).unwrap(),
            json!({
                "account": {"industry": {"in": ["RETAIL", "FOOD"]}, "contacts": {"some": {"name": {"contains": "x"}}}},
                "createdAt": {"within": {"last": "P30D"}}, "balance": {"gte": "1000", "currency": "EUR"},
            })
        );
    }

    #[test]
    fn what_cannot_be_spelled_is_refused_with_a_way_out() {
        for (query, hint) in [
            ("filter[name]=x", "[eq]"),
            ("filter[and][name][eq]=x", "as JSON"),
            ("filter[account][contacts][name][eq]=x", "[some]"),
            ("filter[name][eq]=x&filter[name][eq]=y", "contradicts"),
            ("filter[createdAt][within]=P1D&filter[createdAt][within][last]=P1D", "contradicts"),
        ] {
            let error = read(query).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidFilter, "{query}");
            assert!(error.detail().contains(hint), "{query}: {}", error.detail());
        }
        let deep = format!("filter{}=x", "[account]".repeat(17));
        assert_eq!(read(&deep).unwrap_err().code(), ErrorCode::InvalidFilter);
    }

    #[test]
    fn unknown_names_and_unfit_texts_are_left_to_the_engine() {
        assert_eq!(read("filter[nmae][eq]=x").unwrap(), json!({"nmae": {"eq": "x"}}));
        assert_eq!(read("filter[employees][eq]=ten").unwrap(), json!({"employees": {"eq": "ten"}}));
        assert_eq!(from_json("{", 64).unwrap_err().code(), ErrorCode::InvalidFilter);
    }
}
