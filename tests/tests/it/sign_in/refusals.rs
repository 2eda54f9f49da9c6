//! What is refused, to whom it is told, and what nobody learns from it.

use super::*;
use clientela_testkit::both;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_be_granted() {
    both(|app| async move {
        let portal = program(&app.alpha, json!({ "scopes": "READ" })).await;
        let nobody = app.alpha.with_token(None);
        // Nobody is sent to an address that the program has not registered, not even with an error.
        for (name, value) in [
            ("redirect_uri", "https://evil.example/"),
            ("redirect_uri", "https://portal.example/callback/"),
            ("redirect_uri", "https://portal.example/callback?x=1"),
            ("redirect_uri", "https://PORTAL.example/callback"),
            ("redirect_uri", ""),
            ("client_id", "app_unknown"),
            ("client_id", ""),
        ] {
            let answer = nobody.get(&format!("/oauth/authorize?{}", asking(&portal, &[(name, value)]))).await;
            assert_eq!((answer.status, answer.header("location")), (400, None), "{name}={value}: {}", answer.describe());
            assert!(!answer.text().contains("evil.example"));
        }
        let twice = format!("/oauth/authorize?{}&redirect_uri=https%3A%2F%2Fevil.example%2F", asking(&portal, &[]));
        assert_eq!(nobody.get(&twice).await.status, 400);
        // Everything else the program is told.
        let plain = encode(&[("code_challenge_method", "plain")]);
        assert_eq!(plain, "code_challenge_method=plain");
        for (name, value, error) in [
            ("response_type", "token", "unsupported_response_type"),
            ("response_type", "", "invalid_request"),
            ("code_challenge", "", "invalid_request"),
            ("code_challenge", "short", "invalid_request"),
            ("code_challenge_method", "plain", "invalid_request"),
            ("code_challenge_method", "", "invalid_request"),
            ("scope", "read write", "invalid_scope"),
            ("scope", "everything", "invalid_scope"),
            ("resource", "https://evil.example", "invalid_target"),
            ("response_mode", "fragment", "invalid_request"),
        ] {
            let answer = nobody.get(&format!("/oauth/authorize?{}", asking(&portal, &[(name, value)]))).await;
            let back = onward(&answer);
            assert_eq!(back["error"], error, "{name}={value}: {back:?}");
            assert_eq!((back["state"].as_str(), back["iss"].as_str()), ("st&te", clientela_testkit::app::URL));
        }
        let page = nobody.get(&format!("/oauth/authorize?{}", asking(&portal, &[("state", "\"><script>alert(1)</script>")]))).await;
        assert!(!page.text().contains("<script"), "{}", page.text());
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self' https://portal.example;"), "{policy}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_who_has_an_account() {
    both(|app| async move {
        let portal = program(&app.alpha, json!({})).await;
        let (id, email) = person(&app, "anna").await;
        let without = app.alpha.post("/v1/users", &json!({ "name": "No password", "email": "none@alpha.example" })).await.expect(201);
        assert!(without["passwordSetAt"].is_null());
        let query = asking(&portal, &[]);
        let mut answers = Vec::new();
        for (email, password) in [
            (email.as_str(), "wrong password of hers"),
            ("nobody@alpha.example", PASSWORD),
            ("none@alpha.example", PASSWORD),
            ("admin@beta.example", PASSWORD),
            ("no address", PASSWORD),
        ] {
            let answer = enter(&app, &query, email, password).await;
            assert_eq!(answer.status, 400, "{}", answer.describe());
            let text = answer.text();
            let key = between(&text, "name=\"form\" value=\"", "\"");
            answers.push(text.replace(&key, "KEY").replace(email, "EMAIL"));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        // Too many attempts are refused for an account as for none.
        for email in [email.as_str(), "nobody@alpha.example"] {
            let mut last = String::new();
            for _ in 0..11 {
                last = enter(&app, &query, email, "wrong password").await.text();
            }
            assert!(last.contains("too many attempts"), "{email}: {last}");
        }
        app.clock.advance(15 * 60_000);
        app.alpha.patch(&format!("/v1/users/{id}"), &json!({ "active": false })).await.expect(200);
        assert_eq!(enter(&app, &query, &email, PASSWORD).await.status, 400);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_from_elsewhere_is_none() {
    both(|app| async move {
        let portal = program(&app.alpha, json!({})).await;
        let (_, email) = person(&app, "anna").await;
        let path = format!("/oauth/authorize?{}", asking(&portal, &[]));
        let key = "0123456789abcdef0123456789abcdef";
        let cookie = format!("clientela_form={key}");
        let fields = [("form", key), ("email", email.as_str()), ("password", PASSWORD), ("decision", "allow")];
        for headers in [
            vec![],
            vec![("cookie", "clientela_form=ffffffffffffffffffffffffffffffff")],
            vec![("cookie", cookie.as_str()), ("origin", "https://evil.example")],
            vec![("cookie", cookie.as_str()), ("origin", "null")],
            vec![("cookie", cookie.as_str()), ("sec-fetch-site", "cross-site")],
        ] {
            let answer = post(&app, &path, &headers, &fields).await;
            assert_eq!((answer.status, answer.header("location")), (400, None), "{headers:?}: {}", answer.describe());
        }
        let own = [("cookie", cookie.as_str()), ("origin", clientela_testkit::app::URL), ("sec-fetch-site", "same-origin")];
        assert!(onward(&post(&app, &path, &own, &fields).await).contains_key("code"));
        let cancel = [("form", key), ("decision", "cancel")];
        assert_eq!(onward(&post(&app, &path, &own, &cancel).await)["error"], "access_denied");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_for_one_program_and_one_proof() {
    both(|app| async move {
        let portal = program(&app.alpha, json!({})).await;
        let other = program(&app.alpha, json!({})).await;
        let foreign = program(&app.beta, json!({})).await;
        let (_, email) = person(&app, "anna").await;
        let code = code(&app, &portal, &email).await;
        let pairs = |verifier: &'static str, redirect: &'static str| {
            [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", verifier), ("redirect_uri", redirect)]
        };
        refused(&token(&app, &other, &pairs(VERIFIER, CALLBACK)).await, 400, "invalid_grant");
        refused(&token(&app, &foreign, &pairs(VERIFIER, CALLBACK)).await, 400, "invalid_grant");
        refused(&token(&app, &portal, &pairs(VERIFIER, "https://other.example/cb?x=1")).await, 400, "invalid_grant");
        refused(&token(&app, &portal, &pairs("", CALLBACK)).await, 400, "invalid_request");
        refused(&token(&app, &portal, &pairs("another-verifier-another-verifier-another-v", CALLBACK)).await, 400, "invalid_grant");
        let plain = challenge();
        let fields = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", plain.as_str())];
        refused(&token(&app, &portal, &fields).await, 400, "invalid_grant");
        // None of that has used it up; its time does.
        app.clock.advance(60_000);
        refused(&token(&app, &portal, &pairs(VERIFIER, CALLBACK)).await, 400, "invalid_grant");
        // A refresh token is its program's alone, and widens nothing.
        let tokens = sign_in(&app, &portal, &email).await;
        let refresh = tokens["refresh_token"].as_str().unwrap();
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        refused(&token(&app, &other, &pairs).await, 400, "invalid_grant");
        refused(&token(&app, &foreign, &pairs).await, 400, "invalid_grant");
        let narrow = token(&app, &portal, &[pairs[0], pairs[1], ("scope", "read")]).await.expect(200);
        assert_eq!(narrow["scope"], json!("read"));
        let query = asking(&portal, &[("scope", "read")]);
        let code = onward(&enter(&app, &query, &email, PASSWORD).await)["code"].clone();
        let fields = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
        let reading = token(&app, &portal, &fields).await.expect(200);
        let refresh = reading["refresh_token"].as_str().unwrap();
        for wider in ["write", "read write"] {
            let pairs = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("scope", wider)];
            refused(&token(&app, &portal, &pairs).await, 400, "invalid_scope");
        }
        // Forms alone, each parameter once, and by POST alone.
        let json = app.alpha.with_token(None).post("/oauth/token", &json!({ "grant_type": "refresh_token" })).await;
        refused(&json, 400, "invalid_request");
        let twice = [("grant_type", "refresh_token"), ("grant_type", "refresh_token")];
        refused(&post(&app, "/oauth/token", &[], &twice).await, 400, "invalid_request");
        assert_eq!(app.alpha.with_token(None).get("/oauth/token?grant_type=refresh_token").await.status, 405);
    })
    .await;
}
