//! The order of groups, and the stretch of them that is shown.

use super::figure::{Figure, Form};
use super::read::{Key, Measure};
use super::{AggregateAnswer, AggregateRequest, Aggregation, Group, Sorted};
use crate::order::{Fingerprint, describe};
use crate::values::order;
use clientela_kernel::{Cursor, Error, ErrorCode, Filter, Result, Value};
use clientela_model::ResourceDef;
use clientela_store::Encoder;
use serde_json::Value as Json;
use std::cmp::Ordering;
use std::fmt::Write as _;
use uuid::Uuid;

/// Where a page ended: what the order went by there.
pub(super) struct Place(Vec<Part>);

enum Part {
    Key(Value),
    Figure(Figure),
}

impl Aggregation {
    /// Sorts the groups and takes the page.
    pub(super) fn page<'g>(&self, groups: &'g mut Vec<Group>) -> (&'g [Group], AggregateAnswer) {
        if let Some(place) = &self.after {
            groups.retain(|group| self.beyond(group, place) == Ordering::Greater);
        }
        groups.sort_by(|left, right| self.compare(left, right));
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = groups.len() > limit;
        let shown = groups.get(..limit.min(groups.len())).unwrap_or_default();
        let next = if more { shown.last().map(|last| self.cursor(last)) } else { None };
        (shown, AggregateAnswer { more, next })
    }

    fn compare(&self, left: &Group, right: &Group) -> Ordering {
        self.sort.iter().fold(Ordering::Equal, |known, (sorted, descending)| {
            known.then_with(|| {
                let found = match *sorted {
                    Sorted::Key(at) => order(key(left, at), key(right, at)),
                    Sorted::Figure(at) => figure(left, at).order(figure(right, at)),
                };
                if *descending { found.reverse() } else { found }
            })
        })
    }

    fn beyond(&self, group: &Group, place: &Place) -> Ordering {
        self.sort.iter().zip(&place.0).fold(Ordering::Equal, |known, ((sorted, descending), part)| {
            known.then_with(|| {
                let found = match (*sorted, part) {
                    (Sorted::Key(at), Part::Key(value)) => order(key(group, at), value),
                    (Sorted::Figure(at), Part::Figure(known)) => figure(group, at).order(known),
                    _ => Ordering::Equal,
                };
                if *descending { found.reverse() } else { found }
            })
        })
    }

    fn cursor(&self, group: &Group) -> String {
        let mut values = Vec::new();
        for (index, (sorted, _)) in self.sort.iter().enumerate() {
            if index > 0 {
                values.push(b',');
            }
            match *sorted {
                Sorted::Key(at) => match (self.keys.get(at), key(group, at)) {
                    (Some(definition), value) if !definition.currency => definition.encoder.write_value(value, &mut values),
                    (_, Value::Text(code)) => clientela_store::encode::write_text(code, &mut values),
                    _ => values.extend_from_slice(b"null"),
                },
                Sorted::Figure(at) => clientela_store::encode::write_text(&figure(group, at).place(self.encoder(at)), &mut values),
            }
        }
        let mut text = Vec::new();
        Cursor::write(&self.fingerprint, &values, Uuid::nil(), &mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    /// Reads a cursor of this very aggregate.
    pub(super) fn place(&self, text: &str) -> Result<Place> {
        let invalid = |why: &str| Error::new(ErrorCode::InvalidCursor, format!("The cursor cannot be used: {why}."));
        if text.len() > 16_384 {
            return Err(invalid("it is longer than any cursor of ours"));
        }
        let cursor = Cursor::parse(text).ok_or_else(|| invalid("it is not one that this server gave out"))?;
        if cursor.fingerprint != self.fingerprint {
            return Err(invalid(
                "it belongs to another query; use it with the same filter, keys, conditions and order, or start without one",
            ));
        }
        if cursor.values.len() != self.sort.len() {
            return Err(invalid("its values do not fit the order"));
        }
        let mut parts = Vec::with_capacity(self.sort.len());
        for ((sorted, _), json) in self.sort.iter().zip(&cursor.values) {
            let part = match *sorted {
                Sorted::Key(at) => self
                    .keys
                    .get(at)
                    .and_then(|key| match json {
                        Json::String(code) if key.currency => Some(Value::from(code.as_str())),
                        json => key.encoder.parse(json),
                    })
                    .map(Part::Key),
                Sorted::Figure(at) => json.as_str().and_then(|text| Figure::of_place(text, self.encoder(at))).map(Part::Figure),
            };
            parts.push(part.ok_or_else(|| invalid("its values do not fit the order"))?);
        }
        Ok(Place(parts))
    }

    fn encoder(&self, measure: usize) -> Option<&Encoder> {
        match &self.measures.get(measure)?.form {
            Form::Value(encoder) => Some(encoder),
            _ => None,
        }
    }
}

fn key(group: &Group, at: usize) -> &Value {
    group.keys.get(at).unwrap_or(&Value::Null)
}

fn figure(group: &Group, at: usize) -> &Figure {
    group.figures.get(at).unwrap_or(&Figure::Empty)
}

/// What a cursor is bound to: everything but the page.
pub(super) fn fingerprint(
    def: &ResourceDef,
    filter: Option<&Filter>,
    request: &AggregateRequest,
    keys: &[Key],
    measures: &[Measure],
    sort: &[(Sorted, bool)],
) -> String {
    let mut hash = Fingerprint::new();
    let _ = write!(hash, "groups|{}|{:?}|", def.name, request.deleted);
    if let Some(filter) = filter {
        describe(filter, &mut hash);
    }
    for key in keys {
        let _ = write!(hash, "|{}", key.described);
    }
    for (sorted, descending) in sort {
        let _ = match sorted {
            Sorted::Key(at) => write!(hash, "|k{at}{descending}"),
            Sorted::Figure(at) => match measures.get(*at) {
                Some(measure) => write!(hash, "|{}{:?}{descending}", measure.function.as_str(), measure.path),
                None => Ok(()),
            },
        };
    }
    if let Some(having) = &request.having {
        let _ = write!(hash, "|{having}");
    }
    hash.finish()
}
