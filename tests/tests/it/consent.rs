//! Consent, from the first question to the decision before a contact.

use clientela_testkit::factory::text;
use clientela_testkit::{Client, TestApp, both};
use http::Method;
use serde_json::{Value as Json, json};

const HOUR: i64 = 60 * 60 * 1000;
const DAY: i64 = 24 * HOUR;

async fn make(app: &TestApp, path: &str, body: Json) -> Json {
    app.alpha.post(path, &body).await.expect(201)
}

/// A credential that outlives the days these tests let pass.
async fn lasting(app: &TestApp) -> Client {
    let key = make(app, "/v1/api-keys", json!({ "name": "For a year", "scopes": "READ_WRITE" })).await;
    app.alpha.with_token(Some(&text(&key, "secret")))
}

async fn purpose(app: &TestApp, key: &str, more: Json) -> String {
    let mut body = json!({ "key": key, "name": key });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    text(&make(app, "/v1/purposes", body).await, "id")
}

async fn record(app: &TestApp, said: &Json) -> Json {
    app.alpha.post("/v1/consents/record", said).await.expect(200)
}

/// State and permission, by `consentStatus`.
async fn status(app: &TestApp, asked: Json) -> (Json, Json) {
    let answer = app.alpha.post("/v1/consents/status", &asked).await.expect(200);
    (answer["state"].clone(), answer["allowed"].clone())
}

async fn decide(app: &TestApp, wanted: Json) -> Json {
    app.alpha.post("/v1/contact-decisions/decide", &wanted).await.expect(200)
}

fn reasons(decision: &Json) -> Vec<String> {
    decision["reasons"].as_array().unwrap().iter().map(|reason| text(reason, "reason")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_says_what_holds() {
    both(|mut app| async move {
        app.alpha = lasting(&app).await;
        let person = make(&app, "/v1/contacts", json!({ "lastName": "Gruber", "email": "anna@gruber.example" })).await;
        let (person, email) = (text(&person, "id"), "anna@gruber.example");
        let marketing = purpose(&app, "marketing", json!({ "consentDays": 30 })).await;
        let asked = json!({ "partyId": person, "purposeId": marketing });
        assert_eq!(status(&app, asked.clone()).await, (Json::Null, json!(false)));
        let given = record(&app, &json!({ "partyId": person, "purposeId": marketing, "source": "Form" })).await;
        let entry = text(&given["consent"], "id");
        assert_eq!((&given["consent"]["state"], &given["confirmationToken"]), (&json!("GRANTED"), &Json::Null));
        assert_eq!(status(&app, asked.clone()).await, (json!("GRANTED"), json!(true)));
        let moment = text(&given["consent"], "occurredAt");

        // Nobody consents tomorrow, and nothing of the attempt stays.
        let future = json!({ "partyId": person, "purposeId": marketing, "occurredAt": "2099-01-01T00:00:00Z" });
        let refused = app.alpha.post("/v1/consents/record", &future).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], json!("/occurredAt"));
        let total = app.alpha.get("/v1/consents?total=true").await.expect(200)["page"]["total"].clone();
        assert_eq!(total, json!(1));
        // Entries are neither changed nor deleted, nor made by hand.
        for (method, path) in [
            (Method::PATCH, format!("/v1/consents/{entry}")),
            (Method::DELETE, format!("/v1/consents/{entry}")),
            (Method::POST, "/v1/consents".to_owned()),
        ] {
            let answer = app.alpha.send(method, &path, &[], Some(&json!({ "state": "GRANTED" }))).await;
            answer.refused(405, "METHOD_NOT_ALLOWED");
        }
        // A grant runs out; as of an earlier moment it still held.
        app.clock.advance(30 * DAY);
        assert_eq!(status(&app, asked.clone()).await, (json!("EXPIRED"), json!(false)));
        let mut then = asked.clone();
        then["at"] = json!(moment);
        assert_eq!(status(&app, then.clone()).await, (json!("GRANTED"), json!(true)));

        // A refusal for one address holds for that address, even when its contact point has gone and come back.
        let points = app.alpha.get(&format!("/v1/contact-points?filter%5Bnormalized%5D%5Beq%5D={email}")).await.expect(200);
        let point = text(&points["data"][0], "id");
        record(&app, &json!({ "partyId": person, "purposeId": marketing })).await;
        let denied = json!({ "partyId": person, "purposeId": marketing, "contactPointId": point, "state": "DENIED" });
        assert_eq!(record(&app, &denied).await["consent"]["address"], json!(email));
        let mut there = asked.clone();
        there["contactPointId"] = json!(point);
        assert_eq!(status(&app, there.clone()).await, (json!("DENIED"), json!(false)));
        assert_eq!(status(&app, asked.clone()).await, (json!("GRANTED"), json!(true)));
        assert_eq!(app.alpha.delete(&format!("/v1/contact-points/{point}")).await.status, 204);
        let again = make(&app, "/v1/contact-points", json!({ "partyId": person, "kind": "EMAIL", "value": "Anna@Gruber.example" })).await;
        there["contactPointId"] = again["id"].clone();
        assert_eq!(status(&app, there).await, (json!("DENIED"), json!(false)));
        // Somebody else's address says nothing about this party.
        let other = make(&app, "/v1/contacts", json!({ "lastName": "Huber", "email": "huber@example.org" })).await;
        let foreign = json!({ "partyId": other["id"], "purposeId": marketing, "contactPointId": again["id"] });
        for path in ["/v1/consents/record", "/v1/consents/status"] {
            let refused = app.alpha.post(path, &foreign).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["code"], json!("CONTRADICTION"), "{path}");
        }

        // Taken back: by the version seen, not before it was given, and as of before it still held.
        let path = format!("/v1/consents/{entry}/withdraw");
        app.alpha.send(Method::POST, &path, &[("if-match", "\"7\"")], Some(&json!({}))).await.refused(412, "VERSION_CONFLICT");
        app.alpha.post(&path, &json!({ "occurredAt": "2001-01-01T00:00:00Z" })).await.refused(422, "VALIDATION_FAILED");
        app.clock.advance(HOUR);
        let taken = app.alpha.send(Method::POST, &path, &[("if-match", "\"1\"")], None).await.expect(200);
        assert_eq!((&taken["consent"]["state"], &taken["consent"]["answersId"]), (&json!("WITHDRAWN"), &json!(entry)));
        assert_eq!(status(&app, asked).await, (json!("WITHDRAWN"), json!(false)));
        assert_eq!(status(&app, then).await, (json!("GRANTED"), json!(true)));

        // A household says nothing of its own.
        let household =
            text(&app.alpha.post("/v1/accounts", &json!({ "name": "Hubers", "kind": "HOUSEHOLD" })).await.expect(201), "partyId");
        let of_all = json!({ "partyId": household, "purposeId": marketing });
        let refused = app.alpha.post("/v1/consents/record", &of_all).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], json!("/partyId"), "{refused}");

        // Where no consent is needed an objection is what counts.
        let service = purpose(&app, "service", json!({ "legalBasis": "LEGITIMATE_INTERESTS" })).await;
        let asked = json!({ "partyId": person, "purposeId": service });
        assert_eq!(status(&app, asked.clone()).await, (Json::Null, json!(true)));
        record(&app, &json!({ "partyId": person, "purposeId": service, "state": "OBJECTED" })).await;
        assert_eq!(status(&app, asked).await, (json!("OBJECTED"), json!(false)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_opt_in_needs_its_token() {
    both(|mut app| async move {
        app.alpha = lasting(&app).await;
        let person = text(&make(&app, "/v1/contacts", json!({ "lastName": "Gruber" })).await, "id");
        let news = purpose(&app, "news", json!({ "doubleOptIn": true })).await;
        let asked = json!({ "partyId": person, "purposeId": news });
        let pending = record(&app, &asked).await;
        let (entry, token) = (text(&pending["consent"], "id"), text(&pending, "confirmationToken"));
        assert_eq!(pending["consent"]["state"], json!("PENDING"));
        let shown = app.alpha.get(&format!("/v1/consents/{entry}")).await.text();
        assert!(!shown.contains(&token) && !shown.contains("okenDigest"), "{shown}");
        assert!(!app.log(&entry).await.iter().any(|row| row.to_string().contains(&token)), "the log keeps the token");
        assert_eq!(status(&app, asked.clone()).await, (json!("PENDING"), json!(false)));
        let confirm = async |token: &str| app.alpha.post("/v1/consents/confirm", &json!({ "token": token })).await;
        let refused = confirm("cct_00000000000000000000000000000000").await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], json!("/token"));
        let confirmed = confirm(&token).await.expect(200);
        assert_eq!((&confirmed["consent"]["state"], &confirmed["already"]), (&json!("GRANTED"), &json!(false)));
        assert_eq!(status(&app, asked.clone()).await, (json!("GRANTED"), json!(true)));
        let again = confirm(&token).await.expect(200);
        assert_eq!((&again["consent"]["id"], &again["already"]), (&confirmed["consent"]["id"], &json!(true)));
        // One that is taken back before it is confirmed, and one that is too old.
        let pending = record(&app, &asked).await;
        app.alpha.post(&format!("/v1/consents/{}/withdraw", text(&pending["consent"], "id")), &json!({})).await.expect(200);
        confirm(&text(&pending, "confirmationToken")).await.refused(422, "VALIDATION_FAILED");
        let pending = record(&app, &asked).await;
        app.clock.advance(30 * DAY + 1);
        confirm(&text(&pending, "confirmationToken")).await.refused(422, "VALIDATION_FAILED");
        // Somebody who has confirmed already is not asked again.
        let known = record(&app, &json!({ "partyId": person, "purposeId": news, "confirmed": true })).await;
        assert_eq!((&known["consent"]["state"], &known["confirmationToken"]), (&json!("GRANTED"), &Json::Null));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_a_contact_one_asks() {
    both(|mut app| async move {
        app.alpha = lasting(&app).await;
        let body = json!({ "lastName": "Gruber", "email": "anna@gruber.example", "mobile": "+43 664 1234567" });
        let person = text(&make(&app, "/v1/contacts", body).await, "id");
        let offers = purpose(&app, "offers", json!({})).await;
        let wanted = |channel: &str| json!({ "partyId": person, "purposeId": offers, "channel": channel });
        let refused = decide(&app, wanted("EMAIL")).await;
        assert_eq!((&refused["verdict"], reasons(&refused)), (&json!("HOLD"), vec!["NO_CONSENT".to_owned()]));
        let kept = app.alpha.get(&format!("/v1/contact-decisions/{}", text(&refused["decision"], "id"))).await.expect(200);
        assert_eq!((&kept["verdict"], &kept["reasons"]), (&json!("HOLD"), &json!(["NO_CONSENT"])));

        let consent = json!({ "partyId": person, "purposeId": offers, "channel": "EMAIL" });
        let entry = record(&app, &consent).await["consent"]["id"].clone();
        let sent = decide(&app, wanted("EMAIL")).await;
        assert_eq!((&sent["verdict"], reasons(&sent)), (&json!("SEND"), Vec::new()));
        assert_eq!(sent["contactPoint"]["normalized"], json!("anna@gruber.example"));
        assert_eq!(sent["decision"]["consentId"], entry);
        // On the telephone there is no consent, but mail will do; where it must not, it is held.
        let other = decide(&app, wanted("PHONE")).await;
        assert_eq!((&other["verdict"], &other["otherChannel"]), (&json!("OTHER_CHANNEL"), &json!("EMAIL")));
        assert_eq!(other["contactPoint"]["kind"], json!("EMAIL"));
        let mut strict = wanted("PHONE");
        strict["otherChannels"] = json!(false);
        assert_eq!(decide(&app, strict).await["verdict"], json!("HOLD"));

        // Wishes: no more than three a day, of which two are spent.
        let wish =
            make(&app, "/v1/communication-preferences", json!({ "partyId": person, "mostPerDay": 3, "timeZone": "Europe/Vienna" })).await;
        let path = format!("/v1/communication-preferences/{}", text(&wish, "id"));
        let tried = app.alpha.post("/v1/contact-decisions/decide?dryRun=true", &wanted("EMAIL")).await.expect(200);
        assert_eq!(tried["verdict"], json!("SEND"));
        assert_eq!(decide(&app, wanted("EMAIL")).await["verdict"], json!("SEND"), "a trial counts as no contact");
        let enough = decide(&app, wanted("EMAIL")).await;
        assert_eq!(reasons(&enough), ["ENOUGH_TODAY"]);
        assert!(enough["notBefore"].is_string(), "{enough}");
        app.clock.advance(DAY + 1);
        assert_eq!(decide(&app, wanted("EMAIL")).await["verdict"], json!("SEND"));

        // Quiet hours are for what rings; a pause and a word for ever are for everything.
        record(&app, &json!({ "partyId": person, "purposeId": offers, "channel": "PHONE" })).await;
        app.alpha.patch(&path, &json!({ "mostPerDay": null, "quietFrom": "00:00", "quietUntil": "00:00" })).await.expect(200);
        let quiet = decide(&app, wanted("PHONE")).await;
        assert_eq!((&quiet["verdict"], reasons(&quiet)), (&json!("HOLD"), vec!["QUIET_HOURS".to_owned()]));
        assert_eq!(decide(&app, wanted("EMAIL")).await["verdict"], json!("SEND"));
        app.alpha.patch(&path, &json!({ "pausedUntil": "2099-01-01T00:00:00Z" })).await.expect(200);
        let paused = decide(&app, wanted("EMAIL")).await;
        assert_eq!((reasons(&paused), &paused["notBefore"]), (vec!["PAUSED".to_owned()], &json!("2099-01-01T00:00:00.000Z")));
        app.alpha.patch(&path, &json!({ "pausedUntil": null, "doNotContact": true })).await.expect(200);
        let never = decide(&app, wanted("EMAIL")).await;
        assert_eq!((reasons(&never), &never["notBefore"]), (vec!["DO_NOT_CONTACT".to_owned()], &Json::Null));
        app.alpha.patch(&path, &json!({ "doNotContact": false })).await.expect(200);

        // An address that is no good, and a channel without one.
        let points = app.alpha.get("/v1/contact-points?filter%5Bkind%5D%5Beq%5D=EMAIL").await.expect(200);
        let point = format!("/v1/contact-points/{}", text(&points["data"][0], "id"));
        app.alpha.patch(&point, &json!({ "health": "INVALID" })).await.expect(200);
        let mut strict = wanted("EMAIL");
        strict["otherChannels"] = json!(false);
        assert_eq!(reasons(&decide(&app, strict).await), ["ADDRESS_INVALID"]);
        assert_eq!(reasons(&decide(&app, wanted("FAX")).await), ["NO_ADDRESS", "NO_CONSENT"]);
        // What wishes cannot be.
        for (patch, pointer) in [
            (json!({ "quietFrom": "25:00" }), "/quietFrom"),
            (json!({ "firstChannel": "EMAIL", "secondChannel": "EMAIL" }), "/secondChannel"),
        ] {
            let refused = app.alpha.patch(&path, &patch).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], json!(pointer), "{patch}");
        }
    })
    .await;
}
