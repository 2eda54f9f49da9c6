//! Chance that repeats: numbers and ids from a fixed seed.

use clientela_kernel::Id;

/// Where every demonstration begins.
const SEED: u64 = 0x00C1_1E47_E1A0;
/// 2026-01-01T08:00:00Z: the time inside the first id.
const FIRST: u64 = 1_767_254_400_000;

/// A generator of pseudo-random numbers (SplitMix64), so that the demonstration depends on no library's version.
pub(super) struct Dice(u64);

impl Dice {
    /// Chance of its own for each number; 0 is the demonstration's.
    pub(super) fn numbered(number: u64) -> Self {
        Dice(SEED.wrapping_add(number.wrapping_mul(0xD1B5_4A32_D192_ED03)))
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number from 0 to just below the limit.
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        u32::try_from(self.roll() % u64::from(limit.max(1))).unwrap_or(0)
    }

    /// True so many times in a hundred.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of a list.
    pub(super) fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let length = u32::try_from(from.len()).unwrap_or(u32::MAX);
        let index = usize::try_from(self.below(length)).unwrap_or(0);
        from.get(index).copied().unwrap_or_default()
    }
}

/// Ids in the order they are asked for, a millisecond apart.
pub(super) struct Mint {
    dice: Dice,
    at: u64,
}

impl Mint {
    /// Ids of their own for each number; 0 is the demonstration's.
    pub(super) fn numbered(number: u64) -> Self {
        Mint { dice: Dice::numbered(number), at: FIRST }
    }

    /// The next id.
    pub(super) fn next(&mut self) -> Id {
        let mut random = [0u8; 10];
        let bytes = self.dice.roll().to_be_bytes().into_iter().chain(self.dice.roll().to_be_bytes());
        random.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = byte);
        let id = uuid::Builder::from_unix_timestamp_millis(self.at, &random).into_uuid();
        self.at += 1;
        Id(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_repeats() {
        let (mut one, mut other) = (Mint::numbered(0), Mint::numbered(0));
        let ids: Vec<Id> = (0..50).map(|_| one.next()).collect();
        assert!(ids.iter().all(|id| *id == other.next() && id.0.get_version_num() == 7));
        assert!(ids.is_sorted());
        let mut dice = Dice::numbered(0);
        assert!((0..1000).all(|_| dice.below(6) < 6));
    }
}
