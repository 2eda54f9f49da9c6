//! Signing in on a device without a browser (RFC 8628): the device shows a code, the person enters it elsewhere.

use super::client::narrowed;
use super::grants::{DEVICE, Device, Found, read};
use super::{
    Answer, AuthorizationServer, DEVICE as DEVICE_LIFETIME, GrantType, NewSession, OauthClient, OauthError, Origin, Parameters, SESSION,
    digest, later, place, secret,
};
use clientela_kernel::{Id, TenantId, Timestamp};
use rand::Rng as _;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// How many seconds a device waits between two questions.
pub(super) const INTERVAL: i64 = 5;
/// Letters of the code that a person enters: no vowels, so that no words come about.
const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";

/// A device that waits for its person.
pub struct DeviceRequest {
    /// Its tenant.
    pub tenant: TenantId,
    /// The program on it.
    pub client: Arc<OauthClient>,
    /// What it will be allowed.
    pub scopes: String,
    found: Found<Device>,
}

/// A new code for a person to enter.
fn letters() -> String {
    let mut random = rand::rng();
    (0..8).filter_map(|_| LETTERS.get(random.random_range(0..LETTERS.len()))).map(|letter| char::from(*letter)).collect()
}

impl AuthorizationServer {
    /// `POST /oauth/device_authorization`.
    pub async fn device(&self, parameters: &Parameters, authorization: Option<&str>, origin: Origin, now: Timestamp) -> Answer<Json> {
        let client = self.client(parameters, authorization, now).await?;
        client.may(GrantType::DeviceCode)?;
        let scopes = narrowed(parameters.get("scope"), &client.scopes)?;
        let device = secret("");
        let letters = letters();
        let data = Device {
            client: client.id.0,
            client_id: client.client_id.clone(),
            scope: scopes.to_text(),
            session: self.0.records.mint(now).0,
            allowed: None,
            user: None,
            address: origin.address,
            user_agent: origin.user_agent,
        };
        self.give_out(client.tenant, (DEVICE, &device, Some(digest(&letters))), &data, later(now, DEVICE_LIFETIME), now).await?;
        let (first, last) = letters.split_at(4);
        let shown = format!("{first}-{last}");
        let page = format!("{}/oauth/device", self.0.issuer);
        Ok(json!({
            "device_code": device,
            "user_code": shown,
            "verification_uri": page,
            "verification_uri_complete": format!("{page}?user_code={shown}"),
            "expires_in": DEVICE_LIFETIME / 1_000,
            "interval": INTERVAL,
        }))
    }

    /// The device that shows a code; none where no device does, or not any more.
    pub async fn waiting(&self, user_code: &str, origin: &Origin, now: Timestamp) -> Answer<Option<DeviceRequest>> {
        if let Some(address) = origin.address.filter(|address| !address.is_loopback()) {
            self.0.passwords.try_address(&address.to_string(), now)?;
        }
        let letters: String = user_code.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_uppercase()).collect();
        let Some((tenant, kept)) = self.0.records.looked_up(&digest(&letters)).await? else { return Ok(None) };
        if kept.kind != DEVICE || kept.expires_at <= now || kept.used_at.is_some() {
            return Ok(None);
        }
        let Some(found) = read::<Device>(kept).filter(|found| found.data.allowed.is_none()) else { return Ok(None) };
        let client = self.0.authenticator.client(&found.data.client_id, now).await?.filter(|client| client.active);
        Ok(client.map(|client| DeviceRequest { tenant, client, scopes: found.data.scope.clone(), found }))
    }

    /// What the person has decided; false where it was too late.
    pub async fn decide(&self, request: DeviceRequest, user: Option<Id>, now: Timestamp) -> Answer<bool> {
        let mut found = request.found;
        found.data.allowed = Some(user.is_some());
        found.data.user = user.map(|user| user.0);
        // A code that was entered is of no more use to anybody.
        found.kept.lookup = None;
        self.overwrite(request.tenant, &found, now).await
    }

    /// The device asks whether its person has decided.
    pub(super) async fn poll(&self, client: &OauthClient, parameters: &Parameters, _: Origin, now: Timestamp) -> Answer<Json> {
        let code = parameters.need("device_code")?;
        let unknown = || OauthError::new("invalid_grant", "The device code is unknown, or was used before. Begin anew.");
        let mut found = self.brought::<Device>(client.tenant, DEVICE, code).await?.ok_or_else(unknown)?;
        if found.data.client != client.id.0 || found.kept.used_at.is_some() {
            return Err(unknown());
        }
        if found.kept.expires_at <= now {
            return Err(OauthError::new("expired_token", "The device code's time is over. Begin anew."));
        }
        let user = match (found.data.allowed, found.data.user) {
            (Some(true), Some(user)) => Id(user),
            (Some(_), _) => return Err(OauthError::new("access_denied", "The person did not allow it.")),
            (None, _) => {
                if self.0.polls.count(&place(code).to_string(), now).is_err() {
                    return Err(OauthError::new("slow_down", format!("Ask every {INTERVAL} seconds at most.")));
                }
                return Err(OauthError::new("authorization_pending", "The person has not decided yet. Ask again."));
            }
        };
        if !self.spend(client.tenant, &mut found, now).await? {
            return Err(unknown());
        }
        if !self.may_sign_in(client.tenant, user) {
            return Err(OauthError::new("access_denied", "The person may sign in no more."));
        }
        let (data, ends) = (&found.data, later(now, SESSION));
        let origin = Origin { address: data.address, user_agent: data.user_agent.clone(), request: None };
        self.0.records.open(client.tenant, NewSession { id: Id(data.session), client, user, origin, expires_at: ends }).await?;
        let scopes = AuthorizationServer::within(&data.scope, client);
        self.of_session(client, (user, data.session), (scopes.clone(), scopes), ends, now).await
    }
}
