//! Links that sign somebody in.

use super::{CALLBACK, VERIFIER, between, challenge, encode, onward, person, post, program, token, with};
use clientela_testkit::{Answer, TestApp, both};
use serde_json::{Value as Json, json};

/// Opens a link and presses the button; answers both.
async fn follow(app: &TestApp, path: &str) -> (Answer, Answer) {
    let shown = app.alpha.with_token(None).get(path).await;
    let key = if shown.status == 200 { between(&shown.text(), "name=\"form\" value=\"", "\"") } else { "0".repeat(32) };
    let query = path.split_once('?').unwrap().1;
    let mut fields: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    fields.push(("form".to_owned(), key.clone()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let pressed = post(app, "/oauth/link", &[("cookie", &format!("clientela_form={key}"))], &fields).await;
    (shown, pressed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_signs_in_once() {
    both(|app| async move {
        let portal = program(&app.alpha, json!({ "kind": "PUBLIC" })).await;
        let (user, _) = person(&app, "mia").await;
        let path = format!("/v1/users/{user}/create-sign-in-link");
        let asked = json!({ "oauthClientId": portal.id, "redirectUri": CALLBACK, "codeChallenge": challenge(), "state": "st&te" });
        let made = app.alpha.post(&path, &asked).await.expect(200);
        let link = made["path"].as_str().unwrap();

        // Whatever looks through mail may open it; only who presses the button uses it.
        for _ in 0..3 {
            assert_eq!(app.alpha.with_token(None).get(link).await.status, 200);
        }
        let forged = post(&app, "/oauth/link", &[], &[("client_id", &portal.client_id), ("token", link.rsplit('=').next().unwrap())]).await;
        assert_eq!(forged.status, 400, "without the cookie of the page");
        let (_, pressed) = follow(&app, link).await;
        let answer = onward(&pressed);
        assert_eq!(answer["state"], "st&te");
        let pairs = [("grant_type", "authorization_code"), ("code", &answer["code"]), ("redirect_uri", CALLBACK)];
        // Only who asked for it can use the code.
        let stolen = token(&app, &portal, &[&pairs[..], &[("code_verifier", &"x".repeat(43))]].concat()).await;
        assert_eq!(stolen.status, 400);
        let tokens = token(&app, &portal, &[&pairs[..], &[("code_verifier", VERIFIER)]].concat()).await.expect(200);
        assert_eq!(with(&app, &tokens).get("/v1/me").await.expect(200)["actor"]["id"], json!(user));
        let (shown, pressed) = follow(&app, link).await;
        assert_eq!((shown.status, pressed.status), (400, 400), "a second time");

        // It has its time, and ends with the user's right to sign in.
        let late = app.alpha.post(&path, &asked).await.expect(200)["path"].as_str().unwrap().to_owned();
        app.clock.advance(15 * 60_000);
        assert_eq!(app.alpha.with_token(None).get(&late).await.status, 400);
        let gone = app.alpha.post(&path, &asked).await.expect(200)["path"].as_str().unwrap().to_owned();
        app.alpha.patch(&format!("/v1/users/{user}"), &json!({ "active": false })).await.expect(200);
        assert_eq!(follow(&app, &gone).await.1.status, 400);
        app.alpha.post(&path, &asked).await.refused(403, "FORBIDDEN");
        app.alpha.patch(&format!("/v1/users/{user}"), &json!({ "active": true })).await.expect(200);

        // Who is no administrator makes none, not even for himself; nor does one lead elsewhere.
        app.sign_in(&user).await.post(&path, &asked).await.refused(403, "FORBIDDEN");
        for (field, bad) in [("redirectUri", json!("https://evil.example/cb")), ("codeChallenge", json!("short"))] {
            let mut other = asked.clone();
            other[field] = bad;
            app.alpha.post(&path, &other).await.refused(422, "VALIDATION_FAILED");
        }
        app.beta.post(&path, &asked).await.refused(404, "NOT_FOUND");
        for bad in [
            encode(&[("client_id", "app_nobody"), ("token", "x")]),
            encode(&[("client_id", &portal.client_id), ("token", "x")]),
            String::new(),
        ] {
            assert_eq!(app.alpha.with_token(None).get(&format!("/oauth/link?{bad}")).await.status, 400, "{bad}");
        }
        let entries = app.alpha.post("/v1/audit-entries/search", &json!({ "filter": { "record": { "eq": user } } })).await.expect(200);
        let told: Vec<&Json> = entries["data"].as_array().unwrap().iter().map(|entry| &entry["kind"]).collect();
        for kind in ["SIGN_IN_LINK_MADE", "SIGNED_IN"] {
            assert!(told.contains(&&json!(kind)), "{kind}: {told:?}");
        }
        assert!(!entries.to_string().contains(link.rsplit('=').next().unwrap()));
    })
    .await;
}
