//! What a mapping makes of an event: all of it or nothing, and again when it was mended.

use super::{carried, event, source};
use crate::jobs::work;
use clientela_testkit::factory::text;
use clientela_testkit::{TestApp, both};
use serde_json::{Value as Json, json};

/// A customer with people, who has said something about a purpose.
fn mapping() -> Json {
    json!({
        "map": { "branches": { "cheese": "FOOD" } },
        "rules": [
            {
                "when": { "/type": ["customer.saved", "customer.booked"], "header:content-type": "application/json" },
                "do": [
                    {
                        "upsert": "account",
                        "name": "customer",
                        "key": { "system": "erp", "column": "/customer/number" },
                        "fields": {
                            "name": "/customer/name",
                            "industry": { "column": "/customer/branch", "map": "branches" },
                            "kind": { "value": "ORGANIZATION" },
                            "ownerId": { "column": "/customer/salesperson", "reference": { "field": "email" } },
                            "parentId": { "column": "/customer/group", "reference": { "system": "erp" } }
                        }
                    },
                    {
                        "upsert": "contact",
                        "name": "person",
                        "each": "/people",
                        "when": ["@/lastName"],
                        "key": { "system": "erp", "template": "{/customer/number}-{@#}" },
                        "fields": { "lastName": "@/lastName", "email": "@/email", "accountId": { "record": "customer" } }
                    },
                    {
                        "operation": "recordConsent",
                        "each": "/people",
                        "when": ["@/agrees"],
                        "input": {
                            "partyId": { "record": "person" },
                            "purposeId": { "column": "@/agrees", "reference": { "field": "key" } }
                        }
                    }
                ]
            },
            { "when": { "/type": "consent.withdrawn" }, "do": [{ "operation": "withdrawConsent", "key": { "field": "id", "column": "/consent" }, "input": { "source": { "value": "ERP" } } }] }
        ]
    })
}

fn saved(people: Json) -> Json {
    json!({
        "type": "customer.saved",
        "customer": { "number": 4711, "name": " Alpine Foods ", "branch": "cheese", "salesperson": "admin@alpha.example", "group": "G1" },
        "people": people
    })
}

async fn purpose(app: &TestApp) -> String {
    let purposes = app.registry.resource("purpose").unwrap().clone();
    let made = app.factory(&app.alpha).create(&purposes, clientela_testkit::factory::Fill::Required).await;
    text(&made, "key")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_becomes_records_and_operations() {
    both(|app| async move {
        let erp = source(&app.alpha, json!({ "mapping": mapping().to_string() })).await;
        let group =
            app.alpha.send(http::Method::PUT, "/v1/accounts/by/erp/G1", &[], Some(&json!({ "name": "Alpine Group" }))).await.expect(201);
        let key = purpose(&app).await;
        let people =
            json!([{ "lastName": "Gruber", "email": "gruber@alpine.example", "agrees": key }, { "lastName": "" }, { "lastName": "Huber" }]);
        let kept = carried(&app, &erp, "msg_1", &saved(people)).await;
        assert_eq!(kept["status"], "PROCESSED", "{kept}");
        let account = app.alpha.get("/v1/accounts/by/erp/4711").await.expect(200);
        assert_eq!((&account["name"], &account["industry"], &account["parentId"]), (&json!("Alpine Foods"), &json!("FOOD"), &group["id"]));
        assert_eq!(account["ownerId"], json!(app.alpha.context.actor.to_text()));
        let gruber = app.alpha.get("/v1/contacts/by/erp/4711-1").await.expect(200);
        assert_eq!((&gruber["lastName"], &gruber["accountId"]), (&json!("Gruber"), &account["id"]));
        app.alpha.get("/v1/contacts/by/erp/4711-2").await.refused(404, "NOT_FOUND");
        app.alpha.get("/v1/contacts/by/erp/4711-3").await.expect(200);
        let consents = app.alpha.get("/v1/consents").await.expect(200);
        assert_eq!(consents["data"].as_array().map(Vec::len), Some(1), "{consents}");
        let records = kept["records"].to_string();
        for record in [&account["id"], &gruber["id"], &consents["data"][0]["id"]] {
            assert!(records.contains(record.as_str().unwrap()), "{records} lacks {record}");
        }
        // It stands in the log under its maker's name, all of it as one request.
        let log = app.log(&text(&account, "id")).await;
        assert_eq!(log[0]["actor"], json!(app.alpha.context.actor.to_text()));
        // An operation with a record that a key names.
        let consent = json!({ "type": "consent.withdrawn", "consent": consents["data"][0]["id"] });
        assert_eq!(carried(&app, &erp, "msg_2", &consent).await["status"], "PROCESSED");
        let nothing = carried(&app, &erp, "msg_3", &json!({ "type": "customer.deleted" })).await;
        assert_eq!((&nothing["status"], &nothing["failureCode"]), (&json!("IGNORED"), &json!("NO_RULE")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_writes_nothing_and_goes_well_once_it_is_mended() {
    both(|app| async move {
        let erp = source(&app.alpha, json!({ "mapping": mapping().to_string() })).await;
        app.alpha.send(http::Method::PUT, "/v1/accounts/by/erp/G1", &[], Some(&json!({ "name": "Alpine Group" }))).await.expect(201);
        let wrong = saved(json!([{ "lastName": "Gruber" }, { "lastName": "Huber", "email": "nobody" }]));
        let first = carried(&app, &erp, "msg_1", &wrong).await;
        assert_eq!((&first["status"], &first["failureCode"]), (&json!("FAILED"), &json!("INVALID_FORMAT")), "{first}");
        assert_eq!((&first["failurePointer"], &first["failureStep"]), (&json!("/people/1/email"), &json!("/rules/0/do/1")));
        app.alpha.get("/v1/accounts/by/erp/4711").await.refused(404, "NOT_FOUND");
        assert_eq!(app.alpha.get("/v1/contacts?total=true").await.expect(200)["page"]["total"], 0);
        let mut stranger = saved(json!([]));
        stranger["customer"]["salesperson"] = json!("nobody@alpha.example");
        let second = carried(&app, &erp, "msg_2", &stranger).await;
        assert_eq!((&second["failureCode"], &second["failurePointer"]), (&json!("REFERENCE_NOT_FOUND"), &json!("/customer/salesperson")), "{second}");
        // What it would do with a sample, before anything is changed.
        let mut mended = mapping();
        mended["rules"][0]["do"][1]["fields"].as_object_mut().unwrap().remove("email");
        mended["rules"][0]["do"][0]["fields"].as_object_mut().unwrap().remove("ownerId");
        let preview = |mapping: Json| {
            let (app, path) = (&app, format!("{}/preview", erp.path()));
            let headers = json!([{ "name": "Content-Type", "value": "application/json" }]);
            let sample = json!({ "body": wrong.to_string(), "headers": headers, "mapping": mapping });
            async move { app.alpha.post(&path, &sample).await.expect(200) }
        };
        let refused = preview(Json::Null).await;
        assert_eq!((&refused["status"], &refused["problems"][0]["pointer"]), (&json!("FAILED"), &json!("/people/1/email")), "{refused}");
        let shown = preview(json!(mended.to_string())).await;
        assert_eq!((&shown["status"], &shown["rules"]), (&json!("PROCESSED"), &json!([0])), "{shown}");
        let made: Vec<&str> = shown["changes"].as_array().unwrap().iter().filter_map(|change| change["resource"].as_str()).collect();
        assert!(made.contains(&"account") && made.iter().filter(|resource| **resource == "contact").count() == 2, "{shown}");
        app.alpha.get("/v1/accounts/by/erp/4711").await.refused(404, "NOT_FOUND");
        // Mended, and replayed: one by its id, the rest by their time, over GraphQL.
        app.alpha.patch(&erp.path(), &json!({ "mapping": mended.to_string() })).await.expect(200);
        let replay = format!("/v1/inbox-events/{}/replay", text(&first, "id"));
        assert_eq!(app.alpha.post(&replay, &json!({})).await.expect(200)["inboxEvent"]["status"], "RECEIVED");
        work(&app).await;
        let done = event(&app.alpha, &text(&first, "id")).await;
        assert_eq!((&done["status"], &done["failureCode"], &done["attempts"]), (&json!("PROCESSED"), &Json::Null, &json!(1)), "{done}");
        let replay = "mutation($id: ID!, $from: DateTime!) { done: replayInboxEvents(input: { id: $id, from: $from }) { replayed userErrors { code } } }";
        let answer = app.alpha.graphql(replay, json!({ "id": erp.id, "from": first["receivedAt"] })).await.data();
        assert_eq!(answer["done"], json!({ "replayed": 1, "userErrors": [] }));
        work(&app).await;
        assert_eq!(event(&app.alpha, &text(&second, "id")).await["status"], "PROCESSED");
        assert_eq!(app.alpha.get("/v1/contacts?total=true").await.expect(200)["page"]["total"], 2);
        let failed = app.alpha.get("/v1/inbox-events?filter[status][eq]=FAILED").await.expect(200);
        assert_eq!(failed["data"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_makes_no_sense_is_refused_at_its_place() {
    both(|app| async move {
        let account = |more: Json| {
            let mut step = json!({ "upsert": "account", "key": { "system": "erp", "column": "/n" }, "fields": { "name": "/n" } });
            step.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            json!({ "rules": [{ "do": [step] }] })
        };
        for (mapping, said) in [
            (
                json!({ "rules": [{ "do": [{ "upsert": "unicorn", "key": { "field": "id" } }] }] }),
                "/rules/0/do/0: record \"unicorn\": there is no resource",
            ),
            (account(json!({ "fields": { "name": "/n", "wings": "/w" } })), "/rules/0/do/0/fields/wings: "),
            (account(json!({ "fields": { "name": "n" } })), "/rules/0/do/0/fields/name: \"n\" is no JSON Pointer"),
            (account(json!({ "fields": { "name": "@/n" } })), "starts at an element"),
            (account(json!({ "fields": {} })), "account needs name"),
            (account(json!({ "each": "lines" })), "/rules/0/do/0/each: "),
            (account(json!({ "sell": true })), "unknown field `sell`"),
            (json!({ "rules": [{ "do": [{ "operation": "eraseEverything" }] }] }), "there is no operation \"eraseEverything\""),
            (json!({ "rules": [{ "do": [{ "operation": "setUserPassword" }] }] }), "there is no operation \"setUserPassword\""),
            (json!({ "rules": [{ "do": [{ "operation": "withdrawConsent" }] }] }), "is done with a record"),
            (json!({ "rules": [{ "do": [{ "operation": "recordConsent", "input": { "wings": "/w" } }] }] }), "/rules/0/do/0/input/wings: "),
            (json!({ "rules": [{ "do": [{ "operation": "recordConsent" }] }] }), "recordConsent needs partyId"),
        ] {
            let body = json!({ "name": "Wrong", "mapping": mapping.to_string() });
            let refused = app.alpha.post("/v1/inbox-sources", &body).await.refused(422, "VALIDATION_FAILED");
            let problem = &refused["errors"][0];
            assert!(problem["pointer"] == "/mapping" && problem["detail"].as_str().unwrap().contains(said), "{said}: {refused}");
        }
    })
    .await;
}
