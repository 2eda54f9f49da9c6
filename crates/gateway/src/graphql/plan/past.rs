//! What was: the changes of a record, in the shape that a document selects.

use super::answer::write_key;
use super::build::{misplaced, size};
use super::collect::{Collected, What};
use super::problem::Problem;
use super::{Run, Source};
use crate::graphql::schema::types::{Role, TypeSystem};
use clientela_kernel::{Context, ErrorCode, Id, PageArguments, Timestamp};
use clientela_model::ResourceDef;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The history of a record, as it is asked for.
pub(super) struct HistoryStep {
    pub(super) def: Arc<ResourceDef>,
    pub(super) id: Id,
    pub(super) limit: u32,
    pub(super) after: Option<String>,
}

/// Reads the arguments; none where no resource has such ids.
pub(super) fn history(
    run: &Run<'_>,
    field: &Collected,
    variables: &super::coerce::Variables,
    record: Option<(&Arc<ResourceDef>, uuid::Uuid)>,
) -> Result<Option<HistoryStep>, Problem> {
    let types = run.preparer.types.as_ref();
    let limit = size(field, "first", field.given(types, "first", variables)?.as_deref())?.unwrap_or(PageArguments::DEFAULT_LIMIT);
    let after = field.given(types, "after", variables)?.as_deref().and_then(Json::as_str).map(str::to_owned);
    Ok(record.map(|(def, id)| HistoryStep { def: Arc::clone(def), id: Id(id), limit, after }))
}

/// The `asOf` argument.
pub(super) fn as_of(types: &TypeSystem, field: &Collected, variables: &super::coerce::Variables) -> Result<Option<Timestamp>, Problem> {
    Ok(instant(field.given(types, "asOf", variables)?.as_deref()))
}

/// An argument that is a moment.
pub(super) fn instant(given: Option<&Json>) -> Option<Timestamp> {
    given.and_then(Json::as_str).and_then(Timestamp::parse)
}

/// Appends the history; null where there never was such a record.
pub(super) async fn write_history(
    source: &dyn Source,
    context: &Context,
    step: &HistoryStep,
    field: &Collected,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    match source.history(context, &step.def, step.id, step.limit, step.after.as_deref()).await {
        Ok(page) => write(&field.children, &json!({ "changes": page.changes, "hasMore": page.more, "next": page.next }), out),
        Err(error) if error.code() == ErrorCode::NotFound => {
            out.extend_from_slice(b"null");
            Ok(())
        }
        Err(error) => Err(Problem::field(error, field.position)),
    }
}

/// Appends the selected members of an object, or of each in a list.
pub(super) fn write(fields: &[Collected], json: &Json, out: &mut Vec<u8>) -> Result<(), Problem> {
    if fields.is_empty() || json.is_null() {
        out.extend_from_slice(json.to_string().as_bytes());
        return Ok(());
    }
    if let Json::Array(items) = json {
        out.push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write(fields, item, out)?;
        }
        out.push(b']');
        return Ok(());
    }
    out.push(b'{');
    write_members(fields, json, out)?;
    out.push(b'}');
    Ok(())
}

/// Appends the selected members of an object, without its brackets.
pub(super) fn write_members(fields: &[Collected], json: &Json, out: &mut Vec<u8>) -> Result<(), Problem> {
    for field in fields {
        write_key(&field.key, out);
        match &field.what {
            What::Typename(text) => out.extend_from_slice(text.as_bytes()),
            What::Role(Role::Member(name)) => write(&field.children, json.get(*name).unwrap_or(&Json::Null), out)?,
            _ => return Err(misplaced(field)),
        }
    }
    Ok(())
}
