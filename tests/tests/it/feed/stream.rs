//! The feed as a stream, and by long polls.

use super::copy::Copy;
use crate::rights::{make, role, user};
use axum::body::Body;
use clientela_testkit::{Client, both};
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value as Json, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_hears_of_a_change_at_once() {
    both(|app| async move {
        let mut copy = Copy::of(&app, &app.alpha, "resources=account&after=now&wait=30");
        let start = app.alpha.get("/v1/changes?resources=account&after=now").await.expect(200);
        copy.cursor = start.pointer("/page/next").and_then(|next| next.as_str()).map(str::to_owned);
        copy.query = "wait=30".to_owned();
        let waiting = copy.follow();
        let writing = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            make(&app, "accounts", json!({ "name": "Trade" })).await
        };
        let both = async { tokio::join!(writing, waiting) };
        let (made, told) = tokio::time::timeout(Duration::from_secs(20), both).await.expect("long before its time is over");
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["id"], json!(made));
    })
    .await;
}

/// Reads server-sent events as a browser does, comments left out.
struct Events {
    body: Body,
    text: String,
}

impl Events {
    async fn of(client: &Client, path: &str, headers: &[(&str, &str)], body: Option<&Json>) -> Events {
        let mut request = Request::builder().uri(path).method(if body.is_some() { "POST" } else { "GET" });
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = client.open(request.body(body).unwrap()).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events { body: response.into_body(), text: String::new() }
    }

    /// The next event: its name, its id and its data.
    async fn next(&mut self) -> (String, String, Json) {
        tokio::time::timeout(Duration::from_secs(20), self.read()).await.expect("an event comes long before")
    }

    async fn read(&mut self) -> (String, String, Json) {
        loop {
            while let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let line = |name: &str| {
                    let found = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
                    found.map(|value| value.strip_prefix(' ').unwrap_or(value).to_owned())
                };
                if let Some(data) = line("data") {
                    return (
                        line("event").unwrap_or_default(),
                        line("id").unwrap_or_default(),
                        serde_json::from_str(&data).unwrap_or_default(),
                    );
                }
            }
            let frame = self.body.frame().await;
            let piece = frame.expect("the stream goes on").unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_behind_its_last_event_and_closes_to_whoever_loses_their_rights() {
    both(|app| async move {
        let reading = role(&app, "viewer", &[("*", "read", "ALL")]).await;
        let (id, client) = user(&app, "anna", &[&reading]).await;
        let mut events = Events::of(&client, "/v1/changes/stream?resources=account&after=now", &[], None).await;
        let first = make(&app, "accounts", json!({ "name": "First" })).await;
        let (name, place, data) = events.next().await;
        assert_eq!((name.as_str(), &data["id"], &data["kind"]), ("change", &json!(first), &json!("CREATED")));
        assert_eq!(data.pointer("/record/name"), Some(&json!("First")));
        drop(events);
        let second = make(&app, "accounts", json!({ "name": "Second" })).await;
        let mut events = Events::of(&client, "/v1/changes/stream?resources=account", &[("last-event-id", &place)], None).await;
        assert_eq!(events.next().await.2["id"], json!(second), "nothing was missed, nothing comes twice");
        // Every right goes: what was seen is told to be lost, and what happens from then on is not told.
        for record in app.alpha.get(&format!("/v1/role-assignments?filter[userId][eq]={id}")).await.expect(200)["data"].as_array().unwrap()
        {
            assert_eq!(app.alpha.delete(&format!("/v1/role-assignments/{}", record["id"].as_str().unwrap())).await.status, 204);
        }
        for _ in 0..2 {
            assert_eq!(events.next().await.2["kind"], json!("ACCESS_LOST"));
        }
        // Whoever is signed out is cut off, and told why.
        app.alpha.patch(&format!("/v1/users/{id}"), &json!({ "active": false })).await.expect(200);
        let (name, _, data) = events.next().await;
        assert_eq!((name.as_str(), &data["code"]), ("error", &json!("UNAUTHENTICATED")));
    })
    .await;
}

/// A ticket opens the stream and nothing else, shows what its principal may see, and ends with its time, its principal and its credential.
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_opens_the_stream_and_nothing_else() {
    both(|app| async move {
        let narrow = role(&app, "narrow", &[("account", "read", "OWN")]).await;
        let (anna, client) = user(&app, "anna", &[&narrow]).await;
        let nobody = app.alpha.with_token(None);
        let given = async |client: &Client| {
            client.post("/v1/changes/stream-ticket", &json!({})).await.expect(200)["ticket"].as_str().unwrap().to_owned()
        };
        nobody.post("/v1/changes/stream-ticket", &json!({})).await.refused(401, "UNAUTHENTICATED");
        let ticket = given(&client).await;
        let stream = |ticket: &str| format!("/v1/changes/stream?resources=account&ticket={ticket}");
        let mut events = Events::of(&nobody, &format!("{}&after=now", stream(&ticket)), &[], None).await;
        make(&app, "accounts", json!({ "name": "Of others" })).await;
        let own = make(&app, "accounts", json!({ "name": "Anna's", "ownerId": anna })).await;
        let (_, place, data) = events.next().await;
        assert_eq!(data["id"], json!(own), "the rights are those of whoever the ticket was given to");

        // Nowhere else does it count, in no place.
        for path in ["/v1/accounts", "/v1/changes", "/v1/me"] {
            let answer = nobody.get(&format!("{path}?ticket={ticket}")).await;
            assert!([400, 401].contains(&answer.status), "{path}: {}", answer.describe());
            nobody.with_token(Some(&ticket)).get(path).await.refused(401, "UNAUTHENTICATED");
            let answer = nobody.send(http::Method::GET, path, &[("authorization", &format!("Ticket {ticket}"))], None).await;
            answer.refused(401, "UNAUTHENTICATED");
        }
        nobody.with_token(Some(&ticket)).post("/v1/changes/stream-ticket", &json!({})).await.refused(401, "UNAUTHENTICATED");
        let token = client.token().expect("a token").to_owned();
        let altered = format!("{}x", &ticket[..ticket.len() - 1]);
        for wrong in ["", "x", token.as_str(), altered.as_str()] {
            nobody.get(&stream(wrong)).await.refused(401, "UNAUTHENTICATED");
        }

        // A key's ticket ends with the key; a token for one purpose gets none.
        let key = app.alpha.post("/v1/api-keys", &json!({ "name": "Board", "resourceScopes": "accounts:read" })).await.expect(201);
        let of_key = given(&nobody.with_token(key["secret"].as_str())).await;
        assert_eq!(nobody.get(&format!("{}&since=x", stream(&of_key))).await.status, 400, "the question is still looked at");
        assert_eq!(app.alpha.delete(&format!("/v1/api-keys/{}", key["id"].as_str().unwrap())).await.status, 204);
        nobody.get(&stream(&of_key)).await.refused(401, "UNAUTHENTICATED");
        let purpose = app.alpha.post("/v1/purpose-tokens", &json!({ "name": "Link", "recordId": own, "fields": "name" })).await.expect(201);
        nobody.with_token(purpose["secret"].as_str()).post("/v1/changes/stream-ticket", &json!({})).await.refused(403, "FORBIDDEN");

        // It is good again and again, behind the last event, until its time is over: then the stream ends and says so.
        drop(events);
        let mut events = Events::of(&nobody, &stream(&ticket), &[("last-event-id", &place)], None).await;
        app.clock.advance(901_000);
        make(&app, "accounts", json!({ "name": "Too late", "ownerId": anna })).await;
        let (name, _, data) = events.next().await;
        assert_eq!((name.as_str(), &data["code"]), ("error", &json!("UNAUTHENTICATED")));
        nobody.get(&stream(&ticket)).await.refused(401, "UNAUTHENTICATED");
        app.clock.advance(-901_000);

        // Whoever is signed out is out.
        let mut events = Events::of(&nobody, &format!("{}&after=now", stream(&ticket)), &[], None).await;
        app.alpha.patch(&format!("/v1/users/{anna}"), &json!({ "active": false })).await.expect(200);
        assert_eq!(events.next().await.2["code"], json!("UNAUTHENTICATED"));
        nobody.get(&stream(&ticket)).await.refused(401, "UNAUTHENTICATED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_tells_the_same_as_pages_and_as_a_subscription() {
    both(|app| async move {
        let old = make(&app, "accounts", json!({ "name": "Old" })).await;
        let query = "query ($after: String) { changes(resources: [\"account\", \"contact\"], after: $after, first: 10) { \
            nodes { kind id version fields record { id ... on Account { name contacts(first: 5) { nodes { lastName } } } ... on Contact { lastName account { name } } } } \
            edges { cursor node { __typename id } } pageInfo { hasNextPage endCursor } } }";
        app.settled().await;
        let page = app.alpha.graphql(query, json!({})).await.data();
        assert_eq!(page.pointer("/changes/nodes/0/kind"), Some(&json!("PRESENT")), "{page}");
        assert_eq!(page.pointer("/changes/nodes/0/record/name"), Some(&json!("Old")));
        let after = page.pointer("/changes/pageInfo/endCursor").unwrap().clone();

        let subscription = "subscription { changed: contactChanged(filter: { account: { name: { eq: \"Old\" } } }) { kind id cursor record { lastName account { name } } } }";
        let accept = [("accept", "text/event-stream"), ("content-type", "application/json")];
        let mut events = Events::of(&app.alpha, "/graphql", &accept, Some(&json!({ "query": subscription }))).await;
        let contact = make(&app, "contacts", json!({ "lastName": "Gruber", "accountId": old })).await;
        let (name, _, data) = events.next().await;
        assert_eq!(name, "next");
        let changed = json!({ "kind": "CREATED", "id": contact, "record": { "lastName": "Gruber", "account": { "name": "Old" } } });
        let mut told = data.pointer("/data/changed").unwrap().clone();
        let cursor = told.as_object_mut().unwrap().remove("cursor").unwrap();
        assert_eq!(told, changed, "{data}");
        app.alpha.patch(&format!("/v1/accounts/{old}"), &json!({ "name": "New" })).await.expect(200);
        assert_eq!(events.next().await.2.pointer("/data/changed/kind"), Some(&json!("LEFT")));
        drop(events);
        let again = json!({ "query": "subscription ($after: String) { contactChanged(filter: { account: { name: { eq: \"Old\" } } }, after: $after) { kind id } }", "variables": { "after": cursor } });
        let mut events = Events::of(&app.alpha, "/graphql", &accept, Some(&again)).await;
        assert_eq!(events.next().await.2.pointer("/data/contactChanged"), Some(&json!({ "kind": "LEFT", "id": contact })));

        app.settled().await;
        let page = app.alpha.graphql(query, json!({ "after": after })).await.data();
        let kinds: Vec<&str> = page.pointer("/changes/nodes").unwrap().as_array().unwrap().iter().filter_map(|node| node["kind"].as_str()).collect();
        assert_eq!(kinds, ["CREATED", "UPDATED"], "{page}");
        assert_eq!(page.pointer("/changes/nodes/0/record/account/name"), Some(&json!("New")));
        assert_eq!(page.pointer("/changes/edges/0/node/__typename"), Some(&json!("FeedEntry")));

        // What is wrong is told as it is for queries.
        let wrong = [
            ("subscription { accountChanged { shoe } }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { accountChanged { id } contactChanged { id } }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { changes(resources: [\"shoe\"]) { id } }", "INVALID_PARAMETER"),
            ("subscription { accountChanged(after: \"x\") { id } }", "INVALID_CURSOR"),
        ];
        for (document, code) in wrong {
            let mut events = Events::of(&app.alpha, "/graphql", &accept, Some(&json!({ "query": document }))).await;
            let (_, _, data) = events.next().await;
            assert_eq!(data.pointer("/errors/0/extensions/code"), Some(&json!(code)), "{document}: {data}");
            assert_eq!(events.next().await.0, "complete");
        }
        let plain = app.alpha.graphql("subscription { accountChanged { id } }", json!({})).await;
        assert_eq!((plain.status, plain.graphql_code().as_deref()), (406, Some("NOT_ACCEPTABLE")));
        // A query is answered once, and that is it.
        let mut events = Events::of(&app.alpha, "/graphql", &accept, Some(&json!({ "query": "{ accounts { nodes { name } } }" }))).await;
        assert_eq!(events.next().await.2.pointer("/data/accounts/nodes/0/name"), Some(&json!("New")));
        assert_eq!(events.next().await.0, "complete");
    })
    .await;
}
