//! Plain fields of contacts and accounts, and the contact points and addresses behind them: whoever writes one side
//! changes the other, in the same transaction, with versions and log rows of its own.

use clientela_testkit::factory::text;
use clientela_testkit::{Client, TestApp, both};
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

async fn points(client: &Client, party: &str) -> Vec<Json> {
    let path = format!("/v1/contact-points?sort=kind,value&filter%5BpartyId%5D%5Beq%5D={party}");
    client.get(&path).await.expect(200)["data"].as_array().cloned().unwrap_or_default()
}

/// Kind, value and whether it is preferred.
async fn told(client: &Client, party: &str) -> Vec<(String, String, bool)> {
    let told = |point: &Json| (text(point, "kind"), text(point, "value"), point["preferred"] == json!(true));
    points(client, party).await.iter().map(told).collect()
}

fn row(kind: &str, value: &str, preferred: bool) -> (String, String, bool) {
    (kind.to_owned(), value.to_owned(), preferred)
}

async fn kinds(app: &TestApp, id: &str) -> Vec<Json> {
    app.log(id).await.into_iter().map(|row| row["kind"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_is_one_fact_with_two_names() {
    both(|app| async move {
        let client = &app.alpha;
        let made =
            client.post("/v1/contacts", &json!({ "name": "Anna", "email": "Anna@a.example", "phone": "+43 1 5550" })).await.expect(201);
        let (id, path) = (text(&made, "id"), format!("/v1/contacts/{}", text(&made, "id")));
        assert_eq!(told(client, &id).await, [row("EMAIL", "Anna@a.example", true), row("PHONE", "+43 1 5550", true)]);
        let email = points(client, &id).await[0].clone();
        assert_eq!((&email["normalized"], &email["health"], &email["version"]), (&json!("anna@a.example"), &json!("OK"), &json!(1)));
        assert_eq!(email["partyId"], made["partyId"]);
        assert_eq!(kinds(&app, &text(&email, "id")).await, [json!("CREATED")]);

        // The contact's field changes the point, and what was known about the old address goes.
        let point = format!("/v1/contact-points/{}", text(&email, "id"));
        let known = json!({ "verifiedAt": "2026-01-31T08:15:00.000Z", "health": "BOUNCING" });
        client.patch(&point, &known).await.expect(200);
        let moved = client.patch(&path, &json!({ "email": "anna@b.example" })).await.expect(200);
        assert_eq!((&moved["email"], &moved["version"]), (&json!("anna@b.example"), &json!(2)));
        let now = client.get(&point).await.expect(200);
        assert_eq!((&now["value"], &now["normalized"], &now["version"]), (&json!("anna@b.example"), &json!("anna@b.example"), &json!(3)));
        assert_eq!((&now["verifiedAt"], &now["health"]), (&json!(null), &json!("OK")));

        // The point's value changes the contact's field.
        client.patch(&point, &json!({ "value": "anna@c.example" })).await.expect(200);
        let seen = client.get(&path).await.expect(200);
        assert_eq!((&seen["email"], &seen["version"]), (&json!("anna@c.example"), &json!(3)));
        assert_eq!(kinds(&app, &id).await, [json!("CREATED"), json!("UPDATED"), json!("UPDATED")]);

        // A second point is not preferred until somebody says so; then the first no longer is.
        let second = json!({ "partyId": id, "kind": "EMAIL", "value": "private@d.example", "label": "Private" });
        let second = client.post("/v1/contact-points", &second).await.expect(201);
        assert_eq!(second["preferred"], json!(false));
        assert_eq!(client.get(&path).await.expect(200)["email"], json!("anna@c.example"));
        let second = format!("/v1/contact-points/{}", text(&second, "id"));
        client.patch(&second, &json!({ "preferred": true })).await.expect(200);
        assert_eq!(client.get(&path).await.expect(200)["email"], json!("private@d.example"));
        let both = [row("EMAIL", "anna@c.example", false), row("EMAIL", "private@d.example", true), row("PHONE", "+43 1 5550", true)];
        assert_eq!(told(client, &id).await, both);

        // An address the party has already is chosen, not doubled.
        client.patch(&path, &json!({ "email": "ANNA@c.example" })).await.expect(200);
        let chosen = [row("EMAIL", "ANNA@c.example", true), row("EMAIL", "private@d.example", false), row("PHONE", "+43 1 5550", true)];
        assert_eq!(told(client, &id).await, chosen);
        let twin = json!({ "partyId": id, "kind": "EMAIL", "value": "Private@D.example" });
        client.post("/v1/contact-points", &twin).await.refused(409, "DUPLICATE");

        // Emptied here, gone there; gone there, empty here.
        client.patch(&path, &json!({ "email": null })).await.expect(200);
        assert_eq!(told(client, &id).await, [row("EMAIL", "private@d.example", false), row("PHONE", "+43 1 5550", true)]);
        client.patch(&second, &json!({ "preferred": true })).await.expect(200);
        assert_eq!(client.delete(&second).await.status, 204);
        assert_eq!(client.get(&path).await.expect(200)["email"], json!(null));
        client.send(http::Method::POST, &format!("{second}/restore"), &[], None).await.expect(200);
        assert_eq!(client.get(&path).await.expect(200)["email"], json!("private@d.example"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_contact_takes_along_comes_back_with_it() {
    both(|app| async move {
        let client = &app.alpha;
        let body = json!({ "name": "Eva", "email": "eva@a.example", "city": "Graz" });
        let made = client.post("/v1/contacts", &body).await.expect(201);
        let (id, path) = (text(&made, "id"), format!("/v1/contacts/{}", text(&made, "id")));
        let home = json!({ "partyId": id, "line1": "Bergweg 2", "city": "Linz", "country": "AT", "kind": "HOME" });
        client.post("/v1/addresses", &home).await.expect(201);
        let before = client.get(&path).await.expect(200);
        assert_eq!(client.delete(&path).await.status, 204);
        assert!(points(client, &id).await.is_empty());
        let after = client.send(http::Method::POST, &format!("{path}/restore"), &[], None).await.expect(200);
        assert_eq!((&after["email"], &after["city"], &after["version"]), (&before["email"], &json!("Linz"), &json!(4)));
        assert_eq!(told(client, &id).await, [row("EMAIL", "eva@a.example", true)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_town_is_that_of_the_preferred_address() {
    both(|app| async move {
        let client = &app.alpha;
        let account = client.post("/v1/accounts", &json!({ "name": "Berg", "city": "Graz", "country": "AT" })).await.expect(201);
        let (id, path) = (text(&account, "id"), format!("/v1/accounts/{}", text(&account, "id")));
        let list = format!("/v1/addresses?filter%5BpartyId%5D%5Beq%5D={id}");
        assert_eq!(client.get(&list).await.expect(200)["data"], json!([]), "a town alone is no address");
        let main = json!({ "partyId": id, "line1": "Obere Str. 57", "postalCode": "12209", "city": "Berlin", "country": "DE" });
        let main = client.post("/v1/addresses", &main).await.expect(201);
        assert_eq!((&main["preferred"], &main["kind"]), (&json!(true), &json!("MAIN")));
        let seen = client.get(&path).await.expect(200);
        assert_eq!((&seen["city"], &seen["country"], &seen["version"]), (&json!("Berlin"), &json!("DE"), &json!(2)));
        client.patch(&path, &json!({ "city": "Potsdam" })).await.expect(200);
        let main = format!("/v1/addresses/{}", text(&main, "id"));
        let moved = client.get(&main).await.expect(200);
        assert_eq!((&moved["city"], &moved["country"], &moved["version"]), (&json!("Potsdam"), &json!("DE"), &json!(2)));
        let other = json!({ "partyId": id, "kind": "SHIPPING", "line1": "Hafen 1", "city": "Hamburg", "country": "DE", "preferred": true });
        let other = client.post("/v1/addresses", &other).await.expect(201);
        assert_eq!(client.get(&main).await.expect(200)["preferred"], json!(false));
        assert_eq!(client.get(&path).await.expect(200)["city"], json!("Hamburg"));
        assert_eq!(client.delete(&format!("/v1/addresses/{}", text(&other, "id"))).await.status, 204);
        let seen = client.get(&path).await.expect(200);
        assert_eq!((&seen["city"], &seen["country"]), (&json!(null), &json!(null)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_account_is_reached_where_the_person_is() {
    both(|app| async move {
        let client = &app.alpha;
        let person = json!({ "name": "Mia", "phone": "030-0074321", "city": "Graz", "country": "AT" });
        let contact = text(&client.post("/v1/contacts", &person).await.expect(201), "id");
        let body = json!({ "name": "Mia, farm shop", "kind": "PERSON", "contactId": contact, "website": "https://mia.example" });
        let account = client.post("/v1/accounts", &body).await.expect(201);
        assert_eq!((&account["phone"], &account["city"], &account["country"]), (&json!("030-0074321"), &json!("Graz"), &json!("AT")));
        let all = [row("PHONE", "030-0074321", true), row("WEB", "https://mia.example", true)];
        assert_eq!(told(client, &contact).await, all);
        let (person, account) = (format!("/v1/contacts/{contact}"), format!("/v1/accounts/{}", text(&account, "id")));
        client.patch(&person, &json!({ "phone": "(5) 555-4729", "city": "Linz" })).await.expect(200);
        let seen = client.get(&account).await.expect(200);
        assert_eq!((&seen["phone"], &seen["city"], &seen["version"]), (&json!("(5) 555-4729"), &json!("Linz"), &json!(2)));
        client.patch(&account, &json!({ "phone": null })).await.expect(200);
        assert_eq!(client.get(&person).await.expect(200)["phone"], json!(null));
        assert_eq!(told(client, &contact).await, [row("WEB", "https://mia.example", true)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_has_the_form_of_its_kind() {
    both(|app| async move {
        let client = &app.alpha;
        let account = text(&client.post("/v1/accounts", &json!({ "name": "Forms" })).await.expect(201), "id");
        let long = format!("https://x.example/{}", "a".repeat(500));
        for (kind, good, bad) in [
            ("EMAIL", "a@b.example", "a.b.example"),
            ("PHONE", "(5) 555-4729", "call me"),
            ("FAX", "030-0076545", "n/a"),
            ("MOBILE", "+43 660 555 0101 x12", "12"),
            ("WEB", "https://b.example", long.as_str()),
            ("CERTIFIED_MAIL", "a@pec.b.example", "pec"),
            ("SOCIAL", "@berg", "a\u{0}b"),
        ] {
            let body = |value: &str| json!({ "partyId": account, "kind": kind, "value": value });
            client.post("/v1/contact-points", &body(good)).await.expect(201);
            let refused = client.post("/v1/contact-points", &body(bad)).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], json!("/value"), "{kind}");
        }
        let fax = json!({ "partyId": account, "kind": "FAX", "value": "+43 1 5551" });
        assert_eq!(client.post("/v1/contact-points", &fax).await.expect(201)["preferred"], json!(false));
        let seen = client.get(&format!("/v1/accounts/{account}?expand=contactPoints")).await.expect(200);
        assert_eq!((&seen["phone"], &seen["website"]), (&json!("(5) 555-4729"), &json!("https://b.example")));
    })
    .await;
}

/// Whoever writes both sides at the same time meets at the contact, and they agree in the end.
#[tokio::test(flavor = "multi_thread")]
async fn writers_of_both_sides_agree_in_the_end() {
    both(|app| async move {
        let client = app.alpha.clone();
        let made = client.post("/v1/contacts", &json!({ "name": "Race", "email": "start@a.example" })).await.expect(201);
        let id = text(&made, "id");
        let point = text(&points(&client, &id).await[0], "id");
        let mut writers = JoinSet::new();
        for number in 0..8 {
            let (client, id, point) = (client.clone(), id.clone(), point.clone());
            writers.spawn(async move {
                let address = format!("writer{number}@a.example");
                let answer = match number % 3 {
                    0 => client.patch(&format!("/v1/contacts/{id}"), &json!({ "email": address })).await,
                    1 => client.patch(&format!("/v1/contact-points/{point}"), &json!({ "value": address })).await,
                    _ => {
                        let body = json!({ "partyId": id, "kind": "EMAIL", "value": address, "preferred": true });
                        client.post("/v1/contact-points", &body).await
                    }
                };
                assert!(answer.status < 300, "{}", answer.describe());
            });
        }
        writers.join_all().await;
        let email = client.get(&format!("/v1/contacts/{id}")).await.expect(200)["email"].clone();
        let marked: Vec<_> = told(&client, &id).await.into_iter().filter(|(_, _, preferred)| *preferred).collect();
        assert_eq!(marked.iter().map(|(_, value, _)| json!(value)).collect::<Vec<_>>(), [email]);
    })
    .await;
}
