//! Why a write was refused by the database: told apart by reading again.

use super::packed;
use crate::engine::Inner;
use crate::key::same;
use clientela_access::{Action, Grant, authorize};
use clientela_kernel::{Comparison, Context, DeletedMode, Error, ErrorCode, FieldProblem, Filter, Id, ProblemCode, Result, Value};
use clientela_model::{FieldDef, ResourceDef, UniqueDef, system};
use clientela_store::{Commit, LOCKS, RowChange, RowGuard, Scope, WriteSet};

/// Answers `Ok` where the write should simply be attempted again, the error for the caller otherwise.
pub(crate) async fn explain(
    inner: &Inner,
    context: &Context,
    scope: &Scope,
    set: &WriteSet,
    principal: usize,
    failed: &Commit,
) -> Result<()> {
    if let Commit::Duplicate { row, index } = failed {
        let row = row
            .and_then(|row| set.rows.get(row))
            .or_else(|| set.rows.get(principal))
            .ok_or_else(|| Error::internal("a duplicate without a row"))?;
        return match index {
            None => Err(id_taken(set.rows.get(principal).unwrap_or(row))),
            // Somebody locked the record at the same moment, and the rules of locks say so; or this lock is there already.
            Some(_) if row.def.name == LOCKS && row.guard == RowGuard::Insert => match id_exists(inner, context, scope, row).await? {
                true => Err(id_taken(row)),
                false => Ok(()),
            },
            Some(index) => match duplicate(inner, context, scope, row, index).await? {
                Some(error) => Err(error),
                // Nobody else has the values: the record that has them is the one that has the id as well.
                None if row.guard == RowGuard::Insert && id_exists(inner, context, scope, row).await? => Err(id_taken(row)),
                None => Ok(()),
            },
        };
    }
    // What went along with the principal row may name the same missing record; the caller can correct the principal row alone.
    let row = set.rows.get(principal).ok_or_else(|| Error::internal("a write without its principal row"))?;
    let mut problems = Vec::new();
    for (index, id) in &row.references {
        let Some(field) = row.def.fields.get(*index) else { continue };
        let written = || row.values.iter().find(|(written, _)| written == index).and_then(|(_, value)| value.as_record());
        let Some(target) = field.reference().map(|reference| &reference.target).or_else(|| written().map(|record| &record.resource)) else {
            continue;
        };
        let target = inner.resource(target)?;
        let inserted = set.rows.iter().any(|other| other.def.name == target.name && other.id.0 == *id);
        if inserted || inner.current(context, scope, &target, Id(*id), DeletedMode::Exclude).await?.is_some() {
            continue;
        }
        let text = Id(*id).to_text(&target.prefix);
        let detail = format!("{} names {text}, and there is no such {}, or it is deleted, or you may not see it.", field.name, target.name);
        problems.push(FieldProblem::new(field.pointer(), ProblemCode::ReferenceNotFound, detail));
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::validation(problems)) }
}

async fn id_exists(inner: &Inner, context: &Context, scope: &Scope, row: &RowChange) -> Result<bool> {
    Ok(inner.current(context, scope, &row.def, row.id, DeletedMode::Include).await?.is_some())
}

fn id_taken(row: &RowChange) -> Error {
    let id = row.id.to_text(&row.def.prefix);
    let problem = FieldProblem::new("/id", ProblemCode::Taken, format!("id {id} is taken."));
    Error::new(ErrorCode::IdTaken, format!("The id {id} is taken. Mint a new one, or update the record that has it."))
        .with_fields(vec![problem])
        .with_existing_id(id)
}

/// The error that names the record which has the value; none where it has gone meanwhile.
async fn duplicate(inner: &Inner, context: &Context, scope: &Scope, row: &RowChange, index: &str) -> Result<Option<Error>> {
    let def = &row.def;
    let unique = def
        .unique
        .iter()
        .find(|unique| unique.index == index)
        .ok_or_else(|| Error::internal(format!("no unique key is called {index}")))?;
    let Some(existing) = existing(inner, context, scope, row, unique).await? else { return Ok(None) };
    let existing = is_readable(inner, context, scope, def, existing).await?.then_some(existing);
    let names = unique.fields.join(" and ");
    let who = existing.map_or_else(String::new, |id| format!(" ({})", id.to_text(&def.prefix)));
    let problems = unique
        .fields
        .iter()
        .map(|field| def.field(field).map_or_else(|| format!("/{field}"), FieldDef::pointer))
        .map(|pointer| FieldProblem::new(pointer, ProblemCode::Taken, format!("Another {} has this {names}.", def.name)))
        .collect();
    let text = format!("Another {}{who} has this {names}. Use another value, or update that record.", def.name);
    let error = Error::new(ErrorCode::Duplicate, text).with_fields(problems);
    Ok(Some(match existing {
        Some(id) => error.with_existing_id(id.to_text(&def.prefix)),
        None => error,
    }))
}

/// The living record that has the same values in these fields; whatever the caller may see.
async fn existing(inner: &Inner, context: &Context, scope: &Scope, row: &RowChange, unique: &UniqueDef) -> Result<Option<Id>> {
    let def = &row.def;
    let current = inner.current(context, scope, def, row.id, DeletedMode::Include).await?;
    let value_of = |field: &FieldDef| -> Value {
        let index = def.field_index(&field.name);
        if let Some(value) = packed::unpacked(def, &row.values, field).filter(|_| field.is_custom()) {
            return value;
        }
        let written = row.values.iter().find(|(written, _)| Some(*written) == index).map(|(_, value)| value.clone());
        written.or_else(|| current.as_ref().and_then(|record| index.and_then(|index| record.get(index).cloned()))).unwrap_or_default()
    };
    let mut conditions: Vec<Filter> =
        unique.fields.iter().filter_map(|name| def.field(name)).map(|field| same(field, &value_of(field))).collect();
    conditions.push(Filter::field(system::ID, Comparison::Equal(Value::Id(row.id.0))).negate());
    let found = inner.find(context, scope, def, &Filter::And(conditions), DeletedMode::Exclude, 1).await?;
    let id = |record: &Vec<Value>| def.field_index(system::ID).and_then(|index| record.get(index)).and_then(Value::as_id).map(Id);
    Ok(found.first().and_then(id))
}

/// Whether the caller may learn of a record.
async fn is_readable(inner: &Inner, context: &Context, scope: &Scope, def: &ResourceDef, id: Id) -> Result<bool> {
    match authorize(context, def, Action::Read) {
        Err(_) => Ok(false),
        Ok(Grant { rows: None, .. }) => Ok(true),
        Ok(Grant { rows: Some(rows), .. }) => {
            let filter = Filter::And(vec![Filter::field(system::ID, Comparison::Equal(Value::Id(id.0))), rows]);
            Ok(!inner.find(context, scope, def, &filter, DeletedMode::Exclude, 1).await?.is_empty())
        }
    }
}
