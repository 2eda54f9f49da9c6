//! What comes into sight and goes out of it: by roles, owners, teams, shares, fields.

use super::copy::Copy;
use super::kinds;
use crate::rights::{make, role, user};
use clientela_kernel::{Clock as _, Timestamp};
use clientela_testkit::both;
use serde_json::{Value as Json, json};

const FOLLOWED: &[&str] = &["account", "contact", "contactPoint"];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_narrows_or_widens_a_right_is_told_record_by_record() {
    both(|app| async move {
        let reading = role(&app, "seller", &[("*", "read", "ALL"), ("account", "read", "ALL")]).await;
        let (me, client) = user(&app, "anna", &[&reading]).await;
        let (other, _) = user(&app, "bob", &[&reading]).await;
        let mine = make(&app, "accounts", json!({ "name": "Mine", "ownerId": me })).await;
        let theirs = make(&app, "accounts", json!({ "name": "Theirs", "ownerId": other, "phone": "+43 1 5550 100" })).await;
        let contact = make(&app, "contacts", json!({ "lastName": "Huber", "accountId": theirs, "ownerId": other })).await;
        let mut copy = Copy::of(&app, &client, "resources=account,contact,contact-points");
        assert_eq!(kinds(&copy.follow().await, &theirs), ["PRESENT"]);
        copy.is_true(FOLLOWED).await;

        // A narrower right: what went is named, what others make meanwhile is not.
        let rights = app.alpha.get(&format!("/v1/role-rights?filter[roleId][eq]={reading}&filter[resource][eq]=account")).await.expect(200);
        let right = rights.pointer("/data/0/id").and_then(Json::as_str).unwrap().to_owned();
        app.alpha.patch(&format!("/v1/role-rights/{right}"), &json!({ "depth": "OWN" })).await.expect(200);
        let unseen = make(&app, "accounts", json!({ "name": "Unseen", "ownerId": other })).await;
        let entries = copy.follow().await;
        assert_eq!(kinds(&entries, &theirs), ["ACCESS_LOST"], "{entries:?}");
        assert!(!entries.iter().any(|entry| entry.to_string().contains(&unseen)), "what was never seen is not named: {entries:?}");
        copy.is_true(FOLLOWED).await;

        // The owner.
        app.alpha.patch(&format!("/v1/accounts/{theirs}"), &json!({ "ownerId": me })).await.expect(200);
        let entries = copy.follow().await;
        assert_eq!(kinds(&entries, &theirs), ["ACCESS_GAINED"], "{entries:?}");
        let gained = entries.iter().find(|entry| entry["id"] == json!(theirs)).unwrap();
        assert_eq!(gained.pointer("/record/name"), Some(&json!("Theirs")), "with the record");
        copy.is_true(FOLLOWED).await;
        app.alpha.patch(&format!("/v1/accounts/{mine}"), &json!({ "ownerId": other })).await.expect(200);
        assert_eq!(kinds(&copy.follow().await, &mine), ["ACCESS_LOST"]);
        copy.is_true(FOLLOWED).await;

        // A share, which ends by itself.
        let until = Timestamp(app.clock.now().0 + 60_000).to_text();
        make(&app, "shares", json!({ "recordId": mine, "recipientId": me, "until": until })).await;
        assert_eq!(kinds(&copy.follow().await, &mine), ["ACCESS_GAINED"]);
        copy.is_true(FOLLOWED).await;
        app.clock.advance(61_000);
        assert_eq!(kinds(&copy.follow().await, &mine), ["ACCESS_LOST"], "the time alone ends it");
        copy.is_true(FOLLOWED).await;
        let share = make(&app, "shares", json!({ "recordId": unseen, "recipientId": me })).await;
        assert_eq!(kinds(&copy.follow().await, &unseen), ["ACCESS_GAINED"]);
        assert_eq!(app.alpha.delete(&format!("/v1/shares/{share}")).await.status, 204);
        assert_eq!(kinds(&copy.follow().await, &unseen), ["ACCESS_LOST"]);

        // A team.
        let team = make(&app, "teams", json!({ "name": "Sales" })).await;
        make(&app, "team-members", json!({ "teamId": team, "userId": me })).await;
        app.alpha.patch(&format!("/v1/role-rights/{right}"), &json!({ "depth": "TEAM" })).await.expect(200);
        copy.follow().await;
        copy.is_true(FOLLOWED).await;
        let member = make(&app, "team-members", json!({ "teamId": team, "userId": other })).await;
        let entries = copy.follow().await;
        assert_eq!(
            (kinds(&entries, &mine), kinds(&entries, &unseen)),
            (vec!["ACCESS_GAINED".to_owned()], vec!["ACCESS_GAINED".to_owned()])
        );
        copy.is_true(FOLLOWED).await;
        assert_eq!(app.alpha.delete(&format!("/v1/team-members/{member}")).await.status, 204);
        assert_eq!(kinds(&copy.follow().await, &unseen), ["ACCESS_LOST"]);
        copy.is_true(FOLLOWED).await;

        // A condition.
        app.alpha
            .patch(&format!("/v1/role-rights/{right}"), &json!({ "depth": "ALL", "condition": "{\"country\": {\"eq\": \"AT\"}}" }))
            .await
            .expect(200);
        app.alpha.patch(&format!("/v1/accounts/{unseen}"), &json!({ "country": "AT" })).await.expect(200);
        copy.follow().await;
        copy.is_true(FOLLOWED).await;
        assert!(copy.held.contains_key(&("account".to_owned(), unseen.clone())));

        // What is deleted is deleted, with what goes along.
        assert_eq!(app.alpha.delete(&format!("/v1/contacts/{contact}")).await.status, 204);
        let entries = copy.follow().await;
        assert_eq!(kinds(&entries, &contact), ["DELETED"], "{entries:?}");
        app.alpha.post(&format!("/v1/accounts/{unseen}/erase"), &json!({})).await;
        assert_eq!(kinds(&copy.follow().await, &unseen), ["ERASED"]);
        copy.is_true(FOLLOWED).await;

        // Nothing at all any more.
        for record in app.alpha.get(&format!("/v1/role-assignments?filter[userId][eq]={me}")).await.expect(200)["data"].as_array().unwrap()
        {
            assert_eq!(app.alpha.delete(&format!("/v1/role-assignments/{}", record["id"].as_str().unwrap())).await.status, 204);
        }
        let entries = copy.follow().await;
        assert!(entries.iter().all(|entry| entry["kind"] == json!("ACCESS_LOST") && entry["record"].is_null()), "{entries:?}");
        assert!(copy.held.is_empty(), "{:?}", copy.held.keys());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_are_hidden_leave_the_copy() {
    both(|app| async move {
        let reading = role(&app, "viewer", &[("*", "read", "ALL")]).await;
        let (_, client) = user(&app, "anna", &[&reading]).await;
        let account = make(&app, "accounts", json!({ "name": "Trade", "industry": "RETAIL" })).await;
        let mut copy = Copy::of(&app, &client, "resources=account");
        copy.follow().await;
        copy.is_true(&["account"]).await;
        let rule =
            make(&app, "field-rules", json!({ "roleId": reading, "resource": "account", "field": "industry", "access": "HIDDEN" })).await;
        let entries = copy.follow().await;
        assert_eq!(kinds(&entries, &account), ["ACCESS_CHANGED"], "{entries:?}");
        assert!(entries[0]["record"].get("industry").is_none(), "{entries:?}");
        copy.is_true(&["account"]).await;

        // A change of nothing but what is hidden names no field, and a filter on it is refused as an unknown one is.
        app.alpha.patch(&format!("/v1/accounts/{account}"), &json!({ "industry": "MEDIA" })).await.expect(200);
        let entries = copy.follow().await;
        assert!(!entries.iter().any(|entry| entry.to_string().contains("industry")), "{entries:?}");
        client.get("/v1/changes?resources=account&filter[industry][eq]=MEDIA").await.refused(400, "INVALID_FILTER");
        assert_eq!(app.alpha.delete(&format!("/v1/field-rules/{rule}")).await.status, 204);
        assert_eq!(kinds(&copy.follow().await, &account), ["ACCESS_CHANGED"]);
        copy.is_true(&["account"]).await;

        // Who follows by a field that is hidden later loses sight of everything.
        let mut narrow = Copy::of(&app, &client, "resources=account&filter[industry][eq]=MEDIA");
        assert_eq!(kinds(&narrow.follow().await, &account), ["PRESENT"]);
        make(&app, "field-rules", json!({ "roleId": reading, "resource": "account", "field": "industry", "access": "HIDDEN" })).await;
        assert_eq!(kinds(&narrow.follow().await, &account), ["LEFT"]);
    })
    .await;
}
