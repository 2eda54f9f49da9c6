//! The order in which records go: what names another one before it.

use crate::module::Found;
use clientela_kernel::{Name, Value};
use clientela_model::{FieldDef, OnDelete};
use std::collections::{HashMap, VecDeque};
use uuid::Uuid;

/// The records' positions in the order in which they go, and the positions that stand in a circle, which must let go of one another first.
pub(super) struct Order {
    /// Every position, what names others before them.
    pub(super) positions: Vec<usize>,
    /// Records with optional references, by the position of the field, that close a circle.
    pub(super) circles: Vec<(usize, Vec<usize>)>,
}

/// Puts records in order.
pub(super) fn order(records: &[Found]) -> Order {
    let places: HashMap<(&Name, Uuid), usize> =
        records.iter().enumerate().map(|(position, record)| ((&record.def.name, record.id.0), position)).collect();
    // For each record the fields that name another one of them, with that one's position.
    let named: Vec<Vec<(usize, usize)>> = records
        .iter()
        .enumerate()
        .map(|(position, record)| {
            let fields = record.def.fields.iter().zip(&record.values).enumerate();
            let others = fields.filter_map(|(index, (field, value))| match (field.reference(), value) {
                (Some(reference), Value::Id(id)) => Some((index, *places.get(&(&reference.target, *id))?)),
                _ => None,
            });
            others.filter(|(_, other)| *other != position).collect()
        })
        .collect();
    let mut held: Vec<usize> = vec![0; records.len()];
    for (_, other) in named.iter().flatten() {
        if let Some(count) = held.get_mut(*other) {
            *count += 1;
        }
    }
    let mut order = Order { positions: Vec::with_capacity(records.len()), circles: Vec::new() };
    let mut free: VecDeque<usize> = (0..records.len()).filter(|position| held.get(*position) == Some(&0)).collect();
    let mut gone = vec![false; records.len()];
    let mut next = 0;
    while order.positions.len() < records.len() {
        let Some(position) = free.pop_front() else {
            // A circle: the first record that can lets go of what it names.
            while next < records.len() && gone.get(next) == Some(&true) {
                next += 1;
            }
            let stuck = (next..records.len()).filter(|position| gone.get(*position) == Some(&false));
            let optional = |position: &usize| -> Vec<(usize, usize)> {
                let fields = named.get(*position).map(Vec::as_slice).unwrap_or_default();
                let def = records.get(*position).map(|record| &record.def);
                // Only what a deletion empties is sure to bear it.
                let can = |index: usize| {
                    let field = def.and_then(|def| def.fields.get(index)).filter(|field| !field.required);
                    field.and_then(FieldDef::reference).is_some_and(|reference| reference.on_delete == OnDelete::Clear)
                };
                fields.iter().copied().filter(|(index, other)| can(*index) && gone.get(*other) == Some(&false)).collect()
            };
            let already: std::collections::HashSet<usize> = order.circles.iter().map(|(position, _)| *position).collect();
            let found = stuck.filter(|position| !already.contains(position)).find_map(|position| {
                let fields = optional(&position);
                (!fields.is_empty()).then_some((position, fields))
            });
            let Some((position, fields)) = found else {
                // Nothing can let go: the database will say what is still named.
                order.positions.extend((0..records.len()).filter(|position| gone.get(*position) == Some(&false)));
                return order;
            };
            for (_, other) in &fields {
                if let Some(count) = held.get_mut(*other) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        free.push_back(*other);
                    }
                }
            }
            order.circles.push((position, fields.into_iter().map(|(index, _)| index).collect()));
            continue;
        };
        let Some(flag) = gone.get_mut(position) else { continue };
        if std::mem::replace(flag, true) {
            continue;
        }
        order.positions.push(position);
        let let_go: Vec<usize> =
            order.circles.iter().filter(|(other, _)| *other == position).flat_map(|(_, fields)| fields.iter().copied()).collect();
        for (index, other) in named.get(position).map(Vec::as_slice).unwrap_or_default() {
            if let_go.contains(index) {
                continue;
            }
            if let Some(count) = held.get_mut(*other) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    free.push_back(*other);
                }
            }
        }
    }
    order
}
