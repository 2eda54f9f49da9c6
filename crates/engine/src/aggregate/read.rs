//! An aggregate, read against the definitions and the caller's rights.

use super::figure::Form;
use super::having::HavingReader;
use super::{
    AggregateRequest, Aggregation, Function, GroupRequest, MAXIMUM_KEYS, MAXIMUM_MEASURES, OrderRequest, Sorted, calendar, page, same,
};
use crate::filter::{FilterReader, operand};
use crate::order::{MAXIMUM_SORT_DEPTH, own_path};
use chrono_tz::Tz;
use clientela_access::{Action, Grant, authorize};
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, Name, Result};
use clientela_model::{FieldDef, FieldType, Registry, RelationKind, ResourceDef};
use clientela_store::{Bucket, Column, Encoder, Join, Offsets, Select};
use std::sync::Arc;

/// The resource and what is joined to it.
#[derive(Default)]
pub(super) struct Tables {
    tables: Vec<Table>,
}

struct Table {
    def: Arc<ResourceDef>,
    grant: Grant,
    /// The table it is joined to, and the relation there.
    via: Option<(usize, usize)>,
}

/// A key of the groups.
pub(super) struct Key {
    /// As it is asked for; of an amount `currency` after the field.
    pub(super) path: Vec<Name>,
    pub(super) table: usize,
    pub(super) field: usize,
    pub(super) currency: bool,
    /// The stretch of time, and the zone it begins in.
    pub(super) bucket: Option<(Bucket, Tz)>,
    /// The zone's clock changes, where the field is a moment.
    pub(super) offsets: Option<Arc<Offsets>>,
    pub(super) encoder: Encoder,
    /// As a cursor is bound to it.
    pub(super) described: String,
}

/// A figure.
pub(super) struct Measure {
    pub(super) function: Function,
    pub(super) path: Vec<Name>,
    /// Table and field; nothing for the count of records.
    pub(super) column: Option<(usize, usize)>,
    /// The key that holds the currency of an amount.
    pub(super) currency: Option<usize>,
    pub(super) form: Form,
}

impl Tables {
    /// Where a path leads: table and field. `what` says what was wanted, for the message.
    fn resolve(&mut self, reader: &Reader<'_>, path: &[String], what: &str, fits: impl Fn(&FieldDef) -> bool) -> Result<(usize, usize)> {
        let own = own_path(path);
        let path = own.as_deref().unwrap_or(path);
        let Some((last, relations)) = path.split_last() else { return Err(fail("a path is empty".to_owned())) };
        if relations.len() > MAXIMUM_SORT_DEPTH {
            return Err(fail(format!("{} leads through {} relations; {MAXIMUM_SORT_DEPTH} are allowed", path.join("."), relations.len())));
        }
        let mut table = 0;
        for name in relations {
            let def = self.def(table)?;
            let relation = def.relation_index(name).filter(|index| def.relations.get(*index).is_some_and(|relation| relation.is_to_one()));
            let Some(relation) = relation else { return Err(fail(format!("{} has no to-one relation {name:?}", def.name))) };
            table = self.join(reader, table, relation)?;
        }
        let found = self.tables.get(table).ok_or_else(lost)?;
        let seen = |field: &&FieldDef| field.filter && found.grant.fields.sees(field) && fits(field);
        match found.def.field_index(last).filter(|index| found.def.fields.get(*index).is_some_and(|field| seen(&field))) {
            Some(field) => Ok((table, field)),
            None => {
                let hint = operand::nearest(last, found.def.fields.iter().filter(seen).map(|field| field.name.as_ref()));
                Err(fail(format!("{} cannot be {what} {last:?}{hint}", found.def.plural)))
            }
        }
    }

    fn join(&mut self, reader: &Reader<'_>, from: usize, relation: usize) -> Result<usize> {
        if let Some(at) = self.tables.iter().position(|table| table.via == Some((from, relation))) {
            return Ok(at);
        }
        let definition = self.def(from)?.relations.get(relation).ok_or_else(lost)?;
        let def = Arc::clone(reader.registry.target(definition).ok_or_else(lost)?);
        let grant = authorize(reader.context, &def, Action::Read)?;
        self.tables.push(Table { def, grant, via: Some((from, relation)) });
        Ok(self.tables.len() - 1)
    }

    fn def(&self, table: usize) -> Result<&Arc<ResourceDef>> {
        self.tables.get(table).map(|table| &table.def).ok_or_else(lost)
    }

    fn field(&self, (table, field): (usize, usize)) -> Result<&FieldDef> {
        self.def(table)?.fields.get(field).ok_or_else(lost)
    }

    /// A column of the statement.
    pub(super) fn column(&self, table: usize, field: usize) -> Result<Column<'_>> {
        Ok(Column { table, field: self.field((table, field))? })
    }

    /// The statement's records: the joins, and the rows the caller may see.
    pub(super) fn select<'a>(&'a self, registry: &'a Registry) -> Result<Select<'a>> {
        let root = self.tables.first().ok_or_else(lost)?;
        let mut joins = Vec::with_capacity(self.tables.len() - 1);
        for table in self.tables.iter().skip(1) {
            let (from, relation) = table.via.ok_or_else(lost)?;
            let source = self.def(from)?;
            let RelationKind::ToOne { field } = &source.relations.get(relation).ok_or_else(lost)?.kind else { return Err(lost()) };
            let field = source.field(field).ok_or_else(lost)?;
            joins.push(Join { from, field, def: &table.def, filter: table.grant.rows.as_ref() });
        }
        Ok(Select {
            registry,
            def: &root.def,
            joins,
            columns: Vec::new(),
            filters: root.grant.rows.iter().collect(),
            deleted: DeletedMode::Exclude,
            sort: Vec::new(),
            seek: None,
            until: None,
            backward: false,
            limit: None,
            parents: None,
        })
    }
}

fn lost() -> Error {
    Error::internal("an aggregate lost one of its tables")
}

/// `INVALID_AGGREGATE` with the end of a sentence.
pub(super) fn fail(text: String) -> Error {
    Error::new(ErrorCode::InvalidAggregate, format!("The aggregate cannot be used: {text}."))
}

struct Reader<'a> {
    registry: &'a Registry,
    context: &'a Context,
}

/// What is known while an aggregate is read.
pub(super) struct Draft<'a> {
    reader: Reader<'a>,
    tables: Tables,
    keys: Vec<Key>,
    measures: Vec<Measure>,
}

/// Checks an aggregate.
pub(super) fn read(registry: &Registry, context: &Context, def: &Arc<ResourceDef>, request: &AggregateRequest) -> Result<Aggregation> {
    let grant = authorize(context, def, Action::Read)?;
    let mut draft = Draft {
        reader: Reader { registry, context },
        tables: Tables { tables: vec![Table { def: Arc::clone(def), grant, via: None }] },
        keys: Vec::new(),
        measures: Vec::new(),
    };
    if request.group_by.len() > MAXIMUM_KEYS {
        return Err(fail(format!("it groups by {} keys; {MAXIMUM_KEYS} are allowed", request.group_by.len())));
    }
    for key in &request.group_by {
        draft.key(key)?;
    }
    for (function, path) in &request.measures {
        draft.measure(*function, path)?;
    }
    let asked = draft.measures.len();
    let filter = request.filter.as_ref().map(|json| FilterReader::new(registry, context).read(def, json)).transpose()?;
    let having = match &request.having {
        Some(json) => Some(HavingReader::new(registry, context, Arc::clone(def), &mut draft).read(json)?),
        None => None,
    };
    let mut sort: Vec<(Sorted, bool)> = Vec::with_capacity(request.sort.len() + draft.keys.len());
    for (order, descending) in &request.sort {
        let sorted = match order {
            OrderRequest::Key(path) => Sorted::Key(draft.keys.iter().position(|key| names(&key.path, path)).ok_or_else(|| {
                Error::new(
                    ErrorCode::InvalidSort,
                    format!("The order cannot be used: {} is neither a key of groupBy nor a figure.", path.join(".")),
                )
            })?),
            OrderRequest::Figure(function, path) => Sorted::Figure(draft.measure(*function, path)?),
        };
        if sort.iter().any(|(other, _)| *other == sorted) {
            return Err(Error::new(ErrorCode::InvalidSort, "The order cannot be used: it names the same thing twice."));
        }
        sort.push((sorted, *descending));
    }
    // The keys make the order total.
    for key in 0..draft.keys.len() {
        if !sort.iter().any(|(other, _)| *other == Sorted::Key(key)) {
            sort.push((Sorted::Key(key), false));
        }
    }
    let Draft { tables, keys, measures, .. } = draft;
    let fingerprint = page::fingerprint(def, filter.as_ref(), request, &keys, &measures, &sort);
    let mut aggregation = Aggregation {
        filter,
        deleted: request.deleted,
        tables,
        keys,
        measures,
        asked,
        having,
        sort,
        limit: request.limit,
        after: None,
        fingerprint,
    };
    aggregation.after = request.after.as_ref().map(|text| aggregation.place(text)).transpose()?;
    Ok(aggregation)
}

/// A key's path; an amount's own path stands for its currency.
fn names(key: &[Name], path: &[String]) -> bool {
    same(key, path) || (key.last().is_some_and(|last| last == "currency") && same(key.get(..key.len() - 1).unwrap_or_default(), path))
}

impl Draft<'_> {
    fn key(&mut self, request: &GroupRequest) -> Result<()> {
        // `revenue.currency`: the currency of an amount, unless a relation or a field is called so.
        let mut path = request.path.as_slice();
        let money = |field: &FieldDef| matches!(field.kind, FieldType::Money);
        let mut currency = false;
        if let Some((last, before)) = path.split_last()
            && last == "currency"
            && before.len() <= MAXIMUM_SORT_DEPTH + 1
        {
            let tables = self.tables.tables.len();
            match self.tables.resolve(&self.reader, before, "grouped by the currency of", money) {
                Ok(_) => (path, currency) = (before, true),
                Err(_) => self.tables.tables.truncate(tables),
            }
        }
        let (table, field) = self.tables.resolve(&self.reader, path, "grouped by", |field| {
            (money(field) && currency) || !matches!(field.kind, FieldType::Money | FieldType::TextSet { .. })
        })?;
        let written: Vec<Name> = request.path.iter().map(|name| Name::from(name.clone())).collect();
        if self.keys.iter().any(|key| same(&key.path, &request.path)) {
            return Err(fail(format!("{} stands in groupBy twice", request.path.join("."))));
        }
        let definition = self.tables.field((table, field))?;
        let bucket = bucket(definition, request, self.reader.context)?;
        let offsets = bucket.filter(|_| matches!(definition.kind, FieldType::Instant)).map(|(_, zone)| calendar::offsets(zone));
        let encoder = Encoder::new(self.tables.def(table)?, definition);
        let described = format!("{}:{bucket:?}", request.path.join("."));
        self.keys.push(Key { path: written, table, field, currency, bucket, offsets, encoder, described });
        Ok(())
    }

    /// The place of a figure, computed once however often it is asked for.
    pub(super) fn measure(&mut self, function: Function, path: &[String]) -> Result<usize> {
        if let Some(known) = self.measures.iter().position(|measure| measure.function == function && same(&measure.path, path)) {
            return Ok(known);
        }
        if self.measures.len() >= MAXIMUM_MEASURES {
            return Err(fail(format!("it computes more than the {MAXIMUM_MEASURES} figures allowed")));
        }
        let measure = if function == Function::Count {
            if !path.is_empty() {
                return Err(fail("count counts records and takes no field; countDistinct counts the values of one".to_owned()));
            }
            Measure { function, path: Vec::new(), column: None, currency: None, form: Form::Number }
        } else {
            let what = match function {
                Function::CountDistinct => "counted by",
                Function::Sum => "summed up by",
                Function::Avg => "averaged by",
                Function::Count | Function::Min | Function::Max => "compared by",
            };
            let column = self.tables.resolve(&self.reader, path, what, |field| takes(function, &field.kind))?;
            let field = self.tables.field(column)?;
            let currency = match field.kind {
                FieldType::Money => Some(self.currency(path)?),
                _ => None,
            };
            let form = match function {
                Function::Count | Function::CountDistinct => Form::Number,
                Function::Sum | Function::Avg => Form::of_sum(&field.kind),
                Function::Min | Function::Max if currency.is_some() => Form::Money,
                Function::Min | Function::Max => Form::Value(Encoder::new(self.tables.def(column.0)?, field)),
            };
            let path = path.iter().map(|name| Name::from(name.clone())).collect();
            Measure { function, path, column: Some(column), currency, form }
        };
        self.measures.push(measure);
        Ok(self.measures.len() - 1)
    }

    /// The key that holds the currency of an amount: amounts of several currencies have no sum and no greatest.
    fn currency(&self, path: &[String]) -> Result<usize> {
        let wanted: Vec<String> = path.iter().cloned().chain(std::iter::once("currency".to_owned())).collect();
        self.keys.iter().position(|key| key.currency && same(&key.path, &wanted)).ok_or_else(|| {
            let path = path.join(".");
            fail(format!("{path} may hold several currencies, which cannot be added up or compared; add {path}.currency to groupBy"))
        })
    }

    /// The field a figure is of.
    pub(super) fn field_of(&self, measure: usize) -> Result<Option<&FieldDef>> {
        let measure = self.measures.get(measure).ok_or_else(lost)?;
        measure.column.map(|column| self.tables.field(column)).transpose()
    }
}

/// Whether a function takes fields of a type.
pub fn takes(function: Function, kind: &FieldType) -> bool {
    match function {
        Function::Count => false,
        Function::CountDistinct => !matches!(kind, FieldType::Money | FieldType::TextSet { .. } | FieldType::AnyReference(_)),
        Function::Sum | Function::Avg => {
            matches!(kind, FieldType::Integer { .. } | FieldType::Decimal { .. } | FieldType::Duration | FieldType::Money)
        }
        Function::Min | Function::Max => {
            matches!(
                kind,
                FieldType::Integer { .. }
                    | FieldType::Decimal { .. }
                    | FieldType::Duration
                    | FieldType::Money
                    | FieldType::Date
                    | FieldType::Instant
            )
        }
    }
}

fn bucket(field: &FieldDef, request: &GroupRequest, context: &Context) -> Result<Option<(Bucket, Tz)>> {
    let path = || request.path.join(".");
    let Some(name) = &request.bucket else {
        return match request.zone {
            Some(_) => Err(fail(format!("{} has a zone but no bucket, which would be cut in it", path()))),
            None => Ok(None),
        };
    };
    let bucket = match name.as_str() {
        "HOUR" => Bucket::Hour,
        "DAY" => Bucket::Day,
        "WEEK" => Bucket::Week,
        "MONTH" => Bucket::Month,
        "QUARTER" => Bucket::Quarter,
        "YEAR" => Bucket::Year,
        other => return Err(fail(format!("the bucket of {} is {other:?}; it can be HOUR, DAY, WEEK, MONTH, QUARTER or YEAR", path()))),
    };
    let zone = match (&field.kind, &request.zone) {
        (FieldType::Instant, None) => context.zone,
        (FieldType::Instant, Some(zone)) => zone
            .parse()
            .map_err(|_| fail(format!("the zone of {} is {zone:?}, which is not an IANA time zone such as Europe/Rome", path())))?,
        (FieldType::Date, None) if bucket == Bucket::Hour => return Err(fail(format!("{} is a day and has no hours", path()))),
        (FieldType::Date, None) => chrono_tz::UTC,
        (FieldType::Date, Some(_)) => return Err(fail(format!("{} is a day, which lies in no zone; leave zone out", path()))),
        _ => return Err(fail(format!("{} is neither a date nor an instant, so it has no buckets", path()))),
    };
    Ok(Some((bucket, zone)))
}
