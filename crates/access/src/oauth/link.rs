//! A link that signs a user in to a program: made by an administrator's program, delivered by it (an e-mail, say), and used once. Opening it
//! changes nothing, since whatever scans mail opens links too: the person presses a button.

use super::grants::{Found, LINK};
use super::{Answer, Authorization, AuthorizationServer, Kept, OauthClient, Origin, later, place, secret};
use clientela_kernel::{Error, Id, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// How long a link waits, in milliseconds.
const LIFETIME: i64 = 15 * 60_000;

/// A link to be made.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// The program's record.
    pub client: Id,
    /// Its `client_id`.
    pub client_id: String,
    /// Who is signed in.
    pub user: Id,
    /// Where the person is sent on to with a code.
    pub redirect: String,
    /// The PKCE challenge, by which only whoever asked for the link can use the code.
    pub challenge: String,
    /// What the program gets back unchanged.
    pub state: Option<String>,
}

/// What a link stands for, as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Link {
    client: Uuid,
    user: Uuid,
    redirect: String,
    challenge: String,
    state: Option<String>,
}

/// A link that somebody has opened.
pub struct OpenedLink {
    /// The program.
    pub client: Arc<OauthClient>,
    /// Where the person will be sent on to.
    pub redirect: String,
    /// Whether a code of the second factor is asked for.
    pub needs_code: bool,
    found: Found<Link>,
}

/// What came of following a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// The person goes on there.
    To(String),
    /// The code of the second factor is wrong.
    WrongCode,
    /// The link was used, or its time is over.
    Over,
}

impl NewLink {
    /// The address of the link on this server, what is kept of it, and until when it can be followed.
    ///
    /// # Errors
    /// None that a caller causes.
    pub fn make(self, now: Timestamp) -> Result<(String, Kept)> {
        let token = secret("");
        let path = format!("/oauth/link?client_id={}&token={token}", self.client_id);
        let link = Link { client: self.client.0, user: self.user.0, redirect: self.redirect, challenge: self.challenge, state: self.state };
        let data = serde_json::to_string(&link).map_err(Error::internal)?;
        let (id, kind, expires_at) = (place(&token), LINK.to_owned(), later(now, LIFETIME));
        Ok((path, Kept { id, version: 0, kind, data, lookup: None, used_at: None, expires_at }))
    }
}

impl AuthorizationServer {
    /// The link with this token; none where it cannot be followed (any more).
    pub async fn opened(&self, client_id: &str, token: &str, now: Timestamp) -> Answer<Option<OpenedLink>> {
        let client = self.0.authenticator.client(client_id, now).await?.filter(|client| client.active);
        let Some(client) = client else { return Ok(None) };
        let Some(found) = self.brought::<Link>(client.tenant, LINK, token).await? else { return Ok(None) };
        let data = &found.data;
        let sound = found.kept.used_at.is_none() && found.kept.expires_at > now && data.client == client.id.0;
        let returns = client.redirect_uris.contains(&data.redirect) && self.may_sign_in(client.tenant, Id(data.user));
        if !sound || !returns {
            return Ok(None);
        }
        let needs_code = self.0.records.second_factor(client.tenant, Id(data.user)).await?.is_some();
        Ok(Some(OpenedLink { client, redirect: data.redirect.clone(), needs_code, found }))
    }

    /// Follows a link; `code` is that of the second factor, where one is asked for.
    ///
    /// # Errors
    /// `temporarily_unavailable` where there were too many wrong codes of late.
    pub async fn follow(&self, opened: OpenedLink, code: &str, origin: &Origin, now: Timestamp) -> Answer<Followed> {
        let OpenedLink { client, redirect, mut found, .. } = opened;
        let user = Id(found.data.user);
        let (client, tenant) = (&client, client.tenant);
        let factor = self.0.records.second_factor(tenant, user).await?;
        let used = match factor {
            None => None,
            Some(factor) => match self.check_code(client, user, factor, code, origin, now).await? {
                Some(used) => Some(used),
                None => return Ok(Followed::WrongCode),
            },
        };
        if !self.spend(tenant, &mut found, now).await? {
            return Ok(Followed::Over);
        }
        if let Some((used, _)) = &used
            && !self.0.records.second_factor_used(tenant, used).await?
        {
            return Ok(Followed::Over);
        }
        let way = if used.is_some() { "link and second factor" } else { "link" };
        self.note(client, Some(user), way, None, origin).await?;
        let data = &found.data;
        let request = Authorization::of(Arc::clone(client), redirect, data.challenge.clone(), data.state.clone());
        Ok(Followed::To(self.granted(&request, user, origin, now).await?))
    }
}
