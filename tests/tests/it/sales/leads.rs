//! Leads: who they are, how promising they are, whose they are, and what becomes of them.

use super::Line;
use crate::rights::{make, user};
use clientela_testkit::{Client, TestApp, both};
use serde_json::{Value as Json, json};

async fn capture(client: &Client, input: Json) -> Json {
    client.post("/v1/leads/capture", &input).await.expect(200)
}

fn path(lead: &Json, rest: &str) -> String {
    format!("/v1/leads/{}{rest}", lead["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_makes_a_lead_of_somebody_known_or_new() {
    both(|app| async move {
        let admin = &app.alpha;
        let rule = |name: &str, condition: &str, points: i64| json!({ "name": name, "condition": condition, "points": points });
        make(&app, "score-rules", rule("Fair", r#"{"source": {"eq": "Trade fair"}}"#, 20)).await;
        make(&app, "score-rules", rule("Austria", r#"{"contact": {"country": {"eq": "AT"}}}"#, 5)).await;
        make(&app, "score-rules", rule("Small", r#"{"estimatedAmount": {"currency": "EUR", "lt": "100"}}"#, -7)).await;
        admin.post("/v1/score-rules", &rule("Wrong", r#"{"nosuch": 1}"#, 1)).await.refused(422, "VALIDATION_FAILED");
        let form = json!({ "firstName": "Eva", "lastName": "Moser", "email": "Eva@Adler.example", "company": "Gasthof Adler", "country": "AT", "source": "Trade fair" });
        let made = capture(admin, form.clone()).await;
        assert_eq!((&made["newContact"], &made["lead"]["score"], &made["lead"]["topic"]), (&json!(true), &json!(25), &json!("Gasthof Adler")));
        assert_eq!(made["contact"]["name"], "Eva Moser");
        let again = capture(admin, json!({ "email": "eva@adler.example", "topic": "Butter too", "estimatedAmount": { "amount": "99.99", "currency": "EUR" } })).await;
        assert_eq!((&again["newContact"], &again["contact"]["id"]), (&json!(false), &made["contact"]["id"]), "the same person");
        assert_eq!(again["lead"]["score"], -2);
        assert_eq!(again["contact"]["country"], "AT", "what is known is not changed");
        admin.post("/v1/leads/capture", &json!({ "topic": "Nobody" })).await.refused(422, "VALIDATION_FAILED");
        let told = admin.post(&path(&made["lead"], "/score"), &json!({ "allRules": true })).await.expect(200);
        let told: Vec<(&str, bool, i64)> = told["reasons"].as_array().unwrap().iter()
            .map(|one| (one["rule"]["name"].as_str().unwrap(), one["satisfied"].as_bool().unwrap(), one["points"].as_i64().unwrap()))
            .collect();
        assert_eq!(told, [("Fair", true, 20), ("Austria", true, 5), ("Small", false, 0)]);
        let timeline = admin.get(&format!("/v1/contacts/{}/timeline?kinds=LEAD", made["contact"]["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(timeline["data"].as_array().unwrap().len(), 2, "{timeline}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_go_to_whose_turn_it_is() {
    both(|app| async move {
        let admin = &app.alpha;
        let ((anna, _), (ben, _), (eva, _)) = (user(&app, "anna", &[]).await, user(&app, "ben", &[]).await, user(&app, "eva", &[]).await);
        let team = make(&app, "teams", json!({ "name": "Inside sales" })).await;
        for member in [&anna, &ben] {
            make(&app, "team-members", json!({ "teamId": team, "userId": member })).await;
        }
        let of_team =
            json!({ "name": "Team", "position": 10, "condition": r#"{"source": {"eq": "Web"}}"#, "assigneeId": team, "capacity": 2 });
        make(&app, "lead-assignment-rules", of_team).await;
        make(&app, "lead-assignment-rules", json!({ "name": "The rest", "position": 20, "assigneeId": eva })).await;
        let mut owners = Vec::new();
        for number in 0..6 {
            app.clock.advance(1_000);
            let made = capture(admin, json!({ "email": format!("{number}@x.example"), "source": "Web" })).await;
            owners.push(made["lead"]["ownerId"].as_str().unwrap().to_owned());
        }
        let count = |who: &String| owners[..4].iter().filter(|owner| *owner == who).count();
        assert_eq!((count(&anna), count(&ben)), (2, 2), "they take turns");
        assert_ne!(owners[0], owners[1]);
        assert_eq!(owners[4..], [eva.clone(), eva.clone()], "nobody of the team has room any more");
        let lead = admin.get(&format!("/v1/leads?filter[ownerId][eq]={anna}")).await.expect(200)["data"][0].clone();
        admin.post(&path(&lead, "/assign"), &json!({})).await.refused(409, "INVALID_STATE");
        admin.post(&path(&lead, "/disqualify"), &json!({ "reason": "Bought elsewhere" })).await.expect(200);
        let made = capture(admin, json!({ "email": "7@x.example", "source": "Web" })).await;
        assert_eq!(made["lead"]["ownerId"], json!(anna), "there is room again");
        admin.patch(&format!("/v1/users/{anna}"), &json!({ "active": false })).await.expect(200);
        let made = capture(admin, json!({ "email": "8@x.example", "source": "Web", "assign": false })).await;
        assert!(made["lead"]["ownerId"].is_null(), "{made}");
        // Of two at once each has its turn.
        let (one, two) = (capture(admin, json!({ "email": "9@x.example" })), capture(admin, json!({ "email": "10@x.example" })));
        let (one, two) = tokio::join!(one, two);
        assert_eq!((&one["lead"]["ownerId"], &two["lead"]["ownerId"]), (&json!(eva), &json!(eva)));
    })
    .await;
}

async fn all(app: &TestApp) -> [usize; 3] {
    let mut counts = [0; 3];
    for (place, path) in ["accounts", "contacts", "opportunities"].into_iter().enumerate() {
        counts[place] = app.alpha.get(&format!("/v1/{path}")).await.expect(200)["data"].as_array().unwrap().len();
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_converted_once_and_copies_nothing() {
    both(|app| async move {
        let admin = &app.alpha;
        let line = Line::new(admin).await;
        let form = json!({ "lastName": "Moser", "email": "eva@adler.example", "company": "Gasthof Adler", "topic": "Cheese", "estimatedAmount": { "amount": "500", "currency": "EUR" } });
        let lead = capture(admin, form).await["lead"].clone();
        let before = all(&app).await;
        let shown = admin.post(&path(&lead, "/convert?dryRun=true"), &json!({})).await.expect(200);
        assert_eq!((&shown["accountMatch"], &shown["account"]["name"]), (&json!("NEW"), &json!("Gasthof Adler")));
        assert_eq!(all(&app).await, before, "a trial leaves nothing");
        admin.patch(&path(&lead, ""), &json!({ "status": "QUALIFIED" })).await.refused(422, "VALIDATION_FAILED");

        let (convert, nothing) = (path(&lead, "/convert"), json!({}));
        let (one, two) = tokio::join!(admin.post(&convert, &nothing), admin.post(&convert, &nothing));
        let (good, bad) = if one.status == 200 { (one, two) } else { (two, one) };
        bad.refused(409, "INVALID_STATE");
        let done = good.expect(200);
        assert_eq!(all(&app).await, [before[0] + 1, before[1], before[2] + 1], "one account, one opportunity, nobody new");
        let deal = &done["opportunity"];
        assert_eq!((&deal["accountId"], &deal["contactId"], &deal["stageId"]), (&done["account"]["id"], &done["contact"]["id"], &line.at("Qualify")));
        assert_eq!((&deal["name"], &deal["amount"]["amount"]), (&json!("Cheese"), &json!("500.00")));
        assert_eq!((&done["lead"]["status"], &done["lead"]["opportunityId"]), (&json!("QUALIFIED"), &deal["id"]));
        assert_eq!(done["contact"]["accountId"], done["account"]["id"]);
        admin.post(&path(&lead, "/disqualify"), &json!({ "reason": "No" })).await.refused(409, "INVALID_STATE");

        // Another of the same company finds the account; one of nobody's company is a customer in their own right.
        let second = capture(admin, json!({ "lastName": "Huber", "email": "h@adler.example", "company": "gasthof adler" })).await["lead"].clone();
        let second = admin.post(&path(&second, "/convert"), &json!({ "withOpportunity": false })).await.expect(200);
        assert_eq!((&second["accountMatch"], &second["account"]["id"], &second["opportunity"]), (&json!("COMPANY"), &done["account"]["id"], &Json::Null));
        let private = capture(admin, json!({ "lastName": "Gruber", "email": "g@home.example" })).await["lead"].clone();
        let private = admin.post(&path(&private, "/convert"), &json!({})).await.expect(200);
        assert_eq!((&private["account"]["kind"], &private["account"]["contactId"]), (&json!("PERSON"), &private["contact"]["id"]));

        // The way back is open as long as nobody has gone on.
        let reverted = admin.post(&path(&private["lead"], "/revert-conversion"), &json!({})).await.expect(200);
        assert_eq!((&reverted["lead"]["status"], &reverted["lead"]["accountId"], &reverted["lead"]["opportunityId"]), (&json!("WORKING"), &Json::Null, &Json::Null));
        for (resource, field) in [("accounts", "account"), ("opportunities", "opportunity")] {
            admin.get(&format!("/v1/{resource}/{}", private[field]["id"].as_str().unwrap())).await.refused(404, "NOT_FOUND");
        }
        admin.post(&path(&private["lead"], "/revert-conversion"), &json!({})).await.refused(409, "INVALID_STATE");
        admin.patch(&format!("/v1/opportunities/{}", deal["id"].as_str().unwrap()), &json!({ "nextStep": "Call" })).await.expect(200);
        admin.post(&path(&lead, "/revert-conversion"), &json!({})).await.refused(409, "INVALID_STATE");
        let still = admin.get(&path(&lead, "")).await.expect(200);
        assert_eq!(still["status"], "QUALIFIED", "nothing half done");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_of_revenue_are_the_whole() {
    both(|app| async move {
        let admin = &app.alpha;
        Line::new(admin).await;
        let mut users = Vec::new();
        for name in ["anna", "ben", "eva"] {
            users.push(user(&app, name, &[]).await.0);
        }
        let account = make(&app, "accounts", json!({ "name": "Dairy" })).await;
        let deal = make(&app, "opportunities", json!({ "name": "Cheese", "accountId": account, "closeDate": "2026-12-18", "amount": { "amount": "100.00", "currency": "EUR" } })).await;
        let split = format!("/v1/opportunities/{deal}/split");
        let shares = |percents: &[&str]| -> Json { users.iter().zip(percents).map(|(user, percent)| json!({ "userId": user, "percent": percent })).collect() };
        let refused = admin.post(&split, &json!({ "shares": shares(&["33.33", "33.33", "33.33"]) })).await.refused(422, "VALIDATION_FAILED");
        assert!(refused["detail"].as_str().unwrap().contains("99.99"), "{refused}");
        let twice = json!([{ "userId": users[0], "percent": "50" }, { "userId": users[0], "percent": "50" }]);
        admin.post(&split, &json!({ "shares": twice })).await.refused(422, "VALIDATION_FAILED");
        let amounts = async |kind: &str| -> Vec<(String, String)> {
            let list = admin.get(&format!("/v1/opportunity-splits?filter[opportunityId][eq]={deal}&filter[kind][eq]={kind}&sort=percent,id")).await.expect(200);
            let text = |value: &Json| value.as_str().unwrap().to_owned();
            list["data"].as_array().unwrap().iter().map(|one| (text(&one["percent"]), text(&one["amount"]["amount"]))).collect()
        };
        let pair = |percent: &str, amount: &str| (percent.to_owned(), amount.to_owned());
        admin.post(&split, &json!({ "shares": shares(&["33.33", "33.33", "33.34"]) })).await.expect(200);
        assert_eq!(amounts("REVENUE").await, [pair("33.33", "33.33"), pair("33.33", "33.33"), pair("33.34", "33.34")]);
        // They follow the amount, to the cent.
        admin.patch(&format!("/v1/opportunities/{deal}"), &json!({ "amount": { "amount": "0.02", "currency": "EUR" } })).await.expect(200);
        let found = amounts("REVENUE").await;
        let cents: i64 = found.iter().map(|(_, amount)| amount.replace("0.0", "").parse::<i64>().unwrap()).sum();
        assert_eq!(cents, 2, "{found:?}");
        admin.post(&split, &json!({ "kind": "OVERLAY", "shares": shares(&["100", "100"]) })).await.expect(200);
        assert_eq!(amounts("OVERLAY").await, [pair("100", "0.02"), pair("100", "0.02")]);
        admin.post(&split, &json!({ "shares": shares(&["100"]) })).await.expect(200);
        assert_eq!(amounts("REVENUE").await, [pair("100", "0.02")]);
        assert_eq!(amounts("OVERLAY").await.len(), 2, "another kind is left alone");
    })
    .await;
}
