//! The time from `since` until `until`, both days included, either of them open.

use clientela_engine::module::{Draft, Found};
use clientela_kernel::{Date, FieldProblem, ProblemCode, Value};

fn day(value: &Value) -> Option<Date> {
    if let Value::Date(day) = value { Some(*day) } else { None }
}

/// Refuses an end before the beginning.
pub(crate) fn check(draft: &Draft, problems: &mut Vec<FieldProblem>) {
    if let (Some(since), Some(until)) = (day(draft.get("since")), day(draft.get("until")))
        && until < since
    {
        let text = format!("until is {}, before since, {}: nothing ends before it begins.", until.to_text(), since.to_text());
        problems.push(FieldProblem::new("/until", ProblemCode::Contradiction, text));
    }
}

/// Whether two times have a day in common.
pub(crate) fn overlaps(draft: &Draft, other: &Found) -> bool {
    let ends_before = |until: &Value, since: &Value| day(until).zip(day(since)).is_some_and(|(until, since)| until < since);
    !ends_before(draft.get("until"), other.get("since")) && !ends_before(other.get("until"), draft.get("since"))
}

/// A record's time in words.
pub(crate) fn words(record: &Found) -> String {
    match (day(record.get("since")), day(record.get("until"))) {
        (None, None) => "at all times".to_owned(),
        (Some(since), None) => format!("since {}", since.to_text()),
        (None, Some(until)) => format!("until {}", until.to_text()),
        (Some(since), Some(until)) => format!("from {} until {}", since.to_text(), until.to_text()),
    }
}
