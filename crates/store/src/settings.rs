//! Where the database is and how many connections may be open to it.

use crate::Dialect;
use clientela_kernel::{Error, Result};
use sqlx::postgres::PgConnectOptions;
use std::path::PathBuf;
use std::str::FromStr as _;

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// `sqlite:PATH`, or `postgres://user:password@host/database`.
    pub url: String,
    /// Greatest number of connections that serve requests. Without it: 20 to PostgreSQL, twice the cores (at least
    /// four) reading SQLite. A few more serve migration and credentials.
    pub connections: Option<u32>,
}

/// A URL, read.
#[derive(Clone)]
pub(crate) enum Address {
    /// The file.
    Sqlite(PathBuf),
    /// The server.
    Postgres(Box<PgConnectOptions>),
}

impl StoreSettings {
    /// The default number of connections to this database.
    pub fn new(url: impl Into<String>) -> Self {
        StoreSettings { url: url.into(), connections: None }
    }

    /// Which database the URL names, without opening it.
    pub fn dialect(&self) -> Result<Dialect> {
        Ok(match self.address()? {
            Address::Sqlite(_) => Dialect::Sqlite,
            Address::Postgres(_) => Dialect::Postgres,
        })
    }

    pub(crate) fn address(&self) -> Result<Address> {
        if let Some(path) = self.url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.contains(":memory:") || path.contains('?') {
                return Err(Error::internal(format!(
                    "the database URL sqlite:{path} must name a file, as in sqlite:clientela.db; options and memory databases are not supported"
                )));
            }
            return Ok(Address::Sqlite(PathBuf::from(path)));
        }
        if self.url.starts_with("postgres://") || self.url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(&self.url)
                .map_err(|error| Error::internal(format!("the database URL cannot be read as a PostgreSQL address: {error}")))?;
            return Ok(Address::Postgres(Box::new(options)));
        }
        // The rest of the URL may carry a password, so only its scheme is repeated.
        let scheme = self.url.split(':').next().unwrap_or_default();
        Err(Error::internal(format!("the database URL begins with {scheme:?}; use sqlite:PATH or postgres://user@host/database")))
    }

    pub(crate) fn connections(&self, dialect: Dialect) -> usize {
        let default = match dialect {
            Dialect::Postgres => 20,
            Dialect::Sqlite => std::thread::available_parallelism().map_or(4, |cores| (cores.get() * 2).max(4)),
        };
        self.connections.and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0).unwrap_or(default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_told_apart() {
        assert_eq!(StoreSettings::new("sqlite:a/b.db").dialect().unwrap(), Dialect::Sqlite);
        assert_eq!(StoreSettings::new("sqlite:///tmp/b.db").dialect().unwrap(), Dialect::Sqlite);
        assert_eq!(StoreSettings::new("postgres://me@localhost/crm").dialect().unwrap(), Dialect::Postgres);
        assert_eq!(StoreSettings::new("postgresql://me@localhost/crm").dialect().unwrap(), Dialect::Postgres);
        for bad in ["mysql://x:secret@y/z", "sqlite:", "sqlite::memory:", "clientela.db"] {
            let error = StoreSettings::new(bad).dialect().unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
