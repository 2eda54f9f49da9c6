//! The feed under writers: complete, whatever commits late; each record's versions without gaps.

use crate::fixture::{Fixture, NOW, TENANT, databases, id, postgres, set};
use clientela_kernel::{Id, Value};
use clientela_store::{Change, Commit, FeedCursor};
use sqlx::{Connection as _, PgConnection};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const WRITERS: usize = 8;
const RECORDS: usize = 12;
const VERSIONS: i64 = 10;
/// What all writers change together: records of their own, one that they share, and its creation.
const CHANGES: usize = WRITERS * RECORDS * 11 + 1;

/// The record that all writers share.
async fn shared(database: &Fixture) -> Id {
    let id = id();
    let row = database.insert("toyItem", id, &[("counter", Value::Integer(0))]);
    assert_eq!(database.scope().commit(set(vec![row])).await.unwrap(), Commit::Done);
    id
}

/// Makes records and changes them, and the shared one after each.
async fn write(database: Arc<Fixture>, shared: Id, running: Arc<AtomicUsize>) {
    for _ in 0..RECORDS {
        loop {
            let (version, counter) = database.counter(shared).await.unwrap();
            let row = database.update("toyItem", shared, version, &[("counter", Value::Integer(counter + 1))]);
            if database.scope().commit(set(vec![row])).await.unwrap() == Commit::Done {
                break;
            }
        }
        let id = id();
        let row = database.insert("toyItem", id, &[("counter", Value::Integer(0))]);
        assert_eq!(database.scope().commit(set(vec![row])).await.unwrap(), Commit::Done);
        for version in 1..VERSIONS {
            let row = database.update("toyItem", id, version, &[("counter", Value::Integer(version))]);
            assert_eq!(database.scope().commit(set(vec![row])).await.unwrap(), Commit::Done);
        }
    }
    running.fetch_sub(1, Ordering::SeqCst);
}

/// Pages through the feed until the writers have ended and nothing more comes.
async fn follow(database: &Fixture, running: &AtomicUsize) -> Vec<Change> {
    let (mut cursor, mut seen) = (None, Vec::new());
    loop {
        let ended = running.load(Ordering::SeqCst) == 0;
        let page = database.scope().changes(cursor, 17).await.unwrap();
        // The cursor survives its way through a client.
        cursor = page.next.map(|cursor| FeedCursor::parse(&cursor.to_string()).unwrap());
        let quiet = page.changes.is_empty();
        seen.extend(page.changes);
        if quiet && ended {
            return seen;
        }
        if quiet {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

fn check(seen: &[Change], name: &str) {
    let distinct: HashSet<(Id, i64)> = seen.iter().map(|change| (change.record, change.version)).collect();
    assert_eq!(distinct.len(), seen.len(), "{name}: nothing comes twice");
    let mut inverted = 0;
    for record in seen.iter().map(|change| change.record).collect::<HashSet<_>>() {
        let mut versions: Vec<i64> = seen.iter().filter(|change| change.record == record).map(|change| change.version).collect();
        inverted += versions.windows(2).filter(|pair| pair[0] > pair[1]).count();
        versions.sort_unstable();
        let last = *versions.last().unwrap();
        assert_eq!(versions, (1..=last).collect::<Vec<_>>(), "{name}: no version of a record is missing");
    }
    println!("{name}: {} changes followed by one reader, {inverted} neighbors of a record out of order before sorting", seen.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_skipped() {
    for database in databases().await {
        let database = Arc::new(database);
        let running = Arc::new(AtomicUsize::new(WRITERS));
        let shared = shared(&database).await;
        for _ in 0..WRITERS {
            tokio::spawn(write(Arc::clone(&database), shared, Arc::clone(&running)));
        }
        let seen = follow(&database, &running).await;
        assert_eq!(seen.len(), CHANGES, "{}", database.name);
        check(&seen, database.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_commits_late_is_not_skipped() {
    let Some(database) = postgres(20).await.map(Arc::new) else { return };
    let shared = shared(&database).await;
    let mut raw = PgConnection::connect(&database.url).await.unwrap();
    let mut late = raw.begin().await.unwrap();
    let record = id();
    sqlx::query(
        "INSERT INTO change_log (tenant_id, resource, record_id, version, at, actor, request, kind)
         VALUES ($1, 'toyItem', $2, 1, to_timestamp($3), 'usr_late', $1, 'CREATED')",
    )
    .bind(TENANT.0)
    .bind(record.0)
    .bind(NOW.0 / 1_000)
    .execute(&mut *late)
    .await
    .unwrap();

    let running = Arc::new(AtomicUsize::new(WRITERS));
    let writers: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(write(Arc::clone(&database), shared, Arc::clone(&running)))).collect();
    let reader = tokio::spawn({
        let (database, running) = (Arc::clone(&database), Arc::clone(&running));
        // The late transaction counts as one more writer.
        running.fetch_add(1, Ordering::SeqCst);
        async move { follow(&database, &running).await }
    });
    for writer in writers {
        writer.await.unwrap();
    }
    // All have committed, but one that began before them has not: the feed waits for it.
    let shown = database.scope().changes(None, 1_000).await.unwrap().changes;
    assert_eq!(shown.iter().map(|change| change.record).collect::<Vec<_>>(), [shared], "only what was there before it");
    late.commit().await.unwrap();
    running.fetch_sub(1, Ordering::SeqCst);
    let seen = reader.await.unwrap();
    assert_eq!(seen.len(), CHANGES + 1);
    assert_eq!(seen[1].record, record, "the late transaction began first");
    check(&seen, "PostgreSQL with a late transaction");
}
