//! `setIdentityProviderSecret`.

use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Id, Result, Value};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Sets the client secret of an identity provider.
pub struct SetIdentityProviderSecret;

/// The secret.
#[derive(Shape)]
pub struct IdentityProviderSecret {
    /// The client secret that the provider has given out for this server; left out, there is none any more.
    #[field(max = 500, example = "\"W8fE0zQyJ2mN6vR4tK1pXs9d\"")]
    pub client_secret: Option<String>,
}

/// Whose secret it is.
#[derive(Shape)]
pub struct IdentityProviderWithSecret {
    /// The identity provider.
    #[field(record = "identityProvider")]
    pub identity_provider: Id,
}

#[async_trait]
impl Operation for SetIdentityProviderSecret {
    type Input = IdentityProviderSecret;
    type Output = IdentityProviderWithSecret;

    fn definition() -> OperationDef {
        OperationDef::writing::<IdentityProviderSecret, IdentityProviderWithSecret>(
            "setIdentityProviderSecret",
            "identityProvider",
            "set-secret",
            "Sets the client secret by which this server proves itself to the provider, or takes it away. Nobody can read it again, nor does the change log hold it.",
        )
        .on_record()
        .confidential()
    }

    async fn run(&self, call: &Call<'_>, given: IdentityProviderSecret) -> Result<IdentityProviderWithSecret> {
        let provider = call.target()?;
        let (secret, at) = match given.client_secret {
            Some(secret) => (Value::Text(secret), Value::Instant(call.now())),
            None => (Value::Null, Value::Null),
        };
        call.set("identityProvider", provider.id, vec![("sharedSecret", secret), ("clientSecretSetAt", at)], None).await?;
        Ok(IdentityProviderWithSecret { identity_provider: provider.id })
    }
}
