//! Operations in wire form, the same on both APIs: an object whose one member says what to do.
//!
//! `{"create": {…}}`, `{"update": {"id": …, "values": {…}}}`, `{"upsert": {"by": {"key": …, "value": …}, "values": {…}}}`,
//! `{"delete": {"id": …}}`, `{"restore": {"id": …}}`; in a transaction also `"resource"` and a name, `"as"`.

use super::{BatchEntry, LONGEST_NAME, MAXIMUM_OPERATIONS, MAXIMUM_ROWS, Step, Target};
use crate::filter::operand::nearest;
use crate::ids;
use crate::input::whole_number;
use crate::key::RecordBy;
use crate::write::UpsertMode;
use clientela_kernel::{Error, Id, ProblemCode, Result, Timestamp};
use clientela_model::{Registry, ResourceDef, system};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;
use std::sync::Arc;

/// What steps are called, in order.
const STEPS: [&str; 5] = ["create", "update", "upsert", "delete", "restore"];

/// The steps that a resource has.
pub(crate) fn steps(registry: &Registry, def: &ResourceDef) -> Vec<&'static str> {
    let offered = [def.creatable, def.updatable, registry.is_upsertable(def), def.deletable, def.deletable];
    STEPS.into_iter().zip(offered).filter(|(_, offered)| *offered).map(|(step, _)| step).collect()
}

/// Refuses too few or too many.
pub(crate) fn counted<'j>(rows: &'j Json, pointer: &str, most: usize) -> Result<&'j Vec<Json>> {
    let name = pointer.trim_start_matches('/');
    let Json::Array(rows) = rows else {
        return Err(Error::invalid(pointer, ProblemCode::WrongType, format!("{name} must be a list of objects.")));
    };
    if rows.is_empty() || rows.len() > most {
        let text = format!("{name} has {} members; 1 to {most} are allowed. Send the rest in further calls.", rows.len());
        return Err(Error::invalid(pointer, ProblemCode::OutOfRange, text));
    }
    Ok(rows)
}

/// Reads the rows of a batch. What is wrong with one row is that row's error.
pub(crate) fn rows(registry: &Registry, def: &Arc<ResourceDef>, rows: &Json) -> Result<Vec<Result<BatchEntry>>> {
    let rows = counted(rows, "/rows", MAXIMUM_ROWS)?;
    let read = |(number, row): (usize, &Json)| operation(registry, def, row, &format!("/rows/{number}"), &[]);
    Ok(rows.iter().enumerate().map(read).collect())
}

/// Reads the operations of a transaction. References to operations that do not come before are refused.
pub(crate) fn operations(registry: &Registry, operations: &Json, now: Timestamp) -> Result<Vec<Result<BatchEntry>>> {
    let operations = counted(operations, "/operations", MAXIMUM_OPERATIONS)?;
    let mut names: HashMap<String, Arc<ResourceDef>> = HashMap::new();
    let mut read = Vec::with_capacity(operations.len());
    for (number, members) in operations.iter().enumerate() {
        let pointer = format!("/operations/{number}");
        let mut one = named(registry, members, &pointer).and_then(|one| {
            let all: Vec<Option<&str>> = operations.iter().map(|other| other.get("as").and_then(Json::as_str)).collect();
            super::order::refuse_unknown(&one, &names, &all)?;
            Ok(one)
        });
        if let Ok(operation) = &mut one
            && let Some(name) = operation.name.clone()
        {
            mint(operation, now);
            if names.insert(name.clone(), Arc::clone(&operation.def)).is_some() {
                let text = format!("as is {name:?}, and so is that of an earlier operation. Give each its own name.");
                one = Err(Error::invalid(format!("{pointer}/as"), ProblemCode::Taken, text));
            }
        }
        read.push(one);
    }
    Ok(read)
}

/// A new record that others refer to has its id from the start.
pub(super) fn mint(operation: &mut BatchEntry, now: Timestamp) {
    let prefix = operation.def.prefix.clone();
    if let Step::Create { body } = &mut operation.step
        && body.get(system::ID).is_none_or(Json::is_null)
    {
        body.insert(system::ID.to_owned(), Json::from(ids::mint(now).to_text(&prefix)));
    }
}

/// The resource of an operation, as its address spells it.
pub(crate) fn resource<'r>(registry: &'r Registry, members: &Json, pointer: &str) -> Result<&'r Arc<ResourceDef>> {
    let path = members.get("resource").and_then(Json::as_str).unwrap_or_default();
    registry.resources().iter().find(|def| def.path == path).ok_or_else(|| {
        let hint = nearest(path, registry.resources().iter().map(|def| def.path.as_ref()));
        let text =
            format!("resource is {path:?}, but must be one as its address spells it, such as \"accounts\" or \"contact-points\"{hint}.");
        Error::invalid(format!("{pointer}/resource"), ProblemCode::NotAllowed, text)
    })
}

fn named(registry: &Registry, members: &Json, pointer: &str) -> Result<BatchEntry> {
    let def = resource(registry, members, pointer)?;
    if steps(registry, def).is_empty() {
        let text = format!("{} are kept by the server; nothing can be done with them here.", def.plural);
        return Err(Error::invalid(format!("{pointer}/resource"), ProblemCode::NotAllowed, text));
    }
    let mut operation = operation(registry, def, members, pointer, &["resource", "as"])?;
    match members.get("as") {
        None | Some(Json::Null) => {}
        Some(Json::String(name)) if (1..=LONGEST_NAME).contains(&name.chars().count()) => operation.name = Some(name.clone()),
        Some(_) => {
            let text = format!("as must be a text of 1 to {LONGEST_NAME} characters, by which later operations refer to this one.");
            return Err(Error::invalid(format!("{pointer}/as"), ProblemCode::InvalidFormat, text));
        }
    }
    Ok(operation)
}

/// Reads one operation; `besides` are members that its surroundings have.
pub(crate) fn operation(registry: &Registry, def: &Arc<ResourceDef>, row: &Json, pointer: &str, besides: &[&str]) -> Result<BatchEntry> {
    let steps = steps(registry, def);
    let listed = || steps.join(", ");
    let Json::Object(members) = row else {
        return Err(Error::invalid(pointer, ProblemCode::WrongType, format!("A row is an object with one of {}.", listed())));
    };
    let mut given = members.iter().filter(|(name, _)| !besides.contains(&name.as_str()));
    let (Some((name, what)), None) = (given.next(), given.next()) else {
        let text = format!("A row says one thing to do: it has exactly one of {}.", listed());
        return Err(Error::invalid(pointer, ProblemCode::Contradiction, text));
    };
    let Some(step) = steps.iter().find(|step| *step == name) else {
        let text = format!("There is no {name:?} of {}; a row has exactly one of {}.", def.plural, listed());
        return Err(Error::invalid(format!("{pointer}/{name}"), ProblemCode::UnknownField, text));
    };
    let at = format!("{pointer}/{step}");
    let Json::Object(members) = what else {
        return Err(Error::invalid(at, ProblemCode::WrongType, format!("{step} must be an object.")));
    };
    if *step == "create" {
        return Ok(BatchEntry { pointer: at, name: None, def: Arc::clone(def), step: Step::Create { body: members.clone() } });
    }
    let known: &[&str] = match *step {
        "update" => &["id", "values", "expectedVersion"],
        "upsert" => &["by", "values", "mode", "expectedVersion"],
        _ => &["id", "expectedVersion"],
    };
    if let Some(unknown) = members.keys().find(|name| !known.contains(&name.as_str())) {
        let text = format!("{step} has no member {unknown:?}; it has {}.", known.join(", "));
        return Err(Error::invalid(format!("{at}/{unknown}"), ProblemCode::UnknownField, text));
    }
    let expected = match members.get("expectedVersion") {
        None | Some(Json::Null) => None,
        Some(version) => match whole_number(version).filter(|version| *version > 0) {
            Some(version) => Some(version),
            None => {
                return Err(Error::invalid(
                    format!("{at}/expectedVersion"),
                    ProblemCode::WrongType,
                    "expectedVersion must be a whole number from 1.",
                ));
            }
        },
    };
    let target = || target(def, members.get("id"), &at);
    let body = || match members.get("values") {
        Some(Json::Object(values)) => Ok(values.clone()),
        _ => Err(Error::invalid(format!("{at}/values"), ProblemCode::Required, "values must be an object of fields.")),
    };
    let step = match *step {
        "update" => Step::Update { id: target()?, body: body()?, expected },
        "upsert" => Step::Upsert { by: by(members, &at)?, body: body()?, mode: mode(members, &at)?, expected },
        "delete" => Step::Delete { id: target()?, expected },
        _ => Step::Restore { id: target()?, expected },
    };
    let pointer = if matches!(step, Step::Update { .. } | Step::Upsert { .. }) { format!("{at}/values") } else { at };
    Ok(BatchEntry { pointer, name: None, def: Arc::clone(def), step })
}

fn target(def: &ResourceDef, given: Option<&Json>, at: &str) -> Result<Target> {
    if let Some(name) = given.and_then(reference) {
        return Ok(Target::Named(name.to_owned()));
    }
    let Some(text) = given.and_then(Json::as_str) else {
        return Err(Error::invalid(
            format!("{at}/id"),
            ProblemCode::Required,
            format!("id must be the id of {}.", clientela_model::naming::one(&def.name)),
        ));
    };
    Id::parse(text, &def.prefix).map(Target::Id).map_err(|_| {
        let text = format!("id is {text:?}, but ids of {} have the form {}_01h455vb4pex5vsknk084sn02q.", def.plural, def.prefix);
        Error::invalid(format!("{at}/id"), ProblemCode::InvalidFormat, text)
    })
}

fn by(members: &Map<String, Json>, at: &str) -> Result<RecordBy> {
    let part = |name: &str| members.get("by").and_then(|by| by.get(name)).and_then(Json::as_str).map(str::to_owned);
    let exact = members.get("by").and_then(Json::as_object).is_some_and(|by| by.len() == 2);
    match (part("key"), part("value")) {
        (Some(key), Some(value)) if exact => Ok(RecordBy { key, value }),
        _ => Err(Error::invalid(format!("{at}/by"), ProblemCode::Required, "by must name a key: {\"key\": \"erp\", \"value\": \"4711\"}.")),
    }
}

fn mode(members: &Map<String, Json>, at: &str) -> Result<UpsertMode> {
    match members.get("mode") {
        None | Some(Json::Null) => Ok(UpsertMode::Upsert),
        Some(mode) => match mode.as_str() {
            Some("UPSERT") => Ok(UpsertMode::Upsert),
            Some("CREATE_ONLY") => Ok(UpsertMode::CreateOnly),
            Some("UPDATE_ONLY") => Ok(UpsertMode::UpdateOnly),
            _ => Err(Error::invalid(format!("{at}/mode"), ProblemCode::NotAllowed, "mode must be UPSERT, CREATE_ONLY or UPDATE_ONLY.")),
        },
    }
}

/// The operation that `{"ref": "name"}` names.
pub(super) fn reference(json: &Json) -> Option<&str> {
    let members = json.as_object().filter(|members| members.len() == 1)?;
    members.get("ref")?.as_str()
}
