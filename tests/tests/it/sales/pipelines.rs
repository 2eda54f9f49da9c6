//! What stages ask for is asked, and told beforehand.

use super::Line;
use crate::rights::{make, role, user};
use clientela_kernel::Clock as _;
use clientela_testkit::{Client, TestApp, both};
use serde_json::{Value as Json, json};

async fn deal(app: &TestApp, body: Json) -> String {
    let account = make(app, "accounts", json!({ "name": "Dairy", "currency": "EUR" })).await;
    let mut whole = json!({ "name": "Cheese", "accountId": account, "closeDate": "2026-12-18" });
    whole.as_object_mut().unwrap().extend(body.as_object().cloned().unwrap());
    make(app, "opportunities", whole).await
}

async fn verb(client: &Client, deal: &str, verb: &str, input: Json) -> clientela_testkit::Answer {
    client.post(&format!("/v1/opportunities/{deal}/{verb}"), &input).await
}

/// The kinds of what stands in the way of a stage, and whether the move could be made.
async fn obstacles(client: &Client, deal: &str, stage: &Json) -> (bool, Vec<String>) {
    let answer = verb(client, deal, "transitions", json!({})).await.expect(200);
    let found = answer["transitions"].as_array().unwrap().iter().find(|one| one["stage"]["id"] == *stage);
    let found = found.unwrap_or_else(|| panic!("no transition to {stage}: {answer}"));
    let kinds = found["obstacles"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap().to_owned());
    (found["allowed"].as_bool().unwrap(), kinds.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_is_entered_with_what_it_asks_for_alone() {
    both(|app| async move {
        let admin = &app.alpha;
        let mut line = Line::new(admin).await;
        let gate = json!({
            "name": "Gate", "position": 30, "probability": 70, "forecastCategory": "COMMIT", "required": true, "staleAfterDays": 10,
            "requiredFields": ["amount", "contactId"], "checklist": ["Budget is confirmed"],
            "entryCondition": r#"{"account": {"lifecycle": {"eq": "CUSTOMER"}}}"#,
        });
        let gate = json!(line.stage(admin, gate).await);
        let deal = deal(&app, json!({})).await;
        let path = format!("/v1/opportunities/{deal}");
        let began = admin.get(&path).await.expect(200);
        assert_eq!((&began["stageId"], &began["pipelineId"], &began["status"]), (&line.at("Qualify"), &json!(line.id), &json!("OPEN")));
        assert_eq!((&began["probability"], &began["currency"]), (&json!(10), &json!("EUR")));

        // What is missing is told beforehand, and the same is refused.
        let (allowed, kinds) = obstacles(admin, &deal, &gate).await;
        assert_eq!((allowed, kinds), (false, ["MISSING_FIELD", "MISSING_FIELD", "UNCHECKED_ITEM", "CONDITION"].map(str::to_owned).to_vec()));
        let refused = verb(admin, &deal, "advance", json!({ "stageId": gate })).await.refused(409, "TRANSITION_BLOCKED");
        assert_eq!(refused["errors"].as_array().unwrap().len(), 4, "{refused}");
        assert!(refused["detail"].as_str().unwrap().contains("amount has no value"), "{refused}");
        // It must not be skipped on the way to the end either.
        let (allowed, kinds) = obstacles(admin, &deal, &line.at("Won")).await;
        assert_eq!((allowed, kinds), (false, vec!["SKIPPED_STAGE".to_owned()]));
        verb(admin, &deal, "win", json!({})).await.refused(409, "TRANSITION_BLOCKED");
        assert_eq!(admin.get(&path).await.expect(200), began, "nothing was written");

        let contact = make(&app, "contacts", json!({ "firstName": "Eva", "lastName": "Moser" })).await;
        let filled = json!({ "amount": { "amount": "1000.05", "currency": "EUR" }, "contactId": contact, "checkedItems": ["Budget is confirmed"] });
        let filled = admin.patch(&path, &filled).await.expect(200);
        assert_eq!(filled["expectedAmount"], json!({ "amount": "100.01", "currency": "EUR" }));
        let account = began["accountId"].as_str().unwrap();
        admin.patch(&format!("/v1/accounts/{account}"), &json!({ "lifecycle": "CUSTOMER" })).await.expect(200);
        assert_eq!(obstacles(admin, &deal, &gate).await, (true, vec![]));
        app.clock.advance(3_600_000);
        let mutation = "mutation($input: AdvanceOpportunityInput!) { advanceOpportunity(input: $input) { opportunity { stage { name } probability forecastCategory expectedAmount { amount } staleAt stageSince } userErrors { code message } } }";
        let answer = admin.graphql(mutation, json!({ "input": { "id": deal, "stageId": gate } })).await.data();
        let moved = &answer["advanceOpportunity"]["opportunity"];
        assert_eq!(moved["stage"]["name"], "Gate", "{answer}");
        assert_eq!((&moved["probability"], &moved["forecastCategory"]), (&json!(70), &json!("COMMIT")));
        assert_eq!(moved["expectedAmount"]["amount"], "700.04");
        let day = |value: &Json| clientela_kernel::Timestamp::parse(value.as_str().unwrap()).unwrap().0;
        assert_eq!(day(&moved["staleAt"]) - day(&moved["stageSince"]), 10 * 86_400_000);
        // Backward nothing is asked, and the way forward is open again, since it has been there.
        verb(admin, &deal, "advance", json!({ "stageId": line.at("Qualify") })).await.expect(200);
        let won = verb(admin, &deal, "win", json!({ "note": "The samples" })).await.expect(200);
        let won = &won["opportunity"];
        assert_eq!((&won["status"], &won["probability"], &won["forecastCategory"]), (&json!("WON"), &json!(100), &json!("CLOSED")));
        assert_eq!(won["outcomeNote"], "The samples");
        assert_eq!(won["closeDate"], json!(app.clock.now().date().to_text()));
        let log = admin.get(&format!("/v1/stage-changes?filter[opportunityId][eq]={deal}&sort=enteredAt,id")).await.expect(200);
        let kinds: Vec<&str> = log["data"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["CREATED", "ADVANCED", "RETURNED", "WON"]);
        assert_eq!(log["data"][1]["timeInStage"], "PT1H");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn some_moves_need_somebody_elses_yes() {
    both(|app| async move {
        let admin = &app.alpha;
        let member = admin.get("/v1/roles?filter[key][eq]=member").await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
        let ((anna_id, anna), (_, ben)) = (user(&app, "anna", &[&member]).await, user(&app, "ben", &[&member]).await);
        let line = Line::new(admin).await;
        let offer = line.at("Offer");
        let team = make(&app, "teams", json!({ "name": "Sales lead" })).await;
        make(&app, "team-members", json!({ "teamId": team, "userId": anna_id })).await;
        let limit = json!({ "amount": "500", "currency": "EUR" });
        make(&app, "stage-approvers", json!({ "stageId": offer, "approverId": team, "fromAmount": limit })).await;
        let deal = deal(&app, json!({ "amount": { "amount": "499.99", "currency": "EUR" } })).await;
        let path = format!("/v1/opportunities/{deal}");
        assert_eq!(obstacles(&ben, &deal, &offer).await, (true, vec![]), "below the limit nobody is asked");
        ben.patch(&path, &json!({ "amount": limit })).await.expect(200);
        assert_eq!(obstacles(&ben, &deal, &offer).await, (false, vec!["APPROVAL".to_owned()]));
        let blocked = verb(&ben, &deal, "advance", json!({})).await.refused(409, "TRANSITION_BLOCKED");
        assert_eq!(blocked["errors"][0]["code"], "NOT_ALLOWED");

        let asked = verb(&ben, &deal, "request-approval", json!({ "stageId": offer, "note": "As last year" })).await.expect(200);
        let approval = asked["approval"]["id"].as_str().unwrap().to_owned();
        let again = verb(&ben, &deal, "request-approval", json!({ "stageId": offer })).await.expect(200);
        assert_eq!(again["approval"]["id"], json!(approval), "asked for once");
        let told = anna.get("/v1/notifications").await.expect(200);
        assert!(told["data"].as_array().unwrap().iter().any(|one| one["recordId"] == json!(deal)), "{told}");
        let decide = async |client: &Client, answer: &str| client.post(&format!("/v1/stage-approvals/{approval}/{answer}"), &json!({})).await;
        decide(&ben, "approve").await.refused(403, "FORBIDDEN");
        decide(admin, "approve").await.refused(403, "FORBIDDEN");
        let yes = decide(&anna, "approve").await.expect(200);
        assert_eq!((&yes["approval"]["status"], &yes["approval"]["decidedById"]), (&json!("APPROVED"), &json!(anna_id)));
        decide(&anna, "reject").await.refused(409, "INVALID_STATE");
        // It was given for what the deal was worth.
        ben.patch(&path, &json!({ "amount": { "amount": "600", "currency": "EUR" } })).await.expect(200);
        verb(&ben, &deal, "advance", json!({})).await.refused(409, "TRANSITION_BLOCKED");
        ben.patch(&path, &json!({ "amount": limit })).await.expect(200);
        verb(&ben, &deal, "advance", json!({})).await.expect(200);

        // Nobody gives what they have asked for.
        let own = make(&app, "opportunities", json!({ "name": "Own", "accountId": make(&app, "accounts", json!({ "name": "A" })).await, "closeDate": "2026-12-18", "amount": limit })).await;
        let asked = verb(&anna, &own, "request-approval", json!({ "stageId": offer })).await.expect(200);
        let asked = format!("/v1/stage-approvals/{}/approve", asked["approval"]["id"].as_str().unwrap());
        anna.post(&asked, &json!({})).await.refused(403, "FORBIDDEN");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_board_shows_what_its_reader_sees() {
    both(|app| async move {
        let admin = &app.alpha;
        let line = Line::new(admin).await;
        let own = role(&app, "seller", &[("*", "read", "ALL"), ("opportunity", "*", "OWN")]).await;
        let (anna_id, anna) = user(&app, "anna", &[&own]).await;
        for (amount, currency, stage, owner) in
            [("10.10", "EUR", "Qualify", true), ("20.20", "EUR", "Qualify", false), ("5", "CHF", "Qualify", false), ("7", "EUR", "Offer", true), ("1", "EUR", "Won", true)]
        {
            let mut body = json!({ "name": amount, "stageId": line.at(stage), "amount": { "amount": amount, "currency": currency }, "closeDate": format!("2026-12-{:02}", amount.len()) });
            if owner {
                body["ownerId"] = json!(anna_id);
            }
            deal(&app, body).await;
        }
        let board = async |client: &Client, input: Json| client.post(&format!("/v1/pipelines/{}/board", line.id), &input).await.expect(200);
        let shown = |board: &Json| -> Vec<(String, i64, String, usize)> {
            let columns = board["columns"].as_array().unwrap().iter();
            columns
                .map(|column| {
                    let totals = column["totals"].as_array().unwrap().iter();
                    let totals: Vec<String> = totals
                        .map(|one| format!("{} {} {}", one["count"], one["amount"]["amount"].as_str().unwrap(), one["amount"]["currency"].as_str().unwrap()))
                        .collect();
                    let (name, count) = (column["stage"]["name"].as_str().unwrap().to_owned(), column["count"].as_i64().unwrap());
                    (name, count, totals.join(", "), column["cards"].as_array().unwrap().len())
                })
                .collect()
        };
        let all = board(admin, json!({ "cards": 2 })).await;
        assert_eq!(
            shown(&all),
            [("Qualify".to_owned(), 3, "1 5.00 CHF, 2 30.30 EUR".to_owned(), 2), ("Offer".to_owned(), 1, "1 7.00 EUR".to_owned(), 1)]
        );
        assert_eq!(all["columns"][0]["cards"][0]["name"], "5", "by close date");
        assert_eq!(all["columns"][0]["totals"][1]["expectedAmount"]["amount"], "3.03");
        assert_eq!(
            shown(&board(&anna, json!({ "closed": true })).await),
            [("Qualify", 1, "1 10.10 EUR", 1), ("Offer", 1, "1 7.00 EUR", 1), ("Won", 1, "1 1.00 EUR", 1), ("Lost", 0, "", 0)]
                .map(|(name, count, total, cards)| (name.to_owned(), count, total.to_owned(), cards))
        );
        let filtered = board(admin, json!({ "filter": r#"{"amount": {"currency": "CHF"}}"#, "cards": 0 })).await;
        assert_eq!(shown(&filtered)[0], ("Qualify".to_owned(), 1, "1 5.00 CHF".to_owned(), 0));
        admin.post(&format!("/v1/pipelines/{}/board", line.id), &json!({ "filter": r#"{"nosuch": 1}"# })).await.refused(422, "VALIDATION_FAILED");
        // Whoever may not see what deals are worth sees how many there are.
        make(&app, "field-rules", json!({ "roleId": own, "resource": "opportunity", "field": "amount", "access": "HIDDEN" })).await;
        let hidden = board(&anna, json!({})).await;
        assert_eq!(shown(&hidden)[0], ("Qualify".to_owned(), 1, String::new(), 1), "{hidden}");
        assert!(hidden["columns"][0]["cards"][0].get("amount").is_none_or(Json::is_null), "{hidden}");
    })
    .await;
}
