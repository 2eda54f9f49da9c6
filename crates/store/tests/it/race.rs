//! Many writers on few rows: no update is lost, and the log counts exactly what happened.

use crate::fixture::{Fixture, databases, id, set};
use clientela_kernel::{Id, Value};
use clientela_store::Commit;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const WRITERS: usize = 50;
const UPDATES: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_update_is_lost() {
    for database in databases().await {
        let database = Arc::new(database);
        for rows in [1, 10] {
            let ids: Arc<Vec<Id>> = Arc::new((0..rows).map(|_| id()).collect());
            let make = ids.iter().map(|id| database.insert("toyItem", *id, &[("counter", Value::Integer(0))])).collect();
            assert_eq!(database.scope().commit(set(make)).await.unwrap(), Commit::Done);
            let (begun, refused) = (Instant::now(), Arc::new(AtomicU64::new(0)));
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| tokio::spawn(write(Arc::clone(&database), Arc::clone(&ids), writer, Arc::clone(&refused))))
                .collect();
            for writer in writers {
                writer.await.unwrap();
            }
            println!(
                "{}: {WRITERS} writers x {UPDATES} updates of {rows} row(s): {} ms, {} refused and tried again",
                database.name,
                begun.elapsed().as_millis(),
                refused.load(Ordering::Relaxed)
            );
            let mut logged: HashMap<Id, Vec<i64>> = HashMap::new();
            for change in database.feed().await {
                logged.entry(change.record).or_default().push(change.version);
            }
            let mut total = 0;
            for id in ids.iter() {
                let (version, counter) = database.counter(*id).await.unwrap();
                assert_eq!(version, counter + 1, "every version is one increment");
                let mut versions = logged.remove(id).unwrap();
                versions.sort_unstable();
                assert_eq!(versions, (1..=version).collect::<Vec<_>>(), "every version is in the log, once");
                total += counter;
            }
            assert_eq!(total, i64::try_from(WRITERS * UPDATES).unwrap());
        }
    }
}

async fn write(database: Arc<Fixture>, ids: Arc<Vec<Id>>, writer: usize, refused: Arc<AtomicU64>) {
    for update in 0..UPDATES {
        let id = ids[(writer + update) % ids.len()];
        loop {
            let (version, counter) = database.counter(id).await.unwrap();
            let row = database.update("toyItem", id, version, &[("counter", Value::Integer(counter + 1))]);
            match database.scope().commit(set(vec![row])).await.unwrap() {
                Commit::Done => break,
                Commit::GuardFailed => refused.fetch_add(1, Ordering::Relaxed),
                other => panic!("{other:?}"),
            };
        }
    }
}
