//! What becomes of what nobody takes.

use super::receiver::{Receiver, deliveries, each, endpoint, until};
use clientela_testkit::factory::text;
use clientela_testkit::{Client, TestApp, both};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;

async fn account(client: &Client) -> String {
    format!("/v1/accounts/{}", text(&client.post("/v1/accounts", &json!({ "name": "Huber" })).await.expect(201), "id"))
}

/// A server whose administrator comes with a key: tokens do not live for days.
async fn for_days(mut app: TestApp) -> TestApp {
    let key = app.alpha.post("/v1/api-keys", &json!({ "name": "For days" })).await.expect(201);
    app.alpha = app.alpha.with_token(Some(&text(&key, "secret")));
    app
}

async fn read(app: &TestApp, endpoint: &Json) -> Json {
    app.alpha.get(&format!("/v1/webhook-endpoints/{}", text(endpoint, "id"))).await.expect(200)
}

/// What the owner of the endpoint was told.
async fn notices(app: &TestApp) -> Vec<String> {
    let path = format!("/v1/notifications?filter[userId][eq]={}", app.alpha.context.actor.to_text());
    app.alpha.get(&path).await.expect(200)["data"].as_array().unwrap().iter().map(|notice| text(notice, "text")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_waits_for_its_first_change_and_others_do_not() {
    both(|app| async move {
        let receiver = Receiver::start().await;
        receiver.answer(|_, body| {
            let first = body["data"]["record"]["name"] == "Huber" && body["data"]["version"] == 1;
            if first { (503, Some("120"), "busy".to_owned()) } else { (200, None, String::new()) }
        });
        let made = endpoint(&app, &receiver, json!({ "events": ["account.*"], "fields": "name" })).await;
        let path = account(&app.alpha).await;
        app.alpha.patch(&path, &json!({ "country": "AT" })).await.expect(200);
        app.alpha.post("/v1/accounts", &json!({ "name": "Mayer" })).await.expect(201);
        until(&app, || receiver.heard().len() >= 2).await;
        let kept = deliveries(&app, &made).await;
        assert_eq!(each(&kept, "state"), ["PENDING", "PENDING", "DELIVERED"], "{kept:?}");
        assert_eq!(each(&kept, "attempts"), [json!(1), json!(0), json!(1)]);
        assert_eq!(kept[0]["lastStatus"], 503);
        assert_eq!(
            (text(&kept[0], "lastProblem"), text(&kept[0], "lastAnswer")),
            ("The endpoint answered 503.".to_owned(), "busy".to_owned())
        );
        // The schedule says five seconds, the receiver two minutes.
        app.clock.advance(100 * SECOND);
        assert_eq!(app.dispatcher.work_off().await.unwrap(), 0);
        app.clock.advance(30 * SECOND);
        receiver.answer(|_, _| (200, None, String::new()));
        let first = receiver.heard().into_iter().find(|message| message.status == 503).unwrap().id;
        receiver.forget();
        until(&app, || receiver.heard().len() >= 2).await;
        assert_eq!(receiver.told(), [("account.created".to_owned(), 1), ("account.updated".to_owned(), 2)]);
        assert_eq!(receiver.heard()[0].id, first, "another attempt is the same message");
        assert_eq!(each(&deliveries(&app, &made).await, "state"), ["DELIVERED"; 3]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_nothing_but_failures_ends_it_and_the_owner_hears_of_it() {
    both(|app| async move {
        let app = for_days(app).await;
        let receiver = Receiver::start().await;
        receiver.answer(|_, _| (500, None, String::new()));
        let made = endpoint(&app, &receiver, json!({ "events": ["account.*"] })).await;
        account(&app.alpha).await;
        until(&app, || receiver.heard().len() == 1).await;
        assert!(!read(&app, &made).await["failingSince"].is_null());
        let mut hours = 0;
        while read(&app, &made).await["state"] == "ACTIVE" {
            app.clock.advance(HOUR);
            hours += 1;
            app.dispatcher.work_off().await.unwrap();
            assert!(hours < 40, "it goes on for ever");
        }
        let ended = read(&app, &made).await;
        assert!((24..=31).contains(&hours) && receiver.heard().len() >= 8, "{hours} hours, {} attempts", receiver.heard().len());
        assert_eq!(ended["disabledReason"], "FAILING");
        assert_eq!(notices(&app).await.len(), 1);
        assert!(notices(&app).await[0].contains("nothing could be delivered for a day"));
        // Whoever enables it again gets what waited, and a dead letter when it is replayed; what happened meanwhile is left out.
        let missed = account(&app.alpha).await;
        receiver.answer(|_, _| (200, None, String::new()));
        receiver.forget();
        let path = format!("/v1/webhook-endpoints/{}", text(&made, "id"));
        let again = app.alpha.patch(&path, &json!({ "state": "ACTIVE" })).await.expect(200);
        assert!(again["disabledReason"].is_null() && again["disabledAt"].is_null() && again["failingSince"].is_null(), "{again}");
        let now = account(&app.alpha).await;
        app.clock.advance(24 * HOUR);
        let id = now.rsplit('/').next().unwrap().to_owned();
        until(&app, || receiver.heard().iter().any(|message| message.body["data"]["id"] == id)).await;
        let dead = deliveries(&app, &made).await[0].clone();
        if dead["state"] == "FAILED" {
            app.alpha.post(&format!("/v1/webhook-deliveries/{}/replay", text(&dead, "id")), &json!({})).await.expect(200);
        }
        until(&app, || receiver.heard().iter().any(|message| json!(message.id) == dead["eventId"])).await;
        assert_eq!(receiver.heard().len(), 2, "what happened while it was disabled is not sent");
        let replay = format!("{path}/replay");
        let range = json!({ "from": "2020-01-01T00:00:00Z", "states": ["FAILED"], "missed": true });
        let without = json!({ "from": "2020-01-01T00:00:00Z", "states": ["FAILED"] });
        assert_eq!(app.alpha.post(&replay, &without).await.expect(200)["made"], 0);
        let begun = std::time::Instant::now();
        while app.alpha.post(&replay, &range).await.expect(200)["made"] == 0 {
            assert!(begun.elapsed().as_secs() < 20, "the log does not tell of it");
        }
        until(&app, || receiver.heard().len() == 3).await;
        assert_eq!(receiver.heard()[2].body["data"]["id"], missed.rsplit('/').next().unwrap());
        assert_eq!(app.alpha.post(&replay, &range).await.expect(200)["made"], 0, "it is made once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gone_ends_it_at_once() {
    both(|app| async move {
        let receiver = Receiver::start().await;
        receiver.answer(|_, _| (410, None, String::new()));
        let made = endpoint(&app, &receiver, json!({ "events": ["account.*"] })).await;
        let path = account(&app.alpha).await;
        app.alpha.patch(&path, &json!({ "country": "AT" })).await.expect(200);
        until(&app, || !receiver.heard().is_empty()).await;
        let ended = read(&app, &made).await;
        assert_eq!((&ended["state"], &ended["disabledReason"]), (&json!("DISABLED"), &json!("GONE")), "{ended}");
        assert_eq!(app.dispatcher.work_off().await.unwrap(), 0);
        assert_eq!(receiver.heard().len(), 1, "nothing more is sent there");
        assert!(notices(&app).await[0].contains("410"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_answers_badly_is_not_believed() {
    both(|app| async move {
        let (receiver, secret) = (Receiver::start().await, Receiver::start().await);
        let elsewhere: &'static str = Box::leak(secret.url.clone().into_boxed_str());
        // Away, then a body without an end in sight, then nobody at all.
        receiver.answer(move |count, _| match count {
            0 => (302, Some(elsewhere), String::new()),
            _ => (500, None, "x".repeat(5_000_000)),
        });
        let made = endpoint(&app, &receiver, json!({ "events": ["account.*"] })).await;
        account(&app.alpha).await;
        until(&app, || receiver.heard().len() == 1).await;
        let kept = deliveries(&app, &made).await[0].clone();
        assert_eq!(text(&kept, "lastProblem"), "The endpoint answered 302. Redirects are not followed.");
        assert!(secret.heard().is_empty(), "a redirect was followed");
        app.clock.advance(10 * SECOND);
        until(&app, || receiver.heard().len() == 2).await;
        assert_eq!(text(&deliveries(&app, &made).await[0], "lastAnswer").len(), 2_000);
        drop(receiver);
        app.clock.advance(HOUR);
        // The connection is refused, or cut before there is an answer.
        while deliveries(&app, &made).await[0]["attempts"] == 2 {
            app.dispatcher.work_off().await.unwrap();
        }
        let kept = deliveries(&app, &made).await[0].clone();
        assert!(kept["lastStatus"].is_null() && text(&kept, "lastProblem").starts_with("Nothing was delivered:"), "{kept}");
        // An erasure takes along what receivers may have repeated.
        app.clock.advance(HOUR);
        let other = account(&app.alpha).await;
        app.alpha.post(&format!("{other}/erase"), &json!({})).await.expect(204);
        let begun = std::time::Instant::now();
        while deliveries(&app, &made).await.iter().any(|kept| !kept["lastAnswer"].is_null()) || deliveries(&app, &made).await.len() < 3 {
            app.dispatcher.work_off().await.unwrap();
            assert!(begun.elapsed().as_secs() < 20, "answers stay");
        }
    })
    .await;
}

/// The server dies while a message is on its way: nobody knows whether it was taken, so it is sent again, the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_server_was_sending_is_sent_again() {
    both(|app| async move {
        let receiver = Receiver::start().await;
        let made = endpoint(&app, &receiver, json!({ "events": ["account.*"] })).await;
        let (came, alive) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let (coming, living) = (Arc::clone(&came), Arc::clone(&alive));
        receiver.answer(move |_, _| {
            coming.notify_one();
            while !living.load(Ordering::SeqCst) {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            (200, None, String::new())
        });
        account(&app.alpha).await;
        tokio::select! {
            () = until(&app, || false) => unreachable!(),
            () = came.notified() => {}
        }
        alive.store(true, Ordering::SeqCst);
        assert_eq!(each(&deliveries(&app, &made).await, "state"), ["PENDING"]);
        assert_eq!(app.dispatcher.work_off().await.unwrap(), 0, "the dead server's lease holds");
        app.clock.advance(31 * SECOND);
        until(&app, || receiver.heard().len() == 2).await;
        assert_eq!(receiver.heard()[0].id, receiver.heard()[1].id);
        assert_eq!(each(&deliveries(&app, &made).await, "state"), ["DELIVERED"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_delays_nothing_for_long() {
    both(|app| async move {
        let app = for_days(app).await;
        let receiver = Receiver::start().await;
        receiver.answer(|count, _| (if count == 0 { 500 } else { 200 }, None, String::new()));
        let made = endpoint(&app, &receiver, json!({ "events": ["account.*"] })).await;
        account(&app.alpha).await;
        // A year ahead, and back again.
        app.clock.advance(365 * 24 * HOUR);
        until(&app, || receiver.heard().len() == 1).await;
        assert_eq!(read(&app, &made).await["state"], "ACTIVE");
        app.clock.advance(-365 * 24 * HOUR);
        until(&app, || receiver.heard().len() == 2).await;
        assert_eq!(each(&deliveries(&app, &made).await, "state"), ["DELIVERED"]);
    })
    .await;
}
