//! Statements compiled from definitions, run on both databases and held against plain evaluation in memory.

mod databases;
mod equivalence;
mod groups;
mod paging;
mod plans;
mod strategy;
mod toy;
