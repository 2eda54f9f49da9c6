//! Tokens for one purpose: how they are made, and what is stored of them.

use rand::Rng;
use sha2::{Digest, Sha256};

/// What every confirmation token begins with.
const PREFIX: &str = "cct_";
/// Random characters after the prefix: 190 bits.
const LENGTH: usize = 32;

/// A new token.
pub(crate) fn mint() -> String {
    let random = rand::rng().sample_iter(rand::distr::Alphanumeric).take(LENGTH).map(char::from);
    PREFIX.chars().chain(random).collect()
}

/// What the database keeps of a token: its SHA-256 in lower-case hex. It has 190 random bits, so it needs no salt.
pub(crate) fn digest(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_are_kept_as_digests() {
        let (one, other) = (mint(), mint());
        assert_ne!(one, other);
        assert_eq!(one.len(), PREFIX.len() + LENGTH);
        assert_eq!((digest(&one).len(), digest(&one) == digest(&other)), (64, false));
    }
}
