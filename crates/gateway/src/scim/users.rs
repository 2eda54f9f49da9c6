//! Users: a `user` as SCIM shows it, and back.

use super::attribute::{ENTERPRISE, Kind, USER};
use super::document::Document;
use super::records::{Door, Record};
use super::refusal::Answer;
use super::{condition, external, memberships, write};
use clientela_engine::module::check_format;
use clientela_kernel::{Comparison, Filter, Id, Value};
use clientela_model::{TextFormat, system};
use serde_json::{Map, Value as Json, json};

/// The fields of a user that SCIM knows.
pub(super) const FIELDS: &[&str] = &[
    "id",
    "version",
    "createdAt",
    "updatedAt",
    "name",
    "email",
    "userName",
    "givenName",
    "familyName",
    "title",
    "phone",
    "timeZone",
    "language",
    "active",
    "managerId",
];

/// Users as SCIM shows them. What the caller may not see is not there.
pub(super) async fn shown(door: &Door, records: Vec<Record>, groups: bool) -> Answer<Vec<Document>> {
    let ids: Vec<String> = records.iter().filter_map(|record| text(record, "id").map(str::to_owned)).collect();
    let mut keys = external::keys(door, &ids).await?;
    let mut teams = if groups { memberships::groups(door, &ids).await? } else { Default::default() };
    let document = |record: Record| {
        let id = text(&record, "id").unwrap_or_default();
        let (key, teams) = (keys.remove(id), teams.remove(id).unwrap_or_default());
        document(door, &record, key, teams)
    };
    Ok(records.into_iter().map(document).collect())
}

fn text<'r>(record: &'r Record, name: &str) -> Option<&'r str> {
    record.get(name).and_then(Json::as_str)
}

/// The name by which the identity provider knows the person.
fn user_name(record: &Record) -> &str {
    text(record, "userName").or_else(|| text(record, "email")).or_else(|| text(record, "id")).unwrap_or_default()
}

fn document(door: &Door, record: &Record, external_id: Option<Json>, groups: Vec<Json>) -> Document {
    let mut document = Document::new();
    let manager = text(record, "managerId");
    let schemas = if manager.is_some() { json!([USER, ENTERPRISE]) } else { json!([USER]) };
    let mut put = |name: &str, value: Option<Json>| {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            document.insert(name.to_owned(), value);
        }
    };
    let field = |name: &str| record.get(name).cloned();
    put("schemas", Some(schemas));
    put("id", field("id"));
    put("externalId", external_id);
    put("userName", Some(user_name(record).into()));
    put("displayName", field("name"));
    let parts = ["givenName", "familyName"].into_iter().filter_map(|name| Some((name.to_owned(), text(record, name)?.into())));
    put("name", Some(Json::Object(parts.collect())).filter(|name| name != &json!({})));
    put("title", field("title"));
    put("preferredLanguage", field("language"));
    put("timezone", field("timeZone"));
    put("active", field("active"));
    put("emails", text(record, "email").map(|value| json!([{ "value": value, "type": "work", "primary": true }])));
    put("phoneNumbers", text(record, "phone").map(|value| json!([{ "value": value, "type": "work" }])));
    put("groups", Some(Json::Array(groups)).filter(|groups| groups != &json!([])));
    put(ENTERPRISE, manager.map(|id| json!({ "manager": { "value": id, "$ref": format!("{}/Users/{id}", door.base) } })));
    put("meta", Some(super::meta(door, Kind::User, record)));
    document
}

/// What a document leaves open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// A whole new user, or one in the place of another: what is left out is made of what is there.
    Whole,
    /// A user as it is after a change.
    Changed,
}

/// The fields of a user, as a document has them.
fn fields(document: &Document, sent: Sent) -> Map<String, Json> {
    let of = |name: &str| document.get(name).cloned().unwrap_or_default();
    let part = |name: &str| document.get("name").and_then(|parts| parts.get(name)).cloned().unwrap_or_default();
    let whole = sent == Sent::Whole;
    let user_name = of("userName");
    let (given, family) = (part("givenName"), part("familyName"));
    let called = || {
        let both: Vec<&str> = [&given, &family].into_iter().filter_map(|part| part.as_str()).collect();
        let formatted = part("formatted").as_str().map(str::to_owned);
        formatted.or_else(|| (!both.is_empty()).then(|| both.join(" "))).map_or_else(|| user_name.clone(), Json::from)
    };
    let display = of("displayName");
    let name = if display.is_null() && whole { called() } else { display };
    let email = match preferred(&of("emails"), |_| true) {
        None if whole && user_name.as_str().is_some_and(|name| check_format(TextFormat::Email, name).is_ok()) => user_name.clone(),
        email => email.unwrap_or_default(),
    };
    let work = |kind: &str| kind.eq_ignore_ascii_case("work") || kind.is_empty();
    let manager = document.get(ENTERPRISE).and_then(|extension| extension.pointer("/manager"));
    let manager = manager.and_then(|manager| {
        let address = manager.get("$ref").and_then(Json::as_str).and_then(|address| address.rsplit('/').next());
        manager.get("value").cloned().or_else(|| address.map(Json::from))
    });
    let values = [
        ("name", name),
        ("email", email),
        ("userName", user_name),
        ("givenName", given),
        ("familyName", family),
        ("title", of("title")),
        ("phone", preferred(&of("phoneNumbers"), work).unwrap_or_default()),
        ("timeZone", of("timezone")),
        ("language", of("preferredLanguage")),
        ("active", of("active")),
        ("managerId", manager.unwrap_or_default()),
    ];
    let mut fields: Map<String, Json> = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    if whole {
        // Silence about these does not change them.
        let said = |name: &str| document.contains_key(name);
        fields.retain(|name, _| match name.as_str() {
            "active" => said("active"),
            "managerId" => said(ENTERPRISE),
            _ => true,
        });
    }
    fields
}

/// The value to keep: the primary one, else that for work, else the first.
fn preferred(members: &Json, fits: impl Fn(&str) -> bool) -> Option<Json> {
    let kind = |member: &&Json| member.get("type").and_then(Json::as_str).unwrap_or_default().to_owned();
    let members: Vec<&Json> =
        members.as_array().into_iter().flatten().filter(|member| member.get("value").is_some() && fits(&kind(member))).collect();
    let primary = members.iter().find(|member| member.get("primary").and_then(Json::as_bool) == Some(true));
    let chosen = primary.or_else(|| members.iter().find(|member| kind(member).eq_ignore_ascii_case("work"))).or_else(|| members.first());
    chosen.and_then(|member| member.get("value").cloned())
}

/// Makes a user.
pub(super) async fn create(door: &Door, document: &Document) -> Answer<Id> {
    let user_name = required_name(document)?;
    refuse_taken(door, user_name, None).await?;
    let mut body = fields(document, Sent::Whole);
    body.retain(|_, value| !value.is_null());
    let id = write::create(door, Kind::User, body).await?;
    if let Some(key) = document.get("externalId").and_then(Json::as_str) {
        external::set(door, &write::wire(door, Kind::User, id)?, Some(key)).await?;
    }
    Ok(id)
}

/// Changes a user so that it is as a document says.
pub(super) async fn change(door: &Door, id: Id, record: &Record, document: &Document, sent: Sent) -> Answer<()> {
    let name = required_name(document)?;
    if !same(name, user_name(record)) {
        refuse_taken(door, name, Some(id)).await?;
    }
    let mut body = fields(document, sent);
    // A person who is known by the address alone goes on to be, as long as both are the same.
    if record.get("userName").is_none_or(Json::is_null) && name == user_name(record) && body.get("email") == record.get("email") {
        body.remove("userName");
    }
    body.retain(|name, value| record.get(name).unwrap_or(&Json::Null) != value);
    if !body.is_empty() {
        write::update(door, Kind::User, id, record, body).await?;
    }
    let key = document.get("externalId").and_then(Json::as_str);
    if sent == Sent::Changed || key.is_some() {
        external::set(door, &write::wire(door, Kind::User, id)?, key).await?;
    }
    Ok(())
}

fn same(one: &str, other: &str) -> bool {
    clientela_kernel::fold::fold(one) == clientela_kernel::fold::fold(other)
}

fn required_name(document: &Document) -> Answer<&str> {
    let name = document.get("userName").and_then(Json::as_str).filter(|name| !name.trim().is_empty());
    name.ok_or_else(|| {
        super::refusal::Refusal::bad("invalidValue", "userName is missing: what you call the person, such as maria.huber@example.com.")
    })
}

/// Refuses a name by which somebody else is known, be it that of another provider or an e-mail address.
async fn refuse_taken(door: &Door, name: &str, own: Option<Id>) -> Answer<()> {
    let unlimited = door.context.unlimited();
    let known = condition::of_user_name(&door.engine, &unlimited, name)?;
    let other = own.map(|id| Filter::field(system::ID, Comparison::Equal(Value::Id(id.0))).negate());
    let filter = Filter::And([known].into_iter().chain(other).collect());
    match door.engine.find_one(&door.context, Kind::User.resource(), filter).await? {
        None => Ok(()),
        Some(_) => Err(super::refusal::Refusal::taken(format!("Another user is known by the userName {name:?}."))),
    }
}
