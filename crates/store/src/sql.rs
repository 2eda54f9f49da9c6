//! A statement under construction: text and bound values. Identifiers come from definitions, which the registry has
//! checked; everything a caller gave is bound.

use crate::Dialect;
use crate::bind::{bind_pg, bind_sqlite};
use crate::document;
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

/// The name of a table in a statement: `t0` is the resource, `t1`… its joins, `s1`… the subqueries of filters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alias {
    /// `t` or `s`.
    pub(crate) letter: char,
    /// Which.
    pub(crate) number: usize,
}

impl Alias {
    /// The resource or one of its joins.
    pub(crate) fn table(number: usize) -> Alias {
        Alias { letter: 't', number }
    }
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
    /// The best plan depends on the values: one for any values is never made.
    pub(crate) by_value: bool,
}

impl Sql {
    /// An empty statement.
    pub fn new(dialect: Dialect) -> Self {
        Sql { dialect, text: String::with_capacity(512), arguments: Vec::new(), by_value: false }
    }

    /// An empty statement whose first argument is the tenant; [`Sql::tenant`] refers to it.
    pub fn of_tenant(dialect: Dialect, tenant: TenantId) -> Self {
        let mut sql = Sql { dialect, text: String::with_capacity(1_024), arguments: Vec::with_capacity(8), by_value: false };
        sql.arguments.push(Argument::Value(Value::Id(tenant.0)));
        sql
    }

    /// Appends text made of definitions and keywords.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Has the statement planned for its values each time.
    pub(crate) fn plan_by_value(&mut self) -> &mut Self {
        self.by_value = true;
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
        // Nearly every number is one digit, and this runs some thirty times a statement.
        match u32::try_from(number).ok().and_then(|number| char::from_digit(number, 10)) {
            Some(digit) => self.text.push(digit),
            None => self.text.push_str(&number.to_string()),
        }
        self
    }

    /// Appends a limit. It stands in the text, since PostgreSQL plans a bound one badly.
    pub fn push_limit(&mut self, limit: u32) -> &mut Self {
        self.push_number(usize::try_from(limit).unwrap_or(usize::MAX))
    }

    /// Appends `tN.column`.
    pub fn column(&mut self, table: usize, column: &str) -> &mut Self {
        self.of(Alias::table(table), column)
    }

    /// Appends a column of a table.
    pub(crate) fn of(&mut self, alias: Alias, column: &str) -> &mut Self {
        self.part(alias, column, "")
    }

    /// Appends one of the columns of a field, or what stands for it in the document of a tenant's own fields.
    pub(crate) fn part(&mut self, alias: Alias, column: &str, suffix: &str) -> &mut Self {
        if column.as_bytes().first() == Some(&b'@') {
            document::push(self, alias, column, suffix);
            return self;
        }
        self.alias(alias).push(".").push(column).push(suffix)
    }

    /// Appends the name of a table in the statement.
    pub(crate) fn alias(&mut self, alias: Alias) -> &mut Self {
        self.text.push(alias.letter);
        self.push_number(alias.number)
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
