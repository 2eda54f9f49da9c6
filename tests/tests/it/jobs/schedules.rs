//! Schedules: what they ask for is made once for each time that comes, in the name of whoever made them.

use super::work;
use crate::rights;
use clientela_kernel::{Clock as _, Timestamp};
use clientela_testkit::factory::text;
use clientela_testkit::{Client, TestApp, both};
use serde_json::{Value as Json, json};

async fn made(client: &Client, cron: &str) -> Json {
    let body = json!({ "name": "For the warehouse", "cron": cron, "timeZone": "Europe/Vienna", "resource": "account", "fields": "name" });
    client.post("/v1/schedules", &body).await.expect(201)
}

/// Turns the clock to a time of the day on which tests begin.
fn turn(app: &TestApp, time: &str) {
    let wanted = Timestamp::parse(&format!("2026-02-25T{time}Z")).unwrap().0;
    app.clock.advance(wanted - app.clock.now().0);
}

async fn exports(client: &Client) -> i64 {
    client.get("/v1/exports?limit=1&total=true").await.expect(200)["page"]["total"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_makes_one_export_each_time() {
    both(|app| async move {
        app.alpha.post("/v1/accounts", &json!({ "name": "Alfreds" })).await.expect(201);
        turn(&app, "06:13:20");
        let schedule = made(&app.alpha, "*/15 7-12 * * *").await;
        let path = format!("/v1/schedules/{}", text(&schedule, "id"));
        assert_eq!((&schedule["state"], &schedule["nextRunAt"]), (&json!("ACTIVE"), &json!("2026-02-25T06:15:00.000Z")), "{schedule}");
        assert_eq!(app.worker.run_schedules().await.unwrap(), 0, "it is not its time");
        turn(&app, "06:15:00");
        // However many servers look at it.
        let ran = futures_util::future::join_all((0..4).map(|_| app.worker.run_schedules())).await;
        assert_eq!(ran.into_iter().map(Result::unwrap).sum::<usize>(), 1);
        assert_eq!(exports(&app.alpha).await, 1);
        assert_eq!(work(&app).await, 1);
        let query = "query($id: ID!) { schedule(id: $id) { lastRunAt nextRunAt failure lastExport { id state createdBy } } }";
        let seen = app.alpha.graphql(query, json!({ "id": schedule["id"] })).await.data()["schedule"].clone();
        assert_eq!(
            (&seen["lastRunAt"], &seen["nextRunAt"]),
            (&json!("2026-02-25T06:15:00.000Z"), &json!("2026-02-25T06:30:00.000Z")),
            "{seen}"
        );
        assert_eq!(
            (&seen["lastExport"]["state"], &seen["lastExport"]["createdBy"]),
            (&json!("SUCCEEDED"), &schedule["createdBy"]),
            "{seen}"
        );
        let file = app.alpha.get(&format!("/v1/exports/{}/content", text(&seen["lastExport"], "id"))).await;
        assert_eq!((file.status, file.text().as_str()), (200, "name\r\nAlfreds\r\n"));
        // What was missed is made up for once, and a clock that goes back does nothing again.
        turn(&app, "09:50:00");
        assert_eq!((app.worker.run_schedules().await.unwrap(), exports(&app.alpha).await), (1, 2));
        assert_eq!(app.alpha.get(&path).await.expect(200)["nextRunAt"], "2026-02-25T10:00:00.000Z");
        turn(&app, "08:15:00");
        assert_eq!((app.worker.run_schedules().await.unwrap(), exports(&app.alpha).await), (0, 2));
        // Paused, it waits; active again, it goes on from there.
        turn(&app, "09:55:00");
        assert_eq!(app.alpha.patch(&path, &json!({ "state": "PAUSED" })).await.expect(200)["nextRunAt"], json!(null));
        turn(&app, "10:20:00");
        assert_eq!(app.worker.run_schedules().await.unwrap(), 0);
        let active = app.alpha.patch(&path, &json!({ "state": "ACTIVE", "cron": "5 13 * * *" })).await.expect(200);
        assert_eq!(active["nextRunAt"], "2026-02-25T12:05:00.000Z");
        app.alpha.delete(&path).await.expect(204);
        turn(&app, "12:05:00");
        assert_eq!((app.worker.run_schedules().await.unwrap(), exports(&app.alpha).await), (0, 2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_carried_out_is_said() {
    both(|app| async move {
        let good = json!({ "name": "x", "cron": "* * * * *", "resource": "account" });
        for (field, value, part) in [
            ("cron", "61 * * * *", "for the minute"),
            ("cron", "0 0 30 2 *", "never comes"),
            ("cron", "@daily", "must have five"),
            ("timeZone", "Vienna", "IANA"),
            ("resource", "acount", "acount"),
            ("fields", "nmae", "nmae"),
            ("filter", "{", "no JSON"),
        ] {
            let mut body = good.clone();
            body[field] = json!(value);
            let refused = app.alpha.post("/v1/schedules", &body).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], json!(format!("/{field}")), "{refused}");
            assert!(text(&refused["errors"][0], "detail").contains(part), "{refused}");
        }
        // Whoever made it may no longer do anything: it says so, and goes on to its next time.
        let member = text(&app.alpha.get("/v1/roles/by/key/member").await.expect(200), "id");
        let (id, maker) = rights::user(&app, "maker", &[&member]).await;
        let schedule = made(&maker, "*/15 * * * *").await;
        let path = format!("/v1/schedules/{}", text(&schedule, "id"));
        let (_, other) = rights::user(&app, "other", &[&member]).await;
        other.get(&path).await.refused(404, "NOT_FOUND");
        app.beta.get(&path).await.refused(404, "NOT_FOUND");
        app.alpha.patch(&format!("/v1/users/{id}"), &json!({ "active": false })).await.expect(200);
        app.clock.advance(900_000);
        let before = exports(&app.alpha).await;
        assert_eq!((app.worker.run_schedules().await.unwrap(), exports(&app.alpha).await), (0, before));
        let failed = app.alpha.get(&path).await.expect(200);
        assert_eq!(failed["failureCode"], json!("FORBIDDEN"), "{failed}");
        assert!(text(&failed, "nextRunAt") > text(&schedule, "nextRunAt"), "{failed}");
        app.alpha.patch(&format!("/v1/users/{id}"), &json!({ "active": true })).await.expect(200);
        app.clock.advance(900_000);
        assert_eq!((app.worker.run_schedules().await.unwrap(), exports(&app.alpha).await), (1, before + 1));
        assert_eq!(app.alpha.get(&path).await.expect(200)["failureCode"], json!(null));
    })
    .await;
}
