//! People sign in with a browser, stay signed in, and sign in devices.

use super::*;
use clientela_testkit::both;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_and_stays_signed_in() {
    both(|app| async move {
        let portal = program(&app.alpha, json!({})).await;
        assert_eq!((&portal.secret, &portal.record["kind"]), (&None, &json!("PUBLIC")));
        let (id, email) = person(&app, "anna").await;
        let answer = enter(&app, &asking(&portal, &[("scope", "read write")]), &email.to_uppercase(), PASSWORD).await;
        let back = onward(&answer);
        assert_eq!((back["state"].as_str(), back["iss"].as_str()), ("st&te", clientela_testkit::app::URL));
        let pairs = [("grant_type", "authorization_code"), ("code", back["code"].as_str()), ("code_verifier", VERIFIER)];
        let answer = token(&app, &portal, &pairs).await;
        let first = answer.expect(200);
        assert_eq!((&first["token_type"], &first["expires_in"], &first["scope"]), (&json!("Bearer"), &json!(600), &json!("read write")));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let me = with(&app, &first).get("/v1/me").await.expect(200);
        assert_eq!((&me["actor"]["id"], &me["client"]), (&json!(id), &json!(portal.client_id)));
        // She sees her session, and nobody else's.
        let (_, other) = person(&app, "otto").await;
        sign_in(&app, &portal, &other).await;
        let sessions = with(&app, &first).get("/v1/sessions").await.expect(200);
        assert_eq!(sessions["data"].as_array().map(Vec::len), Some(1), "{sessions}");
        assert_eq!(app.alpha.get("/v1/sessions").await.expect(200)["data"].as_array().map(Vec::len), Some(2));

        let refresh = |tokens: &Json| tokens["refresh_token"].as_str().unwrap().to_owned();
        let again = |text: String| {
            let (app, portal) = (&app, &portal);
            async move { token(app, portal, &[("grant_type", "refresh_token"), ("refresh_token", &text)]).await }
        };
        app.clock.advance(601_000 + 30_000);
        with(&app, &first).get("/v1/me").await.refused(401, "UNAUTHENTICATED");
        let second = again(refresh(&first)).await.expect(200);
        with(&app, &second).get("/v1/me").await.expect(200);
        assert_ne!(refresh(&first), refresh(&second));
        // The first one comes back: somebody has stolen one of the two, and the whole family ends, access tokens too.
        refused(&again(refresh(&first)).await, 400, "invalid_grant");
        refused(&again(refresh(&second)).await, 400, "invalid_grant");
        with(&app, &second).get("/v1/me").await.refused(401, "UNAUTHENTICATED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_brought_twice_ends_what_came_of_it() {
    both(|app| async move {
        let portal = program(&app.alpha, json!({})).await;
        let (_, email) = person(&app, "anna").await;
        let code = code(&app, &portal, &email).await;
        let pairs = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
        let tokens = token(&app, &portal, &pairs).await.expect(200);
        with(&app, &tokens).get("/v1/me").await.expect(200);
        refused(&token(&app, &portal, &pairs).await, 400, "invalid_grant");
        with(&app, &tokens).get("/v1/me").await.refused(401, "UNAUTHENTICATED");
        let refresh = tokens["refresh_token"].as_str().unwrap();
        refused(&token(&app, &portal, &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await, 400, "invalid_grant");
        // Brought by many at once, at most one gets anything, and in the end nobody has.
        let code = super::code(&app, &portal, &email).await;
        let pairs = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
        let (one, other, third) = tokio::join!(token(&app, &portal, &pairs), token(&app, &portal, &pairs), token(&app, &portal, &pairs));
        let got: Vec<Json> = [one, other, third].iter().filter(|answer| answer.status == 200).map(Answer::json).collect();
        assert!(got.len() <= 1, "{got:?}");
        for tokens in got {
            with(&app, &tokens).get("/v1/me").await.refused(401, "UNAUTHENTICATED");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_revoked_ends_at_once() {
    both(|app| async move {
        let portal = program(&app.alpha, json!({})).await;
        let (_, email) = person(&app, "anna").await;
        let tokens = sign_in(&app, &portal, &email).await;
        let session = with(&app, &tokens).get("/v1/sessions").await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
        let (_, other) = person(&app, "otto").await;
        let others = sign_in(&app, &portal, &other).await;
        with(&app, &others).post(&format!("/v1/sessions/{session}/revoke"), &json!({})).await.refused(404, "NOT_FOUND");
        let ended = with(&app, &tokens).post(&format!("/v1/sessions/{session}/revoke"), &json!({})).await.expect(200);
        assert!(ended["session"]["revokedAt"].is_string(), "{ended}");
        with(&app, &tokens).get("/v1/me").await.refused(401, "UNAUTHENTICATED");
        let refresh = tokens["refresh_token"].as_str().unwrap();
        refused(&token(&app, &portal, &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await, 400, "invalid_grant");
        with(&app, &others).get("/v1/me").await.expect(200);
        // Whoever knew the old password is out with the new one.
        let (id, third) = person(&app, "theo").await;
        let old = sign_in(&app, &portal, &third).await;
        let pair = json!({ "currentPassword": PASSWORD, "newPassword": "wrong donkey charger paperclip" });
        with(&app, &old).post("/v1/users/change-my-password", &pair).await.expect(200);
        with(&app, &old).get("/v1/me").await.refused(401, "UNAUTHENTICATED");
        app.alpha.post(&format!("/v1/users/{id}/set-password"), &json!({ "password": PASSWORD })).await.expect(200);
        let old = sign_in(&app, &portal, &third).await;
        app.alpha.post(&format!("/v1/users/{id}/set-password"), &json!({ "password": PASSWORD })).await.expect(200);
        with(&app, &old).get("/v1/me").await.refused(401, "UNAUTHENTICATED");
        // A program that is stopped, and a user who leaves.
        app.alpha.patch(&format!("/v1/oauth-clients/{}", portal.id), &json!({ "scopes": "READ" })).await.expect(200);
        assert_eq!(with(&app, &others).get("/v1/me").await.expect(200)["scopes"], json!(["read"]), "what a program may is cut at once");
        app.alpha.patch(&format!("/v1/oauth-clients/{}", portal.id), &json!({ "active": false })).await.expect(200);
        with(&app, &others).get("/v1/me").await.refused(401, "UNAUTHENTICATED");
        refused(&token(&app, &portal, &[("grant_type", "refresh_token"), ("refresh_token", "x")]).await, 401, "invalid_client");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_signed_in_elsewhere() {
    both(|app| async move {
        let cli = program(&app.alpha, json!({ "name": "Command line", "deviceCode": true, "redirectUris": null })).await;
        let (id, email) = person(&app, "anna").await;
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        let asked = post(&app, "/oauth/device_authorization", &[], &[("client_id", &cli.client_id)]).await.expect(200);
        let (device, user_code) = (asked["device_code"].as_str().unwrap(), asked["user_code"].as_str().unwrap());
        let poll = [("grant_type", grant), ("device_code", device)];
        refused(&token(&app, &cli, &poll).await, 400, "authorization_pending");
        refused(&token(&app, &cli, &poll).await, 400, "slow_down");
        let nobody = app.alpha.with_token(None);
        let page = nobody.get(&format!("/oauth/device?user_code={}", user_code.to_lowercase())).await;
        assert!(page.text().contains("Command line"), "{}", page.describe());
        let key = between(&page.text(), "name=\"form\" value=\"", "\"");
        let cookie = format!("clientela_form={key}");
        let sent = |password: &'static str, decision: &'static str| {
            let (app, cookie, key, email) = (&app, cookie.clone(), key.clone(), email.clone());
            let user_code = user_code.to_owned();
            async move {
                let fields = [
                    ("form", key.as_str()),
                    ("user_code", user_code.as_str()),
                    ("email", email.as_str()),
                    ("password", password),
                    ("decision", decision),
                ];
                post(app, "/oauth/device", &[("cookie", &cookie)], &fields).await
            }
        };
        assert_eq!(sent("wrong password", "allow").await.status, 400);
        app.clock.advance(6_000);
        refused(&token(&app, &cli, &poll).await, 400, "authorization_pending");
        assert_eq!(sent(PASSWORD, "allow").await.status, 200);
        assert_eq!(sent(PASSWORD, "allow").await.status, 400, "a code is entered once");
        let tokens = token(&app, &cli, &poll).await.expect(200);
        assert_eq!(with(&app, &tokens).get("/v1/me").await.expect(200)["actor"]["id"], json!(id));
        refused(&token(&app, &cli, &poll).await, 400, "invalid_grant");
        // One that is refused, and one that nobody has entered in time.
        let denied = post(&app, "/oauth/device_authorization", &[], &[("client_id", &cli.client_id)]).await.expect(200);
        let fields = [("form", key.as_str()), ("user_code", denied["user_code"].as_str().unwrap()), ("decision", "deny")];
        assert_eq!(post(&app, "/oauth/device", &[("cookie", &cookie)], &fields).await.status, 200);
        let poll = [("grant_type", grant), ("device_code", denied["device_code"].as_str().unwrap())];
        refused(&token(&app, &cli, &poll).await, 400, "access_denied");
        let late = post(&app, "/oauth/device_authorization", &[], &[("client_id", &cli.client_id)]).await.expect(200);
        app.clock.advance(600_000);
        let poll = [("grant_type", grant), ("device_code", late["device_code"].as_str().unwrap())];
        refused(&token(&app, &cli, &poll).await, 400, "expired_token");
        assert_eq!(nobody.get(&format!("/oauth/device?user_code={}", late["user_code"].as_str().unwrap())).await.status, 400);
    })
    .await;
}
