//! Reads: one resource, and lists by filter, order and place.

use super::attribute::Kind;
use super::document::Document;
use super::records::{self, Asked, Door, Record};
use super::refusal::{Answer, Refusal};
use super::shape::Shape;
use super::{condition, groups, users};
use clientela_kernel::{Id, PageArguments};
use serde_json::{Map, Value as Json, json};

/// Most resources of one answer.
pub(super) const MOST: u32 = 500;
/// How many there are where the request does not say.
const USUAL: u32 = 100;
/// Name of the schema of lists.
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// What a list is asked for.
#[derive(Default)]
pub(super) struct Search {
    pub(super) filter: Option<String>,
    pub(super) sort_by: Option<String>,
    pub(super) descending: bool,
    pub(super) start_index: Option<i64>,
    pub(super) count: Option<i64>,
    pub(super) shape: Shape,
}

/// The fields of the records behind a type.
pub(super) const fn fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::User => users::FIELDS,
        Kind::Group => groups::FIELDS,
    }
}

/// Records as SCIM shows them. `related`: with groups or members.
pub(super) async fn shown(door: &Door, kind: Kind, records: Vec<Record>, related: bool) -> Answer<Vec<Document>> {
    match kind {
        Kind::User => users::shown(door, records, related).await,
        Kind::Group => groups::shown(door, records, related).await,
    }
}

/// One resource with its version; none where there is none that the caller may see.
pub(super) async fn one(door: &Door, kind: Kind, id: Id, related: bool) -> Answer<Option<(Document, i64)>> {
    let Some(record) = records::one(door, kind.resource(), id, fields(kind)).await? else { return Ok(None) };
    let version = record.get("version").and_then(Json::as_i64).unwrap_or_default();
    Ok(shown(door, kind, vec![record], related).await?.pop().map(|document| (document, version)))
}

/// The attribute with groups or members.
const fn related(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "groups",
        Kind::Group => "members",
    }
}

/// By which fields an attribute sorts.
fn sort_keys(kind: Kind, by: &str) -> Option<&'static [&'static str]> {
    let by = super::attribute::without(by, kind.schema()).and_then(|rest| rest.strip_prefix(':')).unwrap_or(by);
    let keys: &[(&str, &[&str])] = &[
        ("id", &["id"]),
        ("displayName", &["name"]),
        ("userName", &["userName", "email"]),
        ("name.givenName", &["givenName"]),
        ("name.familyName", &["familyName"]),
        ("title", &["title"]),
        ("active", &["active"]),
        ("emails", &["email"]),
        ("emails.value", &["email"]),
        ("meta.created", &["createdAt"]),
        ("meta.lastModified", &["updatedAt"]),
    ];
    let known = keys.iter().find(|(name, _)| name.eq_ignore_ascii_case(by)).map(|(_, keys)| *keys);
    known.filter(|_| {
        kind == Kind::User || ["id", "displayName", "meta.created", "meta.lastModified"].iter().any(|name| name.eq_ignore_ascii_case(by))
    })
}

/// A list. Places are counted from 1; what lies before the first one asked for is passed over by its ids.
pub(super) async fn list(door: &Door, kind: Kind, search: &Search) -> Answer<Json> {
    let def = records::definition(&door.engine, kind.resource())?;
    let filter = search.filter.as_deref().map(|text| condition::read(&door.engine, &door.context, kind, text)).transpose()?;
    let sort = match &search.sort_by {
        None => Vec::new(),
        Some(by) => {
            let keys = sort_keys(kind, by)
                .ok_or_else(|| Refusal::bad("invalidValue", format!("sortBy is {by:?}, by which nothing is sorted.")))?;
            let keys: Vec<_> = keys.iter().map(|key| (vec![(*key).to_owned()], search.descending)).collect();
            door.engine.parse_sort(&door.context, &def, &keys)?
        }
    };
    let first = search.start_index.unwrap_or(1).max(1);
    let count = u32::try_from(search.count.unwrap_or(i64::from(USUAL)).max(0)).unwrap_or(MOST).min(MOST);
    let asked =
        |fields: &'static [&'static str]| Asked { resource: kind.resource(), filter: filter.as_ref(), sort: &sort, fields, named: None };
    let (mut before, mut after, mut total) = (first - 1, None, None);
    let mut records = Vec::new();
    loop {
        let step = PageArguments::MAXIMUM_LIMIT.min(u32::try_from(before).unwrap_or(PageArguments::MAXIMUM_LIMIT));
        let passes = step > 0;
        let (fields, limit) = if passes || count == 0 { (&["id"][..], step.max(1)) } else { (fields(kind), count) };
        let page = records::page(door, asked(fields), limit, after.as_deref(), total.is_none()).await?;
        total = total.or(page.total);
        if !passes {
            records = if count == 0 { Vec::new() } else { page.records };
            break;
        }
        before -= i64::from(step);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let documents = shown(door, kind, records, search.shape.shows(related(kind))).await?;
    let resources: Vec<Json> = documents.into_iter().map(|document| Json::Object(search.shape.of(document))).collect();
    let mut answer = Map::new();
    answer.insert("schemas".to_owned(), json!([LIST]));
    answer.insert("totalResults".to_owned(), total.unwrap_or(0).into());
    answer.insert("startIndex".to_owned(), first.into());
    answer.insert("itemsPerPage".to_owned(), resources.len().into());
    answer.insert("Resources".to_owned(), Json::Array(resources));
    Ok(Json::Object(answer))
}
