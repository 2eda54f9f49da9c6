//! Lists: `GET /v1/accounts` and `POST /v1/accounts/search`, two spellings of the same request.

use super::call::{Bound, Call, json_answer};
use super::parameters::{self, Parameters, invalid, unknown};
use super::{filter, json, link, media, selection};
use axum::response::Response;
use clientela_engine::{Connection, ConnectionItem, PageInfoItem, ReadAnswer, ReadPlan, Root};
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, ListArguments, PageArguments, Result, Timestamp};
use http::{StatusCode, header};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Names of the query parameters and of the members of a search.
pub(crate) const NAMES: &[&str] = &["filter", "sort", "limit", "after", "before", "fields", "expand", "total", "deleted", "asOf"];

/// A list as it is asked for, before the engine has checked it.
#[derive(Debug, Default, PartialEq)]
struct ListRequest {
    filter: Option<Json>,
    sort: Vec<String>,
    limit: Option<u32>,
    after: Option<String>,
    before: Option<String>,
    fields: Vec<String>,
    expand: Vec<String>,
    total: bool,
    deleted: DeletedMode,
    as_of: Option<Timestamp>,
}

/// `GET /v1/accounts`.
pub(super) async fn list(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let context = call.context(&bound.state).await?;
    let request = from_query(&bound, call.query())?;
    let as_of = request.as_of;
    let plan = plan(&bound, &context, request)?;
    let mut bytes = Vec::with_capacity(16 * 1024);
    let answer = read(&bound, &context, &plan, as_of, &mut bytes).await?;
    let mut response = json_answer(StatusCode::OK, bytes);
    if let Some(link) = link::header(&bound.state.public_url, &bound.path, call.query(), &answer) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// `POST /v1/accounts/search`.
pub(super) async fn search(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let context = call.context(&bound.state).await?;
    Parameters::parse(call.query(), &[])?;
    let body = call.object(&bound.state, &[media::JSON]).await?;
    if body.get("q").is_some_and(|q| !q.is_null()) {
        return super::search::by_body(&bound, &context, body).await;
    }
    let request = from_body(body)?;
    let as_of = request.as_of;
    let plan = plan(&bound, &context, request)?;
    let mut bytes = Vec::with_capacity(16 * 1024);
    read(&bound, &context, &plan, as_of, &mut bytes).await?;
    Ok(json_answer(StatusCode::OK, bytes))
}

async fn read(bound: &Bound, context: &Context, plan: &ReadPlan, as_of: Option<Timestamp>, out: &mut Vec<u8>) -> Result<ReadAnswer> {
    match as_of {
        Some(at) => bound.state.engine.read_past(context, plan, at, out).await,
        None => bound.state.engine.read(context, plan, out).await,
    }
}

fn from_query(bound: &Bound, query: Option<&str>) -> Result<ListRequest> {
    let parameters = Parameters::parse(query, NAMES)?;
    let listed = |name: &str| parameters.get(name).map_or(Ok(Vec::new()), |text| parameters::names(name, text));
    let filter = match parameters.get("filter") {
        Some(text) => Some(filter::from_json(text, bound.state.limits.json_depth)?),
        None if parameters.brackets.is_empty() => None,
        None => Some(filter::from_brackets(bound.state.engine.registry(), &bound.def, &parameters.brackets)?),
    };
    Ok(ListRequest {
        filter,
        sort: listed("sort")?,
        limit: parameters.get("limit").map(parameters::limit).transpose()?,
        after: parameters.get("after").map(str::to_owned),
        before: parameters.get("before").map(str::to_owned),
        fields: listed("fields")?,
        expand: listed("expand")?,
        total: parameters.flag("total")?,
        deleted: parameters.get("deleted").map_or(Ok(DeletedMode::Exclude), parameters::deleted)?,
        as_of: parameters.get("asOf").map(parameters::as_of).transpose()?,
    })
}

fn from_body(body: Map<String, Json>) -> Result<ListRequest> {
    let mut request = ListRequest::default();
    for (name, value) in body {
        // A null member is one that is left out.
        if value.is_null() && (name == "q" || NAMES.contains(&name.as_str())) {
            continue;
        }
        match name.as_str() {
            "filter" => request.filter = Some(value),
            "sort" => request.sort = members(&name, value)?,
            "fields" => request.fields = members(&name, value)?,
            "expand" => request.expand = members(&name, value)?,
            // 5.0 is the whole number 5 (JSON Schema).
            "limit" => request.limit = Some(parameters::limit(value.to_string().trim_end_matches(".0"))?),
            "after" => request.after = Some(text(&name, value)?),
            "before" => request.before = Some(text(&name, value)?),
            "deleted" => request.deleted = parameters::deleted(&text(&name, value)?)?,
            "asOf" => request.as_of = Some(parameters::as_of(&text(&name, value)?)?),
            "total" => {
                let Json::Bool(total) = value else { return Err(wrong(&name, &value, "true or false")) };
                request.total = total;
            }
            other => return Err(unknown(other, NAMES)),
        }
    }
    Ok(request)
}

pub(super) fn text(name: &str, value: Json) -> Result<String> {
    match value {
        Json::String(text) => Ok(text),
        other => Err(wrong(name, &other, "a string")),
    }
}

/// An array of names, or one string with commas between as in a query.
pub(super) fn members(name: &str, value: Json) -> Result<Vec<String>> {
    const ALLOWED: &str = "an array of strings, or one string with commas between";
    match value {
        Json::String(text) => parameters::names(name, &text),
        Json::Array(items) => {
            items.into_iter().map(|item| text(name, item).map_err(|_| invalid(format!("{name} must be {ALLOWED}.")))).collect()
        }
        other => Err(wrong(name, &other, ALLOWED)),
    }
}

fn wrong(name: &str, value: &Json, allowed: &str) -> Error {
    invalid(format!("{name} is {}, but must be {allowed}.", json::kind(value)))
}

/// Checks a list against the definitions and shapes its answer.
fn plan(bound: &Bound, context: &Context, request: ListRequest) -> Result<ReadPlan> {
    let (engine, def, limits) = (&bound.state.engine, &bound.def, &bound.state.limits);
    if request.after.is_some() && request.before.is_some() {
        return Err(invalid("after and before stand there together. Page forward with after, or backward with before.".to_owned()));
    }
    let filter = request.filter.map(|tree| engine.parse_filter(context, def, &tree)).transpose()?;
    let sort = engine.parse_sort(context, def, &sort_keys(&request.sort, limits.path_depth)?)?;
    let limit = request.limit.unwrap_or(PageArguments::DEFAULT_LIMIT);
    let page = PageArguments { limit, after: None, before: None, backward: request.before.is_some() };
    let mut list = ListArguments { filter, sort, page, deleted: request.deleted };
    let after = request.after.map(|text| engine.parse_cursor(def, &list, &text)).transpose()?;
    let before = request.before.map(|text| engine.parse_cursor(def, &list, &text)).transpose()?;
    (list.page.after, list.page.before) = (after, before);
    let selection = if request.fields.is_empty() && request.expand.is_empty() {
        Arc::clone(&bound.whole)
    } else {
        Arc::new(selection::select(context, engine.registry(), def, &request.fields, &request.expand, limits)?)
    };
    let mut page =
        vec![PageInfoItem::Next("next".into()), PageInfoItem::Previous("previous".into()), PageInfoItem::HasNextPage("hasMore".into())];
    if request.total {
        page.push(PageInfoItem::Total("total".into()));
    }
    let items = vec![ConnectionItem::Nodes { key: "data".into(), selection }, ConnectionItem::PageInfo { key: "page".into(), items: page }];
    Ok(ReadPlan { def: Arc::clone(def), root: Root::List(list, Connection { items }) })
}

/// `-closeOn`, `account.name` → paths with their direction.
fn sort_keys(keys: &[String], depth: usize) -> Result<Vec<(Vec<String>, bool)>> {
    let read = |key: &String| {
        let (descending, path) = match key.strip_prefix('-') {
            Some(path) => (true, path),
            None => (false, key.strip_prefix('+').unwrap_or(key)),
        };
        let path: Vec<String> = path.trim().split('.').map(str::to_owned).collect();
        if path.len() > depth || path.iter().any(String::is_empty) {
            let text =
                format!("sort names {key:?}, but must name fields, such as name, -createdAt or account.name, of at most {depth} levels.");
            return Err(Error::new(ErrorCode::InvalidSort, text));
        }
        Ok((path, descending))
    };
    keys.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(value: Json) -> Result<ListRequest> {
        let Json::Object(members) = value else { panic!("an object") };
        from_body(members)
    }

    #[test]
    fn a_search_takes_arrays_and_comma_texts() {
        let asked = json!({"filter": {"name": {"eq": "x"}}, "sort": ["-name"], "fields": "id,name", "limit": 5.0, "total": true, "deleted": "only", "after": null});
        let read = body(asked).unwrap();
        assert_eq!(read.sort, ["-name"]);
        assert_eq!(read.fields, ["id", "name"]);
        assert_eq!((read.limit, read.total, read.deleted, read.after), (Some(5), true, DeletedMode::Only, None));
    }

    #[test]
    fn a_search_refuses_wrong_members() {
        for (asked, code, hint) in [
            (json!({"flter": {}}), ErrorCode::UnknownParameter, "Did you mean filter?"),
            (json!({"limit": "5"}), ErrorCode::InvalidParameter, "1 to 1000"),
            (json!({"limit": 1001}), ErrorCode::InvalidParameter, "1 to 1000"),
            (json!({"total": "true"}), ErrorCode::InvalidParameter, "true or false"),
            (json!({"sort": [1]}), ErrorCode::InvalidParameter, "array of strings"),
            (json!({"after": 5}), ErrorCode::InvalidParameter, "a string"),
        ] {
            let error = body(asked.clone()).unwrap_err();
            assert_eq!(error.code(), code, "{asked}");
            assert!(error.detail().contains(hint), "{}", error.detail());
        }
    }

    #[test]
    fn sort_keys_are_paths_with_a_direction() {
        let keys = |text: &str| sort_keys(&[text.to_owned()], 4);
        assert_eq!(keys("-account.name").unwrap(), [(vec!["account".to_owned(), "name".to_owned()], true)]);
        assert_eq!(keys("name").unwrap(), [(vec!["name".to_owned()], false)]);
        for bad in ["-", "a..b", "a.b.c.d.e"] {
            assert_eq!(keys(bad).unwrap_err().code(), ErrorCode::InvalidSort, "{bad}");
        }
    }
}
