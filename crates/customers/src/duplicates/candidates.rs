//! Who might be whose duplicate: by keys that lie in indexes, never by looking at everybody.

use super::rule::Rule;
use super::score::{DuplicateReason, score};
use super::subject::{Subject, complete};
use crate::party::PartyKind;
use async_trait::async_trait;
use clientela_engine::Call;
use clientela_engine::module::{Found, RuleReader};
use clientela_kernel::{Comparison, Filter, Id, Result, Value};
use clientela_model::{Choice as _, system};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Parties that one key leads to at most: what more of them share tells nobody apart.
pub(super) const MOST_ALIKE: u32 = 200;
/// Values that one statement looks for.
const TOGETHER: usize = 200;
/// Records that are read at once while parties are completed.
const PAGE: u32 = 1_000;

/// Where records are read: as the caller may see them, or as rules do.
#[async_trait]
pub(super) trait Reads: Send + Sync {
    /// At most so many living records that satisfy a filter, from beyond an id on.
    async fn some(&self, resource: &'static str, filter: Filter, beyond: Option<Id>, most: u32) -> Result<Vec<Found>>;

    /// All of them, page by page.
    async fn all(&self, resource: &'static str, filter: Filter) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        loop {
            let page = self.some(resource, filter.clone(), found.last().map(|last: &Found| last.id), PAGE).await?;
            let full = page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
            found.extend(page);
            if !full {
                return Ok(found);
            }
        }
    }
}

#[async_trait]
impl Reads for Call<'_> {
    async fn some(&self, resource: &'static str, filter: Filter, beyond: Option<Id>, most: u32) -> Result<Vec<Found>> {
        self.visible(resource, filter, beyond, most).await
    }
}

/// As rules read.
pub(super) struct ByRule<'a>(pub(super) &'a dyn RuleReader);

#[async_trait]
impl Reads for ByRule<'_> {
    async fn some(&self, resource: &'static str, filter: Filter, beyond: Option<Id>, most: u32) -> Result<Vec<Found>> {
        // A rule reads a thousand records in no order, so there is no second page; that many of one key tell nothing.
        if beyond.is_some() {
            return Ok(Vec::new());
        }
        let mut found = self.0.find(resource, filter).await?;
        found.sort_by_key(|found| found.id);
        found.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        Ok(found)
    }
}

/// Somebody who may be the same as somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) id: Uuid,
    pub(super) score: i64,
    pub(super) rule: Id,
    pub(super) reasons: Vec<DuplicateReason>,
}

/// The candidates of each subject, the best first. All subjects are of one kind, and rules of that kind.
pub(super) async fn candidates(reads: &dyn Reads, rules: &[Rule], subjects: &[Subject]) -> Result<Vec<Vec<Candidate>>> {
    let Some(kind) = subjects.first().map(|subject| subject.kind.clone()) else { return Ok(Vec::new()) };
    let mut near: Vec<BTreeSet<Uuid>> = vec![BTreeSet::new(); subjects.len()];
    let any = |by: fn(&Rule) -> bool| rules.iter().any(by);
    if any(|rule| rule.email) {
        near_by_value(reads, "contactPoint", &["EMAIL"], subjects, |subject| &subject.emails, &mut near).await?;
    }
    if any(|rule| rule.phone) {
        near_by_value(reads, "contactPoint", &["PHONE", "MOBILE"], subjects, |subject| &subject.phones, &mut near).await?;
    }
    if any(|rule| rule.website) {
        near_by_value(reads, "contactPoint", &["WEB"], subjects, |subject| &subject.websites, &mut near).await?;
    }
    if any(|rule| rule.tax_id) {
        near_by_value(reads, "taxId", &[], subjects, |subject| &subject.tax_ids, &mut near).await?;
    }
    if any(|rule| rule.name) {
        near_by_name(reads, &kind, subjects, &mut near).await?;
    }
    for (subject, near) in subjects.iter().zip(&mut near) {
        near.remove(&subject.id);
    }
    let everybody: Vec<Uuid> = near.iter().flatten().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let others = parties(reads, &kind, &everybody).await?;
    let of_subject = |(subject, near): (&Subject, BTreeSet<Uuid>)| {
        let mut found: Vec<Candidate> =
            near.iter().filter_map(|id| others.get(id)).filter_map(|other| best(rules, subject, other)).collect();
        found.sort_by_key(|candidate| (std::cmp::Reverse(candidate.score), candidate.id));
        found
    };
    Ok(subjects.iter().zip(near).map(of_subject).collect())
}

/// What the rule that fits best says of two parties.
fn best(rules: &[Rule], one: &Subject, other: &Subject) -> Option<Candidate> {
    let by = |rule: &Rule| {
        if !pairs(rule, one, other) {
            return None;
        }
        let (score, reasons) = score(rule, one, other)?;
        Some(Candidate { id: other.id, score, rule: rule.id, reasons })
    };
    // Of two that say the same the one with the smaller id, whatever order they come in.
    rules.iter().filter_map(by).max_by_key(|candidate| (candidate.score, std::cmp::Reverse(candidate.rule)))
}

/// Whether a rule compares two parties: they share one of its keys.
fn pairs(rule: &Rule, one: &Subject, other: &Subject) -> bool {
    let shared = |of: fn(&Subject) -> &BTreeSet<String>| !of(one).is_disjoint(of(other));
    (rule.email && shared(|subject| &subject.emails))
        || (rule.phone && shared(|subject| &subject.phones))
        || (rule.website && shared(|subject| &subject.websites))
        || (rule.tax_id && shared(|subject| &subject.tax_ids))
        || (rule.name && !one.start.is_empty() && one.start == other.start)
}

async fn near_by_value(
    reads: &dyn Reads,
    resource: &'static str,
    kinds: &[&str],
    subjects: &[Subject],
    values: fn(&Subject) -> &BTreeSet<String>,
    near: &mut [BTreeSet<Uuid>],
) -> Result<()> {
    let mut wanted: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, subject) in subjects.iter().enumerate() {
        for value in values(subject) {
            wanted.entry(value).or_default().push(place);
        }
    }
    let all: Vec<&str> = wanted.keys().copied().collect();
    // One value that half the world shares must not crowd out the others: alone it is looked for to its own limit.
    for some in all.chunks(TOGETHER) {
        let found = of_values(reads, resource, kinds, some, PAGE).await?;
        let full = found.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
        let mut found = if full && some.len() > 1 { Vec::new() } else { found };
        if full && some.len() > 1 {
            for one in some {
                found.extend(of_values(reads, resource, kinds, &[one], MOST_ALIKE).await?);
            }
        }
        for record in found {
            let places = record.get("normalized").as_text().and_then(|value| wanted.get(value));
            if let (Some(places), Some(party)) = (places, record.get("partyId").as_id()) {
                for place in places {
                    near.get_mut(*place).map(|near| near.insert(party));
                }
            }
        }
    }
    Ok(())
}

async fn of_values(reads: &dyn Reads, resource: &'static str, kinds: &[&str], values: &[&str], most: u32) -> Result<Vec<Found>> {
    let mut filter = vec![Filter::field("normalized", Comparison::In(values.iter().map(|value| Value::from(*value)).collect()))];
    if !kinds.is_empty() {
        filter.push(Filter::field("kind", Comparison::In(kinds.iter().map(|kind| Value::from(*kind)).collect())));
    }
    reads.some(resource, Filter::And(filter), None, most).await
}

async fn near_by_name(reads: &dyn Reads, kind: &str, subjects: &[Subject], near: &mut [BTreeSet<Uuid>]) -> Result<()> {
    let mut wanted: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, subject) in subjects.iter().enumerate().filter(|(_, subject)| !subject.start.is_empty()) {
        wanted.entry(&subject.start).or_default().push(place);
    }
    for (start, places) in wanted {
        let filter = of_kind(kind, Filter::field("name", Comparison::StartsWith(start.to_owned())));
        for record in reads.some(face(kind), filter, None, MOST_ALIKE).await? {
            for place in &places {
                near.get_mut(*place).map(|near| near.insert(record.id.0));
            }
        }
    }
    Ok(())
}

/// The parties of a kind with these ids, whole.
async fn parties(reads: &dyn Reads, kind: &str, ids: &[Uuid]) -> Result<BTreeMap<Uuid, Subject>> {
    let mut all = BTreeMap::new();
    for some in ids.chunks(TOGETHER) {
        let of_them = Filter::field(system::ID, Comparison::In(some.iter().map(|id| Value::Id(*id)).collect()));
        let faces = reads.some(face(kind), of_kind(kind, of_them), None, PAGE).await?;
        let mut subjects: Vec<Subject> = faces.iter().map(Subject::of_face).collect();
        complete(reads, &mut subjects).await?;
        all.extend(subjects.into_iter().map(|subject| (subject.id, subject)));
    }
    Ok(all)
}

/// The resource whose records are the parties of a kind.
pub(super) fn face(kind: &str) -> &'static str {
    if kind == PartyKind::Person.as_str() { "contact" } else { "account" }
}

/// A filter among the records of a kind.
pub(super) fn of_kind(kind: &str, filter: Filter) -> Filter {
    if face(kind) == "contact" {
        return filter;
    }
    Filter::And(vec![filter, Filter::field("kind", Comparison::Equal(kind.into()))])
}
