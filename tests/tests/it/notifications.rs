//! What users hear of: what somebody has given them to do, and where somebody has mentioned them.

use clientela_testkit::factory::text;
use clientela_testkit::{TestApp, both};
use serde_json::{Value as Json, json};

/// Kind, text and record of what a user was told.
async fn told(app: &TestApp, user: &Json) -> Vec<Json> {
    let path = format!("/v1/notifications?filter[userId][eq]={}", user.as_str().unwrap());
    let list = app.alpha.get(&path).await.expect(200);
    list["data"].as_array().unwrap().iter().map(|one| json!([one["kind"], one["text"], one["recordId"]])).collect()
}

#[tokio::test]
async fn who_is_given_a_task_hears_of_it() {
    both(|app| async move {
        let user = |name: &str| json!({ "name": name, "email": format!("{name}@alpha.example") });
        let maria = app.alpha.post("/v1/users", &user("maria")).await.expect(201)["id"].clone();
        let jonas = app.alpha.post("/v1/users", &user("jonas")).await.expect(201)["id"].clone();
        let own = app.alpha.context.actor.to_text();
        let task = app.alpha.post("/v1/tasks", &json!({ "subject": "Call the dairy", "assigneeId": maria })).await.expect(201);
        let heard = json!(["ASSIGNMENT", "Call the dairy", task["id"]]);
        assert_eq!(told(&app, &maria).await.first(), Some(&heard));
        let path = format!("/v1/tasks/{}", text(&task, "id"));
        app.alpha.patch(&path, &json!({ "priority": "HIGH" })).await.expect(200);
        assert_eq!(told(&app, &maria).await.len(), 1, "nothing was given to anybody");
        app.alpha.patch(&path, &json!({ "assigneeId": jonas })).await.expect(200);
        assert_eq!(told(&app, &jonas).await, [heard]);
        // Neither one's own doing nor what is over is news.
        app.alpha.patch(&path, &json!({ "assigneeId": own })).await.expect(200);
        assert!(told(&app, &json!(own)).await.is_empty());
        let done = json!({ "subject": "Done before", "assigneeId": maria, "status": "COMPLETED" });
        app.alpha.post("/v1/tasks", &done).await.expect(201);
        assert_eq!(told(&app, &maria).await.len(), 1);
    })
    .await;
}
