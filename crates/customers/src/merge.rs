//! `mergeParties`: two records of one customer become one.

use crate::account::AccountKind;
use crate::relationship;
use async_trait::async_trait;
use clientela_engine::module::{Draft, Found};
use clientela_engine::{Call, Operation, WriteAction};
use clientela_kernel::{Comparison, Error, FieldProblem, Filter, Id, Name, ProblemCode, Result, Value};
use clientela_macros::{Choice, Shape};
use clientela_model::{Choice as _, FieldDef, OperationDef, WriteMode};
use std::collections::{BTreeMap, BTreeSet};

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
    /// What the survivor has in single fields afterwards; of `take` and `fields` only one may name a field.
    #[field(shape, most = 60)]
    pub fields: Vec<FieldChoice>,
    /// What the survivor has in all other fields.
    #[field(default = "\"NOT_EMPTY\"", example = "\"NOT_EMPTY\"")]
    pub otherwise: SurvivorRule,
}

/// Whose value a field keeps in a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum SurvivorRule {
    /// The survivor's, even where it has none.
    Survivor,
    /// The other one's, even where it has none.
    Loser,
    /// The one that was set last, by the change log; the survivor's where both were set at the same moment.
    MostRecent,
    /// The survivor's, or the other one's where it has none. Sets are joined.
    NotEmpty,
    /// The one given in `value`; empty where none is given.
    Value,
}

/// What the survivor has in one field.
#[derive(Shape)]
pub struct FieldChoice {
    /// The field, such as `phone`.
    #[field(max = 60, example = "\"language\"")]
    pub field: String,
    /// Whose value it keeps.
    #[field(example = "\"MOST_RECENT\"")]
    pub keep: SurvivorRule,
    /// The value, with `keep` `VALUE` alone, as text: a date as `2026-03-01`, an amount as `100.00 EUR`, a choice by its name, members of a set with
    /// commas between.
    #[field(max = 10_000, example = "null")]
    pub value: Option<String>,
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
        // Whoever edits one of them has done so before, or finds out afterwards; what they are is read again from here on.
        call.hold(&resource, &[survivor.id, loser.id]).await?;
        let survivor = call.referenced("survivorId", &resource, survivor.id).await?;
        let loser = call.referenced("loserId", &resource, loser.id).await?;
        let mut values = kept(call, &survivor, &loser, &input).await?;
        let place = place_above(call, &survivor, &loser).await?;
        // From here on nobody can refer to the loser any more, and who had begun to has ended. With this and with the deletion at the end the
        // change log says what the merge did: whatever it writes stands between the two.
        call.set(&resource, loser.id, vec![(SUCCESSOR, Value::Id(survivor.id.0))], None).await?;
        // Where the survivor stands below the other one it takes its place; a company is not its own parent.
        if let Some(place) = place {
            call.set(&resource, survivor.id, vec![(PARENT, place)], None).await?;
            values.retain(|(name, _)| *name != PARENT);
        }
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
async fn kept(call: &Call<'_>, survivor: &Found, loser: &Found, merge: &Merge) -> Result<Vec<(Name, Value)>> {
    let chosen = chosen(survivor, merge)?;
    let asks_when = merge.otherwise == SurvivorRule::MostRecent
        || chosen.values().any(|choice| matches!(choice, Decision::Rule(SurvivorRule::MostRecent)));
    let times = if asks_when { Some((call.set_at(survivor).await?, call.set_at(loser).await?)) } else { None };
    let mut values = Vec::new();
    for field in survivor.def.fields.iter().filter(|field| may_change(field)) {
        let (mine, other) = (survivor.get(&field.name), loser.get(&field.name));
        let otherwise = Decision::Rule(merge.otherwise);
        let mut wanted = match chosen.get(field.name.as_ref()).unwrap_or(&otherwise) {
            Decision::Value(value) => value.clone(),
            Decision::Rule(SurvivorRule::Survivor | SurvivorRule::Value) => mine.clone(),
            Decision::Rule(SurvivorRule::Loser) => other.clone(),
            Decision::Rule(SurvivorRule::MostRecent) => {
                let later = times.as_ref().is_some_and(|(mine, other)| other.get(field.name.as_ref()) > mine.get(field.name.as_ref()));
                if later { other.clone() } else { mine.clone() }
            }
            Decision::Taken if other.is_null() => mine.clone(),
            Decision::Taken | Decision::Rule(SurvivorRule::NotEmpty) => match (mine, other) {
                (Value::TextSet(mine), Value::TextSet(other)) => {
                    let all: BTreeSet<&String> = mine.iter().chain(other).collect();
                    Value::TextSet(all.into_iter().cloned().collect())
                }
                (mine, other) if mine.is_null() || matches!(chosen.get(field.name.as_ref()), Some(Decision::Taken)) => other.clone(),
                (mine, _) => mine.clone(),
            },
        };
        // What must have a value keeps the one it has.
        if wanted.is_null() && field.required {
            wanted = mine.clone();
        }
        if wanted != *mine {
            values.push((field.name.clone(), wanted));
        }
    }
    Ok(values)
}

/// What was said about a field.
enum Decision {
    /// By `take`.
    Taken,
    Rule(SurvivorRule),
    Value(Value),
}

/// Whether a merge decides about a field.
fn may_change(field: &FieldDef) -> bool {
    field.write == WriteMode::Writable && !matches!(field.name.as_ref(), "kind" | "contactId" | "partyId") && field.name != PARENT
}

/// What was said about single fields.
fn chosen(survivor: &Found, merge: &Merge) -> Result<BTreeMap<String, Decision>> {
    let mut problems = Vec::new();
    let mut chosen = BTreeMap::new();
    let known = |name: &str| survivor.def.field(name).filter(|field| may_change(field));
    let unknown = |member: &str, name: &str, pointer: String| {
        let text = format!("{member} names {name:?}, which is no field of {} that can be taken over.", survivor.def.plural);
        FieldProblem::new(pointer, ProblemCode::NotAllowed, text)
    };
    for (position, name) in merge.take.iter().enumerate() {
        match known(name) {
            Some(_) => drop(chosen.insert(name.clone(), Decision::Taken)),
            None => problems.push(unknown("take", name, format!("/take/{position}"))),
        }
    }
    for (position, choice) in merge.fields.iter().enumerate() {
        let Some(field) = known(&choice.field) else {
            problems.push(unknown("fields", &choice.field, format!("/fields/{position}/field")));
            continue;
        };
        let pointer = format!("/fields/{position}/value");
        let decided = match (choice.keep, &choice.value) {
            (SurvivorRule::Value, Some(text)) => match Call::value_of_text(field, text, &pointer) {
                Ok(value) => Decision::Value(value),
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            },
            (SurvivorRule::Value, None) => Decision::Value(Value::Null),
            (rule, None) => Decision::Rule(rule),
            (_, Some(_)) => {
                let text = "value is for keep VALUE alone. Leave it out, or set keep to VALUE.";
                problems.push(FieldProblem::new(pointer, ProblemCode::Contradiction, text));
                continue;
            }
        };
        if chosen.insert(choice.field.clone(), decided).is_some() {
            let text = format!("{} is decided about more than once. Name it once, in take or in fields.", choice.field);
            problems.push(FieldProblem::new(format!("/fields/{position}/field"), ProblemCode::Contradiction, text));
        }
    }
    if merge.otherwise == SurvivorRule::Value {
        let text = "otherwise is VALUE, and a value is for one field. Choose another rule.";
        problems.push(FieldProblem::new("/otherwise", ProblemCode::Contradiction, text));
    }
    if problems.is_empty() { Ok(chosen) } else { Err(Error::validation(problems)) }
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
