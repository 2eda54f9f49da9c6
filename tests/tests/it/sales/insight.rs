//! What the past says of a pipeline and of a deal in it.

use super::{Line, euro, made};
use clientela_testkit::factory::text;
use clientela_testkit::{Client, both};
use serde_json::{Value as Json, json};

/// A deal in the stage Offer.
async fn offered(client: &Client, line: &Line, account: &str, source: &str, amount: &str) -> String {
    let body = json!({ "name": source, "accountId": account, "source": source, "amount": euro(amount), "closeDate": "2026-06-30",
        "stageId": line.at("Offer"), "stageSince": "2024-12-01T12:00:00Z" });
    made(client, "opportunities", body).await
}

fn number(record: &Json, field: &str) -> f64 {
    record[field].as_str().unwrap_or_else(|| panic!("{field}: {record}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_well_before_is_likely_to_go_well_again() {
    both(|app| async move {
        let admin = &app.alpha;
        let line = Line::new(admin).await;
        let reason = made(admin, "lost-reasons", json!({ "name": "Price" })).await;
        let account = made(admin, "accounts", json!({ "name": "Dairy" })).await;
        let open = offered(admin, &line, &account, "Fair", "1000.00").await;
        let predict = async |deal: &str| admin.post(&format!("/v1/opportunities/{deal}/predict-win"), &json!({})).await;
        let nothing = predict(&open).await.expect(200);
        assert_eq!((&nothing["probability"], &nothing["decided"], &nothing["stageProbability"]), (&Json::Null, &json!(0), &json!(50)));
        assert_eq!(nothing["comparedWith"], json!("PIPELINE"));
        // Of ten deals of a fair eight are won, and of ten cold calls two: 60 deals over six months.
        let (mut won, mut amounts) = (0, 0);
        for number in 0..60 {
            let (source, month) = (if number % 2 == 0 { "Fair" } else { "Cold call" }, 1 + number / 10);
            let wins = (number % 10 < 8) == (number % 2 == 0);
            let amount = 100 + number;
            let deal = offered(admin, &line, &account, source, &format!("{amount}.00")).await;
            let at = format!("2025-0{month}-15T12:00:00Z");
            if wins {
                (won, amounts) = (won + 1, amounts + amount);
                admin.post(&format!("/v1/opportunities/{deal}/win"), &json!({ "closedAt": at })).await.expect(200);
            } else {
                admin.post(&format!("/v1/opportunities/{deal}/lose"), &json!({ "closedAt": at, "lostReasonId": reason })).await.expect(200);
            }
            if number == 0 {
                predict(&deal).await.refused(409, "INVALID_STATE");
            }
        }
        let cold = offered(admin, &line, &account, "Cold call", "500.00").await;
        let (fair, cold) = (predict(&open).await.expect(200), predict(&cold).await.expect(200));
        // All of them were in the stage of this one.
        assert_eq!((&fair["decided"], &fair["won"], &fair["comparedWith"]), (&json!(60), &json!(won), &json!("STAGE")));
        assert!(number(&fair, "probability") > 60.0 && number(&cold, "probability") < 40.0, "{fair} {cold}");
        let factor =
            |of: &Json, field: &str| of["factors"].as_array().unwrap().iter().find(|factor| factor["field"] == field).cloned().unwrap();
        assert_eq!((&factor(&fair, "source")["value"], &factor(&fair, "source")["decided"]), (&json!("Fair"), &json!(30)));
        assert!(number(&factor(&fair, "source"), "points") > 10.0 && number(&factor(&cold, "source"), "points") < -10.0);
        assert!(number(&factor(&fair, "accountId"), "points").abs() < 1.0, "all are of one account: it tells nothing");
        // It was tried on what came later.
        let test = &fair["backTest"];
        assert_eq!((&test["since"], &test["decided"]), (&json!("2025-06-01"), &json!(10)));
        assert!(number(test, "error") < number(test, "rateError") && number(test, "error") < number(test, "stageError"), "{test}");
        // How they went, in all and by source.
        let figures = async |body: Json| {
            let mut whole = json!({ "since": "2025-01-01", "until": "2025-12-31" });
            whole.as_object_mut().unwrap().extend(body.as_object().cloned().unwrap());
            admin.post(&format!("/v1/pipelines/{}/figures", line.id), &whole).await
        };
        let all = figures(json!({})).await.expect(200);
        let whole = &all["groups"][0];
        assert_eq!((&whole["won"], &whole["lost"], &whole["open"]), (&json!(won), &json!(60 - won), &json!(2)));
        assert_eq!((&whole["wonAmount"], &whole["openAmount"]), (&euro(&format!("{amounts}.00")), &euro("1500.00")));
        let offer = &all["stages"].as_array().unwrap().iter().find(|stage| stage["stage"]["id"] == line.at("Offer")).unwrap().clone();
        assert_eq!(
            (&offer["left"], &offer["won"], &offer["lost"], &offer["advanced"]),
            (&json!(60), &json!(won), &json!(60 - won), &json!(0))
        );
        assert_eq!(offer["timeInStage"], whole["cycleTime"], "they were in no other stage");
        let seconds: i64 = (0..60i64)
            .map(|number| {
                let end = chrono::NaiveDate::from_ymd_opt(2025, u32::try_from(1 + number / 10).unwrap(), 15).unwrap();
                (end - chrono::NaiveDate::from_ymd_opt(2024, 12, 1).unwrap()).num_seconds()
            })
            .sum();
        let velocity = (2 * amounts * 100 * 86_400 + seconds / 2) / seconds;
        assert_eq!(whole["velocity"], euro(&format!("{}.{:02}", velocity / 100, velocity % 100)));
        let by = figures(json!({ "by": "SOURCE" })).await.expect(200);
        let groups = by["groups"].as_array().unwrap();
        assert_eq!(groups.iter().map(|group| text(group, "key")).collect::<Vec<_>>(), ["Cold call", "Fair"]);
        assert_eq!(groups.iter().map(|group| group["won"].as_i64().unwrap()).sum::<i64>(), won);
        let january = figures(json!({ "until": "2025-01-31", "filter": "{\"source\":{\"eq\":\"Fair\"}}" })).await.expect(200);
        assert_eq!((&january["groups"][0]["won"], &january["groups"][0]["lost"]), (&json!(4), &json!(1)));
        // Of one that was brought in decided nobody knows how long it took.
        let body = json!({ "name": "Old", "accountId": account, "amount": euro("1.00"), "closeDate": "2025-03-01",
            "stageId": line.at("Won"), "closedAt": "2025-03-01T12:00:00Z" });
        made(admin, "opportunities", body).await;
        let more = figures(json!({})).await.expect(200)["groups"][0].clone();
        assert_eq!((&more["won"], &more["cycleTime"]), (&json!(won + 1), &whole["cycleTime"]));
        figures(json!({ "until": "2024-12-31" })).await.refused(422, "VALIDATION_FAILED");
        figures(json!({ "filter": "{\"shoe\":1}" })).await.refused(422, "VALIDATION_FAILED");
    })
    .await;
}
