//! API keys: opaque secrets, kept only as a digest. The platform mints them.

use sha2::{Digest as _, Sha256};

/// What every API key begins with, so that people and secret scanners recognise one.
pub const PREFIX: &str = "clk_";

/// What every token for one purpose begins with.
pub const TOKEN_PREFIX: &str = "clt_";

/// What is stored of a secret: SHA-256 of its whole text. The secret has 256 random bits, so a slow hash would add
/// nothing but time to every request.
pub fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Reads a digest back from hexadecimal.
pub fn parse_digest(text: &str) -> Option<[u8; 32]> {
    // `from_str_radix` would take a sign.
    if text.len() != 64 || text.contains('+') {
        return None;
    }
    let mut digest = [0u8; 32];
    for (slot, pair) in digest.iter_mut().zip(text.as_bytes().chunks(2)) {
        *slot = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_sha_256_and_reads_from_hexadecimal() {
        let published = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(parse_digest(published), Some(digest("abc")));
        assert_eq!(parse_digest("zz"), None);
        assert_eq!(parse_digest(&"é".repeat(32)), None);
        assert_eq!(parse_digest(&"+1".repeat(32)), None);
    }
}
