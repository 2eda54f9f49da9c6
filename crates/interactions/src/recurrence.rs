//! Recurrence rules of RFC 5545: reading them, and what comes next.

use chrono::TimeZone as _;
use clientela_kernel::Timestamp;
use rrule::{Frequency, RRule, RRuleSet, Tz, Unvalidated, Validated};

/// Greatest `COUNT`.
const MOST: u32 = 1_000;
/// Greatest `INTERVAL`.
const FARTHEST: u16 = 1_000;

/// A rule that was read, with the moment it counts from.
pub(crate) struct Recurrence {
    rule: RRule<Validated>,
    start: chrono::DateTime<Tz>,
    count: Option<u32>,
}

impl Recurrence {
    /// Reads a rule such as `FREQ=WEEKLY;BYDAY=MO,TH`; the error completes "recurrence must be …".
    pub(crate) fn read(text: &str, start: Timestamp, zone: chrono_tz::Tz) -> Result<Recurrence, String> {
        const WANTED: &str = "a recurrence rule of RFC 5545 without a prefix, such as FREQ=WEEKLY;BYDAY=MO,TH";
        if !text.is_ascii() || text.contains(['\n', '\r', ':']) {
            return Err(WANTED.to_owned());
        }
        let rule: RRule<Unvalidated> = text.parse().map_err(|error| format!("{WANTED}; {error}"))?;
        if !matches!(rule.get_freq(), Frequency::Daily | Frequency::Weekly | Frequency::Monthly | Frequency::Yearly) {
            return Err("daily, weekly, monthly or yearly".to_owned());
        }
        let count = rule.get_count();
        if count.is_some_and(|count| !(1..=MOST).contains(&count)) {
            return Err(format!("of a COUNT from 1 to {MOST}, or without one"));
        }
        if !(1..=FARTHEST).contains(&rule.get_interval()) {
            return Err(format!("of an INTERVAL from 1 to {FARTHEST}"));
        }
        let start = zone.from_utc_datetime(&start.to_chrono().naive_utc()).with_timezone(&Tz::from(zone));
        // What is left of the count is kept in the text; from here on only the next moment is wanted.
        let endless = without_count(text);
        let rule =
            endless.parse::<RRule<Unvalidated>>().and_then(|rule| rule.validate(start)).map_err(|error| format!("{WANTED}; {error}"))?;
        let read = Recurrence { rule, start, count };
        if read.rule.get_until().is_none() && read.following().is_none() {
            return Err("a rule that comes true some day, which this one never does".to_owned());
        }
        Ok(read)
    }

    /// The next moment after the one it counts from; none where the rule has come to its end, or never comes true.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        if self.count.is_some_and(|count| count <= 1) {
            return None;
        }
        self.following()
    }

    /// The next moment by the rule, whatever the count.
    fn following(&self) -> Option<Timestamp> {
        // The library gives up by itself where a rule like the 30th of February leads nowhere.
        let moments = RRuleSet::new(self.start).rrule(self.rule.clone()).limit();
        let next = moments.into_iter().find(|at| *at > self.start)?;
        Some(Timestamp(next.timestamp_millis()))
    }

    /// The rule of what comes next: with a count, one less.
    pub(crate) fn of_next(&self, text: &str) -> String {
        let Some(count) = self.count else { return text.to_owned() };
        let part = |part: &str| if is_count(part) { format!("COUNT={}", count.saturating_sub(1)) } else { part.to_owned() };
        text.split(';').map(part).collect::<Vec<_>>().join(";")
    }
}

fn is_count(part: &str) -> bool {
    part.split('=').next().is_some_and(|name| name.eq_ignore_ascii_case("COUNT"))
}

fn without_count(text: &str) -> String {
    text.split(';').filter(|part| !is_count(part)).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(rule: &str, start: &str, zone: chrono_tz::Tz) -> Option<(String, String)> {
        let read = Recurrence::read(rule, Timestamp::parse(start).unwrap(), zone).unwrap();
        read.next().map(|at| (at.to_text(), read.of_next(rule)))
    }

    #[test]
    fn the_next_moment_keeps_its_hour_on_the_wall() {
        let zone = chrono_tz::Europe::Vienna;
        // Monday nine o'clock in winter; the Monday after the clocks were changed is an hour earlier in UTC.
        let weekly = next("FREQ=WEEKLY;BYDAY=MO", "2026-03-23T08:00:00Z", zone).unwrap();
        assert_eq!(weekly, ("2026-03-30T07:00:00.000Z".into(), "FREQ=WEEKLY;BYDAY=MO".into()));
        let counted = next("FREQ=DAILY;COUNT=3", "2026-01-01T08:00:00Z", zone).unwrap();
        assert_eq!(counted, ("2026-01-02T08:00:00.000Z".into(), "FREQ=DAILY;COUNT=2".into()));
        assert_eq!(next("FREQ=DAILY;COUNT=1", "2026-01-01T08:00:00Z", zone), None);
        assert_eq!(next("FREQ=DAILY;UNTIL=20260102T000000Z", "2026-01-01T08:00:00Z", zone), None);
        let last = next("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31T08:00:00Z", zone).unwrap().0;
        assert_eq!(last, "2026-02-28T08:00:00.000Z");
    }

    #[test]
    fn what_is_no_rule_is_told() {
        let at = Timestamp::parse("2026-01-01T08:00:00Z").unwrap();
        for wrong in [
            "",
            "daily",
            "FREQ=SECONDLY",
            "FREQ=DAILY;COUNT=0",
            "FREQ=DAILY;COUNT=100000",
            "FREQ=DAILY;INTERVAL=9999",
            "RRULE:FREQ=DAILY",
            "FREQ=DAILY\nDTSTART:20200101T000000Z",
            "FREQ=DAILY;BYMONTH=13",
            "FREQ=DAILY;UNTIL=20250101T000000Z",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=4",
        ] {
            assert!(Recurrence::read(wrong, at, chrono_tz::UTC).is_err(), "{wrong}");
        }
    }
}
