//! The toy's tables on both databases, and statements run there.
#![expect(clippy::await_holding_refcell_ref, reason = "one thread runs one statement at a time to its end")]
#![expect(clippy::print_stderr, reason = "a test that passes over a database says so")]

use super::toy;
use clientela_kernel::{TenantId, Value, fold};
use clientela_model::{FieldDef, FieldType, Registry, ResourceDef};
use clientela_store::sql::{Argument, Sql};
use clientela_store::{Dialect, Row, Rows};
use clientela_testkit::postgres::Cluster;
use clientela_tests::evaluator::World;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use std::cell::RefCell;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Both databases with the same records of two tenants; SQLite alone where PostgreSQL is not installed.
pub(crate) struct Databases {
    pub(crate) registry: Registry,
    /// The records of [`Databases::tenant`].
    pub(crate) world: World,
    runtime: Runtime,
    sqlite: RefCell<SqliteConnection>,
    postgres: Option<RefCell<PgConnection>>,
}

impl Databases {
    /// Tables and records in databases of this test's own.
    pub(crate) fn new() -> Databases {
        let registry = toy::registry();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (sqlite, postgres) = runtime.block_on(async {
            let sqlite = SqliteConnection::connect("sqlite::memory:").await.unwrap();
            let postgres = match Cluster::shared() {
                Ok(cluster) => Some(PgConnection::connect(&cluster.fresh_database()).await.unwrap()),
                Err(skipped) => {
                    eprintln!("{skipped}");
                    None
                }
            };
            (sqlite, postgres)
        });
        let world = toy::world(&registry, 1);
        let databases = Databases { registry, world, runtime, sqlite: RefCell::new(sqlite), postgres: postgres.map(RefCell::new) };
        for def in databases.registry.resources() {
            for dialect in databases.dialects() {
                databases.execute(dialect, &create_table(def, dialect));
            }
        }
        databases.insert(Databases::tenant(), &databases.world);
        databases.insert(TenantId(Uuid::from_u128(2)), &toy::world(&databases.registry, 2));
        databases
    }

    /// The tenant that the tests ask in.
    pub(crate) fn tenant() -> TenantId {
        TenantId(Uuid::from_u128(1))
    }

    /// The databases there are.
    pub(crate) fn dialects(&self) -> impl Iterator<Item = Dialect> {
        [Dialect::Sqlite].into_iter().chain(self.postgres.as_ref().map(|_| Dialect::Postgres))
    }

    fn insert(&self, tenant: TenantId, world: &World) {
        for def in self.registry.resources() {
            for record in world.of(def) {
                for dialect in self.dialects() {
                    let mut sql = Sql::of_tenant(dialect, tenant);
                    sql.push("INSERT INTO ").push(&def.table).push(" VALUES (").tenant();
                    for (field, value) in def.fields.iter().zip(record) {
                        push_value(&mut sql, field, value);
                    }
                    sql.push(")");
                    self.run(sql);
                }
            }
        }
    }

    /// Runs text without arguments.
    pub(crate) fn execute(&self, dialect: Dialect, text: &str) {
        let text = AssertSqlSafe(text.to_owned());
        self.runtime.block_on(async {
            match dialect {
                Dialect::Sqlite => drop(sqlx::raw_sql(text).execute(&mut *self.sqlite.borrow_mut()).await.unwrap()),
                Dialect::Postgres => drop(sqlx::raw_sql(text).execute(&mut *self.postgres.as_ref().unwrap().borrow_mut()).await.unwrap()),
            }
        });
    }

    /// Runs a statement.
    pub(crate) fn run(&self, sql: Sql) -> Rows {
        let text = sql.text.clone();
        self.runtime.block_on(async {
            match sql.dialect {
                Dialect::Sqlite => {
                    let (text, arguments) = sql.into_sqlite().unwrap();
                    let rows = sqlx::query_with(text, arguments).fetch_all(&mut *self.sqlite.borrow_mut()).await;
                    rows.map(|rows| rows.into_iter().map(Row::Sqlite).collect())
                }
                Dialect::Postgres => {
                    let (text, arguments) = sql.into_pg().unwrap();
                    let rows = sqlx::query_with(text, arguments).fetch_all(&mut *self.postgres.as_ref().unwrap().borrow_mut()).await;
                    rows.map(|rows| rows.into_iter().map(Row::Postgres).collect())
                }
            }
            .unwrap_or_else(|error| panic!("{error}\n{text}"))
        })
    }
}

fn push_value(sql: &mut Sql, field: &FieldDef, value: &Value) {
    let nothing = |sql: &mut Sql, count: usize| {
        for _ in 0..count {
            sql.push(", NULL");
        }
    };
    match value {
        Value::Null => nothing(sql, field.columns().len() + usize::from(field.folded)),
        Value::Money(money) => {
            sql.push(", ").value(&Value::Integer(money.minor)).push(", ").value(&Value::from(money.currency.code()));
        }
        Value::Record(record) => {
            sql.push(", ").value(&Value::from(record.resource.as_ref())).push(", ").value(&Value::Id(record.id));
        }
        value => {
            sql.push(", ").bind(Argument::Value(value.clone()));
            if field.folded {
                sql.push(", ").value(&Value::Text(value.as_text().map(fold::fold).unwrap_or_default()));
            }
        }
    }
}

fn create_table(def: &ResourceDef, dialect: Dialect) -> String {
    let postgres = dialect == Dialect::Postgres;
    let by = |on_postgres: &'static str, on_sqlite: &'static str| if postgres { on_postgres } else { on_sqlite };
    let text = by("text COLLATE \"C\"", "TEXT");
    let mut columns = vec![format!("tenant_id {} NOT NULL", by("uuid", "BLOB"))];
    for field in &def.fields {
        let types = match &field.kind {
            FieldType::Id | FieldType::Reference(_) => vec![by("uuid", "BLOB")],
            FieldType::AnyReference(_) => vec![text, by("uuid", "BLOB")],
            FieldType::Text { .. } | FieldType::Choice(_) => vec![text],
            FieldType::TextSet { .. } => vec![by("text[]", "TEXT")],
            FieldType::Boolean => vec![by("boolean", "INTEGER")],
            FieldType::Integer { .. } | FieldType::Decimal { .. } | FieldType::Duration => vec![by("bigint", "INTEGER")],
            FieldType::Date => vec![by("date", "TEXT")],
            FieldType::Instant => vec![by("timestamptz", "INTEGER")],
            FieldType::Money => vec![by("bigint", "INTEGER"), text],
        };
        let not_null = if field.required { " NOT NULL" } else { "" };
        columns.extend(field.columns().iter().zip(types).map(|(name, kind)| format!("{name} {kind}{not_null}")));
        if field.folded {
            columns.push(format!("{} {text}{not_null}", field.folded_column()));
        }
    }
    format!("CREATE TABLE {} ({}, PRIMARY KEY (tenant_id, id))", def.table, columns.join(", "))
}
