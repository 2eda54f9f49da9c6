//! `unmergeParties`: the one that went in a merge lives again.

use crate::contact_point::ContactPointKind;
use crate::relationship;
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Expected, NetChange, Operation, WhyKept, WriteAction};
use clientela_kernel::{Comparison, DeletedMode, Error, ErrorCode, FieldProblem, Filter, Id, Name, ProblemCode, Result, Value};
use clientela_macros::{Choice, Shape};
use clientela_model::{Choice as _, OperationDef, WriteMode, system};

const SUCCESSOR: &str = "mergedIntoId";
/// What is told by name of what could not be taken back.
const MOST_TOLD: usize = 1_000;

/// Takes a merge back.
pub struct UnmergeParties;

/// Which merge.
#[derive(Shape)]
pub struct Unmerge {
    /// The contact or account that went: its old id, which leads to the survivor since.
    #[field(refers = "party", example = "\"con_01h455vb4pex5vsknk084sn02r\"")]
    pub loser_id: Id,
}

/// What came of it.
#[derive(Shape)]
pub struct Unmerged {
    /// The one that lives again, where it is a contact.
    #[field(record = "contact")]
    pub contact: Option<Id>,
    /// The one that lives again, where it is an account.
    #[field(record = "account")]
    pub account: Option<Id>,
    /// The one that it had been merged into.
    #[field(refers = "party", example = "\"pty_01h455vb4pex5vsknk084sn02q\"")]
    pub survivor_id: Id,
    /// What is again as it was before the merge, by resource.
    #[field(shape, most = 200)]
    pub returned: Vec<Returned>,
    /// What stays as it is, and why: at most 1,000 of them.
    #[field(shape, most = 1000)]
    pub kept: Vec<NotReturned>,
    /// How many there are of these in all.
    #[field(min = 0, max = 1_000_000_000, example = "0")]
    pub kept_count: i64,
}

/// The records of one resource.
#[derive(Shape)]
pub struct Returned {
    /// The resource.
    #[field(max = 60, example = "\"contactPoint\"")]
    pub resource: String,
    /// Records that are again as they were.
    #[field(min = 0, max = 1_000_000_000, example = "3")]
    pub returned: i64,
}

/// Why something of a merge cannot be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum UnmergeObstacle {
    /// It has been changed since.
    ChangedSince,
    /// It has been erased since.
    Erased,
    /// Another record has its place by now.
    PlaceTaken,
    /// A record that it belongs to is not there any more.
    Orphaned,
}

/// Something that stays as the merge left it, or as somebody has made it since.
#[derive(Shape)]
pub struct NotReturned {
    /// The resource.
    #[field(max = 60, example = "\"note\"")]
    pub resource: String,
    /// The record's id.
    #[field(max = 60, example = "\"not_01h455vb4pex5vsknk084sn02q\"")]
    pub record_id: String,
    /// The field, where the rest of the record is as it was.
    #[field(max = 60, example = "null")]
    pub field: Option<String>,
    /// Why.
    #[field(example = "\"CHANGED_SINCE\"")]
    pub reason: UnmergeObstacle,
}

#[async_trait]
impl Operation for UnmergeParties {
    type Input = Unmerge;
    type Output = Unmerged;

    fn definition() -> OperationDef {
        OperationDef::writing::<Unmerge, Unmerged>(
            "unmergeParties",
            "party",
            "unmerge",
            "Takes a merge back, by what the change log says of it: the one that went lives again under its old id, and everything that the merge \
             gave to the survivor or dropped is as it was before, each with a change of its own. What has been changed since stays where \
             it is and is told by name; what has come to the survivor since stays with it. The last of several merges goes first.",
        )
    }

    async fn run(&self, call: &Call<'_>, input: Unmerge) -> Result<Unmerged> {
        let loser = gone(call, input.loser_id).await?;
        let resource = loser.def.name.clone();
        let survivor_id = loser.get(SUCCESSOR).as_id().map(Id).ok_or_else(not_merged)?;
        let Some(survivor) = call.record(&resource, survivor_id).await? else {
            let text = "loserId names one whose survivor is not there any more: it was merged into another one, or deleted. \
                        Take that back first.";
            return Err(refused(ProblemCode::Contradiction, text));
        };
        let nets = call.episode(&loser, SUCCESSOR).await?.ok_or_else(not_merged)?;
        let merged_here = |net: &NetChange| {
            net.id == loser.id && net.fields.iter().any(|(index, _, new)| is(&loser, *index, SUCCESSOR) && *new == Value::Id(survivor.id.0))
        };
        if !nets.iter().any(merged_here) {
            return Err(refused(
                ProblemCode::Contradiction,
                "loserId names one that was given to another survivor since. Take that merge back first.",
            ));
        }
        // The version says that nobody has brought it back meanwhile.
        let version = loser.get(system::VERSION).as_integer().unwrap_or(0);
        let restore = WriteAction::Restore { id: loser.id, expected: Some(Expected::Version(version)), merged: true };
        call.write(&resource, restore).await.map_err(|error| match error.code() {
            ErrorCode::VersionConflict => Error::collision("somebody else has brought it back"),
            _ => error,
        })?;
        call.set(&resource, loser.id, vec![(SUCCESSOR, Value::Null)], None).await?;
        let is_face = |net: &NetChange| net.def.name == resource && (net.id == loser.id || net.id == survivor.id);
        let others: Vec<NetChange> = nets.iter().filter(|net| !is_face(net)).cloned().collect();
        let (counts, left) = call.undo(&others, &relationship::rename).await?;
        let mut kept: Vec<NotReturned> = left.into_iter().map(told).collect();
        if let Some(own) = nets.iter().find(|net| net.def.name == resource && net.id == survivor.id) {
            give_back(call, &survivor, own, &mut kept).await?;
        }
        for face in [survivor.id, loser.id] {
            agree(call, &resource, face).await?;
        }
        let kept_count = i64::try_from(kept.len()).unwrap_or(i64::MAX);
        kept.truncate(MOST_TOLD);
        Ok(Unmerged {
            contact: (resource == "contact").then_some(loser.id),
            account: (resource == "account").then_some(loser.id),
            survivor_id: survivor.id,
            returned: counts.into_iter().map(|(resource, returned)| Returned { resource: resource.into_owned(), returned }).collect(),
            kept,
            kept_count,
        })
    }
}

fn refused(code: ProblemCode, text: &str) -> Error {
    Error::validation(vec![FieldProblem::new("/loserId", code, text)])
}

fn not_merged() -> Error {
    refused(
        ProblemCode::ReferenceNotFound,
        "loserId names no contact and no account that was merged into another one, or you may not see it.",
    )
}

/// The merged contact or account with an id.
async fn gone(call: &Call<'_>, id: Id) -> Result<Found> {
    for resource in ["contact", "account"] {
        let this = Filter::field(system::ID, Comparison::Equal(Value::Id(id.0)));
        if let Some(found) = call.visible_as(resource, this, DeletedMode::Only, None, 1).await?.pop() {
            return Ok(found);
        }
    }
    Err(not_merged())
}

fn is(found: &Found, index: usize, field: &str) -> bool {
    found.def.field_index(field) == Some(index)
}

fn told(kept: clientela_engine::Kept) -> NotReturned {
    NotReturned {
        resource: kept.def.name.to_string(),
        record_id: kept.id.to_text(&kept.def.prefix),
        field: None,
        reason: match kept.why {
            WhyKept::Changed => UnmergeObstacle::ChangedSince,
            WhyKept::Erased => UnmergeObstacle::Erased,
            WhyKept::Taken => UnmergeObstacle::PlaceTaken,
            WhyKept::Orphaned => UnmergeObstacle::Orphaned,
        },
    }
}

/// Fields that are the values of other records.
fn is_copied(name: &str) -> bool {
    matches!(name, "email" | "phone" | "mobile" | "website")
}

/// The survivor's own fields, as they were, where nobody has changed them since.
async fn give_back(call: &Call<'_>, survivor: &Found, own: &NetChange, kept: &mut Vec<NotReturned>) -> Result<()> {
    let mut values: Vec<(Name, Value)> = Vec::new();
    for (index, old, new) in &own.fields {
        let Some(field) = survivor.def.fields.get(*index).filter(|field| field.write == WriteMode::Writable && !is_copied(&field.name))
        else {
            continue;
        };
        if survivor.get(&field.name) == new {
            values.push((field.name.clone(), old.clone()));
        } else if survivor.get(&field.name) != old {
            kept.push(NotReturned {
                resource: survivor.def.name.to_string(),
                record_id: survivor.id.to_text(&survivor.def.prefix),
                field: Some(field.name.to_string()),
                reason: UnmergeObstacle::ChangedSince,
            });
        }
    }
    if !values.is_empty() {
        call.set(&survivor.def.name, survivor.id, values, None).await?;
    }
    Ok(())
}

/// Makes the plain fields of a contact or account say what its contact points and addresses say, and leaves one preferred of each kind.
async fn agree(call: &Call<'_>, resource: &str, id: Id) -> Result<()> {
    let Some(face) = call.record(resource, id).await? else { return Ok(()) };
    let preferred = Filter::And(vec![
        Filter::field("partyId", Comparison::Equal(face.get("partyId").clone())),
        Filter::field("preferred", Comparison::Equal(Value::Boolean(true))),
    ]);
    let mut points = call.find("contactPoint", preferred.clone()).await?;
    points.sort_by_key(|point| point.id);
    let mut values: Vec<(&'static str, Value)> = Vec::new();
    for (field, kind) in [
        ("email", ContactPointKind::Email),
        ("phone", ContactPointKind::Phone),
        ("mobile", ContactPointKind::Mobile),
        ("website", ContactPointKind::Web),
    ] {
        if face.def.field(field).is_none() {
            continue;
        }
        let of_kind: Vec<&Found> = points.iter().filter(|point| point.get("kind").as_text() == Some(kind.as_str())).collect();
        let chosen = of_kind.iter().find(|point| point.get("value") == face.get(field)).or(of_kind.first());
        for other in of_kind.iter().filter(|point| chosen.is_some_and(|chosen| chosen.id != point.id)) {
            call.set("contactPoint", other.id, vec![("preferred", Value::Boolean(false))], None).await?;
        }
        values.push((field, chosen.map_or(Value::Null, |point| point.get("value").clone())));
    }
    let mut addresses = call.find("address", preferred).await?;
    addresses.sort_by_key(|address| address.id);
    if let Some((first, others)) = addresses.split_first() {
        for other in others {
            call.set("address", other.id, vec![("preferred", Value::Boolean(false))], None).await?;
        }
        values.extend(["city", "country"].map(|field| (field, first.get(field).clone())));
    }
    call.set(resource, id, values, None).await?;
    Ok(())
}
