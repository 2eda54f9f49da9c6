//! The token for one purpose: a share link, or leave to do one thing with one record.

use crate::audit_entry::AuditKind;
use crate::{CredentialsChanged, secret};
use async_trait::async_trait;
use clientela_access::authorize;
use clientela_engine::module::{ChangeKind, Draft, RuleReader, permitted};
use clientela_engine::{Action, AuditNote, FieldMask, Rules, check_part};
use clientela_kernel::{AudienceKind, Context, Error, FieldProblem, Id, ProblemCode, Result, Timestamp, Value};
use clientela_macros::resource;
use clientela_model::{OperationDef, ResourceDef};
use serde_json::{Map, Value as Json};

/// How long a token holds where nothing is said, in milliseconds: 30 days.
const USUAL: i64 = 30 * 86_400_000;
/// How long it holds at most: 400 days.
const LONGEST: i64 = 400 * 86_400_000;

/// A token for one purpose, for somebody who has no sign-in: it shows one record (a share link), or lets its holder do one thing with it, such as
/// withdrawing a consent. It does nothing else, and nothing that whoever made it may not do: it ends with them. Making one needs the right to
/// share the record. Its secret is shown once; the server keeps a digest.
#[resource(
    name = "purposeToken",
    prefix = "spt",
    label = "name",
    unattachable,
    unique("purpose_token_secret_hash_key", "secretHash"),
    reveals("secret", "The secret to send as `Authorization: Bearer …`, for the link that you give away. Shown only here, once.")
)]
pub struct Model {
    /// What it is for, and who has it.
    #[field(max = 200, folded, example = "\"Offer for Mrs. Gruber\"")]
    pub name: String,
    /// The record, of any type: the prefix of the id tells which. The token goes with it.
    #[field(
        refers_any,
        write = "immutable",
        inverse = "purposeTokens",
        inverse_description = "The tokens that serve one purpose with this record.",
        on_delete = "cascade",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub record_id: AnyId,
    /// The fields that the token shows, with commas between them; all that you may read where empty, sensitive ones aside.
    #[field(max = 4_000, write = "immutable", no_filter, no_sort, example = "null")]
    pub fields: Option<String>,
    /// The operation that its holder may carry out with the record, by its name, such as `withdrawConsent`; none where it is for looking only.
    #[field(max = 100, write = "immutable", example = "null")]
    pub operation: Option<String>,
    /// What is settled of the operation's input, as a JSON object in a text. The holder gives the rest, and nothing else instead.
    #[field(max = 10_000, write = "immutable", no_filter, no_sort, example = "null")]
    pub input: Option<String>,
    /// Until when it holds: 30 days where nothing is said, 400 at most.
    #[field(example = "null")]
    pub expires_at: Option<Timestamp>,
    /// When the token was revoked. Setting it revokes the token at once.
    #[field(example = "null")]
    pub revoked_at: Option<Timestamp>,
    /// The last four characters of the secret.
    #[field(write = "read_only", max = 4, example = "\"x7Qa\"")]
    pub hint: String,
    /// What the credential that made it allowed.
    #[field(write = "read_only", max = 8_000, no_filter, no_sort, example = "\"read write\"")]
    pub scopes: String,
    /// SHA-256 of the secret in hex.
    #[field(write = "read_only", secret, max = 64, example = "\"\"")]
    pub secret_hash: String,
}

/// The rules of these tokens.
pub struct PurposeTokenRules {
    /// Called when a token has changed.
    pub(crate) credentials_changed: CredentialsChanged,
}

#[async_trait]
impl Rules for PurposeTokenRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        if draft.get("expiresAt").is_null() {
            draft.set("expiresAt", Value::Instant(Timestamp(context.now.0.saturating_add(USUAL))));
        }
        if draft.kind != ChangeKind::Created {
            return;
        }
        let secret = secret::mint_with(secret::TOKEN_PREFIX);
        draft.set("secretHash", secret::digest(&secret).into());
        draft.set("hint", secret::hint(&secret).into());
        draft.set("scopes", context.scopes.to_text().into());
        draft.revealed = Some(secret);
    }

    fn check(&self, context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let expires = draft.get("expiresAt").as_instant().filter(|_| draft.changed("expiresAt"));
        let latest = Timestamp(context.now.0.saturating_add(LONGEST));
        if let Some(expires) = expires.filter(|at| *at <= context.now || *at > latest) {
            let text = format!("expiresAt is {}, but must be later than now, and not after {}.", expires.to_text(), latest.to_text());
            problems.push(FieldProblem::new("/expiresAt", ProblemCode::OutOfRange, text));
        }
        if draft.get("operation").is_null() && !draft.get("input").is_null() {
            let text = "input settles what an operation takes, and operation is empty. Name the operation, or leave input out.";
            problems.push(FieldProblem::new("/input", ProblemCode::Contradiction, text));
        }
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        if draft.kind != ChangeKind::Created {
            return Ok(());
        }
        if context.audience().is_some_and(|audience| audience.kind == AudienceKind::Token) {
            return Err(refused("recordId", ProblemCode::NotAllowed, "A token for one purpose makes no other tokens.".to_owned()));
        }
        let Some(record) = draft.get("recordId").as_record() else { return Ok(()) };
        let def = reader.resource(&record.resource).ok_or_else(|| Error::internal("no such resource"))?;
        if !permitted(context, reader, &record.resource, Id(record.id), Action::Share).await? {
            let text = "recordId names a record that you may not share, or there is no such record, or it is deleted.";
            return Err(refused("recordId", ProblemCode::ReferenceNotFound, text.to_owned()));
        }
        if let Some(fields) = draft.get("fields").as_text() {
            check_fields(def, &authorize(context, def, Action::Read)?.fields, fields)?;
        }
        let Some(name) = draft.get("operation").as_text() else { return Ok(()) };
        let registry = reader.registry().ok_or_else(|| Error::internal("no definitions to check a token with"))?;
        let known = |operation: &&std::sync::Arc<OperationDef>| {
            operation.name == *name && operation.resource == def.name && operation.is_on_record()
        };
        let Some(operation) = registry.operations().iter().find(known) else {
            let names: Vec<&str> = registry
                .operations()
                .iter()
                .filter(|operation| operation.resource == def.name && operation.is_on_record())
                .map(|operation| operation.name.as_ref())
                .collect();
            let text = format!("operation is {name:?}, but must be one that is done with one of the {}: {}.", def.plural, names.join(", "));
            return Err(refused("operation", ProblemCode::NotAllowed, text));
        };
        let settled = match draft.get("input").as_text().map(serde_json::from_str::<Map<String, Json>>) {
            None => return Ok(()),
            Some(Ok(settled)) => settled,
            Some(Err(error)) => return Err(refused("input", ProblemCode::InvalidFormat, format!("input is no JSON object: {error}."))),
        };
        let problems = check_part(operation, &settled);
        match problems.first() {
            None => Ok(()),
            Some(first) => {
                Err(refused("input", ProblemCode::NotAllowed, format!("input cannot be used, at {}: {}", first.pointer, first.detail)))
            }
        }
    }

    fn audit(&self, _draft: &Draft) -> Option<AuditNote> {
        // What it is called is prose about a person.
        AuditKind::CredentialChanged.with_names()
    }

    fn committed(&self, _context: &Context, _draft: &Draft) {
        (self.credentials_changed)();
    }
}

/// Refuses names that are no fields of the record, as far as whoever asks can know.
fn check_fields(def: &ResourceDef, mask: &FieldMask, fields: &str) -> Result<()> {
    let unknown = fields.split(',').map(str::trim).find(|name| !def.field(name).is_some_and(|field| mask.sees(field)));
    match unknown {
        None => Ok(()),
        Some(name) => {
            let text = format!("fields names {name:?}, and {} have no field of this name.", def.plural);
            Err(refused("fields", ProblemCode::NotAllowed, text))
        }
    }
}

fn refused(field: &str, code: ProblemCode, text: String) -> Error {
    Error::validation(vec![FieldProblem::new(format!("/{field}"), code, text)])
}
