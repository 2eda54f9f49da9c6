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

/// Resources that say who may do what, and how programs sign in.
const OF_ADMINISTRATORS: [&str; 12] = [
    "tenant",
    "user",
    "team",
    "teamMember",
    "role",
    "roleRight",
    "fieldRule",
    "roleAssignment",
    "apiKeyRole",
    "oauthClient",
    "customField",
    "customObject",
];

/// A role as it is written: key, name, description, whether it may do everything.
const ROLES: [(&str, &str, &str, bool); 3] = [
    (ADMINISTRATOR, "Administrator", "May do everything.", true),
    (MEMBER, "Member", "Works with all customers; cannot change users, teams, roles and settings, and sees only its own API keys.", false),
    (READER, "Reader", "May read everything but API keys.", false),
];

/// The rights of a role that may not do everything: resource, action, depth.
fn rights(key: &str) -> Vec<(&'static str, &'static str, RightDepth)> {
    match key {
        MEMBER => {
            let mut rights = vec![
                (ANY, ANY, RightDepth::All),
                ("apiKey", ANY, RightDepth::Own),
                ("session", ANY, RightDepth::Own),
                ("savedView", ANY, RightDepth::Own),
            ];
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
            ("savedView", "read", RightDepth::Own),
        ],
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
