//! The changes of a record, the latest first.

use super::{has_past, sides};
use crate::Engine;
use crate::order::Fingerprint;
use crate::read::Sight;
use clientela_access::{Action, FieldMask, authorize};
use clientela_kernel::{Comparison, DeletedMode};
use clientela_kernel::{Context, Cursor, Error, ErrorCode, Filter, Id, Result, Value};
use clientela_model::{ResourceDef, naming, system};
use clientela_store::Change;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::sync::Arc;

/// How many changes a page holds at most.
pub const MAXIMUM_HISTORY: u32 = 1_000;

/// A page of a record's history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryPage {
    /// The changes, the latest first: `version kind at actor client requestId erased fields`, where `fields` is a list of
    /// `{field, before, after}` in the wire form of the fields, in the order of the definition.
    pub changes: Vec<Json>,
    /// Whether older changes follow.
    pub more: bool,
    /// Where to continue; absent where nothing follows.
    pub next: Option<String>,
}

impl Engine {
    /// The changes of a record, deleted or erased too. `NOT_FOUND` where there never was such a record; `INVALID_PARAMETER` for a
    /// mirror; `INVALID_CURSOR` for a place of another record.
    pub async fn history(&self, context: &Context, def: &Arc<ResourceDef>, id: Id, limit: u32, after: Option<&str>) -> Result<HistoryPage> {
        let grant = authorize(context, def, Action::Read)?;
        has_past(def)?;
        let fingerprint = fingerprint(def, id);
        let place = after.map(|text| place(&fingerprint, text)).transpose()?;
        let scope = self.inner.store.scope(context.tenant);
        if let Some(rows) = &grant.rows {
            // Who may not see the record as it is may not see what it was.
            let this = Filter::field(system::ID, Comparison::Equal(Value::Id(id.0)));
            let filter = Filter::And(vec![this, rows.clone()]);
            if self.inner.find(context, &scope, def, &filter, DeletedMode::Include, 1).await?.is_empty() {
                return Err(not_found(def, id));
            }
        }
        let mut changes = scope.history(&def.name, id.0, place, limit.saturating_add(1)).await?;
        if changes.is_empty() && place.is_none() {
            return Err(not_found(def, id));
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = changes.len() > limit;
        changes.truncate(limit);
        let next = changes.last().filter(|_| more).map(|last| {
            let mut text = Vec::new();
            Cursor::write(&fingerprint, format!("{},{}", last.version, last.sequence).as_bytes(), id.0, &mut text);
            String::from_utf8(text).unwrap_or_default()
        });
        let changes: Vec<Json> = changes.iter().map(|change| shown(def, &grant.fields, change)).collect::<Result<_>>()?;
        self.saw(context, sights(def, id, &changes)).await;
        Ok(HistoryPage { changes, more, next })
    }
}

/// What changes show of sensitive fields.
fn sights(def: &ResourceDef, id: Id, changes: &[Json]) -> Vec<Sight> {
    let sensitive = |name: &str| def.field(name).is_some_and(|field| field.sensitive);
    let names =
        changes.iter().filter_map(|change| change.get("fields")?.as_array()).flatten().filter_map(|field| field.get("field")?.as_str());
    let fields: Vec<String> = names.filter(|name| sensitive(name)).map(str::to_owned).collect();
    if fields.is_empty() {
        return Vec::new();
    }
    vec![Sight { resource: def.name.to_string(), fields, records: vec![id.to_text(&def.prefix)], unnamed: 0 }]
}

fn not_found(def: &ResourceDef, id: Id) -> Error {
    let text = format!("There is no {} {}, and none that was.", naming::words(&def.name), id.to_text(&def.prefix));
    Error::new(ErrorCode::NotFound, text)
}

fn fingerprint(def: &ResourceDef, id: Id) -> String {
    let mut hash = Fingerprint::new();
    let _ = write!(hash, "history|{}|{}", def.name, id.to_text(&def.prefix));
    hash.finish()
}

fn place(fingerprint: &str, text: &str) -> Result<(i64, i64)> {
    let invalid = |why: &str| Error::new(ErrorCode::InvalidCursor, format!("The cursor cannot be used: {why}."));
    let cursor = Cursor::parse(text).ok_or_else(|| invalid("it is not one that this server gave out"))?;
    if cursor.fingerprint != fingerprint {
        return Err(invalid("it belongs to the history of another record"));
    }
    match cursor.values.as_slice() {
        [version, sequence] => version.as_i64().zip(sequence.as_i64()).ok_or_else(|| invalid("its values do not fit")),
        _ => Err(invalid("its values do not fit")),
    }
}

/// A change as both APIs show it, without what the caller may not see.
pub(crate) fn shown(def: &ResourceDef, mask: &FieldMask, change: &Change) -> Result<Json> {
    let (before, after) = sides(change)?;
    let erased = after.is_none();
    let after = after.unwrap_or_default();
    let mut fields = Vec::new();
    for field in def.fields.iter().filter(|field| mask.sees(field)) {
        let name = field.name.as_ref();
        if before.contains_key(name) || after.contains_key(name) {
            fields.push(json!({ "field": name, "before": before.get(name), "after": after.get(name) }));
        }
    }
    Ok(json!({
        "version": change.version,
        "kind": change.kind,
        "at": change.at.to_text(),
        "actor": change.actor,
        "client": change.client,
        "requestId": change.request.to_string(),
        "erased": erased,
        "fields": fields,
    }))
}
