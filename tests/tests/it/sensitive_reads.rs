//! Whoever reads a sensitive field leaves an entry in the audit: one a request, with the records it was read of.

use crate::rights::make;
use clientela_testkit::{Client, TestApp, both};
use http::Method;
use serde_json::{Value as Json, json};

/// What the audit holds of reads since the last look, the oldest first: actor, request, and what was read.
async fn entries(app: &TestApp, known: &mut usize) -> Vec<(Json, Json, Json)> {
    app.engine.write_sensitive_reads().await.expect("the audit can be written");
    let page = app.alpha.get("/v1/audit-entries?filter[kind][eq]=SENSITIVE_READ&sort=sequence&limit=200").await.expect(200);
    let all = page["data"].as_array().expect("a page").clone();
    let new = all.iter().skip(*known).map(|entry| {
        let detail: Json = serde_json::from_str(entry["detail"].as_str().expect("a detail")).expect("JSON");
        (entry["createdBy"].clone(), entry["record"].clone(), detail["read"].clone())
    });
    let new: Vec<_> = new.collect();
    *known = all.len();
    new
}

async fn person(app: &TestApp, name: &str, born: Option<&str>) -> String {
    make(app, "contacts", json!({ "lastName": name, "birthDate": born })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_by_any_way_is_one_entry_that_names_the_records() {
    both(|app| async move {
        let mut known = 0;
        let account = make(&app, "accounts", json!({ "name": "Dairy" })).await;
        let (anna, ben) = (person(&app, "Anna", Some("1984-05-17")).await, person(&app, "Ben", Some("1990-01-02")).await);
        let nobody = person(&app, "Nobody", None).await;
        app.alpha.patch(&format!("/v1/contacts/{anna}"), &json!({ "accountId": account })).await.expect(200);
        entries(&app, &mut known).await;
        let me = json!(app.alpha.context.actor.to_text());
        let read =
            |records: &[&str]| json!([{ "resource": "contact", "fields": ["birthDate"], "count": records.len(), "records": records }]);

        app.alpha.get(&format!("/v1/contacts/{anna}")).await.expect(200);
        assert_eq!(entries(&app, &mut known).await, [(me.clone(), json!(anna), read(&[&anna]))]);
        let mut both_ids = [anna.as_str(), ben.as_str()];
        both_ids.sort_unstable();
        app.alpha.get("/v1/contacts").await.expect(200);
        assert_eq!(entries(&app, &mut known).await, [(me.clone(), Json::Null, read(&both_ids))]);
        // Below another record, in a search, by GraphQL, with two roots of one request.
        app.alpha.get(&format!("/v1/accounts/{account}?expand=contacts")).await.expect(200);
        assert_eq!(entries(&app, &mut known).await, [(me.clone(), json!(anna), read(&[&anna]))]);
        app.alpha.get("/v1/contacts/search?q=Anna").await.expect(200);
        assert_eq!(entries(&app, &mut known).await, [(me.clone(), json!(anna), read(&[&anna]))]);
        let query = "query($a: ID!, $b: ID!) { a: contact(id: $a) { birthDate } b: contact(id: $b) { birthDate } }";
        app.alpha.graphql(query, json!({ "a": anna, "b": ben })).await.data();
        assert_eq!(entries(&app, &mut known).await, [(me.clone(), Json::Null, read(&both_ids))]);
        app.alpha.get(&format!("/v1/contacts/{anna}/history")).await.expect(200);
        app.alpha.get(&format!("/v1/contacts/{anna}?asOf=2026-02-26T00:00:00Z")).await.expect(200);
        assert_eq!(entries(&app, &mut known).await.len(), 2);
        let groups = json!({ "groupBy": ["birthDate"], "measures": { "count": true } });
        app.alpha.post("/v1/contacts/aggregate", &groups).await.expect(200);
        let aggregated = entries(&app, &mut known).await;
        assert_eq!((aggregated.len(), &aggregated[0].2[0]["records"]), (1, &json!([])), "{aggregated:?}");
        // A change answers with the record, and shows what it holds.
        app.alpha.patch(&format!("/v1/contacts/{ben}"), &json!({ "department": "Dairy" })).await.expect(200);
        assert_eq!(entries(&app, &mut known).await, [(me, json!(ben), read(&[&ben]))]);

        // What shows no value of one is nobody's business.
        app.alpha.get(&format!("/v1/contacts/{nobody}")).await.expect(200);
        app.alpha.get(&format!("/v1/contacts/{anna}?fields=name")).await.expect(200);
        app.alpha.get("/v1/accounts").await.expect(200);
        let key = app.alpha.post("/v1/api-keys", &json!({ "name": "plain" })).await.expect(201);
        app.alpha.with_token(key["secret"].as_str()).get(&format!("/v1/contacts/{anna}")).await.expect(200);
        assert_eq!(entries(&app, &mut known).await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_of_ones_own_counts_and_the_chain_holds() {
    both(|app| async move {
        let mut known = 0;
        let field = json!({ "resource": "account", "name": "iban", "label": "IBAN", "type": "TEXT", "sensitive": true });
        app.alpha.post("/v1/custom-fields", &field).await.expect(201);
        for number in 0..120 {
            make(&app, "accounts", json!({ "name": format!("A{number}"), "custom": { "iban": format!("AT{number}") } })).await;
        }
        entries(&app, &mut known).await;
        let key = json!({ "name": "finance", "sensitive": true });
        let key = app.alpha.post("/v1/api-keys", &key).await.expect(201);
        let finance: Client = app.alpha.with_token(key["secret"].as_str());
        finance.get("/v1/accounts?limit=200").await.expect(200);
        let seen = entries(&app, &mut known).await;
        let [(actor, record, read)] = seen.as_slice() else { panic!("{seen:?}") };
        assert_eq!((actor, record), (&key["id"], &Json::Null));
        assert_eq!((&read[0]["count"], &read[0]["fields"]), (&json!(120), &json!(["custom.iban"])));
        assert_eq!(read[0]["records"].as_array().map(Vec::len), Some(100), "some are named, all are counted");
        // Many at once lose none.
        let many = (0..40).map(|_| finance.get("/v1/accounts?limit=3"));
        futures_util::future::join_all(many).await.iter().for_each(|answer| assert_eq!(answer.status, 200));
        assert_eq!(entries(&app, &mut known).await.len(), 40);
        let report = app.engine.scope(&app.alpha.context).verify_audit(None).await.expect("it can be verified");
        assert!(report.broken.is_none(), "{report:?}");
        // Nothing sensitive stands in the audit itself.
        let all = app.alpha.send(Method::GET, "/v1/audit-entries?limit=500", &[], None).await.expect(200);
        assert!(!all.to_string().contains("AT119"));
    })
    .await;
}
