//! What a batch was answered with, as it is kept under its idempotency key: enough to answer again without doing anything.

use super::RowOutcome;
use clientela_kernel::{Error, ErrorCode, FieldProblem, Id, ProblemCode, Result, Timestamp};
use clientela_model::Registry;
use serde_json::{Value as Json, json};

/// The rows as JSON text. What is shown only once is left out.
pub(super) fn write(rows: &[Result<RowOutcome>]) -> String {
    let row = |row: &Result<RowOutcome>| match row {
        Ok(row) => json!([row.status, row.def.name, row.id.to_text(&row.def.prefix), row.version]),
        Err(error) => {
            let fields: Vec<Json> = error.fields().iter().map(|field| json!([field.pointer, field.code.as_str(), field.detail])).collect();
            let lock = error.locked_until().map(|until| json!([until.0, error.locked_by()]));
            let (version, existing) = (error.current_version(), error.existing_id());
            json!([error.code().as_str(), error.detail(), fields, version, existing, error.candidate_ids(), lock])
        }
    };
    rows.iter().map(row).collect::<Json>().to_string()
}

/// Reads what was written.
pub(super) fn read(registry: &Registry, text: &str) -> Result<Vec<Result<RowOutcome>>> {
    let broken = || Error::internal("the remembered answer of a batch cannot be read");
    let rows: Vec<Json> = serde_json::from_str(text).map_err(|_| broken())?;
    rows.iter().map(|row| if row[0].is_number() { done(registry, row).map(Ok) } else { refused(row).map(Err) }.ok_or_else(broken)).collect()
}

fn done(registry: &Registry, row: &Json) -> Option<RowOutcome> {
    let def = registry.resource(row[1].as_str()?)?.clone();
    let id = Id::parse(row[2].as_str()?, &def.prefix).ok()?;
    Some(RowOutcome { id, version: row[3].as_i64()?, status: u16::try_from(row[0].as_u64()?).ok()?, revealed: None, def })
}

fn refused(row: &Json) -> Option<Error> {
    let code = ErrorCode::ALL.iter().find(|code| Some(code.as_str()) == row[0].as_str())?;
    let field = |field: &Json| {
        let code = ProblemCode::ALL.iter().find(|code| Some(code.as_str()) == field[1].as_str())?;
        Some(FieldProblem::new(field[0].as_str()?, *code, field[2].as_str()?))
    };
    let fields = row[2].as_array()?.iter().map(field).collect::<Option<Vec<_>>>()?;
    let mut error = Error::new(*code, row[1].as_str()?).with_fields(fields);
    if let Some(version) = row[3].as_i64() {
        error = error.with_current_version(version);
    }
    if let Some(existing) = row[4].as_str() {
        error = error.with_existing_id(existing.to_owned());
    }
    if let Some(candidates) = row[5].as_array() {
        error = error.with_candidates(candidates.iter().filter_map(Json::as_str).map(str::to_owned).collect());
    }
    let lock = |part: usize| row.get(6).and_then(|lock| lock.get(part));
    if let Some(until) = lock(0).and_then(Json::as_i64) {
        error = error.with_lock(Some(Timestamp(until)), lock(1).and_then(Json::as_str).map(str::to_owned));
    }
    Some(error)
}
