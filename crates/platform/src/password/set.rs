//! `setUserPassword`.

use super::{refuse_weak, values};
use crate::session::end_all;
use async_trait::async_trait;
use clientela_access::Passwords;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, ErrorCode, Id, Result};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Sets a user's password.
pub struct SetUserPassword {
    /// Hashes it.
    pub(crate) passwords: Passwords,
}

/// The password.
#[derive(Shape)]
pub struct UserPassword {
    /// The new password: at least 12 characters, and not the person's own name or address.
    #[field(max = 200, example = "\"correct horse battery staple\"")]
    pub password: String,
}

/// Whose password it is.
#[derive(Shape)]
pub struct UserWithPassword {
    /// The user.
    #[field(record = "user")]
    pub user: Id,
}

#[async_trait]
impl Operation for SetUserPassword {
    type Input = UserPassword;
    type Output = UserWithPassword;

    fn definition() -> OperationDef {
        OperationDef::writing::<UserPassword, UserWithPassword>(
            "setUserPassword",
            "user",
            "set-password",
            "Sets the password a user signs in with, and ends his sessions. Only administrators may. Nobody can read it again, nor does the change log hold it.",
        )
        .on_record()
        .confidential()
    }

    async fn run(&self, call: &Call<'_>, given: UserPassword) -> Result<UserWithPassword> {
        let user = call.target()?;
        if !call.context.is_administrator() {
            // Whoever could set an administrator's password would be one.
            return Err(Error::new(ErrorCode::Forbidden, "Only administrators set passwords of others. Ask one of them."));
        }
        refuse_weak(user, &given.password, "password")?;
        let hash = self.passwords.hash(&given.password).await?;
        call.set("user", user.id, values(hash, call.now()), None).await?;
        end_all(call, user.id).await?;
        Ok(UserWithPassword { user: user.id })
    }
}
