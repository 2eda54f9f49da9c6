//! The session: a person who has signed in to a program, for as long as it goes on.

use crate::CredentialsChanged;
use crate::audit_entry::AuditKind;
use async_trait::async_trait;
use clientela_engine::module::{ChangeKind, Companion, Draft, Found, RuleReader};
use clientela_engine::{AuditNote, Call, Operation, Rules};
use clientela_kernel::{Comparison, Context, Filter, Id, Result, Timestamp, Value};
use clientela_macros::{Shape, resource};
use clientela_model::OperationDef;

/// A person who has signed in to a program. It begins when the person signs in and ends when it is revoked or its time is over; all
/// tokens that came of it end with it.
#[resource(name = "session", table = "sign_in_session", prefix = "ses", unattachable, read_only, owner = "userId")]
pub struct Model {
    /// Who signed in.
    #[field(
        refers = "user",
        inverse = "sessions",
        inverse_description = "Where this person is signed in.",
        on_delete = "cascade",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub user_id: Id,
    /// The program.
    #[field(
        refers = "oauthClient",
        inverse = "sessions",
        inverse_description = "Who is signed in to this program.",
        on_delete = "cascade",
        example = "\"oac_01h455vb4pex5vsknk084sn02q\""
    )]
    pub oauth_client_id: Id,
    /// The network address the person signed in from.
    #[field(max = 60, example = "\"192.0.2.7\"")]
    pub address: Option<String>,
    /// What the browser said it is.
    #[field(max = 300, example = "\"Mozilla/5.0 (X11; Linux x86_64)\"")]
    pub user_agent: Option<String>,
    /// When the program last got a token.
    #[field(example = "\"2026-01-31T08:15:00.000Z\"")]
    pub last_used_at: Timestamp,
    /// When the person must sign in again in any case.
    #[field(example = "\"2099-01-31T08:15:00.000Z\"")]
    pub expires_at: Timestamp,
    /// When it was revoked. A revoked session stays so.
    #[field(example = "null")]
    pub revoked_at: Option<Timestamp>,
}

/// The rules of sessions.
pub struct SessionRules {
    /// Called when one was revoked.
    pub(crate) credentials_changed: CredentialsChanged,
}

impl Rules for SessionRules {
    fn audit(&self, draft: &Draft) -> Option<AuditNote> {
        let ended = draft.kind != ChangeKind::Created && (draft.changed("revokedAt") || draft.changed("deletedAt"));
        ended.then(|| AuditKind::SessionRevoked.with_names()).flatten()
    }

    fn committed(&self, _context: &Context, draft: &Draft) {
        if draft.changed("revokedAt") || draft.changed("deletedAt") {
            (self.credentials_changed)();
        }
    }
}

/// The sessions of a user that have not been revoked.
fn open(user: Id) -> Filter {
    let of_user = Filter::field("userId", Comparison::Equal(Value::Id(user.0)));
    Filter::And(vec![of_user, Filter::field("revokedAt", Comparison::IsNull)])
}

/// What ends every session of a user along with another change: whoever may not sign in any more is out, and stays out when they may again.
pub(crate) async fn ends(context: &Context, reader: &dyn RuleReader, user: Id) -> Result<Vec<Companion>> {
    let sessions = reader.find("session", open(user)).await?;
    let end = |session: &Found| Companion::Patch {
        resource: "session",
        id: session.id,
        values: vec![("revokedAt", Value::Instant(context.now))],
    };
    Ok(sessions.iter().map(end).collect())
}

/// Ends every session of a user: whoever knew the old password is out.
pub(crate) async fn end_all(call: &Call<'_>, user: Id) -> Result<()> {
    // Done with the server's right to look, since only the open ones of one user are asked for.
    for session in call.find("session", open(user)).await? {
        call.set_by_server("session", session.id, vec![("revokedAt", Value::Instant(call.now()))]).await?;
    }
    Ok(())
}

/// Revokes a session.
pub struct RevokeSession;

/// Nothing more needs to be said.
#[derive(Shape)]
pub struct SessionRevocation {}

/// What has ended.
#[derive(Shape)]
pub struct SessionRevoked {
    /// The session.
    #[field(record = "session")]
    pub session: Id,
}

#[async_trait]
impl Operation for RevokeSession {
    type Input = SessionRevocation;
    type Output = SessionRevoked;

    fn definition() -> OperationDef {
        OperationDef::writing::<SessionRevocation, SessionRevoked>(
            "revokeSession",
            "session",
            "revoke",
            "Ends a session: its refresh tokens and its access tokens are refused from the next request on. One that has ended already stays as it is.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, _given: SessionRevocation) -> Result<SessionRevoked> {
        let session = call.target()?;
        if session.get("revokedAt").is_null() {
            call.set("session", session.id, vec![("revokedAt", Value::Instant(call.now()))], None).await?;
        }
        Ok(SessionRevoked { session: session.id })
    }
}
