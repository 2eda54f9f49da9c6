//! The feed as a stream, and by long polls.

use super::copy::Copy;
use crate::rights::make;
use clientela_testkit::both;
use serde_json::json;
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
