//! The API key: how a program signs in.

use crate::audit_entry::AuditKind;
use crate::{CredentialsChanged, scopes, secret};
use async_trait::async_trait;
use clientela_engine::module::{Draft, RuleReader};
use clientela_engine::{AuditNote, Rules};
use clientela_kernel::{Context, FieldProblem, ProblemCode, Result, Timestamp};
use clientela_macros::{Choice, resource};
use clientela_store::ChangeKind;

/// What an API key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ApiKeyScopes {
    /// Reading records, nothing else.
    Read,
    /// Reading, creating, changing, deleting and restoring records.
    ReadWrite,
}

/// A credential for a program. Its secret is shown once, in the answer that creates it; the server keeps a digest.
#[resource(
    name = "apiKey",
    prefix = "key",
    label = "name",
    unattachable,
    unique("api_key_secret_hash_key", "secretHash"),
    reveals("secret", "The secret to send as `Authorization: Bearer …`. Shown only here, once: store it now.")
)]
pub struct Model {
    /// What uses the key, so that you know later what stops working when you revoke it.
    #[field(max = 100, folded, example = "\"Web shop import\"")]
    pub name: String,
    /// What the key allows.
    #[field(default = "\"READ_WRITE\"")]
    pub scopes: ApiKeyScopes,
    /// Only this of it: scopes of single resources with spaces between, each the name of a resource in its address and `read`, `write` or an action. Everything
    /// that `scopes` allows, where empty.
    #[field(max = 4_000, no_sort, example = "\"accounts:read contacts:read contacts:write\"")]
    pub resource_scopes: Option<String>,
    /// Whether the key sees and writes fields that are sensitive, such as days of birth and tax numbers; without it they are not there for it.
    #[field(default = "false")]
    pub sensitive: bool,
    /// From when on the key is no longer accepted. Never, where empty.
    #[field(example = "\"2027-01-31T00:00:00.000Z\"")]
    pub expires_at: Option<Timestamp>,
    /// When the key was revoked. Setting it revokes the key at once.
    #[field(example = "null")]
    pub revoked_at: Option<Timestamp>,
    /// The last four characters of the secret.
    #[field(write = "read_only", max = 4, example = "\"x7Qa\"")]
    pub hint: String,
    /// SHA-256 of the secret in hex.
    #[field(write = "read_only", secret, max = 64, example = "\"\"")]
    pub secret_hash: String,
}

/// The rules of API keys.
pub struct ApiKeyRules {
    /// Called when a key has changed.
    pub(crate) credentials_changed: CredentialsChanged,
}

#[async_trait]
impl Rules for ApiKeyRules {
    fn derive(&self, _context: &Context, draft: &mut Draft) {
        if draft.kind == ChangeKind::Created {
            let secret = secret::mint();
            draft.set("secretHash", secret::digest(&secret).into());
            draft.set("hint", secret::hint(&secret).into());
            draft.revealed = Some(secret);
        }
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        scopes::check(context, reader, draft)
    }

    fn check(&self, context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let expires = draft.get("expiresAt").as_instant();
        if draft.kind == ChangeKind::Created && expires.is_some_and(|at| at <= context.now) {
            problems.push(FieldProblem::new(
                "/expiresAt",
                ProblemCode::OutOfRange,
                "expiresAt is in the past: a new key must expire later than now, or never (null).",
            ));
        }
    }

    fn audit(&self, _draft: &Draft) -> Option<AuditNote> {
        AuditKind::CredentialChanged.with_values()
    }

    fn committed(&self, _context: &Context, _draft: &Draft) {
        (self.credentials_changed)();
    }
}
