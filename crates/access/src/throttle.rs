//! How often something may be tried: a count for each key within a window of time. Kept by each node for itself.

use clientela_kernel::Timestamp;
use parking_lot::Mutex;
use std::collections::HashMap;

/// Keys that are remembered; beyond them those whose time is over are forgotten, and then everything.
const MOST: usize = 100_000;

/// Counts attempts.
pub(crate) struct Throttle {
    limit: u32,
    window: i64,
    seen: Mutex<HashMap<String, Seen>>,
}

struct Seen {
    since: i64,
    count: u32,
}

impl Throttle {
    /// So many attempts in so many milliseconds.
    pub(crate) fn new(limit: u32, window: i64) -> Throttle {
        Throttle { limit, window, seen: Mutex::default() }
    }

    /// Counts an attempt; where it is one too many, says after how many seconds the next one is let through.
    pub(crate) fn count(&self, key: &str, now: Timestamp) -> Result<(), u32> {
        let mut seen = self.seen.lock();
        if seen.len() >= MOST {
            seen.retain(|_, entry| now.0.saturating_sub(entry.since) < self.window);
            if seen.len() >= MOST {
                seen.clear();
            }
        }
        let entry = seen.entry(key.to_owned()).or_insert(Seen { since: now.0, count: 0 });
        if now.0.saturating_sub(entry.since) >= self.window {
            *entry = Seen { since: now.0, count: 0 };
        }
        if entry.count >= self.limit {
            let left = entry.since.saturating_add(self.window).saturating_sub(now.0);
            return Err(u32::try_from(left.saturating_add(999) / 1_000).unwrap_or(u32::MAX).max(1));
        }
        entry.count += 1;
        Ok(())
    }

    /// Forgets what was counted.
    pub(crate) fn forget(&self, key: &str) {
        self.seen.lock().remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_opens_again() {
        let throttle = Throttle::new(2, 1_000);
        assert_eq!([throttle.count("a", Timestamp(0)), throttle.count("a", Timestamp(900))], [Ok(()), Ok(())]);
        assert_eq!(throttle.count("a", Timestamp(999)), Err(1));
        assert_eq!(throttle.count("b", Timestamp(999)), Ok(()));
        assert_eq!(throttle.count("a", Timestamp(1_000)), Ok(()));
        throttle.forget("a");
        assert_eq!([throttle.count("a", Timestamp(1_000)), throttle.count("a", Timestamp(1_000))], [Ok(()), Ok(())]);
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::new(1, 1_000);
        for number in 0..MOST * 2 {
            let _ = throttle.count(&number.to_string(), Timestamp(i64::try_from(number).unwrap()));
        }
        assert!(throttle.seen.lock().len() <= MOST);
    }
}
