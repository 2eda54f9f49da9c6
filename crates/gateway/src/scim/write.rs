//! Writes: through the engine, in one transaction for all that a request changes.

use super::attribute::Kind;
use super::document::{self, Document};
use super::patch::{self, Membership, Step};
use super::records::{self, Door, Record};
use super::refusal::{Answer, Refusal};
use super::users::{self, Sent};
use super::{find, groups};
use crate::rest::conditional::IfMatch;
use clientela_engine::{Expected, WriteAction, WriteRequest};
use clientela_kernel::{Error, Id};
use clientela_model::naming;
use serde_json::{Map, Value as Json};

/// How often a change starts anew where it has met another one, before it is given up.
const MAXIMUM_ATTEMPTS: usize = 10;

/// What a request changes.
pub(super) enum Change {
    /// A new resource.
    Create(Document),
    /// One in the place of what is there.
    Replace(Id, Document),
    /// Parts of one.
    Patch(Id, Vec<Step>),
    /// One goes.
    Delete(Id),
}

/// Carries a change out; answers the resource as it is then: none after a deletion, and where the caller does not see it.
pub(super) async fn carry_out(door: &Door, kind: Kind, change: &Change, matched: Option<&IfMatch>) -> Answer<Option<Document>> {
    for _ in 0..MAXIMUM_ATTEMPTS {
        // Dropped, the transaction is taken back.
        let (engine, held) = door.engine.begin().await?;
        let inside = Door { engine, context: door.context.clone(), base: door.base.clone() };
        let done = attempt(&inside, kind, change, matched).await;
        let ended = match done {
            Ok(document) => held.commit().await.map(|()| document).map_err(Refusal::from),
            Err(refusal) => {
                held.roll_back().await?;
                Err(refusal)
            }
        };
        match ended {
            Err(refusal) if refusal.is_collision() => {}
            ended => return ended,
        }
    }
    Err(Error::unavailable("a change by SCIM kept meeting others head-on").into())
}

async fn attempt(door: &Door, kind: Kind, change: &Change, matched: Option<&IfMatch>) -> Answer<Option<Document>> {
    let id = match change {
        Change::Create(document) => match kind {
            Kind::User => users::create(door, document).await?,
            Kind::Group => groups::create(door, document).await?,
        },
        Change::Delete(id) => {
            let record = current(door, kind, *id, matched).await?;
            let action = WriteAction::Delete { id: *id, expected: Some(version(&record)?) };
            carry(door, kind, action).await?;
            return Ok(None);
        }
        Change::Replace(id, document) => {
            let record = current(door, kind, *id, matched).await?;
            let members = match document.get("members") {
                Some(members) => vec![Membership::Replace(patch::members(members)?)],
                None => Vec::new(),
            };
            apply(door, kind, *id, &record, document, &members, Sent::Whole).await?;
            *id
        }
        Change::Patch(id, steps) => {
            let record = current(door, kind, *id, matched).await?;
            let before = find::shown(door, kind, vec![record.clone()], false).await?.pop().unwrap_or_default();
            let mut document = document::read(kind, &before)?;
            let members = patch::apply(kind, &mut document, steps)?;
            apply(door, kind, *id, &record, &document, &members, Sent::Changed).await?;
            *id
        }
    };
    // What was changed may be beyond what its author sees.
    Ok(find::one(door, kind, id, true).await?.map(|(document, _)| document))
}

async fn apply(door: &Door, kind: Kind, id: Id, record: &Record, document: &Document, members: &[Membership], sent: Sent) -> Answer<()> {
    match kind {
        Kind::User => users::change(door, id, record, document, sent).await,
        Kind::Group => groups::change(door, id, record, document, members, sent).await,
    }
}

/// The record as it is, where it is one of the versions that the request builds on.
async fn current(door: &Door, kind: Kind, id: Id, matched: Option<&IfMatch>) -> Answer<Record> {
    let record = records::one(door, kind.resource(), id, find::fields(kind)).await?.ok_or_else(|| missing(door, kind, id))?;
    let present = record.get("version").and_then(Json::as_i64).unwrap_or_default();
    match matched {
        Some(IfMatch::OneOf(versions)) if !versions.contains(&present) => Err(Refusal::stale(format!(
            "The {} has changed: its version is W/\"{present}\" by now. Read it again, and send the change with that.",
            kind.name()
        ))),
        _ => Ok(record),
    }
}

/// The refusal of a resource that is not there for this caller.
pub(super) fn missing(door: &Door, kind: Kind, id: Id) -> Refusal {
    let id = wire(door, kind, id).unwrap_or_default();
    Refusal::missing(format!("There is no {} {id}, or none that you may see.", naming::words(kind.name())))
}

/// An id in wire form.
pub(super) fn wire(door: &Door, kind: Kind, id: Id) -> Answer<String> {
    Ok(id.to_text(&records::definition(&door.engine, kind.resource())?.prefix))
}

fn version(record: &Record) -> Answer<Expected> {
    let version = record.get("version").and_then(Json::as_i64);
    version.map(Expected::Version).ok_or_else(|| Error::internal("a record has no version").into())
}

/// Makes a record.
pub(super) async fn create(door: &Door, kind: Kind, body: Map<String, Json>) -> Answer<Id> {
    carry(door, kind, WriteAction::Create { body }).await
}

/// Changes a record as it was read.
pub(super) async fn update(door: &Door, kind: Kind, id: Id, record: &Record, body: Map<String, Json>) -> Answer<()> {
    let expected = Some(version(record)?);
    carry(door, kind, WriteAction::Update { id, body, expected }).await.map(drop)
}

async fn carry(door: &Door, kind: Kind, action: WriteAction) -> Answer<Id> {
    let def = records::definition(&door.engine, kind.resource())?;
    Ok(door.engine.write(&door.context, WriteRequest { def, action, idempotency: None }).await?.id)
}
