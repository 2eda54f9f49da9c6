//! A person signs in with address and password. Whatever is wrong, the answer and the work are the same.

use super::{Answer, AuthorizationServer, Origin};
use clientela_kernel::{Id, TenantId, Timestamp};

/// What a person has entered.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The e-mail address.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This user.
    In(Id),
    /// Address or password is wrong; which one nobody is told.
    Wrong,
}

impl AuthorizationServer {
    /// Looks whether a person is who he says.
    ///
    /// # Errors
    /// `temporarily_unavailable` where there were too many attempts of late.
    pub async fn sign_in(&self, tenant: TenantId, attempt: Attempt<'_>, origin: &Origin, now: Timestamp) -> Answer<Outcome> {
        let email = attempt.email.trim();
        // A proxy on the same machine is everybody's address.
        if let Some(address) = origin.address.filter(|address| !address.is_loopback()) {
            self.0.passwords.try_address(&address.to_string(), now)?;
        }
        let account = clientela_kernel::fold::fold(email);
        self.0.passwords.try_account(tenant, &account, now)?;
        let person = self.0.records.person(tenant, email).await?;
        let stored = person.as_ref().and_then(|person| person.password.as_deref());
        let fits = self.0.passwords.fits(attempt.password, stored).await?;
        match person.filter(|_| fits) {
            Some(person) => {
                self.0.passwords.succeeded(tenant, &account);
                Ok(Outcome::In(person.id))
            }
            None => Ok(Outcome::Wrong),
        }
    }
}
