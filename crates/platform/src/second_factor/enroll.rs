//! `enrollSecondFactor`.

use super::{of_user, oneself};
use async_trait::async_trait;
use clientela_access::password::account_of;
use clientela_access::{Passwords, totp};
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, FieldProblem, Id, ProblemCode, Result, Value};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Begins to set up the caller's second factor.
pub struct EnrollSecondFactor {
    /// Knows the password.
    pub(crate) passwords: Passwords,
}

/// The password.
#[derive(Shape)]
pub struct SecondFactorEnrollment {
    /// Your password: whoever finds an open session must not lock you out.
    #[field(max = 200, example = "\"correct horse battery staple\"")]
    pub current_password: String,
}

/// What goes into an authenticator app.
#[derive(Shape)]
pub struct SecondFactorEnrolled {
    /// The secret in base 32, for apps in which it is typed. Shown only here, once.
    #[field(secret, max = 64, example = "\"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP\"")]
    pub secret: Option<String>,
    /// The same as an address for a QR code, by which apps take it. Shown only here, once.
    #[field(secret, max = 1_000, example = "\"otpauth://totp/Alpine%20Foods:maria?secret=JBSWY3DPEHPK3PXP&issuer=Alpine%20Foods\"")]
    pub address: Option<String>,
}

#[async_trait]
impl Operation for EnrollSecondFactor {
    type Input = SecondFactorEnrollment;
    type Output = SecondFactorEnrolled;

    fn definition() -> OperationDef {
        OperationDef::writing::<SecondFactorEnrollment, SecondFactorEnrolled>(
            "enrollSecondFactor",
            "user",
            "enroll-second-factor",
            "Begins to set up a second factor for the user who asks: answers a secret for an authenticator app. It counts once confirmSecondFactor \
             has had a code of it; until then one that was set up before stays.",
        )
        .for_oneself()
        .confidential()
    }

    async fn run(&self, call: &Call<'_>, given: SecondFactorEnrollment) -> Result<SecondFactorEnrolled> {
        let id = oneself(call)?;
        let (tenant, account) = (call.context.tenant, account_of(id));
        self.passwords.try_account(tenant, &account, call.now())?;
        let user = call.record("user", id).await?.ok_or_else(|| Error::internal("the caller is no user any more"))?;
        let fits = match user.get("passwordHash").as_text() {
            Some(stored) => self.passwords.confirms(&given.current_password, stored).await?,
            None => false,
        };
        if !fits {
            let text = "currentPassword is not your password. Whoever has none needs no second factor here: none is asked for.";
            return Err(Error::validation(vec![FieldProblem::new("/currentPassword", ProblemCode::NotAllowed, text)]));
        }
        self.passwords.succeeded(tenant, &account);
        let secret = totp::mint();
        let pending = vec![("pendingSecret", Value::from(secret.as_str()))];
        match of_user(call, id).await? {
            Some(found) => call.set_by_server("secondFactor", found.id, pending).await?,
            None => call.create_by_server("secondFactor", [("userId", Value::Id(id.0))].into_iter().chain(pending).collect()).await?,
        };
        let tenant = call.record("tenant", Id(tenant.0)).await?;
        let issuer = tenant.as_ref().and_then(|tenant| tenant.get("name").as_text()).unwrap_or("Clientela");
        let name = user.get("email").as_text().or_else(|| user.get("name").as_text()).unwrap_or_default();
        let address = totp::address(&secret, issuer, name);
        Ok(SecondFactorEnrolled { secret: Some(secret), address: Some(address) })
    }
}
