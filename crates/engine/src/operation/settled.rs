//! What a token for one purpose has settled of an operation's input.

use super::input;
use clientela_kernel::{Context, Error, FieldProblem, ProblemCode, Result};
use clientela_model::OperationDef;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;

/// The input together with what the caller's token has settled of it.
///
/// # Errors
/// `VALIDATION_FAILED` where the caller says otherwise.
pub(super) fn complete<'b>(context: &Context, def: &OperationDef, body: &'b Map<String, Json>) -> Result<Cow<'b, Map<String, Json>>> {
    let purpose = context.policy.as_ref().and_then(|policy| policy.purpose());
    let Some(purpose) = purpose.filter(|purpose| purpose.operation.as_ref() == Some(&def.name)) else { return Ok(Cow::Borrowed(body)) };
    let otherwise = purpose.input.iter().filter(|(name, value)| body.get(*name).is_some_and(|given| given != *value));
    let problems: Vec<FieldProblem> = otherwise
        .map(|(name, _)| {
            let text = format!("{name} is settled by the token, and cannot be something else. Leave it out.");
            FieldProblem::new(format!("/{name}"), ProblemCode::NotAllowed, text)
        })
        .collect();
    if !problems.is_empty() {
        return Err(Error::validation(problems));
    }
    let mut complete = body.clone();
    complete.extend(purpose.input.iter().map(|(name, value)| (name.clone(), value.clone())));
    Ok(Cow::Owned(complete))
}

/// What is wrong with a part of an operation's input. What it leaves out is given later.
pub fn check_part(def: &OperationDef, part: &Map<String, Json>) -> Vec<FieldProblem> {
    let missing =
        |problem: &FieldProblem| problem.code == ProblemCode::Required && !part.contains_key(problem.pointer.trim_start_matches('/'));
    let problems = input::decode(&def.input, part).err().map(|error| error.fields().to_vec()).unwrap_or_default();
    problems.into_iter().filter(|problem| !missing(problem)).collect()
}
