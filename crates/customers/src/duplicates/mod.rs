//! Duplicates: by which rules two records are held for the same party, which are, and what happens when another one is made.

mod candidates;
pub(crate) mod check;
pub mod find;
pub mod rule;
mod score;
mod subject;
