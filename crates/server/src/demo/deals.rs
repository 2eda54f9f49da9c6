//! Deals of the last two years and those that are under way: two pipelines, what deals are lost for, and to whom.

use super::customers::{Customer, Customers, euros};
use super::dice::{Dice, Mint};
use super::ledger::working_hour;
use super::staff::User;
use super::{Planting, words};
use clientela_kernel::{Date, Id, Timestamp};
use serde_json::{Value as Json, json};

const DEALS: usize = 160;
const DAY: i64 = 86_400_000;
/// Deals that began longer ago are decided.
const PATIENCE: i64 = 90;
const DAYS: i64 = 2 * 365;

/// A stage: name, position, kind, chance of success, category of the forecast, days until a deal in it is stale.
type Stage = (&'static str, i64, &'static str, i64, &'static str, Option<i64>);

const PIPELINES: [(&str, &str, &[Stage]); 2] = [
    (
        "New business",
        "Restaurants, hotels and shops that do not buy from us yet, or not this.",
        &[
            ("Qualify", 10, "OPEN", 10, "PIPELINE", Some(21)),
            ("Tasting", 20, "OPEN", 25, "PIPELINE", Some(30)),
            ("Offer", 30, "OPEN", 50, "BEST_CASE", Some(21)),
            ("Terms", 40, "OPEN", 80, "COMMIT", Some(14)),
            ("Won", 90, "WON", 100, "CLOSED", None),
            ("Lost", 91, "LOST", 0, "OMITTED", None),
        ],
    ),
    (
        "Season contracts",
        "Contracts for a season that are to go on.",
        &[
            ("Due", 10, "OPEN", 60, "BEST_CASE", Some(30)),
            ("In talks", 20, "OPEN", 85, "COMMIT", Some(30)),
            ("Renewed", 90, "WON", 100, "CLOSED", None),
            ("Ended", 91, "LOST", 0, "OMITTED", None),
        ],
    ),
];

const REASONS: [(&str, &str); 4] = [
    ("Price", "Another offer was cheaper, and nothing else counted."),
    ("Range", "We do not have what they want."),
    ("Delivery", "We do not come often enough, or not early enough."),
    ("No decision", "They go on as before."),
];

const COMPETITORS: [(&str, &str, &str); 3] = [
    ("Alpenmilch AG", "Delivers every day.", "Has no organic range."),
    ("Bio-Kontor Süd", "Is cheap in large quantities.", "Does not deliver above 1,000 meters."),
    ("Talgenuss eG", "Is known to everybody in the valley.", "Has twelve products."),
];

const SOURCES: [&str; 5] = ["Trade fair", "Recommendation", "Web site", "Visit", "Existing customer"];
const STEPS: [&str; 5] =
    ["Send samples", "Agree on a tasting", "Write the offer", "Ask for the quantities of last year", "Call the kitchen"];

/// Two steps: what deals need, then the deals.
pub(super) fn sell(mint: &mut Mint, dice: &mut Dice, staff: &[User], customers: &Customers, now: Timestamp) -> Vec<Vec<Planting>> {
    let (mut pipelines, mut around) = (Vec::new(), Vec::new());
    let mut lines: Vec<Vec<(Id, Stage)>> = Vec::new();
    for (place, (name, description, stages)) in PIPELINES.iter().enumerate() {
        let pipeline = mint.next();
        let body = json!({ "id": pipeline.to_text("ppl"), "name": name, "description": description, "isDefault": place == 0 });
        pipelines.push(Planting::new("pipeline", body));
        let mut line = Vec::new();
        for stage in *stages {
            let id = mint.next();
            let (name, position, kind, probability, category, stale) = *stage;
            let body = json!({
                "id": id.to_text("stg"), "pipelineId": pipeline.to_text("ppl"), "name": name, "position": position, "kind": kind,
                "probability": probability, "forecastCategory": category, "staleAfterDays": stale,
            });
            around.push(Planting::new("stage", body));
            line.push((id, *stage));
        }
        lines.push(line);
    }
    let reasons: Vec<Id> = REASONS.iter().map(|_| mint.next()).collect();
    for (id, (name, description)) in reasons.iter().zip(REASONS) {
        pipelines.push(Planting::new("lostReason", json!({ "id": id.to_text("lsr"), "name": name, "description": description })));
    }
    let competitors: Vec<Id> = COMPETITORS.iter().map(|_| mint.next()).collect();
    for (id, (name, strengths, weaknesses)) in competitors.iter().zip(COMPETITORS) {
        let body = json!({ "id": id.to_text("cmp"), "name": name, "strengths": strengths, "weaknesses": weaknesses });
        pipelines.push(Planting::new("competitor", body));
    }
    let accounts: Vec<(Id, &Customer)> = customers.all.iter().filter_map(|customer| Some((customer.account?, customer))).collect();
    let mut seller = Seller { mint, dice, staff, now, reasons, competitors };
    let deals = (0..DEALS).filter_map(|_| seller.deal(&accounts, &lines)).collect();
    vec![pipelines, around, deals]
}

struct Seller<'a> {
    mint: &'a mut Mint,
    dice: &'a mut Dice,
    staff: &'a [User],
    now: Timestamp,
    reasons: Vec<Id>,
    competitors: Vec<Id>,
}

impl Seller<'_> {
    fn one<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let place = self.dice.below(u32::try_from(from.len()).unwrap_or(1).max(1));
        from.get(usize::try_from(place).unwrap_or(0)).copied()
    }

    fn deal(&mut self, accounts: &[(Id, &Customer)], lines: &[Vec<(Id, Stage)>]) -> Option<Planting> {
        let (account, customer) = self.one(accounts)?;
        let renewal = self.dice.chance(25);
        let line = lines.get(usize::from(renewal))?;
        // Not before the two years that are told of.
        let began = Timestamp(working_hour(self.dice, self.now).0.max(self.now.0 - DAYS * DAY));
        let age = (self.now.0 - began.0) / DAY;
        // Whatever the age decides, as often is rolled.
        let early = self.dice.chance(u32::try_from(age).unwrap_or(0) / 2);
        let decided = age > PATIENCE || early;
        let won = self.dice.chance(if renewal { 75 } else { 40 });
        let wanted = match (decided, won) {
            (true, true) => "WON",
            (true, false) => "LOST",
            _ => "OPEN",
        };
        let stages: Vec<(Id, Stage)> = line.iter().filter(|(_, stage)| stage.2 == wanted).copied().collect();
        let (stage, _) = self.one(&stages)?;
        // What is won is won within weeks, what is lost takes its time.
        let took = i64::from(if won { 10 + self.dice.below(45) } else { 15 + self.dice.below(70) });
        let closed = Timestamp((began.0 + took * DAY).min(self.now.0 - DAY));
        let planned = Date(self.now.date().0 + 5 + i32::try_from(self.dice.below(70)).unwrap_or(0));
        let since = Timestamp(self.now.0 - i64::from(self.dice.below(u32::try_from(age.clamp(1, 40)).unwrap_or(1))) * DAY);
        let lost = wanted == "LOST";
        let worth = 400 + u64::from(self.dice.below(90)) * u64::from(10 + self.dice.below(60));
        let (reason, rival) = (self.one(&self.reasons.clone()), self.one(&self.competitors.clone()));
        let named = self.dice.chance(60);
        let rival = rival.filter(|_| lost && named);
        let step = self.dice.pick(&STEPS);
        let goods = self.dice.pick(&words::GOODS);
        let body = json!({
            "id": self.mint.next().to_text("opp"),
            "name": if renewal { format!("Season contract: {goods}") } else { goods.to_owned() },
            "kind": if renewal { "RENEWAL" } else { self.dice.pick(&["NEW_BUSINESS", "NEW_BUSINESS", "EXISTING_BUSINESS"]) },
            "accountId": account.to_text("acc"),
            "contactId": customer.contacts.first().map(|contact| contact.to_text("con")),
            "stageId": stage.to_text("stg"),
            "amount": euros(worth),
            "closeDate": if decided { closed.date() } else { planned }.to_text(),
            "closedAt": decided.then(|| closed.to_text()),
            "stageSince": if decided { closed } else { since }.to_text(),
            "source": if renewal { "Existing customer" } else { self.dice.pick(&SOURCES) },
            "nextStep": if decided { Json::Null } else { step.into() },
            "lostReasonId": reason.filter(|_| lost).map(|reason| reason.to_text("lsr")),
            "lostToId": rival.map(|rival| rival.to_text("cmp")),
            "ownerId": self.staff.get(customer.owner).map(User::wire_id),
        });
        Some(Planting::new("opportunity", body))
    }
}
