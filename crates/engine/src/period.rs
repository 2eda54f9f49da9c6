//! The days from one field of a record until another, both included, either of them open.

use crate::module::{Draft, Found, RuleReader};
use clientela_kernel::{Date, FieldProblem, Filter, ProblemCode, Result, Value};
use clientela_model::system;

/// The fields that say when something holds.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    /// The field of the first day.
    pub since: &'static str,
    /// The field of the last one.
    pub until: &'static str,
}

fn day(value: &Value) -> Option<Date> {
    if let Value::Date(day) = value { Some(*day) } else { None }
}

impl Period {
    /// Refuses an end before the beginning.
    pub fn check(self, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let Period { since, until } = self;
        if let (Some(first), Some(last)) = (day(draft.get(since)), day(draft.get(until)))
            && last < first
        {
            let text = format!("{until} is {}, before {since}, {}: nothing ends before it begins.", last.to_text(), first.to_text());
            problems.push(FieldProblem::new(format!("/{until}"), ProblemCode::Contradiction, text));
        }
    }

    /// Whether two times have a day in common.
    pub fn overlaps(self, draft: &Draft, other: &Found) -> bool {
        let ends_before = |until: &Value, since: &Value| day(until).zip(day(since)).is_some_and(|(until, since)| until < since);
        let Period { since, until } = self;
        !ends_before(draft.get(until), other.get(since)) && !ends_before(other.get(until), draft.get(since))
    }

    /// The first other living record among those that satisfy a filter that has a day in common with this one.
    pub async fn overlapping(self, reader: &dyn RuleReader, draft: &Draft, like: Vec<Filter>) -> Result<Option<Found>> {
        let other = Filter::equal(system::ID, Value::Id(draft.id.0)).negate();
        let others = reader.find(&draft.def.name, Filter::And(like.into_iter().chain([other]).collect())).await?;
        Ok(others.into_iter().find(|other| self.overlaps(draft, other)))
    }

    /// Whether a record holds on a day.
    pub fn covers(self, found: &Found, on: Date) -> bool {
        day(found.get(self.since)).is_none_or(|since| since <= on) && day(found.get(self.until)).is_none_or(|until| on <= until)
    }

    /// A record's time in words.
    pub fn words(self, found: &Found) -> String {
        match (day(found.get(self.since)), day(found.get(self.until))) {
            (None, None) => "at all times".to_owned(),
            (Some(since), None) => format!("since {}", since.to_text()),
            (None, Some(until)) => format!("until {}", until.to_text()),
            (Some(since), Some(until)) => format!("from {} until {}", since.to_text(), until.to_text()),
        }
    }
}
