//! `renewRecoveryCodes`.

use super::{new_codes, oneself, proven, set_up};
use async_trait::async_trait;
use clientela_access::Passwords;
use clientela_engine::{Call, Operation};
use clientela_kernel::Result;
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Makes new recovery codes.
pub struct RenewRecoveryCodes {
    /// Counts attempts.
    pub(crate) passwords: Passwords,
}

/// A code.
#[derive(Shape)]
pub struct RecoveryRenewal {
    /// A code of the app, or a recovery code.
    #[field(max = 40, example = "\"492039\"")]
    pub code: String,
}

/// The new ones.
#[derive(Shape)]
pub struct RecoveryRenewed {
    /// Ten recovery codes with spaces between; those from before work no more. Shown only here, once: print them.
    #[field(secret, max = 1_000, example = "\"K5QW-YZ3F-M2RA-7TPD\"")]
    pub recovery_codes: Option<String>,
}

#[async_trait]
impl Operation for RenewRecoveryCodes {
    type Input = RecoveryRenewal;
    type Output = RecoveryRenewed;

    fn definition() -> OperationDef {
        OperationDef::writing::<RecoveryRenewal, RecoveryRenewed>(
            "renewRecoveryCodes",
            "user",
            "renew-recovery-codes",
            "Makes new recovery codes for the second factor of the user who asks, by a code of it.",
        )
        .for_oneself()
        .confidential()
    }

    async fn run(&self, call: &Call<'_>, given: RecoveryRenewal) -> Result<RecoveryRenewed> {
        let user = oneself(call)?;
        let found = set_up(call, user).await?;
        let mut values = proven(call, &self.passwords, user, &found, &given.code).await?;
        let (codes, kept) = new_codes();
        // What the code would have used up of the old ones goes with them.
        values.retain(|(field, _)| *field == "lastStep");
        values.extend(kept);
        call.set_by_server("secondFactor", found.id, values).await?;
        Ok(RecoveryRenewed { recovery_codes: Some(codes) })
    }
}
