//! Aggregates: groups of records and figures of each, exact on both databases.
//!
//! The database groups and computes, with one statement; `having`, order and page are decided here, over all groups and
//! with whole numbers, so that averages and sums beyond 64 bits compare exactly. What a resource's money is worth is never
//! added over currencies: a figure of an amount needs the currency among the keys.

mod calendar;
mod figure;
mod having;
mod page;
mod read;
mod render;

use crate::Engine;
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, Filter, Name, Result, Value};
use clientela_model::ResourceDef;
use clientela_store::{Bucket, Figure as Raw, Function as RawFunction, KeyForm};
use figure::Figure;
use having::Having;
use read::{Key, Measure, Tables};
use serde_json::Value as Json;
use std::sync::Arc;

pub use calendar::offsets;
pub use read::takes;
pub use render::{GroupItem, GroupsItem, GroupsShape};

/// Greatest number of keys.
pub const MAXIMUM_KEYS: usize = 5;
/// Greatest number of figures.
pub const MAXIMUM_MEASURES: usize = 20;
/// Greatest number of groups that a statement may make, whatever is shown of them.
pub const MAXIMUM_GROUPS: usize = 100_000;
/// What an aggregate counts against the cost of a request: it may look at every record.
pub const COST: u64 = 10_000;

/// How a figure is computed, as the APIs name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// How many records.
    Count,
    /// How many different values a field has.
    CountDistinct,
    /// The sum of a field.
    Sum,
    /// The average of a field.
    Avg,
    /// The least value of a field.
    Min,
    /// The greatest value of a field.
    Max,
}

impl Function {
    /// All of them, in the order of the documentation.
    pub const ALL: [Function; 6] = [Function::Count, Function::Sum, Function::Avg, Function::Min, Function::Max, Function::CountDistinct];

    /// The name on both APIs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Function::Count => "count",
            Function::CountDistinct => "countDistinct",
            Function::Sum => "sum",
            Function::Avg => "avg",
            Function::Min => "min",
            Function::Max => "max",
        }
    }

    /// The function of a name.
    pub fn named(name: &str) -> Option<Function> {
        Function::ALL.into_iter().find(|function| function.as_str() == name)
    }

    fn raw(self) -> RawFunction {
        match self {
            Function::Count => RawFunction::Count,
            Function::CountDistinct => RawFunction::CountDistinct,
            Function::Sum => RawFunction::Sum,
            Function::Avg => RawFunction::Average,
            Function::Min => RawFunction::Minimum,
            Function::Max => RawFunction::Maximum,
        }
    }
}

/// An aggregate as it is asked for, before it is checked.
#[derive(Clone, Debug, Default)]
pub struct AggregateRequest {
    /// Which records: the JSON filter tree.
    pub filter: Option<Json>,
    /// Deleted records or not.
    pub deleted: DeletedMode,
    /// What groups are made by.
    pub group_by: Vec<GroupRequest>,
    /// Which figures; a figure that `having` or the order names is computed without being listed here.
    pub measures: Vec<(Function, Vec<String>)>,
    /// Which groups: conditions on figures, as JSON.
    pub having: Option<Json>,
    /// The order: a key's path, or a function and a path; greatest first where true.
    pub sort: Vec<(OrderRequest, bool)>,
    /// How many groups at most.
    pub limit: u32,
    /// Continue after this place.
    pub after: Option<String>,
}

/// A key of the groups as it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupRequest {
    /// To-one relations, then a field; of an amount `currency` after it.
    pub path: Vec<String>,
    /// `HOUR`, `DAY`, `WEEK`, `MONTH`, `QUARTER` or `YEAR`.
    pub bucket: Option<String>,
    /// The zone of the bucket; the caller's where absent.
    pub zone: Option<String>,
}

/// A key of the order as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderRequest {
    /// A key of the groups.
    Key(Vec<String>),
    /// A figure.
    Figure(Function, Vec<String>),
}

/// An aggregate that was checked against the definitions and the caller's rights.
pub struct Aggregation {
    filter: Option<Filter>,
    deleted: DeletedMode,
    tables: Tables,
    keys: Vec<Key>,
    measures: Vec<Measure>,
    /// How many of the figures were asked for; `having` and the order alone want the others.
    asked: usize,
    having: Option<Having>,
    sort: Vec<(Sorted, bool)>,
    limit: u32,
    after: Option<page::Place>,
    fingerprint: String,
}

/// What an order goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sorted {
    Key(usize),
    Figure(usize),
}

/// A group in memory.
struct Group {
    keys: Vec<Value>,
    figures: Vec<Figure>,
}

/// What an aggregate answered, beside the JSON it wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AggregateAnswer {
    /// Whether groups follow.
    pub more: bool,
    /// Where to continue; absent where nothing follows.
    pub next: Option<String>,
}

impl Aggregation {
    /// The place of a key by its path, `["revenue", "currency"]` for a currency.
    pub fn key(&self, path: &[String]) -> Option<usize> {
        self.keys.iter().position(|key| same(&key.path, path))
    }

    /// The place of a figure by function and path.
    pub fn measure(&self, function: Function, path: &[String]) -> Option<usize> {
        self.measures.iter().position(|measure| measure.function == function && same(&measure.path, path))
    }
}

fn same(left: &[Name], right: &[String]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.as_ref() == right)
}

impl Engine {
    /// Checks an aggregate. `INVALID_AGGREGATE` names what is wrong with keys, figures or order; a field that the caller may
    /// not see is answered like one that does not exist. `INVALID_FILTER` is about `filter` and `having`.
    pub fn parse_aggregate(&self, context: &Context, def: &Arc<ResourceDef>, request: &AggregateRequest) -> Result<Aggregation> {
        read::read(self.registry(), context, def, request)
    }

    /// Runs an aggregate and appends its JSON in a shape. `QUERY_TOO_COMPLEX` where there are more than [`MAXIMUM_GROUPS`]
    /// groups.
    pub async fn aggregate(
        &self,
        context: &Context,
        aggregation: &Aggregation,
        shape: &GroupsShape,
        out: &mut Vec<u8>,
    ) -> Result<AggregateAnswer> {
        let scope = self.inner.store.scope(context.tenant);
        let select = aggregation.select(self.registry())?;
        let found = scope.groups(&select).await?;
        if found.len() > MAXIMUM_GROUPS {
            return Err(Error::new(
                ErrorCode::QueryTooComplex,
                format!(
                    "This aggregate makes more than {MAXIMUM_GROUPS} groups, which is as many as are served, page by page. Group by \
                     something coarser, or narrow it with a filter."
                ),
            ));
        }
        let mut groups = Vec::with_capacity(found.len());
        for (keys, figures) in found {
            let group = aggregation.group(keys, figures)?;
            if aggregation.having.as_ref().is_none_or(|having| having.holds(&group.figures)) {
                groups.push(group);
            }
        }
        let (shown, answer) = aggregation.page(&mut groups);
        render::write(aggregation, shape, shown, &answer, out)?;
        let count = u64::try_from(shown.len()).unwrap_or(u64::MAX);
        self.saw(context, aggregation.sights(self.registry(), count)?).await;
        Ok(answer)
    }
}

impl Aggregation {
    /// What groups tell of sensitive fields: of which records is not said, only of how many groups.
    fn sights(&self, registry: &clientela_model::Registry, groups: u64) -> Result<Vec<crate::read::Sight>> {
        let records = self.tables.select(registry)?;
        let keys = self.keys.iter().map(|key| (key.table, key.field));
        let mut sights = Vec::new();
        for (table, field) in keys.chain(self.measures.iter().filter_map(|measure| measure.column)) {
            let column = self.tables.column(table, field)?;
            if column.field.sensitive && groups > 0 {
                let resource = records.def.name.to_string();
                sights.push(crate::read::Sight {
                    resource,
                    fields: vec![column.field.name.to_string()],
                    records: Vec::new(),
                    unnamed: groups,
                });
            }
        }
        Ok(sights)
    }

    /// A group from what the database gave: stretches of time get their start, amounts their currency.
    fn group(&self, mut keys: Vec<Value>, figures: Vec<Raw>) -> Result<Group> {
        for (key, value) in self.keys.iter().zip(&mut keys) {
            if let (Some((bucket, zone)), Value::Instant(at)) = (key.bucket, &value)
                && bucket != Bucket::Hour
            {
                *value = Value::Instant(calendar::start(zone, *at));
            }
        }
        let figures = figures
            .into_iter()
            .zip(&self.measures)
            .map(|(figure, measure)| Figure::new(figure, measure.currency.and_then(|key| keys.get(key))))
            .collect::<Result<_>>()?;
        Ok(Group { keys, figures })
    }

    fn select<'a>(&'a self, registry: &'a clientela_model::Registry) -> Result<clientela_store::SelectGroups<'a>> {
        let mut records = self.tables.select(registry)?;
        records.filters.extend(self.filter.iter());
        records.deleted = self.deleted;
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            let column = self.tables.column(key.table, key.field)?;
            let form = match (&key.bucket, &key.offsets) {
                (Some((bucket, _)), Some(offsets)) => KeyForm::Moments(*bucket, offsets),
                (Some((bucket, _)), None) => KeyForm::Days(*bucket),
                (None, _) if key.currency => KeyForm::Currency,
                (None, _) => KeyForm::Whole,
            };
            keys.push(clientela_store::GroupKey { column, form });
        }
        let mut measures = Vec::with_capacity(self.measures.len());
        for measure in &self.measures {
            let column = measure.column.map(|(table, field)| self.tables.column(table, field)).transpose()?;
            measures.push(clientela_store::Measure { function: measure.function.raw(), column });
        }
        let limit = u32::try_from(MAXIMUM_GROUPS + 1).unwrap_or(u32::MAX);
        Ok(clientela_store::SelectGroups { records, keys, measures, limit })
    }
}
