//! The relationship: how two parties stand to one another.

use crate::PERIOD;
use crate::relationship_type::is_one;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Draft, Found, RuleReader};
use clientela_kernel::{Comparison, Context, Date, Error, FieldProblem, Filter, Id, ProblemCode, Result, Value};
use clientela_macros::resource;
use clientela_model::system;
use std::collections::BTreeSet;
use uuid::Uuid;

/// How far a chain of relationships is followed when a circle is looked for.
const DEPTH: usize = 50;
/// How many parties are looked at while doing so.
const BREADTH: usize = 10_000;

/// How two parties stand to one another, in a way that a relationship type describes, for a time. To change who they are or
/// the way, delete the relationship and create another.
#[resource(
    name = "relationship",
    prefix = "rel",
    unique("relationship_type_from_to_since_key", "typeId", "fromPartyId", "toPartyId", "since"),
    unique("relationship_only_from_key", "onlyFrom"),
    unique("relationship_only_to_key", "onlyTo")
)]
pub struct Model {
    /// The way they stand to one another.
    #[field(
        refers = "relationshipType",
        inverse = "relationships",
        inverse_description = "The relationships of this type.",
        on_delete = "restrict",
        write = "immutable",
        example = "\"rlt_01h455vb4pex5vsknk084sn02q\""
    )]
    pub type_id: Id,
    /// The one of whom the type's name is told: the id of a party, a contact or an account.
    #[field(
        refers = "party",
        inverse = "relationshipsFrom",
        inverse_description = "What this party is to others.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub from_party_id: Id,
    /// The other, of whom the type's inverse name is told; never the same party.
    #[field(
        refers = "party",
        inverse = "relationshipsTo",
        inverse_description = "What others are to this party.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub to_party_id: Id,
    /// The first day. Since ever, as far as is known, where empty.
    #[field(example = "\"2024-03-01\"")]
    pub since: Option<Date>,
    /// The last day, not before `since`. Still so, where empty.
    #[field(example = "null")]
    pub until: Option<Date>,
    /// Whatever else one should know.
    #[field(max = 2_000, no_sort, example = "\"Orders by telephone, every second Tuesday.\"")]
    pub note: Option<String>,
    /// What must be unique where the type allows one `to` party only and the relationship is open: two writers at once
    /// cannot both have it.
    #[field(max = 80, secret, write = "read_only", derived, example = "null")]
    pub only_from: Option<String>,
    /// The same for the other end.
    #[field(max = 80, secret, write = "read_only", derived, example = "null")]
    pub only_to: Option<String>,
}

/// The rules of relationships.
pub struct RelationshipRules;

/// The value that no two open relationships of a type may share at an end.
fn only(kind: &Value, party: &Value) -> Value {
    match (kind.as_id(), party.as_id()) {
        (Some(kind), Some(party)) => Value::Text(format!("{}:{}", kind.simple(), party.simple())),
        _ => Value::Null,
    }
}

/// Makes it agree with its parties, where one has become another in a merge.
pub(crate) fn rename(draft: &mut Draft) {
    for (key, end) in [("onlyFrom", "fromPartyId"), ("onlyTo", "toPartyId")] {
        if draft.def.name == "relationship" && !draft.get(key).is_null() {
            draft.set(key, only(draft.get("typeId"), draft.get(end)));
        }
    }
}

fn flag(record: &Found, field: &str) -> bool {
    record.get(field) == &Value::Boolean(true)
}

fn text<'f>(record: &'f Found, field: &str) -> &'f str {
    record.get(field).as_text().unwrap_or_default()
}

#[async_trait]
impl Rules for RelationshipRules {
    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let (from, to) = (draft.get("fromPartyId").clone(), draft.get("toPartyId").clone());
        if from == to {
            let text = "toPartyId is the same party as fromPartyId: nobody stands in a relationship with themselves. Name another.";
            return Err(Error::validation(vec![FieldProblem::new("/toPartyId", ProblemCode::Contradiction, text)]));
        }
        let of_type = Filter::field(system::ID, Comparison::Equal(draft.get("typeId").clone()));
        // A type that is not there is told of by the reference itself.
        let Some(kind) = reader.find("relationshipType", of_type).await?.pop() else { return Ok(()) };
        let open = draft.get("until").is_null();
        let key = |field: &str, party: &Value| if open && is_one(kind.get(field)) { only(draft.get("typeId"), party) } else { Value::Null };
        let (only_from, only_to) = (key("perFrom", &from), key("perTo", &to));
        draft.set("onlyFrom", only_from);
        draft.set("onlyTo", only_to);
        let mut problems = Vec::new();
        // The times alone may have changed, or nothing that counts here.
        if draft.kind == ChangeKind::Updated && !draft.changed("since") && !draft.changed("until") {
            return Ok(());
        }
        let symmetric = flag(&kind, "symmetric");
        let others = others(reader, draft, &kind, symmetric).await?;
        let same_ends = |other: &Found| {
            let (a, b) = (other.get("fromPartyId"), other.get("toPartyId"));
            (a == &from && b == &to) || (symmetric && a == &to && b == &from)
        };
        if let Some(twin) = others.iter().find(|other| same_ends(other)) {
            let text = format!(
                "The two stand in this relationship {} already. End that time before this one begins, or change it.",
                PERIOD.words(twin)
            );
            problems.push(FieldProblem::new("/toPartyId", ProblemCode::Contradiction, text));
        } else {
            let touches = |other: &Found, end: &str, party: &Value| {
                other.get(end) == party || (symmetric && (other.get("fromPartyId") == party || other.get("toPartyId") == party))
            };
            let mut only = |cardinality: &str, end: &'static str, party: &Value, label: &str| {
                if is_one(kind.get(cardinality))
                    && let Some(other) = others.iter().find(|other| touches(other, end, party))
                {
                    let text = format!(
                        "{end} names a party that {} somebody {} already, and this type allows one at a time. End that relationship first.",
                        text(&kind, label),
                        PERIOD.words(other)
                    );
                    problems.push(FieldProblem::new(format!("/{end}"), ProblemCode::Contradiction, text));
                }
            };
            only("perFrom", "fromPartyId", &from, "name");
            only("perTo", "toPartyId", &to, "inverseName");
        }
        if problems.is_empty() && flag(&kind, "acyclic") && leads_back(reader, draft, &from, &to).await? {
            let text =
                format!("This would close a circle: the other party {} this one already, directly or through others.", text(&kind, "name"));
            problems.push(FieldProblem::new("/toPartyId", ProblemCode::Contradiction, text));
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::validation(problems)) }
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        PERIOD.check(draft, problems);
    }
}

/// The other relationships of the type at the same time that share an end with this one.
async fn others(reader: &dyn RuleReader, draft: &Draft, kind: &Found, symmetric: bool) -> Result<Vec<Found>> {
    let (from, to) = (draft.get("fromPartyId"), draft.get("toPartyId"));
    let at = |field: &'static str, party: &Value| Filter::field(field, Comparison::Equal(party.clone()));
    let both = |left: Filter, right: Filter| Filter::And(vec![left, right]);
    // Only what could stand in the way is read: a party may have any number of a type that allows them.
    let mut ends = vec![both(at("fromPartyId", from), at("toPartyId", to))];
    if symmetric {
        ends.push(both(at("fromPartyId", to), at("toPartyId", from)));
    }
    if is_one(kind.get("perFrom")) {
        ends.push(at("fromPartyId", from));
        ends.extend(symmetric.then(|| at("toPartyId", from)));
    }
    if is_one(kind.get("perTo")) {
        ends.push(at("toPartyId", to));
        ends.extend(symmetric.then(|| at("fromPartyId", to)));
    }
    let filter = Filter::And(vec![
        at("typeId", draft.get("typeId")),
        Filter::Or(ends),
        Filter::field(system::ID, Comparison::Equal(Value::Id(draft.id.0))).negate(),
    ]);
    let mut found = reader.find("relationship", filter).await?;
    found.retain(|other| PERIOD.overlaps(draft, other));
    Ok(found)
}

/// Whether relationships of the type lead from `to` to `from`.
async fn leads_back(reader: &dyn RuleReader, draft: &Draft, from: &Value, to: &Value) -> Result<bool> {
    let mut reached: BTreeSet<Uuid> = to.as_id().into_iter().collect();
    let mut front: Vec<Value> = vec![to.clone()];
    for _ in 0..DEPTH {
        let filter = Filter::And(vec![
            Filter::field("typeId", Comparison::Equal(draft.get("typeId").clone())),
            Filter::field("fromPartyId", Comparison::In(std::mem::take(&mut front))),
            Filter::field(system::ID, Comparison::Equal(Value::Id(draft.id.0))).negate(),
        ]);
        for step in reader.find("relationship", filter).await? {
            let next = step.get("toPartyId");
            if next == from {
                return Ok(true);
            }
            if next.as_id().is_some_and(|id| reached.insert(id)) {
                front.push(next.clone());
            }
        }
        if front.is_empty() {
            return Ok(false);
        }
        if reached.len() > BREADTH {
            break;
        }
    }
    let text = format!(
        "The relationships of this type reach further than {DEPTH} steps or {BREADTH} parties from here; no circle can be ruled out."
    );
    Err(Error::validation(vec![FieldProblem::new("/toPartyId", ProblemCode::OutOfRange, text)]))
}
