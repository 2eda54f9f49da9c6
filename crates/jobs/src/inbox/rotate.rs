//! `rotateInboxSecret`.

use super::source::{InboxSignature, SOURCE};
use crate::webhook::secret;
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, FieldProblem, Id, ProblemCode, Result};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef};

/// Shorter secrets can be guessed.
const SHORTEST: usize = 16;

/// Gives a source another secret.
pub struct RotateInboxSecret;

/// Which secret, and what becomes of the old one.
#[derive(Shape)]
pub struct InboxSecretRotation {
    /// The secret that the sender gives, of at least 16 characters: for `STANDARD_WEBHOOKS` `whsec_` and base64, else any text. A new one is made where it is left out.
    #[field(max = 500, example = "null")]
    pub secret: Option<String>,
    /// How long events that are signed with the old secret are taken as well, so that the sender can be changed meanwhile: at most seven days, a day where it is left out.
    #[field(duration, example = "\"PT24H\"")]
    pub overlap: Option<i64>,
}

/// The new secret.
#[derive(Shape)]
pub struct InboxSecretRotated {
    /// The source.
    #[field(record = "inboxSource")]
    pub inbox_source: Id,
    /// The secret that was made: `whsec_` and 32 random bytes in base64. Shown only here, once: give it to the sender. Empty where the sender gave one.
    #[field(secret, max = 500, example = "\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"")]
    pub secret: Option<String>,
}

#[async_trait]
impl Operation for RotateInboxSecret {
    type Input = InboxSecretRotation;
    type Output = InboxSecretRotated;

    fn definition() -> OperationDef {
        OperationDef::writing::<InboxSecretRotation, InboxSecretRotated>(
            "rotateInboxSecret",
            SOURCE,
            "rotate-secret",
            "Gives an inbox source another secret: a new one, or that of the sender. For a while events are taken that are signed with either. A second rotation within that time ends the \
             first secret at once.",
        )
        .on_record()
        .confidential()
    }

    async fn run(&self, call: &Call<'_>, given: InboxSecretRotation) -> Result<InboxSecretRotated> {
        let source = call.target()?;
        let standard = source.get("signature").as_text() == Some(InboxSignature::StandardWebhooks.as_str());
        let refused = |text: &str| Err(Error::validation(vec![FieldProblem::new("/secret", ProblemCode::InvalidFormat, text)]));
        let minted = match &given.secret {
            Some(secret) if secret.chars().count() < SHORTEST => return refused("secret is too short: at least 16 characters."),
            Some(secret) if standard && secret::sign(secret, "", 0, b"").is_none() => {
                return refused(
                    "secret is none of Standard Webhooks, which the source's signature is of: they are whsec_ with base64 behind it.",
                );
            }
            Some(_) => None,
            None => Some(secret::mint()?),
        };
        let new = given.secret.or_else(|| minted.clone()).unwrap_or_default();
        call.set(SOURCE, source.id, secret::replaced(source, new, given.overlap, call.now()), None).await?;
        Ok(InboxSecretRotated { inbox_source: source.id, secret: minted })
    }
}
