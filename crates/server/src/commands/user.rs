//! `clientela user` and `clientela api-key`.

use super::{Failure, house, print};
use crate::assemble::House;
use crate::cli::{Scope, UserCommand};
use crate::config::Config;
use crate::tenants;
use clientela_engine::{WriteAction, WriteOutcome, WriteRequest};
use clientela_kernel::{Context, Error, ErrorCode, Id, Result, TenantId};
use clientela_platform::{founding, password, user};
use clientela_store::SystemTask;
use sea_orm::{ColumnTrait as _, Condition};
use serde_json::{Map, Value as Json, json};

/// Does what is asked about users.
pub async fn run(config: &Config, command: &UserCommand, as_json: bool) -> Result<(), Failure> {
    let house = house(config).await?;
    let done = carry_out(&house, command).await;
    house.store.close().await;
    let (answer, text) = done?;
    print(as_json, &answer, &text)
}

/// Answers what came of it, as JSON and for people.
async fn carry_out(house: &House, command: &UserCommand) -> Result<(Json, String)> {
    match command {
        UserCommand::List { tenant } => {
            let tenant = tenants::find(&house.store, tenant.as_deref()).await?;
            let users = users(house, tenant).await?;
            let lines: Vec<String> = users.iter().map(line).collect();
            let users: Vec<Json> = users.iter().map(shown).collect();
            Ok((json!({ "tenant": tenant.to_string(), "users": users }), lines.join("\n")))
        }
        UserCommand::Create { name, email, title, role, tenant } => {
            let tenant = tenants::find(&house.store, tenant.as_deref()).await?;
            let body = json!({ "name": name, "email": email, "title": title });
            let context = tenants::system_context(house, tenant);
            founding::role(&house.engine, &context, role).await?;
            let id = write(house, tenant, "user", |body| WriteAction::Create { body }, body).await?.id;
            founding::assign(&house.engine, &context, id, role).await?;
            let id = id.to_text("usr");
            let text = format!("{id}\nA token for {email}: clientela token --user {id}");
            Ok((json!({ "user": id, "email": email, "tenant": tenant.to_string() }), text))
        }
        UserCommand::SetPassword { user, tenant } => set_password(house, user, tenant.as_deref()).await,
        UserCommand::Deactivate { user, tenant } => set_active(house, user, tenant.as_deref(), false).await,
        UserCommand::Activate { user, tenant } => set_active(house, user, tenant.as_deref(), true).await,
    }
}

/// Sets a password that stands in the first line of standard input: on a command line everybody on the machine could read it.
async fn set_password(house: &House, wanted: &str, tenant: Option<&str>) -> Result<(Json, String)> {
    let tenant = tenants::find(&house.store, tenant).await?;
    let user = find(house, tenant, wanted).await?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| Error::internal(format!("Standard input cannot be read: {error}")))?;
    let password = line.trim_end_matches(['\r', '\n']);
    let known = [user.name.as_str(), user.email.as_deref().unwrap_or_default()];
    if let Some(weakness) = clientela_access::password::weakness(password, &known) {
        return Err(Error::new(ErrorCode::ValidationFailed, format!("The password {weakness}")));
    }
    let values = password::values(house.passwords.hash(password).await?, house.clock.now());
    let values = values.into_iter().map(|(name, value)| (name.into(), value)).collect();
    let def = house.engine.registry().resource("user").ok_or_else(|| Error::internal("no resource user"))?;
    let action = WriteAction::Set { id: user.id, values, expected: None };
    let context = tenants::system_context(house, tenant);
    house.engine.write(&context, WriteRequest { def: def.clone(), action, idempotency: None }).await?;
    let id = user.id.to_text("usr");
    Ok((json!({ "user": id, "tenant": tenant.to_string() }), format!("{} has a new password.", user.name)))
}

/// The user that a person means by an e-mail address or an id.
async fn find(house: &House, tenant: TenantId, wanted: &str) -> Result<user::Model> {
    let mut found = users(house, tenant).await?;
    found.retain(|user| user.id.to_text("usr") == wanted || user.email.as_deref().is_some_and(|email| email.eq_ignore_ascii_case(wanted)));
    found.pop().ok_or_else(|| {
        let text = format!("There is no user {wanted} in {tenant}. See them all: clientela user list.");
        Error::new(ErrorCode::NotFound, text)
    })
}

async fn set_active(house: &House, wanted: &str, tenant: Option<&str>, active: bool) -> Result<(Json, String)> {
    let tenant = tenants::find(&house.store, tenant).await?;
    let user = find(house, tenant, wanted).await?;
    let id: Id = user.id;
    let body = json!({ "active": active });
    let outcome = write(house, tenant, "user", |body| WriteAction::Update { id, body, expected: None }, body).await?;
    let answer = json!({ "user": id.to_text("usr"), "active": active, "changed": outcome.changed });
    let text = match (active, outcome.changed) {
        (true, true) => format!("{} may sign in again.", user.name),
        (true, false) => format!("{} may sign in already.", user.name),
        (false, true) => format!("{} may sign in no more; tokens that are about are refused from now on.", user.name),
        (false, false) => format!("{} may not sign in already.", user.name),
    };
    Ok((answer, text))
}

/// Makes an API key, and prints its secret, which nobody can see again.
pub async fn key(config: &Config, name: &str, scope: Scope, tenant: Option<&str>, as_json: bool) -> Result<(), Failure> {
    let house = house(config).await?;
    let done = make_key(&house, name, scope, tenant).await;
    house.store.close().await;
    let (tenant, id, secret) = done?;
    let answer = json!({ "apiKey": id, "tenant": tenant.to_string(), "secret": secret });
    print(as_json, &answer, &format!("key     {id}\nsecret  {secret}"))
}

async fn make_key(house: &House, name: &str, scope: Scope, tenant: Option<&str>) -> Result<(TenantId, String, String)> {
    let tenant = tenants::find(&house.store, tenant).await?;
    let scopes = match scope {
        Scope::Read => "READ",
        Scope::ReadWrite => "READ_WRITE",
    };
    let body = json!({ "name": name, "scopes": scopes });
    let made = write(house, tenant, "apiKey", |body| WriteAction::Create { body }, body).await?;
    let secret = made.revealed.ok_or_else(|| Error::internal("a new API key has no secret"))?;
    Ok((tenant, made.id.to_text("key"), secret))
}

/// The users of a tenant who are not deleted, by name.
async fn users(house: &House, tenant: TenantId) -> Result<Vec<user::Model>> {
    let condition = Condition::all().add(user::Column::TenantId.eq(tenant)).add(user::Column::DeletedAt.is_null());
    let mut found = house.store.system(SystemTask::Credentials).find::<user::Entity>(condition).await?;
    found.sort_by(|one, other| (&one.name, one.id.0).cmp(&(&other.name, other.id.0)));
    Ok(found)
}

async fn write(
    house: &House,
    tenant: TenantId,
    resource: &str,
    action: impl FnOnce(Map<String, Json>) -> WriteAction,
    body: Json,
) -> Result<WriteOutcome> {
    let def = house.engine.registry().resource(resource).ok_or_else(|| Error::internal(format!("no resource {resource}")))?;
    let Json::Object(body) = body else { return Err(Error::internal("a body is an object")) };
    let context: Context = tenants::system_context(house, tenant);
    house.engine.write(&context, WriteRequest { def: def.clone(), action: action(body), idempotency: None }).await
}

fn shown(user: &user::Model) -> Json {
    json!({ "id": user.id.to_text("usr"), "name": user.name, "email": user.email, "active": user.active })
}

fn line(user: &user::Model) -> String {
    let (id, email) = (user.id.to_text("usr"), user.email.as_deref().unwrap_or("–"));
    let active = if user.active { "" } else { "  (may not sign in)" };
    format!("{id}  {}  {email}{active}", user.name)
}
