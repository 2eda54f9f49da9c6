//! Four hundred and fifty interactions over the three years before the day of planting, with who took part, and some notes: business
//! grows, and there is more of it before the winter season.

use super::customers::{Customer, Customers, euros};
use super::dice::{Dice, Mint};
use super::staff::User;
use super::{Planting, words};
use chrono::Datelike as _;
use clientela_kernel::{Id, Timestamp};
use serde_json::{Value as Json, json};

const INTERACTIONS: usize = 450;
const DAYS: u32 = 3 * 365;
const DAY: i64 = 86_400_000;
const MINUTE: i64 = 60_000;

/// Three steps: the interactions, then their participants, then the notes.
pub(super) fn keep(mint: &mut Mint, dice: &mut Dice, staff: &[User], customers: &Customers, now: Timestamp) -> Vec<Vec<Planting>> {
    let (mut interactions, mut participants) = (Vec::new(), Vec::new());
    for number in 0..INTERACTIONS {
        let Some(customer) = choose(dice, &customers.all) else { continue };
        let id = mint.next();
        interactions.push(interaction(dice, staff, customer, id, number, now));
        for (party, prefix) in parties(dice, customer) {
            let body = json!({
                "id": mint.next().to_text("ipa"),
                "interactionId": id.to_text("int"),
                "partyId": party.to_text(prefix),
                "role": "CUSTOMER",
            });
            participants.push(Planting::new("interactionParticipant", body));
        }
    }
    vec![interactions, participants, notes(mint, dice, staff, customers)]
}

/// Every other company has a note, and one in four of those is pinned.
fn notes(mint: &mut Mint, dice: &mut Dice, staff: &[User], customers: &Customers) -> Vec<Planting> {
    let noted = customers.all.iter().filter_map(|customer| Some((customer.account?, customer.owner))).step_by(2);
    noted
        .map(|(account, owner)| {
            let (title, text) = dice.pick(&words::NOTES);
            let body = json!({
                "id": mint.next().to_text("not"),
                "recordId": account.to_text("acc"),
                "title": title,
                "body": text,
                "pinned": dice.chance(25),
                "ownerId": staff.get(owner).map(User::wire_id),
            });
            Planting::new("note", body)
        })
        .collect()
}

/// A few customers are seen much more often than the rest, as it is in life.
fn choose<'a>(dice: &mut Dice, all: &'a [Customer]) -> Option<&'a Customer> {
    let length = u32::try_from(all.len()).unwrap_or(0);
    let reach = if dice.chance(50) { length / 4 } else { length };
    all.get(usize::try_from(dice.below(reach)).unwrap_or(0))
}

/// The account, one of its people and now and then a second one.
fn parties(dice: &mut Dice, customer: &Customer) -> Vec<(Id, &'static str)> {
    let mut parties: Vec<(Id, &'static str)> = customer.account.iter().map(|account| (*account, "acc")).collect();
    let people = u32::try_from(customer.contacts.len()).unwrap_or(0);
    let first = usize::try_from(dice.below(people)).unwrap_or(0);
    parties.extend(customer.contacts.get(first).map(|contact| (*contact, "con")));
    if dice.chance(20) {
        let others = customer.contacts.iter().enumerate().find(|(position, _)| *position != first);
        parties.extend(others.map(|(_, contact)| (*contact, "con")));
    }
    parties
}

fn interaction(dice: &mut Dice, staff: &[User], customer: &Customer, id: Id, number: usize, now: Timestamp) -> Planting {
    let (kind, direction, channel, least, most) = sort_of(dice);
    let at = working_hour(dice, now);
    let owner = if dice.chance(80) { customer.owner } else { 4 };
    let minutes = if most == 0 { None } else { Some(least + dice.below(most - least)) };
    let (subject, outcome, text) = match kind {
        "PURCHASE" => (format!("Order {:05}: {}", 20_000 + number, dice.pick(&words::GOODS)), None, None),
        "WEB_VISIT" => ("Looked at the assortment".to_owned(), None, None),
        _ => {
            let (subject, outcome, text) = dice.pick(&words::TOPICS);
            (subject.to_owned(), Some(outcome), Some(text))
        }
    };
    let cost = match kind {
        "VISIT" => euros(60 + u64::from(dice.below(180))),
        "LETTER" => json!({"amount": "1.20", "currency": "EUR"}),
        _ => Json::Null,
    };
    let body = json!({
        "id": id.to_text("int"),
        "kind": kind,
        "direction": direction,
        "channel": channel,
        "subject": subject,
        "body": text,
        "outcome": outcome,
        "occurredAt": at.to_text(),
        "duration": minutes.map(|minutes| format!("PT{minutes}M")),
        "cost": cost,
        "ownerId": staff.get(owner).map(User::wire_id),
        "tags": if kind == "PURCHASE" { vec!["order"] } else { Vec::new() },
    });
    Planting::new("interaction", body)
}

fn sort_of(dice: &mut Dice) -> (&'static str, &'static str, &'static str, u32, u32) {
    let mut left = dice.below(words::CONTACTS.iter().map(|sort| sort.0).sum());
    for (weight, kind, direction, channel, least, most) in words::CONTACTS {
        if left < weight {
            return (kind, direction, channel, least, most);
        }
        left -= weight;
    }
    ("OTHER", "INTERNAL", "OTHER", 0, 0)
}

/// A moment between eight and half past four on a working day, at least a day ago.
pub(super) fn working_hour(dice: &mut Dice, now: Timestamp) -> Timestamp {
    let mut ago = dice.below(DAYS - 3);
    // Every other one is the later of two: business grows.
    if dice.chance(50) {
        ago = ago.min(dice.below(DAYS - 3));
    }
    let mut day = i64::from(now.date().0) - 1 - i64::from(ago);
    // A quiet January or August sends one in two to the autumn before it, as far as the three years reach.
    let month = Timestamp(day * DAY).to_chrono().month();
    // Rolled in every month: what comes after it must not depend on the day of planting.
    let sent = dice.chance(50);
    if matches!(month, 1 | 8) && sent && ago + 70 < DAYS - 3 {
        day -= 70;
    }
    // The first day of 1970 was a Thursday; Saturday and Sunday become the Friday before.
    day -= ((day + 3).rem_euclid(7) - 4).max(0);
    Timestamp(day * DAY + (8 * 60 + i64::from(dice.below(510))) * MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn business_is_done_on_working_days() {
        let now = Timestamp::parse("2026-05-04T03:00:00Z").unwrap();
        let mut dice = Dice::numbered(0);
        for _ in 0..500 {
            let at = working_hour(&mut dice, now);
            let day = at.to_chrono().format("%u").to_string();
            assert!(day.parse::<u32>().unwrap() <= 5, "{}", at.to_text());
            assert!(at < now && at.0 > now.0 - 1_096 * DAY);
        }
    }
}
