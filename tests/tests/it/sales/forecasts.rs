//! What is expected adds up to what the deals say, and quotas to what was agreed.

use super::Line;
use crate::rights::{make, role, user};
use clientela_testkit::both;
use serde_json::{Value as Json, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_forecast_adds_up() {
    both(|app| async move {
        let admin = &app.alpha;
        let line = Line::new(admin).await;
        let seller = role(&app, "seller", &[("*", "read", "ALL"), ("opportunity", "*", "OWN"), ("quota", "*", "OWN")]).await;
        let (anna_id, anna) = user(&app, "anna", &[&seller]).await;
        let (ben_id, _) = user(&app, "ben", &[&seller]).await;
        let account = make(&app, "accounts", json!({ "name": "Dairy" })).await;
        for (owner, amount, currency, stage, day) in [
            (&anna_id, "100.10", "EUR", "Qualify", "2026-10-05"),
            (&anna_id, "200.20", "EUR", "Offer", "2026-10-31"),
            (&anna_id, "50", "EUR", "Won", "2026-11-01"),
            (&anna_id, "9", "CHF", "Offer", "2026-11-30"),
            (&ben_id, "400", "EUR", "Won", "2026-12-31"),
            (&ben_id, "1000", "EUR", "Lost", "2026-12-01"),
            (&ben_id, "1000", "EUR", "Offer", "2027-01-01"),
        ] {
            let body = json!({ "name": amount, "accountId": account, "stageId": line.at(stage), "ownerId": owner, "closeDate": day, "amount": { "amount": amount, "currency": currency } });
            make(&app, "opportunities", body).await;
        }
        let shown = |answer: &Json| -> Vec<String> {
            let amount = |value: &Json| value["amount"].as_str().unwrap_or("-").to_owned();
            let rows = answer["rows"].as_array().unwrap().iter();
            rows.map(|row| {
                let sums = ["pipeline", "bestCase", "commit", "closed", "expected", "quota"].map(|name| amount(&row[name])).join(" ");
                let done = row["attainment"].as_str().unwrap_or("-");
                format!("{} {} {} {sums} {done}", row["period"].as_str().unwrap(), row["closed"]["currency"].as_str().unwrap(), row["count"])
            })
            .collect()
        };
        let quarter = json!({ "since": "2026-10-01", "until": "2026-12-31" });
        let all = admin.post("/v1/opportunities/forecast", &quarter).await.expect(200);
        assert_eq!(
            shown(&all),
            [
                "2026-10-01 EUR 2 100.10 200.20 0.00 0.00 110.11 - -",
                "2026-11-01 CHF 1 0.00 9.00 0.00 0.00 4.50 - -",
                "2026-11-01 EUR 1 0.00 0.00 0.00 50.00 50.00 - -",
                "2026-12-01 EUR 1 0.00 0.00 0.00 400.00 400.00 - -",
            ]
        );
        // A quota is divided by days, and its parts are the whole of it.
        let quota = |user: &str, since: &str, until: &str, amount: &str| json!({ "userId": user, "since": since, "until": until, "amount": { "amount": amount, "currency": "EUR" } });
        make(&app, "quotas", quota(&anna_id, "2026-10-01", "2026-12-31", "100")).await;
        admin.post("/v1/quotas", &quota(&anna_id, "2026-12-31", "2027-01-31", "5")).await.refused(422, "VALIDATION_FAILED");
        admin.post("/v1/quotas", &quota(&anna_id, "2027-02-01", "2027-01-31", "5")).await.refused(422, "VALIDATION_FAILED");
        admin.post("/v1/quotas", &quota(&anna_id, "2027-01-01", "2027-01-31", "0")).await.refused(422, "VALIDATION_FAILED");
        make(&app, "quotas", quota(&ben_id, "2026-12-30", "2027-01-02", "100")).await;
        let by_owner = |period: &str| json!({ "since": "2026-10-01", "until": "2026-12-31", "period": period, "byOwner": true });
        let months = admin.post("/v1/opportunities/forecast", &by_owner("MONTH")).await.expect(200);
        assert_eq!(
            shown(&months),
            [
                "2026-10-01 EUR 2 100.10 200.20 0.00 0.00 110.11 33.70 0",
                "2026-11-01 CHF 1 0.00 9.00 0.00 0.00 4.50 - -",
                "2026-11-01 EUR 1 0.00 0.00 0.00 50.00 50.00 32.60 153.37",
                "2026-12-01 EUR 1 0.00 0.00 0.00 400.00 400.00 50.00 800",
            ]
        );
        let whole = admin.post("/v1/opportunities/forecast", &by_owner("QUARTER")).await.expect(200);
        let of_anna: Vec<String> = shown(&whole).into_iter().filter(|row| row.contains("EUR 3")).collect();
        assert_eq!(of_anna, ["2026-10-01 EUR 3 100.10 200.20 0.00 50.00 160.11 100.00 50"]);
        // Everybody's is what they see.
        let own = anna.post("/v1/opportunities/forecast", &by_owner("YEAR")).await.expect(200);
        assert!(own["rows"].as_array().unwrap().iter().all(|row| row["ownerId"] == json!(anna_id)), "{own}");
        assert_eq!(own["rows"].as_array().unwrap().len(), 2, "{own}");
        let filtered = json!({ "since": "2026-10-01", "until": "2026-12-31", "filter": r#"{"amount": {"currency": "CHF"}}"# });
        assert_eq!(shown(&admin.post("/v1/opportunities/forecast", &filtered).await.expect(200)).len(), 1);
        admin.post("/v1/opportunities/forecast", &json!({ "since": "2026-10-01", "until": "2026-09-30" })).await.refused(422, "VALIDATION_FAILED");
    })
    .await;
}
