//! The user: a person who works with the records.

use crate::CredentialsChanged;
use crate::audit_entry::AuditKind;
use crate::rights::refuse_lockout;
use crate::session;
use async_trait::async_trait;
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader, refuse_cycle};
use clientela_engine::{AuditNote, Rules};
use clientela_kernel::{Context, Date, Id, Result, Timestamp};
use clientela_macros::{Choice, resource};

/// Where a user comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum UserAudience {
    /// One of your own people.
    Staff,
    /// One of a customer's own people, who reaches what concerns that customer.
    Portal,
    /// One of the people of a company that sells with you, who reaches what concerns that company and what you share with it.
    Partner,
}

/// A person who works with the records: one of your own who owns them, signs in, is named as their creator, or somebody from outside, with an
/// `accountUser` that says whom they belong to.
// `user` is a reserved word of SQL.
#[resource(
    name = "user",
    table = "app_user",
    prefix = "usr",
    label = "name",
    unique("app_user_email_key", "email"),
    unique("app_user_user_name_key", "userName")
)]
pub struct Model {
    /// The person's full name, as colleagues see it.
    #[field(search = "name", max = 200, folded, example = "\"Maria Huber\"")]
    pub name: String,
    /// The address the person signs in with and is written to. No two users share one; case does not count. Somebody who only
    /// owns records, such as a colleague who has left, needs none.
    #[field(search = "detail", format = "email", max = 254, folded, example = "\"maria.huber@alpine-foods.example\"")]
    pub email: Option<String>,
    /// What an identity provider calls the person (`userName` of SCIM); where empty, the e-mail address counts. No two users share one; case does not count.
    /// Nobody signs in with it here.
    #[field(max = 254, folded, example = "\"maria.huber@login.alpine-foods.example\"")]
    pub user_name: Option<String>,
    /// The person's given name, where it is known apart from the full one.
    #[field(max = 100, folded, example = "\"Maria\"")]
    pub given_name: Option<String>,
    /// The person's family name, where it is known apart from the full one.
    #[field(max = 100, folded, example = "\"Huber\"")]
    pub family_name: Option<String>,
    /// The person's job title.
    #[field(search = "detail", max = 100, example = "\"Key account manager\"")]
    pub title: Option<String>,
    /// The person's telephone number at work.
    #[field(format = "phone", max = 40, example = "\"+43 1 5550 142\"")]
    pub phone: Option<String>,
    /// IANA name of the zone the person works in; relative dates in the person's filters follow it. The tenant's where empty.
    #[field(format = "time_zone", max = 64, example = "\"Europe/Vienna\"")]
    pub time_zone: Option<String>,
    /// BCP 47 tag of the language the person reads best. The tenant's where empty.
    #[field(format = "language", max = 35, example = "\"de-AT\"")]
    pub language: Option<String>,
    /// Whether the person may sign in. Set it to false when somebody leaves: sessions end at once, records keep their owner and their history.
    #[field(default = "true")]
    pub active: bool,
    /// Where the person comes from. Said once: somebody who changes sides gets a user of their own.
    #[field(default = "\"STAFF\"", write = "immutable")]
    pub audience: UserAudience,
    /// The person's first day at work.
    #[field(example = "\"2019-05-01\"")]
    pub hired_on: Option<Date>,
    /// When the person's password was last set; empty where there is none, and the person signs in otherwise.
    #[field(write = "read_only", example = "\"2026-01-31T08:15:00.000Z\"")]
    pub password_set_at: Option<Timestamp>,
    /// The password, as argon2id makes it unreadable.
    #[field(write = "read_only", secret, max = 200, example = "\"\"")]
    pub password_hash: Option<String>,
    /// The user this person reports to. The chain of managers never closes in a circle.
    #[field(
        refers = "user",
        inverse = "reports",
        inverse_description = "The users who report to this one.",
        on_delete = "clear",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub manager_id: Option<Id>,
}

/// The rules of users.
pub struct UserRules {
    /// Called when a user has changed.
    pub(crate) credentials_changed: CredentialsChanged,
}

#[async_trait]
impl Rules for UserRules {
    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        refuse_cycle(reader, draft, "managerId").await
    }

    async fn companions(&self, context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        refuse_lockout(reader, draft).await?;
        let leaves = draft.kind == ChangeKind::Updated && draft.old("active").as_boolean() == Some(true) && draft.changed("active");
        if leaves { session::ends(context, reader, draft.id).await } else { Ok(Vec::new()) }
    }

    fn audit(&self, draft: &Draft) -> Option<AuditNote> {
        let same = draft.kind == ChangeKind::Updated && !["active", "email", "passwordSetAt"].iter().any(|field| draft.changed(field));
        match draft.changed("passwordSetAt") {
            _ if same => None,
            true => AuditKind::PasswordChanged.with_names(),
            false => AuditKind::UserChanged.with_names(),
        }
    }

    fn committed(&self, _context: &Context, _draft: &Draft) {
        (self.credentials_changed)();
    }
}
