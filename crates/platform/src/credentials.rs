//! API keys and users for authentication, read across tenants.

use crate::api_key::ApiKeyScopes;
use crate::oauth_client::{OauthClientKind, OauthClientScopes};
use crate::sign_in::moment;
use crate::sign_in::rows::{key, revocation};
use crate::user::UserAudience;
use crate::{account_user, api_key, oauth_client, purpose_token, scopes, session, stored_rights, tenant, user};
use async_trait::async_trait;
use clientela_access::oauth::{ACCESS_TOKEN, GrantType, OauthClient};
use clientela_access::policy::Rights;
use clientela_access::{ApiKeyCredential, CredentialSource, PurposeToken, UserCredential, api_key::parse_digest};
use clientela_kernel::{Audience, AudienceKind, Clock, Id, RecordKey, Result, Scopes, TenantId, Timestamp};
use clientela_store::{Store, SystemTask};
use sea_orm::sea_query::IntoCondition as _;
use sea_orm::{ColumnTrait as _, Condition};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Credentials from the database.
pub struct StoredCredentials {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl StoredCredentials {
    /// Credentials from this store.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        StoredCredentials { store, clock }
    }

    /// Tenants by id.
    async fn tenants(&self) -> Result<HashMap<TenantId, tenant::Model>> {
        let found = self.store.system(SystemTask::Credentials).find::<tenant::Entity>(Condition::all()).await?;
        Ok(found.into_iter().map(|tenant| (tenant.tenant_id, tenant)).collect())
    }
}

#[async_trait]
impl CredentialSource for StoredCredentials {
    async fn api_keys(&self) -> Result<Vec<ApiKeyCredential>> {
        let tenants = self.tenants().await?;
        let keys = self.store.system(SystemTask::Credentials).find::<api_key::Entity>(Condition::all()).await?;
        // A digest that cannot be read fits no secret, so such a key needs no place in memory.
        Ok(keys.into_iter().filter_map(|key| key_credential(key, &tenants)).collect())
    }

    async fn users(&self) -> Result<Vec<UserCredential>> {
        let tenants = self.tenants().await?;
        let system = self.store.system(SystemTask::Credentials);
        let users = system.find::<user::Entity>(Condition::all()).await?;
        let living = account_user::Column::DeletedAt.is_null().into_condition();
        let belonging = system.find::<account_user::Entity>(living).await?;
        let belonging: HashMap<_, _> = belonging.into_iter().map(|belongs| ((belongs.tenant_id, belongs.user_id), belongs)).collect();
        Ok(users.into_iter().map(|user| user_credential(&user, &tenants, belonging.get(&(user.tenant_id, user.id)))).collect())
    }

    async fn purpose_tokens(&self) -> Result<Vec<PurposeToken>> {
        let tenants = self.tenants().await?;
        let tokens = self.store.system(SystemTask::Credentials).find::<purpose_token::Entity>(Condition::all()).await?;
        Ok(tokens.into_iter().filter_map(|token| purpose(token, &tenants)).collect())
    }

    async fn clients(&self) -> Result<Vec<OauthClient>> {
        let tenants = self.tenants().await?;
        let clients = self.store.system(SystemTask::Credentials).find::<oauth_client::Entity>(Condition::all()).await?;
        Ok(clients.into_iter().map(|client| program(client, &tenants)).collect())
    }

    async fn public_keys(&self) -> Result<Vec<String>> {
        let keys = self.store.system(SystemTask::Credentials).find::<key::Entity>(Condition::all()).await?;
        let now = self.clock.now();
        Ok(keys.into_iter().filter(|key| key.until.is_none_or(|until| until > now)).map(|key| key.public).collect())
    }

    async fn revoked(&self) -> Result<Vec<(TenantId, Uuid)>> {
        let since = moment(&self.store, Timestamp(self.clock.now().0.saturating_sub(2 * ACCESS_TOKEN)));
        let system = self.store.system(SystemTask::Credentials);
        let ended = Condition::any().add(session::Column::RevokedAt.gte(since.clone())).add(session::Column::DeletedAt.gte(since.clone()));
        let sessions = system.find::<session::Entity>(ended).await?;
        let tokens = system.find::<revocation::Entity>(revocation::Column::Until.gte(since).into_condition()).await?;
        let sessions = sessions.into_iter().map(|session| (session.tenant_id, session.id.0));
        Ok(sessions.chain(tokens.into_iter().map(|token| (token.tenant_id, token.id.0))).collect())
    }

    async fn rights(&self) -> Result<Rights> {
        stored_rights::read(&self.store).await
    }
}

fn program(client: oauth_client::Model, tenants: &HashMap<TenantId, tenant::Model>) -> OauthClient {
    let ways = [
        (client.authorization_code, GrantType::AuthorizationCode),
        (client.refresh_tokens, GrantType::RefreshToken),
        (client.device_code, GrantType::DeviceCode),
        (client.client_credentials, GrantType::ClientCredentials),
        (client.token_exchange, GrantType::TokenExchange),
    ];
    // A confidential client whose digest cannot be read must not pass for one without a secret: it is stopped.
    let secret = client.secret_hash.as_deref().and_then(parse_digest);
    let sound = (client.kind == OauthClientKind::Confidential) == secret.is_some();
    OauthClient {
        id: client.id,
        tenant: client.tenant_id,
        active: client.active && sound && client.deleted_at.is_none() && living(tenants, client.tenant_id).is_some(),
        client_id: client.client_id,
        name: client.name,
        secret,
        redirect_uris: client.redirect_uris.iter().flat_map(|uris| uris.split_whitespace()).map(str::to_owned).collect(),
        scopes: scopes::effective(
            match client.scopes {
                OauthClientScopes::Read => Scopes::READ,
                OauthClientScopes::ReadWrite => Scopes::READ_WRITE,
            },
            client.resource_scopes.as_deref(),
            client.sensitive,
        ),
        grants: ways.into_iter().filter(|(open, _)| *open).map(|(_, way)| way).collect(),
        run_as: client.run_as_id,
    }
}

fn key_credential(key: api_key::Model, tenants: &HashMap<TenantId, tenant::Model>) -> Option<ApiKeyCredential> {
    let tenant = living(tenants, key.tenant_id);
    Some(ApiKeyCredential {
        id: key.id,
        tenant: key.tenant_id,
        digest: parse_digest(&key.secret_hash)?,
        scopes: scopes::effective(
            match key.scopes {
                ApiKeyScopes::Read => Scopes::READ,
                ApiKeyScopes::ReadWrite => Scopes::READ_WRITE,
            },
            key.resource_scopes.as_deref(),
            key.sensitive,
        ),
        expires_at: key.expires_at,
        revoked: key.revoked_at.is_some() || key.deleted_at.is_some() || tenant.is_none(),
        zone: zone(None, tenant),
        name: key.name,
        created_by: key.created_by,
    })
}

fn purpose(token: purpose_token::Model, tenants: &HashMap<TenantId, tenant::Model>) -> Option<PurposeToken> {
    let tenant = living(tenants, token.tenant_id);
    // What is settled and cannot be read must not be open: such a token holds for nothing.
    let input = token.input.as_deref().map(serde_json::from_str).transpose().ok();
    Some(PurposeToken {
        id: token.id,
        tenant: token.tenant_id,
        digest: parse_digest(&token.secret_hash)?,
        record: RecordKey { resource: token.record_resource.into(), id: token.record_id.0 },
        fields: token.fields.map(|fields| fields.split(',').map(|name| name.trim().to_owned()).collect()),
        operation: token.operation.map(Into::into),
        revoked: token.revoked_at.is_some() || token.deleted_at.is_some() || tenant.is_none() || input.is_none(),
        input: input.flatten().unwrap_or_default(),
        scopes: Scopes::parse_known(&token.scopes).with_sensitive(false),
        // Rules see to it that there is one.
        expires_at: token.expires_at.unwrap_or(token.created_at),
        zone: zone(None, tenant),
        name: token.name,
        created_by: token.created_by,
    })
}

fn user_credential(
    user: &user::Model,
    tenants: &HashMap<TenantId, tenant::Model>,
    belongs: Option<&account_user::Model>,
) -> UserCredential {
    let tenant = living(tenants, user.tenant_id);
    UserCredential {
        id: user.id,
        tenant: user.tenant_id,
        active: user.active && user.deleted_at.is_none() && tenant.is_some(),
        zone: zone(user.time_zone.as_deref(), tenant),
        audience: audience(user.audience, belongs),
    }
}

/// Whom a user from outside belongs to: nobody, where no record says so.
fn audience(of: UserAudience, belongs: Option<&account_user::Model>) -> Option<Audience> {
    let kind = match of {
        UserAudience::Staff => return None,
        UserAudience::Portal => AudienceKind::Portal,
        UserAudience::Partner => AudienceKind::Partner,
    };
    let named = |resource: &'static str, id: Option<Id>| id.map(|id| RecordKey { resource: resource.into(), id: id.0 });
    let records = |belongs: &account_user::Model| [named("account", belongs.account_id), named("contact", belongs.contact_id)];
    Some(Audience { kind, records: belongs.into_iter().flat_map(records).flatten().collect() })
}

fn living(tenants: &HashMap<TenantId, tenant::Model>, id: TenantId) -> Option<&tenant::Model> {
    tenants.get(&id).filter(|tenant| tenant.deleted_at.is_none())
}

/// The person's zone, else the tenant's, else UTC.
fn zone(own: Option<&str>, tenant: Option<&tenant::Model>) -> chrono_tz::Tz {
    let known = |name: &str| name.parse().ok();
    own.and_then(known).or_else(|| tenant.and_then(|tenant| known(&tenant.time_zone))).unwrap_or(chrono_tz::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(id: TenantId) -> tenant::Model {
        tenant::Model {
            tenant_id: id,
            id: Id(id.0),
            version: 1,
            created_at: Timestamp(0),
            created_by: String::new(),
            updated_at: Timestamp(0),
            updated_by: String::new(),
            deleted_at: None,
            name: "Alpine Foods".to_owned(),
            time_zone: "Europe/Vienna".to_owned(),
            currency: "EUR".to_owned(),
            language: "en".to_owned(),
            country: None,
            suppression_key: None,
        }
    }

    fn user(tenant: TenantId) -> user::Model {
        user::Model {
            tenant_id: tenant,
            id: Id(tenant.0),
            version: 1,
            created_at: Timestamp(0),
            created_by: String::new(),
            updated_at: Timestamp(0),
            updated_by: String::new(),
            deleted_at: None,
            name: "Maria Huber".to_owned(),
            email: Some("maria.huber@alpine-foods.example".to_owned()),
            user_name: None,
            given_name: None,
            family_name: None,
            title: None,
            phone: None,
            time_zone: None,
            language: None,
            active: true,
            audience: UserAudience::Staff,
            hired_on: None,
            password_set_at: None,
            password_hash: None,
            manager_id: None,
        }
    }

    fn key(tenant: TenantId) -> api_key::Model {
        api_key::Model {
            tenant_id: tenant,
            id: Id(tenant.0),
            version: 1,
            created_at: Timestamp(0),
            created_by: String::new(),
            updated_at: Timestamp(0),
            updated_by: String::new(),
            deleted_at: None,
            name: "import".to_owned(),
            scopes: ApiKeyScopes::Read,
            resource_scopes: None,
            sensitive: false,
            expires_at: None,
            revoked_at: None,
            hint: "abcd".to_owned(),
            secret_hash: crate::secret::digest("clk_x"),
        }
    }

    #[test]
    fn whoever_is_deactivated_deleted_or_of_a_deleted_tenant_is_not_active() {
        let id = TenantId("019b7000-0000-7000-8000-00000000000a".parse().unwrap());
        let tenants = HashMap::from([(id, tenant(id))]);
        let gone = HashMap::from([(id, tenant::Model { deleted_at: Some(Timestamp(1)), ..tenant(id) })]);
        assert!(user_credential(&user(id), &tenants, None).active);
        assert!(!user_credential(&user::Model { active: false, ..user(id) }, &tenants, None).active);
        assert!(!user_credential(&user::Model { deleted_at: Some(Timestamp(1)), ..user(id) }, &tenants, None).active);
        assert!(!user_credential(&user(id), &gone, None).active);
        assert!(!user_credential(&user(id), &HashMap::new(), None).active);
        assert!(!key_credential(key(id), &tenants).unwrap().revoked);
        assert!(key_credential(api_key::Model { revoked_at: Some(Timestamp(1)), ..key(id) }, &tenants).unwrap().revoked);
        assert!(key_credential(api_key::Model { deleted_at: Some(Timestamp(1)), ..key(id) }, &tenants).unwrap().revoked);
        assert!(key_credential(key(id), &gone).unwrap().revoked);
    }

    #[test]
    fn somebody_from_outside_whom_no_record_names_belongs_to_nobody() {
        assert_eq!(audience(UserAudience::Staff, None), None);
        let alone = audience(UserAudience::Portal, None).unwrap();
        assert!(alone.kind == AudienceKind::Portal && alone.records.is_empty());
    }

    #[test]
    fn zone_is_the_persons_or_else_the_tenants() {
        let id = TenantId("019b7000-0000-7000-8000-00000000000a".parse().unwrap());
        let tenants = HashMap::from([(id, tenant(id))]);
        assert_eq!(user_credential(&user(id), &tenants, None).zone, chrono_tz::Europe::Vienna);
        let abroad = user::Model { time_zone: Some("Asia/Tokyo".to_owned()), ..user(id) };
        assert_eq!(user_credential(&abroad, &tenants, None).zone, chrono_tz::Asia::Tokyo);
    }

    #[test]
    fn digest_of_a_minted_secret_is_the_one_that_authentication_computes() {
        let id = TenantId("019b7000-0000-7000-8000-00000000000a".parse().unwrap());
        let credential = key_credential(key(id), &HashMap::from([(id, tenant(id))])).unwrap();
        assert_eq!(credential.digest, clientela_access::api_key::digest("clk_x"));
    }
}
