//! Which database, and what differs: every text that the two databases do not share is made in this folder.

pub(crate) mod postgres;
mod sqlite;

use crate::compile::Level;
use crate::select::Parents;
use crate::sql::{Alias, Argument, Sql};
use clientela_kernel::Result;

/// The database behind a store, chosen by URL at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Embedded, one file.
    Sqlite,
    /// A server, and the engines that speak its protocol.
    Postgres,
}

impl Dialect {
    /// Appends: the text column contains the needle.
    pub(crate) fn contains(self, sql: &mut Sql, alias: Alias, column: &str, needle: &str) {
        match self {
            Dialect::Sqlite => sqlite::contains(sql, alias, column, needle),
            Dialect::Postgres => postgres::like(sql, alias, column, "%", needle, "%"),
        }
    }

    /// What stands behind a constant text that is compared by code point.
    pub(crate) fn exact_text(self) -> &'static str {
        match self {
            Dialect::Sqlite => "'",
            Dialect::Postgres => "'::text COLLATE \"C\"",
        }
    }

    /// Appends: the text column ends with the needle, which is not empty.
    pub(crate) fn ends_with(self, sql: &mut Sql, alias: Alias, column: &str, needle: &str) {
        match self {
            Dialect::Sqlite => sqlite::ends_with(sql, alias, column, needle),
            Dialect::Postgres => postgres::like(sql, alias, column, "%", needle, ""),
        }
    }

    /// Appends, led by AND: the text column begins with the prefix, in the form that a trigram index serves, where there are
    /// such indexes.
    pub(crate) fn prefix_pattern(self, sql: &mut Sql, alias: Alias, column: &str, prefix: &str) {
        if self == Dialect::Postgres {
            sql.push(" AND ");
            postgres::like(sql, alias, column, "", prefix, "%");
        }
    }

    /// Appends: the column's value is in the set, which is one parameter.
    pub(crate) fn is_one_of(self, sql: &mut Sql, alias: Alias, column: &str, set: Argument) {
        match self {
            Dialect::Sqlite => sqlite::is_one_of(sql, alias, column, set),
            Dialect::Postgres => postgres::is_one_of(sql, alias, column, set),
        }
    }

    /// Appends: the text set has at least one of these.
    pub(crate) fn has_any(self, sql: &mut Sql, alias: Alias, column: &str, texts: Vec<String>) {
        match self {
            Dialect::Sqlite => sqlite::has_any(sql, alias, column, texts),
            Dialect::Postgres => postgres::set_operator(sql, alias, column, " && ", texts),
        }
    }

    /// Appends: the text set has all of these; false for a null set.
    pub(crate) fn has_all(self, sql: &mut Sql, alias: Alias, column: &str, texts: Vec<String>) {
        match self {
            Dialect::Sqlite => sqlite::has_all(sql, alias, column, texts),
            Dialect::Postgres => postgres::set_operator(sql, alias, column, " @> ", texts),
        }
    }

    /// Appends the direction of an order key; null counts as greatest.
    pub(crate) fn direction(self, sql: &mut Sql, descending: bool, nullable: bool) {
        // PostgreSQL's default is what we want. SQLite holds null for least, and only an order without NULLS words
        // can follow an index there.
        sql.push(match (self, descending, nullable) {
            (Dialect::Sqlite, false, true) => " ASC NULLS LAST",
            (Dialect::Sqlite, true, true) => " DESC NULLS FIRST",
            (_, false, _) => " ASC",
            (_, true, _) => " DESC",
        });
    }

    /// Appends the whole statement of a level below parents.
    pub(crate) fn of_parents(self, sql: &mut Sql, level: &mut Level<'_>, parents: &Parents<'_>) -> Result<()> {
        match self {
            Dialect::Sqlite => sqlite::of_parents(sql, level, parents),
            Dialect::Postgres => postgres::of_parents(sql, level, parents),
        }
    }
}
