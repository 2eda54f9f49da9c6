//! How long a job waits before it is tried again.

use clientela_engine::ids;
use clientela_kernel::Timestamp;

/// How long what stands in the way by itself (a database that is away, a full disk) is given to pass, in milliseconds. After a failure of its own a job waits as long
/// the first time.
pub(crate) const WAIT: i64 = 10_000;
/// How much longer each further time.
const FACTOR: i64 = 4;
/// The longest wait, in milliseconds.
const LONGEST: i64 = 3_600_000;

/// How long a job waits that has failed so many times, in milliseconds: a tenth more or less, so that those that failed together do not come back together.
pub(crate) fn delay(attempts: i64, now: Timestamp) -> i64 {
    let steps = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or(0);
    let plain = FACTOR.checked_pow(steps).and_then(|factor| WAIT.checked_mul(factor)).map_or(LONGEST, |delay| delay.min(LONGEST));
    let tenth = plain / 10;
    // The last bits of an id are random.
    let random = i64::try_from(ids::mint(now).0.as_u128() & 0xffff_ffff).unwrap_or(0);
    plain - tenth + random.rem_euclid(2 * tenth + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_differ() {
        let delays = |attempts| (0..200).map(move |_| delay(attempts, Timestamp(0)));
        for (attempts, plain) in [(0, 10_000), (1, 10_000), (2, 40_000), (4, 640_000), (9, 3_600_000), (i64::MAX, 3_600_000)] {
            assert!(delays(attempts).all(|delay| (plain * 9 / 10..=plain * 11 / 10).contains(&delay)), "{attempts}");
        }
        let mut all: Vec<i64> = delays(3).collect();
        all.sort_unstable();
        all.dedup();
        assert!(all.len() > 100, "they come back together");
    }
}
