//! Rows below the APIs: codes and refresh tokens by their digests, revoked tokens, signing keys. They are in no registry and no log,
//! and their tables are written by the same store as every other.

use clientela_kernel::{Error, Id, Result, TenantId, Timestamp, Value};
use clientela_macros::resource;
use clientela_model::{Registry, Resource as _, ResourceDef, system};
use clientela_store::{Commit, RowChange, RowGuard, Scope, Store, WriteSet};
use std::sync::{Arc, OnceLock};

/// Something that was given out to be brought back once: its id comes from the digest of the secret.
pub(crate) mod grant {
    use super::*;

    /// A code, a refresh token, a device.
    #[resource(name = "signInGrant", prefix = "sig", unattachable, read_only)]
    pub struct Model {
        /// What it is.
        #[field(max = 20, example = "\"\"")]
        pub kind: String,
        /// What it stands for, as JSON.
        #[field(max = 8000, example = "\"\"")]
        pub data: String,
        /// The digest of a second secret by which a person finds it.
        #[field(max = 64, example = "\"\"")]
        pub lookup: Option<String>,
        /// When it was brought back.
        #[field(example = "\"2026-01-31T08:15:00.000Z\"")]
        pub used_at: Option<Timestamp>,
        /// Until when it can be brought back.
        #[field(example = "\"2026-01-31T08:15:00.000Z\"")]
        pub expires_at: Timestamp,
    }
}

/// An access token that is refused before its time.
pub(crate) mod revocation {
    use super::*;

    /// A token, by its `jti`.
    #[resource(name = "tokenRevocation", prefix = "trv", unattachable, read_only)]
    pub struct Model {
        /// When it expires by itself.
        #[field(example = "\"2026-01-31T08:15:00.000Z\"")]
        pub until: Timestamp,
    }
}

/// The public half of a key that a node signs tokens with. It belongs to no tenant.
pub(crate) mod key {
    use super::*;

    /// A key.
    #[resource(name = "publishedKey", prefix = "pky", unattachable, read_only)]
    pub struct Model {
        /// The key of Ed25519 in base64url.
        #[field(max = 60, example = "\"\"")]
        pub public: String,
        /// When it is shown no more; of one that signs there is no such moment.
        #[field(example = "\"2026-01-31T08:15:00.000Z\"")]
        pub until: Option<Timestamp>,
    }
}

/// Their definitions.
struct Kept {
    key: Arc<ResourceDef>,
    grant: Arc<ResourceDef>,
    revocation: Arc<ResourceDef>,
}

static KEPT: OnceLock<std::result::Result<Kept, String>> = OnceLock::new();

fn kept() -> Result<&'static Kept> {
    let made = KEPT.get_or_init(|| {
        let definitions = vec![grant::Model::definition(), revocation::Model::definition(), key::Model::definition()];
        let registry = Registry::new(definitions).map_err(|problem| problem.to_string())?;
        let find = |name: &str| registry.resource(name).cloned().ok_or_else(|| format!("{name} is not there"));
        Ok(Kept { grant: find("signInGrant")?, revocation: find("tokenRevocation")?, key: find("publishedKey")? })
    });
    made.as_ref().map_err(Error::internal)
}

/// Writes a grant: a new one, or over the version that was read. False where somebody was faster.
pub(crate) async fn write_grant(scope: &Scope, row: grant::Model, read: Option<i64>) -> Result<bool> {
    let optional = |text: Option<String>| text.map_or(Value::Null, Value::Text);
    let own = vec![
        ("kind", Value::Text(row.kind)),
        ("data", Value::Text(row.data)),
        ("lookup", optional(row.lookup)),
        ("usedAt", row.used_at.map_or(Value::Null, Value::Instant)),
        ("expiresAt", Value::Instant(row.expires_at)),
    ];
    write(scope, &kept()?.grant, row.id, read, row.updated_at, own).await
}

/// Removes a grant that is over.
pub(super) async fn remove_grant(store: &Store, tenant: TenantId, id: Id) -> Result<()> {
    remove(&store.scope(tenant), &kept()?.grant, id).await
}

/// Removes a revocation that is over.
pub(super) async fn remove_revocation(store: &Store, tenant: TenantId, id: Id) -> Result<()> {
    remove(&store.scope(tenant), &kept()?.revocation, id).await
}

/// Writes that a token is revoked; that it is already is as good.
pub(super) async fn write_revocation(store: &Store, tenant: TenantId, id: Id, until: Timestamp, now: Timestamp) -> Result<()> {
    write(&store.scope(tenant), &kept()?.revocation, id, None, now, vec![("until", Value::Instant(until))]).await.map(drop)
}

/// Shows a key to every node; that it is shown already is as good.
pub(super) async fn write_key(store: &Store, id: Id, public: String, now: Timestamp) -> Result<bool> {
    write(
        &store.scope(TenantId(uuid::Uuid::nil())),
        &kept()?.key,
        id,
        None,
        now,
        vec![("public", Value::Text(public)), ("until", Value::Null)],
    )
    .await
}

/// Says until when a key is shown. False where somebody was faster.
pub(super) async fn retire_key(store: &Store, key: &key::Model, until: Timestamp, now: Timestamp) -> Result<bool> {
    write(&store.scope(key.tenant_id), &kept()?.key, key.id, Some(key.version), now, vec![("until", Value::Instant(until))]).await
}

/// Removes a key: what it has signed holds no more.
pub(super) async fn remove_key(store: &Store, key: &key::Model) -> Result<()> {
    remove(&store.scope(key.tenant_id), &kept()?.key, key.id).await
}

async fn write(
    scope: &Scope,
    def: &Arc<ResourceDef>,
    id: Id,
    read: Option<i64>,
    now: Timestamp,
    own: Vec<(&'static str, Value)>,
) -> Result<bool> {
    let author = Value::from("system");
    let mut named = vec![(system::VERSION, Value::Integer(read.unwrap_or(0).saturating_add(1))), (system::UPDATED_AT, Value::Instant(now))];
    if read.is_none() {
        named.extend([
            (system::ID, Value::Id(id.0)),
            (system::CREATED_AT, Value::Instant(now)),
            (system::CREATED_BY, author.clone()),
            (system::UPDATED_BY, author),
            (system::DELETED_AT, Value::Null),
        ]);
    }
    named.extend(own);
    let values = named.into_iter().filter_map(|(name, value)| Some((def.field_index(name)?, value))).collect();
    let guard = read.map_or(RowGuard::Insert, RowGuard::Version);
    match commit(scope, RowChange { def: Arc::clone(def), id, values, guard, references: Vec::new(), log: None, search: None }).await? {
        Commit::Done => Ok(true),
        _ => Ok(false),
    }
}

async fn remove(scope: &Scope, def: &Arc<ResourceDef>, id: Id) -> Result<()> {
    let row = RowChange {
        def: Arc::clone(def),
        id,
        values: Vec::new(),
        guard: RowGuard::Remove,
        references: Vec::new(),
        log: None,
        search: None,
    };
    commit(scope, row).await.map(drop)
}

async fn commit(scope: &Scope, row: RowChange) -> Result<Commit> {
    scope.commit(WriteSet { tenant: scope.tenant(), rows: vec![row], idempotency: None, audit: None }).await
}
