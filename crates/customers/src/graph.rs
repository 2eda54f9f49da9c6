//! `relationshipGraph`: who knows whom.

use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Comparison, Date, Filter, Id, Result, Value};
use clientela_macros::{Choice, Shape};
use clientela_model::{OperationDef, system};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Links that are followed from one level to the next at most.
const MOST_LINKS: u32 = 5_000;

/// Shows the parties around a party.
pub struct RelationshipGraph;

/// Which way relationships are followed. Symmetric ones are followed both ways in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum GraphDirection {
    /// From their `from` party to their `to` party; from a contact to its accounts.
    Outgoing,
    /// The other way round.
    Incoming,
    /// Either way.
    Both,
}

/// From where, and how far.
#[derive(Shape)]
pub struct GraphQuestion {
    /// Where to begin: the id of a party, a contact or an account.
    #[field(refers = "party", example = "\"con_01h455vb4pex5vsknk084sn02q\"")]
    pub party_id: Id,
    /// How many steps to go.
    #[field(min = 1, max = 10, default = "2", example = "2")]
    pub depth: i64,
    /// How many parties to show at most, the first one not counted; the nearest come first.
    #[field(min = 1, max = 1000, default = "200", example = "200")]
    pub limit: i64,
    /// Which way to go.
    #[field(default = "\"BOTH\"", example = "\"BOTH\"")]
    pub direction: GraphDirection,
    /// Relationships of these types alone; of all types where empty.
    #[field(refers = "relationshipType", most = 50, example = "\"rlt_01h455vb4pex5vsknk084sn02q\"")]
    pub type_ids: Vec<Id>,
    /// Whether the roles of contacts at accounts count as well (`accountContact`).
    #[field(default = "true", example = "true")]
    pub account_contacts: bool,
    /// Only what holds on this day; whatever ever held where left out.
    #[field(example = "null")]
    pub on: Option<Date>,
    /// A party to which a shortest way is looked for within these steps.
    #[field(refers = "party", example = "null")]
    pub to_party_id: Option<Id>,
}

/// The parties around a party.
#[derive(Shape)]
pub struct Graph {
    /// The parties that were reached, the nearest first, the one where it begins at the head.
    #[field(shape, most = 1001)]
    pub parties: Vec<GraphParty>,
    /// The links over which they were reached, and those among them that were seen on the way.
    #[field(shape, most = 50000)]
    pub links: Vec<GraphLink>,
    /// A shortest way to `toPartyId`, both ends included; empty where there is none within the steps and the limit.
    #[field(refers = "party", most = 11, example = "\"pty_01h455vb4pex5vsknk084sn02q\"")]
    pub path: Vec<Id>,
    /// Whether there is more within the steps than is shown: the limit was reached, or a level had more than 5,000 links.
    #[field(example = "false")]
    pub truncated: bool,
}

/// A party in the graph.
#[derive(Shape)]
pub struct GraphParty {
    /// The party.
    #[field(refers = "party", example = "\"pty_01h455vb4pex5vsknk084sn02q\"")]
    pub party_id: Id,
    /// Its name.
    #[field(max = 200, example = "\"Anna Gruber\"")]
    pub name: String,
    /// What it is.
    #[field(example = "\"PERSON\"")]
    pub kind: crate::party::PartyKind,
    /// How many steps away it is.
    #[field(min = 0, max = 10, example = "1")]
    pub distance: i64,
}

/// A link between two parties.
#[derive(Clone, Shape)]
pub struct GraphLink {
    /// Where it begins: the relationship's `from` party, or the contact.
    #[field(refers = "party", example = "\"pty_01h455vb4pex5vsknk084sn02q\"")]
    pub from_party_id: Id,
    /// Where it ends: the relationship's `to` party, or the account.
    #[field(refers = "party", example = "\"pty_01h455vb4pex5vsknk084sn02r\"")]
    pub to_party_id: Id,
    /// The relationship, where it is one.
    #[field(refers = "relationship", example = "\"rel_01h455vb4pex5vsknk084sn02q\"")]
    pub relationship_id: Option<Id>,
    /// Its type.
    #[field(refers = "relationshipType", example = "\"rlt_01h455vb4pex5vsknk084sn02q\"")]
    pub type_id: Option<Id>,
    /// The contact's role at the account, where it is one.
    #[field(refers = "accountContact", example = "null")]
    pub account_contact_id: Option<Id>,
}

#[async_trait]
impl Operation for RelationshipGraph {
    type Input = GraphQuestion;
    type Output = Graph;

    fn definition() -> OperationDef {
        OperationDef::reading::<GraphQuestion, Graph>(
            "relationshipGraph",
            "party",
            "relationship-graph",
            "Shows who stands around a party: over relationships and over the roles of contacts at accounts, level by level, each party \
             once however many ways lead to it, and only what you may see. With `toPartyId` it also tells a shortest way to that party.",
        )
    }

    async fn run(&self, call: &Call<'_>, asked: GraphQuestion) -> Result<Graph> {
        let start = call.referenced("partyId", "party", asked.party_id).await?;
        if let Some(goal) = asked.to_party_id {
            call.referenced("toPartyId", "party", goal).await?;
        }
        for (place, kind) in asked.type_ids.iter().enumerate() {
            call.referenced(&format!("typeIds/{place}"), "relationshipType", *kind).await?;
        }
        let symmetric = call.visible("relationshipType", equal("symmetric", Value::Boolean(true)), None, 1_000).await?;
        let mut walk = Walk { call, asked: &asked, symmetric: symmetric.iter().map(|kind| kind.id.0).collect(), truncated: false };
        let most = usize::try_from(asked.limit).unwrap_or(1) + 1;
        let mut parties = vec![party(&start, 0)];
        // Each party with the one it was reached from.
        let mut reached: BTreeMap<Uuid, Uuid> = BTreeMap::from([(start.id.0, start.id.0)]);
        let mut links: BTreeMap<Uuid, GraphLink> = BTreeMap::new();
        let mut level = BTreeSet::from([start.id.0]);
        for distance in 1..=asked.depth {
            let found = walk.links(&level).await?;
            let mut next: BTreeMap<Uuid, Uuid> = BTreeMap::new();
            for step in &found {
                let (from, to) = (step.link.from_party_id.0, step.link.to_party_id.0);
                for (here, there) in [(from, to), (to, from)] {
                    let passable = if here == from { step.forth } else { step.back };
                    if passable && level.contains(&here) && !reached.contains_key(&there) {
                        next.entry(there).or_insert(here);
                    }
                }
            }
            let seen = walk.parties(next.keys().copied()).await?;
            level.clear();
            for found in seen {
                if parties.len() >= most {
                    walk.truncated = true;
                    break;
                }
                if let Some(from) = next.get(&found.id.0) {
                    reached.insert(found.id.0, *from);
                    level.insert(found.id.0);
                    parties.push(party(&found, distance));
                }
            }
            let both_seen = |link: &GraphLink| [link.from_party_id, link.to_party_id].iter().all(|end| reached.contains_key(&end.0));
            links.extend(found.into_iter().filter(|step| both_seen(&step.link)).map(|step| (step.id, step.link)));
            if level.is_empty() || parties.len() >= most {
                walk.truncated |= !level.is_empty() && distance < asked.depth;
                break;
            }
        }
        let path = asked.to_party_id.map(|goal| way(&reached, start.id.0, goal.0)).unwrap_or_default();
        Ok(Graph { parties, links: links.into_values().collect(), path, truncated: walk.truncated })
    }
}

/// The way back from a party to where it began, turned round.
fn way(reached: &BTreeMap<Uuid, Uuid>, start: Uuid, goal: Uuid) -> Vec<Id> {
    let mut path = Vec::new();
    let mut here = goal;
    while let Some(before) = reached.get(&here) {
        path.push(Id(here));
        if here == start {
            path.reverse();
            return path;
        }
        here = *before;
    }
    Vec::new()
}

fn party(found: &Found, distance: i64) -> GraphParty {
    use crate::party::PartyKind;
    use clientela_model::Choice as _;
    let kinds = [PartyKind::Person, PartyKind::Organization, PartyKind::Household];
    let kind = kinds.into_iter().find(|kind| found.get("kind").as_text() == Some(kind.as_str())).unwrap_or(PartyKind::Person);
    GraphParty { party_id: found.id, name: found.get("name").as_text().unwrap_or_default().to_owned(), kind, distance }
}

/// A link, and which ways one may go over it.
struct Step {
    id: Uuid,
    link: GraphLink,
    forth: bool,
    back: bool,
}

struct Walk<'a> {
    call: &'a Call<'a>,
    asked: &'a GraphQuestion,
    /// Types that are the same from both ends.
    symmetric: BTreeSet<Uuid>,
    truncated: bool,
}

fn equal(field: &'static str, value: Value) -> Filter {
    Filter::field(field, Comparison::Equal(value))
}

fn one_of(field: &'static str, ids: impl IntoIterator<Item = Uuid>) -> Filter {
    Filter::field(field, Comparison::In(ids.into_iter().map(Value::Id).collect()))
}

impl Walk<'_> {
    /// Whether one may go with a link, and against it.
    fn ways(&self) -> (bool, bool) {
        (self.asked.direction != GraphDirection::Incoming, self.asked.direction != GraphDirection::Outgoing)
    }

    async fn some(&mut self, resource: &'static str, filter: Filter) -> Result<Vec<Found>> {
        let found = self.call.visible(resource, filter, None, MOST_LINKS + 1).await?;
        let most = usize::try_from(MOST_LINKS).unwrap_or(usize::MAX);
        self.truncated |= found.len() > most;
        Ok(found.into_iter().take(most).collect())
    }

    /// What holds on the day that was asked for.
    fn in_time(&self) -> Option<Filter> {
        let on = self.asked.on?;
        let open =
            |field: &'static str, comparison| Filter::Or(vec![Filter::field(field, Comparison::IsNull), Filter::field(field, comparison)]);
        let (since, until) = (Comparison::LessOrEqual(Value::Date(on)), Comparison::GreaterOrEqual(Value::Date(on)));
        Some(Filter::And(vec![open("since", since), open("until", until)]))
    }

    /// The links at these parties, over which one may go on.
    async fn links(&mut self, level: &BTreeSet<Uuid>) -> Result<Vec<Step>> {
        let mut steps = self.relationships(level).await?;
        if self.asked.account_contacts {
            steps.extend(self.roles(level).await?);
        }
        steps.sort_by_key(|step| step.id);
        Ok(steps)
    }

    async fn relationships(&mut self, level: &BTreeSet<Uuid>) -> Result<Vec<Step>> {
        let (forth, back) = self.ways();
        let here = |end: &'static str| one_of(end, level.iter().copied());
        let against = |end: &'static str| Filter::And(vec![here(end), one_of("typeId", self.symmetric.iter().copied())]);
        // The two ends apart: each has an index of its own.
        let ends =
            [if forth { here("fromPartyId") } else { against("fromPartyId") }, if back { here("toPartyId") } else { against("toPartyId") }];
        let mut conditions: Vec<Filter> = self.in_time().into_iter().collect();
        if !self.asked.type_ids.is_empty() {
            conditions.push(one_of("typeId", self.asked.type_ids.iter().map(|kind| kind.0)));
        }
        let mut steps: BTreeMap<Uuid, Step> = BTreeMap::new();
        for end in ends {
            let filter = Filter::And(std::iter::once(end).chain(conditions.iter().cloned()).collect());
            for found in self.some("relationship", filter).await? {
                let id = |field: &str| found.get(field).as_id().map(Id);
                let (Some(from), Some(to)) = (id("fromPartyId"), id("toPartyId")) else { continue };
                let type_id = id("typeId");
                let both = type_id.is_some_and(|kind| self.symmetric.contains(&kind.0));
                let link =
                    GraphLink { from_party_id: from, to_party_id: to, relationship_id: Some(found.id), type_id, account_contact_id: None };
                steps.insert(found.id.0, Step { id: found.id.0, link, forth: forth || both, back: back || both });
            }
        }
        Ok(steps.into_values().collect())
    }

    /// The roles of contacts at accounts; a person's account is that person.
    async fn roles(&mut self, level: &BTreeSet<Uuid>) -> Result<Vec<Step>> {
        let (forth, back) = self.ways();
        let mut found: BTreeMap<Uuid, Found> = BTreeMap::new();
        if forth {
            let of_contacts = Filter::And([one_of("contactId", level.iter().copied())].into_iter().chain(self.in_time()).collect());
            found.extend(self.some("accountContact", of_contacts).await?.into_iter().map(|role| (role.id.0, role)));
        }
        if back {
            let accounts = self.some("account", one_of("partyId", level.iter().copied())).await?;
            let of_accounts = one_of("accountId", accounts.iter().map(|account| account.id.0));
            let of_accounts = Filter::And([of_accounts].into_iter().chain(self.in_time()).collect());
            found.extend(self.some("accountContact", of_accounts).await?.into_iter().map(|role| (role.id.0, role)));
        }
        let accounts: BTreeSet<Uuid> = found.values().filter_map(|role| role.get("accountId").as_id()).collect();
        let parties: BTreeMap<Uuid, Uuid> = self
            .some("account", one_of(system::ID, accounts))
            .await?
            .iter()
            .filter_map(|account| Some((account.id.0, account.get("partyId").as_id()?)))
            .collect();
        let step = |role: Found| {
            let from = role.get("contactId").as_id()?;
            let to = role.get("accountId").as_id().and_then(|account| parties.get(&account)).copied().filter(|to| *to != from)?;
            let link = GraphLink {
                from_party_id: Id(from),
                to_party_id: Id(to),
                relationship_id: None,
                type_id: None,
                account_contact_id: Some(role.id),
            };
            Some(Step { id: role.id.0, link, forth, back })
        };
        Ok(found.into_values().filter_map(step).collect())
    }

    /// Those of these parties that the caller may see, in the order of their ids.
    async fn parties(&mut self, ids: impl Iterator<Item = Uuid>) -> Result<Vec<Found>> {
        self.some("party", one_of(system::ID, ids)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_leads_back_to_where_it_began() {
        let [a, b, c, d] = [1, 2, 3, 4].map(Uuid::from_u128);
        let reached = BTreeMap::from([(a, a), (b, a), (c, b)]);
        assert_eq!(way(&reached, a, c), [Id(a), Id(b), Id(c)]);
        assert_eq!(way(&reached, a, a), [Id(a)]);
        assert_eq!(way(&reached, a, d), []);
    }
}
