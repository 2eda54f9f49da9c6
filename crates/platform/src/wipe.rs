//! What goes with a custom field or object that is erased: the values, wherever they are kept.

use crate::custom_field::retired_indexes;
use crate::custom_object::object;
use crate::stored_definitions::addition;
use clientela_engine::module::{Draft, Found, Wiped};
use clientela_engine::{Call, Engine, WriteAction};
use clientela_kernel::{Comparison, Context, DeletedMode, Error, ErrorCode, Filter, Result, Timestamp, Value};
use clientela_model::{Addition, FieldDef, FieldType, Registry, TextFormat, document, system};
use clientela_store::ChangeKind;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// The most records of an object that go with it.
const MOST: usize = 5_000;
/// The most changes of a definition that are looked at.
const CHANGES: u32 = 10_000;

/// The values of a field: in the records, deleted ones too, each with a version of its own, and in the change log.
pub(crate) async fn field(engine: &Engine, context: &Context, record: &Found) -> Result<Wiped> {
    administers(context)?;
    let text = |name: &str| record.get(name).as_text().unwrap_or_default().to_owned();
    let (resource, key) = (text("resource"), text("key"));
    let mut wiped = Wiped { indexes: retired_indexes(record), tables: Vec::new() };
    let registry = engine.registry();
    let Some(def) = registry.resource(&resource).filter(|def| def.takes_custom_fields()) else { return Ok(wiped) };
    wiped.tables.push(def.table.to_string());
    // Found by its place, whatever it is called now and whether it is called anything.
    let kind = match addition(registry, &record.def, &record.values) {
        Some(Addition { field: FieldDef { kind, search, .. }, .. }) if !matches!(kind, FieldType::Reference(_)) => (kind, search),
        _ => (FieldType::Text { max: 10_000, format: TextFormat::Plain }, None),
    };
    let name = format!("{}{key}Erased", document::PREFIX);
    let column = document::column(&kind.0, &key);
    let place = FieldDef { secret: true, search: kind.1, ..FieldDef::new(name.clone(), column, kind.0, "What is erased.", "null") };
    let (both, problems) = registry.extended(vec![Addition { resource: resource.clone().into(), field: place, unique: None }]);
    if let Some(problem) = problems.first() {
        return Err(Error::internal(problem));
    }
    let known = living(&both, &resource, &key);
    let (inside, everybody) = (engine.redefined(Arc::new(both)), context.unlimited());
    let filled = Filter::field(name.clone(), Comparison::IsNull).negate();
    let change = |draft: &mut Draft| {
        draft.set(&name, Value::Null);
        if let Some(known) = &known {
            draft.set(known, Value::Null);
        }
    };
    Call::inside(&inside, &everybody).change_each(&resource, &filled, DeletedMode::Include, &change).await?;
    let scope = engine.scope(context);
    for (name, from, until) in names(engine, context, record).await? {
        for ending in ["", "Id"] {
            scope.forget_field(&resource, &format!("{}{name}{ending}", document::PREFIX), (from, until)).await?;
        }
    }
    Ok(wiped)
}

/// The records of an object, with what is attached to them, and its fields.
pub(crate) async fn records(engine: &Engine, context: &Context, record: &Found) -> Result<Wiped> {
    administers(context)?;
    let object = object(record);
    let name = object.full_name();
    let registry = engine.registry();
    let widened = match registry.resource(&name) {
        Some(_) => Arc::clone(registry),
        None => Arc::new(registry.with_objects(&[object]).0),
    };
    let Some(def) = widened.resource(&name).cloned() else { return Ok(Wiped::default()) };
    let everybody = context.unlimited();
    let inside = engine.redefined(widened);
    let call = Call::inside(&inside, &everybody);
    let mut count = 0;
    loop {
        let page = inside.found_in_order_as(&everybody, &def, &Filter::And(Vec::new()), DeletedMode::Include).await?;
        count += page.len();
        if count > MOST {
            let text =
                format!("More than {MOST} {} are kept, which is more than one request erases. Erase records of it first.", def.plural);
            return Err(Error::new(ErrorCode::QueryTooComplex, text));
        }
        if page.is_empty() {
            break;
        }
        for one in page {
            // It may have gone along with one before it.
            match call.write(&name, WriteAction::Erase { id: one.id, expected: None }).await {
                Err(error) if error.code() == ErrorCode::NotFound => {}
                outcome => drop(outcome?),
            }
        }
    }
    let fields = inside.registry().resource("customField").cloned().ok_or_else(|| Error::internal("no custom fields"))?;
    let of = Filter::field("resource", Comparison::Equal(Value::from(name.as_str())));
    let mut wiped = Wiped { indexes: Vec::new(), tables: vec![def.table.to_string()] };
    for field in inside.found_in_order_as(&everybody, &fields, &of, DeletedMode::Include).await? {
        wiped.indexes.extend(retired_indexes(&field));
        call.write("customField", WriteAction::Erase { id: field.id, expected: None }).await?;
    }
    Ok(wiped)
}

fn administers(context: &Context) -> Result<()> {
    if context.is_administrator() {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Forbidden, "Only administrators erase custom fields and objects. Ask one of them."))
}

/// What the field is called now, where it lives.
fn living(registry: &Registry, resource: &str, key: &str) -> Option<String> {
    let def = registry.resource(resource)?;
    let field = def.custom_fields().map(|(_, field)| field).find(|field| field.document_key() == Some(key))?;
    Some(field.name.to_string())
}

/// What a field was called, from when on and before when.
async fn names(engine: &Engine, context: &Context, record: &Found) -> Result<Vec<(String, Timestamp, Option<Timestamp>)>> {
    let mut changes = engine.scope(context).history("customField", record.id.0, None, CHANGES).await?;
    changes.reverse();
    let (mut periods, mut current, mut last): (Vec<_>, Option<(String, Timestamp)>, Option<String>) = (Vec::new(), None, None);
    for change in changes {
        let after: Map<String, Json> = change.after.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let named = after.get("name").and_then(Json::as_str).map(str::to_owned);
        // A change of the same moment may still have known the old name.
        let end = Some(Timestamp(change.at.0 + 1));
        if let Some(name) = &named {
            last = Some(name.clone());
        }
        let ends = change.kind == ChangeKind::Deleted.as_str() || named.is_some();
        if ends && let Some((name, from)) = current.take() {
            periods.push((name, from, end));
        }
        if change.kind != ChangeKind::Deleted.as_str() && current.is_none() {
            current = last.clone().map(|name| (name, change.at));
        }
    }
    periods.extend(current.map(|(name, from)| (name, from, None)));
    // Where its history does not tell, everything that bears its name now is taken for its own.
    if periods.is_empty() {
        let name = record.get("name").as_text().unwrap_or_default().to_owned();
        let since = if let Value::Instant(at) = record.get(system::CREATED_AT) { *at } else { Timestamp(0) };
        periods.push((name, since, None));
    }
    Ok(periods)
}
