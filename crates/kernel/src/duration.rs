//! ISO 8601 durations. Stored lengths of time are whole seconds (`PT1H30M`); relative filters also use calendar parts.

/// A length of time with its calendar parts kept apart, as `P1Y2M10DT2H30M` writes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Duration {
    /// Years and months, in months.
    pub months: u32,
    /// Weeks and days, in days.
    pub days: u32,
    /// Hours, minutes and seconds, in seconds.
    pub seconds: i64,
}

/// How many digits a part has at most.
pub const LONGEST_PART: usize = 8;

impl Duration {
    /// The longest stored length of time, in seconds: whatever is shown can be written, hours being the largest unit that is shown.
    pub const LONGEST: i64 = 99_999_999 * 3_600;

    /// Reads an ISO 8601 duration of whole parts of at most [`LONGEST_PART`] digits.
    pub fn parse(text: &str) -> Option<Duration> {
        let body = text.strip_prefix('P')?;
        let (date, time) = match body.split_once('T') {
            Some((date, time)) if !time.is_empty() => (date, time),
            Some(_) => return None,
            None => (body, ""),
        };
        if date.is_empty() && time.is_empty() {
            return None;
        }
        let mut duration = Duration::default();
        for (unit, count) in parts(date, "YMWD")? {
            let field = if matches!(unit, 'Y' | 'M') { &mut duration.months } else { &mut duration.days };
            let factor = match unit {
                'Y' => 12,
                'W' => 7,
                _ => 1,
            };
            *field = field.checked_add(count.checked_mul(factor)?)?;
        }
        for (unit, count) in parts(time, "HMS")? {
            let factor = match unit {
                'H' => 3_600,
                'M' => 60,
                _ => 1,
            };
            duration.seconds = duration.seconds.checked_add(i64::from(count) * factor)?;
        }
        Some(duration)
    }

    /// The wire form of a stored length: `PT` with hours, minutes and seconds.
    pub fn seconds_to_text(seconds: i64) -> String {
        let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let mut text = String::from("PT");
        for (count, unit) in [(hours, 'H'), (minutes, 'M'), (rest, 'S')] {
            if count != 0 {
                text.push_str(&format!("{count}{unit}"));
            }
        }
        if text.len() == 2 {
            text.push_str("0S");
        }
        text
    }
}

/// Splits `1Y2M` into its parts, which must come in the order of `units`, each once.
fn parts(text: &str, units: &str) -> Option<Vec<(char, u32)>> {
    let mut found = Vec::new();
    let mut digits = String::new();
    let mut rest = units;
    for letter in text.chars() {
        if letter.is_ascii_digit() {
            digits.push(letter);
        } else {
            let at = rest.find(letter)?;
            rest = rest.get(at + 1..)?;
            found.push((letter, digits.parse().ok().filter(|_| digits.len() <= LONGEST_PART)?));
            digits.clear();
        }
    }
    digits.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        assert_eq!(Duration::parse("P1Y2M3W4DT5H6M7S"), Some(Duration { months: 14, days: 25, seconds: 18_367 }));
        assert_eq!(Duration::parse("PT90M").unwrap().seconds, 5_400);
        for bad in ["", "P", "PT", "P1", "1D", "P1DT", "P1H", "PT1D", "P1D1Y", "P-1D", "P999999999D"] {
            assert_eq!(Duration::parse(bad), None, "{bad}");
        }
        assert_eq!(Duration::seconds_to_text(5_400), "PT1H30M");
        assert_eq!(Duration::seconds_to_text(0), "PT0S");
    }
}
