//! The signature is the credential: what does not hold leaves nothing, and tells nothing.

use super::{Source, event, source};
use crate::jobs::work;
use clientela_testkit::both;
use clientela_testkit::factory::text;
use serde_json::{Value as Json, json};

const BODY: &str = "{\"type\": \"customer.saved\"} \n";
/// Published with the headers of a forge: this secret, this body, this signature.
const SECRET: &str = "It's a Secret to Everybody";
const HELLO: &str = "Hello, World!";
const HEX: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
const BASE64: &str = "dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc=";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_is_not_taken() {
    both(|app| async move {
        let erp = source(&app.alpha, json!({})).await;
        let taken = erp.signed(&app, &erp.secret, "msg_1", 299, BODY).await;
        let id = text(&taken.expect(202), "id");
        assert_eq!(taken.header("content-location"), Some(format!("/v1/inbox-events/{id}").as_str()));
        let again = erp.signed(&app, &erp.secret, "msg_1", 0, BODY).await;
        assert_eq!(again.expect(200), json!({ "id": id, "replayed": true }));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        // Whoever asks for nothing, and whoever asks wrongly, hear the same.
        let nowhere = Source { id: "ins_01h455vb4pex5vsknk084sn02q".to_owned(), secret: erp.secret.clone() };
        let other = clientela_jobs::webhook::secret::mint().unwrap();
        let refused = [
            erp.signed(&app, &other, "msg_2", 0, BODY).await,
            nowhere.signed(&app, &erp.secret, "msg_2", 0, BODY).await,
            Source { id: "x".to_owned(), secret: String::new() }.signed(&app, &erp.secret, "msg_2", 0, BODY).await,
            erp.signed(&app, &erp.secret, "msg_2", 301, BODY).await,
            erp.signed(&app, &erp.secret, "msg_2", -301, BODY).await,
            erp.raw(&app, &[], BODY).await,
            // A credential of ours is none here.
            app.alpha.post(&format!("/v1/inbox/{}", erp.id), &json!({})).await,
        ];
        let text = |answer: &Json| answer["detail"].clone();
        let said: Vec<Json> = refused.iter().map(|answer| text(&answer.refused(401, "UNAUTHENTICATED"))).collect();
        assert!(said.iter().all(|detail| *detail == said[0]), "{said:?}");
        erp.signed(&app, &erp.secret, "msg_2", 0, &" ".repeat(256 * 1024 + 1)).await.refused(413, "PAYLOAD_TOO_LARGE");
        let kept = app.alpha.get("/v1/inbox-events?total=true").await.expect(200);
        assert_eq!(kept["page"]["total"], 1, "{kept}");
        // Byte for byte, without what is secret.
        let kept = event(&app.alpha, &id).await;
        assert_eq!((&kept["body"], &kept["bodyBytes"], &kept["eventId"]), (&json!(BODY), &json!(BODY.len()), &json!("msg_1")));
        assert!(!kept["headers"].as_str().unwrap().contains("v1,"), "{kept}");
        // Two secrets for a while, and then one.
        let rotate = app.alpha.post(&format!("{}/rotate-secret", erp.path()), &json!({ "overlap": "PT1H" })).await.expect(200);
        let new = rotate["secret"].as_str().unwrap();
        erp.signed(&app, &erp.secret, "msg_3", 0, BODY).await.expect(202);
        erp.signed(&app, new, "msg_4", 0, BODY).await.expect(202);
        app.clock.advance(3_600_000);
        erp.signed(&app, &erp.secret, "msg_5", 0, BODY).await.refused(401, "UNAUTHENTICATED");
        erp.signed(&app, new, "msg_5", 0, BODY).await.expect(202);
        for place in [erp.path(), format!("{}/history", erp.path()), "/v1/audit-entries".to_owned()] {
            assert!(!app.alpha.get(&place).await.text().contains("whsec_"), "{place} shows a secret");
        }
        app.alpha.patch(&erp.path(), &json!({ "state": "DISABLED" })).await.expect(200);
        erp.signed(&app, new, "msg_6", 0, BODY).await.refused(404, "NOT_FOUND");
        erp.signed(&app, &other, "msg_6", 0, BODY).await.refused(401, "UNAUTHENTICATED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_signatures_are_read_as_their_senders_write_them() {
    both(|app| async move {
        let hmac = json!({
            "signature": "HMAC_SHA256", "signatureHeader": "X-Hub-Signature-256", "signaturePrefix": "sha256=", "eventIdHeader": "X-GitHub-Delivery"
        });
        let forge = source(&app.alpha, hmac).await;
        let take_over = |source: &Source| (format!("{}/rotate-secret", source.path()), json!({ "secret": SECRET, "overlap": "PT0S" }));
        let (path, body) = take_over(&forge);
        let rotated = app.alpha.post(&path, &body).await.expect(200);
        assert_eq!(rotated["secret"], Json::Null, "what the sender gave is not shown");
        let headers = [("x-hub-signature-256", HEX), ("x-github-delivery", "72d3162e")];
        let id = text(&forge.raw(&app, &headers, HELLO).await.expect(202), "id");
        let upper = HEX.replace("sha256=", "").to_uppercase();
        forge.raw(&app, &[("x-hub-signature-256", &upper)], HELLO).await.refused(401, "UNAUTHENTICATED");
        forge.raw(&app, &[("x-hub-signature-256", HEX)], "Hello, World?").await.refused(401, "UNAUTHENTICATED");
        forge.raw(&app, &[("x-hub-signature-256", HEX), ("x-hub-signature-256", HEX)], HELLO).await.refused(401, "UNAUTHENTICATED");
        let shop = source(&app.alpha, json!({ "signature": "HMAC_SHA256", "signatureEncoding": "BASE64" })).await;
        let (path, body) = take_over(&shop);
        app.alpha.post(&path, &body).await.expect(200);
        let unnamed = text(&shop.raw(&app, &[("x-signature", BASE64)], HELLO).await.expect(202), "id");
        // A mapping has it read; without one nobody asks what it says.
        let mapping = json!({ "rules": [{ "do": [{ "upsert": "account", "key": { "system": "erp", "column": "/n" }, "fields": { "name": "/n" } }] }] });
        app.alpha.patch(&forge.path(), &json!({ "mapping": mapping.to_string() })).await.expect(200);
        work(&app).await;
        let kept = event(&app.alpha, &id).await;
        assert_eq!((&kept["status"], &kept["failureCode"], &kept["body"]), (&json!("FAILED"), &json!("MALFORMED_BODY"), &json!(HELLO)));
        assert_eq!(kept["eventId"], "72d3162e");
        let kept = event(&app.alpha, &unnamed).await;
        assert_eq!((&kept["status"], &kept["failureCode"]), (&json!("IGNORED"), &json!("NO_MAPPING")));
        assert!(kept["eventId"].as_str().unwrap().starts_with("sha256:dffd6021bb2bd5b0af676290809ec3a5"), "{kept}");
        // The secret itself, which is nobody's credential elsewhere.
        let bearer = source(&app.alpha, json!({ "signature": "BEARER", "format": "FORM" })).await;
        let authorization = format!("bearer {}", bearer.secret);
        bearer.raw(&app, &[("authorization", &authorization)], "a=1").await.expect(202);
        bearer.raw(&app, &[("authorization", "Bearer x")], "a=1").await.refused(401, "UNAUTHENTICATED");
        app.alpha.with_token(Some(&bearer.secret)).get("/v1/accounts").await.refused(401, "UNAUTHENTICATED");
        for (field, body) in [
            ("secret", json!({ "secret": "short" })),
            ("secret", json!({ "secret": "long enough, but of no such form" })),
        ] {
            let standard = source(&app.alpha, json!({})).await;
            let refused = app.alpha.post(&format!("{}/rotate-secret", standard.path()), &body).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], json!(format!("/{field}")));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_one_event_however_often_it_comes_and_finds_its_tenant() {
    both(|app| async move {
        let mapping = json!({ "rules": [{ "do": [{ "upsert": "account", "key": { "system": "erp", "column": "/n" }, "fields": { "name": "/n" } }] }] });
        let erp = source(&app.alpha, json!({ "mapping": mapping.to_string() })).await;
        // Ids are unique in a tenant alone: the secret tells whose event it is.
        let twin = source(&app.beta, json!({ "id": erp.id, "mapping": mapping.to_string() })).await;
        assert_eq!(twin.id, erp.id);
        let senders = (0..8).map(|_| erp.signed(&app, &erp.secret, "msg_1", 0, r#"{"n":"Alpine Foods"}"#));
        let answers = futures_util::future::join_all(senders).await;
        let first: Vec<_> = answers.iter().filter(|answer| answer.status == 202).collect();
        assert_eq!(first.len(), 1, "{:?}", answers.iter().map(clientela_testkit::Answer::describe).collect::<Vec<_>>());
        let id = text(&first[0].json(), "id");
        assert!(answers.iter().all(|answer| answer.json()["id"] == json!(id) && answer.status < 300));
        twin.signed(&app, &twin.secret, "msg_1", 0, r#"{"n":"Beta Foods"}"#).await.expect(202);
        work(&app).await;
        let names = |list: Json| list["data"].as_array().unwrap().iter().map(|account| text(account, "name")).collect::<Vec<_>>();
        assert_eq!(names(app.alpha.get("/v1/accounts").await.expect(200)), ["Alpine Foods"]);
        assert_eq!(names(app.beta.get("/v1/accounts").await.expect(200)), ["Beta Foods"]);
        let kept = event(&app.alpha, &id).await;
        assert_eq!((&kept["status"], &kept["attempts"]), (&json!("PROCESSED"), &json!(1)), "{kept}");
        app.beta.get(&format!("/v1/inbox-events/{id}")).await.refused(404, "NOT_FOUND");
    })
    .await;
}
