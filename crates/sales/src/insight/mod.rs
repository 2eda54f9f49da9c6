//! What the past says: how deals went, how fast, and how likely one is to be won.

pub mod figures;
mod odds;
pub mod prediction;
mod tally;
