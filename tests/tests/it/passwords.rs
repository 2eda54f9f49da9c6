//! Passwords: who may set them, what is refused, and that nothing anywhere shows one.

use clientela_testkit::{Client, TestApp, both};
use http::Method;
use serde_json::{Value as Json, json};

const FIRST: &str = "correct horse battery staple";
const SECOND: &str = "wrong donkey charger paperclip";

/// A user of the first tenant with these roles, by their keys.
async fn user(app: &TestApp, name: &str, roles: &[&str]) -> (String, Client) {
    let body = json!({ "name": name, "email": format!("{name}@alpha.example") });
    let id = app.alpha.post("/v1/users", &body).await.expect(201)["id"].as_str().unwrap().to_owned();
    for role in roles {
        let role = app.alpha.get(&format!("/v1/roles/by/key/{role}")).await.expect(200)["id"].clone();
        app.alpha.post("/v1/role-assignments", &json!({ "roleId": role, "userId": id })).await.expect(201);
    }
    let client = app.sign_in(&id).await;
    (id, client)
}

fn change(current: &str, new: &str) -> Json {
    json!({ "currentPassword": current, "newPassword": new })
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_set_them_and_users_change_their_own() {
    both(|app| async move {
        let (id, reader) = user(&app, "rita", &["reader"]).await;
        let set = format!("/v1/users/{id}/set-password");
        // Nobody but an administrator, not even for himself; and whoever has none cannot change it.
        for role in ["reader", "member"] {
            let (_, other) = user(&app, &format!("other-{role}"), &[role]).await;
            other.post(&set, &json!({ "password": FIRST })).await.refused(403, "FORBIDDEN");
        }
        reader.post(&set, &json!({ "password": FIRST })).await.refused(403, "FORBIDDEN");
        let refused = reader.post("/v1/users/change-my-password", &change("", FIRST)).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], "/currentPassword");
        reader.post("/v1/users/change-my-password", &change(FIRST, SECOND)).await.refused(422, "VALIDATION_FAILED");
        for weak in ["short", "aaaaaaaaaaaaaaaaaaaaaaaa", "Rita@alpha.example"] {
            let refused = app.alpha.post(&set, &json!({ "password": weak })).await.refused(422, "VALIDATION_FAILED");
            assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/password"), &json!("NOT_ALLOWED")));
            assert!(!refused["detail"].as_str().unwrap().contains(weak), "{refused}");
        }
        let answer = app.alpha.post(&set, &json!({ "password": FIRST })).await.expect(200);
        assert_eq!(answer["user"]["passwordSetAt"], json!("2026-02-25T06:13:20.000Z"));
        // A reader has no right to change users, but the password is his own.
        reader.post("/v1/users/change-my-password", &change(FIRST, SECOND)).await.expect(200);
        reader.post("/v1/users/change-my-password", &change(FIRST, SECOND)).await.refused(422, "VALIDATION_FAILED");
        reader.post("/v1/users/change-my-password", &change(SECOND, FIRST)).await.expect(200);
        // A key is no person, and a credential that only reads changes nothing.
        let key = app.alpha.post("/v1/api-keys", &json!({ "name": "program" })).await.expect(201);
        let program = app.alpha.with_token(key["secret"].as_str());
        program.post("/v1/users/change-my-password", &change(FIRST, SECOND)).await.refused(403, "FORBIDDEN");
        app.reader.post("/v1/users/change-my-password", &change(FIRST, SECOND)).await.refused(403, "FORBIDDEN");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down() {
    both(|app| async move {
        let (id, client) = user(&app, "gustav", &["member"]).await;
        app.alpha.post(&format!("/v1/users/{id}/set-password"), &json!({ "password": FIRST })).await.expect(200);
        for _ in 0..10 {
            client.post("/v1/users/change-my-password", &change("a guess that is wrong", SECOND)).await.refused(422, "VALIDATION_FAILED");
        }
        let answer = client.post("/v1/users/change-my-password", &change(FIRST, SECOND)).await;
        answer.refused(429, "RATE_LIMITED");
        assert_eq!(answer.header("retry-after"), Some("900"));
        app.clock.advance(15 * 60_000);
        client.post("/v1/users/change-my-password", &change(FIRST, SECOND)).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_trace_of_one_is_anywhere() {
    both(|app| async move {
        let (id, client) = user(&app, "viktor", &["member"]).await;
        let set = format!("/v1/users/{id}/set-password");
        let key = [("idempotency-key", "once")];
        app.alpha.send(Method::POST, &set, &key, Some(&json!({ "password": FIRST }))).await.expect(200);
        let again = app.alpha.send(Method::POST, &set, &key, Some(&json!({ "password": SECOND }))).await;
        again.expect(200);
        assert_eq!(again.header("idempotency-replayed"), Some("true"), "the key knows what it was given");
        client.post("/v1/users/change-my-password", &change(FIRST, SECOND)).await.expect(200);
        let mut shown = Vec::new();
        for path in ["", "/history", "?asOf=9999-01-01T00:00:00Z"] {
            shown.push(app.alpha.get(&format!("/v1/users/{id}{path}")).await.text());
        }
        shown.push(app.alpha.get("/v1/users?limit=1000").await.text());
        shown.push(format!("{:?}", app.log(&id).await));
        for text in shown {
            for secret in ["argon2", "passwordHash", FIRST, SECOND] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
        // The field cannot be written, filtered, sorted or grouped by, whatever it is called.
        let hash = json!({ "passwordHash": "$argon2id$" });
        app.alpha.patch(&format!("/v1/users/{id}"), &hash).await.refused(422, "VALIDATION_FAILED");
        app.alpha.get("/v1/users?filter[passwordHash][startsWith]=$").await.refused(400, "INVALID_FILTER");
        app.alpha.get("/v1/users?sort=passwordHash").await.refused(400, "INVALID_SORT");
        app.alpha.post("/v1/users/aggregate", &json!({ "groupBy": ["passwordHash"] })).await.refused(400, "INVALID_AGGREGATE");
    })
    .await;
}
