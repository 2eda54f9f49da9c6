//! The full-text search: `GET /v1/search` everywhere, `GET /v1/accounts/search` and, with `q`, `POST /v1/accounts/search` in one resource.

use super::call::{Bound, Call, json_answer};
use super::list::{members, text};
use super::parameters::{self, Parameters, invalid, unknown};
use super::{filter, link, selection, suggest};
use crate::GatewayState;
use crate::array::split_array;
use axum::response::Response;
use clientela_engine::engine::ReadAnswer;
use clientela_engine::search::{Found, SearchAnswer, SearchRequest};
use clientela_engine::{ReadPlan, Root, Selection};
use clientela_kernel::{Context, Error, PageArguments, Result};
use clientela_model::ResourceDef;
use http::{StatusCode, header};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// Names of the query parameters of the search everywhere.
pub(crate) const NAMES: &[&str] = &["q", "resources", "limit", "after"];
/// Names of the query parameters and members of the search in one resource.
pub(crate) const NAMES_WITHIN: &[&str] = &["q", "filter", "limit", "after", "fields", "expand"];

/// The search in one resource as it is asked for.
#[derive(Default)]
struct Within {
    q: String,
    filter: Option<Json>,
    limit: Option<u32>,
    after: Option<String>,
    fields: Vec<String>,
    expand: Vec<String>,
}

/// `GET /v1/search`.
pub(super) async fn everywhere(state: Arc<GatewayState>, call: Call) -> Result<Response> {
    let context = call.context(&state).await?;
    let parameters = Parameters::parse(call.query(), NAMES)?;
    let query = parameters.get("q").ok_or_else(missing)?.to_owned();
    let resources = match parameters.get("resources") {
        Some(text) => parameters::names("resources", text)?.iter().map(|name| resource(&state, name)).collect::<Result<_>>()?,
        None => Vec::new(),
    };
    let limit = parameters.get("limit").map(parameters::limit).transpose()?.unwrap_or(PageArguments::DEFAULT_LIMIT);
    let request = SearchRequest { query, resources, filter: None, limit, after: parameters.get("after").map(str::to_owned) };
    let answer = state.engine.search(&context, &request).await?;
    let mut bytes = b"{\"data\":[".to_vec();
    for (index, found) in answer.records.iter().enumerate() {
        if index > 0 {
            bytes.push(b',');
        }
        bytes.extend_from_slice(format!("{{\"resource\":\"{}\",\"record\":", found.def.name).as_bytes());
        state.engine.render_found(&context, found, &Arc::new(Selection::whole(&found.def)), &mut bytes).await?;
        bytes.extend_from_slice(format!(",\"highlights\":{}}}", highlights(found)).as_bytes());
    }
    bytes.extend_from_slice(format!("],\"page\":{}}}", page(&answer)).as_bytes());
    Ok(paged(&state, "/v1/search", call.query(), &answer, bytes))
}

/// `GET /v1/accounts/search`.
pub(super) async fn within(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let context = call.context(&bound.state).await?;
    let parameters = Parameters::parse(call.query(), NAMES_WITHIN)?;
    let listed = |name: &str| parameters.get(name).map_or(Ok(Vec::new()), |text| parameters::names(name, text));
    let filter = match parameters.get("filter") {
        Some(text) => Some(filter::from_json(text, bound.state.limits.json_depth)?),
        None if parameters.brackets.is_empty() => None,
        None => Some(filter::from_brackets(bound.state.engine.registry(), &bound.def, &parameters.brackets)?),
    };
    let asked = Within {
        q: parameters.get("q").ok_or_else(missing)?.to_owned(),
        filter,
        limit: parameters.get("limit").map(parameters::limit).transpose()?,
        after: parameters.get("after").map(str::to_owned),
        fields: listed("fields")?,
        expand: listed("expand")?,
    };
    let (answer, bytes) = find(&bound, &context, asked).await?;
    Ok(paged(&bound.state, &format!("{}/search", bound.path), call.query(), &answer, bytes))
}

/// `POST /v1/accounts/search` with `q`.
pub(super) async fn by_body(bound: &Bound, context: &Context, body: Map<String, Json>) -> Result<Response> {
    let mut asked = Within::default();
    for (name, value) in body {
        if value.is_null() && NAMES_WITHIN.contains(&name.as_str()) {
            continue;
        }
        match name.as_str() {
            "q" => asked.q = text(&name, value)?,
            "filter" => asked.filter = Some(value),
            "limit" => asked.limit = Some(parameters::limit(value.to_string().trim_end_matches(".0"))?),
            "after" => asked.after = Some(text(&name, value)?),
            "fields" => asked.fields = members(&name, value)?,
            "expand" => asked.expand = members(&name, value)?,
            "sort" | "before" | "total" | "deleted" => {
                let why = "With q records come in the order of how well they fit, forward, living ones alone.";
                return Err(invalid(format!("{name} cannot stand together with q. {why} Leave it out.")));
            }
            other => return Err(unknown(other, NAMES_WITHIN)),
        }
    }
    find(bound, context, asked).await.map(|(_, bytes)| json_answer(StatusCode::OK, bytes))
}

async fn find(bound: &Bound, context: &Context, asked: Within) -> Result<(SearchAnswer, Vec<u8>)> {
    let (engine, def) = (&bound.state.engine, &bound.def);
    let filter = asked.filter.map(|tree| engine.parse_filter(context, def, &tree)).transpose()?;
    let limit = asked.limit.unwrap_or(PageArguments::DEFAULT_LIMIT);
    let request = SearchRequest { query: asked.q, resources: vec![Arc::clone(def)], filter, limit, after: asked.after };
    let plain = asked.fields.is_empty() && asked.expand.is_empty();
    let chosen = match plain {
        true => None,
        false => Some(selection::select(context, engine.registry(), def, &asked.fields, &asked.expand, &bound.state.limits)?),
    };
    let answer = engine.search(context, &request).await?;
    let mut bytes = b"{\"data\":".to_vec();
    match chosen {
        None => {
            bytes.push(b'[');
            for (index, found) in answer.records.iter().enumerate() {
                if index > 0 {
                    bytes.push(b',');
                }
                engine.render_found(context, found, &bound.whole, &mut bytes).await?;
            }
            bytes.push(b']');
        }
        Some(selection) => {
            let ids = answer.records.iter().map(|found| found.id.0).collect();
            let plan = ReadPlan { def: Arc::clone(def), root: Root::Records { ids, selection } };
            let mut shown = Vec::new();
            engine.read(context, &plan, &mut shown).await?;
            // A record that has gone since it was found is null.
            let there: Vec<&[u8]> = split_array(&shown).into_iter().filter(|record| *record != b"null").collect();
            bytes.push(b'[');
            bytes.extend_from_slice(&there.join(&b','));
            bytes.push(b']');
        }
    }
    let marks: Map<String, Json> = answer.records.iter().map(|found| (found.id.to_text(&found.def.prefix), highlights(found))).collect();
    bytes.extend_from_slice(format!(",\"page\":{},\"highlights\":{}}}", page(&answer), Json::Object(marks)).as_bytes());
    Ok((answer, bytes))
}

fn missing() -> Error {
    invalid("q is missing: say what to search for, such as q=anna.".to_owned())
}

/// A searched resource by its name or by its address: `contact`, `contacts`, `contact-points`.
fn resource(state: &GatewayState, name: &str) -> Result<Arc<ResourceDef>> {
    let registry = state.engine.registry();
    let found = registry.resource(name).or_else(|| registry.by_path(name)).filter(|def| def.is_searched());
    found.cloned().ok_or_else(|| {
        let names = registry.resources().iter().filter(|def| def.is_searched()).map(|def| def.name.as_ref());
        let hint = suggest::hint(name, names.clone());
        invalid(format!("resources names {name:?}, which is not searched.{hint} There are {}.", names.collect::<Vec<_>>().join(", ")))
    })
}

fn highlights(found: &Found) -> Json {
    found
        .highlights
        .iter()
        .map(|highlight| (highlight.field.to_string(), Json::from(highlight.html.as_str())))
        .collect::<Map<_, _>>()
        .into()
}

fn page(answer: &SearchAnswer) -> Json {
    json!({ "next": answer.next, "previous": null, "hasMore": answer.next.is_some() })
}

fn paged(state: &GatewayState, path: &str, query: Option<&str>, answer: &SearchAnswer, bytes: Vec<u8>) -> Response {
    let mut response = json_answer(StatusCode::OK, bytes);
    let places = ReadAnswer { next_cursor: answer.next.clone(), ..ReadAnswer::default() };
    if let Some(link) = link::header(&state.public_url, path, query, &places) {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}
