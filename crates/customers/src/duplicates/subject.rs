//! What is compared: a party with everything that rules look at, from its records or as a caller gives it.

use super::candidates::Reads;
use crate::contact_point::ContactPointKind;
use crate::normal;
use crate::party::PartyKind;
use clientela_engine::module::{Draft, Found};
use clientela_kernel::fold::fold;
use clientela_kernel::{Comparison, Date, Filter, Result, Value};
use clientela_model::Choice as _;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Words that say what an organization is and not which one.
const LEGAL_FORMS: [&str; 34] = [
    "ab",
    "ag",
    "aps",
    "as",
    "bv",
    "co",
    "company",
    "corp",
    "corporation",
    "doo",
    "eg",
    "ek",
    "gesmbh",
    "gmbh",
    "inc",
    "incorporated",
    "kg",
    "kgaa",
    "limited",
    "llc",
    "llp",
    "ltd",
    "mbh",
    "nv",
    "ohg",
    "oy",
    "plc",
    "sa",
    "sarl",
    "sas",
    "se",
    "sl",
    "spa",
    "srl",
];

/// A party as rules see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subject {
    /// The party; nil where there is none yet.
    pub(super) id: Uuid,
    pub(super) kind: String,
    /// Its names, as they are compared.
    pub(super) names: Vec<String>,
    /// With what the stored name of another one must begin to be looked at.
    pub(super) start: String,
    pub(super) emails: BTreeSet<String>,
    pub(super) phones: BTreeSet<String>,
    pub(super) websites: BTreeSet<String>,
    pub(super) tax_ids: BTreeSet<String>,
    pub(super) birth_date: Option<Date>,
    pub(super) city: Option<String>,
}

/// A record's field by name.
type Fields<'a> = &'a (dyn Fn(&str) -> &'a Value + Sync);

impl Subject {
    /// The party behind a contact or account, without what other records say.
    pub(super) fn of_face(found: &Found) -> Subject {
        Subject::of(&found.def.name, found.id.0, &|field| found.get(field))
    }

    /// A contact or account that is being made, with the addresses that come along.
    pub(super) fn of_draft(draft: &Draft, country: Option<&str>) -> Subject {
        let mut subject = Subject::of(&draft.def.name, draft.id.0, &|field| draft.get(field));
        for (field, kind) in [
            ("email", ContactPointKind::Email),
            ("phone", ContactPointKind::Phone),
            ("mobile", ContactPointKind::Mobile),
            ("website", ContactPointKind::Web),
        ] {
            if let Some(value) = draft.get(field).as_text() {
                subject.reach(kind, value, country);
            }
        }
        subject
    }

    fn of(resource: &str, id: Uuid, get: Fields<'_>) -> Subject {
        let kind = if resource == "contact" { PartyKind::Person.as_str() } else { get("kind").as_text().unwrap_or_default() };
        let mut subject = Subject { id, kind: kind.to_owned(), ..Subject::default() };
        if let Some(name) = get("name").as_text() {
            subject.call(name);
        }
        if let Some(name) = get("legalName").as_text() {
            subject.names.push(words(kind, name));
        }
        subject.city = get("city").as_text().map(fold);
        subject.birth_date = match get("birthDate") {
            Value::Date(date) => Some(*date),
            _ => None,
        };
        subject
    }

    /// Gives it its name.
    pub(super) fn call(&mut self, name: &str) {
        self.names.push(words(&self.kind, name));
        self.start = start(&self.kind, &fold(name.trim()));
    }

    /// Adds an address as it is written.
    pub(super) fn reach(&mut self, kind: ContactPointKind, value: &str, country: Option<&str>) {
        if let Some(normalized) = normal::form(kind, value, country) {
            self.add(kind.as_str(), &normalized);
        }
    }

    fn add(&mut self, kind: &str, normalized: &str) {
        let set = match kind {
            "EMAIL" => &mut self.emails,
            "PHONE" | "MOBILE" => &mut self.phones,
            "WEB" => &mut self.websites,
            _ => return,
        };
        set.insert(normalized.to_owned());
    }
}

/// Adds what contact points and tax numbers say of these parties.
pub(super) async fn complete(reads: &dyn Reads, subjects: &mut [Subject]) -> Result<()> {
    let ids: Vec<Value> = subjects.iter().map(|subject| Value::Id(subject.id)).collect();
    let places: BTreeMap<Uuid, usize> = subjects.iter().enumerate().map(|(place, subject)| (subject.id, place)).collect();
    let owner = |found: &Found| found.get("partyId").as_id().and_then(|id| places.get(&id)).copied();
    let of_them = Filter::field("partyId", Comparison::In(ids));
    let kinds = ["EMAIL", "PHONE", "MOBILE", "WEB"].map(Value::from).to_vec();
    let points = Filter::And(vec![of_them.clone(), Filter::field("kind", Comparison::In(kinds))]);
    for point in reads.all("contactPoint", points).await? {
        if let (Some(subject), Some(kind), Some(normalized)) =
            (owner(&point).and_then(|place| subjects.get_mut(place)), point.get("kind").as_text(), point.get("normalized").as_text())
        {
            subject.add(kind, normalized);
        }
    }
    for number in reads.all("taxId", of_them).await? {
        if let (Some(subject), Some(normalized)) =
            (owner(&number).and_then(|place| subjects.get_mut(place)), number.get("normalized").as_text())
        {
            subject.tax_ids.insert(normalized.to_owned());
        }
    }
    Ok(())
}

/// A name as it is compared: folded words with one blank between them, without legal forms.
fn words(kind: &str, name: &str) -> String {
    let folded = fold(name).replace(['.', '\''], "");
    let all: Vec<&str> = folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let own: Vec<&str> = all.iter().copied().filter(|word| !LEGAL_FORMS.contains(word)).collect();
    // A company may be called nothing else.
    let kept = if kind == PartyKind::Organization.as_str() && !own.is_empty() { own } else { all };
    kept.join(" ")
}

/// With what names begin that are looked at together.
fn start(kind: &str, folded: &str) -> String {
    let first = folded.find(' ').unwrap_or(folded.len());
    let length = if kind == PartyKind::Person.as_str() && first < folded.len() {
        folded.get(..first).unwrap_or_default().chars().count() + 3
    } else {
        6
    };
    folded.chars().take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_by_their_words() {
        assert_eq!(words("ORGANIZATION", "Bergkäserei  Tirol Ges.m.b.H. & Co. KG"), "bergkaserei tirol");
        assert_eq!(words("ORGANIZATION", "AG"), "ag");
        assert_eq!(words("PERSON", "O'Brien, Co"), "obrien co");
    }

    #[test]
    fn names_begin_alike_by_kind() {
        assert_eq!(start("PERSON", "anna maria huber"), "anna ma");
        assert_eq!(start("PERSON", "huberin"), "huberi");
        assert_eq!(start("ORGANIZATION", "a b c d e"), "a b c ");
        assert_eq!(start("ORGANIZATION", "ab"), "ab");
    }
}
