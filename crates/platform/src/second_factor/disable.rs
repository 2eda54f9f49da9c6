//! `disableSecondFactor`.

use super::{emptied, oneself, proven, set_up};
use async_trait::async_trait;
use clientela_access::Passwords;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Result, Timestamp};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Takes the caller's second factor away.
pub struct DisableSecondFactor {
    /// Counts attempts.
    pub(crate) passwords: Passwords,
}

/// A code.
#[derive(Shape)]
pub struct SecondFactorDisabling {
    /// A code of the app, or a recovery code.
    #[field(max = 40, example = "\"492039\"")]
    pub code: String,
}

/// It is no longer asked for.
#[derive(Shape)]
pub struct SecondFactorDisabled {
    /// Since when.
    #[field(example = "\"2026-01-31T08:15:00.000Z\"")]
    pub disabled_at: Timestamp,
}

#[async_trait]
impl Operation for DisableSecondFactor {
    type Input = SecondFactorDisabling;
    type Output = SecondFactorDisabled;

    fn definition() -> OperationDef {
        OperationDef::writing::<SecondFactorDisabling, SecondFactorDisabled>(
            "disableSecondFactor",
            "user",
            "disable-second-factor",
            "Takes the second factor of the user who asks away, by a code of it. Secret and recovery codes are forgotten.",
        )
        .for_oneself()
        .confidential()
    }

    async fn run(&self, call: &Call<'_>, given: SecondFactorDisabling) -> Result<SecondFactorDisabled> {
        let user = oneself(call)?;
        let found = set_up(call, user).await?;
        proven(call, &self.passwords, user, &found, &given.code).await?;
        call.set_by_server("secondFactor", found.id, emptied()).await?;
        Ok(SecondFactorDisabled { disabled_at: call.now() })
    }
}
