//! Places in a message: JSON Pointers (RFC 6901), from the whole message or from an element of an array, and headers.

use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What a message says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageContent {
    /// The document.
    pub body: Json,
    /// Its headers, by their names in small letters.
    pub headers: BTreeMap<String, String>,
}

impl MessageContent {
    /// What stands at a place.
    pub fn at(&self, place: &str) -> Json {
        match place.strip_prefix(HEADER) {
            Some(name) => self.headers.get(&name.to_ascii_lowercase()).map_or(Json::Null, |text| text.as_str().into()),
            None => self.body.pointer(place).cloned().unwrap_or_default(),
        }
    }
}

/// Begins the name of a header.
const HEADER: &str = "header:";

/// Begins a place that starts at the element.
const ELEMENT: char = '@';
/// The number of the element, from 1.
const NUMBER: &str = "@#";

/// An element of an array.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'m> {
    /// Where the array stands.
    pub(super) array: &'m str,
    /// Its number, from 0.
    pub(super) index: usize,
    /// The element.
    pub(super) value: &'m Json,
}

/// What is wrong with a place; nothing where it can be one. `inside` says whether there is an element.
pub(super) fn problem(place: &str, inside: bool) -> Option<String> {
    if place.starts_with(ELEMENT) && !inside {
        return Some(format!("{place:?} starts at an element, and the step has no each. Start at the message: \"/customer/name\"."));
    }
    if place == NUMBER || place.strip_prefix(HEADER).is_some_and(|name| !name.is_empty() && !name.contains(char::is_whitespace)) {
        return None;
    }
    let pointer = place.strip_prefix(ELEMENT).unwrap_or(place);
    let escaped = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if (pointer.is_empty() || pointer.starts_with('/')) && escaped {
        return None;
    }
    Some(format!(
        "{place:?} is no JSON Pointer. A pointer is \"/customer/name\" (with ~1 for a slash and ~0 for a tilde in a name); \"header:x-topic\" is a header; in a step with each, \"@/sku\" starts at the element and \"@#\" is its number."
    ))
}

/// What stands at a place, as a cell: blank text is nothing.
pub(super) fn cell(place: &str, message: &MessageContent, element: Option<Element<'_>>) -> Json {
    let found = match (place.strip_prefix(ELEMENT), element) {
        (Some(_), None) => Json::Null,
        (Some(_), Some(element)) if place == NUMBER => Json::from(element.index + 1),
        (Some(pointer), Some(element)) => element.value.pointer(pointer).cloned().unwrap_or_default(),
        (None, _) => message.at(place),
    };
    match found {
        Json::String(text) if text.trim().is_empty() => Json::Null,
        Json::String(text) => text.trim().into(),
        other => other,
    }
}

/// A place as a pointer from the whole message.
pub(super) fn absolute(place: &str, element: Option<Element<'_>>) -> String {
    match (place.strip_prefix(ELEMENT), element) {
        (Some(pointer), Some(element)) => format!("{}/{}{}", element.array, element.index, pointer.trim_start_matches('#')),
        _ => place.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_lead_where_they_say() {
        let body = json!({ "a/b": { "c": " x " }, "lines": [{ "sku": "A" }, { "sku": "  " }] });
        let message = MessageContent { body: body.clone(), headers: BTreeMap::from([("x-topic".to_owned(), "orders".to_owned())]) };
        let element = |index: usize| Some(Element { array: "/lines", index, value: &body["lines"][index] });
        assert_eq!(cell("header:X-Topic", &message, None), json!("orders"));
        assert_eq!(cell("/a~1b/c", &message, None), json!("x"));
        assert_eq!(cell("/lines/0/sku", &message, None), json!("A"));
        assert_eq!(cell("@/sku", &message, element(0)), json!("A"));
        assert_eq!(cell("@/sku", &message, element(1)), Json::Null);
        assert_eq!(cell("@#", &message, element(1)), json!(2));
        assert_eq!(cell("/a~1b/c", &message, element(1)), json!("x"));
        assert_eq!(cell("/nowhere", &message, None), Json::Null);
        assert_eq!(cell("", &message, None), body);
        assert_eq!((absolute("@/sku", element(1)), absolute("@#", element(1))), ("/lines/1/sku".to_owned(), "/lines/1".to_owned()));
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for (place, inside, good) in [
            ("", false, true),
            ("/a~0/b", false, true),
            ("a", false, false),
            ("/a~2", false, false),
            ("/a~", false, false),
            ("@/a", true, true),
            ("@", true, true),
            ("@#", true, true),
            ("@a", true, false),
            ("@/a", false, false),
            ("header:x-topic", false, true),
            ("header:", false, false),
        ] {
            assert_eq!(problem(place, inside).is_none(), good, "{place:?}");
        }
    }
}
