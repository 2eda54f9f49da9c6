//! `attributes` and `excludedAttributes`: what of a resource an answer shows (RFC 7644, section 3.9).

use super::attribute::{ENTERPRISE, Kind, Meant, meant};
use super::document::Document;
use super::refusal::{Answer, Refusal};
use serde_json::{Map, Value as Json};

/// What is shown in any case.
const ALWAYS: &[&str] = &["schemas", "id"];

/// What an answer shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Only these, where there are any: attribute and part, in lower case.
    only: Vec<Named>,
    /// All but these.
    without: Vec<Named>,
}

/// An attribute, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    /// The attribute; the name of the extension for those that stand in it.
    attribute: String,
    part: Option<String>,
}

impl Shape {
    /// Reads both lists. `invalidValue` where both are given.
    pub(super) fn read(kind: Kind, only: &[String], without: &[String]) -> Answer<Shape> {
        if !only.is_empty() && !without.is_empty() {
            return Err(Refusal::bad("invalidValue", "attributes and excludedAttributes stand there together. Send one of them."));
        }
        let named =
            |paths: &[String]| paths.iter().map(|path| name(kind, path.trim())).filter(|named| !named.attribute.is_empty()).collect();
        Ok(Shape { only: named(only), without: named(without) })
    }

    /// Whether anything of an attribute is shown.
    pub(super) fn shows(&self, attribute: &str) -> bool {
        let is = |named: &Named| named.attribute.eq_ignore_ascii_case(attribute);
        let excluded = self.without.iter().any(|named| is(named) && named.part.is_none());
        !excluded && (self.only.is_empty() || self.only.iter().any(is))
    }

    /// What is shown of a resource.
    pub(super) fn of(&self, document: Document) -> Document {
        let kept = |(name, value): (String, Json)| {
            if ALWAYS.contains(&name.as_str()) {
                return Some((name, value));
            }
            if !self.shows(&name) {
                return None;
            }
            let parts = |list: &[Named]| -> Vec<String> {
                let own = list.iter().filter(|named| named.attribute.eq_ignore_ascii_case(&name));
                own.filter_map(|named| named.part.clone()).collect()
            };
            let whole =
                self.only.is_empty() || self.only.iter().any(|named| named.attribute.eq_ignore_ascii_case(&name) && named.part.is_none());
            let only = if whole { Vec::new() } else { parts(&self.only) };
            let value = narrowed(value, &only, &parts(&self.without));
            Some((name, value)).filter(|(_, value)| value.as_object().is_none_or(|parts| !parts.is_empty()))
        };
        document.into_iter().filter_map(kept).collect()
    }
}

/// A value with some of its parts.
fn narrowed(value: Json, only: &[String], without: &[String]) -> Json {
    let has = |list: &[String], name: &str| list.iter().any(|part| part.eq_ignore_ascii_case(name));
    match value {
        Json::Array(values) => values.into_iter().map(|value| narrowed(value, only, without)).collect(),
        Json::Object(parts) => {
            let kept: Map<_, _> =
                parts.into_iter().filter(|(name, _)| (only.is_empty() || has(only, name)) && !has(without, name)).collect();
            Json::Object(kept)
        }
        other => other,
    }
}

/// A name that is none is of nothing there is.
fn name(kind: Kind, path: &str) -> Named {
    match meant(kind, path) {
        Meant::Attribute(place, _) if place.extended => {
            Named { attribute: ENTERPRISE.to_owned(), part: Some(place.attribute.name.to_owned()) }
        }
        Meant::Attribute(place, behind) => {
            let part = behind.strip_prefix('.').filter(|part| !part.is_empty()).map(str::to_owned);
            Named { attribute: place.attribute.name.to_owned(), part }
        }
        Meant::Extension => Named { attribute: ENTERPRISE.to_owned(), part: None },
        Meant::Aside | Meant::Unknown => Named { attribute: path.to_owned(), part: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(only: &[&str], without: &[&str]) -> Json {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let document = json!({
            "schemas": [], "id": "usr_1", "userName": "m", "name": {"givenName": "M", "familyName": "H"},
            "emails": [{"value": "m@x.example", "type": "work"}], ENTERPRISE: {"manager": {"value": "usr_2"}},
        });
        let shape = Shape::read(Kind::User, &owned(only), &owned(without)).unwrap();
        Json::Object(shape.of(document.as_object().cloned().unwrap()))
    }

    #[test]
    fn what_is_asked_for_is_shown() {
        assert_eq!(shown(&["USERNAME"], &[]), json!({"schemas": [], "id": "usr_1", "userName": "m"}));
        let parts = json!({"schemas": [], "id": "usr_1", "name": {"givenName": "M"}, "emails": [{"value": "m@x.example"}]});
        assert_eq!(shown(&["name.givenName", "emails.value", "urn:ietf:params:scim:schemas:core:2.0:User:title"], &[]), parts);
        let manager = format!("{ENTERPRISE}:manager");
        assert_eq!(shown(&[&manager], &[]), json!({"schemas": [], "id": "usr_1", ENTERPRISE: {"manager": {"value": "usr_2"}}}));
        let rest = json!({"schemas": [], "id": "usr_1", "userName": "m", "name": {"familyName": "H"}});
        assert_eq!(shown(&[], &["id", "name.givenName", "emails", ENTERPRISE]), rest);
        let owned = vec!["userName".to_owned()];
        assert!(Shape::read(Kind::User, &owned, &owned).is_err());
    }
}
