//! The audit: what stands in it, who sees it, that its chain has neither forks nor gaps however many write, and that tampering shows.

use crate::sign_in::{PASSWORD, asking, enter, person, program, token};
use clientela_store::{Scope, Store, StoreSettings};
use clientela_testkit::{Client, TestApp, both};
use futures_util::future::join_all;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value as Json, json};

fn scope(app: &TestApp) -> Scope {
    app.store.scope(app.alpha.context.tenant)
}

/// The entries of the tenant of these kinds, the latest first, as REST shows them.
async fn entries(client: &Client, kinds: &[&str]) -> Vec<Json> {
    let filter = json!({ "filter": { "kind": { "in": kinds } }, "sort": "-sequence", "limit": 1000 });
    client.post("/v1/audit-entries/search", &filter).await.expect(200)["data"].as_array().unwrap().clone()
}

/// Says something to the database behind the server's back.
async fn tamper(app: &TestApp, statement: &str) {
    let connection = app.store.migration_connection().await.unwrap();
    connection.execute_unprepared(statement).await.unwrap();
}

/// The first entry that does not hold.
async fn broken(app: &TestApp) -> Option<i64> {
    scope(app).verify_audit(None).await.unwrap().broken.map(|broken| broken.sequence)
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_rights_stand_in_it() {
    both(|app| async move {
        let before = scope(&app).audited().await.unwrap();
        app.alpha.post("/v1/accounts", &json!({ "name": "Nobody's concern" })).await.expect(201);
        assert_eq!(scope(&app).audited().await.unwrap(), before, "ordinary writes leave no entry");

        let role = app.alpha.post("/v1/roles", &json!({ "key": "auditors", "name": "Auditors" })).await.expect(201);
        let id = role["id"].as_str().unwrap();
        app.alpha.patch(&format!("/v1/roles/{id}"), &json!({ "name": "Looking" })).await.expect(200);
        let right = json!({ "roleId": id, "resource": "account", "action": "read", "depth": "ALL" });
        app.alpha.post("/v1/role-rights", &right).await.expect(201);
        assert_eq!(app.alpha.delete(&format!("/v1/roles/{id}")).await.status, 204);
        let seen = entries(&app.alpha, &["RIGHTS_CHANGED"]).await;
        let told: Vec<(&Json, &Json)> = seen.iter().take(5).map(|entry| (&entry["resource"], &entry["change"])).collect();
        for expected in [("role", "DELETED"), ("roleRight", "DELETED"), ("roleRight", "CREATED"), ("role", "UPDATED"), ("role", "CREATED")] {
            assert!(told.contains(&(&json!(expected.0), &json!(expected.1))), "{expected:?} is not among {told:?}");
        }
        let renamed = seen.iter().find(|entry| entry["change"] == "UPDATED" && entry["record"] == id).unwrap();
        let detail: Json = serde_json::from_str(renamed["detail"].as_str().unwrap()).unwrap();
        assert_eq!(detail, json!({ "before": { "name": "Auditors" }, "after": { "name": "Looking" } }));
        assert_eq!(renamed["createdBy"], json!(app.alpha.context.actor.to_text()));
        assert_eq!(renamed["client"], "testkit");
        assert_eq!(renamed["request"].as_str().map(str::len), Some(36));

        // The same by GraphQL, and no way to write.
        let query = "query($record: String!) { auditEntries(filter: {record: {eq: $record}}, orderBy: [{sequence: DESC}], first: 1) { nodes { kind change hash } } }";
        let data = app.alpha.graphql(query, json!({ "record": id })).await.data();
        assert_eq!(data["auditEntries"]["nodes"][0]["change"], "DELETED");
        let path = format!("/v1/audit-entries/{}", renamed["id"].as_str().unwrap());
        app.alpha.patch(&path, &json!({ "detail": "nothing" })).await.refused(405, "METHOD_NOT_ALLOWED");
        app.alpha.delete(&path).await.refused(405, "METHOD_NOT_ALLOWED");

        // A right to everything does not reach it: it takes an administrator.
        let (user, _) = person(&app, "curious").await;
        let wide = app.alpha.post("/v1/roles", &json!({ "key": "wide", "name": "Wide" })).await.expect(201)["id"].clone();
        let all = json!({ "roleId": wide, "resource": "*", "action": "*", "depth": "ALL" });
        app.alpha.post("/v1/role-rights", &all).await.expect(201);
        app.alpha.post("/v1/role-assignments", &json!({ "roleId": wide, "userId": user })).await.expect(201);
        let curious = app.sign_in(&user).await;
        curious.get("/v1/users").await.expect(200);
        curious.get("/v1/audit-entries").await.refused(403, "FORBIDDEN");
        assert_eq!(broken(&app).await, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_stand_in_it_good_and_refused() {
    both(|app| async move {
        let portal = program(&app.alpha, json!({ "kind": "PUBLIC" })).await;
        let (user, email) = person(&app, "mia").await;
        assert_eq!(enter(&app, &asking(&portal, &[]), &email, PASSWORD).await.status, 303);
        assert_eq!(enter(&app, &asking(&portal, &[]), &email, "not the password").await.status, 400);
        assert_eq!(enter(&app, &asking(&portal, &[]), "nobody@alpha.example", PASSWORD).await.status, 400);
        let seen = entries(&app.alpha, &["SIGNED_IN", "SIGN_IN_REFUSED"]).await;
        let told: Vec<Json> = seen.iter().map(|entry| json!([entry["kind"], entry["record"], entry["detail"], entry["client"]])).collect();
        let line = |kind: &str, record: Json, detail: &str| json!([kind, record, detail, portal.client_id]);
        assert_eq!(
            told,
            [
                line("SIGN_IN_REFUSED", Json::Null, r#"{"refused":"no such account","way":"password"}"#),
                line("SIGN_IN_REFUSED", json!(user), r#"{"refused":"wrong password","way":"password"}"#),
                line("SIGNED_IN", json!(user), r#"{"way":"password"}"#),
            ]
        );
        assert_eq!(seen[2]["createdBy"], json!(user));

        // What was tried stands nowhere; a flood of attempts does not fill the audit.
        for _ in 0..30 {
            assert_eq!(enter(&app, &asking(&portal, &[]), &email, "guess after guess").await.status, 400);
        }
        let seen = entries(&app.alpha, &["SIGN_IN_REFUSED"]).await;
        assert!((10..20).contains(&seen.len()), "{} entries", seen.len());
        assert!(!format!("{seen:?}").contains("guess"), "{seen:?}");

        // Programs too.
        let robot = json!({ "kind": "CONFIDENTIAL", "clientCredentials": true, "runAsId": user });
        let robot = program(&app.alpha, robot).await;
        token(&app, &robot, &[("grant_type", "client_credentials")]).await.expect(200);
        let thief = crate::sign_in::Program { secret: Some("cls_guess".to_owned()), ..robot };
        assert_eq!(token(&app, &thief, &[("grant_type", "client_credentials")]).await.status, 401);
        let seen = entries(&app.alpha, &["SIGNED_IN", "SIGN_IN_REFUSED"]).await;
        let told: Vec<(&Json, &Json)> = seen.iter().take(2).map(|entry| (&entry["kind"], &entry["client"])).collect();
        assert_eq!(told, [(&json!("SIGN_IN_REFUSED"), &json!(thief.client_id)), (&json!("SIGNED_IN"), &json!(thief.client_id))]);
        app.alpha.post(&format!("/v1/users/{user}/set-password"), &json!({ "password": format!("{PASSWORD} again") })).await.expect(200);
        let password = entries(&app.alpha, &["PASSWORD_CHANGED"]).await;
        assert!(!password.is_empty() && !format!("{password:?}").contains("argon2"), "{password:?}");
        assert_eq!(broken(&app).await, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_on_two_nodes_make_one_chain() {
    both(|app| async move {
        let before = scope(&app).audited().await.unwrap();
        let other = Store::open(&StoreSettings::new(app.database_url.clone())).await.unwrap();
        let elsewhere = clientela_engine::Engine::new(vec![], other.clone(), app.clock.clone()).unwrap();
        let writes = (0..12).map(|number| {
            let (client, elsewhere) = (app.alpha.clone(), elsewhere.clone());
            async move {
                let body = json!({ "key": format!("role-{number}"), "name": "One of many" });
                client.post("/v1/roles", &body).await.expect(201);
                let event = clientela_engine::AuditEvent { kind: "EXPORTED", ..Default::default() };
                elsewhere.audit(&client.context, event).await.unwrap();
            }
        });
        join_all(writes).await;
        // Of a batch too, in one transaction.
        let rows: Vec<Json> = (0..20).map(|number| json!({ "create": { "key": format!("batch-{number}"), "name": "B" } })).collect();
        let answer = app.alpha.post("/v1/roles/batch", &json!({ "rows": rows, "atomic": true })).await;
        assert!(answer.status == 200, "{}", answer.describe());
        let report = scope(&app).verify_audit(None).await.unwrap();
        assert_eq!((report.broken, report.entries), (None, before + 12 + 12 + 20));
        other.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tampering_shows() {
    both(|app| async move {
        for number in 0..5 {
            app.alpha.post("/v1/roles", &json!({ "key": format!("r{number}"), "name": "R" })).await.expect(201);
        }
        let tenant = app.alpha.context.tenant.0.simple().to_string();
        let own = match app.store.dialect() {
            clientela_store::Dialect::Postgres => format!("tenant_id = '{tenant}'"),
            clientela_store::Dialect::Sqlite => format!("tenant_id = x'{tenant}'"),
        };
        let report = scope(&app).verify_audit(None).await.unwrap();
        assert_eq!(report.broken, None);
        let last = report.entries;
        let (third, middle) = (last - 3, last - 2);
        let columns = "tenant_id, id, version, created_at, created_by, updated_at, updated_by, deleted_at, sequence, kind, change, resource, record, client, address, request, detail, hash";
        tamper(&app, &format!("CREATE TABLE kept AS SELECT * FROM audit_entry WHERE {own}")).await;
        for (change, first) in [
            (format!("UPDATE audit_entry SET created_by = 'usr_somebody_else' WHERE {own} AND sequence = {third}"), third),
            (format!("UPDATE audit_entry SET detail = '{{}}' WHERE {own} AND sequence = {third}"), third),
            (format!("UPDATE audit_entry SET address = '192.0.2.1' WHERE {own} AND sequence = {middle}"), middle),
            (format!("UPDATE audit_entry SET deleted_at = created_at WHERE {own} AND sequence = {middle}"), middle),
            (format!("UPDATE audit_entry SET hash = 'x' || substr(hash, 2) WHERE {own} AND sequence = {last}"), last),
            (format!("DELETE FROM audit_entry WHERE {own} AND sequence = {middle}"), middle),
            (format!("DELETE FROM audit_entry WHERE {own} AND sequence = {last}"), last),
            (format!("DELETE FROM audit_entry WHERE {own}"), 1),
            (
                format!("DELETE FROM audit_entry WHERE {own} AND sequence = {third}; UPDATE audit_entry SET sequence = {third} WHERE {own} AND sequence = {last}"),
                third,
            ),
        ] {
            tamper(&app, &change).await;
            assert_eq!(broken(&app).await, Some(first), "{change}");
            tamper(&app, &format!("DELETE FROM audit_entry WHERE {own}; INSERT INTO audit_entry ({columns}) SELECT {columns} FROM kept")).await;
            assert_eq!(broken(&app).await, None, "after {change}");
        }
        // A chain that was cut together with its head holds in itself; what was noted of it elsewhere tells.
        let cut = format!("DELETE FROM audit_entry WHERE {own} AND sequence > {middle}");
        let head = format!("UPDATE audit_head SET sequence = {middle}, hash = (SELECT hash FROM kept WHERE sequence = {middle}) WHERE {own}");
        tamper(&app, &format!("{cut}; {head}")).await;
        assert_eq!(broken(&app).await, None);
        let report = scope(&app).verify_audit(Some(&report.head)).await.unwrap();
        assert_eq!(report.broken.map(|broken| broken.sequence), Some(middle + 1));
        // The other tenant's chain is none of it.
        assert_eq!(app.store.scope(app.beta.context.tenant).verify_audit(None).await.unwrap().broken, None);
    })
    .await;
}

/// Two administrators who take each other's rights at once: one of them stays one.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays() {
    both(|app| async move {
        let role = app.alpha.get("/v1/roles/by/key/administrator").await.expect(200)["id"].as_str().unwrap().to_owned();
        let list = app.alpha.get("/v1/role-assignments?limit=100").await.expect(200);
        let first = list["data"].as_array().unwrap().iter().find(|assignment| assignment["roleId"] == role.as_str()).unwrap();
        let mut first = first["id"].as_str().unwrap().to_owned();
        for round in 0..6 {
            let user = app.alpha.post("/v1/users", &json!({ "name": format!("Second {round}") })).await.expect(201)["id"]
                .as_str()
                .unwrap()
                .to_owned();
            let second = app.alpha.post("/v1/role-assignments", &json!({ "roleId": role, "userId": user })).await.expect(201);
            let second = second["id"].as_str().unwrap().to_owned();
            let (path, other) = (format!("/v1/role-assignments/{first}"), format!("/v1/role-assignments/{second}"));
            // By another road now and then: who may not sign in is no administrator either.
            let both = if round % 2 == 0 {
                join_all([app.alpha.delete(&path), app.alpha.delete(&other)]).await
            } else {
                let user = format!("/v1/users/{user}");
                let stopped = json!({ "active": false });
                let (left, right) = tokio::join!(app.alpha.delete(&path), app.alpha.patch(&user, &stopped));
                vec![left, right]
            };
            let mut statuses: Vec<u16> = both.iter().map(|answer| answer.status).collect();
            let done = statuses.iter().position(|status| *status < 300).unwrap_or_else(|| panic!("{statuses:?}"));
            statuses.remove(done);
            assert!([403, 401].contains(&statuses[0]), "round {round}: {statuses:?}");
            if done == 1 {
                // The first one is still it.
                continue;
            }
            // Somebody else must let the first one back in: the second one is the administrator now.
            let administrator = app.sign_in(&user).await;
            let me = app.alpha.context.actor.to_text();
            let again = administrator.post("/v1/role-assignments", &json!({ "roleId": role, "userId": me })).await.expect(201);
            assert_eq!(administrator.delete(&other).await.status, 204);
            first = again["id"].as_str().unwrap().to_owned();
        }
        assert_eq!(broken(&app).await, None);
    })
    .await;
}
