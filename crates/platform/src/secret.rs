//! Secrets of API keys: how they are made, and what is stored of them.

use rand::Rng;
use sha2::{Digest, Sha256};

/// What every API key's secret begins with, so that scanners find leaked ones.
pub const PREFIX: &str = "clk_";
/// Random characters after the prefix; 62³² possibilities are 190 bits.
const LENGTH: usize = 32;

/// What the `client_id` of a program begins with.
pub const CLIENT_PREFIX: &str = clientela_access::oauth::CLIENT_PREFIX;
/// What the secret of a token for one purpose begins with.
pub const TOKEN_PREFIX: &str = clientela_access::api_key::TOKEN_PREFIX;
/// What the secret of a program begins with.
pub const CLIENT_SECRET_PREFIX: &str = "cls_";

/// A new secret: `clk_` and 32 letters and digits from the operating system's randomness.
pub fn mint() -> String {
    mint_with(PREFIX)
}

/// The same with another beginning.
pub fn mint_with(prefix: &str) -> String {
    let random = rand::rng().sample_iter(rand::distr::Alphanumeric).take(LENGTH).map(char::from);
    prefix.chars().chain(random).collect()
}

/// What the database keeps of a secret: its SHA-256 in lower-case hex. The secret has 190 random bits, so it needs no
/// salt and no slow hash.
pub fn digest(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The last four characters, by which a person tells keys apart.
pub fn hint(secret: &str) -> String {
    let skipped = secret.chars().count().saturating_sub(4);
    secret.chars().skip(skipped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_their_form_and_differ() {
        let (one, other) = (mint(), mint());
        assert_ne!(one, other);
        let random = one.strip_prefix(PREFIX).unwrap();
        assert_eq!(random.len(), LENGTH);
        assert!(random.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert!(one.ends_with(&hint(&one)));
        assert_eq!(hint(&one).len(), 4);
    }

    #[test]
    fn digest_is_sha_256_in_hex() {
        // The published test vector of FIPS 180-2 for "abc".
        assert_eq!(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
