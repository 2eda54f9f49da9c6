//! The roles that every tenant begins with.

use crate::role_right::{ANY, RightDepth};
use clientela_engine::{Engine, WriteAction, WriteRequest};
use clientela_kernel::{Comparison, Context, Error, ErrorCode, Filter, Id, Name, Result, Value};
use clientela_model::Choice as _;
use std::sync::Arc;

/// The key of the role that may do everything.
pub const ADMINISTRATOR: &str = "administrator";
/// The key of the role for whoever works with customers.
pub const MEMBER: &str = "member";
/// The key of the role for whoever looks.
pub const READER: &str = "reader";

/// The key of the role for a customer's own people.
pub const PORTAL: &str = "portal";
/// The key of the role for the people of companies that sell with the tenant.
pub const PARTNER: &str = "partner";

/// What everybody from outside may do with what concerns them.
const OUTSIDE: [(&str, &str, RightDepth); 17] = [
    ("account", "read", RightDepth::All),
    ("contact", "read", RightDepth::All),
    ("accountContact", "read", RightDepth::All),
    ("contactPoint", "read", RightDepth::All),
    ("contactPoint", "create", RightDepth::All),
    ("contactPoint", "update", RightDepth::All),
    ("contactPoint", "delete", RightDepth::All),
    ("address", "read", RightDepth::All),
    ("address", "create", RightDepth::All),
    ("address", "update", RightDepth::All),
    ("address", "delete", RightDepth::All),
    ("purpose", "read", RightDepth::All),
    ("consent", "read", RightDepth::All),
    ("communicationPreference", "read", RightDepth::All),
    ("user", "read", RightDepth::All),
    ("accountUser", "read", RightDepth::All),
    ("session", ANY, RightDepth::Own),
];
/// What a customer's own people do besides.
const PORTAL_RIGHTS: [(&str, &str, RightDepth); 4] = [
    ("contact", "update", RightDepth::All),
    ("consent", "create", RightDepth::All),
    ("communicationPreference", "create", RightDepth::All),
    ("communicationPreference", "update", RightDepth::All),
];
/// What partners do besides with what is shared with them.
const PARTNER_RIGHTS: [(&str, &str, RightDepth); 11] = [
    ("account", "update", RightDepth::All),
    ("contact", "update", RightDepth::All),
    ("note", "read", RightDepth::Own),
    ("note", "create", RightDepth::Own),
    ("note", "update", RightDepth::Own),
    ("task", "read", RightDepth::Own),
    ("task", "create", RightDepth::Own),
    ("task", "update", RightDepth::Own),
    ("file", "read", RightDepth::Own),
    ("file", "create", RightDepth::Own),
    ("tag", "read", RightDepth::All),
];

/// Resources that say who may do what, what everybody's records and copies are like, and how programs sign in.
const OF_ADMINISTRATORS: [&str; 16] = [
    "tenant",
    "user",
    "accountUser",
    "team",
    "teamMember",
    "role",
    "roleRight",
    "fieldRule",
    "roleAssignment",
    "sharingRule",
    "apiKeyRole",
    "oauthClient",
    "customField",
    "customObject",
    "syncScope",
    "discountLimit",
];

/// A role as it is written: key, name, description, whether it may do everything.
const ROLES: [(&str, &str, &str, bool); 5] = [
    (ADMINISTRATOR, "Administrator", "May do everything.", true),
    (MEMBER, "Member", "Works with all customers; cannot change users, teams, roles and settings, and sees only its own API keys.", false),
    (READER, "Reader", "May read everything but API keys.", false),
    (PORTAL, "Portal user", "A customer's own people: see their account and contacts, keep addresses and consents up to date.", false),
    (PARTNER, "Partner user", "The people of a company that sells with you: work with the customers that you share with it.", false),
];

/// The rights of a role that may not do everything: resource, action, depth.
fn rights(key: &str) -> Vec<(&'static str, &'static str, RightDepth)> {
    match key {
        MEMBER => {
            let mut rights = vec![(ANY, ANY, RightDepth::All)];
            let own = ["apiKey", "session", "purposeToken", "savedView", "webhookEndpoint", "job", "schedule", "inboxSource"];
            rights.extend(own.map(|resource| (resource, ANY, RightDepth::Own)));
            rights.extend(
                OF_ADMINISTRATORS.iter().flat_map(|resource| [(*resource, "read", RightDepth::All), (*resource, ANY, RightDepth::None)]),
            );
            rights
        }
        READER => vec![
            (ANY, "read", RightDepth::All),
            (ANY, "export", RightDepth::All),
            ("apiKey", ANY, RightDepth::None),
            ("session", ANY, RightDepth::Own),
            ("job", ANY, RightDepth::Own),
            ("purposeToken", ANY, RightDepth::None),
            ("savedView", "read", RightDepth::Own),
            ("webhookEndpoint", ANY, RightDepth::None),
            ("inboxSource", ANY, RightDepth::None),
            ("schedule", "read", RightDepth::Own),
        ],
        PORTAL => [&PORTAL_RIGHTS, &OUTSIDE[..]].concat(),
        PARTNER => [&PARTNER_RIGHTS, &OUTSIDE[..]].concat(),
        _ => Vec::new(),
    }
}

/// Gives a tenant its first roles, and one of them to a user. What is there from an attempt before stays.
///
/// # Errors
/// Where the database refuses a write.
pub async fn begin(engine: &Engine, context: &Context, administrator: Id) -> Result<()> {
    for (key, name, description, administers) in ROLES {
        let values = vec![
            text("key", key),
            text("name", name),
            text("description", description),
            ("administrator".into(), Value::Boolean(administers)),
        ];
        let Some(role) = make(engine, context, "role", values).await? else { continue };
        for (resource, action, depth) in rights(key) {
            let depth = ("depth".into(), Value::from(depth.as_str()));
            make(
                engine,
                context,
                "roleRight",
                vec![("roleId".into(), Value::Id(role.0)), text("resource", resource), text("action", action), depth],
            )
            .await?;
        }
    }
    assign(engine, context, administrator, ADMINISTRATOR).await
}

/// A role by its key.
///
/// # Errors
/// `NOT_FOUND` where there is none.
pub async fn role(engine: &Engine, context: &Context, key: &str) -> Result<Id> {
    let found = engine.find_one(context, "role", Filter::field("key", Comparison::Equal(Value::from(key)))).await?;
    found.map(|role| role.id).ok_or_else(|| Error::new(ErrorCode::NotFound, format!("There is no role with the key {key:?}.")))
}

/// Gives a user a role by its key.
///
/// # Errors
/// `NOT_FOUND` where there is no such role.
pub async fn assign(engine: &Engine, context: &Context, user: Id, key: &str) -> Result<()> {
    let role = role(engine, context, key).await?;
    make(engine, context, "roleAssignment", vec![("roleId".into(), Value::Id(role.0)), ("userId".into(), Value::Id(user.0))])
        .await
        .map(drop)
}

fn text(field: &'static str, value: &str) -> (Name, Value) {
    (field.into(), Value::from(value))
}

/// Makes a record; none where there is one like it.
async fn make(engine: &Engine, context: &Context, resource: &str, values: Vec<(Name, Value)>) -> Result<Option<Id>> {
    let def = engine.registry().resource(resource).ok_or_else(|| Error::internal(format!("no resource {resource}")))?;
    let request = WriteRequest { def: Arc::clone(def), action: WriteAction::Make { values }, idempotency: None };
    match engine.write(context, request).await {
        Ok(made) => Ok(Some(made.id)),
        Err(error) if error.code() == ErrorCode::Duplicate => Ok(None),
        Err(error) => Err(error),
    }
}
