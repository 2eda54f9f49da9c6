//! The days from `validFrom` until `validUntil`, both included, either of them open.

use clientela_engine::module::{Draft, Found};
use clientela_kernel::{Date, FieldProblem, ProblemCode, Value};

fn day(value: &Value) -> Option<Date> {
    if let Value::Date(day) = value { Some(*day) } else { None }
}

/// Refuses an end before the beginning.
pub(crate) fn check(draft: &Draft, problems: &mut Vec<FieldProblem>) {
    if let (Some(from), Some(until)) = (day(draft.get("validFrom")), day(draft.get("validUntil")))
        && until < from
    {
        let text = format!("validUntil is {}, before validFrom, {}: nothing ends before it begins.", until.to_text(), from.to_text());
        problems.push(FieldProblem::new("/validUntil", ProblemCode::Contradiction, text));
    }
}

/// Whether two times have a day in common.
pub(crate) fn overlaps(draft: &Draft, other: &Found) -> bool {
    let ends_before = |until: &Value, from: &Value| day(until).zip(day(from)).is_some_and(|(until, from)| until < from);
    !ends_before(draft.get("validUntil"), other.get("validFrom")) && !ends_before(other.get("validUntil"), draft.get("validFrom"))
}

/// Whether a record is valid on a day.
pub(crate) fn covers(found: &Found, on: Date) -> bool {
    day(found.get("validFrom")).is_none_or(|from| from <= on) && day(found.get("validUntil")).is_none_or(|until| on <= until)
}

/// A record's time in words.
pub(crate) fn words(found: &Found) -> String {
    match (day(found.get("validFrom")), day(found.get("validUntil"))) {
        (None, None) => "at all times".to_owned(),
        (Some(from), None) => format!("from {}", from.to_text()),
        (None, Some(until)) => format!("until {}", until.to_text()),
        (Some(from), Some(until)) => format!("from {} until {}", from.to_text(), until.to_text()),
    }
}
