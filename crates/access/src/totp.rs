//! The second factor: one-time passwords by time (RFC 6238) as authenticator apps show them, and recovery codes for who has lost the app.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use clientela_kernel::Timestamp;
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};

/// How long a code is shown, in milliseconds.
const STEP: i64 = 30_000;
/// Digits of a code.
const DIGITS: u32 = 6;
/// How many steps the clock of a telephone may be off, either way.
const SKEW: i64 = 1;
/// Bytes of a secret: those of the hash, as RFC 4226 recommends.
const SECRET: usize = 20;
/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of a recovery code: enough that a plain digest cannot be reversed by trying.
const RECOVERY: usize = 10;

/// The letters of base 32 (RFC 4648, section 6).
const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret, as authenticator apps take it: base 32.
pub fn mint() -> String {
    let mut bytes = [0u8; SECRET];
    rand::rng().fill_bytes(&mut bytes);
    base32(&bytes)
}

/// The address that a QR code holds for an authenticator app.
pub fn address(secret: &str, issuer: &str, account: &str) -> String {
    let (issuer, account) = (percent(issuer), percent(account));
    format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={}", STEP / 1_000)
}

/// The step of time whose code this is, where it is that of one near now and later than the last that was used: a code works once.
pub fn step_of(secret: &str, code: &str, now: Timestamp, last: Option<i64>) -> Option<i64> {
    let key = decode(secret)?;
    let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let current = now.0.div_euclid(STEP);
    // Every step is looked at, so that the time it takes says nothing.
    let mut found = None;
    for step in current.saturating_sub(SKEW)..=current.saturating_add(SKEW) {
        let fits = verify_slices_are_equal(at(&key, step, DIGITS).as_bytes(), code.as_bytes()).is_ok();
        if fits && last.is_none_or(|last| step > last) {
            found = Some(step);
        }
    }
    found
}

/// The code of a step.
pub fn code(secret: &str, now: Timestamp) -> Option<String> {
    Some(at(&decode(secret)?, now.0.div_euclid(STEP), DIGITS))
}

/// RFC 4226, section 5.3.
fn at(key: &[u8], step: i64, digits: u32) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes.last().copied().unwrap_or(0) & 0x0f);
    let four = bytes.iter().skip(offset).take(4).fold(0u32, |number, byte| (number << 8) | u32::from(*byte)) & 0x7fff_ffff;
    let width = usize::try_from(digits).unwrap_or(0);
    format!("{:0width$}", four % 10u32.saturating_pow(digits))
}

/// New recovery codes: what is shown once, and the digests that are kept.
pub fn recovery() -> (Vec<String>, Vec<String>) {
    let made: Vec<String> = (0..RECOVERY_CODES)
        .map(|_| {
            let mut bytes = [0u8; RECOVERY];
            rand::rng().fill_bytes(&mut bytes);
            grouped(&base32(&bytes))
        })
        .collect();
    let digests = made.iter().filter_map(|code| recovery_digest(code)).collect();
    (made, digests)
}

/// The digest of a recovery code, however it was typed; none of what cannot be one.
pub fn recovery_digest(code: &str) -> Option<String> {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect();
    decode(&plain).filter(|bytes| bytes.len() == RECOVERY)?;
    Some(Sha256::digest(plain.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// In groups of four, which people copy with fewer mistakes.
fn grouped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for (position, letter) in text.chars().enumerate() {
        if position > 0 && position % 4 == 0 {
            out.push('-');
        }
        out.push(letter);
    }
    out
}

fn base32(bytes: &[u8]) -> String {
    let (mut out, mut held, mut bits) = (String::new(), 0u32, 0u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(letter(held >> bits));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        out.push(letter(held << (5 - bits)));
    }
    out
}

fn letter(five: u32) -> char {
    let place = usize::try_from(five & 31).unwrap_or(0);
    char::from(LETTERS.get(place).copied().unwrap_or(b'A'))
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut out, mut held, mut bits) = (Vec::with_capacity(text.len()), 0u32, 0u32);
    for byte in text.bytes() {
        let five = LETTERS.iter().position(|letter| *letter == byte)?;
        held = (held << 5) | u32::try_from(five).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((held >> bits) & 0xff).ok()?);
        }
        held &= (1 << bits) - 1;
    }
    Some(out)
}

fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, for SHA-1: eight digits.
    #[test]
    fn the_published_vectors_hold() {
        let key = b"12345678901234567890";
        for (seconds, expected) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(at(key, seconds / 30, 8), expected, "{seconds}");
        }
    }

    /// RFC 4226, appendix D: six digits by a counter.
    #[test]
    fn the_published_counters_hold() {
        let codes: Vec<String> = (0..10).map(|counter| at(b"12345678901234567890", counter, 6)).collect();
        let expected = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        assert_eq!(codes, expected);
    }

    /// RFC 4648, section 10, without padding.
    #[test]
    fn base_32_is_the_published_one() {
        for (plain, text) in
            [("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(plain.as_bytes()), text);
            assert_eq!(decode(text).unwrap(), plain.as_bytes());
        }
        assert!(decode("MZXW1").is_none() && decode("mzxw").is_none());
    }

    #[test]
    fn a_code_works_once_and_near_its_time() {
        let secret = mint();
        let now = Timestamp(1_772_000_000_000);
        let shown = code(&secret, now).unwrap();
        let step = step_of(&secret, &shown, now, None).unwrap();
        assert_eq!(step, now.0 / STEP);
        assert_eq!(step_of(&secret, &shown, now, Some(step)), None, "a second time");
        assert_eq!(step_of(&secret, &format!(" {} {}", &shown[..3], &shown[3..]), now, Some(step - 1)), Some(step), "as people type it");
        assert_eq!(step_of(&secret, &shown, Timestamp(now.0 + STEP), None), Some(step), "a clock that is late");
        assert_eq!(step_of(&secret, &shown, Timestamp(now.0 - STEP), None), Some(step), "a clock that is early");
        assert_eq!(step_of(&secret, &shown, Timestamp(now.0 + 2 * STEP), None), None);
        for bad in ["", "0", "12345", "1234567", "abcdef"] {
            assert_eq!(step_of(&secret, bad, now, None), None, "{bad}");
        }
        assert_eq!(step_of("not base 32!", &shown, now, None), None);
    }

    #[test]
    fn recovery_codes_differ_and_are_told_by_their_digests() {
        let (codes, digests) = recovery();
        assert_eq!((codes.len(), digests.len()), (RECOVERY_CODES, RECOVERY_CODES));
        assert_eq!(codes.iter().collect::<std::collections::HashSet<_>>().len(), RECOVERY_CODES);
        assert_eq!(recovery_digest(&codes[0].to_lowercase().replace('-', " ")).as_ref(), Some(&digests[0]));
        assert!(!digests.concat().contains(&codes[0].replace('-', "")));
        assert_eq!((recovery_digest("123456"), recovery_digest("")), (None, None));
    }

    #[test]
    fn the_address_names_issuer_and_account() {
        assert_eq!(
            address("MZXW6", "Alpine Foods", "a+b@x.example"),
            "otpauth://totp/Alpine%20Foods:a%2Bb%40x.example?secret=MZXW6&issuer=Alpine%20Foods&algorithm=SHA1&digits=6&period=30"
        );
    }
}
