//! `changeMyPassword`.

use super::{refuse_weak, values};
use crate::session::end_all;
use async_trait::async_trait;
use clientela_access::Passwords;
use clientela_access::password::account_of;
use clientela_engine::{Call, Operation};
use clientela_kernel::{ActorKind, Error, ErrorCode, FieldProblem, ProblemCode, Result, Timestamp};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Changes the caller's own password.
pub struct ChangeMyPassword {
    /// Hashes it.
    pub(crate) passwords: Passwords,
}

/// The two passwords.
#[derive(Shape)]
pub struct PasswordChange {
    /// The password of now.
    #[field(max = 200, example = "\"correct horse battery staple\"")]
    pub current_password: String,
    /// The new one: at least 12 characters, and not your own name or address.
    #[field(max = 200, example = "\"correct horse battery staple\"")]
    pub new_password: String,
}

/// When it was changed.
#[derive(Shape)]
pub struct PasswordChanged {
    /// From when on the new one counts.
    #[field(example = "\"2026-01-31T08:15:00.000Z\"")]
    pub changed_at: Timestamp,
}

#[async_trait]
impl Operation for ChangeMyPassword {
    type Input = PasswordChange;
    type Output = PasswordChanged;

    fn definition() -> OperationDef {
        OperationDef::writing::<PasswordChange, PasswordChanged>(
            "changeMyPassword",
            "user",
            "change-my-password",
            "Changes the password of the user who asks, and ends his sessions. Whoever has none gets the first one from an administrator.",
        )
        .for_oneself()
        .confidential()
    }

    async fn run(&self, call: &Call<'_>, given: PasswordChange) -> Result<PasswordChanged> {
        let context = call.context;
        if context.actor.kind != ActorKind::User {
            return Err(Error::new(ErrorCode::Forbidden, "Only people have a password. Sign in as a user."));
        }
        let account = account_of(context.actor.id);
        self.passwords.try_account(context.tenant, &account, context.now)?;
        let user = call.record("user", context.actor.id).await?.ok_or_else(|| Error::internal("the caller is no user any more"))?;
        let fits = match user.get("passwordHash").as_text() {
            Some(stored) => self.passwords.confirms(&given.current_password, stored).await?,
            None => false,
        };
        if !fits {
            let text = "currentPassword is not your password. Where you have none yet, an administrator sets the first one.";
            return Err(Error::validation(vec![FieldProblem::new("/currentPassword", ProblemCode::NotAllowed, text)]));
        }
        refuse_weak(&user, &given.new_password, "newPassword")?;
        self.passwords.succeeded(context.tenant, &account);
        let hash = self.passwords.hash(&given.new_password).await?;
        let changed_at = call.now();
        call.set_by_server("user", user.id, values(hash, changed_at)).await?;
        end_all(call, user.id).await?;
        Ok(PasswordChanged { changed_at })
    }
}
