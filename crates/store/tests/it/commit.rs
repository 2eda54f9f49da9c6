//! One write set: all of it, or nothing and the reason.

use crate::fixture::{NOW, TENANT, databases, id, key, log, set};
use clientela_kernel::currency::Currency;
use clientela_kernel::{Date, Money, TenantId, Value};
use clientela_store::{ChangeKind, Commit, RowGuard, WriteSet};
use uuid::Uuid;

#[tokio::test]
async fn every_type_is_written_and_read_back() {
    for database in databases().await {
        let (owner, item, empty) = (id(), id(), id());
        let fields = [
            ("code", Value::from("A-1")),
            ("label", "Zoë Ångström".into()),
            ("price", Value::Money(Money { minor: -12_345, currency: Currency::parse("EUR").unwrap() })),
            ("done", Value::Boolean(true)),
            ("due", Value::Date(Date::parse("2026-02-28").unwrap())),
            ("tags", Value::TextSet(vec!["a".to_owned(), "b\"c".to_owned()])),
            ("counter", Value::Integer(i64::MAX)),
            ("ownerId", Value::Id(owner.0)),
        ];
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        // A reference may point to a row of the same set.
        let rows = vec![
            database.insert("toyOwner", owner, &[]),
            database.insert("toyItem", item, &fields),
            database.insert("toyItem", empty, &[]),
        ];
        assert_eq!(database.scope().commit(set(rows)).await.unwrap(), Commit::Done, "{}", database.name);
        let values: Vec<Value> = fields.iter().map(|(_, value)| value.clone()).collect();
        assert_eq!(database.read("toyItem", item, &names).await.unwrap(), values, "{}", database.name);
        assert_eq!(database.read("toyItem", empty, &names).await.unwrap(), vec![Value::Null; names.len()]);
        let system = database.read("toyItem", item, &["id", "version", "createdAt", "createdBy", "deletedAt"]).await.unwrap();
        assert_eq!(system, [Value::Id(item.0), Value::Integer(1), Value::Instant(NOW), "usr_toy".into(), Value::Null]);

        // A change writes what it names and leaves the rest; nulls clear.
        let change = database.update("toyItem", item, 1, &[("label", Value::Null), ("price", Value::Null), ("tags", Value::Null)]);
        assert_eq!(database.scope().commit(set(vec![change])).await.unwrap(), Commit::Done);
        let values = database.read("toyItem", item, &["version", "label", "price", "tags", "code"]).await.unwrap();
        assert_eq!(values, [Value::Integer(2), Value::Null, Value::Null, Value::Null, "A-1".into()]);

        let feed = database.feed().await;
        let last = feed.last().unwrap();
        assert_eq!((last.record, last.version, last.kind.as_str(), last.at), (item, 2, "UPDATED", NOW));
        assert_eq!((last.resource.as_str(), last.client.as_deref(), last.actor.as_str()), ("toyItem", Some("toy shop"), "usr_toy"));
        assert_eq!(last.before.as_deref(), Some(r#"{"counter": 1}"#));
        assert_eq!(feed.len(), 4);
        assert_eq!(feed[0].before, None);
        database.store.close().await;
    }
}

#[tokio::test]
async fn a_failed_guard_leaves_nothing() {
    for database in databases().await {
        let (one, two, missing) = (id(), id(), id());
        let scope = database.scope();
        let make = vec![database.insert("toyItem", one, &[]), database.insert("toyItem", two, &[])];
        assert_eq!(scope.commit(set(make)).await.unwrap(), Commit::Done);
        let feed = database.feed().await;

        let counter = [("counter", Value::Integer(7))];
        let mut pointing = database.insert("toyItem", id(), &[("ownerId", Value::Id(missing.0))]);
        pointing.references.push((database.def("toyItem").field_index("ownerId").unwrap(), missing.0));
        let cases = [
            // The others are new and could be written; they hang on the one that cannot.
            (
                "a reference to nobody",
                vec![
                    database.insert("toyItem", id(), &counter),
                    pointing.clone(),
                    database.insert("toyItem", id(), &counter),
                    database.insert("toyItem", id(), &counter),
                ],
            ),
            ("moved", vec![database.update("toyItem", one, 5, &counter)]),
            ("missing", vec![database.update("toyItem", missing, 1, &counter)]),
            ("second of two", vec![database.update("toyItem", one, 1, &counter), database.update("toyItem", two, 2, &counter)]),
            ("first of two", vec![database.update("toyItem", one, 2, &counter), database.update("toyItem", two, 1, &counter)]),
        ];
        for (case, rows) in cases {
            for idempotency in [None, Some(key("k", one, 2))] {
                let set = WriteSet { tenant: TENANT, rows: rows.clone(), idempotency, audit: None };
                assert_eq!(scope.commit(set).await.unwrap(), Commit::GuardFailed, "{case} on {}", database.name);
            }
        }
        // Another tenant cannot reach the record, nor see it.
        let other = TenantId(Uuid::from_u128(0x0b));
        let foreign = WriteSet { tenant: other, rows: vec![database.update("toyItem", one, 1, &counter)], idempotency: None, audit: None };
        assert_eq!(database.store.scope(other).commit(foreign.clone()).await.unwrap(), Commit::GuardFailed);
        assert!(scope.commit(foreign).await.is_err(), "a scope writes for its own tenant only");
        assert!(database.store.scope(other).changes(None, 100).await.unwrap().changes.is_empty());

        assert_eq!(database.feed().await, feed, "{}", database.name);
        assert_eq!(database.read("toyItem", one, &["version", "counter"]).await.unwrap(), [Value::Integer(1), Value::Null]);
        assert_eq!(scope.idempotency("usr_toy", "k").await.unwrap(), None);
        // What follows is told apart by reading.
        assert_eq!(database.read("toyItem", missing, &["version"]).await, None);
    }
}

#[tokio::test]
async fn references_must_live() {
    for database in databases().await {
        let (owner, item) = (id(), id());
        let scope = database.scope();
        assert_eq!(scope.commit(set(vec![database.insert("toyOwner", owner, &[])])).await.unwrap(), Commit::Done);
        let field = database.def("toyItem").field_index("ownerId").unwrap();
        let pointing = |target: clientela_kernel::Id| {
            let mut row = database.insert("toyItem", item, &[("ownerId", Value::Id(target.0))]);
            row.references.push((field, target.0));
            set(vec![row])
        };
        assert_eq!(scope.commit(pointing(id())).await.unwrap(), Commit::GuardFailed, "{}", database.name);
        let unchecked = database.insert("toyItem", item, &[("ownerId", Value::Id(id().0))]);
        assert_eq!(scope.commit(set(vec![unchecked])).await.unwrap(), Commit::ReferenceMissing, "{}", database.name);
        let delete = database.update("toyOwner", owner, 1, &[("deletedAt", Value::Instant(NOW))]);
        assert_eq!(scope.commit(set(vec![delete])).await.unwrap(), Commit::Done);
        assert_eq!(scope.commit(pointing(owner)).await.unwrap(), Commit::GuardFailed, "deleted on {}", database.name);
        let restore = database.update("toyOwner", owner, 2, &[("deletedAt", Value::Null)]);
        assert_eq!(scope.commit(set(vec![restore])).await.unwrap(), Commit::Done);
        assert_eq!(scope.commit(pointing(owner)).await.unwrap(), Commit::Done, "{}", database.name);
        // On a change as well.
        let mut row = database.update("toyItem", item, 1, &[("ownerId", Value::Id(owner.0))]);
        row.references.push((field, id().0));
        assert_eq!(scope.commit(set(vec![row])).await.unwrap(), Commit::GuardFailed, "{}", database.name);
        // Deleted and restored together: the owner lives again within the set.
        let stamp = |version: i64, at: Value| {
            let owner_change = database.update("toyOwner", owner, version, &[("deletedAt", at.clone())]);
            let mut item_change = database.update("toyItem", item, version - 2, &[("deletedAt", at.clone())]);
            if at.is_null() {
                item_change.references.push((field, owner.0));
            }
            set(vec![item_change, owner_change])
        };
        assert_eq!(scope.commit(stamp(3, Value::Instant(NOW))).await.unwrap(), Commit::Done, "{}", database.name);
        assert_eq!(scope.commit(stamp(4, Value::Null)).await.unwrap(), Commit::Done, "{}", database.name);
    }
}

#[tokio::test]
async fn unique_keys_are_named() {
    for database in databases().await {
        let (first, second) = (id(), id());
        let scope = database.scope();
        let fields = [("code", Value::from("A")), ("label", "Straße".into())];
        assert_eq!(scope.commit(set(vec![database.insert("toyItem", first, &fields)])).await.unwrap(), Commit::Done);
        let insert = |id, field, value: &str| {
            set(vec![database.insert("toyOwner", crate::fixture::id(), &[]), database.insert("toyItem", id, &[(field, value.into())])])
        };
        let duplicate = |index: Option<&str>| Commit::Duplicate { row: Some(1), index: index.map(str::to_owned) };
        assert_eq!(scope.commit(insert(second, "code", "A")).await.unwrap(), duplicate(Some("toy_item_code")), "{}", database.name);
        assert_eq!(scope.commit(insert(second, "label", "STRASSE")).await.unwrap(), duplicate(Some("toy_item_label")), "{}", database.name);
        assert_eq!(scope.commit(insert(first, "code", "B")).await.unwrap(), duplicate(None), "{}", database.name);
        // Keys hold among the living.
        let delete = database.update("toyItem", first, 1, &[("deletedAt", Value::Instant(NOW))]);
        assert_eq!(scope.commit(set(vec![delete])).await.unwrap(), Commit::Done);
        assert_eq!(scope.commit(insert(second, "code", "A")).await.unwrap(), Commit::Done, "{}", database.name);
        let restore = database.update("toyItem", first, 2, &[("deletedAt", Value::Null)]);
        let taken = Commit::Duplicate { row: Some(0), index: Some("toy_item_code".to_owned()) };
        assert_eq!(scope.commit(set(vec![restore])).await.unwrap(), taken, "{}", database.name);
    }
}

#[tokio::test]
async fn mirrors_are_made_and_overwritten() {
    for database in databases().await {
        let (owner, item) = (id(), id());
        let scope = database.scope();
        for (version, name) in [(1, "before"), (2, "after")] {
            let mut mirror = database.insert("toyOwner", owner, &[("name", name.into()), ("version", Value::Integer(version))]);
            mirror.guard = RowGuard::Unguarded;
            mirror.log = None;
            // The record that refers to its mirror may come first, and may ask that the mirror lives.
            let mut record = match version {
                1 => database.insert("toyItem", item, &[("ownerId", Value::Id(owner.0))]),
                _ => database.update("toyItem", item, version - 1, &[("counter", Value::Integer(version))]),
            };
            record.references.push((database.def("toyItem").field_index("ownerId").unwrap(), owner.0));
            assert_eq!(scope.commit(set(vec![record, mirror])).await.unwrap(), Commit::Done, "{}", database.name);
            let values = database.read("toyOwner", owner, &["name", "version"]).await.unwrap();
            assert_eq!(values, [name.into(), Value::Integer(version)], "{}", database.name);
        }
        assert!(database.feed().await.iter().all(|change| change.resource == "toyItem"));
        // A mirror falls with the record it follows.
        let mut mirror = database.insert("toyOwner", owner, &[("name", "never".into())]);
        mirror.guard = RowGuard::Unguarded;
        mirror.log = None;
        let rows = vec![mirror, database.update("toyItem", item, 9, &[("counter", Value::Integer(0))])];
        assert_eq!(scope.commit(set(rows)).await.unwrap(), Commit::GuardFailed);
        assert_eq!(database.read("toyOwner", owner, &["name"]).await.unwrap(), [Value::from("after")]);
    }
}

#[tokio::test]
async fn a_faulty_write_is_internal_and_harms_nobody() {
    for database in databases().await {
        let scope = database.scope();
        let mut ghost = clientela_model::ResourceDef::named("toyGhost");
        ghost.fields = clientela_model::system::fields("gho");
        let row = clientela_store::RowChange {
            def: ghost.into(),
            id: id(),
            values: vec![(1, Value::Integer(1))],
            guard: RowGuard::Insert,
            references: Vec::new(),
            log: Some(log(1, ChangeKind::Created)),
            search: None,
        };
        let good: Vec<_> = (0..8).map(|_| id()).collect();
        // All at once, so that SQLite takes them as one group.
        let (faulty, fine) = tokio::join!(
            scope.commit(set(vec![row])),
            futures_util::future::join_all(good.iter().map(|id| scope.commit(set(vec![database.insert("toyItem", *id, &[])]))))
        );
        assert_eq!(faulty.unwrap_err().code(), clientela_kernel::ErrorCode::Internal, "{}", database.name);
        for outcome in fine {
            assert_eq!(outcome.unwrap(), Commit::Done, "{}", database.name);
        }
        assert_eq!(database.feed().await.len(), good.len());
    }
}
