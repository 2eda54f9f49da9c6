//! What the authorization server keeps: sessions are records, everything below them is not.

mod external;
pub mod link;
pub(crate) mod rows;

use crate::audit_entry::AuditKind;
use crate::{second_factor, session, user};
use async_trait::async_trait;
use clientela_access::CredentialChanges;
use clientela_access::oauth::{Kept, NewSession, Origin, Person, SecondFactor, Session, SignIn, SignInRecords};
use clientela_engine::{AuditEvent, Engine, Expected, RecordBy, WriteAction, WriteRequest, ids};
use clientela_kernel::{Actor, ActorKind, Context, Error, ErrorCode, Id, Result, TenantId, Timestamp, Value};
use clientela_model::Choice as _;
use clientela_store::{Dialect, Store, SystemTask};
use rows::{grant, revocation};
use sea_orm::sea_query::IntoCondition as _;
use sea_orm::{ColumnTrait as _, Condition};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

/// A moment to compare a column with: sea-orm would bind a text on SQLite, where moments are numbers.
pub(crate) fn moment(store: &Store, at: Timestamp) -> sea_orm::Value {
    match store.dialect() {
        Dialect::Sqlite => at.0.into(),
        Dialect::Postgres => at.into(),
    }
}

/// Shows the public halves of a node's keys to every other node. True where there was a new one among them.
///
/// # Errors
/// Where the database cannot be written.
pub async fn publish_keys(store: &Store, keys: Vec<String>, now: Timestamp) -> Result<bool> {
    let known = store.system(SystemTask::Credentials).find::<rows::key::Entity>(Condition::all()).await?;
    let mut new = false;
    for public in keys.into_iter().filter(|public| known.iter().all(|key| key.public != *public)) {
        new |= rows::write_key(store, ids::mint(now), public, now).await?;
    }
    Ok(new)
}

/// Keys sign no more. What they have signed holds until a moment, or, without one, no longer.
///
/// # Errors
/// Where the database cannot be written.
pub async fn retire_keys(store: &Store, keys: &[String], until: Option<Timestamp>, now: Timestamp) -> Result<()> {
    let known = store.system(SystemTask::Credentials).find::<rows::key::Entity>(Condition::all()).await?;
    for key in known.iter().filter(|key| keys.contains(&key.public)) {
        match until {
            Some(until) => drop(rows::retire_key(store, key, until, now).await?),
            None => rows::remove_key(store, key).await?,
        }
    }
    Ok(())
}

/// How many rows that are over are removed at once.
const TOGETHER: u64 = 200;

/// The records of sign-ins in the database.
pub struct StoredSignIns {
    store: Store,
    engine: Engine,
    changes: CredentialChanges,
}

impl StoredSignIns {
    /// Over this store and engine; `changes` is told of revoked tokens.
    pub fn new(store: Store, engine: Engine, changes: CredentialChanges) -> Self {
        StoredSignIns { store, engine, changes }
    }

    /// Removes codes, refresh tokens and revocations whose time is over. Answers how many there were.
    pub async fn upkeep(&self) -> Result<usize> {
        let now = self.engine.clock().now();
        // What was used is kept until nobody can bring it again: that it was used before must be known.
        let system = self.store.system(SystemTask::Credentials);
        let over = grant::Column::ExpiresAt.lt(moment(&self.store, now)).into_condition();
        let grants = system.first::<grant::Entity>(over, grant::Column::ExpiresAt, TOGETHER).await?;
        for row in &grants {
            rows::remove_grant(&self.store, row.tenant_id, row.id).await?;
        }
        let past = Timestamp(now.0.saturating_sub(3 * clientela_access::oauth::ACCESS_TOKEN));
        let over = revocation::Column::Until.lt(moment(&self.store, past)).into_condition();
        let tokens = system.first::<revocation::Entity>(over, revocation::Column::Until, TOGETHER).await?;
        for row in &tokens {
            rows::remove_revocation(&self.store, row.tenant_id, row.id).await?;
        }
        let over = rows::key::Column::Until.lt(moment(&self.store, now)).into_condition();
        let keys = system.first::<rows::key::Entity>(over, rows::key::Column::Until, TOGETHER).await?;
        for key in &keys {
            rows::remove_key(&self.store, key).await?;
        }
        Ok(grants.len() + tokens.len() + keys.len())
    }

    /// The authority by which a session is written: the server's, in the name of a user where it is one's doing.
    fn context(&self, tenant: TenantId, user: Option<Id>) -> Context {
        let now = self.engine.clock().now();
        let own = Context::of_system(tenant, ids::mint(now).0, now);
        match user {
            Some(id) => Context { actor: Actor { kind: ActorKind::User, id }, ..own },
            None => own,
        }
    }

    async fn write(&self, context: &Context, action: WriteAction) -> Result<()> {
        let def = self.engine.registry().resource("session").ok_or_else(|| Error::internal("no resource session"))?;
        let request = WriteRequest { def: Arc::clone(def), action, idempotency: None };
        match self.engine.write(context, request).await {
            // It ended meanwhile.
            Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::RecordDeleted) => Ok(()),
            done => done.map(drop),
        }
    }

    async fn found(&self, tenant: TenantId, id: Id) -> Result<Option<session::Model>> {
        let this = Condition::all().add(session::Column::TenantId.eq(tenant)).add(session::Column::Id.eq(id));
        Ok(self.store.system(SystemTask::Credentials).find::<session::Entity>(this).await?.pop())
    }
}

#[async_trait]
impl SignInRecords for StoredSignIns {
    fn mint(&self, now: Timestamp) -> Id {
        ids::mint(now)
    }

    async fn person(&self, tenant: TenantId, email: &str) -> Result<Option<Person>> {
        let def = self.engine.registry().resource("user").ok_or_else(|| Error::internal("no resource user"))?;
        let by = RecordBy { key: "email".to_owned(), value: email.to_owned() };
        let id = match self.engine.find_by(&self.context(tenant, None), def, &by).await {
            Ok(Some(id)) => id,
            Ok(None) => return Ok(None),
            // What is no address is nobody's.
            Err(error) if error.code().status() < 500 => return Ok(None),
            Err(error) => return Err(error),
        };
        let this = Condition::all().add(user::Column::TenantId.eq(tenant)).add(user::Column::Id.eq(id));
        let found = self.store.system(SystemTask::Credentials).find::<user::Entity>(this).await?.pop();
        let active = found.filter(|user| user.active && user.deleted_at.is_none());
        Ok(active.map(|user| Person { id: user.id, password: user.password_hash }))
    }

    async fn noted(&self, tenant: TenantId, sign_in: SignIn<'_>, origin: &Origin) -> Result<()> {
        let own = self.context(tenant, sign_in.user.filter(|_| sign_in.refused.is_none()));
        let context = Context {
            address: origin.address,
            client: Some(sign_in.client.client_id.clone()),
            request_id: origin.request.unwrap_or(own.request_id),
            ..own
        };
        let kind = if sign_in.refused.is_some() { AuditKind::SignInRefused } else { AuditKind::SignedIn };
        let event = AuditEvent {
            kind: kind.as_str(),
            resource: sign_in.user.map(|_| "user".to_owned()),
            record: sign_in.user.map(|user| user.to_text("usr")),
            detail: Some(match sign_in.refused {
                Some(why) => json!({ "way": sign_in.way, "refused": why }),
                None => json!({ "way": sign_in.way }),
            }),
        };
        self.engine.audit(&context, event).await
    }

    async fn second_factor(&self, tenant: TenantId, user: Id) -> Result<Option<SecondFactor>> {
        let this = Condition::all()
            .add(second_factor::Column::TenantId.eq(tenant))
            .add(second_factor::Column::UserId.eq(user))
            .add(second_factor::Column::DeletedAt.is_null());
        let found = self.store.system(SystemTask::Credentials).find::<second_factor::Entity>(this).await?.pop();
        let set_up = found.filter(|found| found.confirmed_at.is_some());
        Ok(set_up.map(|found| SecondFactor {
            id: found.id,
            version: found.version,
            // One that cannot be read fits no code: the person is asked all the same.
            secret: found.totp_secret.unwrap_or_default(),
            last_step: found.last_step.and_then(|step| step.parse().ok()),
            recovery: second_factor::digests(found.recovery_digests.as_deref()),
        }))
    }

    async fn second_factor_used(&self, tenant: TenantId, factor: &SecondFactor) -> Result<bool> {
        let context = self.context(tenant, None);
        let def = self.engine.registry().resource("secondFactor").ok_or_else(|| Error::internal("no resource secondFactor"))?;
        let left = i64::try_from(factor.recovery.len()).unwrap_or(0);
        let values = vec![
            ("lastStep".into(), factor.last_step.map_or(Value::Null, |step| step.to_string().into())),
            ("recoveryDigests".into(), factor.recovery.join(" ").into()),
            ("recoveryCodesLeft".into(), Value::Integer(left)),
            ("lastUsedAt".into(), Value::Instant(context.now)),
        ];
        let action = WriteAction::Set { id: factor.id, values, expected: Some(Expected::Version(factor.version)) };
        match self.engine.write(&context, WriteRequest { def: Arc::clone(def), action, idempotency: None }).await {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.code(), ErrorCode::VersionConflict | ErrorCode::NotFound | ErrorCode::RecordDeleted) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn open(&self, tenant: TenantId, new: NewSession<'_>) -> Result<()> {
        let context = self.context(tenant, Some(new.user));
        let text = |text: Option<String>| text.filter(|text| !text.is_empty()).map_or(Value::Null, Value::Text);
        let agent = new.origin.user_agent.map(|agent| agent.chars().filter(|letter| !letter.is_control()).take(300).collect());
        let values = vec![
            ("id".into(), Value::Id(new.id.0)),
            ("userId".into(), Value::Id(new.user.0)),
            ("oauthClientId".into(), Value::Id(new.client.id.0)),
            ("address".into(), text(new.origin.address.map(|address| address.to_string()))),
            ("userAgent".into(), text(agent)),
            ("lastUsedAt".into(), Value::Instant(context.now)),
            ("expiresAt".into(), Value::Instant(new.expires_at)),
        ];
        self.write(&context, WriteAction::Make { values }).await
    }

    async fn session(&self, tenant: TenantId, id: Id) -> Result<Option<Session>> {
        Ok(self.found(tenant, id).await?.map(|session| Session {
            user: session.user_id,
            expires_at: session.expires_at,
            revoked: session.revoked_at.is_some() || session.deleted_at.is_some(),
        }))
    }

    async fn used(&self, tenant: TenantId, id: Id) -> Result<()> {
        let context = self.context(tenant, None);
        let values = vec![("lastUsedAt".into(), Value::Instant(context.now))];
        self.write(&context, WriteAction::Set { id, values, expected: None }).await
    }

    async fn revoke(&self, tenant: TenantId, id: Id) -> Result<()> {
        if self.found(tenant, id).await?.is_none_or(|session| session.revoked_at.is_some()) {
            return Ok(());
        }
        let context = self.context(tenant, None);
        let values = vec![("revokedAt".into(), Value::Instant(context.now))];
        self.write(&context, WriteAction::Set { id, values, expected: None }).await
    }

    async fn keep(&self, tenant: TenantId, kept: &Kept, now: Timestamp) -> Result<bool> {
        let row = grant::Model {
            tenant_id: tenant,
            id: Id(kept.id),
            version: kept.version,
            created_at: now,
            created_by: String::new(),
            updated_at: now,
            updated_by: String::new(),
            deleted_at: None,
            kind: kept.kind.clone(),
            data: kept.data.clone(),
            lookup: kept.lookup.clone(),
            used_at: kept.used_at,
            expires_at: kept.expires_at,
        };
        rows::write_grant(&self.store.scope(tenant), row, (kept.version > 0).then_some(kept.version)).await
    }

    async fn kept(&self, tenant: TenantId, id: Uuid) -> Result<Option<Kept>> {
        let this = Condition::all().add(grant::Column::TenantId.eq(tenant)).add(grant::Column::Id.eq(Id(id)));
        Ok(self.store.system(SystemTask::Credentials).find::<grant::Entity>(this).await?.pop().map(kept_of))
    }

    async fn looked_up(&self, lookup: &str) -> Result<Option<(TenantId, Kept)>> {
        let this = grant::Column::Lookup.eq(lookup).into_condition();
        let found = self.store.system(SystemTask::Credentials).find::<grant::Entity>(this).await?.pop();
        Ok(found.map(|row| (row.tenant_id, kept_of(row))))
    }

    async fn refuse(&self, tenant: TenantId, token: Uuid, until: Timestamp, now: Timestamp) -> Result<()> {
        rows::write_revocation(&self.store, tenant, Id(token), until, now).await?;
        self.changes.announce();
        Ok(())
    }
}

fn kept_of(row: grant::Model) -> Kept {
    Kept {
        id: row.id.0,
        version: row.version,
        kind: row.kind,
        data: row.data,
        lookup: row.lookup,
        used_at: row.used_at,
        expires_at: row.expires_at,
    }
}
