//! The way to the records: read by plan, like any other request.

use super::refusal::Answer;
use clientela_access::{Action, authorize};
use clientela_engine::{Connection, ConnectionItem, Engine, Item, PageInfoItem, ReadPlan, Root, Selection};
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, Filter, Id, ListArguments, PageArguments, Result, SortKey};
use clientela_model::ResourceDef;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Who asks, and the engine to ask: the server's own, or one inside a transaction.
pub(super) struct Door {
    pub(super) engine: Engine,
    pub(super) context: Context,
    /// The address of SCIM here: `http://127.0.0.1:8080/scim/v2`.
    pub(super) base: String,
}

/// A record's JSON object.
pub(super) type Record = Map<String, Json>;

/// Which records, and what of them.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) resource: &'a str,
    pub(super) filter: Option<&'a Filter>,
    pub(super) sort: &'a [SortKey],
    /// Names of fields.
    pub(super) fields: &'a [&'a str],
    /// A reference whose record's name is shown as well.
    pub(super) named: Option<&'a str>,
}

/// Some records of a list.
pub(super) struct Page {
    pub(super) records: Vec<Record>,
    pub(super) next: Option<String>,
    pub(super) total: Option<u64>,
}

/// The definition of a resource.
pub(super) fn definition(engine: &Engine, resource: &str) -> Result<Arc<ResourceDef>> {
    engine.registry().known(resource).cloned()
}

/// One page of a list, with how many there are in all where that is asked for.
pub(super) async fn page(door: &Door, asked: Asked<'_>, limit: u32, after: Option<&str>, total: bool) -> Result<Page> {
    let def = definition(&door.engine, asked.resource)?;
    let page = PageArguments { limit, after: None, before: None, backward: false };
    let mut list = ListArguments { filter: asked.filter.cloned(), sort: asked.sort.to_vec(), page, deleted: DeletedMode::Exclude };
    list.page.after = after.map(|text| door.engine.parse_cursor(&def, &list, text)).transpose()?;
    let mut info = vec![PageInfoItem::Next("next".into())];
    if total {
        info.push(PageInfoItem::Total("total".into()));
    }
    let selection = Arc::new(selection(&door.engine, &def, asked.fields, asked.named)?);
    let items = vec![ConnectionItem::Nodes { key: "data".into(), selection }, ConnectionItem::PageInfo { key: "page".into(), items: info }];
    let plan = ReadPlan { def, root: Root::List(list, Connection { items }) };
    let mut bytes = Vec::with_capacity(16 * 1024);
    door.engine.read(&door.context, &plan, &mut bytes).await?;
    let mut read: Map<String, Json> = serde_json::from_slice(&bytes).map_err(Error::internal)?;
    let records = match read.remove("data") {
        Some(Json::Array(records)) => {
            records.into_iter().filter_map(|record| if let Json::Object(record) = record { Some(record) } else { None })
        }
        _ => return Err(Error::internal("a list has no records")),
    };
    let info = read.get("page");
    Ok(Page {
        records: records.collect(),
        next: info.and_then(|info| info.get("next")).and_then(Json::as_str).map(str::to_owned),
        total: info.and_then(|info| info.get("total")).and_then(Json::as_u64),
    })
}

fn selection(engine: &Engine, def: &ResourceDef, fields: &[&str], named: Option<&str>) -> Result<Selection> {
    let field = |def: &ResourceDef, name: &str| {
        let index = def.field_index(name).ok_or_else(|| Error::internal(format!("{} has no field {name}", def.name)))?;
        Ok::<_, Error>(Item::Field { key: name.into(), field: index })
    };
    let mut items = fields.iter().map(|name| field(def, name)).collect::<Result<Vec<_>>>()?;
    if let Some((name, index)) = named.and_then(|name| Some((name, def.relation_index(name)?)))
        && let Some(target) = def.relation(name).and_then(|relation| engine.registry().target(relation))
    {
        items.push(Item::ToOne { key: name.into(), relation: index, selection: Selection { items: vec![field(target, "name")?] } });
    }
    Ok(Selection { items })
}

/// Every record that satisfies a condition and that the caller may see; none where the caller may see no such records at all.
pub(super) async fn everything(door: &Door, resource: &str, tree: &Json, fields: &[&str], named: Option<&str>) -> Answer<Vec<Record>> {
    let def = definition(&door.engine, resource)?;
    match authorize(&door.context, &def, Action::Read) {
        Err(error) if error.code() == ErrorCode::Forbidden => return Ok(Vec::new()),
        grant => drop(grant?),
    }
    let filter = door.engine.parse_filter(&door.context, &def, tree)?;
    let asked = Asked { resource, filter: Some(&filter), sort: &[], fields, named };
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = page(door, asked, PageArguments::MAXIMUM_LIMIT, after.as_deref(), false).await?;
        all.extend(page.records);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(all),
        }
    }
}

/// One living record; none where there is none that the caller may see.
pub(super) async fn one(door: &Door, resource: &str, id: Id, fields: &[&str]) -> Result<Option<Record>> {
    let def = definition(&door.engine, resource)?;
    let selection = Arc::new(selection(&door.engine, &def, fields, None)?);
    let plan = ReadPlan { def, root: Root::Record { id: id.0, deleted: DeletedMode::Exclude, selection } };
    let mut bytes = Vec::with_capacity(2048);
    let answer = door.engine.read(&door.context, &plan, &mut bytes).await?;
    if answer.found { Ok(Some(serde_json::from_slice(&bytes).map_err(Error::internal)?)) } else { Ok(None) }
}
