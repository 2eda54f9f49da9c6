//! `confirmSecondFactor`.

use super::{account, new_codes, of_user, oneself, text, wrong_code};
use async_trait::async_trait;
use clientela_access::{Passwords, totp};
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, ErrorCode, Result, Timestamp, Value};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Ends setting up the caller's second factor.
pub struct ConfirmSecondFactor {
    /// Counts attempts.
    pub(crate) passwords: Passwords,
}

/// The first code.
#[derive(Shape)]
pub struct SecondFactorConfirmation {
    /// The six digits that the app shows now.
    #[field(max = 40, example = "\"492039\"")]
    pub code: String,
}

/// From now on it is asked for.
#[derive(Shape)]
pub struct SecondFactorConfirmed {
    /// Since when.
    #[field(example = "\"2026-01-31T08:15:00.000Z\"")]
    pub confirmed_at: Timestamp,
    /// Ten recovery codes with spaces between, each of which works once in the place of a code of the app. Shown only here, once: print them.
    #[field(secret, max = 1_000, example = "\"K5QW-YZ3F-M2RA-7TPD\"")]
    pub recovery_codes: Option<String>,
}

#[async_trait]
impl Operation for ConfirmSecondFactor {
    type Input = SecondFactorConfirmation;
    type Output = SecondFactorConfirmed;

    fn definition() -> OperationDef {
        OperationDef::writing::<SecondFactorConfirmation, SecondFactorConfirmed>(
            "confirmSecondFactor",
            "user",
            "confirm-second-factor",
            "Ends setting up the second factor of the user who asks, by a first code of the app. From then on signing in asks for one. Answers recovery codes.",
        )
        .for_oneself()
        .confidential()
    }

    async fn run(&self, call: &Call<'_>, given: SecondFactorConfirmation) -> Result<SecondFactorConfirmed> {
        let user = oneself(call)?;
        let found = of_user(call, user).await?;
        let pending = found.as_ref().and_then(|found| Some((found.id, text(found, "pendingSecret")?.to_owned())));
        let Some((id, secret)) = pending else {
            return Err(Error::new(ErrorCode::Forbidden, "No second factor is being set up. Begin with enrollSecondFactor."));
        };
        self.passwords.try_account(call.context.tenant, &account(user), call.now())?;
        let step = totp::step_of(&secret, &given.code, call.now(), None).ok_or_else(wrong_code)?;
        self.passwords.succeeded(call.context.tenant, &account(user));
        let (codes, kept) = new_codes();
        let confirmed_at = call.now();
        let mut values = vec![
            ("confirmedAt", Value::Instant(confirmed_at)),
            ("totpSecret", secret.into()),
            ("pendingSecret", Value::Null),
            ("lastStep", step.to_string().into()),
        ];
        values.extend(kept);
        call.set_by_server("secondFactor", id, values).await?;
        Ok(SecondFactorConfirmed { confirmed_at, recovery_codes: Some(codes) })
    }
}
