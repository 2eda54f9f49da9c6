//! Signatures of Standard Webhooks 1.0 (<https://www.standardwebhooks.com>): HMAC-SHA256 over id, time and body.

use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clientela_engine::module::Found;
use clientela_kernel::{Error, Result, Timestamp, Value};

/// What every signing secret begins with.
pub const PREFIX: &str = "whsec_";
/// Random bytes of a secret; the standard asks for 24 to 64.
const LENGTH: usize = 32;
/// How far the time of a message may be from one's own, in seconds.
pub const TOLERANCE: i64 = 300;

/// A new secret.
///
/// # Errors
/// Where the operating system has no randomness.
pub fn mint() -> Result<String> {
    let mut bytes = [0u8; LENGTH];
    rand::fill(&mut bytes).map_err(|_| Error::internal("the operating system gives no random bytes"))?;
    Ok(format!("{PREFIX}{}", STANDARD.encode(bytes)))
}

/// How long the old secret is valid where nobody says otherwise, and at most, in seconds.
const OVERLAP: i64 = 86_400;
const LONGEST_OVERLAP: i64 = 7 * OVERLAP;

/// What a record with a secret is set to when it gets another one: the old one is valid as well for as long as `overlap` says, in seconds.
pub(crate) fn replaced(record: &Found, new: String, overlap: Option<i64>, now: Timestamp) -> Vec<(&'static str, Value)> {
    let overlap = overlap.unwrap_or(OVERLAP).clamp(0, LONGEST_OVERLAP);
    let until = Timestamp(now.0.saturating_add(overlap.saturating_mul(1_000)));
    let kept = overlap > 0;
    vec![
        ("signingSecret", new.into()),
        ("previousSecret", if kept { record.get("signingSecret").clone() } else { Value::Null }),
        ("previousSecretUntil", if kept { Value::Instant(until) } else { Value::Null }),
    ]
}

/// The signature of a message, as it stands in `webhook-signature`; none where the secret is no secret.
pub fn sign(secret: &str, id: &str, seconds: i64, body: &[u8]) -> Option<String> {
    let tag = hmac::sign(&key(secret)?, &signed(id, &seconds.to_string(), body));
    Some(format!("v1,{}", STANDARD.encode(tag.as_ref())))
}

/// Whether a message is what somebody who knows the secret has sent within five minutes of `now`, in seconds since 1970. `timestamp` and `signatures` are the
/// headers `webhook-timestamp` and `webhook-signature`.
///
/// # Errors
/// Why it is not.
pub fn verify(secret: &str, id: &str, timestamp: &str, signatures: &str, body: &[u8], now: i64) -> std::result::Result<(), &'static str> {
    let seconds: i64 = timestamp.parse().map_err(|_| "webhook-timestamp is no number of seconds")?;
    if seconds < now.saturating_sub(TOLERANCE) {
        return Err("webhook-timestamp is more than five minutes ago");
    }
    if seconds > now.saturating_add(TOLERANCE) {
        return Err("webhook-timestamp is more than five minutes ahead");
    }
    let key = key(secret).ok_or("the secret is not whsec_ with base64 behind it")?;
    let content = signed(id, timestamp, body);
    let holds = |signature: &str| {
        let tag = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
        tag.is_some_and(|tag| hmac::verify(&key, &content, &tag).is_ok())
    };
    if signatures.split(' ').any(holds) { Ok(()) } else { Err("no signature in webhook-signature is made with this secret over this body") }
}

fn signed(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    let mut content = format!("{id}.{timestamp}.").into_bytes();
    content.extend_from_slice(body);
    content
}

fn key(secret: &str) -> Option<hmac::Key> {
    let bytes = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
    Some(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Published with the standard's own libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn the_published_example_is_signed_alike() {
        assert_eq!(sign(SECRET, ID, 1_614_265_330, BODY).as_deref(), Some(SIGNATURE));
    }

    #[test]
    fn what_is_not_signed_so_does_not_hold() {
        let both = format!("v1,AAAA v1a,{} {SIGNATURE}", "x".repeat(10));
        let holds = |secret, timestamp, signature, body, now| verify(secret, ID, timestamp, signature, body, now).is_ok();
        let (time, now) = ("1614265330", 1_614_265_330);
        assert!(holds(SECRET, time, SIGNATURE, BODY, now) && holds(SECRET, time, &both, BODY, now + TOLERANCE));
        assert!(!holds(SECRET, time, SIGNATURE, BODY, now + TOLERANCE + 1) && !holds(SECRET, time, SIGNATURE, BODY, now - TOLERANCE - 1));
        assert!(!holds(SECRET, "1614265331", SIGNATURE, BODY, now) && !holds(SECRET, "soon", SIGNATURE, BODY, now));
        assert!(!holds(SECRET, time, SIGNATURE, b"{}", now) && !holds(SECRET, time, "", BODY, now));
        let other = mint().unwrap();
        assert!(!holds(&other, time, SIGNATURE, BODY, now) && !holds("secret", time, SIGNATURE, BODY, now));
    }

    #[test]
    fn secrets_are_long_enough_and_differ() {
        let (one, other) = (mint().unwrap(), mint().unwrap());
        assert_ne!(one, other);
        assert_eq!(STANDARD.decode(one.strip_prefix(PREFIX).unwrap()).unwrap().len(), LENGTH);
    }
}
