//! `rotateWebhookSecret`.

use super::{endpoint::ENDPOINT, secret};
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Id, Result};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Gives an endpoint another secret.
pub struct RotateWebhookSecret;

/// What becomes of the old secret.
#[derive(Shape)]
pub struct WebhookSecretRotation {
    /// How long messages are signed with the old secret as well, so that receivers can be changed meanwhile: at most seven days, a day where it is left out.
    #[field(duration, example = "\"PT24H\"")]
    pub overlap: Option<i64>,
}

/// The new secret.
#[derive(Shape)]
pub struct WebhookSecretRotated {
    /// The endpoint.
    #[field(record = "webhookEndpoint")]
    pub webhook_endpoint: Id,
    /// The secret that signatures are made with from now on: `whsec_` and 32 random bytes in base64. Shown only here, once: store it now.
    #[field(secret, max = 200, example = "\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"")]
    pub secret: Option<String>,
}

#[async_trait]
impl Operation for RotateWebhookSecret {
    type Input = WebhookSecretRotation;
    type Output = WebhookSecretRotated;

    fn definition() -> OperationDef {
        OperationDef::writing::<WebhookSecretRotation, WebhookSecretRotated>(
            "rotateWebhookSecret",
            ENDPOINT,
            "rotate-secret",
            "Gives a webhook endpoint another secret. For a while messages carry a signature of each, so that nothing is refused while receivers are changed. A second \
             rotation within that time ends the first secret at once.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: WebhookSecretRotation) -> Result<WebhookSecretRotated> {
        let endpoint = call.target()?;
        let minted = secret::mint()?;
        let values = secret::replaced(endpoint, minted.clone(), given.overlap, call.now());
        call.set(ENDPOINT, endpoint.id, values, None).await?;
        Ok(WebhookSecretRotated { webhook_endpoint: endpoint.id, secret: Some(minted) })
    }
}
