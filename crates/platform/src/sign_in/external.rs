//! Identity providers and the people they vouch for, as the authorization server needs them.

use super::StoredSignIns;
use crate::{external_identity, identity_provider};
use async_trait::async_trait;
use clientela_access::oauth::{ExternalRecords, IdentityProvider, Newcomer, SignInRecords as _};
use clientela_engine::{Engine, WriteAction, WriteRequest};
use clientela_kernel::{Context, Error, ErrorCode, Id, Name, Result, TenantId, Value};
use clientela_store::SystemTask;
use sea_orm::{ColumnTrait as _, Condition};
use serde_json::Map;
use std::sync::Arc;

#[async_trait]
impl ExternalRecords for StoredSignIns {
    async fn providers(&self, tenant: TenantId) -> Result<Vec<IdentityProvider>> {
        use identity_provider::{Column, Entity};
        let these = Condition::all().add(Column::TenantId.eq(tenant)).add(Column::DeletedAt.is_null());
        let mut found = self.store.system(SystemTask::Credentials).find::<Entity>(these).await?;
        found.retain(|provider| provider.active);
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found.into_iter().map(shown).collect())
    }

    async fn linked(&self, tenant: TenantId, issuer: &str, subject: &str) -> Result<Option<Id>> {
        use external_identity::{Column, Entity};
        let this = Condition::all()
            .add(Column::TenantId.eq(tenant))
            .add(Column::Issuer.eq(issuer))
            .add(Column::Subject.eq(subject))
            .add(Column::DeletedAt.is_null());
        Ok(self.store.system(SystemTask::Credentials).find::<Entity>(this).await?.pop().map(|identity| identity.user_id))
    }

    async fn link(&self, tenant: TenantId, provider: &IdentityProvider, person: Newcomer<'_>) -> Result<Option<Id>> {
        let known = self.person(tenant, person.email).await?.map(|person| person.id);
        if known.is_none() && !provider.creates_users {
            return Ok(None);
        }
        let context = self.context(tenant, known);
        let (inside, held) = self.engine.begin().await?;
        match linked(&inside, &context, known, provider, person).await {
            Ok(user) => {
                held.commit().await?;
                Ok(Some(user))
            }
            Err(error) => {
                held.roll_back().await?;
                match error.code() {
                    // Somebody was faster, or the address is that of a user who may not sign in.
                    ErrorCode::Duplicate => self.linked(tenant, &provider.issuer, person.subject).await,
                    ErrorCode::ValidationFailed => Ok(None),
                    _ => Err(error),
                }
            }
        }
    }
}

async fn linked(engine: &Engine, context: &Context, known: Option<Id>, provider: &IdentityProvider, person: Newcomer<'_>) -> Result<Id> {
    let user = match known {
        Some(user) => user,
        None => {
            let name: String = person.name.unwrap_or(person.email).chars().filter(|letter| !letter.is_control()).take(200).collect();
            let name = if name.trim().is_empty() { person.email.to_owned() } else { name };
            // Checked like any other input: the word of a provider may be malformed.
            let body = Map::from_iter([("name".to_owned(), name.into()), ("email".to_owned(), person.email.into())]);
            let user = write(engine, context, "user", WriteAction::Create { body }).await?;
            if let Some(role) = provider.role {
                make(engine, context, "roleAssignment", vec![("roleId", Value::Id(role.0)), ("userId", Value::Id(user.0))]).await?;
            }
            user
        }
    };
    let identity = vec![
        ("userId", Value::Id(user.0)),
        ("identityProviderId", Value::Id(provider.id.0)),
        ("issuer", provider.issuer.as_str().into()),
        ("subject", person.subject.into()),
        ("email", person.email.into()),
    ];
    make(engine, context, "externalIdentity", identity).await?;
    Ok(user)
}

async fn make(engine: &Engine, context: &Context, resource: &str, values: Vec<(&'static str, Value)>) -> Result<Id> {
    let values: Vec<(Name, Value)> = values.into_iter().map(|(name, value)| (name.into(), value)).collect();
    write(engine, context, resource, WriteAction::Make { values }).await
}

async fn write(engine: &Engine, context: &Context, resource: &str, action: WriteAction) -> Result<Id> {
    let def = engine.registry().resource(resource).ok_or_else(|| Error::internal(format!("no resource {resource}")))?;
    Ok(engine.write(context, WriteRequest { def: Arc::clone(def), action, idempotency: None }).await?.id)
}

fn shown(provider: identity_provider::Model) -> IdentityProvider {
    let domains = provider.email_domains.as_deref().unwrap_or_default();
    IdentityProvider {
        id: provider.id,
        domains: domains.split_whitespace().map(str::to_lowercase).collect(),
        name: provider.name,
        issuer: provider.issuer,
        client_id: provider.client_id,
        client_secret: provider.shared_secret,
        scopes: provider.scopes,
        creates_users: provider.creates_users,
        role: provider.role_id,
    }
}
