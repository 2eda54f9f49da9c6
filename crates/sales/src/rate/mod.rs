//! What one currency is worth in another.

pub mod conversion;
pub mod convert;
pub mod exchange_rate;

/// How many decimals rates have.
pub(crate) const RATE_PLACES: u32 = 10;
