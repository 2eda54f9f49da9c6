//! The authorization server: OAuth 2.1 with what belongs to it. What it keeps is the platform's; addresses and pages are the gateway's.

mod authorize;
mod client;
mod code;
mod device;
mod exchange;
mod external;
mod grants;
mod inspect;
mod link;
mod metadata;
mod parameters;
mod refresh;
mod sign_in;
mod token;

pub use authorize::{Authorization, Refusal, is_challenge};
pub use device::DeviceRequest;
pub use external::{ExternalRecords, IdentityProvider, Newcomer, Returned};
pub use link::{Followed, NewLink, OpenedLink};
pub use parameters::Parameters;
pub use sign_in::{Attempt, Outcome};

use crate::{Authenticator, Passwords};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clientela_kernel::{Error, ErrorCode, Id, Result, Scopes, TenantId, Timestamp};
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};
use std::net::IpAddr;
use std::sync::Arc;
use uuid::Uuid;

/// What every `client_id` begins with.
pub const CLIENT_PREFIX: &str = "app_";

/// How long an access token is valid, in milliseconds: long enough to work with, short enough that a stolen one is soon worth nothing.
pub const ACCESS_TOKEN: i64 = 10 * 60_000;
/// How long an authorization code waits.
const CODE: i64 = 60_000;
/// How long a refresh token waits to be used.
const REFRESH_TOKEN: i64 = 30 * 86_400_000;
/// How long a session lasts at most.
const SESSION: i64 = 90 * 86_400_000;
/// How many refusals of one account or client the audit takes in a quarter of an hour beyond those that were tried at all.
const NOTES: u32 = 3;
/// How long the page waits for a second factor.
const STEP: i64 = 5 * 60_000;
/// How long a device waits for its person.
const DEVICE: i64 = 10 * 60_000;

/// A program, as authentication needs it.
#[derive(Clone, Debug)]
pub struct OauthClient {
    /// Its record.
    pub id: Id,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its `client_id`.
    pub client_id: String,
    /// What people know it as.
    pub name: String,
    /// SHA-256 of its secret; none where it cannot keep one.
    pub secret: Option<[u8; 32]>,
    /// Where people may be sent back to.
    pub redirect_uris: Vec<String>,
    /// What it may do at most.
    pub scopes: Scopes,
    /// By which ways it gets tokens.
    pub grants: Vec<GrantType>,
    /// Whose rights it has where it acts for itself.
    pub run_as: Option<Id>,
    /// False where it was stopped or deleted, or its tenant was.
    pub active: bool,
}

/// The ways to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// A person signs in with a browser.
    AuthorizationCode,
    /// A session goes on.
    RefreshToken,
    /// The program acts for itself.
    ClientCredentials,
    /// A person signs in elsewhere (RFC 8628).
    DeviceCode,
    /// A token becomes another one (RFC 8693).
    TokenExchange,
}

impl GrantType {
    /// Every one.
    pub const ALL: [GrantType; 5] = [
        GrantType::AuthorizationCode,
        GrantType::RefreshToken,
        GrantType::ClientCredentials,
        GrantType::DeviceCode,
        GrantType::TokenExchange,
    ];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            GrantType::AuthorizationCode => "authorization_code",
            GrantType::RefreshToken => "refresh_token",
            GrantType::ClientCredentials => "client_credentials",
            GrantType::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            GrantType::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }
}

/// A person who signs in, as far as it is known.
#[derive(Clone, Debug)]
pub struct Person {
    /// The user.
    pub id: Id,
    /// The password as it is kept.
    pub password: Option<String>,
}

/// Where a request comes from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The network address at the other end.
    pub address: Option<IpAddr>,
    /// What the browser says it is.
    pub user_agent: Option<String>,
    /// The request.
    pub request: Option<Uuid>,
}

/// A sign-in, good or refused, as the audit keeps it.
#[derive(Clone, Debug)]
pub struct SignIn<'a> {
    /// Who it is, where that is known.
    pub user: Option<Id>,
    /// The program.
    pub client: &'a OauthClient,
    /// By which way: `password`, `client_credentials`, …
    pub way: &'static str,
    /// Why it was refused; nothing where it was not.
    pub refused: Option<&'static str>,
}

/// What a person is asked for beside the password.
#[derive(Clone, Debug)]
pub struct SecondFactor {
    /// Its record.
    pub id: Id,
    /// The version that was read.
    pub version: i64,
    /// The secret of the app.
    pub secret: String,
    /// The step of time of the last code that was used.
    pub last_step: Option<i64>,
    /// Digests of the recovery codes that are left.
    pub recovery: Vec<String>,
}

/// A session that is to begin.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    /// Its id.
    pub id: Id,
    /// The program.
    pub client: &'a OauthClient,
    /// Who signed in.
    pub user: Id,
    /// From where.
    pub origin: Origin,
    /// When it ends in any case.
    pub expires_at: Timestamp,
}

/// A session as it is.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// Who signed in.
    pub user: Id,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// Whether it was revoked or deleted.
    pub revoked: bool,
}

/// Something that was given out to be brought back once, by the digest of its secret.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The first half of the digest.
    pub id: Uuid,
    /// The version that was read; 0 of a new one.
    pub version: i64,
    /// What it is.
    pub kind: String,
    /// What it stands for, as JSON.
    pub data: String,
    /// The digest of a second secret.
    pub lookup: Option<String>,
    /// When it was brought back.
    pub used_at: Option<Timestamp>,
    /// Until when it can be.
    pub expires_at: Timestamp,
}

/// What the authorization server keeps and looks up. Implemented over the database by the platform.
#[async_trait]
pub trait SignInRecords: Send + Sync {
    /// A new id.
    fn mint(&self, now: Timestamp) -> Id;
    /// The active user with an e-mail address.
    async fn person(&self, tenant: TenantId, email: &str) -> Result<Option<Person>>;
    /// Adds a sign-in to the audit.
    async fn noted(&self, tenant: TenantId, sign_in: SignIn<'_>, origin: &Origin) -> Result<()>;
    /// What a user is asked for beside the password, where that is set up.
    async fn second_factor(&self, tenant: TenantId, user: Id) -> Result<Option<SecondFactor>>;
    /// Notes what was used of it. False where somebody was faster.
    async fn second_factor_used(&self, tenant: TenantId, factor: &SecondFactor) -> Result<bool>;
    /// Begins a session.
    async fn open(&self, tenant: TenantId, session: NewSession<'_>) -> Result<()>;
    /// A session.
    async fn session(&self, tenant: TenantId, id: Id) -> Result<Option<Session>>;
    /// Notes that a session goes on.
    async fn used(&self, tenant: TenantId, id: Id) -> Result<()>;
    /// Ends a session, if there is one.
    async fn revoke(&self, tenant: TenantId, id: Id) -> Result<()>;
    /// Keeps something new, or over the version that was read. False where somebody was faster.
    async fn keep(&self, tenant: TenantId, kept: &Kept, now: Timestamp) -> Result<bool>;
    /// What is kept under an id.
    async fn kept(&self, tenant: TenantId, id: Uuid) -> Result<Option<Kept>>;
    /// What is kept under a second secret, of whatever tenant.
    async fn looked_up(&self, lookup: &str) -> Result<Option<(TenantId, Kept)>>;
    /// Has an access token refused from now on, until it expires by itself.
    async fn refuse(&self, tenant: TenantId, token: Uuid, until: Timestamp, now: Timestamp) -> Result<()>;
}

/// The authorization server. Cheap to clone.
#[derive(Clone)]
pub struct AuthorizationServer(pub(crate) Arc<Inner>, Option<external::External>);

pub(crate) struct Inner {
    pub(crate) authenticator: Authenticator,
    records: Arc<dyn SignInRecords>,
    passwords: Passwords,
    issuer: String,
    polls: crate::throttle::Throttle,
    /// What is refused again and again fills the audit only so fast.
    notes: crate::throttle::Throttle,
}

/// A refusal in the form of RFC 6749, section 5.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthError {
    /// The code on the wire.
    pub code: &'static str,
    /// What is wrong, in a sentence.
    pub description: String,
    /// The HTTP status.
    pub status: u16,
    /// Seconds after which a retry makes sense.
    pub retry_after: Option<u32>,
}

impl OauthError {
    pub(crate) fn new(code: &'static str, description: impl Into<String>) -> OauthError {
        let status = if code == "invalid_client" { 401 } else { 400 };
        OauthError { code, description: description.into(), status, retry_after: None }
    }
}

impl From<Error> for OauthError {
    fn from(error: Error) -> Self {
        let (code, status) = match error.code() {
            ErrorCode::RateLimited => ("temporarily_unavailable", 429),
            ErrorCode::DatabaseUnavailable | ErrorCode::Overloaded | ErrorCode::StorageFull => ("temporarily_unavailable", 503),
            _ => ("server_error", 500),
        };
        tracing::warn!(code, internal = error.internal_text(), "a sign-in failed");
        OauthError { code, description: error.detail().to_owned(), status, retry_after: error.retry_after() }
    }
}

/// An answer of a protocol endpoint.
pub type Answer<T> = std::result::Result<T, OauthError>;

impl AuthorizationServer {
    /// A server that is known by an address, without a trailing slash.
    pub fn new(authenticator: Authenticator, records: Arc<dyn SignInRecords>, passwords: Passwords, issuer: String) -> Self {
        let polls = crate::throttle::Throttle::new(1, device::INTERVAL * 1_000);
        let notes = crate::throttle::Throttle::new(NOTES, 15 * 60_000);
        AuthorizationServer(Arc::new(Inner { authenticator, records, passwords, issuer, polls, notes }), None)
    }
}

/// A new secret of 256 random bits.
fn secret(prefix: &str) -> String {
    let mut random = [0u8; 32];
    rand::rng().fill_bytes(&mut random);
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random))
}

/// The id under which something is kept: half of the digest of its secret, which is as hard to come by as the secret.
fn place(secret: &str) -> Uuid {
    let digest = Sha256::digest(secret.as_bytes());
    let mut bytes = [0u8; 16];
    bytes.iter_mut().zip(digest).for_each(|(slot, byte)| *slot = byte);
    Uuid::from_bytes(bytes)
}

/// A digest in hexadecimal.
fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn later(now: Timestamp, milliseconds: i64) -> Timestamp {
    Timestamp(now.0.saturating_add(milliseconds))
}
