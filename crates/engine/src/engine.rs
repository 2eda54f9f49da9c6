//! The engine's face: read by plan, write, render.

use crate::batch::{self, Batch, BatchEntry, BatchOutcome, Bulk, BulkOutcome, Unfolded};
use crate::content::Contents;
use crate::files::Files;
use crate::filter::{Conditions, FilterReader};
use crate::held::Late;
use crate::intake::Intake;
use crate::key::RecordBy;
use crate::module::{Module, Rules};
use crate::operation::Runs;
use crate::pack::Pack;
use crate::plan::{Item, ReadPlan, Root, Selection};
use crate::read::{self, Layout, Source};
use crate::search::Found;
use crate::sensitive::SensitiveReads;
use crate::tenant::Tenants;
use crate::write::{self, WriteOutcome, WriteRequest};
use crate::{order, task};
use clientela_access::{Definitions, Principals};
use clientela_kernel::{Clock, Comparison, Context, Cursor, DeletedMode, Error, Filter, Id, ListArguments, Name, Result, SortKey, Value};
use clientela_model::{Registry, ResourceDef};
use clientela_store::Store;
use serde_json::{Map, Value as Json};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// How far records that were merged into one another are followed. A merge leaves one step; two at the same moment may leave more.
const MAXIMUM_SUCCESSORS: usize = 20;

/// Reads and writes records of every resource. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) registry: Arc<Registry>,
    pub(crate) store: Store,
    pub(crate) rules: HashMap<&'static str, Arc<dyn Rules>>,
    pub(crate) operations: Arc<HashMap<Name, Arc<dyn Runs>>>,
    pub(crate) contents: Arc<HashMap<&'static str, Arc<dyn Contents>>>,
    /// Who takes messages of other systems.
    pub(crate) intake: Option<Arc<dyn Intake>>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Inside a transaction over many writes: what rules hear of when it is durable.
    pub(crate) held: Option<Arc<Late>>,
    /// Among many writes abreast: where they meet.
    pub(crate) pack: Option<Arc<Pack>>,
    /// The contents of files.
    pub(crate) files: Option<Arc<Files>>,
    /// What tenants add to the definitions; none in an engine of one tenant.
    pub(crate) tenants: Option<Arc<Tenants>>,
    /// Reads of sensitive fields that are to be audited.
    pub(crate) sensitive: Option<Arc<SensitiveReads>>,
    /// Knows what principals may do, once it is there: it is made of this engine's definitions.
    pub(crate) principals: Arc<OnceLock<Arc<dyn Principals>>>,
}

/// What a read found, beside the JSON it wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadAnswer {
    /// False where a single record does not exist or may not be seen.
    pub found: bool,
    /// Where a single record was merged into another: that one's id. Ask for it; whether the caller may see it is told then.
    pub successor: Option<Id>,
    /// Version of a single record, for its ETag; read only when the plan's selection holds the version field.
    pub version: Option<i64>,
    /// Cursor to continue with `after`; absent where nothing follows.
    pub next_cursor: Option<String>,
    /// Cursor to go back with `before`; absent where nothing comes before.
    pub previous_cursor: Option<String>,
}

/// Links the resources and operations of every module: all a schema needs.
pub fn registry(modules: &mut [Module]) -> Result<Arc<Registry>> {
    let definitions = modules.iter_mut().flat_map(|module| std::mem::take(&mut module.resources)).collect();
    let operations = modules.iter().flat_map(|module| module.operations.iter().map(|operation| operation.def.clone())).collect();
    Registry::with_operations(definitions, operations).map(Arc::new).map_err(Error::internal)
}

impl Engine {
    /// An engine over every module's resources and rules.
    pub fn new(mut modules: Vec<Module>, store: Store, clock: Arc<dyn Clock>) -> Result<Engine> {
        let registry = registry(&mut modules)?;
        let operations = modules.iter_mut().flat_map(|module| std::mem::take(&mut module.operations));
        let operations = Arc::new(operations.map(|operation| (operation.def.name.clone(), operation.run)).collect());
        let contents = Arc::new(modules.iter_mut().flat_map(|module| std::mem::take(&mut module.contents)).collect());
        let intake = modules.iter_mut().find_map(|module| module.intake.take());
        let rules = modules.into_iter().flat_map(|module| module.rules).collect();
        let (held, pack, files, tenants, sensitive) = (None, None, None, None, None);
        let principals = Arc::default();
        Ok(Engine {
            inner: Arc::new(Inner {
                registry,
                store,
                rules,
                operations,
                contents,
                intake,
                clock,
                held,
                pack,
                files,
                tenants,
                sensitive,
                principals,
            }),
        })
    }

    /// Tells the engine who knows what principals may do: what it says about others is asked there. The first one stays.
    pub fn connect(&self, principals: Arc<dyn Principals>) {
        let _ = self.inner.principals.set(principals);
    }

    /// Every resource.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.inner.registry
    }

    /// What policies are made with: every resource, and who reads the conditions of rights.
    pub fn definitions(&self) -> Definitions {
        let registry = Arc::clone(&self.inner.registry);
        let tenants = self.inner.tenants.clone();
        let own = Arc::new(move |tenant| tenants.as_ref().and_then(|tenants| tenants.registry(tenant)));
        Definitions { conditions: Arc::new(Conditions), registry, own }
    }

    /// A living record of a resource that satisfies a filter, whatever the caller may see: for what the server itself looks up.
    pub async fn find_one(&self, context: &Context, resource: &str, filter: Filter) -> Result<Option<crate::module::Found>> {
        let def = self.inner.resource(resource)?;
        let scope = self.inner.store.scope(context.tenant);
        let record = self.inner.find(context, &scope, &def, &filter, DeletedMode::Exclude, 1).await?.pop();
        let id = |values: &[Value]| def.field_index(clientela_model::system::ID).and_then(|index| values.get(index)).and_then(Value::as_id);
        Ok(record.and_then(|values| Some(crate::module::Found { id: Id(id(&values)?), def: Arc::clone(&def), values })))
    }

    /// The door to the records of the caller's tenant, for what lies below them: inside a transaction ([`Engine::begin`]) it is part of it.
    pub fn scope(&self, context: &Context) -> clientela_store::Scope {
        self.inner.store.scope(context.tenant)
    }

    /// The clock that writes are dated by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Runs a plan and appends its JSON to `out`. Answers whether there was anything (a record plan whose record does
    /// not exist, is deleted or may not be seen writes nothing and answers not found).
    pub async fn read(&self, context: &Context, plan: &ReadPlan, out: &mut Vec<u8>) -> Result<ReadAnswer> {
        read::cost::of(plan)?;
        let scope = self.inner.store.scope(context.tenant);
        let start = out.len();
        let mut sights = Vec::new();
        let answer = read::read(&self.inner.registry, context, &scope, plan, &mut sights, out).await;
        self.saw(context, sights).await;
        if answer.is_err() {
            out.truncate(start);
        }
        match (answer, &plan.root) {
            (Ok(answer), Root::Record { id, deleted: DeletedMode::Exclude, .. }) if !answer.found && plan.def.successor().is_some() => {
                Ok(ReadAnswer { successor: self.successor(context, &plan.def, Id(*id)).await?, ..answer })
            }
            (answer, _) => answer,
        }
    }

    /// The record that a deleted one was merged into, by however many steps.
    pub(crate) async fn successor(&self, context: &Context, def: &ResourceDef, id: Id) -> Result<Option<Id>> {
        let scope = self.inner.store.scope(context.tenant);
        let grant = clientela_access::authorize(context, def, crate::Action::Read)?;
        let mut last = None;
        for _ in 0..MAXIMUM_SUCCESSORS {
            let mut filter = Filter::field(clientela_model::system::ID, Comparison::Equal(Value::Id(last.unwrap_or(id).0)));
            if let Some(rows) = &grant.rows {
                filter = Filter::And(vec![filter, rows.clone()]);
            }
            let found = self.inner.find(context, &scope, def, &filter, DeletedMode::Only, 1).await?.pop();
            let next = def.successor().zip(found).and_then(|((index, _), record)| record.get(index).and_then(Value::as_id)).map(Id);
            if next.is_none() {
                break;
            }
            last = next;
        }
        Ok(last)
    }

    /// The id of the living record that a key names, if there is one; `NOT_FOUND` where the resource has no such key. What the
    /// caller may see of it is decided where it is read.
    pub async fn find_by(&self, context: &Context, def: &ResourceDef, by: &RecordBy) -> Result<Option<Id>> {
        self.inner.id_by(context, def, by).await
    }

    /// The cost of a plan: one for each record it may read, plus one for each level. Refuses plans over the limits with
    /// `QUERY_TOO_COMPLEX`. `read` does it too; callers use it to show the figure.
    pub fn cost(&self, plan: &ReadPlan) -> Result<u64> {
        read::cost::of(plan)
    }

    /// Carries out a write in a task of the server's own, so that a caller who hangs up changes nothing about it.
    pub async fn write(&self, context: &Context, request: WriteRequest) -> Result<WriteOutcome> {
        task::owned(write::execute(Arc::clone(&self.inner), context.clone(), request)).await
    }

    /// Changes or deletes every record that satisfies a filter, all or none, in a task of the server's own. Inside a transaction
    /// ([`Engine::begin`]) it is part of it.
    ///
    /// # Errors
    /// `VERSION_CONFLICT` where the count is not the one expected; `VALIDATION_FAILED` where there are too many.
    pub async fn bulk(&self, context: &Context, bulk: Bulk) -> Result<BulkOutcome> {
        task::owned(batch::bulk::execute(Arc::clone(&self.inner), context.clone(), bulk)).await
    }

    /// Reads the rows of a batch of one resource from their wire form (see [`crate::batch`]). `VALIDATION_FAILED` where they are no list
    /// or too many; what is wrong with a single row is that row's error.
    pub fn read_rows(&self, def: &Arc<ResourceDef>, rows: &Json) -> Result<Vec<Result<BatchEntry>>> {
        batch::wire::rows(&self.inner.registry, def, rows)
    }

    /// Reads the operations of a transaction over several resources from their wire form. A reference to an operation that does not
    /// come before is that operation's error.
    pub fn read_operations(&self, operations: &Json) -> Result<Vec<Result<BatchEntry>>> {
        batch::wire::operations(&self.inner.registry, operations, self.inner.clock.now())
    }

    /// Unfolds what makes a record together with others into operations (see [`crate::batch::nests`]). None where nothing is made along with
    /// it. `VALIDATION_FAILED` where there are too many, or too many levels.
    pub fn unfold(&self, def: &Arc<ResourceDef>, body: &Map<String, Json>) -> Result<Option<Unfolded>> {
        batch::nest::unfold(&self.inner.registry, def, body, self.inner.clock.now())
    }

    /// What can be done with a resource in a batch: `create`, `update`, `upsert`, `delete`, `restore`.
    pub fn steps(registry: &Registry, def: &ResourceDef) -> Vec<&'static str> {
        batch::wire::steps(registry, def)
    }

    /// Carries out many writes in one transaction, in a task of the server's own. Inside a transaction ([`Engine::begin`]) they are
    /// part of it, and where an atomic batch fails there the transaction must be taken back.
    ///
    /// # Errors
    /// Where nothing was written: an atomic batch with a row that was refused, a credential that does not allow it, a database that is away.
    pub async fn batch(&self, context: &Context, batch: Batch) -> Result<BatchOutcome> {
        task::owned(batch::execute(Arc::clone(&self.inner), context.clone(), batch)).await
    }

    /// Appends the written record's JSON object in the shape of the selection: from memory where that is enough, by a
    /// read otherwise. Answers not found where the caller may not (or no longer) see it.
    pub async fn render(
        &self,
        context: &Context,
        outcome: &WriteOutcome,
        selection: &Arc<Selection>,
        out: &mut Vec<u8>,
    ) -> Result<ReadAnswer> {
        let plain = !selection.items.iter().any(|item| matches!(item, Item::ToOne { .. } | Item::ToMany { .. }));
        if let Some(record) = outcome.record.as_ref().filter(|_| plain) {
            let mut layout = Layout::new(&self.inner.registry, context, &outcome.def, DeletedMode::Include)?;
            let shape = layout.object(0, selection)?;
            read::write_object(&layout, &shape, Source::Memory(record), out)?;
            self.saw(context, layout.sights_of(record)).await;
            return Ok(ReadAnswer { found: true, version: Some(outcome.version), ..ReadAnswer::default() });
        }
        let root = Root::Record { id: outcome.id.0, deleted: DeletedMode::Include, selection: Arc::clone(selection) };
        let plan = ReadPlan { def: Arc::clone(&outcome.def), root };
        self.read(context, &plan, out).await
    }

    /// Appends a found record's JSON object in the shape of a selection without relations: from memory.
    pub async fn render_found(&self, context: &Context, found: &Found, selection: &Arc<Selection>, out: &mut Vec<u8>) -> Result<()> {
        let mut layout = Layout::new(&self.inner.registry, context, &found.def, DeletedMode::Exclude)?;
        let shape = layout.object(0, selection)?;
        self.saw(context, layout.sights_of(&found.record)).await;
        read::write_object(&layout, &shape, Source::Memory(&found.record), out)
    }

    /// Reads the JSON filter tree (`{"name": {"contains": "gmb"}, "account": {"industry": {"eq": "RETAIL"}}}`), checked
    /// against the definition and the caller's field rights. `INVALID_FILTER` names the place.
    pub fn parse_filter(&self, context: &Context, def: &ResourceDef, json: &Json) -> Result<Filter> {
        FilterReader::new(&self.inner.registry, context).read(def, json)
    }

    /// Checks an order given as paths (`[(["account", "name"], descending)]`). `INVALID_SORT` names what is wrong.
    pub fn parse_sort(&self, context: &Context, def: &ResourceDef, keys: &[(Vec<String>, bool)]) -> Result<Vec<SortKey>> {
        order::read(&self.inner.registry, context, def, keys)
    }

    /// Reads a cursor that a list of this filter, order and deletion mode gave. `INVALID_CURSOR` otherwise.
    pub fn parse_cursor(&self, def: &ResourceDef, list: &ListArguments, text: &str) -> Result<Cursor> {
        order::cursor(def, list, text)
    }
}
