//! The account user: whom somebody from outside belongs to.

use crate::CredentialsChanged;
use crate::audit_entry::AuditKind;
use crate::user::UserAudience;
use async_trait::async_trait;
use clientela_engine::module::{Draft, RuleReader};
use clientela_engine::{AuditNote, Rules};
use clientela_kernel::{Comparison, Context, Error, FieldProblem, Filter, Id, ProblemCode, Result, Value};
use clientela_macros::resource;
use clientela_model::{Choice as _, system};

/// Whom a portal or partner user belongs to: an account, a contact that the user is, or both. Whatever roles allow, such a user reaches only what concerns these,
/// and what was shared: the account, its contacts, and what depends on them. A user who belongs to nobody reaches nothing.
#[resource(name = "accountUser", prefix = "acu", unattachable, unique("account_user_user_key", "userId"))]
pub struct Model {
    /// The user, whose `audience` is `PORTAL` or `PARTNER`. Erased with the contact that it is.
    #[field(
        refers = "user",
        inverse = "accountUsers",
        inverse_description = "Whom this user belongs to, where it is a portal or partner user; one at most.",
        on_delete = "cascade",
        personal = "named",
        write = "immutable",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub user_id: Id,
    /// The account that the user works for.
    #[field(
        refers = "account",
        inverse = "users",
        inverse_description = "The portal and partner users of this account.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub account_id: Option<Id>,
    /// The contact that the user is.
    #[field(
        refers = "contact",
        inverse = "users",
        inverse_description = "The portal and partner users that are this person.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub contact_id: Option<Id>,
}

/// The rules of account users.
pub struct AccountUserRules {
    /// Called when one has changed.
    pub(crate) credentials_changed: CredentialsChanged,
}

#[async_trait]
impl Rules for AccountUserRules {
    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        if draft.get("accountId").is_null() && draft.get("contactId").is_null() {
            let text = "accountId and contactId are both empty, but the user must belong to an account or be a contact.";
            problems.push(FieldProblem::new("/accountId", ProblemCode::Required, text));
        }
    }

    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let Some(user) = draft.get("userId").as_id().filter(|_| draft.changed("userId")) else { return Ok(()) };
        let found = reader.find("user", Filter::field(system::ID, Comparison::Equal(Value::Id(user)))).await?;
        let staff = |audience: &Value| audience.as_text() == Some(UserAudience::Staff.as_str());
        if !found.first().is_some_and(|user| staff(user.get("audience"))) {
            return Ok(());
        }
        let text = "userId names one of your own people (audience STAFF). Only portal and partner users belong to an account.";
        Err(Error::validation(vec![FieldProblem::new("/userId", ProblemCode::NotAllowed, text)]))
    }

    fn audit(&self, _draft: &Draft) -> Option<AuditNote> {
        AuditKind::RightsChanged.with_values()
    }

    fn committed(&self, _context: &Context, _draft: &Draft) {
        (self.credentials_changed)();
    }
}
