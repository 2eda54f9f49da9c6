//! The second factor: what a user is asked for beside the password.

pub mod confirm;
pub mod disable;
pub mod enroll;
pub mod recovery;
pub mod remove;

use crate::audit_entry::AuditKind;
use clientela_access::Passwords;
use clientela_access::totp;
use clientela_engine::module::{ChangeKind, Draft, Found};
use clientela_engine::{AuditNote, Call, Rules};
use clientela_kernel::{ActorKind, Comparison, Error, ErrorCode, FieldProblem, Filter, Id, ProblemCode, Result, Timestamp, Value};
use clientela_macros::resource;

/// The second factor of a user: one-time passwords by time (TOTP, RFC 6238) of an authenticator app, and recovery codes. Users set theirs up by
/// `enrollSecondFactor` and `confirmSecondFactor`; an administrator takes one away that somebody has lost. What the codes are made of nobody can read.
#[resource(name = "secondFactor", prefix = "sfa", unattachable, read_only, administrators_only, unique("second_factor_user_key", "userId"))]
pub struct Model {
    /// Whose it is.
    #[field(
        refers = "user",
        inverse = "secondFactors",
        inverse_description = "What this user is asked for beside the password.",
        on_delete = "cascade",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub user_id: Id,
    /// Since when the user is asked for it; empty while it is not set up.
    #[field(example = "\"2026-01-31T08:15:00.000Z\"")]
    pub confirmed_at: Option<Timestamp>,
    /// When it was last used.
    #[field(example = "\"2026-01-31T08:15:00.000Z\"")]
    pub last_used_at: Option<Timestamp>,
    /// How many recovery codes have not been used yet.
    #[field(min = 0, max = 100, default = "0", example = "10")]
    pub recovery_codes_left: i64,
    /// The secret that the app has too.
    #[field(secret, max = 64, example = "null")]
    pub totp_secret: Option<String>,
    /// The secret that waits for its first code.
    #[field(secret, max = 64, example = "null")]
    pub pending_secret: Option<String>,
    /// The step of time of the last code that was used: none before it works again.
    #[field(secret, max = 20, example = "null")]
    pub last_step: Option<String>,
    /// Digests of the recovery codes that were not used, with spaces between.
    #[field(secret, max = 1_000, example = "null")]
    pub recovery_digests: Option<String>,
}

/// The rules of second factors.
pub struct SecondFactorRules;

impl Rules for SecondFactorRules {
    fn audit(&self, draft: &Draft) -> Option<AuditNote> {
        // Beginning to set one up changes nothing yet, and that one was used the sign-in tells.
        let changes = ["confirmedAt", "totpSecret", "recoveryDigests"].iter().any(|field| draft.changed(field));
        (changes || draft.kind != ChangeKind::Updated && draft.kind != ChangeKind::Created)
            .then(|| AuditKind::SecondFactorChanged.with_names())
            .flatten()
    }
}

/// The caller, who must be a person.
fn oneself(call: &Call<'_>) -> Result<Id> {
    match call.context.actor.kind {
        ActorKind::User => Ok(call.context.actor.id),
        _ => Err(Error::new(ErrorCode::Forbidden, "Only people have a second factor. Sign in as a user.")),
    }
}

/// What there is of a user.
async fn of_user(call: &Call<'_>, user: Id) -> Result<Option<Found>> {
    Ok(call.find("secondFactor", Filter::field("userId", Comparison::Equal(Value::Id(user.0)))).await?.pop())
}

/// What there is of a user who has set one up.
async fn set_up(call: &Call<'_>, user: Id) -> Result<Found> {
    let found = of_user(call, user).await?.filter(|found| !found.get("confirmedAt").is_null());
    found.ok_or_else(|| Error::new(ErrorCode::Forbidden, "You have no second factor. Set one up with enrollSecondFactor first."))
}

fn text<'f>(found: &'f Found, field: &str) -> Option<&'f str> {
    found.get(field).as_text()
}

/// The name under which attempts are counted.
pub(crate) fn account(user: Id) -> String {
    format!("second factor {}", user.to_text("usr"))
}

fn wrong_code() -> Error {
    let text =
        "code is not one that holds now: each works once, and for half a minute. Take the next one, and look at the clock of your device.";
    Error::validation(vec![FieldProblem::new("/code", ProblemCode::NotAllowed, text)])
}

/// The digests of recovery codes as they are kept.
pub(crate) fn digests(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// What is written when a code was used: what it changes. Nothing where it does not hold.
fn spent(found: &Found, code: &str, now: Timestamp) -> Option<Vec<(&'static str, Value)>> {
    let last = text(found, "lastStep").and_then(|step| step.parse().ok());
    if let Some(step) = totp::step_of(text(found, "totpSecret")?, code, now, last) {
        return Some(vec![("lastStep", step.to_string().into())]);
    }
    let mut left = digests(text(found, "recoveryDigests"));
    let digest = totp::recovery_digest(code)?;
    let place = left.iter().position(|known| *known == digest)?;
    left.remove(place);
    let count = i64::try_from(left.len()).unwrap_or(0);
    Some(vec![("recoveryDigests", left.join(" ").into()), ("recoveryCodesLeft", Value::Integer(count))])
}

/// Refuses whoever brings a code that does not hold; answers what it changes otherwise.
async fn proven(call: &Call<'_>, passwords: &Passwords, user: Id, found: &Found, code: &str) -> Result<Vec<(&'static str, Value)>> {
    passwords.try_account(call.context.tenant, &account(user), call.now())?;
    let spent = spent(found, code, call.now()).ok_or_else(wrong_code)?;
    passwords.succeeded(call.context.tenant, &account(user));
    Ok(spent)
}

/// New recovery codes: what is shown, and what is kept.
fn new_codes() -> (String, Vec<(&'static str, Value)>) {
    let (codes, digests) = totp::recovery();
    let count = i64::try_from(codes.len()).unwrap_or(0);
    (codes.join(" "), vec![("recoveryDigests", digests.join(" ").into()), ("recoveryCodesLeft", Value::Integer(count))])
}

/// Nothing is left of it.
fn emptied() -> Vec<(&'static str, Value)> {
    vec![
        ("confirmedAt", Value::Null),
        ("totpSecret", Value::Null),
        ("pendingSecret", Value::Null),
        ("lastStep", Value::Null),
        ("recoveryDigests", Value::Null),
        ("recoveryCodesLeft", Value::Integer(0)),
    ]
}
