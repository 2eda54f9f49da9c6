//! What is followed where a saved scope says it: a device names the scope, and the scope may change while it is followed.

use super::advance::State;
use super::sight::{Sight, check, nothing};
use crate::Engine;
use crate::filter::FilterReader;
use clientela_access::{Action, authorize};
use clientela_kernel::{Comparison, Context, DeletedMode, Error, ErrorCode, FieldProblem, Filter, Id, Name, ProblemCode, Result};
use clientela_model::{Registry, system};
use serde_json::{Map, Value as Json};

/// The resource whose records are scopes.
const RESOURCE: &str = "syncScope";
/// Its field that says what is in scope.
const CONTENT: &str = "content";

/// What is followed: the resources, and filter trees by resource.
pub(super) type Asked = (Vec<Name>, Map<String, Json>);

/// Checks the content of a scope, filters included, as far as the caller may see what they name.
///
/// # Errors
/// `VALIDATION_FAILED` where it names what there is not.
pub fn check_content(registry: &Registry, context: &Context, text: &str) -> Result<()> {
    let (_, filter) = read_content(registry, text)?;
    for (name, tree) in &filter {
        let Some(def) = registry.resource(name) else { continue };
        FilterReader::new(registry, context).read(def, tree).map_err(|error| refused(format!("Of {name}: {}", error.detail())))?;
    }
    Ok(())
}

fn refused(text: String) -> Error {
    Error::validation(vec![FieldProblem::new(format!("/{CONTENT}"), ProblemCode::NotAllowed, text)])
}

/// Reads the content of a scope, `{"account": {"country": {"eq": "AT"}}, "contact": {}}`: by resource, which records; all where the tree is empty.
///
/// # Errors
/// `VALIDATION_FAILED` where it names what there is not.
fn read_content(registry: &Registry, text: &str) -> Result<Asked> {
    let Ok(Json::Object(trees)) = serde_json::from_str(text) else {
        let text = format!("{CONTENT} must be a JSON object whose members are resources, each with a filter tree: {{\"account\": {{}}}}.");
        return Err(refused(text));
    };
    if trees.is_empty() {
        return Err(refused(format!("{CONTENT} names no resource. Name those whose records a device holds.")));
    }
    let mut resources = Vec::with_capacity(trees.len());
    let mut filter = Map::new();
    for (name, tree) in trees {
        resources.push(Name::from(name.clone()));
        match tree {
            Json::Object(members) if members.is_empty() => {}
            Json::Object(_) => drop(filter.insert(name, tree)),
            _ => {
                return Err(refused(format!("{CONTENT} says {tree} of {name}, but must say a filter tree; an empty one for all of them.")));
            }
        }
    }
    check(registry, &resources, &filter).map_err(|error| refused(error.detail().to_owned()))?;
    Ok((resources, filter))
}

/// What a scope says now, to a caller who may read it.
pub(super) async fn asked(engine: &Engine, context: &Context, id: &str) -> Result<Asked> {
    let inner = &engine.inner;
    let def = inner.resource(RESOURCE)?;
    let missing = || Error::new(ErrorCode::NotFound, format!("There is no sync scope {id:?}, or you may not see it."));
    let id = Id::parse(id, &def.prefix).map_err(|_| missing())?;
    let grant = match authorize(context, &def, Action::Read) {
        Err(error) if error.code() == ErrorCode::Forbidden => return Err(missing()),
        grant => grant?,
    };
    let this = Filter::field(system::ID, Comparison::Equal(clientela_kernel::Value::Id(id.0)));
    let filter = Filter::And([this].into_iter().chain(grant.rows).collect());
    let scope = inner.store.scope(context.tenant);
    let found = inner.find(context, &scope, &def, &filter, DeletedMode::Exclude, 1).await?.pop().ok_or_else(missing)?;
    let text = def.field_index(CONTENT).and_then(|index| found.get(index)).and_then(|value| value.as_text()).unwrap_or_default();
    match read_content(engine.registry(), text) {
        Ok(asked) => Ok(asked),
        // It was right when it was written: a resource of the tenant's own has gone since.
        Err(error) => Err(Error::new(ErrorCode::InvalidParameter, format!("The scope cannot be followed any more: {}", error.detail()))),
    }
}

/// What a view has followed before and is out of scope now: nothing of it is in sight any more.
pub(super) fn gone(engine: &Engine, context: &Context, state: &State, sights: &[Sight]) -> Result<Vec<Sight>> {
    let mut gone = Vec::new();
    for name in state.resources.keys().filter(|name| !sights.iter().any(|sight| *sight.def.name == **name)) {
        let Some(def) = engine.registry().resource(name) else { continue };
        let sight = Sight::of(engine, context, def, None, false)?;
        gone.push(Sight { seen: Some(nothing()), rows: "out of scope".to_owned(), timed: false, ends: Vec::new(), ..sight });
    }
    Ok(gone)
}
