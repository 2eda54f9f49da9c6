//! What the gateway needs from the server.

use async_trait::async_trait;
use clientela_access::Authenticator;
use clientela_access::oauth::AuthorizationServer;
use clientela_engine::Engine;
use clientela_kernel::{Clock, Context, Error, ErrorCode, Result, Timestamp};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Everything the gateway needs; the server makes it once.
#[derive(Clone)]
pub struct GatewayState {
    /// Reads and writes records.
    pub engine: Engine,
    /// Turns a credential into a context.
    pub authenticator: Arc<dyn Authenticate>,
    /// Gives tokens to people and programs; without it nobody signs in here.
    pub authorization: Option<AuthorizationServer>,
    /// Tells whether the server can serve.
    pub health: Arc<dyn Health>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Limits in force.
    pub limits: Limits,
    /// The address clients reach this server at, without a trailing slash: `http://127.0.0.1:8080`. Stands in `Link`
    /// headers and in the documents.
    pub public_url: String,
    /// A folder for files that are being received.
    pub folder: PathBuf,
}

/// Turns a credential into a context.
#[async_trait]
pub trait Authenticate: Send + Sync {
    /// Who sent this credential (a token or an API key, without the word `Bearer`)? `UNAUTHENTICATED` otherwise.
    async fn authenticate(&self, bearer: &str, request_id: Uuid, now: Timestamp) -> Result<Context>;

    /// A ticket for the stream of the feed for whoever sends this credential, and when it ends: until then at the latest. `FORBIDDEN` where it gets none.
    fn ticket(&self, _context: &Context, _bearer: &str, _until: Timestamp) -> Result<(String, Timestamp)> {
        Err(Error::new(ErrorCode::Forbidden, "No tickets are given here."))
    }

    /// Who came with a ticket? `UNAUTHENTICATED` where it holds no more.
    async fn admit(&self, _ticket: &str, _request_id: Uuid, _now: Timestamp) -> Result<Context> {
        Err(Error::new(ErrorCode::Unauthenticated, "No tickets are given here."))
    }

    /// The JSON Web Key Set (RFC 7517) with the keys that sign access tokens, as JSON text.
    fn key_set(&self) -> String;
}

#[async_trait]
impl Authenticate for Authenticator {
    async fn authenticate(&self, bearer: &str, request_id: Uuid, now: Timestamp) -> Result<Context> {
        Authenticator::authenticate(self, bearer, request_id, now).await
    }

    fn ticket(&self, context: &Context, bearer: &str, until: Timestamp) -> Result<(String, Timestamp)> {
        Authenticator::ticket(self, context, bearer, until)
    }

    async fn admit(&self, ticket: &str, request_id: Uuid, now: Timestamp) -> Result<Context> {
        Authenticator::admit(self, ticket, request_id, now).await
    }

    fn key_set(&self) -> String {
        self.jwks().to_string()
    }
}

/// Tells whether the server can serve.
#[async_trait]
pub trait Health: Send + Sync {
    /// Succeeds when requests can be served: the database answers and its schema is the one this program needs.
    async fn ready(&self) -> Result<()>;

    /// Whether the server is about to stop: streams end then, and clients go on elsewhere.
    fn is_draining(&self) -> bool {
        false
    }

    /// Facts for `/readyz?verbose`, as name and value. Nothing secret: the address is public.
    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Figures for `/metrics`, beside those of the requests. Nothing of a tenant.
    fn figures(&self) -> Vec<Figure> {
        Vec::new()
    }

    /// The token that opens `/metrics` from anywhere. Without one it is open to this machine alone.
    fn metrics_token(&self) -> Option<&str> {
        None
    }
}

/// A figure for `/metrics`.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Its name, in base units: `clientela_store_statements_total`.
    pub name: &'static str,
    /// What it counts.
    pub help: &'static str,
    /// Whether it only grows.
    pub counter: bool,
    /// Name and value of its labels, from closed lists.
    pub labels: Vec<(&'static str, String)>,
    /// The value.
    pub value: u64,
}

/// Limits of the HTTP surface. Cost limits of reads are the engine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Greatest size of a request body, in bytes.
    pub body_bytes: usize,
    /// Greatest size of the body of a batch or a transaction, in bytes.
    pub batch_bytes: usize,
    /// Greatest size of a file that is sent to a record, in bytes.
    pub content_bytes: u64,
    /// Longest time such a file may take to arrive.
    pub content_timeout: Duration,
    /// Longest time a request may take before it is answered with 503.
    pub request_timeout: Duration,
    /// Greatest nesting of a JSON body.
    pub json_depth: usize,
    /// Most relations one `expand` may name.
    pub expand_paths: usize,
    /// Deepest path in `expand`, `fields` and `sort`.
    pub path_depth: usize,
    /// How many records an expanded to-many relation shows.
    pub expanded_records: u32,
}

impl Limits {
    /// Whether a path is that of a record's file.
    fn is_content(path: &str) -> bool {
        path.ends_with("/content")
    }

    /// Greatest size of a body that a path takes, in bytes.
    pub(crate) fn largest_body(&self, path: &str) -> u64 {
        let size = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
        if Limits::is_content(path) {
            self.content_bytes
        } else if path.ends_with("/batch") || path == "/v1/transactions" {
            size(self.batch_bytes)
        } else {
            size(self.body_bytes)
        }
    }

    /// Longest time that a request to a path may take.
    pub(crate) fn timeout(&self, path: &str) -> Duration {
        if Limits::is_content(path) { self.content_timeout } else { self.request_timeout }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            body_bytes: 1 << 20,
            batch_bytes: 8 << 20,
            content_bytes: 1 << 30,
            content_timeout: Duration::from_secs(3_600),
            request_timeout: Duration::from_secs(30),
            json_depth: 64,
            expand_paths: 20,
            path_depth: 4,
            expanded_records: 20,
        }
    }
}
