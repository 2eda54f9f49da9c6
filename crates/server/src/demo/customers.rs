//! Forty accounts and a hundred and twenty contacts: a hotel group with its houses, other companies, households, two
//! people who buy for themselves, and a few people who belong to nobody yet.

use super::dice::{Dice, Mint};
use super::staff::User;
use super::{Planting, words};
use clientela_kernel::{Date, Id, Timestamp, fold::fold};
use serde_json::{Value as Json, json};

const ORGANIZATIONS: usize = 34;
/// The first organization is the head of a group, and so many of the following belong to it.
const SUBSIDIARIES: usize = 4;
pub(super) const HOUSEHOLDS: usize = 4;
const PEOPLE_EACH: usize = 3;
const UNATTACHED: usize = 6;
/// So many of the unattached buy for themselves.
const PERSONAL: usize = 2;

/// An account with its people.
pub(super) struct Customer {
    /// None for a person without an account.
    pub(super) account: Option<Id>,
    pub(super) contacts: Vec<Id>,
    /// Position of the responsible user in the staff.
    pub(super) owner: usize,
}

/// Everybody, and what to plant in which order.
pub(super) struct Customers {
    pub(super) all: Vec<Customer>,
    pub(super) plantings: Vec<Vec<Planting>>,
}

type Town = (&'static str, &'static str, &'static str, &'static str, &'static str);

struct Acquisition<'a> {
    mint: &'a mut Mint,
    dice: &'a mut Dice,
    staff: &'a [User],
    today: Date,
    accounts: Vec<Planting>,
    subsidiaries: Vec<Planting>,
    contacts: Vec<Planting>,
    personal: Vec<Planting>,
    roles: Vec<Planting>,
    addresses: Vec<Planting>,
    points: Vec<Planting>,
    all: Vec<Customer>,
}

/// Makes up every customer.
pub(super) fn acquire(mint: &mut Mint, dice: &mut Dice, staff: &[User], now: Timestamp) -> Customers {
    let mut acquisition = Acquisition {
        mint,
        dice,
        staff,
        today: now.date(),
        accounts: Vec::new(),
        subsidiaries: Vec::new(),
        contacts: Vec::new(),
        personal: Vec::new(),
        roles: Vec::new(),
        addresses: Vec::new(),
        points: Vec::new(),
        all: Vec::new(),
    };
    (0..ORGANIZATIONS).for_each(|number| acquisition.organization(number));
    (0..HOUSEHOLDS).for_each(|_| acquisition.household());
    (0..UNATTACHED).for_each(|number| acquisition.unattached(number < PERSONAL));
    acquisition.second_roles();
    let Acquisition { accounts, subsidiaries, contacts, personal, roles, addresses, points, all, .. } = acquisition;
    Customers { all, plantings: vec![accounts, subsidiaries, contacts, personal, roles, addresses, points] }
}

impl Acquisition<'_> {
    /// The user who looks after a country.
    fn owner(&self, country: &str) -> usize {
        match country {
            "DE" | "CH" => 2,
            "IT" => 3,
            _ => 1,
        }
    }

    fn owner_id(&self, owner: usize) -> Option<String> {
        self.staff.get(owner).map(User::wire_id)
    }

    fn tags(&mut self) -> Vec<&'static str> {
        let mut tags: Vec<_> = (0..self.dice.below(4)).map(|_| self.dice.pick(&words::TAGS)).collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    fn phone(&mut self, town: Town) -> String {
        format!("{} 555 {:04}", town.2, self.dice.below(10_000))
    }

    fn days_ago(&mut self, least: u32, most: u32) -> String {
        let days = least + self.dice.below(most - least);
        Date(self.today.0 - i32::try_from(days).unwrap_or(0)).to_text()
    }

    fn organization(&mut self, number: usize) {
        let grouped = number <= SUBSIDIARIES;
        let town = if grouped { words::TOWNS.first().copied().unwrap_or_default() } else { self.dice.pick(&words::TOWNS) };
        let stem = words::STEMS.get(number).copied().unwrap_or_default();
        let (before, after, industry, form) = match (number, words::TRADES.first()) {
            (0, _) => ("", " Hotels", "HOSPITALITY", "AG"),
            (_, Some(hotel)) if grouped => *hotel,
            _ => self.dice.pick(&words::TRADES),
        };
        let name = format!("{before}{stem}{after}");
        let domain = format!("{}.example", fold(&name).replace(' ', "-"));
        let id = self.mint.next();
        let owner = self.owner(town.1);
        let lifecycle = if grouped {
            "CUSTOMER"
        } else {
            self.dice.pick(&["CUSTOMER", "CUSTOMER", "CUSTOMER", "PROSPECT", "TARGET", "FORMER", "SUSPECT"])
        };
        let employees = 3 + self.dice.below(240);
        let head = self.all.first().filter(|_| grouped).and_then(|head| head.account).map(|id| id.to_text("acc"));
        let is_subsidiary = head.is_some();
        let body = json!({
            "id": id.to_text("acc"),
            "kind": "ORGANIZATION",
            "name": name,
            "legalName": format!("{name} {form}"),
            "domains": [domain],
            "industry": industry,
            "employees": employees,
            "annualRevenue": euros(u64::from(employees) * (60 + u64::from(self.dice.below(120))) * 1_000),
            "parentId": head,
            "lifecycle": lifecycle,
            "currency": if town.1 == "CH" { "CHF" } else { "EUR" },
            "language": town.4,
            "country": town.1,
            "city": town.0,
            "phone": self.phone(town),
            "website": format!("https://www.{domain}"),
            "creditLimit": if lifecycle == "CUSTOMER" { euros(5_000 * u64::from(1 + self.dice.below(10))) } else { Json::Null },
            "paymentTermsDays": self.dice.pick(&[14, 30, 30, 60]),
            "ownerId": self.owner_id(owner),
            "tags": self.tags(),
        });
        if is_subsidiary { &mut self.subsidiaries } else { &mut self.accounts }.push(Planting::new("account", body));
        self.address(id, "MAIN", None, town, true);
        if number.is_multiple_of(3) {
            let (label, elsewhere) = ("Cold store, deliveries from 6 to 10", self.dice.pick(&words::TOWNS));
            self.address(id, "SHIPPING", Some(label), elsewhere, false);
            let fax = self.phone(town);
            self.point(id, "FAX", &fax, "Orders");
        }
        if town.1 == "IT" {
            self.point(id, "CERTIFIED_MAIL", &format!("amministrazione@pec.{domain}"), "Invoices");
        }
        let contacts = (0..PEOPLE_EACH)
            .map(|position| {
                let (role, title, department) = words::POSITIONS.get(position).copied().unwrap_or_default();
                let job = json!({"title": title, "department": department});
                let last = self.dice.pick(&words::LAST_NAMES);
                let contact = self.person(last, Some((id, &domain)), town, owner, job);
                self.role(id, contact, role, Some(title), true);
                contact
            })
            .collect();
        self.all.push(Customer { account: Some(id), contacts, owner });
    }

    fn household(&mut self) {
        let town = self.dice.pick(&words::TOWNS);
        let last = self.dice.pick(&words::LAST_NAMES);
        let id = self.mint.next();
        let owner = 4;
        let body = json!({
            "id": id.to_text("acc"),
            "kind": "HOUSEHOLD",
            "name": format!("Family {last}"),
            "lifecycle": "CUSTOMER",
            "language": town.4,
            "country": town.1,
            "city": town.0,
            "ownerId": self.owner_id(owner),
            "tags": ["farm-shop"],
        });
        self.accounts.push(Planting::new("account", body));
        self.address(id, "HOME", None, town, true);
        let contacts = (0..PEOPLE_EACH)
            .map(|_| {
                let contact = self.person(last, Some((id, "post.example")), town, owner, json!({}));
                self.role(id, contact, "HOUSEHOLD_MEMBER", None, true);
                contact
            })
            .collect();
        self.all.push(Customer { account: Some(id), contacts, owner });
    }

    fn unattached(&mut self, buys: bool) {
        let town = self.dice.pick(&words::TOWNS);
        let (last, owner) = (self.dice.pick(&words::LAST_NAMES), 4);
        let contact = self.person(last, None, town, owner, json!({}));
        if buys {
            let id = self.mint.next().to_text("acc");
            let body = json!({
                "id": id,
                "kind": "PERSON",
                "contactId": contact.to_text("con"),
                "name": format!("{last}, farm shop customer"),
                "lifecycle": "CUSTOMER",
                "country": town.1,
                "city": town.0,
                "ownerId": self.owner_id(owner),
            });
            self.personal.push(Planting::new("account", body));
        }
        // As a party the person and the person's account are one.
        self.all.push(Customer { account: None, contacts: vec![contact], owner });
    }

    /// A contact, with what the job adds.
    fn person(&mut self, last: &'static str, account: Option<(Id, &str)>, town: Town, owner: usize, job: Json) -> Id {
        let id = self.mint.next();
        let first = self.dice.pick(&words::FIRST_NAMES);
        let host = account.map_or("post.example", |(_, host)| host);
        let mut planting = Planting::new(
            "contact",
            json!({
                "id": id.to_text("con"),
                "firstName": first,
                "lastName": last,
                "email": format!("{}.{}@{host}", ascii(first), ascii(last)),
                "phone": self.phone(town),
                "birthDate": self.dice.chance(40).then(|| self.days_ago(22 * 365, 65 * 365)),
                "language": town.4,
                "timeZone": town.3,
                "city": town.0,
                "country": town.1,
                "source": self.dice.pick(&words::SOURCES),
                "accountId": account.map(|(id, _)| id.to_text("acc")),
                "ownerId": self.owner_id(owner),
                "tags": self.tags(),
            }),
        );
        if let Json::Object(job) = job {
            planting.body.extend(job);
        }
        self.contacts.push(planting);
        id
    }

    fn address(&mut self, account: Id, kind: &str, label: Option<&str>, town: Town, preferred: bool) {
        let (street, code) = (self.dice.pick(&words::STREETS), words::POSTAL_CODES.iter().find(|(name, _)| *name == town.0));
        let body = json!({
            "id": self.mint.next().to_text("adr"),
            "partyId": account.to_text("acc"),
            "kind": kind,
            "label": label,
            "line1": format!("{street} {}", 1 + self.dice.below(120)),
            "postalCode": code.map(|(_, code)| code),
            "city": town.0,
            "country": town.1,
            "preferred": preferred,
        });
        self.addresses.push(Planting::new("address", body));
    }

    fn point(&mut self, account: Id, kind: &str, value: &str, label: &str) {
        let body = json!({
            "id": self.mint.next().to_text("cpt"),
            "partyId": account.to_text("acc"),
            "kind": kind,
            "label": label,
            "value": value,
        });
        self.points.push(Planting::new("contactPoint", body));
    }

    fn role(&mut self, account: Id, contact: Id, role: &str, title: Option<&str>, primary: bool) {
        let body = json!({
            "id": self.mint.next().to_text("acr"),
            "accountId": account.to_text("acc"),
            "contactId": contact.to_text("con"),
            "role": role,
            "title": title,
            "since": self.days_ago(730, 3_000),
            "until": if primary { None } else { self.dice.chance(50).then(|| self.days_ago(0, 700)) },
            "primary": primary,
        });
        self.roles.push(Planting::new("accountContact", body));
    }

    /// People with a second role: whoever directs the first company advises some others.
    fn second_roles(&mut self) {
        let advisers: Vec<Id> = self.all.iter().take(5).filter_map(|customer| customer.contacts.first().copied()).collect();
        let accounts: Vec<Id> = self.all.iter().skip(8).step_by(4).filter_map(|customer| customer.account).collect();
        for (number, account) in accounts.into_iter().enumerate() {
            if let Some(adviser) = advisers.get(number % advisers.len().max(1)) {
                self.role(account, *adviser, "INFLUENCER", Some("Adviser"), false);
            }
        }
    }
}

pub(super) fn euros(whole: u64) -> Json {
    json!({"amount": format!("{whole}.00"), "currency": "EUR"})
}

/// A name as it stands in an e-mail address.
fn ascii(name: &str) -> String {
    fold(name).replace('ı', "i").chars().filter(char::is_ascii_alphanumeric).collect()
}
