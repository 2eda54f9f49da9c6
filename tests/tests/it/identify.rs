//! A visitor becomes somebody: what it did before counts as that party's, and what it does afterwards too.

use clientela_testkit::factory::text;
use clientela_testkit::{Client, both};
use serde_json::{Value as Json, json};

async fn create(client: &Client, path: &str, body: Json) -> String {
    text(&client.post(&format!("/v1/{path}"), &body).await.expect(201), "id")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_is_joined_once_and_for_all_its_events() {
    both(|app| async move {
        let alpha = &app.alpha;
        let anna = create(alpha, "contacts", json!({ "name": "Anna" })).await;
        let other = create(alpha, "contacts", json!({ "name": "Berta" })).await;
        let visitor = create(alpha, "visitors", json!({ "anonymousId": "cookie-1" })).await;
        let event = |more: Json| {
            let mut body = json!({ "kind": "PAGE_VIEWED", "visitorId": visitor });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let mut events = Vec::new();
        for _ in 0..130 {
            events.push(json!({ "create": event(json!({})) }));
        }
        let made = alpha.post("/v1/customer-events/batch", &json!({ "rows": events })).await;
        assert_eq!(made.status, 200, "{}", made.describe());
        let gone = create(alpha, "customer-events", event(json!({}))).await;
        assert_eq!(alpha.delete(&format!("/v1/customer-events/{gone}")).await.status, 204);
        let own = create(alpha, "customer-events", event(json!({ "partyId": other }))).await;

        let path = format!("/v1/visitors/{visitor}/identify");
        let tried = alpha.post(&format!("{path}?dryRun=true"), &json!({ "partyId": anna })).await.expect(200);
        assert_eq!(tried["joinedEvents"], json!(131));
        assert_eq!(alpha.get(&format!("/v1/visitors/{visitor}")).await.expect(200)["partyId"], Json::Null);
        let done = alpha.post(&path, &json!({ "partyId": anna })).await.expect(200);
        let party = anna.replace("con_", "pty_");
        assert_eq!((&done["joinedEvents"], &done["visitor"]["partyId"]), (&json!(131), &json!(party)), "{done}");
        let count = |party: String| {
            let alpha = alpha.clone();
            async move {
                let list = alpha.get(&format!("/v1/customer-events?limit=1&total=true&filter[partyId][eq]={party}")).await.expect(200);
                list["page"]["total"].clone()
            }
        };
        assert_eq!(count(party.clone()).await, json!(130));
        assert_eq!(alpha.get(&format!("/v1/customer-events/{gone}?deleted=include")).await.expect(200)["partyId"], json!(party));
        assert_eq!(alpha.get(&format!("/v1/customer-events/{own}")).await.expect(200)["partyId"], json!(other.replace("con_", "pty_")));
        // Later events carry the party, and doing it again changes nothing.
        create(alpha, "customer-events", event(json!({}))).await;
        assert_eq!(count(party.clone()).await, json!(131));
        let again = alpha.post(&path, &json!({ "partyId": anna })).await.expect(200);
        assert_eq!((&again["joinedEvents"], &again["visitor"]["version"]), (&json!(0), &done["visitor"]["version"]));
        // What has not happened yet is no event.
        let ahead = event(json!({ "occurredAt": "2999-01-01T00:00:00Z" }));
        let refused = alpha.post("/v1/customer-events", &ahead).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], json!("/occurredAt"), "{refused}");
        // Somebody else's visitor stays so.
        let refused = alpha.post(&path, &json!({ "partyId": other })).await.refused(422, "VALIDATION_FAILED");
        assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/partyId"), &json!("CONTRADICTION")));
        assert!(text(&refused, "detail").contains("mergeParties"), "{refused}");
        assert_eq!(count(party).await, json!(131));
    })
    .await;
}
