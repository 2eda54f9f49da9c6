//! API keys: opaque secrets that are shown once and kept only as a digest.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clientela_kernel::{Error, Result};
use sha2::{Digest as _, Sha256};

/// What every API key begins with, so that people and secret scanners recognise one.
pub const PREFIX: &str = "clk_";

/// A fresh secret: the prefix and 256 random bits in URL-safe base 64.
pub fn generate() -> Result<String> {
    let mut bits = [0u8; 32];
    rand::fill(&mut bits).map_err(|_| Error::internal("the operating system gave no random bits"))?;
    let mut text = String::with_capacity(PREFIX.len() + 43);
    text.push_str(PREFIX);
    URL_SAFE_NO_PAD.encode_string(bits, &mut text);
    Ok(text)
}

/// What is stored of a secret: SHA-256 of its whole text. The secret has 256 random bits, so a slow hash would add
/// nothing but time to every request.
pub fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// The digest as lower-case hexadecimal, as the database keeps it.
pub fn digest_text(secret: &str) -> String {
    use std::fmt::Write as _;
    digest(secret).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads a digest back from hexadecimal.
pub fn parse_digest(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 {
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
    fn digests_read_back_and_secrets_differ() {
        let (first, second) = (generate().unwrap(), generate().unwrap());
        assert_ne!(first, second);
        assert!(first.starts_with(PREFIX) && first.len() == 47, "{first}");
        assert_eq!(parse_digest(&digest_text(&first)), Some(digest(&first)));
        assert_eq!(parse_digest("zz"), None);
        assert_eq!(parse_digest(&"é".repeat(32)), None);
    }

    #[test]
    fn digest_is_sha_256() {
        assert_eq!(digest_text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
