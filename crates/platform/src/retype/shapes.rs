//! What goes into a change of type, and what comes of it.

use crate::custom_field::CustomFieldType;
use clientela_kernel::Id;
use clientela_macros::{Choice, Shape};

/// What becomes of values that do not fit the new type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum WhatFails {
    /// Nothing is changed at all.
    Refuse,
    /// They are emptied.
    Clear,
}

/// What the field is to be.
#[derive(Clone, Shape)]
pub struct Retyping {
    /// What it is to hold.
    #[field(name = "type", example = "\"CHOICE\"")]
    pub kind: CustomFieldType,
    /// What a `CHOICE` chooses from: `NORTH=The north`. Values are known by the name or any label of an option.
    #[field(max = 120, most = 200, example = "\"GOOD=Good\"")]
    pub options: Vec<String>,
    /// The least whole number.
    #[field(min = -9_007_199_254_740_991, max = 9_007_199_254_740_991, example = "null")]
    pub minimum: Option<i64>,
    /// The greatest whole number.
    #[field(min = -9_007_199_254_740_991, max = 9_007_199_254_740_991, example = "null")]
    pub maximum: Option<i64>,
    /// The greatest number of characters of a text, of each member of a set.
    #[field(min = 1, max = 10_000, example = "null")]
    pub max_length: Option<i64>,
    /// What a new record has where nothing is said, as JSON. What was said of the old type is forgotten.
    #[field(max = 1_000, example = "null")]
    pub default_value: Option<String>,
    /// What becomes of values that do not fit; `REFUSE` where nothing is said.
    #[field(example = "\"CLEAR\"")]
    pub on_failure: Option<WhatFails>,
    /// Whether a job does it, however few records hold a value.
    #[field(example = "null")]
    pub in_background: Option<bool>,
}

/// What has become of the field.
#[derive(Shape)]
pub struct Retyped {
    /// The field as it is now: with its new type, unless a job is to give it that.
    #[field(record = "customField")]
    pub custom_field: Id,
    /// What is left to a job; none where all of it is done. The counts then say what the job would find now.
    #[field(record = "retyping")]
    pub retyping: Option<Id>,
    /// How many records held a value, deleted ones too.
    #[field(min = 0, max = 1_000_000_000, example = "120")]
    pub holding: i64,
    /// How many of them hold it in the new type.
    #[field(min = 0, max = 1_000_000_000, example = "118")]
    pub converted: i64,
    /// How many were emptied.
    #[field(min = 0, max = 1_000_000_000, example = "2")]
    pub cleared: i64,
}

/// What would become of the field.
#[derive(Shape)]
pub struct RetypingPreview {
    /// How many records hold a value, deleted ones too.
    #[field(min = 0, max = 1_000_000_000, example = "120")]
    pub holding: i64,
    /// How many of them would hold it in the new type.
    #[field(min = 0, max = 1_000_000_000, example = "118")]
    pub converting: i64,
    /// How many would not.
    #[field(min = 0, max = 1_000_000_000, example = "2")]
    pub failing: i64,
    /// The first hundred that would not, in the order of their ids.
    #[field(shape, most = 100)]
    pub failures: Vec<RetypingFailure>,
}

/// A value that does not fit.
#[derive(Shape)]
pub struct RetypingFailure {
    /// The record.
    #[field(max = 80, example = "\"acc_01h455vb4pex5vsknk084sn02q\"")]
    pub record: String,
    /// The value as it is now.
    #[field(max = 10_100, example = "\"about twelve\"")]
    pub value: String,
    /// Why not.
    #[field(max = 2_000, example = "\"creditLimit must be a whole number.\"")]
    pub reason: String,
}
