//! The queue itself: what is asked for is there with what it is about, is tried often enough and not for ever, in turn, and by one worker.

use super::{fates, make, rows, work};
use crate::rights;
use async_trait::async_trait;
use clientela_jobs::{Ending, JobKind, Order, Running, Worker};
use clientela_kernel::{Context, Error, ErrorCode, Result};
use clientela_testkit::factory::text;
use clientela_testkit::{Client, TestApp, both};
use futures_util::FutureExt as _;
use serde_json::{Value as Json, json};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Barrier, watch};

/// The job of an export or import, by its id.
async fn job(client: &Client, id: &str) -> Json {
    let field = if id.starts_with("exp") { "exportId" } else { "importId" };
    let jobs = client.get(&format!("/v1/jobs?filter[{field}][eq]={id}")).await.expect(200);
    assert!(jobs["data"].as_array().is_some_and(|jobs| jobs.len() <= 1), "{id} has several jobs: {jobs}");
    jobs["data"][0].clone()
}

async fn export(client: &Client) -> String {
    make(client, "/v1/exports", json!({ "resource": "account" })).await
}

/// Lets a worker carry out what is due; answers how many jobs it has taken.
async fn work_as(worker: &Worker) -> usize {
    let (_ends, ended) = watch::channel(false);
    worker.work_off(&ended).await.unwrap()
}

/// What stands in the place of exports or imports.
#[derive(Clone)]
struct Stand {
    name: &'static str,
    order: Order,
    does: Does,
    seen: Arc<Mutex<Vec<String>>>,
    at_once: Arc<(AtomicI64, AtomicI64)>,
    /// So many wait for one another.
    meeting: Option<Arc<Barrier>>,
}

#[derive(Clone, Copy)]
enum Does {
    Fail(ErrorCode),
    Panic,
    /// Never ends, as if the server had been killed.
    Hang,
    /// Notes what it is about, and lets others run meanwhile.
    Note,
}

impl Stand {
    fn exports(does: Does) -> Stand {
        Stand { name: "export", order: Order::Abreast, does, seen: Arc::default(), at_once: Arc::default(), meeting: None }
    }
}

#[async_trait]
impl JobKind for Stand {
    fn name(&self) -> &'static str {
        self.name
    }

    fn order(&self) -> Order {
        self.order
    }

    async fn run(&self, running: &Running, _context: &Context) -> Result<Ending> {
        match self.does {
            Does::Fail(code) => return Err(Error::new(code, "It is broken.")),
            Does::Panic => panic!("it is poison"),
            Does::Hang => std::future::pending().await,
            Does::Note => {}
        }
        let about = running.record().await?.expect("a job is about something");
        let now = self.at_once.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.at_once.1.fetch_max(now, Ordering::SeqCst);
        self.seen.lock().unwrap().push(about.id.to_text(&about.def.prefix));
        if let Some(meeting) = &self.meeting {
            meeting.wait().await;
        }
        tokio::task::yield_now().await;
        self.at_once.0.fetch_sub(1, Ordering::SeqCst);
        Ok(Ending::Done(Vec::new()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_made_with_what_it_is_about_and_seen_by_its_maker() {
    both(|app| async move {
        let (_, member) = rights::user(&app, "maker", &[&text(&app.alpha.get("/v1/roles/by/key/member").await.expect(200), "id")]).await;
        let tried = app.alpha.post("/v1/exports?dryRun=true", &json!({ "resource": "account" })).await;
        assert!(tried.status < 300, "{}", tried.describe());
        let bad = json!({ "operations": [
            { "resource": "exports", "create": { "resource": "account" } },
            { "resource": "contacts", "create": { "lastName": "Half", "email": "nothing" } },
        ]});
        app.alpha.post("/v1/transactions", &bad).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(app.alpha.get("/v1/jobs").await.expect(200)["data"], json!([]), "a job of what was taken back");

        let (ours, theirs) = (export(&app.alpha).await, export(&member).await);
        let made = job(&member, &theirs).await;
        assert_eq!((&made["kind"], &made["state"], &made["attempts"]), (&json!("export"), &json!("QUEUED"), &json!(0)), "{made}");
        assert_eq!(job(&app.alpha, &theirs).await["id"], made["id"], "administrators see every job");
        assert_eq!(job(&member, &ours).await, json!(null), "a member sees the job of somebody else");
        let path = format!("/v1/jobs/{}", text(&job(&app.alpha, &ours).await, "id"));
        member.get(&path).await.refused(404, "NOT_FOUND");
        for verb in ["cancel", "retry"] {
            member.post(&format!("{path}/{verb}"), &json!({})).await.refused(404, "NOT_FOUND");
            app.beta.post(&format!("{path}/{verb}"), &json!({})).await.refused(404, "NOT_FOUND");
        }
        assert_eq!(app.alpha.post("/v1/jobs", &json!({ "kind": "export" })).await.status, 405);

        assert_eq!(work(&app).await, 2);
        let query = "query($id: ID!) { export(id: $id) { state jobs { nodes { kind state attempts startedAt finishedAt failure } } } }";
        let seen = member.graphql(query, json!({ "id": theirs })).await.data();
        let done = &seen["export"]["jobs"]["nodes"][0];
        assert_eq!(
            (&seen["export"]["state"], &done["state"], &done["attempts"]),
            (&json!("SUCCEEDED"), &json!("SUCCEEDED"), &json!(1)),
            "{seen}"
        );
        app.alpha.post(&format!("{path}/cancel"), &json!({})).await.refused(422, "VALIDATION_FAILED");
        app.alpha.post(&format!("{path}/retry"), &json!({})).await.refused(422, "VALIDATION_FAILED");
        // A job goes with what it is about, and is not carried out then.
        let gone = export(&app.alpha).await;
        app.alpha.delete(&format!("/v1/exports/{gone}")).await.expect(204);
        assert_eq!((job(&app.alpha, &gone).await, work(&app).await), (json!(null), 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_job_is_given_up_and_may_be_retried() {
    both(|app| async move {
        for does in [Does::Fail(ErrorCode::Internal), Does::Panic] {
            let id = export(&app.alpha).await;
            let worker = Worker::clone(&app.worker).with_kind(Stand::exports(does));
            let mut waited = Vec::new();
            for attempt in 1..=5 {
                assert_eq!(work_as(&worker).await, 1);
                assert_eq!(work_as(&worker).await, 0, "it is tried again at once");
                let now = job(&app.alpha, &id).await;
                assert_eq!(
                    (&now["state"], &now["attempts"]),
                    (&json!(if attempt < 5 { "QUEUED" } else { "FAILED" }), &json!(attempt)),
                    "{now}"
                );
                let seen = app.alpha.get(&format!("/v1/exports/{id}")).await.expect(200);
                assert_eq!((&seen["state"], &seen["failureCode"]), (&now["state"], &json!("INTERNAL")), "{seen}");
                let next = clientela_kernel::Timestamp::parse(&text(&now, "runAt")).unwrap().0;
                let wait = next - clientela_kernel::Clock::now(&*app.clock).0;
                waited.push(wait);
                app.clock.advance(wait.max(0));
            }
            assert!(waited[..4].windows(2).all(|pair| pair[0] * 3 < pair[1]), "it does not wait longer each time: {waited:?}");
            let job = job(&app.alpha, &id).await;
            assert!(text(&job, "failure").contains("after 5 attempts"), "{job}");
            assert_eq!(work_as(&worker).await, 0);
            let query =
                "mutation($id: ID!) { retryJob(input: { id: $id }) { job { state attempts export { state } } userErrors { message } } }";
            let again = app.alpha.graphql(query, json!({ "id": job["id"] })).await.data();
            assert_eq!(again["retryJob"]["job"], json!({ "state": "QUEUED", "attempts": 0, "export": { "state": "QUEUED" } }), "{again}");
            assert_eq!(work(&app).await, 1);
            let done = app.alpha.get(&format!("/v1/exports/{id}")).await.expect(200);
            assert_eq!((&done["state"], &done["failure"]), (&json!("SUCCEEDED"), &json!(null)), "{done}");
        }
        // What passes by itself does not count, and what would be refused every time is refused once.
        let id = export(&app.alpha).await;
        let away = Worker::clone(&app.worker).with_kind(Stand::exports(Does::Fail(ErrorCode::StorageFull)));
        for _ in 0..8 {
            assert_eq!(work_as(&away).await, 1);
            app.clock.advance(10_000);
        }
        let waits = job(&app.alpha, &id).await;
        assert_eq!(
            (&waits["state"], &waits["attempts"], &waits["failureCode"]),
            (&json!("QUEUED"), &json!(0), &json!("STORAGE_FULL")),
            "{waits}"
        );
        // One that waits is called off, from either side.
        app.alpha.post(&format!("/v1/jobs/{}/cancel", text(&waits, "id")), &json!({ "reason": "No room" })).await.expect(200);
        let off = app.alpha.get(&format!("/v1/exports/{id}")).await.expect(200);
        assert_eq!((&off["state"], &off["failure"]), (&json!("CANCELLED"), &json!("No room")), "{off}");
        assert_eq!(work_as(&away).await, 0);
    })
    .await;
}

/// A job that brings its server down each time ends as well; one that was killed by chance goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_servers_is_given_up() {
    both(|app| async move {
        let id = export(&app.alpha).await;
        for attempt in 1..=5 {
            // Each server is another one.
            let worker = Worker::clone(&app.worker).with_kind(Stand::exports(Does::Hang));
            let (_ends, ended) = watch::channel(false);
            let mut working = Box::pin(worker.work_off(&ended));
            loop {
                assert!((&mut working).now_or_never().is_none(), "the job was not begun");
                let now = job(&app.alpha, &id).await;
                if (&now["state"], &now["attempts"]) == (&json!("RUNNING"), &json!(attempt)) {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(working);
            assert_eq!(work(&app).await, 0, "its lease still holds");
            // The clock of the next server goes backwards before it goes on.
            app.clock.advance(-3_600_000);
            assert_eq!(work(&app).await, 0, "its lease still holds");
            app.clock.advance(3_600_000 + 31_000);
        }
        assert_eq!(work(&app).await, 0, "it is carried out once more");
        let given_up = job(&app.alpha, &id).await;
        assert_eq!((&given_up["state"], &given_up["failureCode"]), (&json!("FAILED"), &json!("JOB_ABANDONED")), "{given_up}");
        assert_eq!(app.alpha.get(&format!("/v1/exports/{id}")).await.expect(200)["state"], "FAILED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_take_turns_and_imports_keep_their_order() {
    both(|app| async move {
        let meeting = Some(Arc::new(Barrier::new(2)));
        let stand = Stand { meeting, ..Stand::exports(Does::Note) };
        for _ in 0..2 {
            export(&app.alpha).await;
        }
        let worker = Worker::clone(&app.worker).with_kind(stand);
        let met = tokio::time::timeout(Duration::from_secs(60), work_as(&worker)).await;
        assert_eq!(met, Ok(2), "two jobs of a tenant do not go abreast");

        for _ in 0..12 {
            export(&app.alpha).await;
        }
        let theirs = export(&app.beta).await;
        let stand = Stand::exports(Does::Note);
        assert_eq!(work_as(&Worker::clone(&app.worker).with_kind(stand.clone())).await, 13);
        let place = stand.seen.lock().unwrap().iter().position(|id| *id == theirs);
        assert!(place.is_some_and(|place| place < 4), "one tenant's many held up another's one: it came at {place:?}");
        let most = stand.at_once.1.load(Ordering::SeqCst);
        assert!(most <= 3, "{most} at once");

        let mut made = Vec::new();
        for number in 0..6 {
            made.push(make(&app.alpha, "/v1/imports", rows(&format!("number,name,country\n{number},Firma,AT\n"))).await);
            app.clock.advance(5);
        }
        let stand = Stand { name: "import", order: Order::OfTenant, ..Stand::exports(Does::Note) };
        let [one, other] = [(); 2].map(|()| Worker::clone(&app.worker).with_kind(stand.clone()));
        let mut taken = 0;
        while taken < made.len() {
            let (here, there) = tokio::join!(work_as(&one), work_as(&other));
            assert!(here + there > 0, "nobody takes the next one");
            taken += here + there;
        }
        assert_eq!((*stand.seen.lock().unwrap()).clone(), made);
        assert_eq!(stand.at_once.1.load(Ordering::SeqCst), 1, "imports of one tenant ran abreast");
    })
    .await;
}

/// The same file twice, while two servers look for work: one after the other, and the second finds everything there.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_twice_changes_nothing_the_second_time() {
    both(|app: TestApp| async move {
        let file: String = (0..300).map(|number| format!("{number},Firma {number},AT\n")).collect();
        let mut imports = Vec::new();
        for _ in 0..2 {
            imports.push(make(&app.alpha, "/v1/imports", rows(&format!("number,name,country\n{file}"))).await);
            app.clock.advance(5);
        }
        let mut taken = 0;
        while taken < 2 {
            let (one, other) = tokio::join!(work(&app), work(&app));
            assert!(one + other > 0, "nobody takes the next one");
            taken += one + other;
        }
        let mut seen = Vec::new();
        for id in imports {
            let done = app.alpha.get(&format!("/v1/imports/{id}")).await.expect(200);
            seen.push((done["state"].clone(), fates(&done)));
        }
        assert_eq!(seen, [(json!("SUCCEEDED"), [300, 0, 0, 0]), (json!("SUCCEEDED"), [0, 0, 300, 0])]);
        let made = app.alpha.get("/v1/accounts?limit=1&total=true&filter[name][startsWith]=Firma").await.expect(200);
        assert_eq!(made["page"]["total"], 300);
    })
    .await;
}
