//! How alike two records are: whole numbers all the way, so that every machine comes to the same.

use super::rule::Rule;
use super::subject::Subject;
use clientela_macros::{Choice, Shape};
use std::collections::BTreeSet;

/// What two records were compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum DuplicateField {
    /// Their names.
    Name,
    /// Their e-mail addresses.
    Email,
    /// Their telephone numbers, mobile or not.
    Phone,
    /// Their web sites.
    Website,
    /// Their tax numbers.
    TaxId,
    /// Their days of birth.
    BirthDate,
    /// Their towns.
    City,
}

/// How two values were compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum DuplicateComparison {
    /// The same or not, in the form in which two spellings of the same are equal.
    Equal,
    /// By how many letters are wrong, missing, too many or swapped, case and accents aside.
    EditDistance,
}

/// A comparison, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Shape)]
pub struct DuplicateReason {
    /// What was compared.
    #[field()]
    pub field: DuplicateField,
    /// How.
    #[field()]
    pub comparison: DuplicateComparison,
    /// From 0, nothing alike, to 100, the same.
    #[field(min = 0, max = 100, example = "92")]
    pub similarity: i64,
    /// What it counts, by the rule.
    #[field(min = 1, max = 100, example = "40")]
    pub weight: i64,
}

/// The score of two records by a rule, and what it is made of; fields that either does not have do not count. None below the
/// rule's threshold.
pub(super) fn score(rule: &Rule, one: &Subject, other: &Subject) -> Option<(i64, Vec<DuplicateReason>)> {
    use DuplicateComparison::{EditDistance, Equal};
    let weights = &rule.weights;
    let dates = one.birth_date.zip(other.birth_date).map(|(one, other)| if one == other { 100 } else { 0 });
    let cities = one.city.as_deref().zip(other.city.as_deref()).map(|(one, other)| similarity(one, other));
    let compared = [
        (DuplicateField::Name, EditDistance, names(&one.names, &other.names), weights.name),
        (DuplicateField::Email, Equal, shared(&one.emails, &other.emails), weights.email),
        (DuplicateField::Phone, Equal, shared(&one.phones, &other.phones), weights.phone),
        (DuplicateField::Website, Equal, shared(&one.websites, &other.websites), weights.website),
        (DuplicateField::TaxId, Equal, shared(&one.tax_ids, &other.tax_ids), weights.tax_id),
        (DuplicateField::BirthDate, Equal, dates, weights.birth_date),
        (DuplicateField::City, EditDistance, cities, weights.city),
    ];
    let reasons: Vec<DuplicateReason> = compared
        .into_iter()
        .filter(|(.., weight)| *weight > 0)
        .filter_map(|(field, comparison, similarity, weight)| Some(DuplicateReason { field, comparison, similarity: similarity?, weight }))
        .collect();
    let total: i64 = reasons.iter().map(|reason| reason.weight).sum();
    let sum: i64 = reasons.iter().map(|reason| reason.weight * reason.similarity).sum();
    let score = sum.checked_div(total)?;
    (score >= rule.threshold).then_some((score, reasons))
}

/// Whether two sets have a member in common; none where either is empty.
fn shared(one: &BTreeSet<String>, other: &BTreeSet<String>) -> Option<i64> {
    if one.is_empty() || other.is_empty() {
        return None;
    }
    Some(if one.is_disjoint(other) { 0 } else { 100 })
}

/// The best fit of the names of two parties, as they are written and with their words in order.
fn names(one: &[String], other: &[String]) -> Option<i64> {
    let pairs = one.iter().flat_map(|one| other.iter().map(move |other| (one, other)));
    pairs.map(|(one, other)| similarity(one, other).max(similarity(&in_order(one), &in_order(other)))).max()
}

fn in_order(name: &str) -> String {
    let mut words: Vec<&str> = name.split(' ').collect();
    words.sort_unstable();
    words.join(" ")
}

/// How much of the longer text is left untouched when it is turned into the other.
fn similarity(one: &str, other: &str) -> i64 {
    let longer = one.chars().count().max(other.chars().count());
    let kept = longer.saturating_sub(strsim::osa_distance(one, other));
    let share = (kept * 100).checked_div(longer).unwrap_or(0);
    i64::try_from(share).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duplicates::rule::Weights;
    use clientela_kernel::{Date, Id};
    use uuid::Uuid;

    fn rule() -> Rule {
        let weights = Weights { name: 40, email: 30, phone: 20, website: 20, tax_id: 60, birth_date: 20, city: 0 };
        let id = Id(Uuid::nil());
        Rule { id, kind: "PERSON".into(), email: true, phone: true, website: true, tax_id: true, name: true, weights, threshold: 1 }
    }

    fn person(name: &str, email: Option<&str>) -> Subject {
        Subject {
            kind: "PERSON".into(),
            names: vec![name.into()],
            emails: email.iter().map(|email| (*email).to_owned()).collect(),
            ..Subject::default()
        }
    }

    #[test]
    fn texts_are_alike_by_what_is_left_of_them() {
        for (one, other, expected) in
            [("anna huber", "anna huber", 100), ("huber", "hubre", 80), ("huber", "hueber", 83), ("ab", "xy", 0), ("", "", 0)]
        {
            assert_eq!(similarity(one, other), expected, "{one} {other}");
            assert_eq!(similarity(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn a_score_is_the_mean_of_what_both_have() {
        let (score_of, reasons) = score(&rule(), &person("anna huber", Some("a@x")), &person("huber anna", None)).unwrap();
        assert_eq!((score_of, reasons.len()), (100, 1), "the order of words does not count, nor does what one has not");
        let (score_of, reasons) = score(&rule(), &person("anna huber", Some("a@x")), &person("anna huber", Some("b@x"))).unwrap();
        assert_eq!((score_of, reasons.len()), (57, 2));
        let day = |day| Some(Date::parse(day).unwrap());
        let one = Subject { birth_date: day("1984-05-17"), ..person("anna huber", None) };
        let other = Subject { birth_date: day("1984-05-18"), ..person("anna huber", None) };
        assert_eq!(score(&rule(), &one, &other).unwrap().0, 66);
        assert_eq!(score(&Rule { threshold: 67, ..rule() }, &one, &other), None);
    }

    #[test]
    fn a_rule_without_weights_finds_nothing() {
        let weights = Weights { name: 0, email: 0, phone: 0, website: 0, tax_id: 0, birth_date: 0, city: 0 };
        assert_eq!(score(&Rule { weights, ..rule() }, &person("a", None), &person("a", None)), None);
    }
}
