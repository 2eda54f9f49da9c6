//! The full-text search: what is asked for, in which records it is found, and where in them.
//!
//! The store finds candidates by their documents, the best first. Here it is decided what the caller may see of them: records are read
//! with the caller's rows, and where a field is hidden from the caller a record counts only if it is found without that field.

mod highlight;
mod rebuild;
mod terms;

pub use highlight::Highlight;
pub use terms::MAXIMUM_QUERY;

use crate::engine::{Engine, Inner};
use crate::order;
use clientela_access::{Action, Grant, authorize};
use clientela_kernel::{
    Comparison, Context, Cursor, DeletedMode, Error, ErrorCode, Filter, Id, ListArguments, PageArguments, Result, Value,
};
use clientela_model::{ResourceDef, system};
use clientela_store::{Scope, SearchHit, SearchQuery, SearchTerm};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// How many candidates are looked at for one page before it is given as it is, with a cursor to go on from.
const CANDIDATES: usize = 20_000;
/// Most candidates at once.
const BATCH: u32 = 1_000;

/// What is searched for.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// Words, of which all must be found; the last of them may go on. Words in quotes stand next to one another.
    pub query: String,
    /// Where; everywhere the search looks and the caller may read, where empty.
    pub resources: Vec<Arc<ResourceDef>>,
    /// What the records must satisfy besides; only where one resource is searched.
    pub filter: Option<Filter>,
    /// How many records, from 1 to 1000.
    pub limit: u32,
    /// A cursor of the page before.
    pub after: Option<String>,
}

/// A record that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its resource.
    pub def: Arc<ResourceDef>,
    /// Its id.
    pub id: Id,
    /// Every field, by index.
    pub(crate) record: Vec<Value>,
    /// The fields in which it was found, with marks.
    pub highlights: Vec<Highlight>,
    /// The place after it.
    pub cursor: String,
}

/// A page of what was found.
#[derive(Clone, Debug, Default)]
pub struct SearchAnswer {
    /// The records, the best first.
    pub records: Vec<Found>,
    /// Where to go on; absent where nothing follows.
    pub next: Option<String>,
}

/// One resource as the caller may search it.
struct Place {
    def: Arc<ResourceDef>,
    grant: Grant,
    /// A field it is found by is hidden from the caller.
    masked: bool,
}

impl Engine {
    /// Searches the words of living records, the best fit first. It sees what was just written.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` where the query holds no word or is too long, or a resource is not searched; `INVALID_CURSOR`; `FORBIDDEN`
    /// where a resource that is asked for may not be read.
    pub async fn search(&self, context: &Context, request: &SearchRequest) -> Result<SearchAnswer> {
        self.inner.search(context, request).await
    }
}

impl Inner {
    async fn search(&self, context: &Context, request: &SearchRequest) -> Result<SearchAnswer> {
        let terms = terms::read(&request.query)?;
        let places = self.places(context, &request.resources)?;
        let fingerprint = fingerprint(&terms, &places, request.filter.as_ref());
        let mut at = request.after.as_deref().map(|text| place(text, &fingerprint)).transpose()?;
        let scope = self.store.scope(context.tenant);
        let resources: Vec<String> = places.iter().map(|place| place.def.name.to_string()).collect();
        let wanted = usize::try_from(request.limit.clamp(1, PageArguments::MAXIMUM_LIMIT)).unwrap_or(1);
        let narrowed = request.filter.is_some() || places.iter().any(|place| place.masked || place.grant.rows.is_some());
        let batch = if narrowed { BATCH } else { request.limit.saturating_add(1).min(BATCH) };
        let mut records: Vec<Found> = Vec::new();
        let mut seen = 0;
        loop {
            let query = SearchQuery { terms: &terms, resources: &resources, limit: batch, after: at.clone() };
            let hits = scope.search(&query).await?;
            let exhausted = hits.len() < usize::try_from(batch).unwrap_or(usize::MAX);
            seen += hits.len();
            let mut loaded = self.load(context, &scope, &places, request.filter.as_ref(), &hits).await?;
            for hit in hits {
                let Some((place, record)) = loaded.remove(&(hit.resource.clone(), hit.record)) else {
                    at = Some(hit);
                    continue;
                };
                if !place.masked || highlight::finds(&place.def, &place.grant.fields, &record, &terms) {
                    if records.len() == wanted {
                        // One more is there, so there is a page after this one.
                        let next = records.last().map(|found| found.cursor.clone());
                        return Ok(SearchAnswer { records, next });
                    }
                    let highlights = highlight::of(&place.def, &place.grant.fields, &record, &terms);
                    let cursor = cursor(&fingerprint, &hit);
                    records.push(Found { def: Arc::clone(&place.def), id: Id(hit.record), record, highlights, cursor });
                }
                at = Some(hit);
            }
            if exhausted {
                return Ok(SearchAnswer { records, next: None });
            }
            if seen >= CANDIDATES {
                return Ok(SearchAnswer { records, next: at.map(|hit| cursor(&fingerprint, &hit)) });
            }
        }
    }

    /// Where the caller may search.
    fn places(&self, context: &Context, asked: &[Arc<ResourceDef>]) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        let all = asked.is_empty();
        for def in if all { self.registry.resources() } else { asked } {
            if !def.is_searched() {
                if all {
                    continue;
                }
                let text = format!("The search does not look into {}: none of their fields is searched.", def.plural);
                return Err(Error::new(ErrorCode::InvalidParameter, text));
            }
            let grant = match authorize(context, def, Action::Read) {
                Ok(grant) => grant,
                // Of a search everywhere what may not be read is simply no part, unless nothing is left.
                Err(_) if all && !places.is_empty() => continue,
                Err(error) => return Err(error),
            };
            let masked = def.searched_fields().any(|(_, field, _)| !grant.fields.sees(field));
            if def.searched_fields().any(|(_, field, _)| grant.fields.sees(field)) {
                places.push(Place { def: Arc::clone(def), grant, masked });
            }
        }
        Ok(places)
    }

    /// The records of these hits that the caller may see and that satisfy the filter.
    async fn load<'p>(
        &self,
        context: &Context,
        scope: &Scope,
        places: &'p [Place],
        filter: Option<&Filter>,
        hits: &[SearchHit],
    ) -> Result<HashMap<(String, Uuid), (&'p Place, Vec<Value>)>> {
        let mut loaded = HashMap::with_capacity(hits.len());
        for place in places {
            let ids: Vec<Value> = hits.iter().filter(|hit| place.def.name == hit.resource).map(|hit| Value::Id(hit.record)).collect();
            if ids.is_empty() {
                continue;
            }
            let limit = u32::try_from(ids.len()).unwrap_or(BATCH);
            let mut conditions = vec![Filter::field(system::ID, Comparison::In(ids))];
            conditions.extend(place.grant.rows.clone());
            conditions.extend(filter.cloned());
            let found = self.find(context, scope, &place.def, &Filter::And(conditions), DeletedMode::Exclude, limit).await?;
            for record in found {
                let id = place.def.field_index(system::ID).and_then(|index| record.get(index)).and_then(Value::as_id);
                if let Some(id) = id {
                    loaded.insert((place.def.name.to_string(), id), (place, record));
                }
            }
        }
        Ok(loaded)
    }
}

/// What a cursor is bound to: words, places and filter.
fn fingerprint(terms: &[SearchTerm], places: &[Place], filter: Option<&Filter>) -> String {
    let names: Vec<&str> = places.iter().map(|place| place.def.name.as_ref()).collect();
    let list = ListArguments { filter: filter.cloned(), ..ListArguments::first(1) };
    let first = places.first().map(|place| order::fingerprint(&place.def, &list)).unwrap_or_default();
    format!("{first}{}", order::hashed(&format!("{terms:?}{names:?}")))
}

fn cursor(fingerprint: &str, hit: &SearchHit) -> String {
    let mut out = Vec::new();
    Cursor::write(fingerprint, format!("{},\"{}\"", hit.rank, hit.resource).as_bytes(), hit.record, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

fn place(text: &str, fingerprint: &str) -> Result<SearchHit> {
    let invalid = |why: &str| Error::new(ErrorCode::InvalidCursor, format!("The cursor cannot be used: {why}."));
    let foreign = || invalid("it is not one that this search gave out");
    if text.len() > 4_096 {
        return Err(foreign());
    }
    let cursor = Cursor::parse(text).ok_or_else(foreign)?;
    if cursor.fingerprint != fingerprint {
        return Err(invalid("it belongs to another search; use it with the same words, resources and filter, or start without one"));
    }
    let [rank, resource] = cursor.values.as_slice() else { return Err(foreign()) };
    let (rank, resource) = rank.as_i64().zip(resource.as_str()).ok_or_else(foreign)?;
    Ok(SearchHit { rank, resource: resource.to_owned(), record: cursor.id })
}
