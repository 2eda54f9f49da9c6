//! What a worker does when another has died, when the server ends, and when it is told to stop.

use super::{MAPPING, fates, make, rows, send, work};
use crate::process::Server;
use clientela_testkit::both;
use clientela_testkit::factory::text;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::watch;

/// So many rows, with something wrong in every hundredth.
fn file(count: usize) -> String {
    let mut file = "number,name,country\n".to_owned();
    for number in 0..count {
        let country = if number % 100 == 99 { "Nowhere" } else { "AT" };
        let _ = writeln!(file, "{number},Firma {number},{country}");
    }
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_worker_has_left_is_taken_up_when_its_lease_has_run_out() {
    both(|app| async move {
        let id = make(&app.alpha, "/v1/imports", json!({ "mappingText": MAPPING })).await;
        let path = format!("/v1/imports/{id}");
        send(&app.alpha, &path, "text/csv", file(400)).await.expect(202);
        // The server ends as soon as the job has begun: it is left as it stands.
        let (ends, ended) = watch::channel(false);
        let first = app.worker.clone();
        let working = async move { first.work_off(&ended).await.unwrap() };
        let ending = async {
            while app.alpha.get(&path).await.expect(200)["state"] == "QUEUED" {
                tokio::task::yield_now().await;
            }
            ends.send(true).unwrap();
        };
        let (taken, ()) = tokio::join!(working, ending);
        assert_eq!(taken, 1);
        let left = app.alpha.get(&path).await.expect(200);
        assert_eq!(left["state"], "RUNNING", "{left}");
        assert_eq!(work(&app).await, 1, "a lease that was given back holds nobody up");
        let done = app.alpha.get(&path).await.expect(200);
        assert_eq!((&done["state"], &done["rowsRead"], &done["rowsRefused"]), (&json!("SUCCEEDED"), &json!(400), &json!(4)), "{done}");
        let [created, updated, unchanged, refused] = fates(&done);
        assert_eq!((created + unchanged, updated, refused), (396, 0, 4), "{done}");
        let made = app.alpha.get("/v1/accounts?limit=1&total=true&filter[name][startsWith]=Firma").await.expect(200);
        assert_eq!(made["page"]["total"], 396);
        let problems = app.alpha.get(&format!("/v1/import-problems?limit=1&total=true&filter[importId][eq]={id}")).await.expect(200);
        assert_eq!(problems["page"]["total"], 4, "a problem is told twice, or not at all");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_runs_is_called_off() {
    both(|app| async move {
        let id = make(&app.alpha, "/v1/imports", json!({ "mappingText": MAPPING })).await;
        let path = format!("/v1/imports/{id}");
        send(&app.alpha, &path, "text/csv", file(20_000)).await.expect(202);
        let cancelling = async {
            while app.alpha.get(&path).await.expect(200)["state"] != "RUNNING" {
                tokio::task::yield_now().await;
            }
            app.alpha.post(&format!("{path}/cancel"), &json!({})).await.expect(200);
        };
        let (taken, ()) = tokio::join!(work(&app), cancelling);
        assert_eq!(taken, 1);
        let done = app.alpha.get(&path).await.expect(200);
        assert_eq!(done["state"], "CANCELLED", "{done}");
        assert!(done["rowsRead"].as_i64().unwrap() < 20_000, "{done}");
        assert_eq!(work(&app).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_do_not_take_the_same_job() {
    both(|app| async move {
        for number in 0..4 {
            make(&app.alpha, "/v1/imports", rows(&format!("number,name,country\n{number},Firma {number},AT\n"))).await;
        }
        let (one, other) = tokio::join!(work(&app), work(&app));
        assert_eq!(one + other, 4, "a job was taken twice, or not at all");
        let all = app.alpha.get("/v1/imports").await.expect(200);
        for import in all["data"].as_array().unwrap() {
            assert_eq!((&import["state"], fates(import)), (&json!("SUCCEEDED"), [1, 0, 0, 0]), "{import}");
        }
    })
    .await;
}

/// Whoever goes on with an import begins where the other had come to: what is made is made once, what is refused is told once, and all of it counts.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_on_where_it_was() {
    use clientela_engine::import::{self, Checkpoint, Mapping, Mode, Opened, Plan, Problem, Sink, Summary};
    use clientela_kernel::Error;

    /// Stops the run at the first place behind so many rows.
    struct Stops {
        behind: u64,
        place: Option<Checkpoint>,
        problems: Vec<u64>,
    }
    impl Sink for Stops {
        fn problem(&mut self, problem: &Problem) {
            self.problems.push(problem.row);
        }
        fn progress(&mut self, _: &Summary) {}
        fn reached(&mut self, place: &dyn Fn() -> Checkpoint) {
            self.place = Some(place());
        }
        fn halt(&mut self) -> Option<Error> {
            self.place.as_ref().and_then(|place| (place.row() > self.behind).then(|| Error::unavailable("told to stop")))
        }
    }
    struct Rows(String);
    impl import::Input for Rows {
        fn open(&self) -> std::io::Result<Box<dyn std::io::Read + Send>> {
            Ok(Box::new(std::io::Cursor::new(self.0.clone().into_bytes())))
        }
    }

    both(|app| async move {
        // Every third row has the one behind it for its parent, so that something waits wherever the run is cut.
        let mapping = format!("{MAPPING}fields.parentId = {{ column = \"parent\", reference = {{ system = \"erp\" }} }}\n");
        let mut file = "number,name,country,parent\n".to_owned();
        for number in 0..1_500 {
            let country = if number % 100 == 99 { "Nowhere" } else { "AT" };
            let parent = if number % 3 == 0 && number % 100 < 98 { (number + 1).to_string() } else { String::new() };
            let _ = writeln!(file, "{number},Firma {number},{country},{parent}");
        }
        let plan = || Arc::new(Plan::new(&Mapping::parse(&mapping).unwrap(), &app.registry).unwrap());
        let rows: Arc<dyn import::Input> = Arc::new(Rows(file));
        let (mut place, mut problems) = (None, Vec::new());
        for behind in [0, 600, u64::MAX] {
            let mut sink = Stops { behind, place: None, problems: Vec::new() };
            let read: Option<Checkpoint> = place.take().map(|place: Checkpoint| Checkpoint::parse(&place.to_text().unwrap()).unwrap());
            let begun = read.as_ref().map_or(0, Checkpoint::row);
            let opened = Opened { plan: plan(), input: Arc::clone(&rows), folder: std::env::temp_dir() };
            let ran = import::run(&app.engine, &app.alpha.context, opened, Mode::Each, read, &mut sink);
            let outcome = ran.await.unwrap();
            assert!(sink.problems.iter().all(|row| *row > begun), "{:?} behind {begun}", sink.problems);
            assert_eq!(outcome.stopped.is_none(), behind == u64::MAX);
            let reached = sink.place.unwrap();
            assert!(reached.row() > begun);
            // What was told behind the place is told again.
            problems.extend(sink.problems.into_iter().filter(|row| behind == u64::MAX || *row <= reached.row()));
            if behind == u64::MAX {
                let total = outcome.summary.total();
                assert_eq!((outcome.summary.rows, outcome.summary.rejected_rows), (1_500, 15));
                assert_eq!((total.created + total.unchanged, total.updated, total.rejected), (1_485, 0, 15), "{total:?}");
                assert!(total.unchanged <= 1_024, "it began anew: {total:?}");
            }
            place = Some(reached);
        }
        problems.sort_unstable();
        assert_eq!(problems, (1..=15).map(|hundred| hundred * 100).collect::<Vec<_>>());
        let made = app.alpha.get("/v1/accounts?limit=1&total=true&filter[name][startsWith]=Firma").await.expect(200);
        assert_eq!(made["page"]["total"], 1_485);
        let child = app.alpha.get("/v1/accounts/by/erp/300?expand=parent").await.expect(200);
        assert_eq!(child["parent"]["name"], "Firma 301");
    })
    .await;
}

/// A server that is killed while it imports: the next one completes the import, with nothing lost and nothing twice.
#[test]
fn a_killed_server_leaves_an_import_to_the_next_one() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), &["--demo"]);
    let mut rows = file(3_000);
    rows.truncate(190_000);
    let rows = rows[..=rows.rfind('\n').unwrap()].to_owned();
    let count = rows.lines().count() - 1;
    let body = json!({ "mappingText": MAPPING, "rows": rows });
    let id = text(&server.call("POST", "/v1/imports", Some(&body)).unwrap().expect(202), "id");
    let path = format!("/v1/imports/{id}");
    while server.call("GET", &path, None).unwrap().expect(200)["rowsRead"] == 0 {
        std::thread::yield_now();
    }
    server.kill();
    let server = Server::start(folder.path(), &["--demo"]);
    let begun = Instant::now();
    let done: Json = loop {
        let now = server.call("GET", &path, None).unwrap().expect(200);
        if now["state"] != "RUNNING" {
            break now;
        }
        assert!(begun.elapsed() < Duration::from_secs(180), "nobody took the import up: {now}");
        std::thread::yield_now();
    };
    assert_eq!((&done["state"], &done["rowsRead"]), (&json!("SUCCEEDED"), &json!(count)), "{done}");
    let found = server.call("GET", "/v1/accounts?limit=1&total=true&filter[name][startsWith]=Firma", None).unwrap().expect(200);
    assert_eq!(found["page"]["total"], count - count / 100);
}
