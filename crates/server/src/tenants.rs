//! Tenants and their first users, made by the server itself.

use crate::assemble::House;
use clientela_engine::{Engine, WriteAction, WriteRequest, ids};
use clientela_kernel::{Context, Error, ErrorCode, Id, Result, TenantId};
use clientela_platform::{founding, tenant, user};
use clientela_store::{Store, SystemTask};
use sea_orm::Condition;
use serde_json::{Map, Value as Json, json};

/// A tenant to be made, with its first user.
pub struct NewTenant {
    /// The tenant's id.
    pub id: TenantId,
    /// What the organization calls itself.
    pub name: String,
    /// Further fields of the tenant, by wire name.
    pub fields: Map<String, Json>,
    /// The user's name.
    pub user_name: String,
    /// The user's e-mail address.
    pub user_email: String,
}

/// The server's own authority in a tenant.
pub fn system_context(house: &House, tenant: TenantId) -> Context {
    let now = house.clock.now();
    Context::of_system(tenant, ids::mint(now).0, now)
}

/// Makes a tenant and its first user; answers the user's id.
///
/// # Errors
/// `VALIDATION_FAILED` where a field cannot be used.
pub async fn create(house: &House, new: NewTenant) -> Result<Id> {
    let context = system_context(house, new.id);
    // The user first: an address that cannot be used must not leave a tenant behind, and without its tenant a user is
    // nobody.
    let user = write(house, &context, "user", json!({"name": new.user_name, "email": new.user_email})).await?;
    let mut body = new.fields;
    body.insert("id".to_owned(), new.id.to_string().into());
    body.insert("name".to_owned(), new.name.into());
    write(house, &context, "tenant", Json::Object(body)).await?;
    begin(&house.engine, &context).await?;
    clientela_sales::pipeline::first::begin(&house.engine, &context).await?;
    founding::begin(&house.engine, &context, user).await?;
    Ok(user)
}

/// Gives a new tenant the records that every tenant begins with.
pub(crate) async fn begin(engine: &Engine, context: &Context) -> Result<()> {
    let def = engine.registry().resource("duplicateRule").ok_or_else(|| Error::internal("no resource duplicateRule"))?;
    for values in clientela_customers::duplicates::rule::defaults() {
        let request = WriteRequest { def: def.clone(), action: WriteAction::Make { values }, idempotency: None };
        match engine.write(context, request).await {
            // It is there from an attempt before.
            Err(error) if error.code() == ErrorCode::Duplicate => {}
            done => drop(done?),
        }
    }
    Ok(())
}

async fn write(house: &House, context: &Context, resource: &str, body: Json) -> Result<Id> {
    let def = house.engine.registry().resource(resource).ok_or_else(|| Error::internal(format!("no resource {resource}")))?;
    let Json::Object(body) = body else { return Err(Error::internal("a body is an object")) };
    let request = WriteRequest { def: def.clone(), action: WriteAction::Create { body }, idempotency: None };
    house.engine.write(context, request).await.map(|outcome| outcome.id)
}

/// Every living tenant.
pub async fn list(store: &Store) -> Result<Vec<tenant::Model>> {
    let mut found = store.system(SystemTask::Tenants).find::<tenant::Entity>(Condition::all()).await?;
    found.retain(|tenant| tenant.deleted_at.is_none());
    Ok(found)
}

/// The tenant that a person means by an id, or the only one.
///
/// # Errors
/// `NOT_FOUND` where there is none or more than one; the text says what to add.
pub async fn find(store: &Store, wanted: Option<&str>) -> Result<TenantId> {
    let found = list(store).await?;
    let known = || found.iter().map(|tenant| format!("{} ({})", tenant.tenant_id, tenant.name)).collect::<Vec<_>>().join(", ");
    match (wanted, found.as_slice()) {
        (Some(wanted), _) => match found.iter().find(|tenant| tenant.tenant_id.to_string() == wanted) {
            Some(tenant) => Ok(tenant.tenant_id),
            None => Err(Error::new(ErrorCode::NotFound, format!("There is no tenant {wanted}. Known: {}.", known()))),
        },
        (None, [tenant]) => Ok(tenant.tenant_id),
        (None, []) => {
            Err(Error::new(ErrorCode::NotFound, "There is no tenant yet. Make one: clientela tenant create --name NAME --email EMAIL."))
        }
        (None, _) => {
            Err(Error::new(ErrorCode::NotFound, format!("There is more than one tenant. Say which with --tenant ID: {}.", known())))
        }
    }
}

/// The one active user that a person means by an e-mail address or an id (or by nothing at all), in a tenant or anywhere.
///
/// # Errors
/// `NOT_FOUND` where there is none or more than one; the text says what to add.
pub async fn find_user(store: &Store, wanted: Option<&str>, tenant: Option<TenantId>) -> Result<user::Model> {
    let living: Vec<TenantId> = list(store).await?.iter().map(|tenant| tenant.tenant_id).collect();
    let mut found = store.system(SystemTask::Credentials).find::<user::Entity>(Condition::all()).await?;
    found.retain(|user| {
        user.active
            && user.deleted_at.is_none()
            && living.contains(&user.tenant_id)
            && tenant.is_none_or(|tenant| user.tenant_id == tenant)
            && wanted.is_none_or(|wanted| {
                user.id.to_text("usr") == wanted || user.email.as_deref().is_some_and(|email| email.eq_ignore_ascii_case(wanted))
            })
    });
    let whom = wanted.map_or_else(|| "active user".to_owned(), |wanted| format!("active user {wanted}"));
    match (found.len(), found.pop()) {
        (1, Some(user)) => Ok(user),
        (0, _) => Err(Error::new(
            ErrorCode::NotFound,
            format!("There is no {whom}. Make a tenant with a user: clientela tenant create --name NAME --email EMAIL."),
        )),
        (count, _) => Err(Error::new(
            ErrorCode::NotFound,
            format!("There are {count} of {whom}. Say which one with --user EMAIL|ID and --tenant ID."),
        )),
    }
}
