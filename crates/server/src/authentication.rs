//! The gateway's authentication, by access.

use async_trait::async_trait;
use clientela_access::{Authenticator, missing};
use clientela_gateway::Authenticate;
use clientela_kernel::{Context, Result, Timestamp};
use uuid::Uuid;

/// Authenticates the gateway's requests.
pub struct GatewayAuthentication(pub Authenticator);

#[async_trait]
impl Authenticate for GatewayAuthentication {
    async fn authenticate(&self, bearer: Option<&str>, request_id: Uuid, now: Timestamp) -> Result<Context> {
        self.0.authenticate(bearer.ok_or_else(missing)?, request_id, now).await
    }

    fn key_set(&self) -> String {
        self.0.jwks().to_string()
    }
}
