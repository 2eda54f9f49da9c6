//! The second factor: setting it up, being asked for it, losing it.

use super::{PASSWORD, Program, asking, between, enter, onward, person, post, program};
use clientela_access::totp;
use clientela_kernel::Clock as _;
use clientela_testkit::{Answer, Client, TestApp, both};
use serde_json::{Value as Json, json};

/// How long a code holds, in milliseconds.
const STEP: i64 = 30_000;

/// Sets a second factor up: its secret and the recovery codes.
pub(super) async fn set_up(app: &TestApp, client: &Client) -> (String, Vec<String>) {
    let enrolled = client.post("/v1/users/enroll-second-factor", &json!({ "currentPassword": PASSWORD })).await.expect(200);
    let secret = enrolled["secret"].as_str().unwrap().to_owned();
    assert!(enrolled["address"].as_str().unwrap().starts_with("otpauth://totp/Tenant%20alpha:"), "{enrolled}");
    let code = totp::code(&secret, app.clock.now()).unwrap();
    let confirmed = client.post("/v1/users/confirm-second-factor", &json!({ "code": code })).await.expect(200);
    let codes: Vec<String> = confirmed["recoveryCodes"].as_str().unwrap().split(' ').map(str::to_owned).collect();
    assert_eq!(codes.len(), 10);
    (secret, codes)
}

/// Enters the password; answers what the page waits with for a code.
async fn password(app: &TestApp, portal: &Program, email: &str) -> String {
    let answer = enter(app, &asking(portal, &[]), email, PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.describe());
    between(&answer.text(), "name=\"step\" value=\"", "\"")
}

/// Enters a code.
pub(super) async fn code(app: &TestApp, portal: &Program, step: &str, code: &str) -> Answer {
    let path = format!("/oauth/authorize?{}", asking(portal, &[]));
    let shown = app.alpha.with_token(None).get(&path).await;
    let key = between(&shown.text(), "name=\"form\" value=\"", "\"");
    let fields = [("form", key.as_str()), ("step", step), ("code", code), ("decision", "allow")];
    post(app, &path, &[("cookie", &format!("clientela_form={key}"))], &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_alone_lets_nobody_in() {
    both(|app| async move {
        let portal = program(&app.alpha, json!({ "kind": "PUBLIC" })).await;
        let (user, email) = person(&app, "mia").await;
        let mia = app.sign_in(&user).await;
        // What is not confirmed is not asked for, and a stolen session alone sets nothing up.
        mia.post("/v1/users/enroll-second-factor", &json!({ "currentPassword": "guess" })).await.refused(422, "VALIDATION_FAILED");
        mia.post("/v1/users/enroll-second-factor", &json!({ "currentPassword": PASSWORD })).await.expect(200);
        assert!(onward(&enter(&app, &asking(&portal, &[]), &email, PASSWORD).await).contains_key("code"));
        let (secret, recovery) = set_up(&app, &mia).await;

        let step = password(&app, &portal, &email).await;
        let used = totp::code(&secret, app.clock.now()).unwrap();
        let wrong = code(&app, &portal, &step, &used).await;
        assert_eq!(wrong.status, 400, "the code that confirmed it works no more: {}", wrong.describe());
        app.clock.advance(STEP);
        let shown = totp::code(&secret, app.clock.now()).unwrap();
        assert!(onward(&code(&app, &portal, &step, &shown).await).contains_key("code"));

        // Neither the code nor what the page waited with works a second time.
        assert_eq!(code(&app, &portal, &step, &shown).await.status, 400);
        let again = password(&app, &portal, &email).await;
        assert_eq!(code(&app, &portal, &again, &shown).await.status, 400);
        // Nor what another program's page waits with.
        let other = program(&app.alpha, json!({ "kind": "PUBLIC" })).await;
        app.clock.advance(STEP);
        let shown = totp::code(&secret, app.clock.now()).unwrap();
        assert_eq!(code(&app, &other, &again, &shown).await.status, 400);
        // Two at once with one code: one of them gets in.
        let (left, right) = (password(&app, &portal, &email).await, password(&app, &portal, &email).await);
        let (left, right) = tokio::join!(code(&app, &portal, &left, &shown), code(&app, &portal, &right, &shown));
        let mut statuses = [left.status, right.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 400]);

        // A recovery code works once, however it is typed.
        let typed = recovery[0].to_lowercase().replace('-', " ");
        let step = password(&app, &portal, &email).await;
        assert!(onward(&code(&app, &portal, &step, &typed).await).contains_key("code"));
        let step = password(&app, &portal, &email).await;
        assert_eq!(code(&app, &portal, &step, &recovery[0]).await.status, 400);
        // The page waits for five minutes.
        app.clock.advance(6 * 60_000);
        let shown = totp::code(&secret, app.clock.now()).unwrap();
        let over = code(&app, &portal, &step, &shown).await;
        assert!(over.status == 400 && over.text().contains("Begin anew"), "{}", over.describe());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_not_guessed() {
    both(|app| async move {
        let portal = program(&app.alpha, json!({ "kind": "PUBLIC" })).await;
        let (user, email) = person(&app, "mia").await;
        let (secret, _) = set_up(&app, &app.sign_in(&user).await).await;
        app.clock.advance(STEP);
        for number in 0..10 {
            let step = password(&app, &portal, &email).await;
            assert_eq!(code(&app, &portal, &step, &format!("00000{number}")).await.status, 400);
        }
        // Now the right one does not help either, until some time has passed.
        let step = password(&app, &portal, &email).await;
        let shown = totp::code(&secret, app.clock.now()).unwrap();
        assert_eq!(code(&app, &portal, &step, &shown).await.status, 400);
        app.clock.advance(16 * 60_000);
        let step = password(&app, &portal, &email).await;
        let shown = totp::code(&secret, app.clock.now()).unwrap();
        assert!(onward(&code(&app, &portal, &step, &shown).await).contains_key("code"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_taken_away_and_made_anew() {
    both(|app| async move {
        let portal = program(&app.alpha, json!({ "kind": "PUBLIC" })).await;
        let (user, email) = person(&app, "mia").await;
        let mia = app.sign_in(&user).await;
        mia.post("/v1/users/disable-second-factor", &json!({ "code": "123456" })).await.refused(403, "FORBIDDEN");
        let (_, recovery) = set_up(&app, &mia).await;
        mia.post("/v1/users/disable-second-factor", &json!({ "code": "123456" })).await.refused(422, "VALIDATION_FAILED");
        // New recovery codes end the old ones, and cost one.
        let renewed = mia.post("/v1/users/renew-recovery-codes", &json!({ "code": recovery[0] })).await.expect(200);
        mia.post("/v1/users/renew-recovery-codes", &json!({ "code": recovery[1] })).await.refused(422, "VALIDATION_FAILED");
        let fresh = renewed["recoveryCodes"].as_str().unwrap().split(' ').next().unwrap().to_owned();
        mia.post("/v1/users/disable-second-factor", &json!({ "code": fresh })).await.expect(200);
        assert!(onward(&enter(&app, &asking(&portal, &[]), &email, PASSWORD).await).contains_key("code"));

        // Somebody has lost the telephone: an administrator helps, and nobody else.
        set_up(&app, &mia).await;
        let list = app.alpha.get("/v1/second-factors").await.expect(200);
        let record = &list["data"][0];
        assert_eq!((&record["userId"], &record["recoveryCodesLeft"]), (&json!(user), &json!(10)));
        for hidden in ["totpSecret", "pendingSecret", "lastStep", "recoveryDigests"] {
            assert!(record.get(hidden).is_none(), "{record}");
        }
        let path = format!("/v1/second-factors/{}/remove", record["id"].as_str().unwrap());
        mia.post(&path, &json!({})).await.refused(403, "FORBIDDEN");
        app.alpha.post(&path, &json!({})).await.expect(200);
        assert!(onward(&enter(&app, &asking(&portal, &[]), &email, PASSWORD).await).contains_key("code"));

        // All of it stands in the audit, and nothing of the secrets in audit or log.
        let entries = app
            .alpha
            .post("/v1/audit-entries/search", &json!({ "filter": { "kind": { "eq": "SECOND_FACTOR_CHANGED" } } }))
            .await
            .expect(200);
        assert_eq!(entries["data"].as_array().map(Vec::len), Some(5), "{entries}");
        let log = app.log(record["id"].as_str().unwrap()).await;
        assert!(!log.is_empty() && !Json::from(log.clone()).to_string().contains("ecret\""), "{log:?}");
    })
    .await;
}
