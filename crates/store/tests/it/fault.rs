//! What breaks: connections that die, callers that go, stores that close.

use crate::fixture::{Fixture, TENANT, databases, id, postgres, set, sqlite};
use clientela_kernel::{ErrorCode, Id, Value};
use clientela_store::{Commit, Store, StoreSettings};
use futures_util::future::join_all;
use sqlx::{Connection as _, PgConnection, Row as _};
use std::task::Poll;
use std::time::Duration;

async fn items(database: &Fixture, count: usize) -> Vec<Id> {
    let ids: Vec<Id> = (0..count).map(|_| id()).collect();
    for (number, id) in ids.iter().enumerate() {
        let counter = Value::Integer(i64::try_from(number).unwrap());
        assert_eq!(
            database.scope().commit(set(vec![database.insert("toyItem", *id, &[("counter", counter)])])).await.unwrap(),
            Commit::Done
        );
    }
    ids
}

/// Ends every session of the store, as an administrator or a restart would, and waits until they are gone.
async fn end_sessions(database: &Fixture) -> usize {
    let mut raw = PgConnection::connect(&database.url).await.unwrap();
    let ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name LIKE 'clientela%' AND datname = current_database()";
    sqlx::query(ended).fetch_all(&mut raw).await.unwrap().len()
}

/// Reads until the store has opened more than one session: how soon an answer comes, and with it whether the next read
/// needs a session of its own, is the machine's affair.
async fn open_several(database: &Fixture, ids: &[Id]) {
    let mut raw = PgConnection::connect(&database.url).await.unwrap();
    let open = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'clientela%' AND datname = current_database()";
    for _ in 0..1000 {
        join_all(ids.iter().cycle().take(16).map(|id| database.counter(*id))).await;
        if sqlx::query(open).fetch_one(&mut raw).await.unwrap().get::<i64, _>(0) > 1 {
            return;
        }
    }
    panic!("the store reads over one session only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_connections_are_replaced() {
    let Some(database) = postgres(8).await else { return };
    let ids = items(&database, 4).await;
    // Reads do not notice, however many there are at once.
    for _ in 0..5 {
        open_several(&database, &ids).await;
        assert!(end_sessions(&database).await > 1, "several connections were open");
        let answers = join_all(ids.iter().cycle().take(16).map(|id| database.counter(*id))).await;
        assert!(answers.iter().all(Option::is_some));
    }
    // A write is not sent twice: its outcome is in doubt.
    assert!(end_sessions(&database).await > 0);
    let write = || set(vec![database.update("toyItem", ids[0], 1, &[("counter", Value::Integer(99))])]);
    assert_eq!(database.scope().commit(write()).await.unwrap_err().code(), ErrorCode::DatabaseUnavailable);
    assert_eq!(database.scope().commit(write()).await.unwrap(), Commit::Done);
    assert_eq!(database.counter(ids[0]).await, Some((2, 99)));
}

/// Polls a future a few times and drops it. Whether it had not ended by then.
async fn abandoned(future: impl Future, polls: u64) -> bool {
    let mut future = std::pin::pin!(future);
    for _ in 0..polls {
        if std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await {
            return false;
        }
        tokio::task::yield_now().await;
    }
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_go_leave_the_pool_whole() {
    const CONNECTIONS: u32 = 4;
    let Some(database) = postgres(CONNECTIONS).await else { return };
    let ids = items(&database, 10).await;
    let (mut gone, mut round) = (0, 0u64);
    // How soon the answer comes is the machine's affair, so it goes on until enough have not waited for it.
    while gone < 100 {
        assert!(round < 20_000, "only {gone} of {round} went away");
        let id = ids[usize::try_from(round).unwrap() % ids.len()];
        // The first polls send the statement or wait for its answer.
        let polls = 1 + round % 4;
        let gave_up = if round % 3 == 0 {
            let (version, counter) = database.counter(id).await.unwrap();
            let row = database.update("toyItem", id, version, &[("counter", Value::Integer(counter))]);
            abandoned(database.scope().commit(set(vec![row])), polls).await
        } else {
            abandoned(database.counter(id), polls).await
        };
        gone += u32::from(gave_up);
        round += 1;
    }
    // Everyone gets the answer to his own question, and no more connections are open than allowed.
    let answers = join_all(ids.iter().cycle().take(400).map(|id| database.counter(*id))).await;
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.unwrap().1, i64::try_from(number % ids.len()).unwrap());
    }
    let mut raw = PgConnection::connect(&database.url).await.unwrap();
    let open = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'clientela' AND datname = current_database()";
    let open: i64 = sqlx::query(open).fetch_one(&mut raw).await.unwrap().get(0);
    assert!(open <= i64::from(CONNECTIONS), "{open} connections are open");
    // The abandoned writes that are still under way come to their end.
    let busy =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'clientela' AND datname = current_database() AND state <> 'idle'";
    while sqlx::query(busy).fetch_one(&mut raw).await.unwrap().get::<i64, _>(0) > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // What was written half-way was written wholly or not at all.
    let feed = database.feed().await;
    for id in &ids {
        let versions: Vec<i64> = feed.iter().filter(|change| change.record == *id).map(|change| change.version).collect();
        let (version, _) = database.counter(*id).await.unwrap();
        assert_eq!(versions, (1..=version).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_unavailable() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("postgres://nobody@localhost/nothing?host={}", directory.path().display());
    let store = Store::open(&StoreSettings::new(url)).await.unwrap();
    assert_eq!(store.ready().await.unwrap_err().code(), ErrorCode::DatabaseUnavailable);
    assert_eq!(store.scope(TENANT).idempotency("usr_toy", "k").await.unwrap_err().code(), ErrorCode::DatabaseUnavailable);
    assert!(store.migration_connection().await.is_err());
    let missing = StoreSettings::new(format!("sqlite:{}", directory.path().join("no/such/place.db").display()));
    assert_eq!(Store::open(&missing).await.unwrap_err().code(), ErrorCode::DatabaseUnavailable);
}

#[tokio::test]
async fn a_busy_pool_is_unavailable_after_two_seconds() {
    let Some(database) = postgres(1).await else { return };
    let ids = items(&database, 1).await;
    // A lock held elsewhere keeps the only connection waiting.
    let mut raw = PgConnection::connect(&database.url).await.unwrap();
    let mut holder = raw.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM toy_item FOR UPDATE").execute(&mut *holder).await.unwrap();
    let row = database.update("toyItem", ids[0], 1, &[("counter", Value::Integer(1))]);
    let scope = database.scope();
    let (waiting, refused) = tokio::join!(scope.commit(set(vec![row])), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        scope.idempotency("usr_toy", "k").await
    });
    assert_eq!(refused.unwrap_err().code(), ErrorCode::DatabaseUnavailable);
    // The write gives up on the lock.
    assert_eq!(waiting.unwrap_err().code(), ErrorCode::DatabaseUnavailable);
    holder.rollback().await.unwrap();
    assert_eq!(database.counter(ids[0]).await, Some((1, 0)));
}

#[tokio::test]
async fn work_in_the_background_leaves_connections_to_requests() {
    let Some(database) = postgres(2).await else { return };
    let ids = items(&database, 4).await;
    let mut raw = PgConnection::connect(&database.url).await.unwrap();
    let mut holder = raw.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM toy_item FOR UPDATE").execute(&mut *holder).await.unwrap();
    let scope = database.scope();
    let waiting = ids.iter().map(|id| {
        let row = database.update("toyItem", *id, 1, &[("counter", Value::Integer(9))]);
        clientela_store::in_background(scope.commit(set(vec![row])))
    });
    // Each waits for the lock, one after the other; whoever asks meanwhile is answered.
    let (outcomes, answer) = tokio::join!(join_all(waiting), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let answer = scope.idempotency("usr_toy", "k").await;
        holder.rollback().await.unwrap();
        answer
    });
    assert!(answer.unwrap().is_none());
    assert!(outcomes.into_iter().all(|outcome| outcome.unwrap() == Commit::Done));
}

#[tokio::test]
async fn a_closed_store_has_kept_everything() {
    for database in databases().await {
        database.store.ready().await.unwrap();
        let ids: Vec<Id> = (0..300).map(|_| id()).collect();
        let writes = join_all(ids.iter().map(|id| {
            let (scope, row) = (database.scope(), database.insert("toyItem", *id, &[("counter", Value::Integer(1))]));
            async move { scope.commit(set(vec![row])).await }
        }));
        let (outcomes, ()) = tokio::join!(writes, async {
            tokio::task::yield_now().await;
            database.store.close().await;
        });
        let scope = database.scope();
        let late = scope.commit(set(vec![database.insert("toyItem", id(), &[])])).await;
        assert_eq!(late.unwrap_err().code(), ErrorCode::DatabaseUnavailable);
        assert!(database.store.ready().await.is_err());

        let reopened = Store::open(&StoreSettings::new(&database.url)).await.unwrap();
        database.settled().await;
        let kept: Vec<Id> = reopened.scope(TENANT).changes(None, 1_000).await.unwrap().changes.iter().map(|change| change.record).collect();
        let acknowledged = ids.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok());
        let mut count = 0;
        for (id, _) in acknowledged {
            assert!(kept.contains(id), "an acknowledged write is missing on {}", database.name);
            count += 1;
        }
        println!("{}: {count} of {} writes were acknowledged while the store closed", database.name, ids.len());
        reopened.close().await;
    }
}

#[tokio::test]
async fn sqlite_readers_do_not_wait_for_the_writer() {
    let database = sqlite().await;
    let ids = items(&database, 1).await;
    // Somebody else holds the write lock, longer than a reader would wait.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database.url.strip_prefix("sqlite:").unwrap());
    let mut raw = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut raw).await.unwrap();
    let row = database.update("toyItem", ids[0], 1, &[("counter", Value::Integer(5))]);
    let scope = database.scope();
    let write = tokio::spawn(async move { scope.commit(set(vec![row])).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(database.counter(ids[0]).await, Some((1, 0)));
    sqlx::query("ROLLBACK").execute(&mut raw).await.unwrap();
    assert_eq!(write.await.unwrap().unwrap(), Commit::Done);
    assert_eq!(database.counter(ids[0]).await, Some((2, 5)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bells_ring_across_stores() {
    for database in databases().await {
        let other = match database.name {
            "SQLite" => database.store.clone(),
            _ => Store::open(&StoreSettings::new(&database.url)).await.unwrap(),
        };
        let mut bell = database.store.bell("toy_bell");
        if database.name == "PostgreSQL" {
            assert!(bell.heard().await, "it rings once it listens");
        }
        other.ring("toy_bell").await.unwrap();
        assert!(tokio::time::timeout(Duration::from_secs(5), bell.heard()).await.unwrap());
        if database.name == "PostgreSQL" {
            // What was rung while the line was cut is made up for.
            end_sessions(&database).await;
            assert!(tokio::time::timeout(Duration::from_secs(10), bell.heard()).await.unwrap());
            let rung = async {
                loop {
                    other.ring("toy_bell").await.unwrap();
                    if tokio::time::timeout(Duration::from_millis(200), bell.heard()).await.is_ok() {
                        break;
                    }
                }
            };
            tokio::time::timeout(Duration::from_secs(10), rung).await.unwrap();
        }
        database.store.close().await;
        while bell.heard().await {}
    }
}
