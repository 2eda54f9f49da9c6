//! A person signs in with address and password. Whatever is wrong, the answer and the work are the same.

use super::{Answer, AuthorizationServer, OauthClient, Origin, SignIn};
use clientela_kernel::{Error, Id, Timestamp};

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
    /// Looks whether a person who signs in to a program is who he says. Good or refused, it stands in the audit before anybody hears of it.
    ///
    /// # Errors
    /// `temporarily_unavailable` where there were too many attempts of late.
    pub async fn sign_in(&self, client: &OauthClient, attempt: Attempt<'_>, origin: &Origin, now: Timestamp) -> Answer<Outcome> {
        let tenant = client.tenant;
        let email = attempt.email.trim();
        let account = clientela_kernel::fold::fold(email);
        if let Err(error) = self.allowed(client, &account, origin, now) {
            if self.0.notes.count(&format!("{tenant} {account}"), now).is_ok() {
                self.note(client, None, PASSWORD, Some("too many attempts"), origin).await?;
            }
            return Err(error.into());
        }
        let person = self.0.records.person(tenant, email).await?;
        let stored = person.as_ref().and_then(|person| person.password.as_deref());
        let fits = self.0.passwords.fits(attempt.password, stored).await?;
        let user = person.map(|person| person.id);
        match user.filter(|_| fits) {
            Some(user) => {
                self.note(client, Some(user), PASSWORD, None, origin).await?;
                self.0.passwords.succeeded(tenant, &account);
                Ok(Outcome::In(user))
            }
            None => {
                let why = if user.is_some() { "wrong password" } else { "no such account" };
                self.note(client, user, PASSWORD, Some(why), origin).await?;
                Ok(Outcome::Wrong)
            }
        }
    }

    fn allowed(&self, client: &OauthClient, account: &str, origin: &Origin, now: Timestamp) -> Result<(), Error> {
        // A proxy on the same machine is everybody's address.
        if let Some(address) = origin.address.filter(|address| !address.is_loopback()) {
            self.0.passwords.try_address(&address.to_string(), now)?;
        }
        self.0.passwords.try_account(client.tenant, account, now)
    }

    /// Adds a sign-in to the audit.
    pub(super) async fn note(
        &self,
        client: &OauthClient,
        user: Option<Id>,
        way: &'static str,
        refused: Option<&'static str>,
        origin: &Origin,
    ) -> Answer<()> {
        Ok(self.0.records.noted(client.tenant, SignIn { user, client, way, refused }, origin).await?)
    }

    /// Adds to the audit that a program could not prove who it is.
    pub(super) async fn note_refused_client(&self, client_id: &str, origin: &Origin, now: Timestamp) -> Answer<()> {
        let client = self.0.authenticator.client(client_id, now).await?.filter(|client| client.active);
        match client.filter(|_| self.0.notes.count(client_id, now).is_ok()) {
            Some(client) => self.note(&client, None, "client", Some("the client did not prove who it is"), origin).await,
            None => Ok(()),
        }
    }
}

const PASSWORD: &str = "password";
