//! `clientela tenant`.

use super::{Failure, house, print};
use crate::config::Config;
use crate::tenants::{self, NewTenant};
use clientela_access::TokenIssue;
use clientela_engine::ids;
use clientela_kernel::{Scopes, TenantId, Timestamp};
use serde_json::{Map, json};

/// How long the first token is valid, in milliseconds: a day, enough to make an API key with it.
const FIRST_TOKEN: i64 = 86_400_000;

/// Makes a tenant with one user, and prints a token for that user.
pub async fn create(config: &Config, name: &str, email: &str, user_name: Option<&str>, as_json: bool) -> Result<(), Failure> {
    let house = house(config).await?;
    let now = house.clock.now();
    let id = TenantId(ids::mint(now).0);
    let new = NewTenant {
        id,
        name: name.to_owned(),
        fields: Map::new(),
        user_name: user_name.unwrap_or(email).to_owned(),
        user_email: email.to_owned(),
    };
    let user = tenants::create(&house, new).await?;
    let expires_at = Timestamp(now.0 + FIRST_TOKEN);
    let issue = TokenIssue {
        tenant: id,
        user,
        client: "clientela-token".to_owned(),
        session: None,
        actor: None,
        issuer: None,
        scopes: Scopes::ALL,
        issued_at: now,
        expires_at,
    };
    let token = house.authenticator.issue(&issue)?;
    house.store.close().await;
    let (tenant, user) = (id.to_string(), user.to_text("usr"));
    let answer = json!({"tenant": tenant, "user": user, "token": token, "expiresAt": expires_at.to_text()});
    let text = format!("tenant   {tenant}\nuser     {user}\nexpires  {}\ntoken    {token}", expires_at.to_text());
    print(as_json, &answer, &text)
}

/// Lists the tenants.
pub async fn list(config: &Config, as_json: bool) -> Result<(), Failure> {
    let house = house(config).await?;
    let found = tenants::list(&house.store).await;
    house.store.close().await;
    let found = found?;
    let lines: Vec<String> = found.iter().map(|tenant| format!("{}  {}", tenant.tenant_id, tenant.name)).collect();
    let shown: Vec<_> = found.iter().map(|tenant| json!({"id": tenant.tenant_id.to_string(), "name": tenant.name})).collect();
    print(as_json, &json!({ "tenants": shown }), &lines.join("\n"))
}
