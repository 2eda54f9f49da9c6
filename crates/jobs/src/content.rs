//! The files of imports as they come in, and those of exports as they go out.

use crate::parts;
use crate::state::{FileFormat, JobState};
use async_trait::async_trait;
use clientela_access::{Action, authorize};
use clientela_engine::module::Found;
use clientela_engine::{Contents, Engine, Expected, Given, Received, WriteAction, WriteOutcome, WriteRequest, ids};
use clientela_kernel::{Comparison, Context, Error, ErrorCode, FieldProblem, Filter, Id, ProblemCode, Result, Value};
use clientela_model::{Choice as _, ResourceDef, system};
use clientela_store::Scope;
use futures_util::{StreamExt as _, stream};
use std::sync::Arc;
use uuid::Uuid;

/// Takes the files of imports.
pub(crate) struct Imported;

/// Gives the files of exports.
pub(crate) struct Exported;

#[async_trait]
impl Contents for Imported {
    async fn receive(&self, engine: &Engine, scope: &Scope, context: &Context, id: Id, received: Received) -> Result<WriteOutcome> {
        let import = find(engine, context, "import", id).await?;
        let state = import.get("state").as_text().unwrap_or_default();
        if state != JobState::Waiting.as_str() {
            let text = format!("state is {state}: the import waits for no content (any more). Make another import.");
            return Err(Error::validation(vec![FieldProblem::new("/state", ProblemCode::Contradiction, text)]));
        }
        let now = engine.clock().now();
        // What another attempt has left.
        drop_file(scope, &import, now).await?;
        let key = ids::mint(now).0;
        let bytes = i64::try_from(received.bytes).unwrap_or(i64::MAX);
        let version = import.get(system::VERSION).as_integer().unwrap_or(0);
        let values = vec![("contentKey", Value::Text(key.to_string())), ("contentBytes", Value::Integer(bytes))];
        let begun = set(engine, context, &import.def, id, values, Some(version)).await?;
        parts::write(scope, key, received.file, received.bytes, now).await?;
        let mut values = vec![("state", JobState::Queued.as_str().into())];
        if let Some(format) = FileFormat::of_media_type(received.media_type).filter(|_| import.get("format").is_null()) {
            values.push(("format", format.as_str().into()));
        }
        set(engine, context, &import.def, id, values, Some(begun.version)).await
    }

    async fn give(&self, _engine: &Engine, _scope: &Scope, _context: &Context, _id: Id) -> Result<Given> {
        Err(Error::new(ErrorCode::NotFound, "The file of an import is not shown again."))
    }
}

#[async_trait]
impl Contents for Exported {
    async fn receive(&self, _engine: &Engine, _scope: &Scope, _context: &Context, _id: Id, _received: Received) -> Result<WriteOutcome> {
        Err(Error::new(ErrorCode::NotFound, "An export takes no file."))
    }

    async fn give(&self, engine: &Engine, scope: &Scope, context: &Context, id: Id) -> Result<Given> {
        let export = find(engine, context, "export", id).await?;
        let state = export.get("state").as_text().unwrap_or_default();
        let Some((key, bytes)) = file(&export).filter(|_| state == JobState::Succeeded.as_str()) else {
            let text = match state {
                "SUCCEEDED" => "The file has been removed, since its time was over. Make another export.".to_owned(),
                "QUEUED" | "RUNNING" => format!("There is no file yet: the export is {state}. Ask again when it is SUCCEEDED."),
                _ => format!("There is no file: the export is {state}."),
            };
            return Err(Error::new(ErrorCode::NotFound, text));
        };
        let format = export.get("format").as_text().and_then(FileFormat::named).unwrap_or(FileFormat::Csv);
        let scope = scope.clone();
        let pieces = stream::try_unfold(0u64, move |number| {
            let scope = scope.clone();
            async move { Ok(parts::read(&scope, key, number, bytes).await?.map(|piece| (piece, number + 1))) }
        });
        Ok(Given {
            media_type: format.media_type(),
            file_name: export.get("fileName").as_text().unwrap_or("export").to_owned(),
            bytes,
            pieces: pieces.boxed(),
        })
    }
}

/// Key and size of a record's file.
pub(crate) fn file(record: &Found) -> Option<(Uuid, u64)> {
    let key = record.get("contentKey").as_text()?.parse().ok()?;
    Some((key, u64::try_from(record.get("contentBytes").as_integer()?).ok()?))
}

/// Removes a record's file, where it has one.
pub(crate) async fn drop_file(scope: &Scope, record: &Found, now: clientela_kernel::Timestamp) -> Result<()> {
    match file(record) {
        Some((key, bytes)) => parts::remove(scope, key, bytes, now).await,
        None => Ok(()),
    }
}

/// A living record that the caller may read, and made itself: what is in a file was read, or is to be written, with the rights of whoever made the job,
/// which others need not have. Administrators have them all.
async fn find(engine: &Engine, context: &Context, resource: &str, id: Id) -> Result<Found> {
    let def = engine.registry().resource(resource).ok_or_else(|| Error::internal(format!("no resource {resource}")))?;
    let mut filter = Filter::field(system::ID, Comparison::Equal(Value::Id(id.0)));
    if let Some(rows) = authorize(context, def, Action::Read)?.rows {
        filter = Filter::And(vec![filter, rows]);
    }
    let own = |record: &Found| context.is_administrator() || record.get(system::CREATED_BY).as_text() == Some(&context.actor.to_text());
    engine.found(context, def, &filter).await?.pop().filter(own).ok_or_else(|| {
        let id = id.to_text(&def.prefix);
        Error::new(ErrorCode::NotFound, format!("There is no {resource} {id}, or you may not see it."))
    })
}

/// Sets fields of a record, whatever the API offers.
pub(crate) async fn set(
    engine: &Engine,
    context: &Context,
    def: &Arc<ResourceDef>,
    id: Id,
    values: Vec<(&'static str, Value)>,
    version: Option<i64>,
) -> Result<WriteOutcome> {
    let values = values.into_iter().map(|(name, value)| (name.into(), value)).collect();
    let action = WriteAction::Set { id, values, expected: version.map(Expected::Version) };
    engine.write(context, WriteRequest { def: Arc::clone(def), action, idempotency: None }).await
}
