//! Minting ids: UUIDv7 of the engine's clock, ascending within a millisecond too (RFC 9562, section 6.2, method 2), so that the order of the ids that one server
//! mints is that in which it did.

use clientela_kernel::{Id, Timestamp};
use parking_lot::Mutex;
use rand::RngCore;

/// The last id's moment, and what stood behind it: twelve random bits and a number of 62 bits.
static LAST: Mutex<(i64, u16, u64)> = Mutex::new((i64::MIN, 0, 0));
/// The bits of the number. A fresh one leaves the first free, so that there is room above it.
const FRESH: u64 = (1 << 61) - 1;

/// Above it there is no room for a further step.
const MOST: u64 = (1 << 62) - (1 << 33);

/// A fresh id of this moment.
pub fn mint(now: Timestamp) -> Id {
    let mut rng = rand::rng();
    let (random, number) = {
        let mut last = LAST.lock();
        *last = match *last {
            // By an unforeseeable step: whoever knows one id guesses no other.
            (moment, random, number) if moment == now.0 && number < MOST => (moment, random, number + 1 + u64::from(rng.next_u32())),
            _ => (now.0, rng.next_u32().to_le_bytes().first_chunk().map_or(0, |two| u16::from_le_bytes(*two)), rng.next_u64() & FRESH),
        };
        (last.1, last.2)
    };
    let mut bytes = [0u8; 10];
    let (first, rest) = bytes.split_at_mut(2);
    first.copy_from_slice(&random.to_be_bytes());
    rest.copy_from_slice(&number.to_be_bytes());
    Id(uuid::Builder::from_unix_timestamp_millis(u64::try_from(now.0).unwrap_or(0), &bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_moment_ascend() {
        let ids: Vec<Id> = (0..2_000).map(|number| mint(Timestamp(1_772_000_000_000 + number / 1_000))).collect();
        assert!(ids.windows(2).all(|two| two[0].0 < two[1].0));
        assert!(ids.iter().all(|id| id.0.get_version_num() == 7));
    }
}
