//! Random verbs in random order by random callers: no deal is ever where its definitions forbid it, and its log is whole.

use super::Line;
use crate::rights::{make, user};
use clientela_testkit::{Client, TestApp, both};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

const DEALS: usize = 4;
const ROUNDS: usize = 12;
const ABREAST: usize = 6;

/// One thing that somebody tries.
fn attempt(random: &mut StdRng, line: &Line, other: &Line, reason: &str) -> (&'static str, Json) {
    let stages: Vec<&Json> = line.stages.values().chain(other.stages.values()).collect();
    let stage = stages[random.random_range(0..stages.len())].clone();
    match random.random_range(0..8) {
        0 => ("advance", json!({})),
        1 | 2 => ("advance", json!({ "stageId": stage })),
        3 => ("win", json!({})),
        4 => ("lose", json!({ "lostReasonId": reason })),
        5 => ("reopen", json!({})),
        6 => ("reopen", json!({ "stageId": stage })),
        _ => ("move-to-pipeline", json!({ "pipelineId": if random.random() { &line.id } else { &other.id } })),
    }
}

/// What must hold of a deal, whatever was done with it.
async fn whole(client: &Client, deal: &str) {
    let found = client.get(&format!("/v1/opportunities/{deal}?expand=stage,pipeline")).await.expect(200);
    let kind = found["stage"]["kind"].as_str().unwrap();
    assert_eq!(found["status"], kind, "{found}");
    assert_eq!(found["stage"]["pipelineId"], found["pipelineId"], "{found}");
    assert_eq!(found["closedAt"].is_null(), kind == "OPEN", "{found}");
    assert_eq!(found["lostReasonId"].is_null(), kind != "LOST", "{found}");
    assert_eq!(found["probability"], found["stage"]["probability"], "{found}");
    let cents = |value: &Json| value["amount"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    let exact = cents(&found["amount"]) * found["probability"].as_i64().unwrap();
    assert!((cents(&found["expectedAmount"]) * 100 - exact).abs() <= 50, "{found}");
    let log = client.get(&format!("/v1/stage-changes?filter[opportunityId][eq]={deal}&sort=id&limit=1000")).await.expect(200);
    let log = log["data"].as_array().unwrap();
    assert_eq!(log[0]["kind"], "CREATED");
    for pair in log.windows(2) {
        assert_eq!(pair[1]["fromStageId"], pair[0]["toStageId"], "one step begins where the one before ended: {pair:?}");
        assert_ne!(pair[1]["fromStageId"], pair[1]["toStageId"]);
    }
    assert_eq!(log[log.len() - 1]["toStageId"], found["stageId"]);
    assert_eq!(
        i64::try_from(log.len()).unwrap(),
        found["version"].as_i64().unwrap(),
        "each change of stage is one version, and one row of the log"
    );
}

async fn walk(app: TestApp, seed: u64) {
    let admin = &app.alpha;
    let member = admin.get("/v1/roles?filter[key][eq]=member").await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
    let (_, anna) = user(&app, "anna", &[&member]).await;
    let (line, mut other) = (Line::new(admin).await, Line::new(admin).await);
    let wanted = json!({ "name": "Demo", "position": 15, "required": true, "probability": 33 });
    other.stage(admin, wanted).await;
    let reason = make(&app, "lost-reasons", json!({ "name": "Price" })).await;
    let account = make(&app, "accounts", json!({ "name": "Dairy" })).await;
    let mut deals = Vec::new();
    for number in 0..DEALS {
        let body = json!({ "name": "Deal", "accountId": account, "closeDate": "2026-12-18", "amount": { "amount": format!("{number}7.77"), "currency": "EUR" } });
        deals.push(make(&app, "opportunities", body).await);
    }
    let mut random = StdRng::seed_from_u64(seed);
    let mut done = 0;
    for _ in 0..ROUNDS {
        let mut tried = JoinSet::new();
        for _ in 0..ABREAST {
            let deal = deals[random.random_range(0..DEALS)].clone();
            let client = if random.random() { admin.clone() } else { anna.clone() };
            let (verb, input) = attempt(&mut random, &line, &other, &reason);
            tried.spawn(async move {
                let answer = client.post(&format!("/v1/opportunities/{deal}/{verb}"), &input).await;
                assert!(matches!(answer.status, 200 | 409 | 422), "{verb} {input}: {}", answer.describe());
                answer.status == 200
            });
        }
        while let Some(one) = tried.join_next().await {
            done += usize::from(one.unwrap());
        }
        for deal in &deals {
            whole(admin, deal).await;
        }
    }
    assert!(done > ROUNDS, "hardly anything was done: {done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_deal_is_where_its_definitions_forbid_it() {
    both(|app| walk(app, 20_261_123)).await;
}
