//! What the doctor asks the database: how it is set, whether it is sound, and whether log and records agree.

use crate::sql::Sql;
use crate::{Dialect, Rows, Store};
use clientela_kernel::{Error, Result, Timestamp};
use clientela_model::ResourceDef;
use std::path::{Path, PathBuf};

/// What a database says about itself.
#[derive(Clone, Debug, Default)]
pub struct DatabaseFacts {
    /// Its version, such as `3.46.0` or `15.8`.
    pub version: String,
    /// Settings by name.
    pub settings: Vec<(String, String)>,
    /// Its clock; absent on SQLite, which has none of its own.
    pub now: Option<Timestamp>,
    /// The file; absent on PostgreSQL.
    pub file: Option<PathBuf>,
}

/// Records of a resource, and the change log, that do not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The resource.
    pub resource: String,
    /// Records of which the log does not know the version they have.
    pub unlogged: i64,
    /// Records that the log knows and that are not there.
    pub lost: i64,
}

impl Store {
    /// What the database says about itself.
    pub async fn facts(&self) -> Result<DatabaseFacts> {
        match self.dialect() {
            Dialect::Postgres => self.postgres_facts().await,
            Dialect::Sqlite => self.sqlite_facts().await,
        }
    }

    /// Whether SQLite's file is sound: what is wrong with it, nothing if it is well. Reads the whole file.
    pub async fn damage(&self) -> Result<Vec<String>> {
        if self.dialect() == Dialect::Postgres {
            return Ok(Vec::new());
        }
        let rows = self.texts("PRAGMA quick_check(20)").await?;
        let mut found: Vec<String> = rows.into_iter().filter(|line| line != "ok").collect();
        let orphans = self.read(|| Ok(self.plain("SELECT \"table\", count(*) FROM pragma_foreign_key_check GROUP BY 1"))).await?;
        for row in orphans.iter() {
            let (table, count) = (row.text(0)?.unwrap_or_default().to_owned(), row.integer(1)?.unwrap_or(0));
            found.push(format!("{count} rows of {table} refer to rows that are not there"));
        }
        Ok(found)
    }

    /// Compares a resource's records with the change log. Reads both.
    pub async fn disagreement(&self, def: &ResourceDef) -> Result<Disagreement> {
        let (table, name) = (def.table.as_ref(), def.name.as_ref());
        // Differences of sets, since they cost the same whether the database knows its tables' sizes or not.
        let unlogged = format!(
            "SELECT count(*) FROM (SELECT tenant_id, id, version FROM {table} \
             EXCEPT SELECT tenant_id, record_id, version FROM change_log WHERE resource = '{name}') AS found"
        );
        // What was erased is meant to be gone.
        let lost = format!(
            "SELECT count(*) FROM (SELECT tenant_id, record_id FROM change_log WHERE resource = '{name}' AND version = 1 \
             EXCEPT SELECT tenant_id, id FROM {table} \
             EXCEPT SELECT tenant_id, record_id FROM change_log WHERE resource = '{name}' AND kind = 'ERASED') AS found"
        );
        Ok(Disagreement { resource: name.to_owned(), unlogged: self.number(&unlogged).await?, lost: self.number(&lost).await? })
    }

    async fn postgres_facts(&self) -> Result<DatabaseFacts> {
        let names = "'server_version', 'server_encoding', 'fsync', 'full_page_writes', 'synchronous_commit', 'max_connections', \
                     'default_transaction_isolation', 'transaction_read_only'";
        let rows = self.ask(&format!("SELECT name, setting FROM pg_settings WHERE name IN ({names}) ORDER BY name")).await?;
        let mut settings = Vec::new();
        for row in rows.iter() {
            settings.push((row.text(0)?.unwrap_or_default().to_owned(), row.text(1)?.unwrap_or_default().to_owned()));
        }
        let now = self.number("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint").await?;
        let version = settings.iter().find(|(name, _)| name == "server_version").map(|(_, value)| value.clone()).unwrap_or_default();
        Ok(DatabaseFacts { version, settings, now: Some(Timestamp(now)), file: None })
    }

    async fn sqlite_facts(&self) -> Result<DatabaseFacts> {
        let version = self.texts("SELECT sqlite_version()").await?.pop().unwrap_or_default();
        let mut settings = Vec::new();
        for (name, question) in [
            ("journal_mode", "PRAGMA journal_mode"),
            ("page_count", "SELECT CAST(page_count AS TEXT) FROM pragma_page_count"),
            ("page_size", "SELECT CAST(page_size AS TEXT) FROM pragma_page_size"),
            ("freelist_count", "SELECT CAST(freelist_count AS TEXT) FROM pragma_freelist_count"),
        ] {
            settings.push((name.to_owned(), self.texts(question).await?.pop().unwrap_or_default()));
        }
        Ok(DatabaseFacts { version, settings, now: None, file: self.file().map(Path::to_owned) })
    }

    async fn ask(&self, text: &str) -> Result<Rows> {
        self.read(|| {
            let mut sql = Sql::new(self.dialect());
            sql.push(text);
            Ok(sql)
        })
        .await
    }

    async fn number(&self, text: &str) -> Result<i64> {
        let rows = self.ask(text).await?;
        let row = rows.first().ok_or_else(|| Error::internal("a count without a row"))?;
        Ok(row.integer(0)?.unwrap_or(0))
    }

    async fn texts(&self, text: &str) -> Result<Vec<String>> {
        let rows = self.ask(text).await?;
        rows.iter().map(|row| Ok(row.text(0)?.unwrap_or_default().to_owned())).collect()
    }
}
