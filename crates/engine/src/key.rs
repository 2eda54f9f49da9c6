//! Finding a record by a key: a field whose value is unique, the name of an external system, or the id that its maker chose.

use crate::engine::Inner;
use crate::input;
use crate::pack::Asked;
use clientela_access::{Action, FieldMask, authorize};
use clientela_kernel::fold::fold;
use clientela_kernel::{Comparison, Context, DeletedMode, Error, ErrorCode, FieldProblem, Filter, Id, Result, Value};
use clientela_model::{ExternalKeyDef, FieldDef, FieldType, Registry, ResourceDef, system};
use clientela_store::{Column, Join, Scope, Select, width};
use serde_json::Value as Json;
use std::sync::Arc;

/// Names a record by a key, as both APIs spell it: `{key: "erp", value: "4711"}`, `/by/erp/4711`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordBy {
    /// A field with a unique value, `id`, or the name of an external system.
    pub key: String,
    /// The value there.
    pub value: String,
}

/// A key, checked against the definitions.
pub(crate) enum Key<'a> {
    /// Its own id: whoever mints ids upserts by them.
    Id { id: Id, text: String },
    /// A field whose value no two living records share.
    Field { field: &'a FieldDef, value: Value },
    /// What another system calls the record.
    External { keys: &'a Arc<ResourceDef>, fields: &'a ExternalKeyDef, system: Value, value: Value },
}

impl<'a> Key<'a> {
    /// Reads a key. `NOT_FOUND` where the resource has no such key, `VALIDATION_FAILED` where the value cannot be one.
    pub(crate) fn read(registry: &'a Registry, mask: &FieldMask, def: &'a ResourceDef, by: &RecordBy) -> Result<Key<'a>> {
        let invalid = |problem: FieldProblem| Error::validation(vec![problem]);
        if by.key == system::ID {
            let id = input::own_id(def, &by.value, "/id").map_err(invalid)?;
            return Ok(Key::Id { id, text: by.value.clone() });
        }
        let text = Json::from(by.value.as_str());
        if let Some((field, _)) = def.keys().find(|(field, _)| field.name == by.key && mask.sees(field)) {
            return match input::read(field, &text, &field.pointer()).map_err(invalid)? {
                Value::Null => Err(invalid(input::required(field))),
                value => Ok(Key::Field { field, value }),
            };
        }
        let named = def.field(&by.key).is_some() || def.relation(&by.key).is_some();
        let external = registry.external_keys(def).filter(|_| !named).and_then(|(keys, fields)| {
            let system = input::read(keys.field(&fields.system)?, &Json::from(by.key.as_str()), "").ok()?;
            Some((keys, fields, system)).filter(|_| !by.key.trim().is_empty())
        });
        let Some((keys, fields, system)) = external else { return Err(no_key(registry, mask, def, &by.key)) };
        let field = keys.field(&fields.value).ok_or_else(|| Error::internal("the keys of external systems have no value"))?;
        match input::read(field, &text, "/by/value").map_err(invalid)? {
            Value::Null => Err(invalid(FieldProblem { pointer: "/by/value".to_owned(), ..input::required(field) })),
            value => Ok(Key::External { keys, fields, system, value }),
        }
    }

    /// `email "a@b.example"`, `erp "4711"`: for messages.
    pub(crate) fn words(&self) -> String {
        match self {
            Key::Id { text, .. } => format!("id {text:?}"),
            Key::Field { field, value } => format!("{} {:?}", field.name, value.as_text().unwrap_or_default()),
            Key::External { system, value, .. } => {
                format!("{} {:?}", system.as_text().unwrap_or_default(), value.as_text().unwrap_or_default())
            }
        }
    }

    /// Whether a value is this key's, of the key field.
    pub(crate) fn is_same(field: &FieldDef, one: &Value, other: &Value) -> bool {
        match (one, other) {
            (Value::Text(one), Value::Text(other)) if field.folded => fold(one) == fold(other),
            _ => one == other,
        }
    }
}

/// The condition that a unique key puts on a field.
pub(crate) fn same(field: &FieldDef, value: &Value) -> Filter {
    match value {
        Value::Text(text) if field.folded => Filter::field(field.name.clone(), Comparison::Same(fold(text))),
        Value::Record(record) => Filter::field(field.name.clone(), Comparison::OfResource(record.resource.clone())),
        value => Filter::field(field.name.clone(), Comparison::Equal(value.clone())),
    }
}

fn no_key(registry: &Registry, mask: &FieldMask, def: &ResourceDef, key: &str) -> Error {
    let mut keys: Vec<&str> =
        def.keys().map(|(field, _)| field).filter(|field| mask.sees(field)).map(|field| field.name.as_ref()).collect();
    if registry.external_keys(def).is_some() {
        keys.push("the name of an external system (lower case, such as erp)");
    }
    keys.push(system::ID);
    let known = keys.join(", or ");
    Error::new(ErrorCode::NotFound, format!("{} have no key {key:?}. They are found by {known}.", def.plural))
}

impl Inner {
    /// The id of the living record with this key.
    pub(crate) async fn id_by(&self, context: &Context, def: &ResourceDef, by: &RecordBy) -> Result<Option<Id>> {
        let grant = authorize(context, def, Action::Read)?;
        let key = match Key::read(&self.registry, &grant.fields, def, by) {
            // What can be no value of the key is nobody's.
            Err(error) if error.code() == ErrorCode::ValidationFailed => return Ok(None),
            key => key?,
        };
        let scope = self.store.scope(context.tenant);
        let found = self.by_key(context, &scope, def, &key).await?;
        let id = found.and_then(|record| def.field_index(system::ID).and_then(|index| record.get(index)).and_then(Value::as_id));
        Ok(id.map(Id))
    }

    /// Every field of the living record with this key, by one statement; whatever the caller may see.
    pub(crate) async fn by_key(&self, context: &Context, scope: &Scope, def: &ResourceDef, key: &Key<'_>) -> Result<Option<Vec<Value>>> {
        match key {
            Key::Id { id, .. } => {
                let same = Filter::field(system::ID, Comparison::Equal(Value::Id(id.0)));
                Ok(self.find(context, scope, def, &same, DeletedMode::Exclude, 1).await?.pop())
            }
            Key::Field { field, value } => Ok(self.find(context, scope, def, &same(field, value), DeletedMode::Exclude, 1).await?.pop()),
            Key::External { system, value, .. } => match &self.pack {
                Some(pack) => {
                    let asked = Asked::External { def: self.resource(&def.name)?, system: (*system).clone(), value: (*value).clone() };
                    Ok(pack.ask(asked).await?.pop())
                }
                None => {
                    let found = self.by_externals(scope, def, system, std::slice::from_ref(value)).await?;
                    Ok(found.into_iter().next().map(|(_, record)| record))
                }
            },
        }
    }

    /// The living records that another system calls so, each with its name there, by one statement. Starts at the keys, of which
    /// there is one for each record, and joins the records.
    pub(crate) async fn by_externals(
        &self,
        scope: &Scope,
        def: &ResourceDef,
        system: &Value,
        values: &[Value],
    ) -> Result<Vec<(Value, Vec<Value>)>> {
        let (keys, fields) =
            self.registry.external_keys(def).ok_or_else(|| Error::internal(format!("{} have no keys of other systems", def.plural)))?;
        let of = |name: &str| keys.field(name).ok_or_else(|| Error::internal(format!("{} has no field {name}", keys.name)));
        let (record, named) = (of(&fields.record)?, of(&fields.value)?);
        let any = match values {
            [value] => same(named, value),
            values if named.folded => Filter::Or(values.iter().map(|value| same(named, value)).collect()),
            values => Filter::field(named.name.clone(), Comparison::In(values.to_vec())),
        };
        let filter = Filter::And(vec![
            same(of(&fields.system)?, system),
            Filter::field(record.name.clone(), Comparison::OfResource(def.name.clone())),
            any,
        ]);
        let mut columns = vec![Column { table: 0, field: named }];
        columns.extend(def.fields.iter().map(|field| Column { table: 1, field }));
        let select = Select {
            registry: &self.registry,
            def: keys.as_ref(),
            joins: vec![Join { from: 0, field: record, def, filter: None }],
            columns,
            filters: vec![&filter],
            deleted: DeletedMode::Exclude,
            sort: Vec::new(),
            seek: None,
            until: None,
            backward: false,
            limit: u32::try_from(values.len()).ok(),
            parents: None,
        };
        let rows = scope.fetch(&select).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let name = row.value(0, named)?;
            let mut position = width(named);
            let mut values = Vec::with_capacity(def.fields.len());
            for field in &def.fields {
                values.push(row.value(position, field)?);
                position += width(field);
            }
            let present = def.fields.iter().zip(&values).any(|(field, value)| matches!(field.kind, FieldType::Id) && !value.is_null());
            if present {
                found.push((name, values));
            }
        }
        Ok(found)
    }
}
