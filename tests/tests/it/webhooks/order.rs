//! Everything arrives at least once, and each record's changes in their order, whoever writes and whatever fails.

use super::receiver::{Receiver, deliveries, each, endpoint, until};
use clientela_testkit::both;
use clientela_testkit::factory::text;
use futures_util::future::join_all;
use serde_json::json;
use std::collections::BTreeMap;

const WRITERS: i64 = 4;
const RECORDS: usize = 3;
const CHANGES: i64 = 6;

#[tokio::test(flavor = "multi_thread")]
async fn every_change_arrives_in_the_order_of_its_record() {
    both(|app| async move {
        let receiver = Receiver::start().await;
        // Every third message is lost on the way or answered badly.
        receiver.answer(|count, _| (if count % 3 == 1 { 500 } else { 200 }, None, String::new()));
        let made = endpoint(&app, &receiver, json!({ "events": ["account.*"], "payload": "THIN" })).await;
        let mut paths = Vec::new();
        for number in 0..RECORDS {
            let account = app.alpha.post("/v1/accounts", &json!({ "name": format!("Firma {number}") })).await.expect(201);
            paths.push(format!("/v1/accounts/{}", text(&account, "id")));
        }
        let (app, paths) = (&app, &paths);
        let writing = (0..WRITERS).map(|writer| async move {
            for change in 0..CHANGES {
                for path in paths {
                    app.alpha.patch(path, &json!({ "name": format!("Firma {writer}.{change}") })).await.expect(200);
                }
            }
        });
        let sending = async {
            // Two servers at once.
            let (one, other) = tokio::join!(app.dispatcher.work_off(), app.dispatcher.work_off());
            one.unwrap() + other.unwrap()
        };
        let _ = tokio::join!(join_all(writing), sending);
        let last = 1 + WRITERS * CHANGES;
        let taken = || {
            let mut taken: BTreeMap<String, Vec<i64>> = BTreeMap::new();
            for message in receiver.heard().into_iter().filter(|message| message.status == 200) {
                taken.entry(text(&message.body["data"], "id")).or_default().push(message.body["data"]["version"].as_i64().unwrap());
            }
            taken
        };
        until(app, || {
            // Where every third of three fails in turn one record needs a try more for each change; the token holds for a day.
            app.clock.advance(1_200_000);
            let taken = taken();
            taken.len() == RECORDS && taken.values().all(|versions| versions.last() == Some(&last))
        })
        .await;
        for (record, versions) in taken() {
            assert_eq!(versions, (1..=last).collect::<Vec<_>>(), "{record}");
        }
        let kept = deliveries(app, &made).await;
        assert_eq!(kept.len(), RECORDS * usize::try_from(last).unwrap());
        assert!(each(&kept, "state").iter().all(|state| state == "DELIVERED"));
        // A replayed range is sent once more, each message with the id that it had.
        let before: Vec<String> = receiver.heard().into_iter().filter(|message| message.status == 200).map(|message| message.id).collect();
        receiver.forget();
        receiver.answer(|_, _| (200, None, String::new()));
        let path = format!("/v1/webhook-endpoints/{}/replay", text(&made, "id"));
        let range = json!({ "from": "2020-01-01T00:00:00Z", "fromSequence": kept[0]["sequence"], "untilSequence": kept[9]["sequence"] });
        let answer = app.alpha.post(&path, &range).await.expect(200);
        assert_eq!((&answer["replayed"], &answer["made"]), (&json!(10), &json!(0)), "{answer}");
        until(app, || receiver.heard().len() == 10).await;
        assert!(receiver.heard().iter().all(|message| before.contains(&message.id)));
        assert_eq!(
            app.alpha.post(&path, &json!({ "from": "2020-01-01T00:00:00Z", "states": ["FAILED"] })).await.expect(200)["replayed"],
            0
        );
        app.alpha.post(&path, &json!({})).await.refused(422, "VALIDATION_FAILED");
    })
    .await;
}
