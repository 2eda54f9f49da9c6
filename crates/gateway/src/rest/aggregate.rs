//! Aggregates: `POST /v1/accounts/aggregate`.

use super::call::{Bound, Call, json_answer};
use super::parameters::{self, Parameters, invalid, unknown};
use super::{json, list, media};
use axum::response::Response;
use clientela_engine::aggregate::{AggregateRequest, Function, GroupRequest, GroupsItem, GroupsShape, OrderRequest};
use clientela_kernel::{Error, PageArguments, Result};
use http::StatusCode;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Names of the members.
const NAMES: &[&str] = &["filter", "deleted", "groupBy", "measures", "having", "sort", "limit", "after"];

/// `POST /v1/accounts/aggregate`.
pub(super) async fn aggregate(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let context = call.context(&bound.state).await?;
    Parameters::parse(call.query(), &[])?;
    let body = call.object(&bound.state, &[media::JSON]).await?;
    let request = from_body(body)?;
    let engine = &bound.state.engine;
    let aggregation = engine.parse_aggregate(&context, &bound.def, &request)?;
    let page = vec![("next".into(), GroupsItem::Next), ("hasMore".into(), GroupsItem::HasMore)];
    let shape =
        GroupsShape { items: vec![("data".into(), GroupsItem::Groups(aggregation.whole())), ("page".into(), GroupsItem::Object(page))] };
    let mut bytes = Vec::with_capacity(4 * 1024);
    engine.aggregate(&context, &aggregation, &shape, &mut bytes).await?;
    Ok(json_answer(StatusCode::OK, bytes))
}

fn from_body(body: Map<String, Json>) -> Result<AggregateRequest> {
    let mut request = AggregateRequest { limit: PageArguments::DEFAULT_LIMIT, ..AggregateRequest::default() };
    let mut sort = Vec::new();
    let mut measures = None;
    for (name, value) in body {
        // A null member is one that is left out.
        if value.is_null() && NAMES.contains(&name.as_str()) {
            continue;
        }
        match name.as_str() {
            "filter" => request.filter = Some(value),
            "having" => request.having = Some(value),
            "deleted" => request.deleted = parameters::deleted(&list::text(&name, value)?)?,
            "groupBy" => request.group_by = array(&name, value)?.into_iter().map(group).collect::<Result<_>>()?,
            "measures" => measures = Some(figures(value)?),
            "sort" => sort = list::members(&name, value)?,
            "limit" => request.limit = parameters::limit(value.to_string().trim_end_matches(".0"))?,
            "after" => request.after = Some(list::text(&name, value)?),
            other => return Err(unknown(other, NAMES)),
        }
    }
    request.measures = measures.unwrap_or_else(|| vec![(Function::Count, Vec::new())]);
    request.sort = sort.iter().map(|key| order(key, &request.group_by)).collect();
    Ok(request)
}

fn array(name: &str, value: Json) -> Result<Vec<Json>> {
    match value {
        Json::Array(items) => Ok(items),
        other => Err(wrong(name, &other, "an array")),
    }
}

fn wrong(name: &str, value: &Json, allowed: &str) -> Error {
    invalid(format!("{name} is {}, but must be {allowed}.", json::kind(value)))
}

fn path(text: &str) -> Vec<String> {
    text.split('.').map(str::to_owned).collect()
}

/// `"account.industry"`, or `{"field": "createdAt", "bucket": "MONTH", "zone": "Europe/Rome"}`.
fn group(value: Json) -> Result<GroupRequest> {
    const ALLOWED: &[&str] = &["field", "bucket", "zone"];
    match value {
        Json::String(field) => Ok(GroupRequest { path: path(&field), ..GroupRequest::default() }),
        Json::Object(members) => {
            let mut request = GroupRequest::default();
            for (name, value) in members {
                match name.as_str() {
                    "field" => request.path = path(&list::text("groupBy.field", value)?),
                    "zone" if value.is_null() => {}
                    "bucket" => request.bucket = Some(list::text("groupBy.bucket", value)?.to_ascii_uppercase()),
                    "zone" => request.zone = Some(list::text("groupBy.zone", value)?),
                    other => return Err(unknown(other, ALLOWED)),
                }
            }
            if request.path.is_empty() || request.bucket.is_none() {
                return Err(invalid(
                    "A member of groupBy has no field or no bucket. Name both, such as {\"field\": \"createdAt\", \"bucket\": \"MONTH\"}, or \
                     write the field's name alone."
                        .to_owned(),
                ));
            }
            Ok(request)
        }
        other => Err(wrong("A member of groupBy", &other, "the name of a field, or an object with field, bucket and zone")),
    }
}

/// `{"count": true, "sum": ["employees"]}`.
fn figures(value: Json) -> Result<Vec<(Function, Vec<String>)>> {
    let Json::Object(members) = value else {
        return Err(wrong("measures", &value, "an object such as {\"count\": true, \"sum\": [\"employees\"]}"));
    };
    let mut figures = Vec::new();
    for (name, value) in members {
        let Some(function) = Function::named(&name) else {
            return Err(unknown(&name, &Function::ALL.map(Function::as_str)));
        };
        match (function, value) {
            (_, Json::Null) | (Function::Count, Json::Bool(false)) => {}
            (Function::Count, Json::Bool(true)) => figures.push((function, Vec::new())),
            (Function::Count, other) => return Err(wrong("measures.count", &other, "true or false")),
            (_, value) => {
                let fields = array(&format!("measures.{name}"), value)?;
                for field in fields {
                    figures.push((function, path(&list::text(&format!("measures.{name}"), field)?)));
                }
            }
        }
    }
    Ok(figures)
}

/// A key of the groups by its path, else a figure: `count`, `sum.employees`.
fn order(text: &str, keys: &[GroupRequest]) -> (OrderRequest, bool) {
    let (descending, name) = match text.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let path = path(name);
    let known = keys.iter().any(|key| key.path == path);
    let figure = path.split_first().and_then(|(first, rest)| Function::named(first).map(|function| (function, rest.to_vec())));
    let request = match figure {
        Some((function, rest)) if !known => OrderRequest::Figure(function, rest),
        _ => OrderRequest::Key(path),
    };
    (request, descending)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clientela_kernel::ErrorCode;
    use serde_json::json;

    fn body(value: Json) -> Result<AggregateRequest> {
        let Json::Object(members) = value else { panic!("an object") };
        from_body(members)
    }

    #[test]
    fn the_whole_is_read() {
        let read = body(json!({
            "groupBy": ["account.industry", {"field": "createdAt", "bucket": "month", "zone": "Europe/Rome"}],
            "measures": {"count": true, "sum": ["employees", "account.revenue"]},
            "sort": ["-sum.employees", "count", "account.industry"],
            "limit": 10.0,
        }))
        .unwrap();
        assert_eq!(read.group_by.len(), 2);
        assert_eq!(read.group_by.last().and_then(|key| key.bucket.as_deref()), Some("MONTH"));
        assert_eq!(read.measures.len(), 3);
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            read.sort,
            [
                (OrderRequest::Figure(Function::Sum, owned(&["employees"])), true),
                (OrderRequest::Figure(Function::Count, Vec::new()), false),
                (OrderRequest::Key(owned(&["account", "industry"])), false),
            ]
        );
        assert_eq!(body(json!({})).unwrap().measures, [(Function::Count, Vec::new())]);
    }

    #[test]
    fn wrong_members_are_refused() {
        for (asked, code) in [
            (json!({"groupby": []}), ErrorCode::UnknownParameter),
            (json!({"groupBy": "name"}), ErrorCode::InvalidParameter),
            (json!({"groupBy": [1]}), ErrorCode::InvalidParameter),
            (json!({"groupBy": [{"bucket": "day"}]}), ErrorCode::InvalidParameter),
            (json!({"groupBy": [{"field": "x", "buckets": "day"}]}), ErrorCode::UnknownParameter),
            (json!({"measures": ["count"]}), ErrorCode::InvalidParameter),
            (json!({"measures": {"median": ["x"]}}), ErrorCode::UnknownParameter),
            (json!({"measures": {"sum": "x"}}), ErrorCode::InvalidParameter),
            (json!({"measures": {"count": ["x"]}}), ErrorCode::InvalidParameter),
            (json!({"limit": 1001}), ErrorCode::InvalidParameter),
        ] {
            assert_eq!(body(asked.clone()).unwrap_err().code(), code, "{asked}");
        }
    }
}
