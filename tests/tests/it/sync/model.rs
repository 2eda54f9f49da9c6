//! Random work in the office and on devices that are mostly offline, whose answers get lost: everything is carried out once, and every copy ends equal to a fresh read.

use super::device::{Device, minted};
use crate::feed::model::{Dice, steps};
use crate::rights::{make, role, user};
use clientela_kernel::Clock as _;
use clientela_testkit::{TestApp, both};
use serde_json::{Value as Json, json};
use std::collections::HashMap;

const POLICIES: [&str; 4] = ["MERGE_FIELDS", "SERVER_WINS", "CLIENT_WINS", "ASK"];
const COUNTRIES: [&str; 3] = ["AT", "DE", "FR"];

/// A device and what it has done since it was last online.
struct Offline<'a> {
    device: Device<'a>,
    outbox: Vec<Json>,
    /// By the ids of operations: the requests as which they were carried out.
    done: HashMap<String, String>,
    /// What became of everything.
    told: Vec<String>,
}

impl Offline<'_> {
    /// Does something that nobody hears of yet.
    fn work(&mut self, dice: &mut Dice, number: u128) {
        let held: Vec<(String, i64)> =
            self.device.copy.held.iter().filter_map(|((_, id), record)| Some((id.clone(), record["version"].as_i64()?))).collect();
        let id = format!("op-{number}");
        let operation = match (dice.roll(6), dice.of(&held)) {
            (0, _) | (_, None) => {
                json!({ "create": { "id": minted("acc", number), "name": format!("Made {number}"), "country": dice.of(&COUNTRIES) } })
            }
            (1, Some((record, version))) => json!({ "delete": { "id": record, "baseVersion": version } }),
            (roll, Some((record, version))) => {
                let values =
                    if roll == 2 { json!({ "name": format!("Named {number}") }) } else { json!({ "country": dice.of(&COUNTRIES) }) };
                json!({ "update": { "id": record, "baseVersion": version, "values": values } })
            }
        };
        let mut operation = operation;
        operation["id"] = json!(id);
        operation["resource"] = json!("accounts");
        operation["policy"] = json!(dice.of(&POLICIES));
        self.outbox.push(operation);
    }

    /// Comes online; what was answered before the line broke, nobody knows.
    async fn sync(&mut self, broken: usize) {
        for _ in 0..broken {
            self.device.push(&self.outbox).await;
        }
        let answer = self.device.sync(&self.outbox).await;
        for result in answer["results"].as_array().expect("results") {
            if ["APPLIED", "MERGED"].iter().any(|status| result["status"] == json!(status)) {
                let text = |name: &str| result[name].as_str().unwrap_or_default().to_owned();
                assert!(self.done.insert(text("id"), text("requestId")).is_none(), "{result}");
            }
        }
        self.told.extend(answer["results"].as_array().into_iter().flatten().map(ToString::to_string));
        // What is in conflict is given up: somebody has decided for the server's.
        self.outbox.clear();
    }
}

async fn office(app: &TestApp, dice: &mut Dice, accounts: &[String], users: &[String], right: &str, number: u128) {
    let account = dice.of(accounts).cloned().unwrap_or_default();
    let path = format!("/v1/accounts/{account}");
    match dice.roll(6) {
        0 => drop(app.alpha.post("/v1/accounts", &json!({ "name": format!("Office {number}"), "ownerId": dice.of(users) })).await),
        1 => drop(app.alpha.patch(&path, &json!({ "name": format!("Office named {number}") })).await),
        2 => drop(app.alpha.patch(&path, &json!({ "country": dice.of(&COUNTRIES) })).await),
        3 => drop(app.alpha.patch(&path, &json!({ "ownerId": dice.of(users) })).await),
        4 => drop(app.alpha.delete(&path).await),
        _ => {
            let depth = *dice.of(&["OWN", "ALL"]).unwrap();
            app.alpha.patch(&format!("/v1/role-rights/{right}"), &json!({ "depth": depth })).await.expect(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_come_and_go_end_with_the_truth_and_do_everything_once() {
    let steps = steps();
    both(|app| async move {
        let seller = role(
            &app,
            "seller",
            &[("account", "create", "ALL"), ("account", "update", "ALL"), ("account", "delete", "OWN"), ("user", "read", "ALL")],
        )
        .await;
        let right = make(&app, "role-rights", json!({ "roleId": seller, "resource": "account", "action": "read", "depth": "ALL" })).await;
        let (anna, anna_client) = user(&app, "anna", &[&seller]).await;
        let (bob, bob_client) = user(&app, "bob", &[&seller]).await;
        let users = [anna, bob];
        let pull = json!({ "resources": ["account"] });
        let narrow = json!({ "resources": ["account"], "record": "changed" });
        let device = |client, name: &str, pull: &Json| Offline {
            device: Device::of(&app, client, name, pull.clone()),
            outbox: Vec::new(),
            done: HashMap::new(),
            told: Vec::new(),
        };
        let mut devices =
            [device(&anna_client, "phone", &pull), device(&anna_client, "tablet", &narrow), device(&bob_client, "phone", &narrow)];
        let mut dice = Dice(u64::try_from(app.clock.now().0).unwrap());
        for step in 0..steps {
            let number = u128::try_from(step).unwrap() + 1;
            let which = dice.roll(devices.len());
            let one = devices.get_mut(which).unwrap();
            match dice.roll(5) {
                0 | 1 => one.work(&mut dice, number),
                2 => one.sync(dice.roll(3)).await,
                _ => {
                    let list = app.alpha.get("/v1/accounts?limit=1000&fields=id").await.expect(200);
                    let accounts: Vec<String> =
                        list["data"].as_array().unwrap().iter().filter_map(|account| account["id"].as_str().map(str::to_owned)).collect();
                    office(&app, &mut dice, &accounts, &users, &right, number).await;
                }
            }
        }
        for one in &mut devices {
            one.sync(1).await;
        }
        let mut requests: HashMap<String, usize> = HashMap::new();
        let all = app.alpha.get("/v1/accounts?limit=1000&fields=id&deleted=include").await.expect(200);
        for account in all["data"].as_array().unwrap() {
            let path = format!("/v1/accounts/{}/history?limit=1000", account["id"].as_str().unwrap());
            for change in app.alpha.get(&path).await.expect(200)["data"].as_array().unwrap() {
                *requests.entry(change["requestId"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        for one in &mut devices {
            one.device.is_true(&["account"]).await;
            for (operation, request) in &one.done {
                assert!(requests.get(request).copied().unwrap_or(0) <= 1, "{operation} was carried out more than once");
            }
        }
        let made: usize = devices.iter().map(|one| one.done.len()).sum();
        let told: Vec<&String> = devices.iter().flat_map(|one| &one.told).take(20).collect();
        assert!(made > steps / 20, "only {made} operations were carried out in {steps} steps: {told:#?}");
    })
    .await;
}
