//! Records in memory for the tests of execution: a small registry, a source that runs plans over plain JSON rows, and
//! resolvers that let async-graphql run the same documents its own way.

use super::plan::Source;
use super::schema::render::Resolver;
use super::schema::types::{ObjectType, OutputField, Role};
use async_graphql::dynamic::{FieldFuture, FieldValue, ResolverContext};
use async_trait::async_trait;
use clientela_engine::aggregate::{AggregateRequest, Aggregation, GroupsShape};
use clientela_engine::past::HistoryPage;
use clientela_engine::plan::MoneyPart;
use clientela_engine::{
    Connection, ConnectionItem, EdgeItem, Item, OperationOutcome, OperationRequest, PageInfoItem, ReadPlan, RecordBy, Root, Selection,
    WriteAction, WriteOutcome, WriteRequest,
};
use clientela_kernel::{
    Actor, ActorKind, Comparison, Context, Cursor, Error, ErrorCode, FieldProblem, Filter, Id, ListArguments, ProblemCode, Result, Scopes,
    SortKey, TenantId, Timestamp, Value,
};
use clientela_model::{
    ChoiceDef, ChoiceOption, FieldDef, FieldType, OnDelete, ReferenceDef, Registry, RelationKind, ResourceDef, TextFormat, system,
};
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// Accounts with contacts, with a field of every type.
pub(super) fn registry() -> Arc<Registry> {
    Arc::new(Registry::new(definitions()).expect("definitions fit together"))
}

/// The definitions of [`registry`].
pub(super) fn definitions() -> Vec<ResourceDef> {
    let text = || FieldType::Text { max: 200, format: TextFormat::Plain };
    let field = |name: &'static str, column: &'static str, kind, example: &'static str| {
        FieldDef::new(name, column, kind, format!("The {name}."), example)
    };
    let mut account = ResourceDef::named("account");
    account.prefix = "acc".into();
    account.description = "A company we do business with.".into();
    account.fields = system::fields("acc");
    let option = |name: &'static str| ChoiceOption { name: name.into(), description: format!("Option {name}.").into(), labels: None };
    let industry =
        ChoiceDef { name: "Industry".into(), description: "What a company does.".into(), options: vec![option("RETAIL"), option("FOOD")] };
    account.fields.extend([
        FieldDef { required: true, folded: true, ..field("name", "name", text(), "\"Acme\"") },
        FieldDef { default: Some("\"RETAIL\"".into()), ..field("industry", "industry", FieldType::Choice(industry), "\"FOOD\"") },
        field("employees", "employees", FieldType::Integer { min: 0, max: 1_000_000 }, "5"),
        field("bytes", "bytes", FieldType::Integer { min: 0, max: i64::MAX }, "5"),
        field("revenue", "revenue", FieldType::Money, "{\"amount\":\"1.00\",\"currency\":\"EUR\"}"),
        FieldDef { required: true, sort: false, ..field("tags", "tags", FieldType::TextSet { max_items: 5, max_length: 20 }, "[]") },
        field("active", "active", FieldType::Boolean, "true"),
        field("foundedOn", "founded_on", FieldType::Date, "\"2026-01-31\""),
        field("callLength", "call_length", FieldType::Duration, "\"PT1H\""),
        FieldDef { secret: true, ..field("hash", "hash", text(), "\"x\"") },
    ]);
    let mut contact = ResourceDef::named("contact");
    contact.prefix = "con".into();
    contact.description = "A person.".into();
    contact.fields = system::fields("con");
    let reference = ReferenceDef {
        target: "account".into(),
        relation: "account".into(),
        inverse: Some("contacts".into()),
        inverse_description: "The people there.".into(),
        on_delete: OnDelete::Clear,
        personal: clientela_model::Personal::AsDeleted,
        prefix: "".into(),
        table: "".into(),
        also_accepts: Vec::new(),
    };
    contact.fields.extend([
        FieldDef { required: true, ..field("name", "name", text(), "\"Ann\"") },
        field("accountId", "account_id", FieldType::Reference(reference), "\"acc_01h455vb4pex5vsknk084sn02q\""),
    ]);
    contact.deletable = false;
    vec![account, contact]
}

pub(crate) fn context() -> Context {
    Context {
        tenant: TenantId(Uuid::nil()),
        actor: Actor { kind: ActorKind::User, id: Id(Uuid::nil()) },
        client: None,
        scopes: Scopes::ALL,
        policy: None,
        request_id: Uuid::nil(),
        now: Timestamp(0),
        zone: chrono_tz::UTC,
        allow_duplicates: false,
        address: None,
    }
}

pub(super) fn uuid(number: usize) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::try_from(number).unwrap())
}

/// A row: wire values in the order of the definition's fields.
type Row = Vec<Json>;

pub(super) struct Memory {
    registry: Arc<Registry>,
    tables: Vec<Vec<Row>>,
    /// What was asked to be written.
    pub(super) writes: Mutex<Vec<String>>,
}

/// A slice of a table.
#[derive(Clone, Debug)]
struct Page {
    resource: usize,
    rows: Vec<usize>,
    before: bool,
    after: bool,
    total: usize,
}

impl Memory {
    pub(super) fn new(registry: &Arc<Registry>) -> Self {
        let stamp = "2026-01-31T08:15:00.000Z";
        let system = |id: String| vec![json!(id), json!(1), json!(stamp), json!("sys_x"), json!(stamp), json!("sys_x"), Json::Null];
        let accounts = (0..5).map(|index| {
            let mut row = system(Id(uuid(index)).to_text("acc"));
            row.extend([
                json!(format!("Account \"{index}\"")),
                json!(if index % 2 == 0 { "FOOD" } else { "RETAIL" }),
                json!(index),
                json!(index * 7),
                if index == 1 { Json::Null } else { json!({"amount": format!("{index}.00"), "currency": "EUR"}) },
                json!(["a", "b"]),
                json!(index > 2),
                Json::Null,
                json!("PT1H"),
                json!("secret"),
            ]);
            row
        });
        let contacts = (0..12).map(|index| {
            let mut row = system(Id(uuid(100 + index)).to_text("con"));
            let account = if index == 7 { Json::Null } else { json!(Id(uuid(index % 4)).to_text("acc")) };
            row.extend([json!(format!("Person {}", index % 5)), account]);
            row
        });
        Memory { registry: registry.clone(), tables: vec![accounts.collect(), contacts.collect()], writes: Mutex::default() }
    }

    fn index(&self, name: &str) -> usize {
        self.registry.resources().iter().position(|def| def.name == name).unwrap()
    }

    fn by_id(&self, resource: usize, id: &Json) -> Option<usize> {
        self.tables[resource].iter().position(|row| &row[0] == id)
    }

    fn to_one(&self, resource: usize, row: usize, relation: usize) -> Option<(usize, usize)> {
        let def = &self.registry.resources()[resource];
        let relation = &def.relations[relation];
        let RelationKind::ToOne { field } = &relation.kind else { panic!("not a to-one relation") };
        let target = self.index(&relation.target);
        self.by_id(target, &self.tables[resource][row][def.field_index(field).unwrap()]).map(|row| (target, row))
    }

    fn to_many(&self, resource: usize, row: usize, relation: usize) -> (usize, Vec<usize>) {
        let relation = &self.registry.resources()[resource].relations[relation];
        let RelationKind::ToMany { foreign, .. } = &relation.kind else { panic!("not a to-many relation") };
        let target = self.index(&relation.target);
        let column = self.registry.resources()[target].field_index(foreign).unwrap();
        let id = &self.tables[resource][row][0];
        (target, (0..self.tables[target].len()).filter(|row| &self.tables[target][*row][column] == id).collect())
    }

    /// `name` equal to `wanted`, sorted by name where asked, a window of the rest.
    fn page(
        &self,
        resource: usize,
        mut rows: Vec<usize>,
        wanted: Option<&str>,
        by_name: Option<bool>,
        limit: usize,
        backward: bool,
    ) -> Page {
        let column = self.registry.resources()[resource].field_index("name").unwrap();
        let name = |row: &usize| self.tables[resource][*row][column].as_str().unwrap().to_owned();
        rows.retain(|row| wanted.is_none_or(|wanted| name(row) == wanted));
        if let Some(descending) = by_name {
            rows.sort_by_key(name);
            if descending {
                rows.reverse();
            }
        }
        let total = rows.len();
        let skipped = if backward { total.saturating_sub(limit) } else { 0 };
        let rows: Vec<usize> = rows.into_iter().skip(skipped).take(limit).collect();
        let after = skipped + rows.len() < total;
        Page { resource, rows, before: skipped > 0, after, total }
    }

    fn listed(&self, resource: usize, rows: Vec<usize>, list: &ListArguments) -> Page {
        let wanted = match &list.filter {
            Some(Filter::Field { comparison: Comparison::Equal(Value::Text(text)), .. }) => Some(text.as_str()),
            _ => None,
        };
        self.page(
            resource,
            rows,
            wanted,
            list.sort.first().map(|key| key.descending),
            usize::try_from(list.page.limit).unwrap(),
            list.page.backward,
        )
    }

    fn record(&self, resource: usize, row: usize, selection: &Selection) -> Json {
        let mut object = Written::default();
        for item in &selection.items {
            match item {
                Item::Field { key, field } => object.put(key, self.tables[resource][row][*field].to_string()),
                Item::Constant { key, json } => object.put(key, json.to_string()),
                Item::MoneyParts { key, field, parts } => {
                    let money = &self.tables[resource][row][*field];
                    let mut inner = Written::default();
                    for (key, part) in parts {
                        inner.put(
                            key,
                            match part {
                                MoneyPart::Amount => money["amount"].to_string(),
                                MoneyPart::Currency => money["currency"].to_string(),
                                MoneyPart::Constant(json) => json.to_string(),
                            },
                        );
                    }
                    object.put(key, if money.is_null() { "null".to_owned() } else { inner.finish() });
                }
                Item::Part { key, selection } => object.put(key, text_of(self.record(resource, row, selection))),
                Item::ToOne { key, relation, selection } => {
                    let found = self.to_one(resource, row, *relation);
                    object.put(key, found.map_or("null".to_owned(), |(target, row)| text_of(self.record(target, row, selection))));
                }
                Item::ToMany { key, relation, list, connection } => {
                    let (target, rows) = self.to_many(resource, row, *relation);
                    object.put(key, text_of(self.connection(&self.listed(target, rows, list), connection)));
                }
            }
        }
        Json::String(object.finish())
    }

    fn connection(&self, page: &Page, connection: &Connection) -> Json {
        let mut object = Written::default();
        for item in &connection.items {
            match item {
                ConnectionItem::Nodes { key, selection } => {
                    object.put(key, array(page.rows.iter().map(|row| text_of(self.record(page.resource, *row, selection)))));
                }
                ConnectionItem::Edges { key, items } => object.put(
                    key,
                    array(page.rows.iter().map(|row| {
                        let mut edge = Written::default();
                        for item in items {
                            match item {
                                EdgeItem::Cursor { key } => edge.put(key, format!("\"{row}\"")),
                                EdgeItem::Node { key, selection } => edge.put(key, text_of(self.record(page.resource, *row, selection))),
                                EdgeItem::Constant { key, json } => edge.put(key, json.to_string()),
                            }
                        }
                        edge.finish()
                    })),
                ),
                ConnectionItem::PageInfo { key, items } => {
                    let mut info = Written::default();
                    for item in items {
                        match item {
                            PageInfoItem::HasNextPage(key) => info.put(key, page.after.to_string()),
                            PageInfoItem::HasPreviousPage(key) => info.put(key, page.before.to_string()),
                            PageInfoItem::StartCursor(key) => info.put(key, cursor(page.rows.first()).to_string()),
                            PageInfoItem::EndCursor(key) => info.put(key, cursor(page.rows.last()).to_string()),
                            PageInfoItem::Constant(key, json) => info.put(key, json.to_string()),
                            PageInfoItem::Next(_) | PageInfoItem::Previous(_) | PageInfoItem::Total(_) => panic!("not of GraphQL"),
                        }
                    }
                    object.put(key, info.finish());
                }
                ConnectionItem::TotalCount { key } => object.put(key, page.total.to_string()),
                ConnectionItem::Constant { key, json } => object.put(key, json.to_string()),
            }
        }
        Json::String(object.finish())
    }
}

/// JSON text under construction; the order of the keys counts.
#[derive(Default)]
struct Written(Vec<String>);

impl Written {
    fn put(&mut self, key: &str, value: String) {
        self.0.push(format!("\"{key}\":{value}"));
    }

    fn finish(self) -> String {
        format!("{{{}}}", self.0.join(","))
    }
}

fn text_of(json: Json) -> String {
    let Json::String(text) = json else { panic!("text is wanted") };
    text
}

fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn cursor(row: Option<&usize>) -> Json {
    row.map_or(Json::Null, |row| json!(row.to_string()))
}

#[async_trait]
impl Source for Memory {
    async fn read(&self, _: &Context, plan: &ReadPlan, out: &mut Vec<u8>) -> Result<bool> {
        let resource = self.index(&plan.def.name);
        let row = |id: &Uuid| self.by_id(resource, &json!(Id(*id).to_text(&plan.def.prefix)));
        let text = match &plan.root {
            Root::Record { id, selection, .. } => match row(id) {
                Some(row) => text_of(self.record(resource, row, selection)),
                None => return Ok(false),
            },
            Root::Records { ids, selection } => {
                array(ids.iter().map(|id| row(id).map_or("null".to_owned(), |row| text_of(self.record(resource, row, selection)))))
            }
            Root::List(list, connection) => {
                let rows = (0..self.tables[resource].len()).collect();
                text_of(self.connection(&self.listed(resource, rows, list), connection))
            }
        };
        out.extend_from_slice(text.as_bytes());
        Ok(true)
    }

    fn parse_aggregate(&self, _: &Context, _: &Arc<ResourceDef>, _: &AggregateRequest) -> Result<Aggregation> {
        Err(Error::internal("records in memory are not grouped"))
    }

    async fn aggregate(&self, _: &Context, _: &Aggregation, _: &GroupsShape, _: &mut Vec<u8>) -> Result<()> {
        Err(Error::internal("records in memory are not grouped"))
    }

    async fn search(&self, _: &Context, _: &clientela_engine::search::SearchRequest) -> Result<clientela_engine::search::SearchAnswer> {
        Ok(clientela_engine::search::SearchAnswer::default())
    }

    async fn read_past(&self, _: &Context, _: &ReadPlan, _: Timestamp, _: &mut Vec<u8>) -> Result<bool> {
        Err(Error::internal("records in memory have no past"))
    }

    async fn history(&self, _: &Context, _: &Arc<ResourceDef>, _: Id, _: u32, _: Option<&str>) -> Result<HistoryPage> {
        Err(Error::internal("records in memory have no past"))
    }

    async fn access(&self, _: &Context, _: &Arc<ResourceDef>, _: Id, _: &clientela_engine::AccessRequest) -> Result<Json> {
        Err(Error::internal("records in memory have no rights"))
    }

    async fn feed(&self, _: &Context, _: &clientela_engine::feed::FeedRequest) -> Result<clientela_engine::feed::FeedPage> {
        Ok(clientela_engine::feed::FeedPage::default())
    }

    async fn changed(&self, _: &Context, _: &clientela_engine::feed::FeedEntry) -> Result<Vec<u8>> {
        Ok(b"null".to_vec())
    }

    fn read_sync(&self, _: &serde_json::Map<String, Json>) -> Result<clientela_engine::sync::SyncRequest> {
        Err(clientela_kernel::Error::internal("nothing is synced in memory"))
    }

    async fn sync(&self, _: &Context, _: clientela_engine::sync::SyncRequest) -> Result<Vec<clientela_engine::sync::SyncResult>> {
        Ok(Vec::new())
    }

    async fn timeline(
        &self,
        _: &Context,
        _: &Arc<ResourceDef>,
        _: Id,
        _: &clientela_engine::timeline::TimelineRequest,
    ) -> Result<clientela_engine::timeline::TimelinePage> {
        Ok(clientela_engine::timeline::TimelinePage::default())
    }

    async fn write(&self, _: &Context, request: WriteRequest) -> Result<WriteOutcome> {
        self.writes.lock().unwrap().push(format!("{:?}", request.action));
        let row = match &request.action {
            WriteAction::Create { body } if body["name"] == "bad" => {
                let problem = |pointer: &str, code, detail: &str| FieldProblem::new(pointer, code, detail);
                return Err(Error::validation(vec![
                    problem("/name", ProblemCode::NotAllowed, "Not this name."),
                    problem("/revenue/currency", ProblemCode::InvalidFormat, "Not a currency."),
                ]));
            }
            WriteAction::Create { body } if body["name"] == "away" => return Err(Error::unavailable("10.0.0.1 is away")),
            WriteAction::Create { .. } | WriteAction::Make { .. } => 0,
            WriteAction::Update { expected: Some(_), .. } => {
                return Err(Error::new(ErrorCode::VersionConflict, "It has changed.").with_current_version(7));
            }
            WriteAction::Upsert { .. } => 0,
            WriteAction::Update { id, .. }
            | WriteAction::Set { id, .. }
            | WriteAction::Delete { id, .. }
            | WriteAction::Discard { id }
            | WriteAction::Restore { id, .. }
            | WriteAction::Erase { id, .. } => {
                let id = json!(id.to_text(&request.def.prefix));
                self.by_id(self.index(&request.def.name), &id).ok_or_else(|| Error::new(ErrorCode::NotFound, "No such record."))?
            }
        };
        Ok(WriteOutcome {
            def: request.def,
            id: Id(uuid(row)),
            version: 2,
            record: None,
            created: false,
            changed: true,
            replayed: false,
            revealed: None,
        })
    }

    async fn operate(&self, _: &Context, _: OperationRequest) -> Result<OperationOutcome> {
        Err(Error::internal("there are no operations over records in memory"))
    }

    async fn batch(&self, _: &Context, _: clientela_engine::Batch) -> Result<clientela_engine::BatchOutcome> {
        Err(Error::internal("the fixture writes one record at a time"))
    }

    async fn bulk(&self, _: &Context, _: clientela_engine::Bulk) -> Result<clientela_engine::BulkOutcome> {
        Err(Error::internal("the fixture writes one record at a time"))
    }

    fn read_rows(&self, _: &Arc<ResourceDef>, _: &Json) -> Result<Vec<Result<clientela_engine::BatchEntry>>> {
        Err(Error::internal("the fixture writes one record at a time"))
    }

    fn unfold(&self, _: &Arc<ResourceDef>, _: &serde_json::Map<String, Json>) -> Result<Option<clientela_engine::batch::Unfolded>> {
        Ok(None)
    }

    async fn begin_noting(&self) -> Result<(Box<dyn Source>, clientela_engine::Held)> {
        Err(Error::internal("the fixture has no transactions"))
    }

    async fn find_by(&self, _: &Context, def: &ResourceDef, by: &RecordBy) -> Result<Option<Id>> {
        Ok(self.by_id(self.index(&def.name), &json!(by.value)).map(|row| Id(uuid(row))))
    }

    async fn render(&self, _: &Context, outcome: &WriteOutcome, selection: &Arc<Selection>, out: &mut Vec<u8>) -> Result<bool> {
        let resource = self.index(&outcome.def.name);
        let row = self.by_id(resource, &json!(outcome.id.to_text(&outcome.def.prefix))).unwrap();
        out.extend_from_slice(text_of(self.record(resource, row, selection)).as_bytes());
        Ok(true)
    }

    fn cost(&self, plan: &ReadPlan) -> Result<u64> {
        Ok(match &plan.root {
            Root::List(list, _) => u64::from(list.page.limit),
            _ => 1,
        })
    }

    fn cost_limit(&self) -> u64 {
        2_000
    }

    fn parse_filter(&self, _: &Context, _: &ResourceDef, json: &Json) -> Result<Filter> {
        match json["name"]["eq"].as_str() {
            Some(text) => Ok(Filter::field("name", Comparison::Equal(Value::from(text)))),
            None => Err(Error::new(ErrorCode::InvalidFilter, format!("Only names here, not {json}."))),
        }
    }

    fn parse_sort(&self, _: &Context, _: &ResourceDef, keys: &[(Vec<String>, bool)]) -> Result<Vec<SortKey>> {
        Ok(keys
            .iter()
            .map(|(path, descending)| SortKey { path: path.iter().map(|name| name.clone().into()).collect(), descending: *descending })
            .collect())
    }

    fn parse_cursor(&self, _: &ResourceDef, _: &ListArguments, _: &str) -> Result<Cursor> {
        Err(Error::new(ErrorCode::InvalidCursor, "No cursors here."))
    }
}

/// What async-graphql's resolvers hand down.
enum Thing {
    Record(usize, usize),
    Page(Page),
    Edge(usize, usize),
    Info(Page),
    Money(Json),
}

/// Resolvers over the rows, independent of plans.
pub(super) fn resolver(memory: &Arc<Memory>, _: &ObjectType, field: &OutputField) -> Resolver {
    let (memory, role) = (memory.clone(), field.role);
    Box::new(move |context| {
        let value = resolve(&memory, role, &context);
        FieldFuture::new(async move { Ok(value) })
    })
}

fn plain(json: &Json) -> Option<FieldValue<'static>> {
    // A null of a scalar of our own is no value to async-graphql.
    if json.is_null() { None } else { Some(FieldValue::value(async_graphql::Value::from_json(json.clone()).unwrap())) }
}

fn resolve(memory: &Memory, role: Role, context: &ResolverContext<'_>) -> Option<FieldValue<'static>> {
    let record = |resource: usize, row: usize| FieldValue::owned_any(Thing::Record(resource, row));
    let typed = |resource: usize, row: usize| record(resource, row).with_type(memory.registry.resources()[resource].type_name.to_string());
    let node = |id: &str| {
        let resource = memory.registry.resources().iter().position(|def| Some(def.prefix.as_ref()) == Id::prefix_of(id))?;
        memory.by_id(resource, &json!(id)).map(|row| (resource, row))
    };
    let page = |resource: usize, rows: Vec<usize>| {
        let number = |name: &str| {
            context.args.get(name).filter(|value| !value.is_null()).map(|value| usize::try_from(value.i64().unwrap()).unwrap())
        };
        let wanted = context.args.get("filter").filter(|value| !value.is_null());
        let wanted = wanted
            .map(|filter| filter.object().unwrap().get("name").unwrap().object().unwrap().get("eq").unwrap().string().unwrap().to_owned());
        let order = context.args.get("orderBy").filter(|value| !value.is_null());
        let descending =
            order.map(|order| order.list().unwrap().get(0).unwrap().object().unwrap().get("name").unwrap().enum_name().unwrap() == "DESC");
        let (first, last) = (number("first"), number("last"));
        Some(FieldValue::owned_any(Thing::Page(memory.page(
            resource,
            rows,
            wanted.as_deref(),
            descending,
            first.or(last).unwrap_or(50),
            last.is_some(),
        ))))
    };
    match (role, context.parent_value.downcast_ref::<Thing>()) {
        (Role::Record(_) | Role::NodeById, _) => {
            let (resource, row) = node(context.args.get("id").unwrap().string().unwrap())?;
            Some(if role == Role::NodeById { typed(resource, row) } else { record(resource, row) })
        }
        (Role::NodesByIds, _) => {
            let ids = context.args.get("ids").unwrap().list().unwrap();
            let items = ids.iter().map(|id| node(id.string().unwrap()).map_or(FieldValue::NULL, |(resource, row)| typed(resource, row)));
            Some(FieldValue::list(items.collect::<Vec<_>>()))
        }
        (Role::List(resource), _) => page(resource, (0..memory.tables[resource].len()).collect()),
        (Role::Field(index), Some(Thing::Record(resource, row))) => plain(&memory.tables[*resource][*row][index]),
        (Role::Money(index), Some(Thing::Record(resource, row))) => {
            let money = memory.tables[*resource][*row][index].clone();
            if money.is_null() { None } else { Some(FieldValue::owned_any(Thing::Money(money))) }
        }
        (Role::Amount, Some(Thing::Money(money))) => plain(&money["amount"]),
        (Role::Currency, Some(Thing::Money(money))) => plain(&money["currency"]),
        (Role::ToOne(relation), Some(Thing::Record(resource, row))) => {
            memory.to_one(*resource, *row, relation).map(|(target, row)| record(target, row))
        }
        (Role::ToMany(relation), Some(Thing::Record(resource, row))) => {
            let (target, rows) = memory.to_many(*resource, *row, relation);
            page(target, rows)
        }
        (Role::Nodes, Some(Thing::Page(page))) => {
            Some(FieldValue::list(page.rows.iter().map(|row| record(page.resource, *row)).collect::<Vec<_>>()))
        }
        (Role::Edges, Some(Thing::Page(page))) => {
            Some(FieldValue::list(page.rows.iter().map(|row| FieldValue::owned_any(Thing::Edge(page.resource, *row))).collect::<Vec<_>>()))
        }
        (Role::PageInfo, Some(Thing::Page(page))) => Some(FieldValue::owned_any(Thing::Info(page.clone()))),
        (Role::TotalCount, Some(Thing::Page(page))) => plain(&json!(page.total)),
        (Role::Cursor, Some(Thing::Edge(_, row))) => plain(&json!(row.to_string())),
        (Role::Node, Some(Thing::Edge(resource, row))) => Some(record(*resource, *row)),
        (Role::HasNextPage, Some(Thing::Info(page))) => plain(&json!(page.after)),
        (Role::HasPreviousPage, Some(Thing::Info(page))) => plain(&json!(page.before)),
        (Role::StartCursor, Some(Thing::Info(page))) => plain(&cursor(page.rows.first())),
        (Role::EndCursor, Some(Thing::Info(page))) => plain(&cursor(page.rows.last())),
        (other, _) => panic!("{other:?} has no resolver here"),
    }
}
