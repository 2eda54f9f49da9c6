//! A resource of SCIM as a client sends it: names in whatever case become those of the schema, what only the server writes and what is not
//! kept is left aside.

use super::attribute::{Attribute, ENTERPRISE, Form, Kind, Meant, Mutability, PARTS_LEFT_ASIDE, meant, named};
use super::refusal::{Answer, Refusal};
use serde_json::{Map, Value as Json};

/// A resource: attributes by name, those of the extension in an object of its name.
pub(super) type Document = Map<String, Json>;

/// Reads the body of a request.
pub(super) fn read(kind: Kind, body: &Map<String, Json>) -> Answer<Document> {
    let mut document = Document::new();
    for (name, value) in body {
        match meant(kind, name) {
            Meant::Attribute(place, "") if place.attribute.mutability == Mutability::ReadOnly || place.attribute.name == "schemas" => {}
            Meant::Attribute(place, "") => put(&mut document, place.extended, place.attribute, value)?,
            Meant::Extension => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    if let Some(attribute) = named(kind.extension(), name) {
                        put(&mut document, true, attribute, value)?;
                    }
                }
            }
            Meant::Aside => {}
            Meant::Attribute(..) | Meant::Unknown => {
                let text = format!("There is no attribute {name:?}. /scim/v2/Schemas names those there are.");
                return Err(Refusal::bad("invalidSyntax", text));
            }
        }
    }
    Ok(document)
}

/// Sets an attribute; null and an empty list are none.
pub(super) fn put(document: &mut Document, extended: bool, attribute: &'static Attribute, value: &Json) -> Answer<()> {
    let value = checked(attribute, value)?;
    if extended {
        let mut parts = match document.remove(ENTERPRISE) {
            Some(Json::Object(parts)) => parts,
            _ => Map::new(),
        };
        set(&mut parts, attribute.name, value);
        document.insert(ENTERPRISE.to_owned(), Json::Object(parts));
    } else {
        set(document, attribute.name, value);
    }
    Ok(())
}

fn set(members: &mut Map<String, Json>, name: &str, value: Option<Json>) {
    match value {
        Some(value) => drop(members.insert(name.to_owned(), value)),
        None => drop(members.remove(name)),
    }
}

/// The value of an attribute.
pub(super) fn get<'d>(document: &'d Document, extended: bool, attribute: &Attribute) -> Option<&'d Json> {
    if extended { document.get(ENTERPRISE)?.get(attribute.name) } else { document.get(attribute.name) }
}

/// A value in the form of its attribute; none where it says that there is none.
pub(super) fn checked(attribute: &'static Attribute, value: &Json) -> Answer<Option<Json>> {
    if !attribute.multi_valued {
        return match value {
            Json::Array(values) if values.len() == 1 => values.first().map_or(Ok(None), |value| single(attribute, value)),
            value => single(attribute, value),
        };
    }
    let values = match value {
        Json::Null => return Ok(None),
        Json::Array(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    };
    let read: Vec<Json> = values.iter().map(|value| single(attribute, value)).collect::<Answer<Vec<_>>>()?.into_iter().flatten().collect();
    Ok(if read.is_empty() { None } else { Some(Json::Array(read)) })
}

fn single(attribute: &'static Attribute, value: &Json) -> Answer<Option<Json>> {
    let wanted = match (attribute.form, value) {
        (_, Json::Null) => return Ok(None),
        (Form::Text | Form::Instant | Form::Reference(_), Json::String(text)) if text.is_empty() => return Ok(None),
        (Form::Text | Form::Instant | Form::Reference(_), Json::String(_)) | (Form::Boolean, Json::Bool(_)) => {
            return Ok(Some(value.clone()));
        }
        // Identity providers write booleans as texts, too.
        (Form::Boolean, Json::String(text)) if text.eq_ignore_ascii_case("true") => return Ok(Some(Json::Bool(true))),
        (Form::Boolean, Json::String(text)) if text.eq_ignore_ascii_case("false") => return Ok(Some(Json::Bool(false))),
        (Form::Complex(parts), Json::Object(members)) => return object(attribute, parts, members).map(Some),
        // The value alone, such as the id of a manager.
        (Form::Complex(parts), Json::String(text)) if named(parts, "value").is_some() => {
            return Ok(if text.is_empty() { None } else { Some(serde_json::json!({ "value": text })) });
        }
        (Form::Text | Form::Instant | Form::Reference(_), _) => "a text",
        (Form::Boolean, _) => "true or false",
        (Form::Complex(_), _) => "an object",
    };
    Err(Refusal::bad("invalidValue", format!("{} is {value}, but must be {wanted}.", attribute.name)))
}

fn object(attribute: &Attribute, parts: &'static [Attribute], members: &Map<String, Json>) -> Answer<Json> {
    let mut read = Map::new();
    for (name, value) in members {
        match named(parts, name) {
            Some(part) => {
                if let Some(value) = single(part, value)? {
                    read.insert(part.name.to_owned(), value);
                }
            }
            // A full name in one text is what a new person is called where nothing else is said.
            None if attribute.name == "name" && name.eq_ignore_ascii_case("formatted") && value.is_string() => {
                read.insert("formatted".to_owned(), value.clone());
            }
            None if PARTS_LEFT_ASIDE.iter().any(|known| known.eq_ignore_ascii_case(name)) => {}
            None => {
                let text = format!("{} has no part {name:?}. /scim/v2/Schemas names those there are.", attribute.name);
                return Err(Refusal::bad("invalidSyntax", text));
            }
        }
    }
    Ok(Json::Object(read))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn user(body: Json) -> Answer<Json> {
        read(Kind::User, body.as_object().unwrap()).map(Json::Object)
    }

    #[test]
    fn what_providers_send_becomes_what_the_schema_says() {
        let sent = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "ID": "x", "username": "m", "Active": "False", "title": "", "groups": [{"value": "g"}],
            "name": {"Formatted": "Maria Huber", "GIVENNAME": "Maria", "honorificPrefix": "Dr"}, "emails": {"value": "m@x.example"},
            "addresses": [{"type": "work"}], "meta": {"resourceType": "User"}, "roles": [], "urn:example:Badge": {"n": 1},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Sales", "manager": "usr_1"},
        });
        let read = user(sent).unwrap();
        let wanted = json!({
            "userName": "m", "active": false, "name": {"formatted": "Maria Huber", "givenName": "Maria"}, "emails": [{"value": "m@x.example"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "usr_1"}},
        });
        assert_eq!(read, wanted);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for bad in [
            json!({"usrName": "x"}),
            json!({"active": 1}),
            json!({"userName": {}}),
            json!({"name": "x"}),
            json!({"emails": [{"adress": "x"}]}),
            json!({"emails": [1]}),
        ] {
            assert!(user(bad.clone()).is_err(), "{bad}");
        }
    }
}
