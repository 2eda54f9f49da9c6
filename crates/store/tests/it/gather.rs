//! Single writes that go together: each is written once and hears its own answer, and nobody waits for another's lock.

use crate::fixture::{Fixture, TENANT, id, key, postgres, set};
use clientela_kernel::Value;
use clientela_store::{Commit, WriteSet};
use futures_util::future::join_all;
use sqlx::{Connection as _, PgConnection};
use std::collections::HashSet;
use std::time::Duration;

/// Commits all of them while the table takes none for a moment, so that they meet however slow this machine is.
async fn while_locked(database: &Fixture, sets: Vec<WriteSet>) -> Vec<Commit> {
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE toy_item IN SHARE MODE").execute(&mut other).await.unwrap();
    let unlock = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    };
    tokio::join!(at_once(database, sets), unlock).0
}

/// Commits all of them at once.
async fn at_once(database: &Fixture, sets: Vec<WriteSet>) -> Vec<Commit> {
    let scope = database.scope();
    let tasks = sets.into_iter().map(|set| {
        let scope = scope.clone();
        tokio::spawn(async move { scope.commit(set).await.unwrap() })
    });
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_go_together_and_each_is_written_once() {
    let Some(database) = postgres(4).await else { return };
    let owner = id();
    database.scope().commit(set(vec![database.insert("toyOwner", owner, &[])])).await.unwrap();
    let owned = database.def("toyItem").field_index("ownerId").unwrap();
    let before = database.store.statements();
    let items: Vec<_> = (0..200).map(|_| id()).collect();
    let sets = items.iter().enumerate().map(|(number, id)| {
        let mut row = database.insert("toyItem", *id, &[("ownerId", Value::Id(owner.0)), ("code", format!("c{number}").into())]);
        row.references.push((owned, owner.0));
        WriteSet { tenant: TENANT, rows: vec![row], idempotency: Some(key(&format!("k{number}"), *id, 1)), audit: None }
    });
    let outcomes = while_locked(&database, sets.collect()).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Commit::Done), "{outcomes:?}");
    let statements = database.store.statements() - before;
    assert!(statements < 100, "200 writes took {statements} statements");
    let logged: Vec<_> = database.feed().await.iter().map(|change| change.record).filter(|record| *record != owner).collect();
    assert_eq!(logged.len(), 200);
    assert_eq!(logged.into_iter().collect::<HashSet<_>>(), items.iter().copied().collect());
    for (number, item) in items.iter().enumerate() {
        assert_eq!(database.read("toyItem", *item, &["code"]).await.unwrap(), [format!("c{number}").into()]);
        let remembered = database.scope().idempotency("usr_toy", &format!("k{number}")).await.unwrap().unwrap();
        assert_eq!((remembered.record, remembered.version), (*item, 1));
    }

    // Changes too.
    let before = database.store.statements();
    let changes = items.iter().map(|item| set(vec![database.update("toyItem", *item, 1, &[("counter", Value::Integer(7))])]));
    assert!(while_locked(&database, changes.collect()).await.iter().all(|outcome| *outcome == Commit::Done));
    assert!(database.store.statements() - before < 100);
    for item in &items {
        assert_eq!(database.counter(*item).await, Some((2, 7)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_hears_its_own_answer() {
    let Some(database) = postgres(4).await else { return };
    let owned = database.def("toyItem").field_index("ownerId").unwrap();
    let (stale, taken) = (id(), id());
    for (item, code) in [(stale, "stale"), (taken, "taken")] {
        database.scope().commit(set(vec![database.insert("toyItem", item, &[("code", code.into())])])).await.unwrap();
    }
    let good: Vec<_> = (0..60).map(|_| id()).collect();
    let mut sets: Vec<_> = good.iter().map(|id| set(vec![database.insert("toyItem", *id, &[])])).collect();
    sets.insert(20, set(vec![database.insert("toyItem", id(), &[("code", "taken".into())])]));
    sets.insert(30, set(vec![database.update("toyItem", stale, 9, &[("counter", Value::Integer(1))])]));
    let mut orphan = database.insert("toyItem", id(), &[("ownerId", Value::Id(id().0))]);
    orphan.references.push((owned, id().0));
    sets.insert(40, set(vec![orphan]));
    let outcomes = at_once(&database, sets).await;
    for (place, outcome) in outcomes.iter().enumerate() {
        match place {
            20 => assert!(matches!(outcome, Commit::Duplicate { index: Some(index), .. } if index == "toy_item_code"), "{outcome:?}"),
            30 | 40 => assert_eq!(*outcome, Commit::GuardFailed, "{place}"),
            _ => assert_eq!(*outcome, Commit::Done, "{place}"),
        }
    }
    assert_eq!(database.feed().await.len(), 62);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_waits_for_a_lock_holds_nobody_up() {
    let Some(database) = postgres(8).await else { return };
    let owner = id();
    database.scope().commit(set(vec![database.insert("toyOwner", owner, &[])])).await.unwrap();
    let owned = database.def("toyItem").field_index("ownerId").unwrap();
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT 1 FROM toy_owner FOR UPDATE").execute(&mut other).await.unwrap();
    let mut stuck = database.insert("toyItem", id(), &[("ownerId", Value::Id(owner.0))]);
    stuck.references.push((owned, owner.0));
    let scope = database.scope();
    let waiting = tokio::spawn(async move { scope.commit(set(vec![stuck])).await.unwrap() });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let others = (0..30).map(|_| set(vec![database.insert("toyItem", id(), &[])])).collect();
    let outcomes = tokio::time::timeout(Duration::from_secs(4), at_once(&database, others)).await.unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == Commit::Done));
    assert!(!waiting.is_finished());
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    assert_eq!(waiting.await.unwrap(), Commit::Done);
}
