//! What goes on among the customers: who belongs to which household, who is what to whom, by which numbers authorities know them; and
//! among the staff: what is to be done, with whom to meet, who follows whom. A little of everything.

use super::customers::{Customer, Customers};
use super::dice::{Dice, Mint};
use super::staff::User;
use super::{Planting, words};
use clientela_kernel::{Id, Timestamp};
use serde_json::{Value as Json, json};

const HOUR: i64 = 60 * 60 * 1_000;
const DAY: i64 = 24 * HOUR;

/// What is to be done.
const TASKS: [(&str, &str, &str); 6] = [
    ("Send the price list for the winter season", "HIGH", "FREQ=YEARLY"),
    ("Ask how the last delivery went", "NORMAL", ""),
    ("Check the credit limit", "NORMAL", "FREQ=MONTHLY;BYMONTHDAY=1"),
    ("Call back about the complaint", "URGENT", ""),
    ("Offer the new soft cheese", "LOW", ""),
    ("Agree on delivery hours", "NORMAL", ""),
];

/// What visitors did: kind, page, amount, what else.
const EVENTS: [(&str, &str, &str, &[&str]); 5] = [
    ("PAGE_VIEWED", "https://shop.alpine-foods.example/", "", &[]),
    ("SEARCHED", "https://shop.alpine-foods.example/search", "", &["query=mountain cheese"]),
    ("PRODUCT_VIEWED", "https://shop.alpine-foods.example/cheese/vorarlberg", "24.45", &["sku=AB-100"]),
    ("CART_UPDATED", "https://shop.alpine-foods.example/cart", "48.90", &["quantity=2", "sku=AB-100"]),
    ("CHECKOUT_ABANDONED", "https://shop.alpine-foods.example/checkout", "48.90", &["step=payment"]),
];

/// Makes it all up, in steps of which each refers to earlier ones alone.
pub(super) fn go_on(mint: &mut Mint, dice: &mut Dice, staff: &[User], customers: &Customers, now: Timestamp) -> Vec<Vec<Planting>> {
    let mut work = Work { mint, dice, staff, now, first: Vec::new(), second: Vec::new() };
    work.tags();
    let accounts: Vec<(Id, &Customer)> = customers.all.iter().filter_map(|customer| Some((customer.account?, customer))).collect();
    work.relationships(&accounts);
    for (number, (account, customer)) in accounts.iter().enumerate() {
        match number {
            0..6 => {
                work.register(number, *account);
                work.task(number, *account, customer);
            }
            6..9 => work.meeting(*account, customer),
            _ => {}
        }
    }
    for (account, customer) in accounts.iter().rev().take(super::customers::HOUSEHOLDS) {
        work.household(*account, customer);
    }
    for customer in customers.all.iter().filter(|customer| customer.account.is_none()).take(2) {
        work.visitor(customer.contacts.first().copied());
    }
    work.visitor(None);
    vec![work.first, work.second]
}

struct Work<'a> {
    mint: &'a mut Mint,
    dice: &'a mut Dice,
    staff: &'a [User],
    now: Timestamp,
    first: Vec<Planting>,
    second: Vec<Planting>,
}

impl Work<'_> {
    fn user(&self, position: usize) -> Option<String> {
        self.staff.get(position).map(User::wire_id)
    }

    fn at(&self, milliseconds: i64) -> String {
        // Full hours look like appointments.
        Timestamp((self.now.0 + milliseconds) / HOUR * HOUR).to_text()
    }

    fn tags(&mut self) {
        let colors = ["GREEN", "BLUE", "ORANGE", "TEAL", "PURPLE", "YELLOW"];
        for (name, color) in words::TAGS.iter().zip(colors) {
            let body = json!({ "id": self.mint.next().to_text("tag"), "name": name, "color": color });
            self.first.push(Planting::new("tag", body));
        }
    }

    fn relationships(&mut self, accounts: &[(Id, &Customer)]) {
        let types =
            [("recommends", "recommended by", false, false), ("supplies", "supplied by", false, false), ("knows", "knows", true, false)];
        let mut ids = Vec::new();
        for (name, inverse, symmetric, acyclic) in types {
            let id = self.mint.next().to_text("rlt");
            let body = json!({ "id": id, "name": name, "inverseName": inverse, "symmetric": symmetric, "acyclic": acyclic });
            self.first.push(Planting::new("relationshipType", body));
            ids.push(id);
        }
        for (number, pair) in accounts.windows(2).skip(5).step_by(4).take(6).enumerate() {
            if let [(one, _), (other, _)] = pair {
                let body = json!({
                    "id": self.mint.next().to_text("rel"),
                    "typeId": ids.get(number % 2),
                    "fromPartyId": one.to_text("acc"),
                    "toPartyId": other.to_text("acc"),
                    "since": "2024-03-01",
                });
                self.second.push(Planting::new("relationship", body));
            }
        }
        let people: Vec<Id> = accounts.iter().filter_map(|(_, customer)| customer.contacts.first().copied()).collect();
        for pair in people.chunks_exact(2).take(4) {
            if let [one, other] = pair {
                let body = json!({
                    "id": self.mint.next().to_text("rel"),
                    "typeId": ids.last(),
                    "fromPartyId": one.to_text("con"),
                    "toPartyId": other.to_text("con"),
                    "note": "From the trade fair",
                });
                self.second.push(Planting::new("relationship", body));
            }
        }
    }

    fn register(&mut self, number: usize, account: Id) {
        let body = json!({
            "id": self.mint.next().to_text("tax"),
            "partyId": account.to_text("acc"),
            "scheme": "REGISTER",
            "country": "AT",
            "value": format!("FN {} {}", 100_000 + self.dice.below(400_000), ["a", "d", "k", "m", "w", "x"].get(number).unwrap_or(&"k")),
        });
        self.first.push(Planting::new("taxId", body));
    }

    fn task(&mut self, number: usize, account: Id, customer: &Customer) {
        let Some((subject, priority, rule)) = TASKS.get(number) else { return };
        let due = i64::from(self.dice.below(20)) * DAY - 3 * DAY;
        let recurrence = if rule.is_empty() { Json::Null } else { json!(rule) };
        let body = json!({
            "id": self.mint.next().to_text("tsk"),
            "subject": subject,
            "recordId": account.to_text("acc"),
            "assigneeId": self.user(customer.owner),
            "dueAt": self.at(due),
            "reminderAt": self.at(due - 2 * HOUR),
            "priority": priority,
            "status": if number == 1 { "COMPLETED" } else { "OPEN" },
            "recurrence": recurrence,
        });
        self.first.push(Planting::new("task", body));
        let body =
            json!({ "id": self.mint.next().to_text("flw"), "userId": self.user(customer.owner), "recordId": account.to_text("acc") });
        self.second.push(Planting::new("follower", body));
    }

    fn meeting(&mut self, account: Id, customer: &Customer) {
        let id = self.mint.next().to_text("mtg");
        let start = i64::from(1 + self.dice.below(30)) * DAY;
        let body = json!({
            "id": id,
            "title": "Assortment for the season",
            "recordId": account.to_text("acc"),
            "startsAt": self.at(start),
            "endsAt": self.at(start + HOUR),
            "timeZone": "Europe/Vienna",
            "location": "Tasting room",
            "ownerId": self.user(customer.owner),
        });
        self.first.push(Planting::new("meeting", body));
        for (number, contact) in customer.contacts.iter().take(2).enumerate() {
            let body = json!({
                "id": self.mint.next().to_text("mta"),
                "meetingId": id,
                "email": format!("guest{number}@post.example"),
                "partyId": contact.to_text("con"),
                "answer": self.dice.pick(&["ACCEPTED", "NEEDS_ACTION", "TENTATIVE"]),
            });
            self.second.push(Planting::new("meetingAttendee", body));
        }
    }

    fn household(&mut self, account: Id, customer: &Customer) {
        for (contact, role) in customer.contacts.iter().zip(["HEAD", "PARTNER", "CHILD"]) {
            let body = json!({
                "id": self.mint.next().to_text("hhm"),
                "accountId": account.to_text("acc"),
                "partyId": contact.to_text("con"),
                "role": role,
            });
            self.first.push(Planting::new("householdMember", body));
        }
    }

    fn visitor(&mut self, contact: Option<Id>) {
        let id = self.mint.next();
        let seen = self.now.0 - i64::from(self.dice.below(40)) * DAY;
        let body = json!({
            "id": id.to_text("vis"),
            "anonymousId": format!("visitor-{}", id.0.simple()),
            "partyId": contact.map(|contact| contact.to_text("con")),
            "firstSeenAt": Timestamp(seen).to_text(),
            "lastSeenAt": Timestamp(seen + HOUR / 2).to_text(),
            "language": "de-AT",
        });
        self.first.push(Planting::new("visitor", body));
        for (minute, (kind, url, worth, properties)) in (1_i64..).zip(EVENTS) {
            let value = if worth.is_empty() { Json::Null } else { json!({ "amount": worth, "currency": "EUR" }) };
            let body = json!({
                "id": self.mint.next().to_text("evt"),
                "kind": kind,
                "visitorId": id.to_text("vis"),
                "occurredAt": Timestamp(seen + minute * 60_000).to_text(),
                "url": url,
                "value": value,
                "properties": properties,
            });
            self.second.push(Planting::new("customerEvent", body));
        }
    }
}
