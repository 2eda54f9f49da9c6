//! Reads of many writes, put together where they differ in one value.

use super::{Asked, Question, Slot};
use crate::engine::Inner;
use crate::read;
use clientela_kernel::fold::fold;
use clientela_kernel::{Comparison, Context, DeletedMode, Filter, Name, Result, Value};
use clientela_model::ResourceDef;
use clientela_store::Scope;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Records that one statement may bring. Where there are more, each read is made by itself.
const RECORDS: u32 = 20_000;
/// Values that one statement compares with, by their identity and by their folded text.
const VALUES: usize = 5_000;
const TEXTS: usize = 100;

type Records = Vec<Vec<Value>>;
/// A question for the record that another system calls so: resource, system, name, and where the answer goes.
type External = (Arc<ResourceDef>, Value, Value, Slot<Records>);

/// Answers every question.
pub(super) async fn answer(inner: &Inner, context: &Context, scope: &Scope, questions: Vec<Question>) {
    let mut finds: HashMap<String, Group> = HashMap::new();
    let mut external: HashMap<(Name, String), Vec<External>> = HashMap::new();
    for Question { asked, answer } in questions {
        match asked {
            Asked::Find { def, filter, deleted, limit } => match Pivot::of(&filter) {
                Some((pivot, rest)) => {
                    let key = format!("{} {deleted:?} {} {} {rest:?}", def.name, pivot.field, pivot.folded);
                    let field = pivot.field.clone();
                    let group =
                        finds.entry(key).or_insert_with(|| Group { def, deleted, field, folded: pivot.folded, rest, asked: Vec::new() });
                    group.asked.push(One { value: pivot.value, filter, limit, answer });
                }
                None => answer.put(plain(inner, context, scope, &def, &filter, deleted, limit).await),
            },
            Asked::External { def, system, value } => {
                let key = (def.name.clone(), format!("{system:?}"));
                external.entry(key).or_default().push((def, system, value, answer));
            }
        }
    }
    for group in finds.into_values() {
        group.answer(inner, context, scope).await;
    }
    for asked in external.into_values() {
        by_names(inner, scope, asked).await;
    }
}

async fn plain(
    inner: &Inner,
    context: &Context,
    scope: &Scope,
    def: &ResourceDef,
    filter: &Filter,
    deleted: DeletedMode,
    limit: u32,
) -> Result<Records> {
    read::record(&inner.registry, context, scope, def, filter, deleted, limit).await
}

/// The one value in which reads of a group differ.
struct Pivot {
    field: Name,
    /// Whether folded texts are compared.
    folded: bool,
    value: Value,
}

impl Pivot {
    /// Takes the first comparison with a single value out of a filter.
    fn of(filter: &Filter) -> Option<(Pivot, Vec<Filter>)> {
        let mut rest = match filter {
            Filter::And(conditions) => conditions.clone(),
            single => vec![single.clone()],
        };
        let at = rest.iter().position(|condition| {
            matches!(condition, Filter::Field { comparison: Comparison::Equal(Value::Id(_) | Value::Record(_)) | Comparison::Same(_), .. })
        })?;
        match rest.remove(at) {
            Filter::Field { field, comparison: Comparison::Equal(value) } => Some((Pivot { field, folded: false, value }, rest)),
            Filter::Field { field, comparison: Comparison::Same(text) } => {
                Some((Pivot { field, folded: true, value: Value::Text(text) }, rest))
            }
            _ => None,
        }
    }
}

/// Reads that differ in one value.
struct Group {
    def: Arc<ResourceDef>,
    deleted: DeletedMode,
    field: Name,
    folded: bool,
    rest: Vec<Filter>,
    asked: Vec<One>,
}

struct One {
    value: Value,
    filter: Filter,
    limit: u32,
    answer: Slot<Records>,
}

impl Group {
    async fn answer(self, inner: &Inner, context: &Context, scope: &Scope) {
        let Group { def, deleted, field, folded, rest, mut asked } = self;
        let most = if folded { TEXTS } else { VALUES };
        while !asked.is_empty() {
            let later = asked.split_off(asked.len().min(most));
            let these = std::mem::replace(&mut asked, later);
            if let [_] = these.as_slice() {
                for one in these {
                    one.answer.put(plain(inner, context, scope, &def, &one.filter, deleted, one.limit).await);
                }
                continue;
            }
            let mut seen = HashSet::new();
            let values: Vec<Value> =
                these.iter().filter(|one| seen.insert(spelled(&one.value, folded))).map(|one| one.value.clone()).collect();
            let mut conditions = rest.clone();
            conditions.push(any(&field, folded, values));
            let filter = Filter::And(conditions);
            let found = match plain(inner, context, scope, &def, &filter, deleted, RECORDS).await {
                Ok(found) => found,
                Err(error) => {
                    these.into_iter().for_each(|one| one.answer.put(Err(error.clone())));
                    continue;
                }
            };
            if u32::try_from(found.len()).is_ok_and(|count| count >= RECORDS) {
                for one in these {
                    one.answer.put(plain(inner, context, scope, &def, &one.filter, deleted, one.limit).await);
                }
                continue;
            }
            let index = def.field_index(&field);
            let mut by_value: HashMap<String, Records> = HashMap::new();
            for record in found {
                let Some(value) = index.and_then(|index| record.get(index)) else { continue };
                by_value.entry(spelled(value, folded)).or_default().push(record);
            }
            for One { value, limit, answer, .. } in these {
                let mut records = by_value.get(&spelled(&value, folded)).cloned().unwrap_or_default();
                records.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                answer.put(Ok(records));
            }
        }
    }
}

/// A value as what it is told apart by.
fn spelled(value: &Value, folded: bool) -> String {
    match value {
        Value::Text(text) if folded => fold(text),
        Value::Id(id) => id.to_string(),
        value => format!("{value:?}"),
    }
}

fn any(field: &Name, folded: bool, values: Vec<Value>) -> Filter {
    if !folded {
        return Filter::field(field.clone(), Comparison::In(values));
    }
    let same = |value: Value| value.as_text().map(|text| Filter::field(field.clone(), Comparison::Same(text.to_owned())));
    Filter::Or(values.into_iter().filter_map(same).collect())
}

/// Records by what one other system calls them.
async fn by_names(inner: &Inner, scope: &Scope, mut asked: Vec<(Arc<ResourceDef>, Value, Value, Slot<Records>)>) {
    while !asked.is_empty() {
        let later = asked.split_off(asked.len().min(VALUES));
        let these = std::mem::replace(&mut asked, later);
        let Some((def, system)) = these.first().map(|(def, system, ..)| (Arc::clone(def), system.clone())) else { return };
        let values: Vec<Value> = these.iter().map(|(_, _, value, _)| value.clone()).collect();
        match inner.by_externals(scope, &def, &system, &values).await {
            Ok(found) => {
                let found: HashMap<String, Vec<Value>> =
                    found.into_iter().map(|(value, record)| (spelled(&value, false), record)).collect();
                for (_, _, value, answer) in these {
                    answer.put(Ok(found.get(&spelled(&value, false)).cloned().into_iter().collect()));
                }
            }
            Err(error) => these.into_iter().for_each(|(.., answer)| answer.put(Err(error.clone()))),
        }
    }
}
