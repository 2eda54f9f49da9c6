//! A person signs in with address and password. Whatever is wrong, the answer and the work are the same.

use super::grants::{STEP, Step};
use super::{Answer, AuthorizationServer, OauthClient, Origin, STEP as STEP_LIFETIME, SecondFactor, SignIn, later, secret};
use crate::totp;
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This user.
    In(Id),
    /// The password is right; now the code of the second factor, together with this secret.
    Code(String),
    /// Address or password is wrong; which one nobody is told.
    Wrong,
    /// The code is wrong: another one, with the same secret.
    WrongCode(String),
    /// It took too long. The person begins anew.
    Over,
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
                self.0.passwords.succeeded(tenant, &account);
                if self.0.records.second_factor(tenant, user).await?.is_some() {
                    let asked = secret("");
                    let data = Step { client: client.id.0, user: user.0, external: false };
                    self.give_out(tenant, (STEP, &asked, None), &data, later(now, STEP_LIFETIME), now).await?;
                    return Ok(Outcome::Code(asked));
                }
                self.note(client, Some(user), PASSWORD, None, origin).await?;
                Ok(Outcome::In(user))
            }
            None => {
                let why = if user.is_some() { "wrong password" } else { "no such account" };
                self.note(client, user, PASSWORD, Some(why), origin).await?;
                Ok(Outcome::Wrong)
            }
        }
    }

    /// Looks at the code of a second factor, after the password was right: `asked` is what [`Outcome::Code`] said.
    ///
    /// # Errors
    /// `temporarily_unavailable` where there were too many attempts of late.
    pub async fn second_factor(&self, client: &OauthClient, asked: &str, code: &str, origin: &Origin, now: Timestamp) -> Answer<Outcome> {
        let tenant = client.tenant;
        let Some(mut found) = self.brought::<Step>(tenant, STEP, asked).await? else { return Ok(Outcome::Over) };
        let is_over = found.kept.used_at.is_some() || found.kept.expires_at <= now || found.data.client != client.id.0;
        let user = Id(found.data.user);
        if is_over || !self.may_sign_in(tenant, user) {
            return Ok(Outcome::Over);
        }
        // It was taken away meanwhile: the person begins anew, and is not asked again.
        let Some(factor) = self.0.records.second_factor(tenant, user).await? else { return Ok(Outcome::Over) };
        let Some((used, way)) = self.check_code(client, user, factor, code, origin, now).await? else {
            return Ok(Outcome::WrongCode(asked.to_owned()));
        };
        // Of two who bring the same code at once one gets in.
        if !self.spend(tenant, &mut found, now).await? {
            return Ok(Outcome::Over);
        }
        if !self.0.records.second_factor_used(tenant, &used).await? {
            self.note(client, Some(user), SECOND_FACTOR, Some("the code was used before"), origin).await?;
            return Ok(Outcome::Over);
        }
        let way = if found.data.external { "identity provider and second factor" } else { way };
        self.note(client, Some(user), way, None, origin).await?;
        Ok(Outcome::In(user))
    }

    /// Looks at a code of a second factor: what is left of it after it was used, and by which way; nothing where it is wrong.
    pub(super) async fn check_code(
        &self,
        client: &OauthClient,
        user: Id,
        factor: SecondFactor,
        code: &str,
        origin: &Origin,
        now: Timestamp,
    ) -> Answer<Option<(SecondFactor, &'static str)>> {
        let tenant = client.tenant;
        let account = format!("second factor {}", user.to_text("usr"));
        if let Err(error) = self.0.passwords.try_account(tenant, &account, now) {
            if self.0.notes.count(&format!("{tenant} {account}"), now).is_ok() {
                self.note(client, Some(user), SECOND_FACTOR, Some("too many attempts"), origin).await?;
            }
            return Err(error.into());
        }
        let used = spent(factor, code, now);
        match &used {
            Some(_) => self.0.passwords.succeeded(tenant, &account),
            None => self.note(client, Some(user), SECOND_FACTOR, Some("wrong code"), origin).await?,
        }
        Ok(used)
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
const SECOND_FACTOR: &str = "second factor";

/// The second factor after a code was used, and by which way; nothing where the code does not hold.
fn spent(factor: SecondFactor, code: &str, now: Timestamp) -> Option<(SecondFactor, &'static str)> {
    if let Some(step) = totp::step_of(&factor.secret, code, now, factor.last_step) {
        return Some((SecondFactor { last_step: Some(step), ..factor }, "password and second factor"));
    }
    let digest = totp::recovery_digest(code)?;
    let mut recovery = factor.recovery;
    let place = recovery.iter().position(|known| *known == digest)?;
    recovery.remove(place);
    Some((SecondFactor { recovery, ..factor }, "password and recovery code"))
}
