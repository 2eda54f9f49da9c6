//! Two toy resources in a fresh database of each kind.

use crate::postgres::Cluster;
use clientela_kernel::{Comparison, DeletedMode, Filter, Id, TenantId, Timestamp, Value};
use clientela_migrations::{Migrator, MigratorTrait as _};
use clientela_model::{FieldDef, FieldType, OnDelete, ReferenceDef, Registry, ResourceDef, TextFormat, UniqueDef, system};
use clientela_store::{
    ChangeKind, Column, IdempotencyWrite, LogEntry, RowChange, RowGuard, Rows, Scope, Select, Store, StoreSettings, WriteSet,
};
use sea_orm::ConnectionTrait as _;
use sqlx::{Connection as _, PgConnection, Row as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;

pub(crate) const TENANT: TenantId = TenantId(Uuid::from_u128(0x7e));
pub(crate) const NOW: Timestamp = Timestamp(1_769_847_300_123);

/// A database with the toy tables.
pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) url: String,
    pub(crate) name: &'static str,
    pub(crate) registry: Arc<Registry>,
    _directory: Option<tempfile::TempDir>,
}

const SYSTEM_POSTGRES: &str = r#"tenant_id uuid NOT NULL, id uuid NOT NULL, version bigint NOT NULL, created_at timestamptz NOT NULL,
    created_by text COLLATE "C" NOT NULL, updated_at timestamptz NOT NULL, updated_by text COLLATE "C" NOT NULL, deleted_at timestamptz"#;
const SYSTEM_SQLITE: &str = "tenant_id BLOB NOT NULL, id BLOB NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL, updated_at INTEGER NOT NULL, updated_by TEXT NOT NULL, deleted_at INTEGER";
const KEYS: &str = "
    CREATE UNIQUE INDEX toy_item_code ON toy_item (tenant_id, code) WHERE deleted_at IS NULL;
    CREATE UNIQUE INDEX toy_item_label ON toy_item (tenant_id, label_folded) WHERE deleted_at IS NULL;";

/// A fresh database of each kind that there is.
pub(crate) async fn databases() -> Vec<Fixture> {
    let mut databases = vec![sqlite().await];
    databases.extend(postgres(20).await);
    databases
}

pub(crate) async fn sqlite() -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("toy.db").display());
    let tables = format!(
        "CREATE TABLE toy_owner ({SYSTEM_SQLITE}, name TEXT, PRIMARY KEY (tenant_id, id)) WITHOUT ROWID;
         CREATE TABLE toy_item ({SYSTEM_SQLITE}, code TEXT, label TEXT, label_folded TEXT, price_minor INTEGER, price_currency TEXT,
            done INTEGER, due DATE, tags TEXT, counter INTEGER, owner_id BLOB, PRIMARY KEY (tenant_id, id),
            FOREIGN KEY (tenant_id, owner_id) REFERENCES toy_owner (tenant_id, id)) WITHOUT ROWID; {KEYS}"
    );
    fixture("SQLite", url, &tables, 4, Some(directory)).await
}

/// On PostgreSQL, unless it is not installed.
pub(crate) async fn postgres(connections: u32) -> Option<Fixture> {
    let cluster = match Cluster::shared() {
        Ok(cluster) => cluster,
        Err(skipped) => {
            eprintln!("{skipped}");
            return None;
        }
    };
    let tables = format!(
        r#"CREATE TABLE toy_owner ({SYSTEM_POSTGRES}, name text COLLATE "C", PRIMARY KEY (tenant_id, id));
         CREATE TABLE toy_item ({SYSTEM_POSTGRES}, code text COLLATE "C", label text COLLATE "C", label_folded text COLLATE "C",
            price_minor bigint, price_currency text, done boolean, due date, tags text[], counter bigint, owner_id uuid,
            PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, owner_id) REFERENCES toy_owner (tenant_id, id)); {KEYS}"#
    );
    Some(fixture("PostgreSQL", cluster.fresh_database(), &tables, connections, None).await)
}

async fn fixture(name: &'static str, url: String, tables: &str, connections: u32, directory: Option<tempfile::TempDir>) -> Fixture {
    let store = Store::open(&StoreSettings { url: url.clone(), connections: Some(connections) }).await.unwrap();
    let migration = store.migration_connection().await.unwrap();
    assert_eq!(store.migrations().await.unwrap(), Vec::<String>::new(), "nothing is migrated yet");
    // The first migration is the system's own tables; the others belong to the domains.
    Migrator::up(&migration, Some(1)).await.unwrap();
    migration.execute_unprepared(tables).await.unwrap();
    migration.close().await.unwrap();
    assert_eq!(store.migrations().await.unwrap(), ["m0001_system"]);
    Fixture { store, url, name, registry: Arc::new(registry()), _directory: directory }
}

fn registry() -> Registry {
    let text = || FieldType::Text { max: 200, format: TextFormat::Plain };
    let field = |name: &'static str, kind| FieldDef::new(name, clientela_model::naming::snake(name), kind, "A field.", "null");
    let resource = |name: &str, prefix: &'static str, fields: Vec<FieldDef>| {
        let mut def = ResourceDef::named(name);
        def.prefix = prefix.into();
        def.description = "A toy.".into();
        def.fields = system::fields(prefix).into_iter().chain(fields).collect();
        def
    };
    let reference = ReferenceDef {
        target: "toyOwner".into(),
        relation: "owner".into(),
        inverse: None,
        inverse_description: "".into(),
        on_delete: OnDelete::Restrict,
        personal: clientela_model::Personal::AsDeleted,
        prefix: "".into(),
        table: "".into(),
        also_accepts: Vec::new(),
    };
    let mut item = resource(
        "toyItem",
        "toy",
        vec![
            field("code", text()),
            FieldDef { folded: true, ..field("label", text()) },
            field("price", FieldType::Money),
            field("done", FieldType::Boolean),
            field("due", FieldType::Date),
            field("tags", FieldType::TextSet { max_items: 9, max_length: 9 }),
            field("counter", FieldType::Integer { min: 0, max: i64::MAX }),
            field("ownerId", FieldType::Reference(reference)),
        ],
    );
    item.unique = vec![
        UniqueDef { index: "toy_item_code".into(), fields: vec!["code".into()] },
        UniqueDef { index: "toy_item_label".into(), fields: vec!["label".into()] },
    ];
    Registry::new(vec![resource("toyOwner", "own", vec![field("name", text())]), item]).unwrap()
}

/// A new id. Tests need them distinct and of version 7, not in the order of time.
pub(crate) fn id() -> Id {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = u128::from(NEXT.fetch_add(1, Ordering::Relaxed));
    Id(uuid::Builder::from_u128(0x0198_0000_0000_0000_0000_0000_0000_0000 | number).with_version(uuid::Version::SortRand).into_uuid())
}

impl Fixture {
    pub(crate) fn scope(&self) -> Scope {
        self.store.scope(TENANT)
    }

    pub(crate) fn def(&self, name: &str) -> Arc<ResourceDef> {
        Arc::clone(self.registry.resource(name).unwrap())
    }

    /// A new record with these fields.
    pub(crate) fn insert(&self, resource: &str, id: Id, fields: &[(&str, Value)]) -> RowChange {
        let def = self.def(resource);
        let mut values: Vec<(usize, Value)> = def.fields.iter().enumerate().map(|(index, _)| (index, Value::Null)).collect();
        let system = [
            ("id", Value::Id(id.0)),
            ("version", Value::Integer(1)),
            ("createdAt", Value::Instant(NOW)),
            ("createdBy", "usr_toy".into()),
            ("updatedAt", Value::Instant(NOW)),
            ("updatedBy", "usr_toy".into()),
        ];
        for (name, value) in system.iter().chain(fields) {
            values[def.field_index(name).unwrap()].1 = value.clone();
        }
        RowChange { def, id, values, guard: RowGuard::Insert, references: Vec::new(), log: Some(log(1, ChangeKind::Created)), search: None }
    }

    /// A change of a record that has this version.
    pub(crate) fn update(&self, resource: &str, id: Id, version: i64, fields: &[(&str, Value)]) -> RowChange {
        let def = self.def(resource);
        let index = |name: &str| def.field_index(name).unwrap();
        let mut values = vec![(index("version"), Value::Integer(version + 1))];
        values.extend(fields.iter().map(|(name, value)| (index(name), value.clone())));
        let log = Some(log(version + 1, ChangeKind::Updated));
        RowChange { def, id, values, guard: RowGuard::Version(version), references: Vec::new(), log, search: None }
    }

    /// The fields of a record, living or not.
    pub(crate) async fn read(&self, resource: &str, id: Id, fields: &[&str]) -> Option<Vec<Value>> {
        let def = self.def(resource);
        let rows = self.fetch(&def, id, fields).await.unwrap();
        let row = rows.first()?;
        let mut column = 0;
        let mut values = Vec::new();
        for field in fields.iter().map(|name| def.field(name).unwrap()) {
            values.push(row.value(column, field).unwrap());
            column += clientela_store::width(field);
        }
        Some(values)
    }

    pub(crate) async fn fetch(&self, def: &ResourceDef, id: Id, fields: &[&str]) -> clientela_kernel::Result<Rows> {
        let filter = Filter::field("id", Comparison::Equal(Value::Id(id.0)));
        let select = Select {
            registry: &self.registry,
            def,
            joins: Vec::new(),
            columns: fields.iter().map(|name| Column { table: 0, field: def.field(name).unwrap() }).collect(),
            filters: vec![&filter],
            deleted: DeletedMode::Include,
            sort: Vec::new(),
            seek: None,
            until: None,
            backward: false,
            limit: None,
            parents: None,
        };
        self.scope().fetch(&select).await
    }

    /// Version and counter of an item.
    pub(crate) async fn counter(&self, id: Id) -> Option<(i64, i64)> {
        let values = self.read("toyItem", id, &["version", "counter"]).await?;
        Some((values[0].as_integer()?, values[1].as_integer()?))
    }

    /// Waits until no transaction is older than what the log holds. The tests of this binary share one cluster, and a
    /// transaction that one of them holds open holds back everybody's feed.
    pub(crate) async fn settled(&self) {
        if !self.url.starts_with("postgres") {
            return;
        }
        let mut raw = PgConnection::connect(&self.url).await.unwrap();
        let behind = "SELECT count(*) FROM change_log WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())";
        for _ in 0..6_000 {
            if sqlx::query(behind).fetch_one(&mut raw).await.unwrap().get::<i64, _>(0) == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("a transaction held the feed back for a minute");
    }

    /// Every change of the feed, in its order.
    pub(crate) async fn feed(&self) -> Vec<clientela_store::Change> {
        self.settled().await;
        self.scope().changes(None, 1_000_000).await.unwrap().changes
    }
}

pub(crate) fn log(version: i64, kind: ChangeKind) -> LogEntry {
    LogEntry {
        version,
        at: NOW,
        actor: "usr_toy".to_owned(),
        client: Some("toy shop".to_owned()),
        request: Uuid::from_u128(0x1e),
        kind,
        minds_locks: true,
        before: (version > 1).then(|| r#"{"counter": 1}"#.to_owned()),
        after: Some(r#"{"counter": 2}"#.to_owned()),
    }
}

pub(crate) fn key(key: &str, record: Id, version: i64) -> IdempotencyWrite {
    IdempotencyWrite {
        principal: "usr_toy".to_owned(),
        key: key.to_owned(),
        fingerprint: "f00d".to_owned(),
        status: 201,
        resource: "toyItem".to_owned(),
        record,
        version,
        at: NOW,
        answer: None,
    }
}

pub(crate) fn set(rows: Vec<RowChange>) -> WriteSet {
    WriteSet { tenant: TENANT, rows, idempotency: None, audit: None }
}
