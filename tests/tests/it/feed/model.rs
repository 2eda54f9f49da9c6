//! Random writers, random changes of rights, and copies that follow at random: each copy ends equal to a fresh read with its principal's rights, and nobody is ever
//! told of a record that they could not see.

use super::copy::{Copy, fresh};
use crate::rights::{make, role, user};
use clientela_kernel::Clock as _;
use clientela_testkit::{Client, TestApp, both};
use serde_json::{Value as Json, json};
use std::collections::{BTreeSet, HashMap};

/// How many steps are taken on each database, unless `CLIENTELA_FEED_STEPS` says otherwise.
const STEPS: usize = 40;
const FOLLOWED: [&str; 3] = ["account", "contact", "contactPoint"];

/// Whole numbers that are the same on every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    pub(crate) fn of<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        if things.is_empty() { None } else { things.get(self.roll(things.len())) }
    }
}

struct World<'a> {
    app: &'a TestApp,
    dice: Dice,
    users: Vec<String>,
    right: String,
    role: String,
    team: String,
    accounts: Vec<String>,
    contacts: Vec<String>,
    shares: Vec<String>,
    members: Vec<String>,
    rules: Vec<String>,
    log: Vec<String>,
}

impl World<'_> {
    async fn step(&mut self) {
        let app = self.app;
        let owner = self.dice.of(&self.users).cloned().unwrap();
        let country = *self.dice.of(&["AT", "DE", "FR"]).unwrap();
        let account = self.dice.of(&self.accounts).cloned().unwrap_or_default();
        let contact = self.dice.of(&self.contacts).cloned().unwrap_or_default();
        let kind = self.dice.roll(17);
        let said = match kind {
            0 | 1 => {
                let made = app
                    .alpha
                    .post("/v1/accounts", &json!({ "name": format!("A{}", self.log.len()), "country": country, "ownerId": owner }))
                    .await;
                self.accounts.push(id(&made.json()));
                made.status
            }
            2 | 3 => {
                let made = app
                    .alpha
                    .post("/v1/contacts", &json!({ "lastName": format!("C{}", self.log.len()), "ownerId": owner, "accountId": account }))
                    .await;
                self.contacts.push(id(&made.json()));
                made.status
            }
            4 => {
                let point = json!({ "partyId": contact, "kind": "EMAIL", "value": format!("n{}@example.com", self.log.len()) });
                app.alpha.post("/v1/contact-points", &point).await.status
            }
            5 => app.alpha.patch(&format!("/v1/accounts/{account}"), &json!({ "country": country })).await.status,
            6 => app.alpha.patch(&format!("/v1/accounts/{account}"), &json!({ "ownerId": owner })).await.status,
            7 => app.alpha.patch(&format!("/v1/contacts/{contact}"), &json!({ "ownerId": owner, "accountId": account })).await.status,
            8 => app.alpha.delete(&format!("/v1/accounts/{account}")).await.status,
            9 => app.alpha.post(&format!("/v1/accounts/{account}/restore"), &json!({})).await.status,
            10 => app.alpha.post(&format!("/v1/contacts/{contact}/erase"), &json!({})).await.status,
            11 => {
                let made = app.alpha.post("/v1/shares", &json!({ "recordId": account, "recipientId": owner })).await;
                self.shares.push(id(&made.json()));
                made.status
            }
            12 => {
                let share = self.dice.of(&self.shares).cloned().unwrap_or_default();
                app.alpha.delete(&format!("/v1/shares/{share}")).await.status
            }
            13 => {
                let depth = *self.dice.of(&["OWN", "TEAM", "ALL", "NONE"]).unwrap();
                let condition = self.dice.of(&[None, Some("{\"country\": {\"ne\": \"FR\"}}")]).copied().flatten();
                app.alpha.patch(&format!("/v1/role-rights/{}", self.right), &json!({ "depth": depth, "condition": condition })).await.status
            }
            14 => {
                let made = app.alpha.post("/v1/team-members", &json!({ "teamId": self.team, "userId": owner })).await;
                self.members.push(id(&made.json()));
                made.status
            }
            15 => {
                let member = self.dice.of(&self.members).cloned().unwrap_or_default();
                app.alpha.delete(&format!("/v1/team-members/{member}")).await.status
            }
            _ => match self.rules.pop() {
                Some(rule) => app.alpha.delete(&format!("/v1/field-rules/{rule}")).await.status,
                None => {
                    let rule = json!({ "roleId": self.role, "resource": "account", "field": "country", "access": "HIDDEN" });
                    let made = app.alpha.post("/v1/field-rules", &rule).await;
                    self.rules.push(id(&made.json()));
                    made.status
                }
            },
        };
        self.log.push(format!("{kind}: {said}"));
    }
}

fn id(record: &Json) -> String {
    record["id"].as_str().unwrap_or_default().to_owned()
}

/// What somebody has ever been able to read.
#[derive(Default)]
struct Seen(BTreeSet<String>);

impl Seen {
    async fn look(&mut self, client: &Client) {
        for resource in FOLLOWED {
            self.0.extend(fresh(client, resource, "").await.into_keys());
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a test goes on is said from outside")]
pub(crate) fn steps() -> usize {
    std::env::var("CLIENTELA_FEED_STEPS").ok().and_then(|text| text.parse().ok()).unwrap_or(STEPS)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_copy_ends_equal_to_a_fresh_read_and_nothing_leaks() {
    let steps = steps();
    both(|app| async move {
        let narrow = role(&app, "narrow", &[("*", "read", "OWN")]).await;
        let right = make(&app, "role-rights", json!({ "roleId": narrow, "resource": "account", "action": "read", "depth": "ALL" })).await;
        let (anna, anna_client) = user(&app, "anna", &[&narrow]).await;
        let (bob, bob_client) = user(&app, "bob", &[&narrow]).await;
        let team = make(&app, "teams", json!({ "name": "Sales" })).await;
        let dice = Dice(u64::try_from(app.clock.now().0).unwrap());
        let users = vec![anna, bob];
        let (accounts, contacts, shares, members, rules) = Default::default();
        let mut world =
            World { app: &app, dice, users, right, role: narrow, team, accounts, contacts, shares, members, rules, log: Vec::new() };
        let clients = [anna_client, bob_client, app.alpha.clone()];
        let mut seen: HashMap<usize, Seen> = HashMap::new();
        let query = "resources=account,contact,contact-points&limit=7";
        // Half of them are told only what has changed.
        let narrow_query = format!("{query}&record=changed");
        let mut copies: Vec<(usize, Copy<'_>)> = clients
            .iter()
            .enumerate()
            .flat_map(|(of, client)| [query, &narrow_query].map(|query| (of, Copy::of(&app, client, query))))
            .collect();
        for step in 0..steps {
            world.step().await;
            app.settled().await;
            for (of, client) in clients.iter().enumerate().take(2) {
                seen.entry(of).or_default().look(client).await;
            }
            if world.dice.roll(12) == 0 {
                // Another device of the same person begins.
                let of = world.dice.roll(clients.len());
                let query = if world.dice.roll(2) == 0 { query } else { &narrow_query };
                copies.push((of, Copy::of(&app, &clients[of], query)));
            }
            for (of, copy) in &mut copies {
                if world.dice.roll(4) > 0 {
                    continue;
                }
                let told = copy.follow().await;
                if *of < 2 {
                    let leaked: Vec<&Json> = told.iter().filter(|entry| !seen[of].0.contains(&id(entry))).collect();
                    assert!(leaked.is_empty(), "step {step}: {leaked:?} after {:?}", world.log);
                }
                copy.is_true(&FOLLOWED).await;
            }
        }
        for (_, copy) in &mut copies {
            copy.follow().await;
            copy.is_true(&FOLLOWED).await;
        }
    })
    .await;
}
