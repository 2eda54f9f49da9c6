//! Cron expressions of five fields, and when they come next in a zone.

use chrono::{DateTime, Datelike as _, Days, LocalResult, NaiveDate, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use clientela_kernel::Timestamp;

/// A day that comes at all comes within so many days: the 29th of February over a year without one.
const HORIZON: u64 = 8 * 366;
/// The longest gap of a zone, in minutes: a day that was left out.
const LONGEST_GAP: i64 = 26 * 60;

/// The names of months and of days of the week, from the number of the first on.
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A field of an expression: which numbers it means, as bits, and whether it is `*` or `*/n`.
#[derive(Clone, Copy, Debug)]
struct Part {
    bits: u64,
    open: bool,
}

impl Part {
    fn has(self, number: u32) -> bool {
        self.bits >> number & 1 == 1
    }

    fn numbers(self) -> impl Iterator<Item = u32> {
        (0..64).filter(move |number| self.has(*number))
    }
}

/// An expression.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cron {
    minutes: Part,
    hours: Part,
    days: Part,
    months: Part,
    weekdays: Part,
}

impl Cron {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Cron, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return Err(format!("has {} fields; it must have five: minute, hour, day of the month, month, day of the week", fields.len()));
        };
        Ok(Cron {
            minutes: part("minute", minutes, 0, 59, &[])?,
            hours: part("hour", hours, 0, 23, &[])?,
            days: part("day of the month", days, 1, 31, &[])?,
            months: part("month", months, 1, 12, &MONTHS)?,
            weekdays: part("day of the week", weekdays, 0, 7, &WEEKDAYS)?,
        })
    }

    /// The first moment after `after` that it means in a zone; none where it never comes.
    ///
    /// Where clocks are put forward, an hour that is given and left out is made up for at once; where they are put back, it comes the first time only. Where every hour is
    /// meant, all hours there are count.
    pub(crate) fn next(&self, zone: Tz, after: Timestamp) -> Option<Timestamp> {
        let after = after.to_chrono();
        // What a change of clocks moves may belong to the day before.
        let first = after.with_timezone(&zone).date_naive().checked_sub_days(Days::new(1))?;
        let days = (0..HORIZON).map_while(|days| first.checked_add_days(Days::new(days))).filter(|day| self.means(*day));
        let next = days.filter_map(|day| self.moments(zone, day).filter(|moment| *moment > after).min()).next()?;
        Some(Timestamp(next.timestamp_millis()))
    }

    fn means(&self, day: NaiveDate) -> bool {
        let weekday = day.weekday().num_days_from_sunday();
        let of_week = self.weekdays.has(weekday) || (weekday == 0 && self.weekdays.has(7));
        let of_month = self.days.has(day.day());
        // Where both are given, either is enough: so it has been since there is cron.
        let fits = if self.days.open || self.weekdays.open { of_month && of_week } else { of_month || of_week };
        fits && self.months.has(day.month())
    }

    fn moments(&self, zone: Tz, day: NaiveDate) -> impl Iterator<Item = DateTime<Utc>> {
        let open = self.hours.open;
        let times = self.hours.numbers().flat_map(move |hour| self.minutes.numbers().map(move |minute| (hour, minute)));
        times.filter_map(move |(hour, minute)| day.and_hms_opt(hour, minute, 0)).flat_map(move |local| instants(zone, local, open))
    }
}

/// The moments at which clocks of a zone show a time.
fn instants(zone: Tz, local: NaiveDateTime, open: bool) -> impl Iterator<Item = DateTime<Utc>> {
    let (first, second) = match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => (Some(at), None),
        LocalResult::Ambiguous(first, second) => (Some(first), open.then_some(second)),
        LocalResult::None if open => (None, None),
        LocalResult::None => {
            let later = (1..=LONGEST_GAP).map(|minutes| local + TimeDelta::minutes(minutes));
            (later.filter_map(|local| zone.from_local_datetime(&local).earliest()).next(), None)
        }
    };
    first.into_iter().chain(second).map(|at| at.with_timezone(&Utc))
}

/// Reads a field: a list of `*`, numbers, names and ranges of them, each with a step.
fn part(name: &str, text: &str, least: u32, most: u32, names: &[&str]) -> Result<Part, String> {
    let mut bits = 0u64;
    for member in text.split(',') {
        let wrong = |why: &str| {
            let named = names.first().zip(names.last()).map(|(first, last)| format!(" or {first} to {last}")).unwrap_or_default();
            format!(
                "has {member:?} for the {name}: {why}. It takes {least} to {most}{named}, ranges such as {least}-{most}, lists with commas, and steps such as */2"
            )
        };
        let number = |text: &str| -> Option<u32> {
            let named = names.iter().position(|known| known.eq_ignore_ascii_case(text)).and_then(|place| u32::try_from(place).ok());
            let first = u32::from(names.len() == MONTHS.len());
            let digits = !text.is_empty() && text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            named
                .map(|place| place + first)
                .or_else(|| text.parse().ok().filter(|_| digits))
                .filter(|number| (least..=most).contains(number))
        };
        let (range, step) = match member.split_once('/') {
            Some((range, step)) => {
                (range, Some(step.parse::<u32>().ok().filter(|step| (1..=most).contains(step)).ok_or_else(|| wrong("the step is none"))?))
            }
            None => (member, None),
        };
        let (begin, end) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((begin, end)) => {
                let ends = number(begin).zip(number(end)).ok_or_else(|| wrong("the range is none"))?;
                if ends.0 > ends.1 {
                    return Err(wrong("the range goes backwards"));
                }
                ends
            }
            None => {
                let number = number(range).ok_or_else(|| wrong("that is no number of it"))?;
                (number, if step.is_some() { most } else { number })
            }
        };
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(1);
        bits = (begin..=end).step_by(step).fold(bits, |bits, number| bits | 1 << number);
    }
    Ok(Part { bits, open: text.starts_with('*') })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next moments after one.
    fn next(cron: &str, zone: Tz, after: &str, count: usize) -> Vec<String> {
        let cron = Cron::parse(cron).unwrap();
        let mut at = Timestamp::parse(after).unwrap();
        let mut found = Vec::new();
        while found.len() < count {
            let Some(next) = cron.next(zone, at) else { break };
            at = next;
            found.push(at.to_text().replace(":00.000Z", "Z"));
        }
        found
    }

    #[test]
    fn expressions_come_when_they_say() {
        let utc = |cron: &str, count| next(cron, Tz::UTC, "2026-02-25T06:13:20Z", count);
        assert_eq!(utc("*/20 * * * *", 3), ["2026-02-25T06:20Z", "2026-02-25T06:40Z", "2026-02-25T07:00Z"]);
        assert_eq!(utc("0 6 * * 1-5", 4), ["2026-02-26T06:00Z", "2026-02-27T06:00Z", "2026-03-02T06:00Z", "2026-03-03T06:00Z"]);
        assert_eq!(utc("30 8,17 * mar mon", 3), ["2026-03-02T08:30Z", "2026-03-02T17:30Z", "2026-03-09T08:30Z"]);
        assert_eq!(utc("0 0 29 2 *", 2), ["2028-02-29T00:00Z", "2032-02-29T00:00Z"]);
        assert_eq!(utc("0 12 13 * FRI", 3), ["2026-02-27T12:00Z", "2026-03-06T12:00Z", "2026-03-13T12:00Z"]);
        assert_eq!(utc("0 0 * * 7", 1), utc("0 0 * * 0", 1));
        assert_eq!(utc("5/30 23 31 12 *", 2), ["2026-12-31T23:05Z", "2026-12-31T23:35Z"]);
        assert_eq!(utc("13 6 25 2 *", 1), ["2027-02-25T06:13Z"], "the moment itself is over");
        assert!(utc("0 0 30 2 *", 1).is_empty());
    }

    #[test]
    fn changes_of_clocks_neither_skip_nor_double_an_hour_that_is_given() {
        let rome = |cron: &str, after: &str, count| next(cron, chrono_tz::Europe::Rome, after, count);
        // 2026-03-29: two o'clock is followed by three.
        assert_eq!(rome("30 2 * * *", "2026-03-28T00:00:00Z", 3), ["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"]);
        assert_eq!(rome("0,30 * * * *", "2026-03-29T00:10:00Z", 3), ["2026-03-29T00:30Z", "2026-03-29T01:00Z", "2026-03-29T01:30Z"]);
        // 2026-10-25: three o'clock is two once more.
        assert_eq!(rome("30 2 * * *", "2026-10-24T12:00:00Z", 2), ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]);
        assert_eq!(rome("30 * * * *", "2026-10-25T00:00:00Z", 3), ["2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-25T02:30Z"]);
        // A midnight that is not there, and a day that was left out.
        assert_eq!(next("0 0 * * *", chrono_tz::Africa::Cairo, "2024-04-25T12:00:00Z", 2), ["2024-04-25T22:00Z", "2024-04-26T21:00Z"]);
        assert_eq!(next("0 9 30 12 *", chrono_tz::Pacific::Apia, "2011-12-01T00:00:00Z", 2), ["2011-12-30T10:00Z", "2012-12-29T19:00Z"]);
    }

    #[test]
    fn what_is_no_expression_is_told() {
        for (text, part) in [
            ("", "0 fields"),
            ("* * * *", "4 fields"),
            ("@daily", "1 fields"),
            ("60 * * * *", "\"60\" for the minute"),
            ("* 24 * * *", "for the hour"),
            ("* * 0 * *", "for the day of the month"),
            ("* * * 13 *", "for the month"),
            ("* * * JANUARY *", "JAN to DEC"),
            ("* * * * 8", "for the day of the week"),
            ("* * * * FRI-MON", "backwards"),
            ("*/0 * * * *", "step"),
            ("1,, * * * *", "for the minute"),
            ("-5 * * * *", "range"),
            ("+5 * * * *", "no number"),
        ] {
            let problem = Cron::parse(text).unwrap_err();
            assert!(problem.contains(part), "{text:?}: {problem}");
        }
    }
}
