//! A statement under construction: text and bound values. Identifiers come from definitions, which the registry has
//! checked; everything a caller gave is bound.

use crate::Dialect;
use crate::bind::{bind_pg, bind_sqlite};
use clientela_kernel::{Date, Result, TenantId, Timestamp, Value};
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, SqlSafeStr as _, SqlStr};
use uuid::Uuid;

/// A bound value.
#[derive(Clone, Debug)]
pub enum Argument {
    /// A field value. Money has no single parameter: bind its parts.
    Value(Value),
    /// A set of ids, as one parameter.
    Ids(Vec<Uuid>),
    /// A set of texts, as one parameter.
    Texts(Vec<String>),
    /// A set of booleans, as one parameter.
    Booleans(Vec<bool>),
    /// A set of whole numbers, as one parameter.
    Integers(Vec<i64>),
    /// A set of days, as one parameter.
    Dates(Vec<Date>),
    /// A set of moments, as one parameter.
    Instants(Vec<Timestamp>),
    /// Text that is JSON.
    Json(String),
}

/// SQL text with its arguments.
#[derive(Clone, Debug)]
pub struct Sql {
    /// The dialect the text is for.
    pub dialect: Dialect,
    /// The text.
    pub text: String,
    /// The arguments, in the order of their placeholders.
    pub arguments: Vec<Argument>,
}

impl Sql {
    /// An empty statement.
    pub fn new(dialect: Dialect) -> Self {
        Sql { dialect, text: String::with_capacity(512), arguments: Vec::new() }
    }

    /// An empty statement whose first argument is the tenant; [`Sql::tenant`] refers to it.
    pub fn of_tenant(dialect: Dialect, tenant: TenantId) -> Self {
        let mut sql = Sql { dialect, text: String::with_capacity(1_024), arguments: Vec::with_capacity(8) };
        sql.arguments.push(Argument::Value(Value::Id(tenant.0)));
        sql
    }

    /// Appends text made of definitions and keywords.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a placeholder and binds its value.
    pub fn bind(&mut self, argument: Argument) -> &mut Self {
        self.arguments.push(argument);
        self.placeholder(self.arguments.len())
    }

    /// Appends a placeholder for a field value.
    pub fn value(&mut self, value: &Value) -> &mut Self {
        self.bind(Argument::Value(value.clone()))
    }

    /// Appends the placeholder of the tenant, which [`Sql::of_tenant`] has bound.
    pub fn tenant(&mut self) -> &mut Self {
        self.placeholder(1)
    }

    /// Appends the placeholder of an argument already bound, counted from 1.
    pub fn placeholder(&mut self, number: usize) -> &mut Self {
        self.text.push(if self.dialect == Dialect::Postgres { '$' } else { '?' });
        self.push_number(number)
    }

    /// Appends a number.
    pub fn push_number(&mut self, number: usize) -> &mut Self {
        use std::fmt::Write as _;
        let _ = write!(self.text, "{number}");
        self
    }

    /// Appends `tN.column`.
    pub fn column(&mut self, table: usize, column: &str) -> &mut Self {
        self.text.push('t');
        self.push_number(table);
        self.text.push('.');
        self.push(column)
    }

    /// Text and arguments for the PostgreSQL driver.
    pub fn into_pg(self) -> Result<(SqlStr, PgArguments)> {
        let mut arguments = PgArguments::default();
        arguments.reserve(self.arguments.len(), self.arguments.len() * 24);
        for argument in &self.arguments {
            bind_pg(&mut arguments, argument, None)?;
        }
        Ok((AssertSqlSafe(self.text).into_sql_str(), arguments))
    }

    /// Text and arguments for the SQLite driver.
    pub fn into_sqlite(self) -> Result<(SqlStr, SqliteArguments)> {
        let mut arguments = SqliteArguments::default();
        arguments.reserve(self.arguments.len(), 0);
        for argument in &self.arguments {
            bind_sqlite(&mut arguments, argument, None)?;
        }
        Ok((AssertSqlSafe(self.text).into_sql_str(), arguments))
    }
}
