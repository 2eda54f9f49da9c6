//! What a device has done, in wire form: operations as those of a transaction, each with an `id` of the device's own; `update` and `delete` with the
//! `baseVersion` they build on; and verbs, `{"perform": {"verb": …, "id": …, "input": {…}}}`.

use super::push::MAXIMUM_OPERATIONS;
use super::{LONGEST_ID, SyncOperation, SyncPolicy, SyncRequest, SyncStep};
use crate::batch::wire;
use crate::filter::operand::nearest;
use crate::input::whole_number;
use crate::operation::OperationRequest;
use crate::order::hashed;
use crate::write::Expected;
use clientela_kernel::{Error, Id, ProblemCode, Result};
use clientela_model::{OperationDef, Registry, ResourceDef};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// What stands beside the thing to do.
const BESIDES: [&str; 3] = ["resource", "id", "policy"];
/// A verb.
const PERFORM: &str = "perform";

pub(super) fn read(registry: &Registry, device: Option<&Json>, policy: Option<&Json>, operations: Option<&Json>) -> Result<SyncRequest> {
    let device = named(device).ok_or_else(|| {
        let text =
            format!("device must be a text of 1 to {LONGEST_ID} characters that stays the same as long as the copy lives, such as a UUID.");
        Error::invalid("/device", ProblemCode::Required, text)
    })?;
    let policy = SyncPolicy::read(policy, "/policy")?.unwrap_or_default();
    let operations = match operations {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(none)) if none.is_empty() => Vec::new(),
        Some(some) => wire::counted(some, "/operations", MAXIMUM_OPERATIONS)?
            .iter()
            .enumerate()
            .map(|(at, one)| operation(registry, at, one))
            .collect(),
    };
    Ok(SyncRequest { device, policy, operations })
}

fn named(json: Option<&Json>) -> Option<String> {
    json.and_then(Json::as_str).filter(|text| (1..=LONGEST_ID).contains(&text.chars().count())).map(str::to_owned)
}

fn operation(registry: &Registry, number: usize, members: &Json) -> SyncOperation {
    let pointer = format!("/operations/{number}");
    let id = named(members.get("id"));
    let policy = SyncPolicy::read(members.get("policy"), &format!("{pointer}/policy"));
    let step = match &id {
        None => {
            let text = format!(
                "id must be a text of 1 to {LONGEST_ID} characters, of which each operation of a device has its own, such as a UUID."
            );
            Err(Error::invalid(format!("{pointer}/id"), ProblemCode::Required, text))
        }
        Some(_) => policy.clone().and_then(|_| step(registry, members, &pointer)),
    };
    SyncOperation { id: id.unwrap_or_default(), fingerprint: hashed(&members.to_string()), policy: policy.unwrap_or_default(), step }
}

fn step(registry: &Registry, members: &Json, pointer: &str) -> Result<SyncStep> {
    let def = wire::resource(registry, members, pointer)?;
    if let Some(verb) = members.get(PERFORM) {
        if let Some(other) =
            members.as_object().and_then(|members| members.keys().find(|name| *name != PERFORM && !BESIDES.contains(&name.as_str())))
        {
            return Err(Error::invalid(format!("{pointer}/{other}"), ProblemCode::Contradiction, "An operation says one thing to do."));
        }
        let at = format!("{pointer}/{PERFORM}");
        return perform(registry, def, verb, &at).map(|request| SyncStep::Perform(request, format!("{at}/input")));
    }
    if wire::steps(registry, def).is_empty() {
        let text = format!("{} are kept by the server; of what can be done with them here there are verbs alone: perform.", def.plural);
        return Err(Error::invalid(format!("{pointer}/resource"), ProblemCode::NotAllowed, text));
    }
    let mut members = members.clone();
    for name in ["update", "delete"] {
        let Some(Json::Object(what)) = members.get_mut(name) else { continue };
        let at = format!("{pointer}/{name}");
        refuse_expected(what, &at)?;
        let base = base(what, &at)?.ok_or_else(|| {
            let text = "baseVersion must be the version of the record that this builds on: the last one that the device was told of, or 1 for what it made itself.";
            Error::invalid(format!("{at}/baseVersion"), ProblemCode::Required, text)
        })?;
        what.insert("expectedVersion".to_owned(), base.into());
    }
    wire::operation(registry, def, &members, pointer, &BESIDES).map(SyncStep::Write)
}

/// The version that is built on goes by another name here: what it is compared with is not the whole record.
fn refuse_expected(what: &Map<String, Json>, at: &str) -> Result<()> {
    if !what.contains_key("expectedVersion") {
        return Ok(());
    }
    Err(Error::invalid(
        format!("{at}/expectedVersion"),
        ProblemCode::UnknownField,
        "There is no member \"expectedVersion\" here. Write baseVersion.",
    ))
}

fn base(what: &mut Map<String, Json>, at: &str) -> Result<Option<i64>> {
    match what.remove("baseVersion") {
        None | Some(Json::Null) => Ok(None),
        Some(version) => match whole_number(&version).filter(|version| *version > 0) {
            Some(version) => Ok(Some(version)),
            None => Err(Error::invalid(format!("{at}/baseVersion"), ProblemCode::WrongType, "baseVersion must be a whole number from 1.")),
        },
    }
}

fn perform(registry: &Registry, def: &Arc<ResourceDef>, what: &Json, at: &str) -> Result<OperationRequest> {
    const KNOWN: [&str; 4] = ["verb", "id", "input", "baseVersion"];
    let Json::Object(members) = what else {
        return Err(Error::invalid(at, ProblemCode::WrongType, "perform must be an object with a verb."));
    };
    if let Some(unknown) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        let text = format!("perform has no member {unknown:?}; it has {}.", KNOWN.join(", "));
        return Err(Error::invalid(format!("{at}/{unknown}"), ProblemCode::UnknownField, text));
    }
    let verb = members.get("verb").and_then(Json::as_str).unwrap_or_default();
    let operation = verb_of(registry, def, verb, at)?;
    let mut members = members.clone();
    let base = base(&mut members, at)?;
    let record = match (operation.is_on_record(), members.get("id").filter(|id| !id.is_null())) {
        (false, None) => None,
        (false, Some(_)) => {
            let text = format!("{verb} is done with no record. Leave id out.");
            return Err(Error::invalid(format!("{at}/id"), ProblemCode::Contradiction, text));
        }
        (true, id) => {
            let id = id.and_then(Json::as_str).and_then(|text| Id::parse(text, &def.prefix).ok());
            let text = || {
                format!(
                    "id must be the id of {}, such as {}_01h455vb4pex5vsknk084sn02q.",
                    clientela_model::naming::one(&def.name),
                    def.prefix
                )
            };
            Some(id.ok_or_else(|| Error::invalid(format!("{at}/id"), ProblemCode::Required, text()))?)
        }
    };
    let body = match members.remove("input") {
        None | Some(Json::Null) => Map::new(),
        Some(Json::Object(body)) => body,
        Some(_) => return Err(Error::invalid(format!("{at}/input"), ProblemCode::WrongType, "input must be an object.")),
    };
    Ok(OperationRequest {
        def: Arc::clone(operation),
        record,
        body,
        expected: base.map(Expected::Version),
        idempotency: None,
        dry_run: false,
    })
}

/// What a device may do: whatever writes, but nothing that takes secrets, of which no trace is kept.
fn verb_of<'r>(registry: &'r Registry, def: &ResourceDef, verb: &str, at: &str) -> Result<&'r Arc<OperationDef>> {
    let verbs = || registry.operations().iter().filter(|one| one.resource == def.name && one.writes && !one.confidential);
    verbs().find(|one| one.verb == verb).ok_or_else(|| {
        let hint = nearest(verb, verbs().map(|one| one.verb.as_ref()));
        let text = match verbs().next() {
            None => format!("{} have no verbs that can be performed here.", def.plural),
            Some(_) => {
                let names: Vec<&str> = verbs().map(|one| one.verb.as_ref()).collect();
                format!("verb is {verb:?}, but of {} there are {}{hint}.", def.plural, names.join(", "))
            }
        };
        Error::invalid(format!("{at}/verb"), ProblemCode::NotAllowed, text)
    })
}
