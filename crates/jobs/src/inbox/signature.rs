//! Whether an event comes from its source. Bytes are compared before anything is read of them, and in a time that does not depend on where they differ.

use super::source::{InboxSignature, InboxSignatureEncoding, Model};
use crate::webhook::secret;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clientela_engine::Message;

/// The header of a signature where the source names none.
pub(super) const HEADER: &str = "x-signature";

/// Whether a message is signed as its source says, with its secret or, for a while, with the one before.
///
/// # Errors
/// Why it is not, for the server's own log.
pub(super) fn verify(source: &Model, message: &Message) -> Result<(), &'static str> {
    let previous = source.previous_secret.as_deref().filter(|_| source.previous_secret_until.is_some_and(|until| message.now < until));
    let mut outcome = Err("there is no secret");
    for known in std::iter::once(source.signing_secret.as_str()).chain(previous) {
        outcome = one(source, known, message);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn one(source: &Model, known: &str, message: &Message) -> Result<(), &'static str> {
    let header = |name: &str| message.header(name).ok_or("a header of the signature is missing, or stands there more than once");
    match source.signature {
        InboxSignature::StandardWebhooks => {
            let (id, timestamp, signature) = (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
            secret::verify(known, id, timestamp, signature, &message.body, message.now.0.div_euclid(1_000))
        }
        InboxSignature::HmacSha256 => {
            let name = source.signature_header.as_deref().unwrap_or(HEADER).to_ascii_lowercase();
            let text = header(&name)?.strip_prefix(source.signature_prefix.as_deref().unwrap_or_default());
            let text = text.ok_or("the signature does not begin with its prefix")?;
            let tag = match source.signature_encoding {
                InboxSignatureEncoding::Hex => hex(text),
                InboxSignatureEncoding::Base64 => STANDARD.decode(text).ok(),
            };
            let tag = tag.ok_or("the signature is not encoded as the source says")?;
            let key = hmac::Key::new(hmac::HMAC_SHA256, known.as_bytes());
            hmac::verify(&key, &message.body, &tag).map_err(|_| "the signature is not made with the secret over this body")
        }
        InboxSignature::Bearer => {
            let text = header("authorization")?;
            let token = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
            // Both are as long as one another then, and nobody chooses what is compared.
            let key = hmac::Key::new(hmac::HMAC_SHA256, known.as_bytes());
            let tag = hmac::sign(&key, token.unwrap_or_default().as_bytes());
            hmac::verify(&key, known.as_bytes(), tag.as_ref()).map_err(|_| "the bearer is not the secret")
        }
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}
