//! Whether a record is among those that a right reaches: from memory as far as that goes, by a statement where a condition leads to other records.

use crate::engine::Inner;
use crate::values;
use clientela_access::{Action, authorize};
use clientela_kernel::{Comparison, Context, DeletedMode, Error, ErrorCode, Filter, Quantifier, RecordKey, Result, Value};
use clientela_model::{FieldDef, RelationKind, ResourceDef, system};
use clientela_store::Scope;
use futures_util::future::BoxFuture;
use uuid::Uuid;

/// Looks on behalf of one request.
#[derive(Clone, Copy)]
pub(crate) struct Reach<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) context: &'a Context,
    pub(crate) scope: &'a Scope,
}

impl Reach<'_> {
    /// Whether the caller may do something with a record as it is here.
    pub(crate) async fn allows(self, def: &ResourceDef, action: Action, record: &[Value]) -> Result<bool> {
        match authorize(self.context, def, action) {
            Ok(grant) => match &grant.rows {
                None => Ok(true),
                Some(rows) => self.holds(def, record, rows).await,
            },
            Err(error) if error.code() == ErrorCode::Forbidden => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the caller may read a living record.
    pub(crate) async fn sees(self, def: &ResourceDef, id: Uuid) -> Result<bool> {
        let rows = match authorize(self.context, def, Action::Read) {
            Ok(grant) => grant.rows,
            Err(error) if error.code() == ErrorCode::Forbidden => return Ok(false),
            Err(error) => return Err(error),
        };
        match rows {
            // Whether it is there at all is asked where it is written.
            None => Ok(true),
            Some(rows) => self.exists(def, vec![is(system::ID, id), rows]).await,
        }
    }

    /// Refuses what names records that the caller may not read: to whoever asks they are not there.
    pub(crate) async fn names_what_it_sees(
        self,
        def: &ResourceDef,
        fields: impl Iterator<Item = usize>,
        record: &[Value],
    ) -> Result<Vec<(usize, RecordKey)>> {
        let mut unseen = Vec::new();
        for index in fields {
            let Some((field, value)) = def.fields.get(index).zip(record.get(index)) else { continue };
            let Some(key) = named(field, value) else { continue };
            let target = self.inner.resource(&key.resource)?;
            if !self.sees(&target, key.id).await? {
                unseen.push((index, key));
            }
        }
        Ok(unseen)
    }

    /// Whether a record satisfies a filter. It need not be in the database: only what it names must be.
    pub(crate) fn holds<'s>(self, def: &'s ResourceDef, record: &'s [Value], filter: &'s Filter) -> BoxFuture<'s, Result<bool>>
    where
        Self: 's,
    {
        Box::pin(async move {
            let value = |name: &str| def.field_index(name).and_then(|index| record.get(index)).cloned().unwrap_or_default();
            match filter {
                Filter::And(filters) => {
                    for filter in filters {
                        if !self.holds(def, record, filter).await? {
                            return Ok(false);
                        }
                    }
                    Ok(true)
                }
                Filter::Or(filters) => {
                    for filter in filters {
                        if self.holds(def, record, filter).await? {
                            return Ok(true);
                        }
                    }
                    Ok(false)
                }
                Filter::Not(inner) => Ok(!self.holds(def, record, inner).await?),
                Filter::Field { field, comparison } => {
                    let definition = def.field(field).ok_or_else(|| Error::internal("a filter names an unknown field"))?;
                    Ok(values::satisfies(&value(field), definition, comparison))
                }
                Filter::ToOne { relation, filter } => {
                    let relation = def.relation(relation).ok_or_else(|| Error::internal("a filter names an unknown relation"))?;
                    let RelationKind::ToOne { field } = &relation.kind else { return Err(Error::internal("a list was taken for one")) };
                    let target = self.inner.resource(&relation.target)?;
                    match value(field).as_id() {
                        None => Ok(false),
                        Some(id) => self.exists(&target, vec![is(system::ID, id), filter.as_ref().clone()]).await,
                    }
                }
                Filter::ToRecord { field, resource, filter } => {
                    let target = self.inner.resource(resource)?;
                    match value(field).as_record().filter(|record| record.resource == *resource) {
                        None => Ok(false),
                        Some(record) => self.exists(&target, vec![is(system::ID, record.id), filter.as_ref().clone()]).await,
                    }
                }
                Filter::NamedBy { resource, field, filter } => {
                    let target = self.inner.resource(resource)?;
                    match value(system::ID).as_id() {
                        None => Ok(false),
                        Some(id) => self.exists(&target, vec![is(field, id), filter.as_ref().clone()]).await,
                    }
                }
                Filter::Among { field, of } => {
                    let (resource, id) = match value(field) {
                        Value::Record(record) => (Some(record.resource), record.id),
                        value => match value.as_id() {
                            Some(id) => (None, id),
                            None => return Ok(false),
                        },
                    };
                    for among in of.iter().filter(|among| resource.as_ref().is_none_or(|resource| *resource == among.resource)) {
                        let target = self.inner.resource(&among.resource)?;
                        let named = match target.field(&among.field).and_then(FieldDef::any_reference) {
                            Some(_) => naming(&among.field, def, id),
                            None => is(&among.field, id),
                        };
                        if self.exists(&target, vec![named, among.filter.clone()]).await? {
                            return Ok(true);
                        }
                    }
                    Ok(false)
                }
                Filter::ToMany { relation, quantifier, filter } => {
                    let relation = def.relation(relation).ok_or_else(|| Error::internal("a filter names an unknown relation"))?;
                    let RelationKind::ToMany { local, foreign, .. } = &relation.kind else {
                        return Err(Error::internal("one was taken for a list"));
                    };
                    let target = self.inner.resource(&relation.target)?;
                    let Some(id) = value(local).as_id() else { return Ok(*quantifier != Quantifier::Some) };
                    let of = match target.field(foreign).and_then(FieldDef::any_reference) {
                        Some(_) => naming(foreign, def, id),
                        None => is(foreign, id),
                    };
                    let condition = filter.as_ref().clone();
                    let condition = if *quantifier == Quantifier::Every { condition.negate() } else { condition };
                    Ok(self.exists(&target, vec![of, condition]).await? == (*quantifier == Quantifier::Some))
                }
            }
        })
    }

    async fn exists(self, def: &ResourceDef, all: Vec<Filter>) -> Result<bool> {
        Ok(!self.inner.find(self.context, self.scope, def, &Filter::And(all), DeletedMode::Exclude, 1).await?.is_empty())
    }
}

fn is(field: &str, id: Uuid) -> Filter {
    Filter::field(field.to_owned(), Comparison::Equal(Value::Id(id)))
}

/// That a reference to any record names this one.
fn naming(field: &str, def: &ResourceDef, id: Uuid) -> Filter {
    Filter::field(field.to_owned(), Comparison::Equal(Value::Record(RecordKey { resource: def.name.clone(), id })))
}

/// The record that a reference names.
fn named(field: &FieldDef, value: &Value) -> Option<RecordKey> {
    match field.reference() {
        Some(reference) => Some(RecordKey { resource: reference.target.clone(), id: value.as_id()? }),
        None => value.as_record().cloned(),
    }
}
