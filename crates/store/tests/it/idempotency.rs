//! Twins: the same key sent many times at once has one effect.

use crate::fixture::{TENANT, databases, id, key, set};
use clientela_kernel::Value;
use clientela_store::{Commit, IdempotencyRecord, WriteSet};
use futures_util::future::join_all;

const TWINS: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_twins_is_done() {
    for database in databases().await {
        let scope = database.scope();
        // Creating: every twin mints its own id.
        let twins = (0..TWINS).map(|_| {
            let id = id();
            let set = WriteSet {
                tenant: TENANT,
                rows: vec![database.insert("toyItem", id, &[])],
                idempotency: Some(key("create", id, 1)),
                audit: None,
            };
            let scope = scope.clone();
            async move { (id, tokio::spawn(async move { scope.commit(set).await }).await.unwrap().unwrap()) }
        });
        let outcomes = join_all(twins).await;
        let done: Vec<_> = outcomes.iter().filter(|(_, outcome)| *outcome == Commit::Done).collect();
        assert_eq!(done.len(), 1, "{}", database.name);
        let taken = outcomes.iter().filter(|(_, outcome)| *outcome == Commit::IdempotencyTaken).count();
        assert_eq!(taken, TWINS - 1, "{}", database.name);
        let winner = done[0].0;
        let remembered = scope.idempotency("usr_toy", "create").await.unwrap();
        let expected = IdempotencyRecord {
            fingerprint: "f00d".into(),
            status: 201,
            resource: "toyItem".into(),
            record: winner,
            version: 1,
            answer: None,
        };
        assert_eq!(remembered, Some(expected));
        assert_eq!(scope.idempotency("usr_other", "create").await.unwrap(), None);
        assert_eq!(scope.idempotency("usr_toy", "other").await.unwrap(), None);
        let feed = database.feed().await;
        assert_eq!(feed.iter().map(|change| change.record).collect::<Vec<_>>(), [winner]);

        // Changing one record: the losers learn of the key, not of the version that has moved.
        let twins = (0..TWINS).map(|_| {
            let row = database.update("toyItem", winner, 1, &[("counter", Value::Integer(1))]);
            let set = WriteSet { tenant: TENANT, rows: vec![row], idempotency: Some(key("update", winner, 2)), audit: None };
            let scope = scope.clone();
            async move { tokio::spawn(async move { scope.commit(set).await }).await.unwrap().unwrap() }
        });
        let outcomes = join_all(twins).await;
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Commit::Done).count(), 1, "{}", database.name);
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Commit::IdempotencyTaken).count(), TWINS - 1, "{}", database.name);
        assert_eq!(database.feed().await.len(), 2);

        // A key without an effect of its own.
        let alone = || set(Vec::new());
        assert_eq!(scope.commit(alone()).await.unwrap(), Commit::Done);
        let keyed = || WriteSet { idempotency: Some(key("alone", winner, 2)), ..alone() };
        assert_eq!(scope.commit(keyed()).await.unwrap(), Commit::Done, "{}", database.name);
        assert_eq!(scope.commit(keyed()).await.unwrap(), Commit::IdempotencyTaken, "{}", database.name);
    }
}
