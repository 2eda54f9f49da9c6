//! What is erased is gone: the record, what hangs on it, and what the change log held of them.

use clientela_model::ResourceDef;
use clientela_store::FeedCursor;
use clientela_testkit::factory::{Fill, text};
use clientela_testkit::{Answer, Client, TestApp, both};
use http::Method;
use serde_json::{Value as Json, json};

async fn erase(client: &Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    client.send(Method::POST, &format!("{path}/erase"), headers, None).await
}

/// The log of a record says that it was, and no longer what it was.
async fn is_forgotten(app: &TestApp, id: &str) {
    let log = app.log(id).await;
    let last = log.last().unwrap_or_else(|| panic!("{id} has no log"));
    assert_eq!(last["kind"], json!("ERASED"), "{log:?}");
    assert!(log.len() > 1 && log.iter().all(|row| row["before"].is_null() && row["after"].is_null()), "{log:?}");
}

/// A record that can be deleted, also of a kind that the server alone makes.
async fn made(app: &TestApp, def: &ResourceDef, fill: Fill) -> String {
    let factory = app.factory(&app.alpha);
    if def.creatable { text(&factory.create(def, fill).await, "id") } else { factory.any(def).await }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_record_that_can_be_deleted_can_be_erased() {
    both(|app| async move {
        for def in app.registry.resources().to_vec().into_iter().filter(|def| def.deletable) {
            for deleted in [false, true] {
                let id = made(&app, &def, Fill::Everything).await;
                let path = format!("/v1/{}/{id}", def.path);
                if deleted {
                    assert_eq!(app.alpha.delete(&path).await.status, 204);
                }
                app.beta.get(&path).await.refused(404, "NOT_FOUND");
                erase(&app.beta, &path, &[]).await.refused(404, "NOT_FOUND");
                erase(&app.reader, &path, &[]).await.refused(403, "FORBIDDEN");
                erase(&app.alpha, &path, &[("if-match", "\"99\"")]).await.refused(412, "VERSION_CONFLICT");
                let version = app.alpha.get(&format!("{path}?deleted=include")).await.expect(200)["version"].clone();
                let answer = erase(&app.alpha, &path, &[("if-match", &format!("\"{version}\""))]).await;
                assert_eq!(answer.status, 204, "{}: {}", def.name, answer.describe());
                app.alpha.get(&format!("{path}?deleted=include")).await.refused(404, "NOT_FOUND");
                erase(&app.alpha, &path, &[]).await.refused(404, "NOT_FOUND");
                is_forgotten(&app, &id).await;
            }
            let id = made(&app, &def, Fill::Required).await;
            let name = &def.type_name;
            let mutation = format!(
                "mutation($input: Erase{name}Input!) {{ payload: erase{name}(input: $input) {{ erased{name}Id userErrors {{ code }} }} }}"
            );
            let foreign = app.beta.graphql(&mutation, json!({ "input": { "id": id } })).await.data();
            assert_eq!(foreign["payload"]["userErrors"][0]["code"], json!("NOT_FOUND"), "{foreign}");
            let data = app.alpha.graphql(&mutation, json!({ "input": { "id": id, "expectedVersion": 1 } })).await.data();
            assert_eq!(data["payload"], json!({ format!("erased{name}Id"): id, "userErrors": [] }));
            is_forgotten(&app, &id).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_on_it_goes_too_and_the_rest_lets_go() {
    both(|app| async move {
        let made = |path: &'static str, body: Json| {
            let client = app.alpha.clone();
            async move { client.post(path, &body).await.expect(201) }
        };
        let parent = made("/v1/accounts", json!({ "name": "Parent" })).await;
        let account = text(&made("/v1/accounts", json!({ "name": "Secret & Sons", "parentId": parent["id"] })).await, "id");
        let child = text(&made("/v1/accounts", json!({ "name": "Child", "parentId": account })).await, "id");
        let gone = text(&made("/v1/accounts", json!({ "name": "Deleted child", "parentId": account })).await, "id");
        app.alpha.delete(&format!("/v1/accounts/{gone}")).await;
        let contact = text(&made("/v1/contacts", json!({ "name": "Anna", "accountId": account })).await, "id");
        let role = json!({ "accountId": account, "contactId": contact, "role": "BUYER", "primary": true });
        let role = app.alpha.post("/v1/account-contacts", &role).await;
        let key = text(&made("/v1/external-ids", json!({ "system": "erp", "value": "9", "recordId": account })).await, "id");
        let old = text(&made("/v1/external-ids", json!({ "system": "old", "value": "9", "recordId": account })).await, "id");
        app.alpha.delete(&format!("/v1/external-ids/{old}")).await;
        let interaction = made("/v1/interactions", json!({ "kind": "CALL", "subject": "Hello" })).await;
        let participant = made("/v1/interaction-participants", json!({ "interactionId": interaction["id"], "partyId": account })).await;

        let path = format!("/v1/accounts/{account}");
        let header = [("idempotency-key", "erase-1")];
        assert_eq!(erase(&app.alpha, &path, &header).await.status, 204);
        let again = erase(&app.alpha, &path, &header).await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (204, Some("true")), "{}", again.describe());
        for id in [&account, &key, &old, &text(&participant, "id")] {
            is_forgotten(&app, id).await;
        }
        if role.status == 201 {
            is_forgotten(&app, &text(&role.json(), "id")).await;
        }
        let party = account.replace("acc_", "pty_");
        app.alpha.get(&format!("/v1/parties/{party}?deleted=include")).await.refused(404, "NOT_FOUND");
        app.alpha.get("/v1/accounts/by/erp/9").await.refused(404, "NOT_FOUND");
        for (path, field) in [(format!("/v1/accounts/{child}"), "parentId"), (format!("/v1/contacts/{contact}"), "accountId")] {
            assert_eq!(app.alpha.get(&path).await.expect(200)[field], Json::Null, "{path}");
        }
        let gone = app.alpha.get(&format!("/v1/accounts/{gone}?deleted=include")).await.expect(200);
        assert_eq!(gone["parentId"], Json::Null);
        app.alpha.get(&format!("/v1/accounts/{}", text(&parent, "id"))).await.expect(200);
        app.alpha.get(&format!("/v1/interactions/{}", text(&interaction, "id"))).await.expect(200);
        // The id and the key are free again.
        app.alpha.post("/v1/accounts", &json!({ "id": account, "name": "New" })).await.expect(201);

        // A user lets go of whatever there is.
        let user = text(&made("/v1/users", json!({ "name": "Leaver" })).await, "id");
        let owned = text(&made("/v1/accounts", json!({ "name": "Owned", "ownerId": user })).await, "id");
        assert_eq!(erase(&app.alpha, &format!("/v1/users/{user}"), &[]).await.status, 204);
        assert_eq!(app.alpha.get(&format!("/v1/accounts/{owned}")).await.expect(200)["ownerId"], Json::Null);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_stay_refuses() {
    both(|app| async move {
        let person = text(&app.alpha.post("/v1/contacts", &json!({ "name": "Anna" })).await.expect(201), "id");
        let body = json!({ "name": "Anna", "kind": "PERSON", "contactId": person });
        let account = text(&app.alpha.post("/v1/accounts", &body).await.expect(201), "id");
        let path = format!("/v1/contacts/{person}");
        for state in ["living", "deleted"] {
            let refused = erase(&app.alpha, &path, &[]).await.refused(409, "REFERENCED");
            assert_eq!(refused["existingId"], json!(account), "{state}: {refused}");
            app.alpha.get(&path).await.expect(200);
            app.alpha.delete(&format!("/v1/accounts/{account}")).await;
        }
        // The account of a person does not take the person along.
        assert_eq!(erase(&app.alpha, &format!("/v1/accounts/{account}"), &[]).await.status, 204);
        app.alpha.get(&path).await.expect(200);
        assert_eq!(erase(&app.alpha, &path, &[]).await.status, 204);
        is_forgotten(&app, &person).await;
        // The feed says that it happened.
        let page = app.store.scope(app.alpha.context.tenant).changes(None::<FeedCursor>, 1_000).await.unwrap();
        let told = page.changes.iter().filter(|change| change.kind == "ERASED");
        assert!(page.next.is_none() || told.clone().all(|change| change.before.is_none() && change.after.is_none()));
    })
    .await;
}
