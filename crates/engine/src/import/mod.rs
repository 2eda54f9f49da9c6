//! Import: the rows of a foreign file become records, told again by their keys, so that reading the file another time
//! changes nothing. Whatever is wrong is reported by row and field, and the rest goes on.
//!
//! The file is read piece by piece and never held in memory. What is kept for the time of a run is 24 bytes for each record's key, by which a key that
//! comes twice is noticed: in a file of its own once there are many.

mod checkpoint;
mod convert;
mod csv;
mod encoding;
mod lines;
mod mapping;
mod message;
mod parquet;
mod plan;
mod prepare;
mod records;
mod report;
mod row;
mod run;
mod seen;
mod source;
mod text;
mod unpack;
mod write;
mod xlsx;

pub use checkpoint::Checkpoint;
pub use encoding::Encoding;
pub use mapping::{Case, FieldMapping, FieldRule, KeyMapping, MapRule, Mapping, NamePart, Names, RecordMapping, ReferenceRule, Repeats};
pub use message::{MessageContent, MessagePlan, MessageProblem, Refused, place_problem};
pub use plan::Plan;
pub use report::{Counts, Effect, Problem, Summary};
pub use run::{Input, Mode, Outcome, Sink, run};
pub use source::{Format, SourceOptions};
pub use unpack::{Opened, readable};

use std::fmt;

/// Why an import cannot start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The mapping cannot be used.
    Mapping(String),
    /// The file cannot be read, or is not what the mapping describes.
    File(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Mapping(text) | Refusal::File(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Refusal {}
