//! Plain fields and the records behind them, kept in step in one transaction: a contact's `email`, `phone` and `mobile` and an
//! account's `phone` and `website` are the values of the party's preferred contact points; `city` and `country` of both are
//! those of its preferred address.
//!
//! A point is a row of its own from the start, even where a contact is made with nothing but an e-mail address: consents,
//! health and verification hang on it, and a list of contact points that left out the preferred ones would mislead. The
//! way of a plain create stays short all the same: a new party has no points yet, so nothing is read, and the rows go along in
//! the statement that makes the contact. A town without a street is no address, so none is made for it.
//!
//! Rules of companions do not run, so each side names everything that follows from its own change: the faces of a party
//! (its contact or account, and the accounts of a person) name points and one another, points and addresses name the faces.
//! Two writers meet at the face or at the point that loses its mark, whose versions guard the write; only the very first two
//! points of a kind without a plain field (two fax numbers, made in the same instant) may both keep the mark they were given.

use crate::contact_point::{ContactPointHealth, ContactPointKind};
use crate::{normal, telephone};
use clientela_engine::module::{ChangeKind, Companion, Draft, Found, RuleReader};
use clientela_kernel::{Comparison, Filter, Id, Result, Value};
use clientela_model::{Choice as _, system};

const POINT: &str = "contactPoint";
const ADDRESS: &str = "address";
/// The public faces of a party.
const FACES: [&str; 2] = ["contact", "account"];
/// Fields that are the address's.
const PLACE: [&str; 2] = ["city", "country"];

/// The plain fields of a face, with the kind of point each is the value of.
fn plain_fields(face: &str) -> &'static [(&'static str, ContactPointKind)] {
    match face {
        "contact" => &[("email", ContactPointKind::Email), ("phone", ContactPointKind::Phone), ("mobile", ContactPointKind::Mobile)],
        "account" => &[("phone", ContactPointKind::Phone), ("website", ContactPointKind::Web)],
        _ => &[],
    }
}

fn equal(field: &'static str, value: &Value) -> Filter {
    Filter::field(field, Comparison::Equal(value.clone()))
}

fn preferred() -> Filter {
    equal("preferred", &Value::Boolean(true))
}

fn other_than(id: Id) -> Filter {
    equal(system::ID, &Value::Id(id.0)).negate()
}

/// Decides `preferred` where the caller has left it open: the first of those that are alike in these fields has the mark.
pub(crate) async fn prefer_the_first(reader: &dyn RuleReader, draft: &mut Draft, alike: &[&'static str]) -> Result<()> {
    if !draft.get("preferred").is_null() {
        return Ok(());
    }
    let mut conditions: Vec<Filter> = alike.iter().map(|field| equal(field, draft.get(field))).collect();
    conditions.push(preferred());
    let others = reader.find(&draft.def.name, Filter::And(conditions)).await?;
    draft.set("preferred", Value::Boolean(others.is_empty()));
    Ok(())
}

/// What follows when a contact or account changes.
pub(crate) async fn follow_face(reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
    // What a deletion takes along comes back with it; both are in step already.
    if !matches!(draft.kind, ChangeKind::Created | ChangeKind::Updated) {
        return Ok(Vec::new());
    }
    let party = draft.get("partyId");
    // Only an identity that is made along with its face is known to have nothing yet.
    let is_new = draft.kind == ChangeKind::Created && party.as_id() == Some(draft.id.0);
    let touched: Vec<_> = plain_fields(&draft.def.name).iter().filter(|(field, _)| draft.changed(field)).collect();
    let place: Vec<&'static str> = PLACE.into_iter().filter(|field| draft.changed(field)).collect();
    let mut companions = Vec::new();
    // Asked for only where a number does not say it itself.
    let national =
        |(field, kind): &&&(&str, ContactPointKind)| draft.get(field).as_text().is_some_and(|value| normal::needs_country(*kind, value));
    let country = match touched.iter().find(national) {
        Some(_) => telephone::home_of_face(reader, draft.get("country")).await?,
        None => None,
    };
    if is_new {
        let of = |(field, kind): &&(&str, ContactPointKind)| Some(point(party, *kind, draft.get(field).as_text()?, country.as_deref()));
        companions.extend(touched.iter().filter_map(of));
        return Ok(companions);
    }
    if !touched.is_empty() {
        let kinds = touched.iter().map(|(_, kind)| kind.as_str().into()).collect();
        let points = reader.find(POINT, Filter::And(vec![equal("partyId", party), Filter::field("kind", Comparison::In(kinds))])).await?;
        for (field, kind) in &touched {
            companions.extend(follow_field(party, *kind, draft.get(field).as_text(), country.as_deref(), &points));
        }
    }
    if !place.is_empty() {
        let values: Vec<_> = place.iter().map(|field| (*field, draft.get(field).clone())).collect();
        for address in reader.find(ADDRESS, Filter::And(vec![equal("partyId", party), preferred()])).await? {
            companions.push(Companion::Patch { resource: ADDRESS, id: address.id, values: values.clone() });
        }
    }
    if !touched.is_empty() || !place.is_empty() {
        let changes: Vec<(&'static str, Value)> =
            touched.iter().map(|(field, _)| *field).chain(place).map(|field| (field, draft.get(field).clone())).collect();
        companions.extend(other_faces(reader, draft, &changes).await?);
    }
    Ok(companions)
}

/// What becomes of a party's points of one kind when the plain field has this value now.
fn follow_field(party: &Value, kind: ContactPointKind, value: Option<&str>, country: Option<&str>, points: &[Found]) -> Vec<Companion> {
    let of_kind = || points.iter().filter(|point| point.get("kind").as_text() == Some(kind.as_str()));
    let current: Vec<&Found> = of_kind().filter(|point| point.get("preferred") == &Value::Boolean(true)).collect();
    let Some(value) = value else {
        return current.into_iter().map(|point| Companion::Delete { resource: POINT, id: point.id }).collect();
    };
    let normalized = normal::form(kind, value, country).map_or(Value::Null, Value::Text);
    // Without a normal form the same letters are the same address.
    let is_it = |point: &&Found| match &normalized {
        Value::Null => point.get("value").as_text() == Some(value),
        normalized => point.get("normalized") == normalized,
    };
    let known = of_kind().find(is_it);
    let patch = |point: &Found, values| Companion::Patch { resource: POINT, id: point.id, values };
    match (known, current.as_slice()) {
        (Some(known), [_]) if known.get("preferred") == &Value::Boolean(true) && known.get("value").as_text() == Some(value) => Vec::new(),
        // One the party has already becomes the preferred one; what it was before stays beside it.
        (Some(known), _) => {
            let demoted = current.iter().filter(|point| point.id != known.id);
            let mut companions: Vec<_> = demoted.map(|point| patch(point, vec![("preferred", Value::Boolean(false))])).collect();
            companions.push(patch(known, vec![("preferred", Value::Boolean(true)), ("value", value.into())]));
            companions
        }
        // Another address in the same place: what was known about the old one says nothing about it.
        (None, [current, ..]) => vec![patch(
            current,
            vec![
                ("value", value.into()),
                ("normalized", normalized),
                ("verifiedAt", Value::Null),
                ("health", ContactPointHealth::Ok.as_str().into()),
                ("healthReason", Value::Null),
                ("healthReportedAt", Value::Null),
            ],
        )],
        (None, []) => vec![point(party, kind, value, country)],
    }
}

/// A new preferred point.
fn point(party: &Value, kind: ContactPointKind, value: &str, country: Option<&str>) -> Companion {
    let values = vec![
        ("partyId", party.clone()),
        ("kind", kind.as_str().into()),
        ("value", value.into()),
        ("normalized", normal::form(kind, value, country).map_or(Value::Null, Value::Text)),
        ("preferred", Value::Boolean(true)),
    ];
    Companion::Create { resource: POINT, values }
}

/// The other faces of a draft's party, told the same.
async fn other_faces(reader: &dyn RuleReader, draft: &Draft, changes: &[(&'static str, Value)]) -> Result<Vec<Companion>> {
    let party = draft.get("partyId");
    let is_person = draft.def.name == "contact" || party.as_id() != Some(draft.id.0);
    // An organization or a household has one face, and that is the draft.
    if !is_person {
        return Ok(Vec::new());
    }
    let faces: &[&'static str] = if draft.def.name == "contact" { &["account"] } else { &FACES };
    let mut companions = tell_faces(reader, party, faces, changes).await?;
    companions.retain(|companion| !matches!(companion, Companion::Patch { id, .. } if *id == draft.id));
    Ok(companions)
}

/// Patches of those faces of a party that have any of these fields. The engine passes over those that say nothing new.
async fn tell_faces(
    reader: &dyn RuleReader,
    party: &Value,
    faces: &[&'static str],
    changes: &[(&'static str, Value)],
) -> Result<Vec<Companion>> {
    let mut companions = Vec::new();
    for resource in faces.iter().copied() {
        let has = |field: &str| PLACE.contains(&field) || plain_fields(resource).iter().any(|(name, _)| *name == field);
        let values: Vec<_> = changes.iter().filter(|(field, _)| has(field)).cloned().collect();
        if values.is_empty() {
            continue;
        }
        // A contact shares its party's id.
        let of_party = if resource == "contact" { equal(system::ID, party) } else { equal("partyId", party) };
        for face in reader.find(resource, of_party).await? {
            companions.push(Companion::Patch { resource, id: face.id, values: values.clone() });
        }
    }
    Ok(companions)
}

/// Fills the plain fields that a new account of a person leaves open with what is known of that person.
pub(crate) async fn take_over(reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
    let party = draft.get("partyId").clone();
    if draft.kind != ChangeKind::Created || party.is_null() || party.as_id() == Some(draft.id.0) {
        return Ok(());
    }
    let points = reader.find(POINT, Filter::And(vec![equal("partyId", &party), preferred()])).await?;
    for (field, kind) in plain_fields("account") {
        let known = points.iter().find(|point| point.get("kind").as_text() == Some(kind.as_str()));
        if let Some(known) = known.filter(|_| draft.get(field).is_null()) {
            draft.set(field, known.get("value").clone());
        }
    }
    if let Some(person) = reader.find("contact", equal(system::ID, &party)).await?.first() {
        // A country belongs to its city: both or neither are taken over.
        if PLACE.iter().all(|field| draft.get(field).is_null()) {
            PLACE.iter().for_each(|field| draft.set(field, person.get(field).clone()));
        }
    }
    Ok(())
}

/// What follows when a contact point changes.
pub(crate) async fn follow_point(reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
    let Some(kind) = ContactPointKind::named(draft.get("kind")) else { return Ok(Vec::new()) };
    let (party, was, is) = (draft.get("partyId"), marked_before(draft), marked_after(draft));
    let mut companions = Vec::new();
    let told = |marked: bool, value: &Value| if marked { value.clone() } else { Value::Null };
    let (before, after) = (told(was, draft.old("value")), told(is, draft.get("value")));
    if before != after {
        let mut changes: Vec<(&'static str, Value)> = Vec::new();
        for (field, of) in plain_fields("contact").iter().chain(plain_fields("account")) {
            if *of == kind && !changes.iter().any(|(name, _)| name == field) {
                changes.push((field, after.clone()));
            }
        }
        // The face first: two writers of points meet there, and the later one then sees the other's point as well.
        companions.extend(tell_faces(reader, party, &FACES, &changes).await?);
    }
    if is && !was {
        let others = vec![equal("partyId", party), equal("kind", draft.get("kind")), preferred(), other_than(draft.id)];
        companions.extend(unmark(reader, POINT, Filter::And(others)).await?);
    }
    Ok(companions)
}

/// What follows when an address changes.
pub(crate) async fn follow_address(reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
    let (party, was, is) = (draft.get("partyId"), marked_before(draft), marked_after(draft));
    let mut companions = Vec::new();
    let changed = was != is || (is && PLACE.iter().any(|field| draft.changed(field)));
    if changed {
        let told = |field: &'static str| (field, if is { draft.get(field).clone() } else { Value::Null });
        companions.extend(tell_faces(reader, party, &FACES, &PLACE.map(told)).await?);
    }
    if is && !was {
        let others = vec![equal("partyId", party), preferred(), other_than(draft.id)];
        companions.extend(unmark(reader, ADDRESS, Filter::And(others)).await?);
    }
    Ok(companions)
}

/// Whether the record lived with the mark before the change.
fn marked_before(draft: &Draft) -> bool {
    let lived = draft.before.is_some() && draft.old(system::DELETED_AT).is_null();
    lived && draft.old("preferred") == &Value::Boolean(true)
}

/// Whether the record lives with the mark after it.
fn marked_after(draft: &Draft) -> bool {
    draft.kind != ChangeKind::Deleted && draft.get("preferred") == &Value::Boolean(true)
}

async fn unmark(reader: &dyn RuleReader, resource: &'static str, those: Filter) -> Result<Vec<Companion>> {
    let unmarked = |found: Found| Companion::Patch { resource, id: found.id, values: vec![("preferred", Value::Boolean(false))] };
    Ok(reader.find(resource, those).await?.into_iter().map(unmarked).collect())
}
