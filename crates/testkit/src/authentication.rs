//! What the gateway asks of the server, as the server gives it.

use async_trait::async_trait;
use clientela_access::Authenticator;
use clientela_gateway::{Authenticate, Health};
use clientela_kernel::{Context, Result, Timestamp};
use clientela_store::Store;
use uuid::Uuid;

/// Real tokens and keys, checked as in the server.
pub(crate) struct Authentication(pub(crate) Authenticator);

#[async_trait]
impl Authenticate for Authentication {
    async fn authenticate(&self, bearer: &str, request_id: Uuid, now: Timestamp) -> Result<Context> {
        self.0.authenticate(bearer, request_id, now).await
    }

    fn ticket(&self, context: &Context, bearer: &str, until: Timestamp) -> Result<(String, Timestamp)> {
        self.0.ticket(context, bearer, until)
    }

    async fn admit(&self, ticket: &str, request_id: Uuid, now: Timestamp) -> Result<Context> {
        self.0.admit(ticket, request_id, now).await
    }

    fn key_set(&self) -> String {
        self.0.jwks().to_string()
    }
}

/// Ready when the database is.
pub(crate) struct Ready(pub(crate) Store);

#[async_trait]
impl Health for Ready {
    async fn ready(&self) -> Result<()> {
        self.0.ready().await
    }
}
