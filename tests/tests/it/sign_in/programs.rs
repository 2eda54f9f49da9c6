//! Programs that act for themselves, exchange and look at tokens, and what the server says of itself.

use super::*;
use clientela_testkit::both;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";

#[tokio::test(flavor = "multi_thread")]
async fn a_program_acts_for_itself() {
    both(|app| async move {
        let (id, _) = person(&app, "service").await;
        let fields = json!({ "kind": "CONFIDENTIAL", "clientCredentials": true, "runAsId": id, "scopes": "READ" });
        let service = program(&app.alpha, fields).await;
        let pairs = [("grant_type", "client_credentials")];
        let tokens = token(&app, &service, &pairs).await.expect(200);
        assert_eq!((&tokens["scope"], &tokens["refresh_token"]), (&json!("read"), &Json::Null));
        assert_eq!(with(&app, &tokens).get("/v1/me").await.expect(200)["actor"]["id"], json!(id));
        with(&app, &tokens).post("/v1/accounts", &json!({ "name": "x" })).await.refused(403, "FORBIDDEN");
        // By the header too, and with a wrong secret not at all.
        use base64::engine::general_purpose::STANDARD;
        let header = |secret: &str| format!("Basic {}", STANDARD.encode(format!("{}:{secret}", service.client_id)));
        let right = header(service.secret.as_deref().unwrap());
        post(&app, "/oauth/token", &[("authorization", &right)], &pairs).await.expect(200);
        let answer = post(&app, "/oauth/token", &[("authorization", &header("cls_wrong"))], &pairs).await;
        refused(&answer, 401, "invalid_client");
        assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"clientela\""));
        let both_ways = [("grant_type", "client_credentials"), ("client_secret", service.secret.as_deref().unwrap())];
        refused(&post(&app, "/oauth/token", &[("authorization", &right)], &both_ways).await, 400, "invalid_request");
        refused(&post(&app, "/oauth/token", &[], &[("client_id", &service.client_id), pairs[0]]).await, 401, "invalid_client");
        refused(&token(&app, &service, &[pairs[0], ("scope", "write")]).await, 400, "invalid_scope");
        refused(&token(&app, &service, &[pairs[0], ("scope", "admin")]).await, 400, "invalid_scope");
        refused(&token(&app, &service, &[("grant_type", "password")]).await, 400, "unsupported_grant_type");
        refused(&token(&app, &service, &[("grant_type", EXCHANGE)]).await, 400, "unauthorized_client");
        // The secret is nowhere to be read.
        let shown = app.alpha.get(&format!("/v1/oauth-clients/{}", service.id)).await.text();
        let log = format!("{:?}", app.log(&service.id).await);
        for text in [shown, log] {
            assert!(!text.contains(service.secret.as_deref().unwrap()) && !text.contains("secretHash"), "{text}");
        }
        // Only an administrator lends a program another's rights; a public one never acts for itself.
        let public = program(&app.alpha, json!({ "clientCredentials": true, "runAsId": id })).await;
        refused(&token(&app, &public, &pairs).await, 400, "unauthorized_client");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_exchanged_for_less() {
    both(|app| async move {
        let portal = program(&app.alpha, json!({})).await;
        let (id, email) = person(&app, "anna").await;
        let tokens = sign_in(&app, &portal, &email).await;
        let backend = program(&app.alpha, json!({ "kind": "CONFIDENTIAL", "tokenExchange": true })).await;
        let subject = tokens["access_token"].as_str().unwrap();
        let pairs = [("grant_type", EXCHANGE), ("subject_token", subject), ("subject_token_type", ACCESS), ("scope", "read")];
        let less = token(&app, &backend, &pairs).await.expect(200);
        assert_eq!((&less["scope"], &less["issued_token_type"]), (&json!("read"), &json!(ACCESS)));
        let me = with(&app, &less).get("/v1/me").await.expect(200);
        assert_eq!((&me["actor"]["id"], &me["scopes"], &me["client"]), (&json!(id), &json!(["read"]), &json!(backend.client_id)));
        let look = |secret: &str, text: &str| {
            let pairs = [("client_id", backend.client_id.clone()), ("client_secret", secret.to_owned()), ("token", text.to_owned())];
            let app = &app;
            async move {
                let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
                post(app, "/oauth/introspect", &[], &pairs).await
            }
        };
        let secret = backend.secret.as_deref().unwrap();
        let told = look(secret, less["access_token"].as_str().unwrap()).await.expect(200);
        assert_eq!((&told["active"], &told["sub"], &told["scope"]), (&json!(true), &json!(id), &json!("read")));
        assert_eq!(told["act"]["sub"], json!(backend.client_id));
        // What was made less does not become more.
        let again = less["access_token"].as_str().unwrap();
        for wanted in ["write", "read write"] {
            let pairs = [("grant_type", EXCHANGE), ("subject_token", again), ("subject_token_type", ACCESS), ("scope", wanted)];
            refused(&token(&app, &backend, &pairs).await, 400, "invalid_scope");
        }
        for bad in ["x", "", &format!("{again}x")] {
            let pairs = [("grant_type", EXCHANGE), ("subject_token", bad), ("subject_token_type", ACCESS)];
            refused(&token(&app, &backend, &pairs).await, 400, "invalid_request");
            if !bad.is_empty() {
                assert_eq!(look(secret, bad).await.expect(200), json!({ "active": false }));
            }
        }
        // A program of another tenant learns nothing of it, and can do nothing with it.
        let foreign = program(&app.beta, json!({ "kind": "CONFIDENTIAL", "tokenExchange": true })).await;
        refused(&token(&app, &foreign, &pairs).await, 400, "invalid_request");
        let asked = [("client_id", foreign.client_id.as_str()), ("client_secret", foreign.secret.as_deref().unwrap()), ("token", subject)];
        assert_eq!(post(&app, "/oauth/introspect", &[], &asked).await.expect(200), json!({ "active": false }));
        post(&app, "/oauth/revoke", &[], &asked).await.expect(200);
        with(&app, &tokens).get("/v1/me").await.expect(200);
        // With the session ends what was exchanged; a single token is revoked by its own program.
        let own = [("client_id", backend.client_id.as_str()), ("client_secret", secret), ("token", again)];
        post(&app, "/oauth/revoke", &[], &own).await.expect(200);
        with(&app, &less).get("/v1/me").await.refused(401, "UNAUTHENTICATED");
        with(&app, &tokens).get("/v1/me").await.expect(200);
        let other = token(&app, &backend, &pairs).await.expect(200);
        let refresh = tokens["refresh_token"].as_str().unwrap();
        post(&app, "/oauth/revoke", &[], &[("client_id", &portal.client_id), ("token", refresh)]).await.expect(200);
        with(&app, &other).get("/v1/me").await.refused(401, "UNAUTHENTICATED");
        with(&app, &tokens).get("/v1/me").await.refused(401, "UNAUTHENTICATED");
        assert_eq!(look(secret, subject).await.expect(200), json!({ "active": false }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_what_it_is() {
    both(|app| async move {
        let nobody = app.alpha.with_token(None);
        let told = nobody.get("/.well-known/oauth-authorization-server").await.expect(200);
        assert_eq!(told["issuer"], json!(clientela_testkit::app::URL));
        assert_eq!(told["code_challenge_methods_supported"], json!(["S256"]));
        for (name, endpoint) in told.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri") {
            let path = endpoint.as_str().unwrap().strip_prefix(clientela_testkit::app::URL).unwrap();
            let answer = nobody.get(path).await;
            assert!(answer.status != 404, "{name}: {}", answer.describe());
        }
        let resource = nobody.get("/.well-known/oauth-protected-resource").await.expect(200);
        assert_eq!(resource["authorization_servers"], json!([told["issuer"]]));
        let answer = nobody.get("/v1/me").await;
        let challenge = answer.header("www-authenticate").unwrap();
        let address = format!("resource_metadata=\"{}/.well-known/oauth-protected-resource\"", clientela_testkit::app::URL);
        assert!(challenge.starts_with("Bearer ") && challenge.contains(&address), "{challenge}");
    })
    .await;
}
