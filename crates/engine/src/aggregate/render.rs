//! The answer's JSON, in the shape an API wants.

use super::figure::Figure;
use super::{AggregateAnswer, Aggregation, Function, Group};
use crate::plan::MoneyPart;
use clientela_kernel::{Error, Name, Result, Value};
use clientela_store::encode::write_text;

/// The shape of an aggregate's JSON object, in output order. Keys need no escapes.
#[derive(Clone, Debug, Default)]
pub struct GroupsShape {
    /// Its members.
    pub items: Vec<(Box<str>, GroupsItem)>,
}

/// A member of an aggregate's object.
#[derive(Clone, Debug)]
pub enum GroupsItem {
    /// The groups, each in this shape.
    Groups(Vec<(Box<str>, GroupItem)>),
    /// Whether groups follow.
    HasMore,
    /// Where to continue, null where nothing follows.
    Next,
    /// An object of such members.
    Object(Vec<(Box<str>, GroupsItem)>),
    /// A fixed JSON value.
    Constant(Box<str>),
}

/// A member of a group's object.
#[derive(Clone, Debug)]
pub enum GroupItem {
    /// A key by its place.
    Key(usize),
    /// A figure by its place.
    Figure(usize),
    /// Parts of a figure that is an amount; null where there is none.
    Money(usize, Vec<(Box<str>, MoneyPart)>),
    /// An object of such members.
    Object(Vec<(Box<str>, GroupItem)>),
    /// A fixed JSON value.
    Constant(Box<str>),
}

impl Aggregation {
    /// The shape that REST answers with: keys and figures nested by their paths, functions by name.
    pub fn whole(&self) -> Vec<(Box<str>, GroupItem)> {
        let mut members = Vec::new();
        let mut keys = Vec::new();
        for (at, key) in self.keys.iter().enumerate() {
            place(&mut keys, &key.path, GroupItem::Key(at));
        }
        members.push(("keys".into(), GroupItem::Object(keys)));
        for function in Function::ALL {
            let mut fields = Vec::new();
            for (at, measure) in self.measures.iter().take(self.asked).enumerate().filter(|(_, measure)| measure.function == function) {
                if measure.path.is_empty() {
                    members.push((function.as_str().into(), GroupItem::Figure(at)));
                } else {
                    place(&mut fields, &measure.path, GroupItem::Figure(at));
                }
            }
            if !fields.is_empty() {
                members.push((function.as_str().into(), GroupItem::Object(fields)));
            }
        }
        members
    }
}

/// Puts an item at a path of nested objects.
fn place(members: &mut Vec<(Box<str>, GroupItem)>, path: &[Name], item: GroupItem) {
    match path {
        [] => {}
        [last] => members.push((last.as_ref().into(), item)),
        [first, rest @ ..] => {
            let known = members.iter().position(|(name, member)| **name == **first && matches!(member, GroupItem::Object(_)));
            let at = known.unwrap_or_else(|| {
                members.push((first.as_ref().into(), GroupItem::Object(Vec::new())));
                members.len() - 1
            });
            if let Some((_, GroupItem::Object(below))) = members.get_mut(at) {
                place(below, rest, item);
            }
        }
    }
}

/// Appends the answer.
pub(super) fn write(
    aggregation: &Aggregation,
    shape: &GroupsShape,
    groups: &[Group],
    answer: &AggregateAnswer,
    out: &mut Vec<u8>,
) -> Result<()> {
    object(&shape.items, out, &mut |item, out| whole(aggregation, item, groups, answer, out))
}

fn whole(aggregation: &Aggregation, item: &GroupsItem, groups: &[Group], answer: &AggregateAnswer, out: &mut Vec<u8>) -> Result<()> {
    match item {
        GroupsItem::Constant(json) => out.extend_from_slice(json.as_bytes()),
        GroupsItem::HasMore => out.extend_from_slice(if answer.more { b"true" } else { b"false" }),
        GroupsItem::Next => match &answer.next {
            Some(cursor) => write_text(cursor, out),
            None => out.extend_from_slice(b"null"),
        },
        GroupsItem::Object(items) => object(items, out, &mut |item, out| whole(aggregation, item, groups, answer, out))?,
        GroupsItem::Groups(items) => {
            out.push(b'[');
            for (index, group) in groups.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                object(items, out, &mut |item, out| member(aggregation, item, group, out))?;
            }
            out.push(b']');
        }
    }
    Ok(())
}

fn member(aggregation: &Aggregation, item: &GroupItem, group: &Group, out: &mut Vec<u8>) -> Result<()> {
    let lost = || Error::internal("an aggregate has no such key or figure");
    match item {
        GroupItem::Constant(json) => out.extend_from_slice(json.as_bytes()),
        GroupItem::Object(items) => object(items, out, &mut |item, out| member(aggregation, item, group, out))?,
        GroupItem::Key(at) => {
            let (key, value) = aggregation.keys.get(*at).zip(group.keys.get(*at)).ok_or_else(lost)?;
            match value {
                Value::Text(code) if key.currency => write_text(code, out),
                value => key.encoder.write_value(value, out),
            }
        }
        GroupItem::Figure(at) => {
            let (measure, figure) = aggregation.measures.get(*at).zip(group.figures.get(*at)).ok_or_else(lost)?;
            figure.write(&measure.form, out);
        }
        GroupItem::Money(at, parts) => match group.figures.get(*at).ok_or_else(lost)? {
            Figure::Empty => out.extend_from_slice(b"null"),
            figure => object(parts, out, &mut |part, out| {
                match part {
                    MoneyPart::Amount => figure.write_amount(out),
                    MoneyPart::Currency => figure.write_currency(out),
                    MoneyPart::Constant(json) => out.extend_from_slice(json.as_bytes()),
                }
                Ok(())
            })?,
        },
    }
    Ok(())
}

fn object<T>(items: &[(Box<str>, T)], out: &mut Vec<u8>, write: &mut dyn FnMut(&T, &mut Vec<u8>) -> Result<()>) -> Result<()> {
    out.push(b'{');
    for (index, (key, item)) in items.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"\"" } else { b",\"" });
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
        write(item, out)?;
    }
    out.push(b'}');
    Ok(())
}
