//! Overwriting what tells who somebody was, in what stays.

use super::Footprint;
use clientela_kernel::Value;
use clientela_kernel::fold::fold;
use clientela_model::{FieldType, TextFormat};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// What stands where something identifying stood. Shorter than all of it, so that it fits wherever that did.
const MASK: &str = "***";
/// Shorter texts tell nobody apart, and stand in too many others.
const SHORTEST: usize = 5;

/// Texts that tell who somebody is.
pub(super) struct Terms(Vec<String>);

impl Terms {
    /// The labels of the person's faces, every e-mail address and telephone number, and the values of further fields.
    pub(super) fn of(footprint: &Footprint, identifying: &[(&str, &str)]) -> Terms {
        let mut terms = BTreeSet::new();
        for record in &footprint.own {
            for (field, value) in record.def.fields.iter().zip(&record.values) {
                let FieldType::Text { format, .. } = &field.kind else { continue };
                let named = record.def.face.is_some() && field.name == record.def.label;
                let reached = matches!(format, TextFormat::Email | TextFormat::Phone);
                let told = identifying.iter().any(|(resource, name)| record.def.name == *resource && field.name == *name);
                if let Some(text) = value.as_text().filter(|text| (named || reached || told) && text.chars().count() >= SHORTEST) {
                    terms.insert(text.to_owned());
                }
            }
        }
        let mut terms: Vec<String> = terms.into_iter().collect();
        // A longer one first, so that what it holds does not cut it.
        terms.sort_by_key(|term| std::cmp::Reverse(term.len()));
        Terms(terms)
    }

    /// Whether one of them stands in a text.
    pub(super) fn are_in(&self, text: &str) -> bool {
        self.0.iter().any(|term| text.contains(term.as_str()))
    }

    /// Whether one of them stands in a folded text.
    pub(super) fn are_in_folded(&self, text: &str) -> bool {
        self.0.iter().any(|term| text.contains(&fold(term)))
    }

    /// The text without them; none where it holds none.
    fn masked(&self, text: &str) -> Option<String> {
        self.are_in(text).then(|| self.0.iter().fold(text.to_owned(), |text, term| text.replace(term.as_str(), MASK)))
    }

    /// The value without them; none where it holds none.
    pub(super) fn redacted(&self, kind: &FieldType, value: &Value) -> Option<Value> {
        match (kind, value) {
            (FieldType::Text { format: TextFormat::Plain, .. }, Value::Text(text)) => self.masked(text).map(Value::Text),
            (FieldType::TextSet { .. }, Value::TextSet(texts)) if texts.iter().any(|text| self.are_in(text)) => {
                let masked: BTreeSet<String> = texts.iter().map(|text| self.masked(text).unwrap_or_else(|| text.clone())).collect();
                Some(Value::TextSet(masked.into_iter().collect()))
            }
            _ => None,
        }
    }

    /// A JSON text without them; none where it holds none.
    pub(super) fn redacted_json(&self, text: &str) -> Option<String> {
        let mut json: Json = serde_json::from_str(text).ok()?;
        self.mask_json(&mut json).then(|| json.to_string())
    }

    fn mask_json(&self, json: &mut Json) -> bool {
        match json {
            Json::String(text) => match self.masked(text) {
                Some(masked) => {
                    *text = masked;
                    true
                }
                None => false,
            },
            Json::Array(items) => self.mask_all(items.iter_mut()),
            Json::Object(members) => self.mask_all(members.values_mut()),
            _ => false,
        }
    }

    /// Every one of them, also after one that held something.
    fn mask_all<'j>(&self, values: impl Iterator<Item = &'j mut Json>) -> bool {
        let mut any = false;
        for value in values {
            any |= self.mask_json(value);
        }
        any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_who_it_was_is_overwritten() {
        let terms = Terms(vec!["Anna Gruber-Huber".to_owned(), "Anna Gruber".to_owned()]);
        let plain = FieldType::Text { max: 100, format: TextFormat::Plain };
        let value = |text: &str| Value::Text(text.to_owned());
        assert_eq!(terms.redacted(&plain, &value("Call of Anna Gruber-Huber, née Anna Gruber")), Some(value("Call of ***, née ***")));
        assert_eq!(terms.redacted(&plain, &value("Call of Anna")), None);
        assert_eq!(terms.redacted_json(r#"{"a":["x","Anna Gruber"],"b":1}"#).as_deref(), Some(r#"{"a":["x","***"],"b":1}"#));
        assert_eq!(terms.redacted_json(r#"{"b":1}"#), None);
    }
}
