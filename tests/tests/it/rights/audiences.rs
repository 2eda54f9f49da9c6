//! People from outside: whatever roles they hold, they reach what concerns them and what is shared with them.

use super::{made_by, make, names, role, user};
use crate::isolation::out_of_reach;
use clientela_testkit::{Client, TestApp, both};
use serde_json::{Value as Json, json};

/// A role that allows everything with everything, as a mistake would.
async fn wide(app: &TestApp, key: &str) -> String {
    role(app, key, &[("*", "*", "ALL")]).await
}

/// Somebody from outside who belongs to these.
async fn outsider(app: &TestApp, name: &str, audience: &str, belongs: Json, role: &str) -> (String, Client) {
    let id = make(app, "users", json!({ "name": name, "email": format!("{name}@outside.example"), "audience": audience })).await;
    if !belongs.is_null() {
        let mut body = belongs;
        body["userId"] = json!(id);
        make(app, "account-users", body).await;
    }
    make(app, "role-assignments", json!({ "roleId": role, "userId": id })).await;
    let client = app.sign_in(&id).await;
    (id, client)
}

async fn first_role(app: &TestApp, key: &str) -> String {
    let found = app.alpha.get(&format!("/v1/roles?filter[key][eq]={key}")).await.expect(200);
    found.pointer("/data/0/id").and_then(Json::as_str).expect("a tenant begins with it").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_what_concerns_them_is_reached_from_outside() {
    both(|mut app| async move {
        let role = wide(&app, "wide").await;
        let account = make(&app, "accounts", json!({ "name": "Own" })).await;
        let (_, portal) = outsider(&app, "portal", "PORTAL", json!({ "accountId": account }), &role).await;
        let (_, partner) = outsider(&app, "partner", "PARTNER", json!({ "accountId": account }), &role).await;
        let (_, lost) = outsider(&app, "lost", "PORTAL", Json::Null, &role).await;
        // One sweep looks everywhere; what the others are is told from it by the same few lines of code.
        let everything = app.registry.resources().to_vec();
        let some = ["account", "contact", "contactPoint", "note", "interaction", "notification", "apiKey", "user"];
        let some: Vec<_> = everything.iter().filter(|def| some.contains(&def.name.as_ref())).cloned().collect();
        for (client, swept, seen) in [(portal, &everything, vec!["Own"]), (partner, &some, vec!["Own"]), (lost, &some, vec![])] {
            app.beta = client;
            for def in swept {
                if def.administrators_only {
                    app.beta.get(&format!("/v1/{}", def.path)).await.refused(403, "FORBIDDEN");
                } else if !def.common {
                    out_of_reach(&app, def).await;
                }
            }
            assert_eq!(names(&app.beta, "/v1/accounts").await, seen);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_user_works_with_its_own_account_and_people() {
    both(|app| async move {
        let role = first_role(&app, "portal").await;
        let account = make(&app, "accounts", json!({ "name": "Own", "phone": "+43 1 5550 100" })).await;
        let other = make(&app, "accounts", json!({ "name": "Other", "phone": "+43 1 5550 200" })).await;
        let anna = make(&app, "contacts", json!({ "lastName": "Gruber", "accountId": account, "email": "anna@own.example" })).await;
        let bob = make(&app, "contacts", json!({ "lastName": "Huber", "accountId": other, "email": "bob@other.example" })).await;
        let purpose = make(&app, "purposes", json!({ "key": "news", "name": "News" })).await;
        let belongs = json!({ "accountId": account, "contactId": anna });
        let (id, portal) = outsider(&app, "anna", "PORTAL", belongs, &role).await;

        let me = portal.get("/v1/me").await.expect(200);
        assert_eq!((&me["audience"], &me["belongsTo"]), (&json!("PORTAL"), &json!([account, anna])));
        assert_eq!(names(&portal, "/v1/accounts").await, ["Own"]);
        assert_eq!(names(&portal, "/v1/users").await, ["anna"]);
        let query = "{ accounts(first: 9) { nodes { name contacts(first: 9) { nodes { lastName contactPoints(first: 9) { nodes { value } } } } } } }";
        let graph = portal.graphql(query, json!({})).await.data();
        assert_eq!(graph.pointer("/accounts/nodes/0/contacts/nodes/0/contactPoints/nodes/0/value"), Some(&json!("anna@own.example")), "{graph}");
        assert!(!graph.to_string().contains("Huber"), "{graph}");

        // What concerns them may be kept up to date; what does not is not there.
        portal.patch(&format!("/v1/contacts/{anna}"), &json!({ "firstName": "Anna" })).await.expect(200);
        portal.patch(&format!("/v1/contacts/{bob}"), &json!({ "firstName": "Bob" })).await.refused(404, "NOT_FOUND");
        let point = json!({ "partyId": anna, "kind": "MOBILE", "value": "+43 664 5550 123" });
        made_by(&portal, "contact-points", point.clone()).await;
        let mut foreign = point;
        foreign["partyId"] = json!(bob);
        portal.post("/v1/contact-points", &foreign).await.refused(422, "VALIDATION_FAILED");
        // Moving a contact away would take it out of reach, and into somebody else's.
        portal.patch(&format!("/v1/contacts/{anna}"), &json!({ "accountId": other })).await.refused(422, "VALIDATION_FAILED");
        portal.patch(&format!("/v1/accounts/{account}"), &json!({ "name": "Mine" })).await.refused(403, "FORBIDDEN");
        let said = portal.post("/v1/consents/record", &json!({ "partyId": anna, "purposeId": purpose })).await.expect(200);
        assert_eq!(said.pointer("/consent/createdBy"), Some(&json!(id)));
        portal.post("/v1/consents/record", &json!({ "partyId": bob, "purposeId": purpose })).await.refused(422, "VALIDATION_FAILED");

        // Why: the rules are told one by one.
        let access = portal.get(&format!("/v1/contacts/{anna}/access")).await.expect(200);
        assert!(access.to_string().contains("\"AUDIENCE\""), "{access}");

        // A word for the account in a condition of a role that is not theirs.
        let list = portal.get("/v1/contacts?filter[accountId][eq]=myAccount").await.expect(200);
        assert_eq!(list.pointer("/data/0/id"), Some(&json!(anna)));
        assert_eq!(app.alpha.get("/v1/contacts?filter[accountId][eq]=myAccount").await.expect(200)["data"], json!([]), "staff belong to no account");

        // Whoever goes goes at once, and an erased person's user goes along.
        assert_eq!(app.alpha.post("/v1/privacy-requests/erase-person", &json!({ "partyId": anna })).await.status, 200);
        portal.get("/v1/me").await.refused(401, "UNAUTHENTICATED");
        app.alpha.get(&format!("/v1/users/{id}?deleted=include")).await.refused(404, "NOT_FOUND");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_with_an_account_reaches_its_partner_users() {
    both(|app| async move {
        let role = first_role(&app, "partner").await;
        let dealer = make(&app, "accounts", json!({ "name": "Dealer" })).await;
        let customer = make(&app, "accounts", json!({ "name": "Customer", "phone": "+43 1 5550 300" })).await;
        let (_, partner) = outsider(&app, "dealer", "PARTNER", json!({ "accountId": dealer }), &role).await;
        assert_eq!(names(&partner, "/v1/accounts").await, ["Dealer"]);
        let share = make(&app, "shares", json!({ "recordId": customer, "recipientId": dealer, "until": "2026-03-31T00:00:00Z" })).await;
        assert_eq!(names(&partner, "/v1/accounts").await, ["Customer", "Dealer"]);
        let points = partner.get(&format!("/v1/contact-points?filter[partyId][eq]={customer}")).await.expect(200);
        assert_eq!(points["data"].as_array().map(Vec::len), Some(1), "what depends on it comes along: {points}");
        partner.patch(&format!("/v1/accounts/{customer}"), &json!({ "industry": "RETAIL" })).await.refused(403, "FORBIDDEN");
        app.alpha.patch(&format!("/v1/shares/{share}"), &json!({ "level": "WRITE" })).await.expect(200);
        partner.patch(&format!("/v1/accounts/{customer}"), &json!({ "industry": "RETAIL" })).await.expect(200);
        let access = partner.get(&format!("/v1/accounts/{customer}/access")).await.expect(200);
        assert!(access.to_string().contains(&share), "the share is told: {access}");
        // It ends by itself, or with the account.
        app.alpha.patch(&format!("/v1/shares/{share}"), &json!({ "until": "2020-01-01T00:00:00Z" })).await.expect(200);
        assert_eq!(names(&partner, "/v1/accounts").await, ["Dealer"]);
        assert_eq!(app.alpha.delete(&format!("/v1/accounts/{dealer}")).await.status, 204);
        assert!(names(&partner, "/v1/accounts").await.is_empty(), "whoever belongs to nobody reaches nothing");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_from_outside_gets_beyond_by_a_role_or_a_key() {
    both(|app| async move {
        let account = make(&app, "accounts", json!({ "name": "Own" })).await;
        make(&app, "accounts", json!({ "name": "Other" })).await;
        let wide = wide(&app, "wide").await;
        let (id, portal) = outsider(&app, "portal", "PORTAL", json!({ "accountId": account }), &wide).await;
        let administrator = first_role(&app, "administrator").await;
        let refused = app
            .alpha
            .post("/v1/role-assignments", &json!({ "roleId": administrator, "userId": id }))
            .await
            .refused(422, "VALIDATION_FAILED");
        assert_eq!(refused.pointer("/errors/0/pointer"), Some(&json!("/roleId")));
        // A role that turns into one for administrators turns nobody from outside into one.
        app.alpha.patch(&format!("/v1/roles/{wide}"), &json!({ "administrator": true })).await.expect(200);
        assert_eq!(portal.get("/v1/accounts").await.status, 200);
        assert_eq!(names(&portal, "/v1/accounts").await, ["Own"]);
        portal.post("/v1/roles", &json!({ "key": "mine", "name": "Mine" })).await.refused(403, "FORBIDDEN");
        app.alpha.patch(&format!("/v1/roles/{wide}"), &json!({ "administrator": false })).await.expect(200);
        // A key that they make belongs to whom they do, also with a role of its own.
        let made = portal.post("/v1/api-keys", &json!({ "name": "Script" })).await.expect(201);
        let key = app.alpha.with_token(made["secret"].as_str());
        assert_eq!(names(&key, "/v1/accounts").await, ["Own"]);
        assert_eq!(key.get("/v1/me").await.expect(200)["audience"], json!("PORTAL"));
        make(&app, "api-key-roles", json!({ "roleId": wide, "apiKeyId": made["id"] })).await;
        assert_eq!(names(&key, "/v1/accounts").await, ["Own"]);
        // One's own people belong to no account, and where somebody comes from is said once.
        let (staff, _) = user(&app, "staff", &[]).await;
        app.alpha.post("/v1/account-users", &json!({ "userId": staff, "accountId": account })).await.refused(422, "VALIDATION_FAILED");
        app.alpha.patch(&format!("/v1/users/{id}"), &json!({ "audience": "STAFF" })).await.refused(422, "VALIDATION_FAILED");
        let other = json!({ "name": "x", "audience": "PORTAL" });
        let other = make(&app, "users", other).await;
        app.alpha.post("/v1/account-users", &json!({ "userId": other })).await.refused(422, "VALIDATION_FAILED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_knows_the_day() {
    both(|app| async move {
        let role = make(&app, "roles", json!({ "key": "due", "name": "Due" })).await;
        let condition = json!({ "dueAt": { "lt": "today" } }).to_string();
        make(&app, "role-rights", json!({ "roleId": role, "resource": "task", "action": "read", "depth": "ALL", "condition": condition }))
            .await;
        let (_, client) = user(&app, "clerk", &[&role]).await;
        // The clock stands at 2026-02-25T06:13:20Z.
        for (title, due) in [("Late", "2026-02-24T23:00:00Z"), ("Soon", "2026-02-25T05:00:00Z")] {
            make(&app, "tasks", json!({ "subject": title, "dueAt": due })).await;
        }
        let titles = |list: Json| list["data"].as_array().expect("a list").iter().map(|task| task["subject"].clone()).collect::<Vec<_>>();
        assert_eq!(titles(client.get("/v1/tasks").await.expect(200)), [json!("Late")]);
        app.clock.advance(86_400_000);
        assert_eq!(client.get("/v1/tasks").await.expect(200)["data"].as_array().map(Vec::len), Some(2));
        let graph =
            app.alpha.graphql("{ tasks(first: 9, filter: { dueAt: { gte: \"today\" } }) { nodes { subject } } }", json!({})).await.data();
        assert_eq!(graph["tasks"]["nodes"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_shares_what_satisfies_its_condition_as_long_as_it_does() {
    both(|app| async move {
        let role = first_role(&app, "partner").await;
        let dealer = make(&app, "accounts", json!({ "name": "Dealer" })).await;
        let (_, partner) = outsider(&app, "dealer", "PARTNER", json!({ "accountId": dealer }), &role).await;
        let customer = make(&app, "accounts", json!({ "name": "Customer", "industry": "RETAIL", "phone": "+43 1 5550 300" })).await;
        let rule = json!({
            "name": "Retailers", "resource": "account", "recipientId": dealer, "condition": json!({ "industry": { "eq": "RETAIL" } }).to_string(),
            "until": "2026-02-25T18:00:00Z",
        });
        let made = make(&app, "sharing-rules", rule.clone()).await;
        assert_eq!(names(&partner, "/v1/accounts").await, ["Customer", "Dealer"], "at once");
        let path = format!("/v1/accounts/{customer}");
        partner.patch(&path, &json!({ "employees": 7 })).await.refused(403, "FORBIDDEN");
        app.alpha.patch(&format!("/v1/sharing-rules/{made}"), &json!({ "level": "WRITE" })).await.expect(200);
        partner.patch(&path, &json!({ "employees": 7 })).await.expect(200);
        let access = partner.get(&format!("{path}/access")).await.expect(200).to_string();
        assert!(access.contains("A rule shares") && !access.contains("RETAIL"), "the rule is told, and not what it says: {access}");
        // What satisfies it no longer is shared no longer; what comes to, is.
        app.alpha.patch(&path, &json!({ "industry": "FOOD" })).await.expect(200);
        partner.get(&path).await.refused(404, "NOT_FOUND");
        make(&app, "accounts", json!({ "name": "Later", "industry": "RETAIL" })).await;
        assert_eq!(names(&partner, "/v1/accounts").await, ["Dealer", "Later"]);
        app.clock.advance(12 * 3_600_000);
        assert_eq!(names(&partner, "/v1/accounts").await, ["Dealer"], "it ends by itself");
        for (field, value, pointer) in [
            ("resource", json!("party"), "/resource"),
            ("resource", json!("nothing"), "/resource"),
            ("condition", json!("{\"colour\": {\"eq\": 1}}"), "/condition"),
            ("recipientId", json!(customer.replace("acc_", "con_")), "/recipientId"),
        ] {
            let mut wrong = rule.clone();
            wrong[field] = value;
            let refused = app.alpha.post("/v1/sharing-rules", &wrong).await;
            assert_eq!((refused.status, refused.json().pointer("/errors/0/pointer").cloned()), (422, Some(json!(pointer))), "{}", refused.describe());
        }
    })
    .await;
}
