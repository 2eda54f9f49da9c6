//! Reading by plan: one statement a level, the answer's JSON written straight from the rows.
//!
//! A *level* is a resource with everything reached from it by to-one relations, which are joined. Every to-many
//! relation opens a level below, read for all its parents at once.

pub(crate) mod cost;
mod layout;
mod render;
mod run;
mod sight;

pub(crate) use layout::Layout;
pub(crate) use render::{Source, write_memory, write_object};
pub(crate) use run::{in_order, page, read, record, stretch};
pub(crate) use sight::Sight;
