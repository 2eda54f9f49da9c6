//! Deals begin, end, go on, and move; whatever contradicts their state is refused.

use super::Line;
use crate::rights::make;
use clientela_testkit::{TestApp, both};
use serde_json::{Value as Json, json};

async fn deal(app: &TestApp, body: Json) -> Json {
    let account = make(app, "accounts", json!({ "name": "Dairy" })).await;
    let mut whole = json!({ "name": "Cheese", "accountId": account, "closeDate": "2026-12-18" });
    whole.as_object_mut().unwrap().extend(body.as_object().cloned().unwrap());
    app.alpha.post("/v1/opportunities", &whole).await.expect(201)
}

fn path(deal: &Json, rest: &str) -> String {
    format!("/v1/opportunities/{}{rest}", deal["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_is_reopened_before_anything_else() {
    both(|app| async move {
        let admin = &app.alpha;
        let line = Line::new(admin).await;
        let price = make(&app, "lost-reasons", json!({ "name": "Price" })).await;
        let old = make(&app, "lost-reasons", json!({ "name": "Fax", "active": false })).await;
        let rival = make(&app, "competitors", json!({ "name": "Alpenmilch" })).await;
        let deal = deal(&app, json!({ "stageId": line.at("Offer") })).await;
        admin.post(&path(&deal, "/lose"), &json!({})).await.refused(422, "VALIDATION_FAILED");
        admin.post(&path(&deal, "/lose"), &json!({ "lostReasonId": old })).await.refused(422, "VALIDATION_FAILED");
        admin.post(&path(&deal, "/win"), &json!({ "closedAt": "2999-01-01T00:00:00Z" })).await.refused(422, "VALIDATION_FAILED");
        admin.post(&path(&deal, "/win"), &json!({ "stageId": line.at("Lost") })).await.refused(422, "VALIDATION_FAILED");
        admin.post(&path(&deal, "/reopen"), &json!({})).await.refused(409, "INVALID_STATE");
        let lost = admin.post(&path(&deal, "/lose"), &json!({ "lostReasonId": price, "lostToId": rival })).await.expect(200);
        let lost = &lost["opportunity"];
        assert_eq!((&lost["status"], &lost["lostReasonId"], &lost["lostToId"]), (&json!("LOST"), &json!(price), &json!(rival)));
        assert_eq!((&lost["probability"], &lost["forecastCategory"]), (&json!(0), &json!("OMITTED")));
        for (verb, body) in [("win", json!({})), ("lose", json!({ "lostReasonId": price })), ("advance", json!({}))] {
            admin.post(&path(&deal, &format!("/{verb}")), &body).await.refused(409, "INVALID_STATE");
        }
        // A reason and a stage that stand in deals stay.
        admin.delete(&format!("/v1/lost-reasons/{price}")).await.refused(409, "REFERENCED");
        admin.delete(&format!("/v1/stages/{}", line.at("Lost").as_str().unwrap())).await.refused(409, "REFERENCED");
        admin.delete(&format!("/v1/pipelines/{}", line.id)).await.refused(409, "REFERENCED");
        admin.delete(&format!("/v1/accounts/{}", deal["accountId"].as_str().unwrap())).await.refused(409, "REFERENCED");
        let open = admin.post(&path(&deal, "/reopen"), &json!({})).await.expect(200);
        let open = &open["opportunity"];
        assert_eq!((&open["status"], &open["stageId"]), (&json!("OPEN"), &line.at("Offer")), "where it was last");
        assert_eq!((&open["lostReasonId"], &open["lostToId"], &open["closedAt"]), (&Json::Null, &Json::Null, &Json::Null));
        // The fields that verbs set are nobody else's.
        for field in ["stageId", "pipelineId", "closedAt", "stageSince"] {
            let value = if field.ends_with("Id") { line.at("Won") } else { json!("2026-01-01T00:00:00Z") };
            admin.patch(&path(&deal, ""), &json!({ field: value })).await.refused(422, "VALIDATION_FAILED");
        }
        admin.patch(&path(&deal, ""), &json!({ "status": "WON" })).await.refused(422, "VALIDATION_FAILED");
        admin.post("/v1/stage-changes", &json!({})).await.refused(405, "METHOD_NOT_ALLOWED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_end_it_at_once_one_does() {
    both(|app| async move {
        let admin = &app.alpha;
        Line::new(admin).await;
        for _ in 0..5 {
            let deal = deal(&app, json!({})).await;
            let (win, nothing) = (path(&deal, "/win"), json!({}));
            let (one, two) = tokio::join!(admin.post(&win, &nothing), admin.post(&win, &nothing));
            let mut statuses = [one.status, two.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "{} {}", one.text(), two.text());
            let log = admin.get(&format!("/v1/stage-changes?filter[opportunityId][eq]={}", deal["id"].as_str().unwrap())).await.expect(200);
            assert_eq!(log["data"].as_array().unwrap().len(), 2, "{log}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deal_is_in_one_pipeline_and_one_currency() {
    both(|app| async move {
        let admin = &app.alpha;
        let account = make(&app, "accounts", json!({ "name": "Dairy", "currency": "CHF" })).await;
        let bare = json!({ "name": "Cheese", "accountId": account, "closeDate": "2026-12-18" });
        let refused = admin.post("/v1/opportunities", &bare).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], "/stageId", "there is no pipeline yet");
        let line = Line::new(admin).await;
        let renewals = make(&app, "pipelines", json!({ "name": "Renewals", "isDefault": true })).await;
        let first = admin.get(&format!("/v1/pipelines/{}", line.id)).await.expect(200);
        assert_eq!(first["isDefault"], false, "one is the default");
        admin.post("/v1/opportunities", &bare).await.refused(422, "VALIDATION_FAILED");
        let due = make(&app, "stages", json!({ "pipelineId": renewals, "name": "Due", "position": 1 })).await;
        let made = admin.post("/v1/opportunities", &bare).await.expect(201);
        assert_eq!((&made["stageId"], &made["currency"]), (&json!(due), &json!("CHF")));
        let with = |more: Json| {
            let mut body = bare.clone();
            body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            body
        };
        for (body, pointer) in [
            (json!({ "pipelineId": renewals, "stageId": line.at("Offer") }), "/pipelineId"),
            (json!({ "currency": "EUR", "amount": { "amount": "1", "currency": "CHF" } }), "/amount/currency"),
            (json!({ "amount": { "amount": "-1", "currency": "CHF" } }), "/amount/amount"),
            (json!({ "probability": 101 }), "/probability"),
            (json!({ "lostReasonId": make(&app, "lost-reasons", json!({ "name": "Price" })).await }), "/lostReasonId"),
        ] {
            let refused = admin.post("/v1/opportunities", &with(body)).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
        }
        // One that was made elsewhere comes as it was.
        let old = admin
            .post("/v1/opportunities", &with(json!({ "stageId": line.at("Won"), "closedAt": "2025-03-01T10:00:00Z" })))
            .await
            .expect(201);
        assert_eq!(
            (&old["status"], &old["closedAt"], &old["stageSince"]),
            (&json!("WON"), &json!("2025-03-01T10:00:00.000Z"), &json!("2025-03-01T10:00:00.000Z"))
        );
        let moved = admin.post(&path(&made, "/move-to-pipeline"), &json!({ "pipelineId": line.id })).await.expect(200);
        assert_eq!((&moved["opportunity"]["stageId"], &moved["opportunity"]["pipelineId"]), (&line.at("Qualify"), &json!(line.id)));
        admin.post(&path(&made, "/move-to-pipeline"), &json!({ "pipelineId": line.id })).await.refused(422, "VALIDATION_FAILED");
        admin.post(&path(&made, "/advance"), &json!({ "stageId": due })).await.refused(422, "VALIDATION_FAILED");
        admin.patch(&format!("/v1/pipelines/{renewals}"), &json!({ "active": false })).await.expect(200);
        admin.post(&path(&made, "/move-to-pipeline"), &json!({ "pipelineId": renewals })).await.refused(422, "VALIDATION_FAILED");
        admin.post("/v1/opportunities", &bare).await.refused(422, "VALIDATION_FAILED");
        // Every time the day is put off is counted; one that comes nearer is not.
        for (day, slips) in [("2027-01-05", 1), ("2026-12-20", 1), ("2027-02-01", 2)] {
            let put = admin.patch(&path(&made, ""), &json!({ "closeDate": day })).await.expect(200);
            assert_eq!(put["closeDateSlips"], slips);
        }
        // It stands in the timeline of its customer.
        let timeline = admin.get(&format!("/v1/accounts/{account}/timeline?kinds=OPPORTUNITY")).await.expect(200);
        assert_eq!(timeline["data"].as_array().unwrap().len(), 2, "{timeline}");
        assert_eq!((&timeline["data"][1]["title"], &timeline["data"][1]["type"]), (&json!("Cheese"), &json!("OPEN")));
    })
    .await;
}
