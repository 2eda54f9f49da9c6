//! Sync: what a device did is carried out, then what has changed is read.

use super::Run;
use super::answer::{Notes, write_key};
use super::build::{Builder, misplaced};
use super::collect::{Collected, What};
use super::feed::FeedStep;
use super::mutation::{Tried, user_errors, write_changes, write_user_errors};
use super::past::write_members;
use super::problem::Problem;
use super::source::Source;
use crate::graphql::schema::types::Role;
use clientela_engine::sync::SyncResult;
use clientela_kernel::error::GraphqlPlace;
use clientela_kernel::{Context, Error};
use serde_json::{Map, Value as Json};

/// A sync, decoded.
pub(super) struct Wish<'f> {
    input: Map<String, Json>,
    field: &'f Collected,
    /// What is read of the feed, in the order of the fields that ask for it.
    pulls: Vec<FeedStep>,
}

pub(super) fn decode<'f>(builder: &Builder<'_>, field: &'f Collected) -> Result<Wish<'f>, Problem> {
    let pulls = field.children.iter().filter(|child| matches!(child.what, What::Role(Role::Feed)));
    let pulls = pulls.map(|child| FeedStep::new(builder, child)).collect::<Result<_, _>>()?;
    Ok(Wish { input: field.input(builder.types, builder.variables)?, field, pulls })
}

impl Wish<'_> {
    /// What reading the feed may cost.
    pub(super) fn cost(&self, source: &dyn Source) -> Result<u64, Error> {
        self.pulls.iter().try_fold(0u64, |cost, pull| Ok(cost.saturating_add(pull.cost(source)?)))
    }
}

pub(super) async fn carry_out(
    run: &Run<'_>,
    context: &Context,
    wish: Wish<'_>,
    out: &mut Vec<u8>,
    problems: &mut Vec<Problem>,
    notes: &mut Notes,
) -> Result<(), Problem> {
    let Wish { mut input, field, pulls } = wish;
    let at = |error: Error| Problem::field(error, field.position);
    let allow_duplicates = input.remove("allowDuplicates") == Some(Json::Bool(true));
    let context = &Context { allow_duplicates, ..context.clone() };
    let tried = Tried::asked(run.source, &mut input).await.map_err(at)?;
    let source = tried.source(run.source);
    let results = match source.read_sync(&input) {
        Ok(request) => source.sync(context, request).await,
        Err(error) => Err(error),
    };
    let (results, refused) = match results {
        Ok(results) => (Some(results), None),
        Err(error) if error.code().graphql_place() == GraphqlPlace::UserErrors => (None, Some(error)),
        Err(error) => return Err(at(error)),
    };
    notes.replayed |= results.as_ref().is_some_and(|results| !results.is_empty() && results.iter().all(|result| result.replayed));
    let changes = tried.changes(context);
    tried.close().await.map_err(at)?;
    let mut pulls = pulls.iter();
    out.push(b'{');
    for child in &field.children {
        write_key(&child.key, out);
        match (&child.what, &results) {
            (What::Typename(json), _) => out.extend_from_slice(json.as_bytes()),
            (What::Role(Role::UserErrors), _) => {
                let errors = refused.as_ref().map(user_errors).unwrap_or_default();
                write_user_errors(&child.children, &errors, out);
            }
            (What::Role(Role::Changes), Some(_)) => write_changes(&child.children, changes.as_ref(), out),
            (What::Role(Role::Results), Some(results)) => write_results(&child.children, results, out)?,
            (What::Role(Role::Feed), Some(_)) if changes.is_none() => {
                let pull = pulls.next().ok_or_else(|| misplaced(child))?;
                let start = out.len();
                if let Err(problem) = pull.run(run.source, context, child, out).await {
                    // What was carried out was carried out, whatever is wrong with the question.
                    out.truncate(start);
                    out.extend_from_slice(b"null");
                    problems.push(problem.under(&child.key).under(&field.key));
                }
            }
            (What::Role(_), _) => out.extend_from_slice(b"null"),
            _ => return Err(misplaced(child)),
        }
    }
    out.push(b'}');
    Ok(())
}

fn write_results(fields: &[Collected], results: &[SyncResult], out: &mut Vec<u8>) -> Result<(), Problem> {
    out.push(b'[');
    for (index, result) in results.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let json = result.to_json();
        out.push(b'{');
        for field in fields {
            if matches!(field.what, What::Role(Role::UserErrors)) {
                write_key(&field.key, out);
                let errors = result.error.as_ref().map(user_errors).unwrap_or_default();
                write_user_errors(&field.children, &errors, out);
            } else {
                write_members(std::slice::from_ref(field), &json, out)?;
            }
        }
        out.push(b'}');
    }
    out.push(b']');
    Ok(())
}
