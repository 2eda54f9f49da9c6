//! What a plan may cost: every record it can read counts one, every level one more. Known before anything is read.

use crate::plan::{Connection, ConnectionItem, EdgeItem, Item, ReadPlan, Root, Selection};
use clientela_kernel::{Error, ErrorCode, Result};

/// Greatest cost of one read.
pub const MAXIMUM_COST: u64 = 100_000;
/// Greatest number of nested relations.
pub const MAXIMUM_DEPTH: usize = 15;

/// Computes the cost and refuses what is over a limit.
pub(crate) fn of(plan: &ReadPlan) -> Result<u64> {
    let cost = match &plan.root {
        Root::Record { selection, .. } => 1 + selection_cost(selection, 1)?,
        Root::Records { ids, selection } => {
            let count = u64::try_from(ids.len()).unwrap_or(u64::MAX);
            1u64.saturating_add(count.saturating_mul(1 + selection_cost(selection, 1)?))
        }
        Root::List(list, connection) => 1u64.saturating_add(u64::from(list.page.limit).saturating_mul(1 + connection_cost(connection, 1)?)),
    };
    if cost > MAXIMUM_COST {
        return Err(Error::new(
            ErrorCode::QueryTooComplex,
            format!("This query may read records at a cost of {cost}; {MAXIMUM_COST} is allowed. Ask for smaller pages or fewer levels."),
        ));
    }
    Ok(cost)
}

fn selection_cost(selection: &Selection, depth: usize) -> Result<u64> {
    if depth > MAXIMUM_DEPTH {
        return Err(Error::new(
            ErrorCode::QueryTooComplex,
            format!("This query nests relations deeper than the {MAXIMUM_DEPTH} levels allowed. Split it."),
        ));
    }
    let mut cost = 0u64;
    for item in &selection.items {
        cost = cost.saturating_add(match item {
            Item::Field { .. } | Item::Constant { .. } | Item::MoneyParts { .. } => 0,
            Item::Part { selection, .. } => selection_cost(selection, depth)?,
            Item::ToOne { selection, .. } => 1 + selection_cost(selection, depth + 1)?,
            Item::ToMany { list, connection, .. } => {
                1u64.saturating_add(u64::from(list.page.limit).saturating_mul(1 + connection_cost(connection, depth + 1)?))
            }
        });
    }
    Ok(cost)
}

fn connection_cost(connection: &Connection, depth: usize) -> Result<u64> {
    let mut cost = 0u64;
    for item in &connection.items {
        match item {
            ConnectionItem::Nodes { selection, .. } => cost = cost.saturating_add(selection_cost(selection, depth)?),
            ConnectionItem::Edges { items, .. } => {
                for item in items {
                    if let EdgeItem::Node { selection, .. } = item {
                        cost = cost.saturating_add(selection_cost(selection, depth)?);
                    }
                }
            }
            ConnectionItem::PageInfo { .. } | ConnectionItem::TotalCount { .. } | ConnectionItem::Constant { .. } => {}
        }
    }
    Ok(cost)
}
