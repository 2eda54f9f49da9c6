//! What is reported of addresses, and that nobody sends to those that are ill.

use clientela_testkit::factory::text;
use clientela_testkit::{Client, both};
use serde_json::{Value as Json, json};

async fn create(client: &Client, path: &str, body: Json) -> String {
    text(&client.post(&format!("/v1/{path}"), &body).await.expect(201), "id")
}

async fn report(client: &Client, point: &str, body: Json) -> Json {
    client.post(&format!("/v1/contact-points/{point}/report-health"), &body).await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_sets_what_is_known() {
    both(|app| async move {
        let alpha = &app.alpha;
        let contact = create(alpha, "contacts", json!({"lastName": "Reached"})).await;
        let point = create(alpha, "contact-points", json!({"partyId": contact, "kind": "EMAIL", "value": "r@x.example"})).await;
        let bounced = report(alpha, &point, json!({"event": "BOUNCED", "reason": "452 full"})).await;
        let shown = &bounced["contactPoint"];
        assert_eq!((&shown["health"], &shown["healthReason"], &bounced["changed"]), (&json!("BOUNCING"), &json!("452 full"), &json!(true)));
        assert!(shown["healthReportedAt"].is_string());
        assert_eq!(report(alpha, &point, json!({"event": "DELIVERED"})).await["contactPoint"]["health"], "OK");
        let verified = report(alpha, &point, json!({"event": "VERIFIED"})).await;
        assert_eq!(verified["contactPoint"]["verifiedAt"], verified["contactPoint"]["healthReportedAt"]);
        // A report of before comes late, and tells nothing any more.
        let late = report(alpha, &point, json!({"event": "INVALID", "occurredAt": "2020-01-01T00:00:00Z"})).await;
        assert_eq!((&late["changed"], &late["contactPoint"]["health"]), (&json!(false), &json!("OK")));
        let invalid = report(alpha, &point, json!({"event": "INVALID", "reason": "550 unknown"})).await;
        assert_eq!((&invalid["contactPoint"]["health"], &invalid["contactPoint"]["verifiedAt"]), (&json!("INVALID"), &Json::Null));
        for event in ["DELIVERED", "BOUNCED"] {
            assert_eq!(report(alpha, &point, json!({"event": event})).await["contactPoint"]["health"], "INVALID", "{event}");
        }
        let future = json!({"event": "BOUNCED", "occurredAt": "2100-01-01T00:00:00Z"});
        alpha.post(&format!("/v1/contact-points/{point}/report-health"), &future).await.refused(422, "VALIDATION_FAILED");
        // Another address is another story.
        let moved = alpha.patch(&format!("/v1/contact-points/{point}"), &json!({"value": "new@x.example"})).await.expect(200);
        assert_eq!((&moved["health"], &moved["healthReason"], &moved["healthReportedAt"]), (&json!("OK"), &Json::Null, &Json::Null));
        report(alpha, &point, json!({"event": "BOUNCED"})).await;
        alpha.patch(&format!("/v1/contacts/{contact}"), &json!({"email": "third@x.example"})).await.expect(200);
        let again = alpha.get(&format!("/v1/contact-points/{point}")).await.expect(200);
        assert_eq!((&again["health"], &again["healthReportedAt"]), (&json!("OK"), &Json::Null));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sends_to_what_is_ill() {
    both(|app| async move {
        let alpha = &app.alpha;
        let contact = create(alpha, "contacts", json!({"lastName": "Reached"})).await;
        let point = |value: &str| json!({"partyId": contact, "kind": "EMAIL", "value": value});
        let first = create(alpha, "contact-points", point("first@x.example")).await;
        let factory = app.factory(alpha);
        let mut purpose = factory.body(app.registry.resource("purpose").unwrap(), clientela_testkit::factory::Fill::Required).await;
        purpose.insert("legalBasis".to_owned(), json!("CONTRACT"));
        let purpose = create(alpha, "purposes", Json::Object(purpose)).await;
        let decide = async || {
            let wanted = json!({"partyId": contact, "purposeId": purpose, "channel": "EMAIL", "otherChannels": false});
            alpha.post("/v1/contact-decisions/decide", &wanted).await.expect(200)
        };
        assert_eq!(decide().await["verdict"], "SEND");
        report(alpha, &first, json!({"event": "BOUNCED"})).await;
        let held = decide().await;
        assert_eq!((&held["verdict"], &held["reasons"][0]["reason"]), (&json!("HOLD"), &json!("ADDRESS_BOUNCING")));
        // Another address that messages reach will do.
        let second = create(alpha, "contact-points", point("second@x.example")).await;
        let sent = decide().await;
        assert_eq!((&sent["verdict"], &sent["contactPoint"]["id"]), (&json!("SEND"), &json!(second)));
        report(alpha, &first, json!({"event": "DELIVERED"})).await;
        assert_eq!(decide().await["contactPoint"]["id"], json!(first), "the preferred one");
    })
    .await;
}
