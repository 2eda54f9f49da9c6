//! From a credential to a [`Context`]: in memory, without a database round trip.

use crate::directory::Directory;
use crate::oauth::{CLIENT_PREFIX, OauthClient};
use crate::policy::{Definitions, Role};
use crate::remembered::Remembered;
use crate::signing::PublicKeys;
use crate::ticket::{self, Principal, Ticket};
use crate::token::{self, Examined, Verified, refused};
use crate::{
    ApiKeyCredential, CredentialChanges, CredentialSource, Principals, PurposeToken, SigningKeys, TokenIssue, TokenRules, UserCredential,
    api_key,
};
use async_trait::async_trait;
use clientela_kernel::{Actor, ActorKind, Context, Error, ErrorCode, Id, Result, Scopes, TenantId, Timestamp};
use parking_lot::RwLock;
use serde_json::Value as Json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

/// The longest credential looked at, in bytes.
const LONGEST: usize = 8_192;
/// How long an unknown credential must wait before it makes us read the database again, in milliseconds.
const MISS_PAUSE: i64 = 1_000;

/// Tells who is behind a request. Cheap to clone.
#[derive(Clone)]
pub struct Authenticator(Arc<State>);

struct State {
    keys: RwLock<Arc<SigningKeys>>,
    others: RwLock<Arc<PublicKeys>>,
    rules: TokenRules,
    source: Arc<dyn CredentialSource>,
    definitions: Definitions,
    changes: CredentialChanges,
    directory: RwLock<Arc<Directory>>,
    reading: tokio::sync::Mutex<()>,
    last_miss: AtomicI64,
    verified: Remembered,
}

/// What the directory says of a credential.
enum Lookup {
    Found(Context),
    Unknown(&'static str),
}

/// Takes the credential out of an `Authorization` header.
pub fn bearer(header: Option<&[u8]>) -> Result<&str> {
    let header = header.ok_or_else(|| refused("No credential was sent. Send: Authorization: Bearer <token or API key>."))?;
    let text = std::str::from_utf8(header).map_err(|_| refused("The Authorization header is not plain text."))?;
    let (scheme, credential) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(refused("The Authorization header uses another scheme than Bearer. Send: Authorization: Bearer <token or API key>."));
    }
    let credential = credential.trim();
    if credential.is_empty() {
        return Err(refused("The Authorization header holds no credential. Send: Authorization: Bearer <token or API key>."));
    }
    Ok(credential)
}

impl Authenticator {
    /// Reads every key and user once; refuses to exist where that fails.
    pub async fn new(
        keys: SigningKeys,
        rules: TokenRules,
        source: Arc<dyn CredentialSource>,
        definitions: Definitions,
        changes: CredentialChanges,
    ) -> Result<Authenticator> {
        let directory = Directory::read(source.as_ref(), definitions.clone(), changes.count()).await?;
        let others = RwLock::new(Arc::new(PublicKeys::read(source.public_keys().await?)));
        Ok(Authenticator(Arc::new(State {
            keys: RwLock::new(Arc::new(keys)),
            others,
            rules,
            source,
            definitions,
            changes,
            directory: RwLock::new(Arc::new(directory)),
            reading: tokio::sync::Mutex::new(()),
            last_miss: AtomicI64::new(i64::MIN),
            verified: Remembered::default(),
        })))
    }

    /// Who sent this credential (a JWT or an API key, without the word `Bearer`)?
    ///
    /// Waits for the database only where keys or users have changed since they were last read, or where a credential
    /// is unknown and nothing was read on that account for a second.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, with what is wrong; `DATABASE_UNAVAILABLE` where changed keys cannot be read, since a revoked
    /// one might be among them.
    pub async fn authenticate(&self, bearer: &str, request_id: Uuid, now: Timestamp) -> Result<Context> {
        if self.stale() {
            self.reload().await?;
        }
        match self.look_up(bearer, request_id, now)? {
            Lookup::Found(context) => return Ok(context),
            Lookup::Unknown(reason) if !self.may_read_again(now) => return Err(refused(reason)),
            Lookup::Unknown(_) => {}
        }
        self.0.changes.mark();
        self.reload().await?;
        match self.look_up(bearer, request_id, now)? {
            Lookup::Found(context) => Ok(context),
            Lookup::Unknown(reason) => Err(refused(reason)),
        }
    }

    /// Reads keys and users again where a change was announced since the last reading. Whoever comes while another
    /// reads waits for that reading, and reads again only where it began too early.
    pub async fn reload(&self) -> Result<()> {
        let _reading = self.0.reading.lock().await;
        if !self.stale() {
            return Ok(());
        }
        // Counted before the reading: what is announced during it makes the directory stale again.
        let as_of = self.0.changes.count();
        let directory = Directory::read(self.0.source.as_ref(), self.0.definitions.clone(), as_of).await?;
        let others = PublicKeys::read(self.0.source.public_keys().await?);
        let gone = !others.holds(&self.0.others.read());
        *self.0.others.write() = Arc::new(others);
        if gone {
            // What a key that is known no more has signed must be looked at again.
            self.0.verified.clear();
        }
        *self.0.directory.write() = Arc::new(directory);
        Ok(())
    }

    /// The authority that a principal (`usr_…`, `key_…`) has at this moment, for work that goes on in its name while it is away: all
    /// that a user may do, and what a key's scopes say.
    ///
    /// # Errors
    /// `FORBIDDEN` where it has none any more: deactivated, revoked, expired or deleted; `DATABASE_UNAVAILABLE`.
    pub async fn in_name_of(&self, tenant: TenantId, principal: &str, request_id: Uuid, now: Timestamp) -> Result<Context> {
        if self.stale() {
            self.reload().await?;
        }
        let gone = || Error::new(ErrorCode::Forbidden, format!("{principal}, in whose name this is done, may sign in no more."));
        let directory = self.0.directory.read();
        if let Ok(id) = Id::parse(principal, "key") {
            let key = directory.key_of(tenant, id).ok_or_else(gone)?;
            return key_context(&directory, key, request_id, now).map_err(|_| gone());
        }
        let id = Id::parse(principal, "usr").map_err(|_| gone())?;
        let user = directory.user(tenant, id).filter(|user| user.active).ok_or_else(gone)?;
        let actor = Actor { kind: ActorKind::User, id };
        Ok(Context {
            tenant,
            actor,
            client: Some("clientela".to_owned()),
            scopes: Scopes::ALL,
            policy: directory.policy(tenant, actor),
            request_id,
            now,
            zone: user.zone,
            allow_duplicates: false,
            address: None,
        })
    }

    /// The authority that a principal would have if it held a role: see [`Principals::trying`].
    async fn trying(&self, tenant: TenantId, principal: &str, role: Role, request_id: Uuid, now: Timestamp) -> Result<Context> {
        let context = self.in_name_of(tenant, principal, request_id, now).await?;
        let policy = self.0.directory.read().trial(tenant, context.actor, role);
        Ok(Context { policy, ..context })
    }

    /// Signs a token for a user.
    pub fn issue(&self, issue: &TokenIssue) -> Result<String> {
        let keys = Arc::clone(&self.0.keys.read());
        token::sign(&keys, &self.0.rules, issue)
    }

    /// Signs a ticket for the stream of the feed, by which whoever sends this credential may follow it until a moment, and do nothing else. It ends earlier where the credential does.
    /// Answers the ticket and when it ends.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`; `FORBIDDEN` for a token that is for one purpose only.
    pub fn ticket(&self, context: &Context, bearer: &str, until: Timestamp) -> Result<(String, Timestamp)> {
        let mut ticket = Ticket::of(context, until);
        match context.actor.kind {
            ActorKind::User => {
                let verified =
                    self.verified(bearer)?.ok_or_else(|| refused("The token is signed with a key that this server does not know."))?;
                ticket.belongs_to(&verified);
            }
            ActorKind::ApiKey => {
                let ends = self.0.directory.read().key(&api_key::digest(bearer)).and_then(|key| key.expires_at);
                ticket.ends(ends);
            }
            _ => return Err(Error::new(ErrorCode::Forbidden, "A token for one purpose gets no tickets for a stream.")),
        }
        let keys = Arc::clone(&self.0.keys.read());
        Ok((ticket::sign(&keys, &self.0.rules, &ticket)?, ticket.until))
    }

    /// Who came with this ticket, which [`Authenticator::ticket`] has signed?
    ///
    /// # Errors
    /// `UNAUTHENTICATED`: it has ended, it is none, or its principal's credential holds no more.
    pub async fn admit(&self, ticket: &str, request_id: Uuid, now: Timestamp) -> Result<Context> {
        if self.stale() {
            self.reload().await?;
        }
        let ticket = ticket::verify(&self.0.keys.read(), &self.0.others.read(), &self.0.rules, ticket)?;
        let directory = self.0.directory.read();
        let gone = || refused("The ticket's principal does not exist any more.");
        match ticket.principal()? {
            Principal::Key(id) => {
                ticket.check_time(now)?;
                let key = directory.key_of(ticket.tenant, id).ok_or_else(gone)?;
                key_context(&directory, key, request_id, now)
            }
            Principal::User(id) => {
                ticket.check_time(now)?;
                let verified = ticket.verified(id);
                let user = directory.user(ticket.tenant, id).ok_or_else(gone)?;
                let scopes = allowed(&directory, &verified)?.ok_or_else(gone)?;
                user_context(&directory, user, &verified, scopes, request_id, now)
            }
        }
    }

    /// The public keys, for `/.well-known/jwks.json`.
    pub fn jwks(&self) -> Json {
        self.0.keys.read().jwks_with(&self.0.others.read())
    }

    /// Signs with other keys from now on. What those before have signed holds as long as their public halves are known.
    pub fn replace_keys(&self, keys: SigningKeys) {
        *self.0.keys.write() = Arc::new(keys);
        self.0.verified.clear();
        self.0.changes.mark();
    }

    fn stale(&self) -> bool {
        self.0.directory.read().as_of < self.0.changes.count()
    }

    fn may_read_again(&self, now: Timestamp) -> bool {
        let last = self.0.last_miss.load(Ordering::Relaxed);
        let due = last.checked_add(MISS_PAUSE).is_none_or(|due| now.0 >= due) || now.0 < last;
        due && self.0.last_miss.compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn look_up(&self, credential: &str, request_id: Uuid, now: Timestamp) -> Result<Lookup> {
        if credential.len() > LONGEST {
            return Err(refused(format!("The credential is longer than {LONGEST} bytes.")));
        }
        if credential.starts_with(api_key::PREFIX) {
            let digest = api_key::digest(credential);
            let directory = self.0.directory.read();
            let Some(key) = directory.key(&digest) else {
                return Ok(Lookup::Unknown("The API key is unknown. Check that it was copied whole."));
            };
            return key_context(&directory, key, request_id, now).map(Lookup::Found);
        }
        if credential.starts_with(api_key::TOKEN_PREFIX) {
            let directory = self.0.directory.read();
            let Some(token) = directory.token(&api_key::digest(credential)) else {
                return Ok(Lookup::Unknown("The token is unknown. Check that it was copied whole."));
            };
            return purpose_context(&directory, token, request_id, now).map(Lookup::Found);
        }
        let Some(verified) = self.verified(credential)? else {
            return Ok(Lookup::Unknown("The token is signed with a key that this server does not know."));
        };
        verified.check_time(now).inspect_err(|_| self.0.verified.remove(credential))?;
        let directory = self.0.directory.read();
        let Some(user) = directory.user(verified.tenant, verified.user) else {
            return Ok(Lookup::Unknown("The token's user does not exist."));
        };
        let Some(scopes) = allowed(&directory, &verified)? else {
            return Ok(Lookup::Unknown("The program that the token was given to does not exist."));
        };
        user_context(&directory, user, &verified, scopes, request_id, now).map(Lookup::Found)
    }

    /// The program with a `client_id`. One that nobody knows is looked for in the database once a second.
    pub(crate) async fn client(&self, client_id: &str, now: Timestamp) -> Result<Option<Arc<OauthClient>>> {
        if self.stale() {
            self.reload().await?;
        }
        let known = |directory: &Directory| directory.client(client_id).cloned();
        if let Some(client) = known(&self.0.directory.read()) {
            return Ok(Some(client));
        }
        if !self.may_read_again(now) {
            return Ok(None);
        }
        self.0.changes.mark();
        self.reload().await?;
        Ok(known(&self.0.directory.read()))
    }

    /// Whether a user may sign in.
    pub(crate) fn is_active(&self, tenant: TenantId, user: Id) -> bool {
        self.0.directory.read().user(tenant, user).is_some_and(|user| user.active)
    }

    /// What a token stands for; none where it is not valid at this moment, for whatever reason.
    pub(crate) async fn examine(&self, token: &str, now: Timestamp) -> Result<Option<Examined>> {
        if self.stale() {
            self.reload().await?;
        }
        if token.len() > LONGEST {
            return Ok(None);
        }
        let Ok(Some(verified)) = self.verified(token) else { return Ok(None) };
        let directory = self.0.directory.read();
        let active = directory.user(verified.tenant, verified.user).is_some_and(|user| user.active);
        let scopes = allowed(&directory, &verified).ok().flatten();
        let valid = verified.check_time(now).is_ok() && active;
        Ok(scopes.filter(|_| valid).map(|scopes| verified.examined(scopes)))
    }

    fn verified(&self, token: &str) -> Result<Option<Arc<Verified>>> {
        if let Some(verified) = self.0.verified.get(token) {
            return Ok(Some(verified));
        }
        // Only what holds is remembered: a flood of bad tokens cannot push the good ones out.
        let (keys, others) = (Arc::clone(&self.0.keys.read()), Arc::clone(&self.0.others.read()));
        let Some(verified) = token::verify(&keys, &others, &self.0.rules, token)?.map(Arc::new) else { return Ok(None) };
        self.0.verified.insert(token, Arc::clone(&verified));
        Ok(Some(verified))
    }
}

#[async_trait]
impl Principals for Authenticator {
    async fn in_name_of(&self, tenant: TenantId, principal: &str, request_id: Uuid, now: Timestamp) -> Result<Context> {
        Authenticator::in_name_of(self, tenant, principal, request_id, now).await
    }

    async fn trying(&self, tenant: TenantId, principal: &str, role: Role, request_id: Uuid, now: Timestamp) -> Result<Context> {
        Authenticator::trying(self, tenant, principal, role, request_id, now).await
    }
}

fn key_context(directory: &Directory, key: &ApiKeyCredential, request_id: Uuid, now: Timestamp) -> Result<Context> {
    if key.revoked {
        return Err(refused("The API key was revoked. Use another one."));
    }
    if let Some(expired) = key.expires_at.filter(|expires_at| now >= *expires_at) {
        return Err(refused(format!("The API key expired at {}. Make a new one.", expired.to_text())));
    }
    let actor = Actor { kind: ActorKind::ApiKey, id: key.id };
    Ok(Context {
        tenant: key.tenant,
        actor,
        client: Some(key.name.clone()),
        scopes: key.scopes.clone(),
        policy: directory.policy(key.tenant, actor),
        request_id,
        now,
        zone: key.zone,
        allow_duplicates: false,
        address: None,
    })
}

fn purpose_context(directory: &Directory, token: &PurposeToken, request_id: Uuid, now: Timestamp) -> Result<Context> {
    if token.revoked {
        return Err(refused("The token was revoked. Ask whoever gave it to you for another one."));
    }
    if now >= token.expires_at {
        return Err(refused(format!("The token expired at {}. Ask whoever gave it to you for another one.", token.expires_at.to_text())));
    }
    let policy = directory.purpose(token);
    let policy = policy.ok_or_else(|| refused("Whoever made the token may sign in no more, and so it holds no more."))?;
    let most = if token.operation.is_some() { Scopes::READ_WRITE } else { Scopes::READ };
    Ok(Context {
        tenant: token.tenant,
        actor: Actor { kind: ActorKind::Token, id: token.id },
        client: Some(token.name.clone()),
        scopes: token.scopes.common(&most),
        policy: Some(policy),
        request_id,
        now,
        zone: token.zone,
        allow_duplicates: false,
        address: None,
    })
}

/// What a token allows, by the program it was given to; none where nobody knows that. Tokens made by hand have no such program.
fn allowed(directory: &Directory, verified: &Verified) -> Result<Option<Scopes>> {
    if directory.is_revoked(verified.tenant, verified.session) || directory.is_revoked(verified.tenant, verified.token) {
        return Err(refused("The token was revoked. Sign in again."));
    }
    if !verified.client.starts_with(CLIENT_PREFIX) {
        return Ok(Some(verified.scopes.clone()));
    }
    let Some(client) = directory.client(&verified.client) else { return Ok(None) };
    if !client.active || client.tenant != verified.tenant {
        return Err(refused("The program that the token was given to was stopped."));
    }
    Ok(Some(verified.scopes.common(&client.scopes)))
}

fn user_context(
    directory: &Directory,
    user: &UserCredential,
    verified: &Verified,
    scopes: Scopes,
    request_id: Uuid,
    now: Timestamp,
) -> Result<Context> {
    if !user.active {
        return Err(refused("The token's user was deactivated."));
    }
    let actor = Actor { kind: ActorKind::User, id: verified.user };
    Ok(Context {
        tenant: verified.tenant,
        actor,
        client: Some(verified.client.clone()),
        scopes,
        policy: directory.policy(verified.tenant, actor),
        request_id,
        now,
        zone: user.zone,
        allow_duplicates: false,
        address: None,
    })
}
