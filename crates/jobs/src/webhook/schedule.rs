//! When a delivery that failed is tried again.

use clientela_kernel::Timestamp;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// The pauses between attempts: a little over a day in all.
const PAUSES: [i64; 9] = [5 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 4 * HOUR, 5 * HOUR, 6 * HOUR, 7 * HOUR];
/// The longest pause that a receiver may ask for.
const LONGEST: i64 = 24 * HOUR;
/// No delivery waits longer than this: what seems to was put off by a clock that was wrong.
pub(crate) const HORIZON: i64 = LONGEST + HOUR;
/// After so long of nothing but failures an endpoint is disabled.
pub(crate) const PATIENCE: i64 = 24 * HOUR;
/// A delivery must have failed this often before it speaks for the whole time: a clock that has jumped says nothing.
pub(crate) const WITNESS: i64 = 5;

/// When a delivery that has failed so many times is tried next; none where it is given up. `chance` is a random number from 0 to 1,000: each pause is up to a fifth
/// longer, so that those that failed together do not come back together. The receiver's own wish counts where it is later.
pub(crate) fn next(now: Timestamp, failed: i64, wished: Option<i64>, chance: i64) -> Option<Timestamp> {
    let pause = usize::try_from(failed).ok()?.checked_sub(1).and_then(|index| PAUSES.get(index).copied())?;
    let jittered = pause + pause / 5 * chance.clamp(0, 1_000) / 1_000;
    let pause = wished.map_or(jittered, |wished| jittered.max(wished.min(LONGEST)));
    Some(Timestamp(now.0.saturating_add(pause)))
}

/// The pause that a `Retry-After` asks for, in milliseconds: a number of seconds, or a moment as HTTP writes it.
pub(crate) fn asked_for(header: &str, now: Timestamp) -> Option<i64> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u32>() {
        return Some(i64::from(seconds) * SECOND);
    }
    let at = chrono::DateTime::parse_from_rfc2822(header).ok()?.timestamp_millis();
    Some(at.saturating_sub(now.0).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTEMPTS: i64 = 10;
    const NOW: Timestamp = Timestamp(1_772_000_000_000);

    #[test]
    fn attempts_go_on_for_a_day_and_end() {
        for chance in [0, 500, 1_000] {
            let mut now = NOW;
            let mut failed = 1;
            while let Some(at) = next(now, failed, None, chance) {
                assert!(at > now);
                now = at;
                failed += 1;
            }
            assert_eq!(failed, ATTEMPTS);
            let hours = (now.0 - NOW.0) / HOUR;
            assert!((24..=30).contains(&hours), "{hours}");
        }
        assert_eq!(next(NOW, 0, None, 0), None);
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_but_not_for_less() {
        let pause = |wished| next(NOW, 1, wished, 0).map(|at| at.0 - NOW.0);
        assert_eq!(pause(None), Some(5 * SECOND));
        assert_eq!(pause(Some(SECOND)), Some(5 * SECOND));
        assert_eq!(pause(Some(10 * MINUTE)), Some(10 * MINUTE));
        assert_eq!(pause(Some(i64::MAX)), Some(LONGEST));
        assert_eq!(next(NOW, ATTEMPTS, Some(MINUTE), 0), None);
    }

    #[test]
    fn both_forms_of_the_wish_are_read() {
        assert_eq!(asked_for("120", NOW), Some(120 * SECOND));
        // NOW is 2026-02-25T06:13:20Z.
        assert_eq!(asked_for("Wed, 25 Feb 2026 06:14:20 GMT", NOW), Some(MINUTE));
        assert_eq!(asked_for("Wed, 25 Feb 2026 06:00:00 GMT", NOW), Some(0));
        for bad in ["", "soon", "-5", "1.5"] {
            assert_eq!(asked_for(bad, NOW), None, "{bad}");
        }
    }
}
