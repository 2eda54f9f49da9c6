//! PATCH (RFC 7644, section 3.5.2), applied to a resource as it is.

use super::attribute::{Attribute, ENTERPRISE, Form, Kind, Meant, Mutability, PARTS_LEFT_ASIDE, meant, named};
use super::document::{self, Document};
use super::expression::{Expression, Operator, parse};
use super::refusal::{Answer, Refusal};
use serde_json::{Map, Value as Json, json};

/// Most operations of one request.
const MOST: usize = 1_000;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Add,
    Replace,
    Remove,
}

/// An operation.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) verb: Verb,
    pub(super) path: Option<String>,
    pub(super) value: Json,
}

/// What becomes of the members of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Membership {
    /// These come in.
    Add(Vec<String>),
    /// These go.
    Remove(Vec<String>),
    /// These are all there are.
    Replace(Vec<String>),
}

/// Reads the operations of a request; names of members and of operations are read whatever their case.
pub(super) fn steps(body: &Map<String, Json>) -> Answer<Vec<Step>> {
    let of = |members: &Map<String, Json>, name: &str| {
        members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    };
    let Some(Json::Array(operations)) = of(body, "Operations") else {
        return Err(Refusal::bad("invalidSyntax", "Operations is missing: a list of objects with op, path and value."));
    };
    if operations.is_empty() || operations.len() > MOST {
        return Err(Refusal::bad("invalidSyntax", format!("Operations has {} members; 1 to {MOST} are allowed.", operations.len())));
    }
    let read = |operation: &Json| {
        let members =
            operation.as_object().ok_or_else(|| Refusal::bad("invalidSyntax", "An operation is an object with op, path and value."))?;
        let op = of(members, "op");
        let verb = match op.as_ref().and_then(Json::as_str).map(str::to_lowercase).as_deref() {
            Some("add") => Verb::Add,
            Some("replace") => Verb::Replace,
            Some("remove") => Verb::Remove,
            _ => {
                return Err(Refusal::bad(
                    "invalidSyntax",
                    format!("op is {}, but must be add, replace or remove.", op.unwrap_or_default()),
                ));
            }
        };
        let path = match of(members, "path") {
            None | Some(Json::Null) => None,
            Some(Json::String(path)) => Some(path.trim().to_owned()).filter(|path| !path.is_empty()),
            Some(other) => return Err(Refusal::bad("invalidPath", format!("path is {other}, but must be a text."))),
        };
        Ok(Step { verb, path, value: of(members, "value").unwrap_or_default() })
    };
    operations.iter().map(read).collect()
}

/// Applies operations to a resource, one after the other. What they say of members is told apart: a group may have many.
pub(super) fn apply(kind: Kind, document: &mut Document, steps: &[Step]) -> Answer<Vec<Membership>> {
    let mut members = Vec::new();
    for step in steps {
        match &step.path {
            Some(path) => members.extend(at_path(kind, document, step.verb, path, &step.value, true)?),
            None if step.verb == Verb::Remove => return Err(Refusal::bad("noTarget", "remove needs a path.")),
            None => {
                let Json::Object(values) = &step.value else {
                    return Err(Refusal::bad("invalidValue", "Without a path, value must be an object of attributes."));
                };
                for (path, value) in values {
                    members.extend(at_path(kind, document, step.verb, path, value, false)?);
                }
            }
        }
    }
    Ok(members)
}

fn at_path(kind: Kind, document: &mut Document, verb: Verb, path: &str, value: &Json, named_by_path: bool) -> Answer<Option<Membership>> {
    let (place, behind) = match meant(kind, path) {
        Meant::Attribute(place, behind) => (place, behind),
        Meant::Aside => return Ok(None),
        Meant::Extension => {
            extension(kind, document, verb, value)?;
            return Ok(None);
        }
        Meant::Unknown => {
            return Err(Refusal::bad("invalidPath", format!("There is no attribute {path:?}. /scim/v2/Schemas names those there are.")));
        }
    };
    let attribute = place.attribute;
    if attribute.mutability == Mutability::ReadOnly || attribute.name == "schemas" {
        // A whole resource may be sent back with what only the server writes in it.
        return if named_by_path { Err(Refusal::bad("mutability", format!("{} is set by the server.", attribute.name))) } else { Ok(None) };
    }
    let (filter, part) = split(attribute, behind, path)?;
    if kind == Kind::Group && attribute.name == "members" {
        return membership(verb, filter.as_ref(), part, value, path);
    }
    if verb == Verb::Remove && attribute.required {
        return Err(Refusal::bad("mutability", format!("{} must have a value.", attribute.name)));
    }
    let into = Target { document, extended: place.extended, attribute };
    if attribute.multi_valued {
        into.several(verb, filter.as_ref(), part, value, path)?
    } else {
        into.single(verb, part, value, path)?
    }
    Ok(None)
}

/// The filter and the part behind the name of an attribute: `[type eq "work"].value`.
fn split<'p>(attribute: &'static Attribute, behind: &'p str, path: &str) -> Answer<(Option<Expression>, Option<&'p str>)> {
    let wrong = || {
        Refusal::bad(
            "invalidPath",
            format!(
                "The path {path:?} cannot be read: an attribute, a filter in brackets and a part, such as emails[type eq \"work\"].value."
            ),
        )
    };
    let (filter, rest) = match behind.strip_prefix('[') {
        None => (None, behind),
        Some(_) if !attribute.multi_valued => return Err(wrong()),
        Some(inner) => {
            let end = closing(inner).ok_or_else(wrong)?;
            let (filter, rest) = inner.split_at(end);
            (Some(parse(filter)?), rest.get(1..).unwrap_or(""))
        }
    };
    match rest.strip_prefix('.') {
        Some(part) if !part.is_empty() => Ok((filter, Some(part))),
        None if rest.is_empty() => Ok((filter, None)),
        _ => Err(wrong()),
    }
}

/// Where the bracket closes: not within a text.
fn closing(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

fn extension(kind: Kind, document: &mut Document, verb: Verb, value: &Json) -> Answer<()> {
    if verb == Verb::Remove {
        document.remove(ENTERPRISE);
        return Ok(());
    }
    let Json::Object(members) = value else {
        return Err(Refusal::bad("invalidValue", "The extension's value must be an object of attributes."));
    };
    for (name, value) in members {
        if let Some(attribute) = named(kind.extension(), name) {
            document::put(document, true, attribute, value)?;
        }
    }
    Ok(())
}

/// The attribute that an operation is about.
struct Target<'d> {
    document: &'d mut Document,
    extended: bool,
    attribute: &'static Attribute,
}

impl Target<'_> {
    fn put(self, value: &Json) -> Answer<()> {
        document::put(self.document, self.extended, self.attribute, value)
    }

    fn now(&self) -> Option<Json> {
        document::get(self.document, self.extended, self.attribute).cloned()
    }

    fn part(&self, name: &str, path: &str) -> Answer<Option<&'static Attribute>> {
        match named(self.attribute.parts(), name) {
            Some(part) => Ok(Some(part)),
            None if PARTS_LEFT_ASIDE.iter().any(|known| known.eq_ignore_ascii_case(name)) && !self.attribute.parts().is_empty() => Ok(None),
            None => Err(Refusal::bad("invalidPath", format!("There is no attribute {path:?}. /scim/v2/Schemas names those there are."))),
        }
    }

    /// One value, or an object: its parts are set one by one.
    fn single(self, verb: Verb, part: Option<&str>, value: &Json, path: &str) -> Answer<()> {
        let Some(part) = part else {
            let merged = match (verb, self.attribute.form, document::checked(self.attribute, value)?, self.now()) {
                (Verb::Remove, ..) => Json::Null,
                (_, Form::Complex(_), Some(Json::Object(new)), Some(Json::Object(old))) if self.attribute.name != "manager" => {
                    Json::Object(old.into_iter().chain(new).collect())
                }
                (_, _, new, _) => new.unwrap_or_default(),
            };
            return self.put(&merged);
        };
        let Some(part) = self.part(part, path)? else { return Ok(()) };
        let mut parts = match self.now() {
            // A reference that points elsewhere is another one.
            Some(Json::Object(parts)) if self.attribute.name != "manager" => parts,
            _ => Map::new(),
        };
        parts.remove(part.name);
        if verb != Verb::Remove {
            parts.insert(part.name.to_owned(), value.clone());
        }
        let value = if parts.is_empty() { Json::Null } else { Json::Object(parts) };
        self.put(&value)
    }

    /// Several values, of which one is kept.
    fn several(self, verb: Verb, filter: Option<&Expression>, part: Option<&str>, value: &Json, path: &str) -> Answer<()> {
        let part = match part {
            None => None,
            Some(name) => match self.part(name, path)? {
                None => return Ok(()),
                part => part,
            },
        };
        let mut members = match self.now() {
            Some(Json::Array(members)) => members,
            _ => Vec::new(),
        };
        let fits = |member: &Json| filter.is_none_or(|filter| filter.holds(member));
        match (verb, part) {
            (Verb::Remove, None) => members.retain(|member| !fits(member)),
            (Verb::Remove, Some(part)) => {
                for member in members.iter_mut().filter(|member| fits(member)) {
                    member.as_object_mut().and_then(|member| member.remove(part.name));
                }
                members.retain(|member| member.get("value").is_some());
            }
            (verb, None) if filter.is_none() => {
                let new = document::checked(self.attribute, value)?;
                let new: Vec<Json> = new.and_then(|new| new.as_array().cloned()).unwrap_or_default();
                if verb == Verb::Replace {
                    members.clear();
                }
                // The new ones are looked at first.
                members = new.into_iter().chain(members).collect();
            }
            (_, part) => {
                let new = match part {
                    Some(part) => json!({ part.name: value }),
                    None => value.clone(),
                };
                let Some(Json::Array(new)) = document::checked(self.attribute, &new)? else {
                    return Err(Refusal::bad("invalidValue", format!("value of {path} is missing.")));
                };
                let new: Map<String, Json> = new.first().and_then(Json::as_object).cloned().unwrap_or_default();
                let mut found = false;
                for member in members.iter_mut().filter(|member| fits(member)) {
                    if let Some(member) = member.as_object_mut() {
                        found = true;
                        member.extend(new.clone());
                    }
                }
                if !found {
                    // Providers set the address for work whether there is one or not.
                    let mut member = filter.map(implied).unwrap_or_else(|| Some(Map::new())).ok_or_else(|| no_target(path))?;
                    member.extend(new);
                    members.push(Json::Object(member));
                }
            }
        }
        self.put(&Json::Array(members))
    }
}

fn no_target(path: &str) -> Refusal {
    Refusal::bad("noTarget", format!("Nothing is at {path:?}."))
}

/// The member that a filter of plain equalities asks for.
fn implied(filter: &Expression) -> Option<Map<String, Json>> {
    match filter {
        Expression::Compare(name, Operator::Equal, value) if ["type", "primary"].iter().any(|known| known.eq_ignore_ascii_case(name)) => {
            Some(Map::from_iter([(name.to_ascii_lowercase(), value.clone())]))
        }
        Expression::And(all) => all.iter().map(implied).collect::<Option<Vec<_>>>().map(|all| all.into_iter().flatten().collect()),
        _ => None,
    }
}

fn membership(verb: Verb, filter: Option<&Expression>, part: Option<&str>, value: &Json, path: &str) -> Answer<Option<Membership>> {
    if part.is_some_and(|part| !part.eq_ignore_ascii_case("value") && verb == Verb::Remove) {
        return Err(Refusal::bad("invalidPath", format!("{path:?} is no member. Remove members[value eq \"…\"].")));
    }
    if let Some(filter) = filter {
        let ids = filter
            .values_of("value")
            .ok_or_else(|| Refusal::bad("invalidFilter", "Members are told by their value: members[value eq \"…\"]."))?;
        return match verb {
            Verb::Remove => Ok(Some(Membership::Remove(ids))),
            _ => Err(Refusal::bad("mutability", "A member stays what it is. Remove it and add another.")),
        };
    }
    match (verb, value) {
        (Verb::Remove, Json::Null) => Ok(Some(Membership::Replace(Vec::new()))),
        (Verb::Remove, value) => Ok(Some(Membership::Remove(members(value)?))),
        (Verb::Add, value) => Ok(Some(Membership::Add(members(value)?))),
        (Verb::Replace, value) => Ok(Some(Membership::Replace(members(value)?))),
    }
}

/// The ids of members as they are sent.
pub(super) fn members(value: &Json) -> Answer<Vec<String>> {
    let Some(attribute) = named(Kind::Group.attributes(), "members") else { return Ok(Vec::new()) };
    let read = document::checked(attribute, value)?;
    let members = read.as_ref().and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let id = |member: &Json| {
        let text = |name: &str| member.get(name).and_then(Json::as_str);
        if text("type").is_some_and(|kind| !kind.eq_ignore_ascii_case("User")) {
            return Err(Refusal::bad("invalidValue", "Only users are members of groups."));
        }
        let value = text("value").or_else(|| text("$ref").and_then(|address| address.rsplit('/').next()));
        value.map(str::to_owned).ok_or_else(|| Refusal::bad("invalidValue", "A member needs a value, the id of a user."))
    };
    members.iter().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(document: Json, operations: Json) -> Answer<(Json, Vec<Membership>)> {
        let mut document = document.as_object().cloned().unwrap();
        let kind = if document.contains_key("userName") { Kind::User } else { Kind::Group };
        let members = apply(kind, &mut document, &steps(json!({ "operations": operations }).as_object().unwrap())?)?;
        Ok((Json::Object(document), members))
    }

    fn user(operations: Json) -> Json {
        let before = json!({ "userName": "m", "displayName": "M", "active": true, "name": {"givenName": "Maria"}, "emails": [{"value": "m@x.example", "type": "work", "primary": true}] });
        patched(before, operations).unwrap().0
    }

    #[test]
    fn what_entra_and_okta_send_is_done() {
        let after = user(json!([
            {"op": "Replace", "path": "active", "value": "False"},
            {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "new@x.example"},
            {"op": "Add", "path": "phoneNumbers[type eq \"work\"].value", "value": "+43 1 5550"},
            {"op": "replace", "value": {"name.familyName": "Huber", "displayName": "Maria Huber", "id": "usr_x"}},
            {"op": "Replace", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "value": "usr_2"},
            {"op": "Add", "path": "addresses[type eq \"work\"].locality", "value": "Wien"},
        ]));
        assert_eq!(
            after,
            json!({
                "userName": "m", "displayName": "Maria Huber", "active": false, "name": {"givenName": "Maria", "familyName": "Huber"},
                "emails": [{"value": "new@x.example", "type": "work", "primary": true}], "phoneNumbers": [{"type": "work", "value": "+43 1 5550"}],
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "usr_2"}},
            })
        );
        let gone = user(json!([{"op": "remove", "path": "emails[type eq \"work\"]"}, {"op": "remove", "path": "name.givenName"}]));
        assert_eq!(gone, json!({ "userName": "m", "displayName": "M", "active": true }));
    }

    #[test]
    fn members_come_and_go() {
        let group = |operations| patched(json!({ "displayName": "G" }), operations).map(|(_, members)| members);
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            group(json!([{"op": "add", "path": "members", "value": [{"value": "a"}, {"$ref": "https://x/Users/b"}]}])).unwrap(),
            [Membership::Add(ids(&["a", "b"]))]
        );
        assert_eq!(group(json!([{"op": "Remove", "path": "members[value eq \"a\"]"}])).unwrap(), [Membership::Remove(ids(&["a"]))]);
        assert_eq!(
            group(json!([{"op": "Remove", "path": "members", "value": [{"value": "a"}]}])).unwrap(),
            [Membership::Remove(ids(&["a"]))]
        );
        assert_eq!(group(json!([{"op": "remove", "path": "members"}])).unwrap(), [Membership::Replace(vec![])]);
        assert_eq!(group(json!([{"op": "replace", "value": {"members": [{"value": "c"}]}}])).unwrap(), [Membership::Replace(ids(&["c"]))]);
        assert!(group(json!([{"op": "add", "path": "members", "value": [{"value": "a", "type": "Group"}]}])).is_err());
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        let before = json!({ "userName": "m", "emails": [{"value": "m@x.example", "type": "work"}] });
        for operations in [
            json!([]),
            json!([{"op": "move", "path": "title"}]),
            json!([{"op": "remove"}]),
            json!([{"op": "remove", "path": "userName"}]),
            json!([{"op": "replace", "path": "id", "value": "x"}]),
            json!([{"op": "replace", "path": "usrName", "value": "x"}]),
            json!([{"op": "replace", "path": "name.first", "value": "x"}]),
            json!([{"op": "replace", "path": "emails[value eq \"other@x.example\"].value", "value": "x"}]),
            json!([{"op": "replace", "path": "emails[type eq \"work\".value", "value": "x"}]),
            json!([{"op": "replace", "path": "title[type eq \"x\"]", "value": "x"}]),
            json!([{"op": "replace", "value": "x"}]),
        ] {
            assert!(patched(before.clone(), operations.clone()).is_err(), "{operations}");
        }
    }
}
