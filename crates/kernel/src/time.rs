//! Instants and dates. An instant is whole milliseconds since 1970 in UTC; its wire form always carries three digits
//! and `Z`.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use std::sync::atomic::{AtomicI64, Ordering};

const DAY_MILLISECONDS: i64 = 86_400_000;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A calendar day without a zone: days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i32);

/// Where the engine gets the time from; tests turn it by hand.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp(Utc::now().timestamp_millis())
    }
}

/// A clock that stands still until it is set.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows `at`.
    pub fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.0))
    }

    /// Moves the clock on.
    pub fn advance(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

impl Timestamp {
    /// First and last instant the wire form can carry (years 0001 to 9999).
    pub const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

    /// Reads RFC 3339 with any offset; digits beyond milliseconds are cut off.
    pub fn parse(text: &str) -> Option<Timestamp> {
        let at = DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis();
        Self::RANGE.contains(&at).then_some(Timestamp(at))
    }

    /// Appends `2026-01-31T08:15:00.000Z`.
    pub fn write(self, out: &mut Vec<u8>) {
        let days = self.0.div_euclid(DAY_MILLISECONDS);
        let rest = self.0.rem_euclid(DAY_MILLISECONDS);
        Date(i32::try_from(days).unwrap_or(0)).write(out);
        out.push(b'T');
        digits(rest / 3_600_000, 2, out);
        out.push(b':');
        digits(rest / 60_000 % 60, 2, out);
        out.push(b':');
        digits(rest / 1_000 % 60, 2, out);
        out.push(b'.');
        digits(rest % 1_000, 3, out);
        out.push(b'Z');
    }

    /// The wire form.
    pub fn to_text(self) -> String {
        let mut out = Vec::with_capacity(24);
        self.write(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// The day this instant falls on in UTC.
    pub fn date(self) -> Date {
        Date(i32::try_from(self.0.div_euclid(DAY_MILLISECONDS)).unwrap_or(0))
    }

    /// As chrono knows it.
    pub fn to_chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

impl Date {
    /// Reads `YYYY-MM-DD`, years 0001 to 9999.
    pub fn parse(text: &str) -> Option<Date> {
        if text.len() != 10 {
            return None;
        }
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        (1..=9999).contains(&day.year()).then(|| Date::from_chrono(day))
    }

    /// As chrono knows it.
    pub fn to_chrono(self) -> NaiveDate {
        NaiveDate::default() + chrono::Duration::days(i64::from(self.0))
    }

    /// From chrono.
    pub fn from_chrono(day: NaiveDate) -> Date {
        Date(i32::try_from((day - NaiveDate::default()).num_days()).unwrap_or(0))
    }

    /// Appends `2026-01-31`.
    pub fn write(self, out: &mut Vec<u8>) {
        // Days to civil date, after Howard Hinnant's public-domain algorithm: a calendar library's formatter costs
        // ten times as much, and every row carries two instants.
        let shifted = i64::from(self.0) + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_index = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_index + 2) / 5 + 1;
        let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        digits(year, 4, out);
        out.push(b'-');
        digits(month, 2, out);
        out.push(b'-');
        digits(day, 2, out);
    }

    /// The wire form.
    pub fn to_text(self) -> String {
        let mut out = Vec::with_capacity(10);
        self.write(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}

fn digits(value: i64, width: usize, out: &mut Vec<u8>) {
    let mut buffer = [b'0'; 4];
    let mut rest = value;
    for slot in buffer.iter_mut().rev() {
        *slot = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    out.extend_from_slice(buffer.get(4 - width..).unwrap_or(&buffer));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wire_form_is_milliseconds_and_z() {
        let at = Timestamp::parse("2026-01-31T10:15:00.1239+02:00").unwrap();
        assert_eq!(at.to_text(), "2026-01-31T08:15:00.123Z");
        assert_eq!(Timestamp::parse("2026-01-31"), None);
        assert_eq!(Date::parse("2026-02-30"), None);
        assert_eq!(Date::parse("2026-2-3"), None);
    }

    proptest! {
        #[test]
        fn instants_read_back(at in Timestamp::RANGE) {
            prop_assert_eq!(Timestamp::parse(&Timestamp(at).to_text()), Some(Timestamp(at)));
        }
        #[test]
        fn days_agree_with_chrono(day in -719_162i32..=2_932_896) {
            prop_assert_eq!(Date(day).to_text(), Date(day).to_chrono().format("%Y-%m-%d").to_string());
            prop_assert_eq!(Date::parse(&Date(day).to_text()), Some(Date(day)));
        }
    }
}
