//! What people have allowed, and how they wish to be spoken to: purposes with their notices, preferences, and three years of the
//! consent ledger.

use super::Planting;
use super::customers::Customers;
use super::dice::{Dice, Mint};
use clientela_engine::{Engine, Idempotency, OperationRequest};
use clientela_kernel::{Context, Error, Id, Result, Timestamp};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

const DAY: i64 = 86_400_000;
/// The oldest entry of the ledger is at most so many days old.
const DAYS: u32 = 3 * 365;

/// Key, name, what for, legal basis, how many days a grant counts.
const PURPOSES: [(&str, &str, &str, &str, Option<u32>); 3] = [
    ("marketing", "News and offers", "Newsletters, invitations to tastings and offers of our own products.", "CONSENT", Some(1_460)),
    ("profiling", "Suggestions that fit", "What was bought decides what is suggested next.", "CONSENT", None),
    ("service", "Orders and deliveries", "Questions about orders, deliveries and complaints.", "CONTRACT", None),
];

/// Language, title and text of what people are told.
const NOTICES: [(&str, &str, &str); 3] = [
    ("de-AT", "Neuigkeiten und Angebote", "Wir senden Ihnen höchstens einmal im Monat Neuigkeiten. Sie können jederzeit widerrufen."),
    ("it-IT", "Novità e offerte", "Le scriviamo al massimo una volta al mese. Può revocare il consenso in ogni momento."),
    ("en", "News and offers", "We write at most once a month. You can withdraw at any time."),
];

/// What the ledger is told by, in order.
pub(super) struct Saying {
    /// Makes planting again harmless.
    key: String,
    body: Map<String, Json>,
}

/// Purposes, notices and preferences in steps, and what people have said.
pub(super) fn allow(mint: &mut Mint, dice: &mut Dice, customers: &Customers, now: Timestamp) -> (Vec<Vec<Planting>>, Vec<Saying>) {
    let ids: Vec<Id> = PURPOSES.iter().map(|_| mint.next()).collect();
    let purposes = ids.iter().zip(PURPOSES).map(|(id, (key, name, description, basis, days))| {
        let body = json!({
            "id": id.to_text("pur"), "key": key, "name": name, "description": description, "legalBasis": basis, "consentDays": days,
        });
        Planting::new("purpose", body)
    });
    let mut second = Vec::new();
    if let Some(marketing) = ids.first() {
        for (language, title, body) in NOTICES {
            let id = mint.next().to_text("pno");
            let body = json!({
                "id": id, "purposeId": marketing.to_text("pur"), "language": language, "edition": 1, "title": title, "body": body,
            });
            second.push(Planting::new("purposeNotice", body));
        }
    }
    let people: Vec<Id> = customers.all.iter().flat_map(|customer| customer.contacts.iter().copied()).collect();
    for contact in people.iter().step_by(4) {
        second.push(preference(mint, dice, *contact));
    }
    let mut sayings = Vec::new();
    for (number, contact) in people.iter().enumerate() {
        for (id, (key, ..)) in ids.iter().zip(PURPOSES).take(2) {
            if dice.chance(if key == "marketing" { 70 } else { 25 }) {
                speak(dice, &mut sayings, now, *contact, *id, &format!("demo-{key}-{number}"));
            }
        }
    }
    (vec![purposes.collect(), second], sayings)
}

fn preference(mint: &mut Mint, dice: &mut Dice, contact: Id) -> Planting {
    let (first, second) = dice.pick(&[("EMAIL", "PHONE"), ("PHONE", "EMAIL"), ("POSTAL", "PHONE")]);
    let rests = dice.chance(50);
    let body = json!({
        "id": mint.next().to_text("cpr"),
        "partyId": contact.to_text("con"),
        "firstChannel": first,
        "secondChannel": second,
        "quietFrom": rests.then_some("20:00"),
        "quietUntil": rests.then_some("08:00"),
        "mostPerWeek": dice.chance(40).then_some(2),
    });
    Planting::new("communicationPreference", body)
}

/// Somebody grants or refuses, and one in seven thinks better of a grant later.
fn speak(dice: &mut Dice, sayings: &mut Vec<Saying>, now: Timestamp, contact: Id, purpose: Id, key: &str) {
    let first = 2 + dice.below(DAYS - 2);
    let granted = dice.chance(80);
    let (source, evidence) = dice.pick(&[
        ("Trade fair", "Signed card, scanned"),
        ("Web shop", "Ticked the box under the order"),
        ("Telephone", "Said so; noted by the sales desk"),
    ]);
    let mut say = |part: &str, state: &str, days: u32| {
        let body = json!({
            "partyId": contact.to_text("con"),
            "purposeId": purpose.to_text("pur"),
            "state": state,
            "occurredAt": Timestamp(now.0 - i64::from(days) * DAY).to_text(),
            "source": source,
            "evidence": evidence,
        });
        if let Json::Object(body) = body {
            sayings.push(Saying { key: format!("{key}-{part}"), body });
        }
    };
    say("first", if granted { "GRANTED" } else { "DENIED" }, first);
    if granted && dice.chance(15) {
        say("then", "WITHDRAWN", 1 + dice.below(first - 1));
    }
}

/// Writes one entry of the ledger.
pub(super) async fn say(engine: &Engine, context: &Context, saying: Saying) -> Result<()> {
    let def = engine.registry().operations().iter().find(|def| def.name == "recordConsent").map(Arc::clone);
    let def = def.ok_or_else(|| Error::internal("no operation is called recordConsent"))?;
    // The dates follow the day of planting; what was said with a key once stays said.
    let fingerprint = Sha256::digest(&saying.key).iter().map(|byte| format!("{byte:02x}")).collect();
    let idempotency = Some(Idempotency { key: saying.key, fingerprint });
    let request = OperationRequest { def, record: None, body: saying.body, expected: None, idempotency, dry_run: false };
    engine.operate(context, request).await?.finish().await
}
