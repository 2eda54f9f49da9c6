//! A further resource is one file and one migration: with these two, both APIs, their documents, filters through
//! relations, the change log and the walls between tenants serve it.

mod asset;
mod m9001_asset;

use clientela_testkit::factory::{Fill, text};
use clientela_testkit::{Recipe, both_with, document};
use sea_orm_migration::{MigrationTrait as _, SchemaManager};
use serde_json::json;

fn recipe() -> Recipe {
    Recipe {
        modules: Some(|| vec![asset::module()]),
        migrate: Some(|store| {
            Box::pin(async move {
                let connection = store.migration_connection().await.unwrap();
                m9001_asset::Migration.up(&SchemaManager::new(&connection)).await.unwrap();
            })
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_and_one_migration_make_a_resource() {
    both_with(recipe(), |app| async move {
        let def = app.registry.resource("asset").expect("the file is enough").clone();
        // REST, with every field by its example.
        let made = app.factory(&app.alpha).create(&def, Fill::Everything).await;
        let (id, account) = (text(&made, "id"), text(&made, "accountId"));
        assert!(id.starts_with("ast_"));
        assert_eq!((&made["state"], &made["price"]), (&json!("IN_USE"), &json!({ "amount": "1234.50", "currency": "EUR" })));
        let patched = app.alpha.patch(&format!("/v1/assets/{id}"), &json!({ "state": "DOWN", "installedOn": null })).await.expect(200);
        assert_eq!((&patched["state"], &patched["installedOn"], &patched["version"]), (&json!("DOWN"), &json!(null), &json!(2)));
        app.alpha.patch(&format!("/v1/assets/{id}"), &json!({ "state": "BROKEN" })).await.refused(422, "VALIDATION_FAILED");
        let twin = json!({ "name": "Twin", "accountId": account, "serialNumber": made["serialNumber"] });
        app.alpha.post("/v1/assets", &twin).await.refused(409, "DUPLICATE");

        // GraphQL: by id, and from the account, which knows nothing of assets.
        let record = app.alpha.graphql(&document::record(&def), json!({ "id": id })).await.data();
        assert_eq!(record["record"], patched);
        let query = "query($filter: AccountFilter) { accounts(filter: $filter) { nodes { id assets { totalCount nodes { id name } } } } }";
        let found = app.alpha.graphql(query, json!({ "filter": { "assets": { "some": { "state": { "eq": "DOWN" } } } } })).await.data();
        assert_eq!(
            found["accounts"]["nodes"],
            json!([{ "id": account, "assets": { "totalCount": 1, "nodes": [{ "id": id, "name": made["name"] }] } }])
        );

        // The documents, the log, the walls, and what the definition says about deletion.
        let openapi = app.alpha.get("/openapi.json").await.expect(200);
        assert!(openapi["paths"]["/v1/assets/{id}"]["patch"].is_object() && openapi["components"]["schemas"]["Asset"].is_object());
        assert!(app.alpha.get("/schema.graphql").await.text().contains("type Asset implements Node"));
        let log = app.log(&id).await;
        assert_eq!(log.iter().map(|row| row["kind"].clone()).collect::<Vec<_>>(), [json!("CREATED"), json!("UPDATED")]);
        assert_eq!(log[1]["after"]["state"], json!("DOWN"));
        app.beta.get(&format!("/v1/assets/{id}")).await.refused(404, "NOT_FOUND");
        assert_eq!(app.alpha.delete(&format!("/v1/accounts/{account}")).await.status, 204);
        app.alpha.get(&format!("/v1/assets/{id}")).await.refused(404, "NOT_FOUND");
    })
    .await;
}
