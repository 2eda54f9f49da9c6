//! Quiet hours: times of day by a clock somewhere.

use chrono::{Duration, NaiveTime, TimeZone as _, Timelike as _};
use chrono_tz::Tz;
use clientela_kernel::Timestamp;

/// Minutes since midnight of a time of day, `HH:MM`.
pub(super) fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let two =
        |part: &str| (part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_digit())).then(|| part.parse::<u32>().ok()).flatten();
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// The end of the quiet hours that a moment lies in; none where it lies in none.
pub(super) fn ends(at: Timestamp, from: u32, until: u32, zone: Tz) -> Option<Timestamp> {
    let local = at.to_chrono().with_timezone(&zone);
    let now = local.hour() * 60 + local.minute();
    let (inside, tomorrow) = if from < until { (from <= now && now < until, false) } else { (now >= from || now < until, now >= from) };
    if !inside {
        return None;
    }
    let day = if tomorrow { local.date_naive() + Duration::days(1) } else { local.date_naive() };
    let end = day.and_time(NaiveTime::from_hms_opt(until / 60, until % 60, 0)?);
    // Where clocks are set forward over the end, it is the first moment after.
    let resolved = (0..180).find_map(|minute| zone.from_local_datetime(&(end + Duration::minutes(minute))).earliest())?;
    Some(Timestamp(resolved.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day() {
        assert_eq!((minutes("00:00"), minutes("21:05"), minutes("23:59")), (Some(0), Some(1265), Some(1439)));
        for bad in ["24:00", "12:60", "1:00", "+1:00", "12", "12:0", "aa:bb", ""] {
            assert_eq!(minutes(bad), None, "{bad}");
        }
    }

    #[test]
    fn quiet_hours_end_by_the_partys_clock() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let end = |text: &str, from: u32, until: u32| ends(at(text), from, until, chrono_tz::Europe::Vienna).map(Timestamp::to_text);
        // Vienna is an hour ahead in January.
        assert_eq!(end("2026-01-31T20:30:00Z", 21 * 60, 8 * 60).as_deref(), Some("2026-02-01T07:00:00.000Z"));
        assert_eq!(end("2026-01-31T06:59:00Z", 21 * 60, 8 * 60).as_deref(), Some("2026-01-31T07:00:00.000Z"));
        assert_eq!(end("2026-01-31T07:00:00Z", 21 * 60, 8 * 60), None);
        assert_eq!(end("2026-01-31T19:59:00Z", 21 * 60, 8 * 60), None);
        assert_eq!(end("2026-01-31T12:00:00Z", 12 * 60, 14 * 60).as_deref(), Some("2026-01-31T13:00:00.000Z"));
        assert_eq!(end("2026-01-31T13:00:00Z", 12 * 60, 14 * 60), None);
        // The night when clocks go from two to three.
        assert_eq!(end("2026-03-29T00:30:00Z", 0, 150).as_deref(), Some("2026-03-29T01:00:00.000Z"));
        // The same time twice is quiet around the clock.
        assert!(end("2026-01-31T12:00:00Z", 600, 600).is_some());
    }
}
