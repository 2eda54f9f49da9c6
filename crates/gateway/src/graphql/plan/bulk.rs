//! One change to every record that satisfies a filter: `bulkUpdateAccounts`, `bulkDeleteAccounts`.

use super::Run;
use super::answer::{Notes, write_key};
use super::coerce::Variables;
use super::collect::{Collected, What};
use super::mutation::{Tried, bound_key, user_errors, write_changes, write_user_errors};
use super::problem::Problem;
use super::query::{resource, unauthenticated};
use crate::graphql::schema::types::Role;
use clientela_engine::{Bulk, BulkOutcome};
use clientela_kernel::error::GraphqlPlace;
use clientela_kernel::{Context, Error, FieldProblem, ProblemCode};
use clientela_model::{ResourceDef, naming};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// A change to many, decoded.
pub(super) struct Wish<'f> {
    def: Arc<ResourceDef>,
    input: Map<String, Json>,
    field: &'f Collected,
    updates: bool,
}

pub(super) fn decode<'f>(
    run: &Run<'_>,
    field: &'f Collected,
    index: usize,
    updates: bool,
    variables: &Variables,
) -> Result<Wish<'f>, Problem> {
    let types = run.preparer.types.as_ref();
    let def = resource(types, index, field)?.clone();
    if run.context.is_none() {
        return Err(unauthenticated(field));
    }
    Ok(Wish { def, input: field.input(types, variables)?, field, updates })
}

pub(super) async fn carry_out(
    run: &Run<'_>,
    context: &Context,
    mut wish: Wish<'_>,
    out: &mut Vec<u8>,
    notes: &mut Notes,
) -> Result<(), Problem> {
    let field = wish.field;
    let at = |error: Error| Problem::field(error, field.position);
    let tried = Tried::asked(run.source, &mut wish.input).await.map_err(at)?;
    let result = match bulk(run, context, wish) {
        Ok(bulk) => tried.source(run.source).bulk(context, bulk).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(outcome) => {
            notes.replayed |= outcome.replayed;
            payload(field, Ok(outcome), tried.changes(context).as_ref(), out);
        }
        Err(error) if error.code().graphql_place() == GraphqlPlace::UserErrors => payload(field, Err(&error), None, out),
        Err(error) => return Err(at(error)),
    }
    tried.close().await.map_err(at)
}

fn bulk(run: &Run<'_>, context: &Context, wish: Wish<'_>) -> Result<Bulk, Error> {
    let Wish { def, mut input, updates, .. } = wish;
    let key = input.remove("idempotencyKey");
    let operation = format!("bulk{}{}", if updates { "Update" } else { "Delete" }, naming::pascal(&def.plural));
    let idempotency = bound_key(key.as_ref(), &operation, &input)?;
    let expected = input.get("expectedCount").and_then(Json::as_i64);
    let given = input.remove("filter").unwrap_or_default();
    if given.as_object().is_none_or(Map::is_empty) && expected.is_none() {
        let text = "filter is empty, which means every record. Say how many there are with expectedCount, or narrow it.";
        return Err(Error::validation(vec![FieldProblem::new("/filter", ProblemCode::Required, text)]));
    }
    let filter = run.source.parse_filter(context, &def, &given)?;
    let patch = match input.remove("values") {
        Some(Json::Object(values)) if updates => Some(values),
        _ => None,
    };
    Ok(Bulk { def, filter, patch, expected, idempotency })
}

fn payload(field: &Collected, done: Result<BulkOutcome, &Error>, changes: Option<&Json>, out: &mut Vec<u8>) {
    out.push(b'{');
    for child in &field.children {
        write_key(&child.key, out);
        match (&child.what, &done) {
            (What::Typename(json), _) => out.extend_from_slice(json.as_bytes()),
            (What::Role(Role::Changes), _) => write_changes(&child.children, changes, out),
            (What::Role(Role::UserErrors), Err(error)) => write_user_errors(&child.children, &user_errors(error), out),
            (What::Role(Role::UserErrors), Ok(_)) => out.extend_from_slice(b"[]"),
            (What::Role(Role::BulkCount), Ok(outcome)) => out.extend_from_slice(outcome.count.to_string().as_bytes()),
            _ => out.extend_from_slice(b"null"),
        }
    }
    out.push(b'}');
}
