//! Minting ids: UUIDv7 of the engine's clock.

use clientela_kernel::{Id, Timestamp};
use rand::RngCore;

/// A fresh id of this moment.
pub fn mint(now: Timestamp) -> Id {
    let mut random = [0u8; 10];
    rand::rng().fill_bytes(&mut random);
    Id(uuid::Builder::from_unix_timestamp_millis(u64::try_from(now.0).unwrap_or(0), &random).into_uuid())
}
