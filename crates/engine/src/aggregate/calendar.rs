//! Zones as lists of clock changes, which both databases can cut time by.

use chrono::{DateTime, Offset as _, TimeZone as _};
use chrono_tz::Tz;
use clientela_kernel::Timestamp;
use clientela_store::Offsets;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

const DAY: i64 = 86_400_000;
/// The years in which clocks are known to change: railways brought the first zones, the rules at hand end with the century.
const CHANGES: std::ops::Range<i64> = -4_260_211_200_000..4_134_067_200_000;

/// The clock changes of a zone. Found once a zone, by a look at each day.
pub fn offsets(zone: Tz) -> Arc<Offsets> {
    static KNOWN: LazyLock<Mutex<HashMap<Tz, Arc<Offsets>>>> = LazyLock::new(Mutex::default);
    if let Some(known) = KNOWN.lock().get(&zone) {
        return Arc::clone(known);
    }
    let found = Arc::new(find(zone));
    KNOWN.lock().insert(zone, Arc::clone(&found));
    found
}

fn find(zone: Tz) -> Offsets {
    let first = ahead(zone, CHANGES.start);
    let mut changes = Vec::new();
    let (mut at, mut known) = (CHANGES.start, first);
    while at < CHANGES.end {
        let (mut before, mut after) = (at, at + DAY);
        let next = ahead(zone, after);
        if next != known {
            while after - before > 1 {
                let middle = before + (after - before) / 2;
                if ahead(zone, middle) == known { before = middle } else { after = middle }
            }
            changes.push((after, ahead(zone, after)));
            known = ahead(zone, after);
            // A second change on the same day is found from here.
            at = after;
        } else {
            at += DAY;
        }
    }
    Offsets { first, changes }
}

/// Milliseconds that clocks in the zone show ahead of UTC.
fn ahead(zone: Tz, at: i64) -> i64 {
    let at = DateTime::from_timestamp_millis(at).unwrap_or_default();
    i64::from(zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()) * 1_000
}

/// The first moment at which clocks in the zone show this (as if it were UTC), or something later where a clock change
/// skips it.
pub(super) fn start(zone: Tz, shown: Timestamp) -> Timestamp {
    let wanted = DateTime::from_timestamp_millis(shown.0).unwrap_or_default().naive_utc();
    let found = (0..8).find_map(|quarters| zone.from_local_datetime(&(wanted + chrono::Duration::minutes(30 * quarters))).earliest());
    let at = found.map_or(shown.0, |found| found.timestamp_millis());
    Timestamp(at.clamp(*Timestamp::RANGE.start(), *Timestamp::RANGE.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_found_to_the_millisecond() {
        let rome = offsets(chrono_tz::Europe::Rome);
        let spring = Timestamp::parse("2026-03-29T01:00:00Z").unwrap().0;
        let autumn = Timestamp::parse("2026-10-25T01:00:00Z").unwrap().0;
        assert!(rome.changes.contains(&(spring, 7_200_000)) && rome.changes.contains(&(autumn, 3_600_000)));
        assert!(offsets(chrono_tz::UTC).changes.is_empty());
        // Samoa left out a day.
        let apia = offsets(chrono_tz::Pacific::Apia);
        assert!(apia.changes.iter().any(|(_, ahead)| *ahead == 50_400_000) && apia.changes.iter().any(|(_, ahead)| *ahead == -36_000_000));
    }

    #[test]
    fn every_zone_agrees_with_its_changes_everywhere() {
        for zone in [chrono_tz::Europe::Rome, chrono_tz::Australia::Lord_Howe, chrono_tz::Africa::Casablanca, chrono_tz::America::New_York]
        {
            let known = offsets(zone);
            for day in -30_000..60_000 {
                let at = day * DAY + 12_345_678;
                let by_list = known.changes.iter().rev().find(|(from, _)| *from <= at).map_or(known.first, |(_, ahead)| *ahead);
                assert_eq!(by_list, ahead(zone, at), "{zone} {at}");
            }
        }
    }

    #[test]
    fn a_day_starts_at_its_first_moment() {
        let shown = Timestamp::parse("2026-03-29T00:00:00Z").unwrap();
        assert_eq!(start(chrono_tz::Europe::Rome, shown).to_text(), "2026-03-28T23:00:00.000Z");
        // In Cairo clocks jumped from midnight to one.
        let shown = Timestamp::parse("2024-04-26T00:00:00Z").unwrap();
        assert_eq!(start(chrono_tz::Africa::Cairo, shown).to_text(), "2024-04-25T22:00:00.000Z");
    }
}
