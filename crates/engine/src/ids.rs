//! Minting ids: UUIDv7 of the engine's clock, ascending within a millisecond too (RFC 9562, section 6.2, method 2), so that the order of the ids that one server
//! mints for a moment is that in which it did.

use clientela_kernel::{Id, Timestamp};
use parking_lot::Mutex;
use rand::RngCore;
use std::collections::VecDeque;

/// The latest ids by their moments. Requests go on side by side, each at the moment at which it began, so there are several.
static LATEST: Mutex<VecDeque<Latest>> = Mutex::new(VecDeque::new());
/// How many moments are known.
const MOMENTS: usize = 64;
/// The bits of a fresh number; one more is left free, so that there is room above it.
const FRESH: u64 = (1 << 61) - 1;
/// Above it there is no room for a further step.
const MOST: u64 = (1 << 62) - (1 << 33);

/// The last id of a moment: what stands behind the moment in it, twelve random bits and a number of 62 bits.
struct Latest {
    moment: i64,
    random: [u8; 2],
    number: u64,
}

/// A fresh id of this moment.
pub fn mint(now: Timestamp) -> Id {
    let (random, number) = next(now.0);
    let mut bytes = [0u8; 10];
    let (first, rest) = bytes.split_at_mut(2);
    first.copy_from_slice(&random);
    rest.copy_from_slice(&number.to_be_bytes());
    Id(uuid::Builder::from_unix_timestamp_millis(u64::try_from(now.0).unwrap_or(0), &bytes).into_uuid())
}

fn next(moment: i64) -> ([u8; 2], u64) {
    let mut rng = rand::rng();
    let mut latest = LATEST.lock();
    if let Some(last) = latest.iter_mut().rev().find(|last| last.moment == moment && last.number < MOST) {
        // By an unforeseeable step: whoever knows one id guesses no other.
        last.number += 1 + u64::from(rng.next_u32());
        return (last.random, last.number);
    }
    let mut random = [0; 2];
    rng.fill_bytes(&mut random);
    let number = rng.next_u64() & FRESH;
    if latest.len() == MOMENTS {
        latest.pop_front();
    }
    latest.push_back(Latest { moment, random, number });
    (random, number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_moment_ascend_whatever_else_is_minted_between() {
        let moment = 1_772_000_000_000;
        let both: Vec<(Id, Id)> = (0..2_000).map(|_| (mint(Timestamp(moment)), mint(Timestamp(moment - 5)))).collect();
        assert!(both.windows(2).all(|two| two[0].0.0 < two[1].0.0 && two[0].1.0 < two[1].1.0));
        assert!(both.iter().all(|(later, earlier)| earlier.0 < later.0 && later.0.get_version_num() == 7));
    }
}
