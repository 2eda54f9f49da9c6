//! Users: made, found, changed, deactivated, deleted.

use super::{ENTERPRISE, USER, ask, found, made, operation, refused, with};
use crate::sign_in;
use clientela_testkit::both;
use http::Method;
use serde_json::{Value as Json, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_made_as_providers_send_it() {
    both(|app| async move {
        let boss = made(&app.alpha, json!({ "schemas": [USER], "userName": "boss@alpine.example" })).await;
        assert_eq!((boss["displayName"].as_str(), boss["active"].as_bool()), (Some("boss@alpine.example"), Some(true)));
        assert_eq!(boss["emails"], json!([{ "value": "boss@alpine.example", "type": "work", "primary": true }]));
        let sent = json!({
            "schemas": [USER, ENTERPRISE], "externalId": "00u1", "userName": "mhuber", "name": { "givenName": "Maria", "familyName": "Huber" }, "title": "Sales",
            "preferredLanguage": "de-AT", "timezone": "Europe/Vienna", "active": "True", "password": "ignored-by-design-0815",
            "emails": [{ "value": "home@x.example", "type": "home" }, { "value": "maria@alpine.example", "type": "work", "primary": true }],
            "phoneNumbers": [{ "value": "+43 664 1", "type": "mobile" }, { "value": "+43 1 5550 142", "type": "work" }],
            "addresses": [{ "type": "work", "locality": "Wien" }], "roles": [], ENTERPRISE: { "department": "Sales", "manager": { "value": boss["id"] } },
        });
        let answer = ask(&app.alpha, Method::POST, "/Users", Some(sent)).await;
        let user = answer.expect(201);
        let id = user["id"].as_str().unwrap();
        assert_eq!((answer.header("etag"), answer.header("location")), (Some("W/\"1\""), user["meta"]["location"].as_str()));
        assert!(user["meta"]["location"].as_str().unwrap().ends_with(&format!("/scim/v2/Users/{id}")));
        let mut shown = user.clone();
        for name in ["id", "meta"] {
            shown.as_object_mut().unwrap().remove(name);
        }
        let reference = format!("http://127.0.0.1:8080/scim/v2/Users/{}", boss["id"].as_str().unwrap());
        assert_eq!(shown, json!({
            "schemas": [USER, ENTERPRISE], "externalId": "00u1", "userName": "mhuber", "displayName": "Maria Huber",
            "name": { "givenName": "Maria", "familyName": "Huber" }, "title": "Sales", "preferredLanguage": "de-AT", "timezone": "Europe/Vienna", "active": true,
            "emails": [{ "value": "maria@alpine.example", "type": "work", "primary": true }], "phoneNumbers": [{ "value": "+43 1 5550 142", "type": "work" }],
            ENTERPRISE: { "manager": { "value": boss["id"], "$ref": reference } },
        }));
        // The same record, told by the other API; its key is an external id like any other.
        let record = app.alpha.get(&format!("/v1/users/{id}")).await.expect(200);
        assert_eq!((record["userName"].as_str(), record["email"].as_str()), (Some("mhuber"), Some("maria@alpine.example")));
        assert_eq!(app.alpha.get("/v1/users/by/scim/00u1").await.expect(200)["id"], user["id"]);
        assert_eq!(app.log(id).await[0]["kind"], "CREATED");
        let read = ask(&app.alpha, Method::GET, &format!("/Users/{id}"), None).await;
        assert_eq!((read.header("etag"), read.expect(200)), (Some("W/\"1\""), user.clone()));
        assert_eq!(with(&app.alpha, Method::GET, &format!("/Users/{id}"), &[("if-none-match", "W/\"1\"")], None).await.status, 304);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_unique_however_they_came_to_be() {
    both(|app| async move {
        app.alpha.post("/v1/users", &json!({ "name": "By hand", "email": "hand@alpine.example" })).await.expect(201);
        let user = made(&app.alpha, json!({ "userName": "mhuber", "externalId": "1" })).await;
        for taken in [
            json!({ "userName": "MHUBER" }),
            json!({ "userName": "Hand@alpine.example" }),
            json!({ "userName": "other", "externalId": "1" }),
            json!({ "userName": "other", "emails": [{ "value": "hand@alpine.example" }] }),
        ] {
            refused(&ask(&app.alpha, Method::POST, "/Users", Some(taken)).await, 409, Some("uniqueness"));
        }
        assert_eq!(found(&app.alpha, "/Users", "userName eq \"other\"").await.0, 0, "a refused user was made all the same");
        let path = format!("/Users/{}", user["id"].as_str().unwrap());
        refused(
            &ask(&app.alpha, Method::PATCH, &path, Some(operation("replace", "userName", json!("hand@alpine.example")))).await,
            409,
            Some("uniqueness"),
        );
        for (bad, kind) in [
            (json!({}), "invalidValue"),
            (json!({ "userName": "x", "active": "perhaps" }), "invalidValue"),
            (json!({ "userName": "x", "emails": [{ "value": "no address" }] }), "invalidValue"),
            (json!({ "userName": "x", "timezone": "Mars/Base" }), "invalidValue"),
            (json!({ "userName": "x", "surname": "y" }), "invalidSyntax"),
        ] {
            refused(&ask(&app.alpha, Method::POST, "/Users", Some(bad)).await, 400, Some(kind));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_find_users() {
    both(|app| async move {
        app.alpha.post("/v1/users", &json!({ "name": "Hand", "email": "hand@alpine.example" })).await.expect(201);
        let anna = json!({ "userName": "anna", "displayName": "Anna", "externalId": "a-1", "name": { "familyName": "Auer" }, "title": "Sales", "emails": [{ "value": "anna@alpine.example" }] });
        let anna = made(&app.alpha, anna).await;
        let bert = json!({ "userName": "bert", "displayName": "Bert", "active": false, ENTERPRISE: { "manager": { "value": anna["id"] } } });
        made(&app.alpha, bert).await;
        let id = anna["id"].as_str().unwrap();
        for (filter, wanted) in [
            ("userName eq \"ANNA\"".to_owned(), &["Anna"][..]),
            // Who was made by hand is known by the address.
            ("userName Eq \"Hand@Alpine.example\"".to_owned(), &["Hand"]),
            ("userName ne \"anna\" and displayName ne \"Hand\" and emails pr".to_owned(), &["Admin of alpha"]),
            ("userName sw \"be\" or externalId eq \"a-1\"".to_owned(), &["Anna", "Bert"]),
            ("externalId pr".to_owned(), &["Anna"]),
            ("externalId eq \"A-1\"".to_owned(), &[]),
            ("active eq false".to_owned(), &["Bert"]),
            ("emails[type eq \"work\" and value co \"ANNA@\"]".to_owned(), &["Anna"]),
            ("emails[type eq \"home\"]".to_owned(), &[]),
            ("emails.value ew \"a@alpine.example\"".to_owned(), &["Anna"]),
            ("name.familyName eq \"auer\" and title eq \"Sales\"".to_owned(), &["Anna"]),
            (format!("id eq \"{id}\""), &["Anna"]),
            ("id eq \"nonsense\"".to_owned(), &[]),
            (format!("{ENTERPRISE}:manager.value eq \"{id}\""), &["Bert"]),
            (format!("{USER}:displayName eq \"bert\""), &["Bert"]),
            ("not (userName pr)".to_owned(), &[]),
            ("meta.created gt \"2000-01-01T00:00:00Z\" and displayName co \"nn\"".to_owned(), &["Anna"]),
        ] {
            let (total, mut names) = found(&app.alpha, "/Users", &filter).await;
            names.sort();
            assert_eq!((total, names.iter().map(String::as_str).collect::<Vec<_>>()), (wanted.len() as u64, wanted.to_vec()), "{filter}");
        }
        for bad in ["nickName eq \"x\"", "userName eq", "userName is \"x\"", "title co \"a\"", "active gt true", "password eq \"x\"", "passwordHash pr", "name eq \"x\"", "userName eq \"x\" and (title pr"] {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("filter", bad).finish();
            refused(&ask(&app.alpha, Method::GET, &format!("/Users?{query}"), None).await, 400, Some("invalidFilter"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_have_places_an_order_and_a_shape() {
    both(|app| async move {
        for number in 1..=7 {
            made(&app.alpha, json!({ "userName": format!("user-{number}"), "displayName": format!("User {number}"), "title": "T" })).await;
        }
        let list = |query: &'static str| {
            let client = app.alpha.clone();
            async move { ask(&client, Method::GET, &format!("/Users?filter=title%20pr&{query}"), None).await.expect(200) }
        };
        let names = |list: &Json| {
            list["Resources"].as_array().unwrap().iter().map(|one| one["userName"].as_str().unwrap_or("-").to_owned()).collect::<Vec<_>>()
        };
        let page = list("startIndex=3&count=2&sortBy=userName&sortOrder=descending").await;
        assert_eq!((&page["totalResults"], &page["startIndex"], &page["itemsPerPage"]), (&json!(7), &json!(3), &json!(2)));
        assert_eq!(names(&page), ["user-5", "user-4"]);
        assert_eq!(names(&list("startIndex=7&count=5&sortBy=displayName").await), ["user-7"]);
        let beyond = list("startIndex=8&count=5").await;
        assert_eq!((&beyond["totalResults"], &beyond["itemsPerPage"], &beyond["Resources"]), (&json!(7), &json!(0), &json!([])));
        let none = list("count=0").await;
        assert_eq!((&none["totalResults"], &none["Resources"]), (&json!(7), &json!([])));
        assert_eq!(list("startIndex=-4&count=-1").await["startIndex"], 1);
        let first = &list("attributes=USERNAME,meta.version&count=1&sortBy=userName").await["Resources"][0];
        let keys: Vec<&String> = first.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["id", "meta", "schemas", "userName"]);
        assert_eq!(first["meta"], json!({ "version": "W/\"1\"" }));
        let rest = &list("excludedAttributes=userName,emails,id&count=1").await["Resources"][0];
        assert!(rest["userName"].is_null() && rest["id"].is_string() && rest["title"] == "T");
        let asked = json!({ "filter": "userName eq \"user-2\"", "attributes": ["userName"], "startIndex": 1, "count": 10 });
        let searched = ask(&app.alpha, Method::POST, "/Users/.search", Some(asked)).await.expect(200);
        assert_eq!((names(&searched), searched["Resources"][0]["title"].is_null()), (vec!["user-2".to_owned()], true));
        for bad in
            ["count=many", "sortBy=nickName", "sortOrder=upward", "filer=x", "attributes=id&excludedAttributes=meta", "count=1&count=2"]
        {
            refused(&ask(&app.alpha, Method::GET, &format!("/Users?{bad}"), None).await, 400, Some("invalidValue"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_changed_in_parts_and_as_a_whole() {
    both(|app| async move {
        let user = made(&app.alpha, json!({ "userName": "maria@alpine.example", "displayName": "Maria", "externalId": "1", "title": "Sales" })).await;
        let path = format!("/Users/{}", user["id"].as_str().unwrap());
        let patch = |body: Json| ask(&app.alpha, Method::PATCH, &path, Some(body));
        // A new address is no new name.
        let after = patch(operation("Replace", "emails[type eq \"work\"].value", json!("m.huber@alpine.example"))).await.expect(200);
        assert_eq!((&after["userName"], &after["emails"][0]["value"]), (&json!("maria@alpine.example"), &json!("m.huber@alpine.example")));
        assert_eq!(found(&app.alpha, "/Users", "userName eq \"maria@alpine.example\"").await.0, 1);
        let several = json!({ "Operations": [
            { "op": "add", "value": { "name.familyName": "Huber", "phoneNumbers": [{ "type": "work", "value": "+43 1 5550" }], "id": "usr_x" } },
            { "op": "REMOVE", "path": "title" },
            { "op": "replace", "path": "externalId", "value": "2" },
            { "op": "add", "path": "nickName", "value": "Mimi" },
        ] });
        let answer = patch(several).await;
        let after = answer.expect(200);
        assert_eq!((&after["name"], &after["title"], &after["externalId"]), (&json!({ "familyName": "Huber" }), &Json::Null, &json!("2")));
        assert_eq!(answer.header("etag"), after["meta"]["version"].as_str());
        // What changes nothing writes nothing.
        let version = after["meta"]["version"].clone();
        assert_eq!(patch(operation("replace", "displayName", json!("Maria"))).await.expect(200)["meta"]["version"], version);
        for (body, kind) in [
            (operation("remove", "userName", Json::Null), "mutability"),
            (operation("replace", "groups", json!([])), "mutability"),
            (operation("replace", "nosuch", json!(1)), "invalidPath"),
            (operation("remove", "", Json::Null), "noTarget"),
            (operation("replace", "emails[value eq \"x@y.example\"].value", json!("z@y.example")), "noTarget"),
            (operation("replace", "timezone", json!("Mars/Base")), "invalidValue"),
            (json!({ "Operations": [{ "op": "jump", "path": "title" }] }), "invalidSyntax"),
        ] {
            refused(&patch(body).await, 400, Some(kind));
        }
        // All or nothing: the second part of this one is refused.
        let halves = json!({ "Operations": [{ "op": "add", "path": "title", "value": "Half" }, { "op": "replace", "path": "preferredLanguage", "value": "no language" }] });
        refused(&patch(halves).await, 400, Some("invalidValue"));
        assert_eq!(ask(&app.alpha, Method::GET, &path, None).await.expect(200)["title"], Json::Null);

        let stale = [("if-match", "W/\"1\"")];
        let whole = json!({ "schemas": [USER], "userName": "maria@alpine.example", "displayName": "Maria Huber", "title": "Head of sales" });
        refused(&with(&app.alpha, Method::PUT, &path, &stale, Some(whole.clone())).await, 412, None);
        refused(&with(&app.alpha, Method::PATCH, &path, &stale, Some(operation("add", "title", json!("x")))).await, 412, None);
        refused(&with(&app.alpha, Method::DELETE, &path, &stale, None).await, 412, None);
        let current = version.as_str().unwrap().to_owned();
        let after = with(&app.alpha, Method::PUT, &path, &[("if-match", &current)], Some(whole)).await.expect(200);
        assert_eq!((&after["title"], &after["name"], &after["phoneNumbers"]), (&json!("Head of sales"), &Json::Null, &Json::Null));
        assert_eq!((&after["active"], &after["externalId"]), (&json!(true), &json!("2")), "silence changes neither");
        assert_eq!(after["emails"][0]["value"], "maria@alpine.example");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_deactivated_is_out_at_once_and_stays_out() {
    both(|app| async move {
        let program = sign_in::program(&app.alpha, json!({})).await;
        let (id, email) = sign_in::person(&app, "maria").await;
        let tokens = sign_in::sign_in(&app, &program, &email).await;
        let signed_in = sign_in::with(&app, &tokens);
        signed_in.get("/v1/me").await.expect(200);
        let path = format!("/Users/{id}");
        let after = ask(&app.alpha, Method::PATCH, &path, Some(operation("Replace", "active", json!("False")))).await.expect(200);
        assert_eq!(after["active"], false);
        signed_in.get("/v1/me").await.refused(401, "UNAUTHENTICATED");
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
        sign_in::refused(&sign_in::token(&app, &program, &refresh).await, 400, "invalid_grant");
        // Who comes back signs in anew: what was open before stays closed.
        ask(&app.alpha, Method::PATCH, &path, Some(json!({ "Operations": [{ "op": "replace", "value": { "active": true } }] })))
            .await
            .expect(200);
        signed_in.get("/v1/me").await.refused(401, "UNAUTHENTICATED");
        sign_in::refused(&sign_in::token(&app, &program, &refresh).await, 400, "invalid_grant");
        let again = sign_in::sign_in(&app, &program, &email).await;
        sign_in::with(&app, &again).get("/v1/me").await.expect(200);
        // The same by the other API: it is a rule of users.
        app.alpha.patch(&format!("/v1/users/{id}"), &json!({ "active": false })).await.expect(200);
        app.alpha.patch(&format!("/v1/users/{id}"), &json!({ "active": true })).await.expect(200);
        sign_in::with(&app, &again).get("/v1/me").await.refused(401, "UNAUTHENTICATED");
        let admin = app.alpha.context.actor.to_text();
        refused(
            &ask(&app.alpha, Method::PATCH, &format!("/Users/{admin}"), Some(operation("replace", "active", json!(false)))).await,
            403,
            None,
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_user_is_gone_and_the_name_is_free() {
    both(|app| async move {
        let user = made(&app.alpha, json!({ "userName": "maria@alpine.example", "externalId": "1" })).await;
        let id = user["id"].as_str().unwrap();
        let path = format!("/Users/{id}");
        assert_eq!(ask(&app.alpha, Method::DELETE, &path, None).await.status, 204);
        for method in [Method::GET, Method::DELETE] {
            refused(&ask(&app.alpha, method, &path, None).await, 404, None);
        }
        refused(&ask(&app.alpha, Method::PATCH, &path, Some(operation("add", "title", json!("x")))).await, 404, None);
        assert_eq!(found(&app.alpha, "/Users", "userName eq \"maria@alpine.example\"").await.0, 0);
        // Softly: the record and its history are there.
        assert!(app.alpha.get(&format!("/v1/users/{id}?deleted=include")).await.expect(200)["deletedAt"].is_string());
        let again = made(&app.alpha, json!({ "userName": "maria@alpine.example", "externalId": "1" })).await;
        assert_ne!(again["id"], user["id"]);
        refused(&ask(&app.alpha, Method::GET, "/Users/nonsense", None).await, 404, None);
    })
    .await;
}
