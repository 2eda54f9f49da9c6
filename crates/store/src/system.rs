//! The second, narrow door: what the server itself does across tenants. The tasks are a closed list.

use crate::fault::Fault;
use crate::pool::Link;
use crate::settings::Address;
use crate::{Store, postgres, sqlite};
use clientela_kernel::{Error, Result};
use sea_orm::Statement;
use sea_orm::sqlx::postgres::PgPoolOptions;
use sea_orm::sqlx::sqlite::SqlitePoolOptions;
use sea_orm::{
    Condition, ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, EntityTrait, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, RuntimeErr, SqlxPostgresConnector, SqlxSqliteConnector, TryGetable,
};
use sqlx::{PgConnection, SqliteConnection};
use std::time::Duration;
use tokio::sync::OnceCell;

/// Who may look across tenants, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemTask {
    /// Finding out whose a credential is.
    Credentials,
    /// Finding work that waits, and the files of it.
    Jobs,
    /// Checking the health of the data.
    Doctor,
    /// Listing tenants and making new ones.
    Tenants,
}

/// Reads across tenants.
#[derive(Clone, Debug)]
pub struct System {
    store: Store,
    task: SystemTask,
}

impl Store {
    /// The door of a system task.
    pub fn system(&self, task: SystemTask) -> System {
        System { store: self.clone(), task }
    }

    /// Rings a bell of PostgreSQL.
    pub(crate) async fn notify(&self, channel: &'static str) -> Result<()> {
        let connection = self.system_pool().connection(self.address()).await;
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, "SELECT pg_notify($1, '')", [channel.into()]);
        connection.execute_raw(statement).await.map(drop).map_err(|error| db_error(&error))
    }

    /// A connection of its own for migrations, without a limit on how long a statement may take. It ends when dropped.
    pub async fn migration_connection(&self) -> Result<DatabaseConnection> {
        let connected = match self.address() {
            Address::Postgres(options) => {
                let options = postgres::migration_options(options.as_ref().clone());
                let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(5)).connect_with(options).await;
                pool.map(SqlxPostgresConnector::from_sqlx_postgres_pool)
            }
            Address::Sqlite(path) => {
                let pool = SqlitePoolOptions::new().max_connections(1).connect_with(sqlite::writing_options(path)).await;
                pool.map(SqlxSqliteConnector::from_sqlx_sqlite_pool)
            }
        };
        connected.map_err(|error| Error::unavailable(format!("cannot connect to the database to migrate it: {error}")))
    }
}

impl System {
    /// The rows of an entity that satisfy a condition, whatever their tenant.
    pub async fn find<E: EntityTrait>(&self, condition: Condition) -> Result<Vec<E::Model>> {
        let connection = self.store.system_pool().connection(self.store.address()).await;
        tracing::trace!(task = ?self.task, entity = E::default().table_name(), "system read");
        E::find().filter(condition).all(connection).await.map_err(|error| db_error(&error))
    }
}

impl System {
    /// The first rows of an entity that satisfy a condition, by a column, whatever their tenant.
    pub async fn first<E: EntityTrait>(&self, condition: Condition, order: E::Column, limit: u64) -> Result<Vec<E::Model>> {
        let connection = self.store.system_pool().connection(self.store.address()).await;
        tracing::trace!(task = ?self.task, entity = E::default().table_name(), "system read");
        let found = E::find().filter(condition).order_by_asc(order).limit(limit).all(connection).await;
        found.map_err(|error| db_error(&error))
    }

    /// The first distinct values of a column among the rows of an entity that satisfy a condition, in their order, whatever the tenant.
    pub async fn distinct<E: EntityTrait, T: TryGetable>(&self, condition: Condition, column: E::Column, limit: u64) -> Result<Vec<T>> {
        let connection = self.store.system_pool().connection(self.store.address()).await;
        tracing::trace!(task = ?self.task, entity = E::default().table_name(), "system read");
        let values = E::find().select_only().column(column).distinct().filter(condition).order_by_asc(column).limit(limit);
        values.into_tuple::<T>().all(connection).await.map_err(|error| db_error(&error))
    }
}

/// The connections of the system tasks: few, and made when first used.
#[derive(Default)]
pub(crate) struct SystemPool(OnceCell<DatabaseConnection>);

impl SystemPool {
    async fn connection(&self, address: &Address) -> &DatabaseConnection {
        self.0
            .get_or_init(async || match address {
                Address::Postgres(options) => SqlxPostgresConnector::from_sqlx_postgres_pool(
                    PgPoolOptions::new()
                        .max_connections(2)
                        .acquire_timeout(Duration::from_secs(2))
                        .connect_lazy_with(postgres::background_options(options.as_ref().clone())),
                ),
                Address::Sqlite(path) => SqlxSqliteConnector::from_sqlx_sqlite_pool(
                    SqlitePoolOptions::new()
                        .max_connections(2)
                        .acquire_timeout(Duration::from_secs(2))
                        .connect_lazy_with(sqlite::reading_options(path)),
                ),
            })
            .await
    }

    pub(crate) async fn close(&self) {
        if let Some(connection) = self.0.get()
            && let Err(error) = connection.close_by_ref().await
        {
            tracing::debug!(%error, "the system connections did not end in order");
        }
    }
}

/// A sea-orm error as the caller sees it.
fn db_error(error: &DbErr) -> Error {
    let fault = match error {
        DbErr::ConnectionAcquire(_) => Fault::Busy,
        DbErr::Conn(RuntimeErr::SqlxError(inner))
        | DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner)) => {
            // Codes of the two databases do not overlap: one has five characters, the other at most four.
            match <PgConnection as Link>::fault(inner) {
                Fault::Refused => <SqliteConnection as Link>::fault(inner),
                fault => fault,
            }
        }
        _ => Fault::Refused,
    };
    fault.error(error)
}
