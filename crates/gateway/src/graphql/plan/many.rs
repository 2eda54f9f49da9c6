//! Many writes in one mutation: `batchAccounts`.

use super::Run;
use super::answer::{Notes, write_key, write_text};
use super::build::Builder;
use super::coerce::Variables;
use super::collect::{Collected, What};
use super::mutation::{Tried, bound_key, permitting, user_errors, write_changes, write_user_errors};
use super::problem::Problem;
use super::query::{resource, unauthenticated};
use super::source::Source;
use crate::array::split_array;
use crate::graphql::schema::types::Role;
use clientela_engine::{Batch, BatchOutcome, ReadPlan, Root, RowOutcome, Selection};
use clientela_kernel::error::GraphqlPlace;
use clientela_kernel::{Context, Error};
use clientela_model::{ResourceDef, naming};
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use uuid::Uuid;

/// A batch, decoded.
pub(super) struct Wish<'f> {
    def: Arc<ResourceDef>,
    input: Map<String, Json>,
    field: &'f Collected,
    /// The shapes of the records in the results, in the order of the record fields of all `results`.
    selections: Vec<Selection>,
}

pub(super) fn decode<'f>(run: &Run<'_>, field: &'f Collected, index: usize, variables: &Variables) -> Result<Wish<'f>, Problem> {
    let types = run.preparer.types.as_ref();
    let def = resource(types, index, field)?.clone();
    let Some(context) = run.context else { return Err(unauthenticated(field)) };
    let builder = Builder { types, source: run.source, context, variables };
    let selections = records(field).map(|record| builder.selection(&def, &record.children)).collect::<Result<_, _>>()?;
    let input = field.input(types, variables)?;
    Ok(Wish { def, input, field, selections })
}

/// The record fields of a payload's results.
fn records(field: &Collected) -> impl Iterator<Item = &Collected> {
    let results = field.children.iter().filter(|child| matches!(child.what, What::Role(Role::Results)));
    results.flat_map(|results| &results.children).filter(|child| matches!(child.what, What::Role(Role::PayloadRecord)))
}

impl Wish<'_> {
    /// What reading the records of the answer costs at most.
    pub(super) fn cost(&self, source: &dyn Source) -> Result<u64, Error> {
        let rows = self.input.get("rows").and_then(Json::as_array).map_or(0, Vec::len);
        let mut cost = 0u64;
        for selection in &self.selections {
            let ids = vec![Uuid::nil(); rows];
            let plan = ReadPlan { def: Arc::clone(&self.def), root: Root::Records { ids, selection: selection.clone() } };
            cost = cost.saturating_add(source.cost(&plan)?);
        }
        Ok(cost)
    }
}

pub(super) async fn carry_out(
    run: &Run<'_>,
    context: &Context,
    mut wish: Wish<'_>,
    out: &mut Vec<u8>,
    notes: &mut Notes,
) -> Result<(), Problem> {
    let field = wish.field;
    let mut input = std::mem::take(&mut wish.input);
    let context = &permitting(context, &wish.def, &mut input);
    let at = |error: Error| Problem::field(error, field.position);
    let tried = Tried::asked(run.source, &mut input).await.map_err(at)?;
    let result = match batch(run, &wish.def, input) {
        Ok(batch) => tried.source(run.source).batch(context, batch).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(outcome) => {
            notes.replayed |= outcome.replayed;
            let source = tried.source(run.source);
            let changes = tried.changes(context);
            payload(source, context, &wish, Ok(&outcome), changes.as_ref(), out).await.map_err(at)?;
        }
        Err(error) if error.code().graphql_place() == GraphqlPlace::UserErrors => {
            payload(run.source, context, &wish, Err(&error), None, out).await.map_err(at)?;
        }
        Err(error) => return Err(at(error)),
    }
    tried.close().await.map_err(at)
}

fn batch(run: &Run<'_>, def: &Arc<ResourceDef>, mut input: Map<String, Json>) -> Result<Batch, Error> {
    let key = input.remove("idempotencyKey");
    let idempotency = bound_key(key.as_ref(), &format!("batch{}", naming::pascal(&def.plural)), &input)?;
    let atomic = input.get("atomic") == Some(&Json::Bool(true));
    let rows = input.remove("rows").unwrap_or_default();
    Ok(Batch { operations: run.source.read_rows(def, &rows)?, atomic, idempotency })
}

async fn payload(
    source: &dyn Source,
    context: &Context,
    wish: &Wish<'_>,
    done: Result<&BatchOutcome, &Error>,
    changes: Option<&Json>,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    out.push(b'{');
    let mut selections = wish.selections.iter();
    for child in &wish.field.children {
        write_key(&child.key, out);
        match (&child.what, done) {
            (What::Typename(json), _) => out.extend_from_slice(json.as_bytes()),
            (What::Role(Role::Changes), _) => write_changes(&child.children, changes, out),
            (What::Role(Role::UserErrors), Err(error)) => write_user_errors(&child.children, &user_errors(error), out),
            (What::Role(Role::UserErrors), Ok(_)) => out.extend_from_slice(b"[]"),
            (What::Role(Role::Results), Ok(outcome)) => {
                let texts = read(source, context, wish, child, &mut selections, outcome).await?;
                results(&child.children, outcome, &texts, out);
            }
            _ => out.extend_from_slice(b"null"),
        }
    }
    out.push(b'}');
    Ok(())
}

/// The records of the rows, one read for each record field, as the texts of JSON arrays.
async fn read(
    source: &dyn Source,
    context: &Context,
    wish: &Wish<'_>,
    results: &Collected,
    selections: &mut std::slice::Iter<'_, Selection>,
    outcome: &BatchOutcome,
) -> Result<Vec<Vec<u8>>, Error> {
    let ids: Vec<Uuid> = outcome.rows.iter().map(|row| row.as_ref().map_or(Uuid::nil(), |row| row.id.0)).collect();
    let mut texts = Vec::new();
    for _ in results.children.iter().filter(|child| matches!(child.what, What::Role(Role::PayloadRecord))) {
        let Some(selection) = selections.next() else { break };
        let plan = ReadPlan { def: Arc::clone(&wish.def), root: Root::Records { ids: ids.clone(), selection: selection.clone() } };
        let mut text = Vec::new();
        source.read(context, &plan, &mut text).await?;
        texts.push(text);
    }
    Ok(texts)
}

fn results(fields: &[Collected], outcome: &BatchOutcome, texts: &[Vec<u8>], out: &mut Vec<u8>) {
    let records: Vec<Vec<&[u8]>> = texts.iter().map(|text| split_array(text)).collect();
    out.push(b'[');
    for (number, row) in outcome.rows.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        result(fields, number, row, &records, out);
    }
    out.push(b']');
}

fn result(fields: &[Collected], number: usize, row: &Result<RowOutcome, Error>, records: &[Vec<&[u8]>], out: &mut Vec<u8>) {
    out.push(b'{');
    let mut records = records.iter();
    for child in fields {
        write_key(&child.key, out);
        match (&child.what, row) {
            (What::Typename(json), _) => out.extend_from_slice(json.as_bytes()),
            (What::Role(Role::ResultStatus), Ok(row)) => out.extend_from_slice(row.status.to_string().as_bytes()),
            (What::Role(Role::ResultStatus), Err(error)) => out.extend_from_slice(error.code().status().to_string().as_bytes()),
            (What::Role(Role::WrittenId), Ok(row)) => write_text(&row.id.to_text(&row.def.prefix), out),
            (What::Role(Role::ResultVersion), Ok(row)) => out.extend_from_slice(row.version.to_string().as_bytes()),
            (What::Role(Role::PayloadRecord), _) => {
                let text = records.next().and_then(|texts| texts.get(number)).copied();
                out.extend_from_slice(text.filter(|_| row.is_ok()).unwrap_or(b"null"));
            }
            (What::Role(Role::Revealed), Ok(RowOutcome { revealed: Some(secret), .. })) => write_text(secret, out),
            (What::Role(Role::UserErrors), Err(error)) => write_user_errors(&child.children, &user_errors(error), out),
            (What::Role(Role::UserErrors), Ok(_)) => out.extend_from_slice(b"[]"),
            _ => out.extend_from_slice(b"null"),
        }
    }
    out.push(b'}');
}
