//! `mergeParties`: two records of one customer become one.

use crate::account::AccountKind;
use crate::relationship;
use async_trait::async_trait;
use clientela_engine::module::{Draft, Found};
use clientela_engine::{Call, Operation, WriteAction};
use clientela_kernel::{Comparison, Error, FieldProblem, Filter, Id, Name, ProblemCode, Result, Value};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef, WriteMode};
use std::collections::BTreeSet;

const SUCCESSOR: &str = "mergedIntoId";
const PARENT: &str = "parentId";
/// How far up a group of companies is followed.
const MOST_ANCESTORS: usize = 100;

/// Merges two contacts or two accounts.
pub struct MergeParties;

/// Which two, and what of the one that goes is kept.
#[derive(Shape)]
pub struct Merge {
    /// The contact or account that stays.
    #[field(refers = "party", example = "\"con_01h455vb4pex5vsknk084sn02q\"")]
    pub survivor_id: Id,
    /// The one that goes: of the same kind, a contact as well or an account as well.
    #[field(refers = "party", example = "\"con_01h455vb4pex5vsknk084sn02r\"")]
    pub loser_id: Id,
    /// Fields whose values the survivor takes from the other one although it has values of its own, such as `phone`. Empty fields of the
    /// survivor are filled in any case, and sets such as `tags` are joined.
    #[field(max = 60, most = 60, example = "\"phone\"")]
    pub take: Vec<String>,
}

/// What came of it.
#[derive(Shape)]
pub struct Merged {
    /// The survivor, where it is a contact.
    #[field(record = "contact")]
    pub contact: Option<Id>,
    /// The survivor, where it is an account.
    #[field(record = "account")]
    pub account: Option<Id>,
    /// What named the other one and names the survivor now, by resource.
    #[field(shape, most = 200)]
    pub moved: Vec<Moved>,
}

/// The records of one resource.
#[derive(Shape)]
pub struct Moved {
    /// The resource.
    #[field(max = 60, example = "\"contactPoint\"")]
    pub resource: String,
    /// Records that name the survivor now.
    #[field(min = 0, max = 1_000_000_000, example = "3")]
    pub moved: i64,
    /// Records that were deleted, since the survivor has their like already: the same e-mail address, a part in the same interaction.
    #[field(min = 0, max = 1_000_000_000, example = "1")]
    pub dropped: i64,
}

#[async_trait]
impl Operation for MergeParties {
    type Input = Merge;
    type Output = Merged;

    fn definition() -> OperationDef {
        OperationDef::writing::<Merge, Merged>(
            "mergeParties",
            "party",
            "merge",
            "Makes one of two contacts, or of two accounts, in one transaction. Everything that names the one that goes names the survivor from \
             then on: interactions, notes, contact points, consents, external ids and whatever else refers to it, deleted records too, each with a \
             change of its own. Empty fields of the survivor are filled. The other one is deleted, and its id leads to the survivor for ever: \
             reading it on REST answers 308 with the survivor's address, on GraphQL the survivor.",
        )
    }

    async fn run(&self, call: &Call<'_>, input: Merge) -> Result<Merged> {
        if input.survivor_id == input.loser_id {
            return Err(wrong("loserId", "loserId names the survivor itself. Name the other one."));
        }
        let survivor = face(call, "survivorId", input.survivor_id).await?;
        let loser = face(call, "loserId", input.loser_id).await?;
        check_alike(&survivor, &loser)?;
        let resource = survivor.def.name.clone();
        let mut values = kept(&survivor, &loser, &input.take)?;
        // Where the survivor stands below the other one it takes its place; a company is not its own parent.
        if let Some(place) = place_above(call, &survivor, &loser).await? {
            call.set(&resource, survivor.id, vec![(PARENT, place)], None).await?;
            values.retain(|(name, _)| *name != PARENT);
        }
        // From here on nobody can refer to the loser any more, and who had begun to has ended.
        call.set(&resource, loser.id, vec![(SUCCESSOR, Value::Id(survivor.id.0))], None).await?;
        let marks = Marks::of(call, &survivor).await?;
        let moved = call.repoint(&loser, survivor.id, &|draft| marks.settle(draft)).await?;
        if !values.is_empty() {
            call.set(&resource, survivor.id, values, None).await?;
        }
        call.write(&resource, WriteAction::Delete { id: loser.id, expected: None }).await?;
        let moved = moved.into_iter().filter(|moved| moved.resource != resource || moved.moved + moved.dropped > 0);
        Ok(Merged {
            contact: (resource == "contact").then_some(survivor.id),
            account: (resource == "account").then_some(survivor.id),
            moved: moved.map(|moved| Moved { resource: moved.resource.into_owned(), moved: moved.moved, dropped: moved.dropped }).collect(),
        })
    }
}

/// The contact or account that an id names.
async fn face(call: &Call<'_>, field: &str, id: Id) -> Result<Found> {
    for resource in ["contact", "account"] {
        if call.record(resource, id).await?.is_some() {
            return call.referenced(field, resource, id).await;
        }
    }
    let text = format!("{field} names no contact and no account that there is. It may be deleted, or merged already.");
    Err(Error::validation(vec![FieldProblem::new(format!("/{field}"), ProblemCode::ReferenceNotFound, text)]))
}

fn check_alike(survivor: &Found, loser: &Found) -> Result<()> {
    if survivor.def.name != loser.def.name {
        let text = format!("loserId names a {}, and the survivor is a {}. Merge like with like.", loser.def.name, survivor.def.name);
        return Err(wrong("loserId", text));
    }
    if survivor.def.field("kind").is_none() {
        return Ok(());
    }
    let kind = |found: &Found| found.get("kind").as_text().unwrap_or_default().to_owned();
    if kind(survivor) != kind(loser) {
        let text = format!("loserId names an account of kind {}, and the survivor is one of kind {}.", kind(loser), kind(survivor));
        return Err(wrong("loserId", text));
    }
    if kind(survivor) == AccountKind::Person.as_str() {
        return Err(wrong("loserId", "The accounts are those of persons: merge their contacts, the accounts go along."));
    }
    Ok(())
}

/// What the survivor has afterwards, where that is not what it has now.
fn kept(survivor: &Found, loser: &Found, take: &[String]) -> Result<Vec<(Name, Value)>> {
    let mut problems = Vec::new();
    let mut values = Vec::new();
    let may_change = |name: &str| !matches!(name, "kind" | "contactId" | "partyId") && name != PARENT;
    for (position, name) in take.iter().enumerate() {
        let known = survivor.def.field(name).filter(|field| field.write == WriteMode::Writable && may_change(&field.name));
        if known.is_none() {
            let text = format!("take names {name:?}, which is no field of {} that can be taken over.", survivor.def.plural);
            problems.push(FieldProblem::new(format!("/take/{position}"), ProblemCode::NotAllowed, text));
        }
    }
    if !problems.is_empty() {
        return Err(Error::validation(problems));
    }
    let fields = survivor.def.fields.iter().filter(|field| field.write == WriteMode::Writable && may_change(&field.name));
    for field in fields {
        let (mine, other) = (survivor.get(&field.name), loser.get(&field.name));
        let wanted = match (mine, other) {
            _ if other.is_null() => continue,
            (Value::TextSet(mine), Value::TextSet(other)) => {
                let all: BTreeSet<&String> = mine.iter().chain(other).collect();
                Value::TextSet(all.into_iter().cloned().collect())
            }
            (mine, other) if mine.is_null() || take.iter().any(|name| field.name == *name) => other.clone(),
            _ => continue,
        };
        if wanted != *mine {
            values.push((field.name.clone(), wanted));
        }
    }
    Ok(values)
}

/// The survivor's new parent, where the loser is above it: the loser's own.
async fn place_above(call: &Call<'_>, survivor: &Found, loser: &Found) -> Result<Option<Value>> {
    if survivor.def.field(PARENT).is_none() {
        return Ok(None);
    }
    let mut above = survivor.get(PARENT).as_id();
    for _ in 0..MOST_ANCESTORS {
        let Some(id) = above else { return Ok(None) };
        if id == loser.id.0 {
            return Ok(Some(loser.get(PARENT).clone()));
        }
        above = call.record(&survivor.def.name, Id(id)).await?.and_then(|account| account.get(PARENT).as_id());
    }
    Ok(None)
}

/// Marks of which the survivor has its own: those of the records that come to it are dropped.
struct Marks {
    /// Kinds of preferred contact points.
    points: BTreeSet<String>,
    address: bool,
    account: bool,
}

impl Marks {
    async fn of(call: &Call<'_>, survivor: &Found) -> Result<Marks> {
        let preferred = Filter::And(vec![
            Filter::field("partyId", Comparison::Equal(Value::Id(survivor.id.0))),
            Filter::field("preferred", Comparison::Equal(Value::Boolean(true))),
        ]);
        let points = call.find("contactPoint", preferred.clone()).await?;
        Ok(Marks {
            points: points.iter().filter_map(|point| point.get("kind").as_text().map(str::to_owned)).collect(),
            address: !call.find("address", preferred).await?.is_empty(),
            account: !survivor.get("accountId").is_null(),
        })
    }

    fn settle(&self, draft: &mut Draft) {
        relationship::rename(draft);
        let (mark, has_its_own) = match draft.def.name.as_ref() {
            "contactPoint" => ("preferred", draft.get("kind").as_text().is_some_and(|kind| self.points.contains(kind))),
            "address" => ("preferred", self.address),
            "accountContact" if draft.changed("contactId") => ("primary", self.account),
            _ => return,
        };
        if has_its_own {
            draft.set(mark, Value::Boolean(false));
        }
    }
}

fn wrong(field: &str, text: impl Into<String>) -> Error {
    Error::validation(vec![FieldProblem::new(format!("/{field}"), ProblemCode::Contradiction, text)])
}
