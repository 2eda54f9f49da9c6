//! An authenticator over a source that tests change, and a signer that can also lie.

use async_trait::async_trait;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clientela_access::policy::Rights;
use clientela_access::{
    ApiKeyCredential, Authenticator, ConditionReader, CredentialChanges, CredentialSource, Definitions, SigningKeys, TokenRules,
    UserCredential,
};
use clientela_kernel::{Context, Error, Filter, Id, Result, TenantId, Timestamp};
use clientela_model::{Registry, ResourceDef};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;

/// The tests' present: 2026-01-01T00:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp(1_767_225_600_000);

pub(crate) fn tenant() -> TenantId {
    TenantId("019b7000-0000-7000-8000-00000000000a".parse().unwrap())
}

pub(crate) fn user() -> Id {
    Id("019b7000-0000-7000-8000-000000000001".parse().unwrap())
}

#[derive(Default)]
pub(crate) struct Source {
    pub(crate) keys: Mutex<Vec<ApiKeyCredential>>,
    pub(crate) users: Mutex<Vec<UserCredential>>,
    pub(crate) rights: Mutex<Rights>,
    pub(crate) readings: AtomicUsize,
    pub(crate) broken: Mutex<bool>,
}

#[async_trait]
impl CredentialSource for Source {
    async fn api_keys(&self) -> Result<Vec<ApiKeyCredential>> {
        self.readings.fetch_add(1, Ordering::SeqCst);
        if *self.broken.lock() {
            return Err(Error::unavailable("the test pulled the plug"));
        }
        Ok(self.keys.lock().clone())
    }

    async fn users(&self) -> Result<Vec<UserCredential>> {
        Ok(self.users.lock().clone())
    }

    async fn rights(&self) -> Result<Rights> {
        Ok(self.rights.lock().clone())
    }
}

/// Nobody has conditions here.
struct NoConditions;

impl ConditionReader for NoConditions {
    fn read(&self, _: &clientela_model::Registry, _: &Context, _: &ResourceDef, _: &Json) -> Result<Filter> {
        Err(Error::internal("no test asks for this"))
    }
}

pub(crate) struct House {
    pub(crate) source: Arc<Source>,
    pub(crate) changes: CredentialChanges,
    pub(crate) authenticator: Authenticator,
    pub(crate) pair: Ed25519KeyPair,
    pub(crate) kid: String,
}

impl House {
    pub(crate) async fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing-keys.json");
        let keys = SigningKeys::load_or_create(&path, NOW).unwrap();
        let file: Json = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let pkcs8 = STANDARD.decode(file["keys"][0]["pkcs8"].as_str().unwrap()).unwrap();
        let kid = keys.jwks()["keys"][0]["kid"].as_str().unwrap().to_owned();
        let source = Arc::new(Source::default());
        source.users.lock().push(UserCredential {
            id: user(),
            tenant: tenant(),
            active: true,
            zone: chrono_tz::Europe::Zurich,
            audience: None,
        });
        let changes = CredentialChanges::default();
        let definitions = Definitions {
            registry: Arc::new(Registry::new(Vec::new()).unwrap()),
            conditions: Arc::new(NoConditions),
            own: Arc::new(|_| None),
        };
        let authenticator = Authenticator::new(keys, TokenRules::default(), source.clone(), definitions, changes.clone()).await.unwrap();
        House { source, changes, authenticator, pair: Ed25519KeyPair::from_pkcs8(&pkcs8).unwrap(), kid }
    }

    pub(crate) async fn ask(&self, bearer: &str, now: Timestamp) -> Result<Context> {
        self.authenticator.authenticate(bearer, Uuid::nil(), now).await
    }

    pub(crate) fn public_key(&self) -> Vec<u8> {
        self.pair.public_key().as_ref().to_vec()
    }

    pub(crate) fn header(&self) -> Json {
        json!({"typ": "at+jwt", "alg": "EdDSA", "kid": self.kid})
    }

    pub(crate) fn claims(&self) -> Json {
        json!({
            "iss": "clientela", "aud": "clientela", "sub": user().to_text("usr"), "client_id": "tests", "jti": "1",
            "iat": NOW.0 / 1000 - 60, "exp": NOW.0 / 1000 + 600, "scope": "read write", "tenant": tenant().to_string(),
        })
    }

    pub(crate) fn sign(&self, header: &Json, claims: &Json) -> String {
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = self.pair.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

pub(crate) fn encode(json: &Json) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}
