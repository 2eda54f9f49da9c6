//! A table as a list of columns, made alike on both databases. Names are constants of the steps, never input.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// The closed list of column types.
#[derive(Clone, Copy)]
pub enum Kind {
    /// An identity.
    Uuid,
    /// Text, compared by code point.
    Text,
    /// A set of texts: `text[]`, or a JSON array.
    TextSet,
    /// Yes or no.
    Boolean,
    /// 64 bits.
    Integer,
    /// A calendar day.
    Date,
    /// A moment, to the millisecond.
    Instant,
}

impl Kind {
    fn sql(self, backend: DbBackend) -> &'static str {
        let (sqlite, postgres) = match self {
            Kind::Uuid => ("BLOB", "uuid"),
            Kind::Text => ("TEXT", "text COLLATE \"C\""),
            Kind::TextSet => ("TEXT", "text[] COLLATE \"C\""),
            Kind::Boolean => ("INTEGER", "boolean"),
            Kind::Integer => ("INTEGER", "bigint"),
            Kind::Date => ("TEXT", "date"),
            Kind::Instant => ("INTEGER", "timestamptz"),
        };
        if backend == DbBackend::Postgres { postgres } else { sqlite }
    }
}

/// A table of records: the tenant and the system columns come with it.
pub struct Table {
    name: &'static str,
    columns: Vec<(String, Kind, bool)>,
    references: Vec<(&'static str, &'static str)>,
    checks: Vec<String>,
    indexes: Vec<String>,
}

impl Table {
    /// A table with the columns that every record has.
    pub fn new(name: &'static str) -> Self {
        let mut table = Table { name, columns: Vec::new(), references: Vec::new(), checks: Vec::new(), indexes: Vec::new() };
        for (column, kind) in [
            ("tenant_id", Kind::Uuid),
            ("id", Kind::Uuid),
            ("version", Kind::Integer),
            ("created_at", Kind::Instant),
            ("created_by", Kind::Text),
            ("updated_at", Kind::Instant),
            ("updated_by", Kind::Text),
        ] {
            table = table.required(column, kind);
        }
        table.optional("deleted_at", Kind::Instant)
    }

    /// A column that always has a value.
    pub fn required(mut self, column: &str, kind: Kind) -> Self {
        self.columns.push((column.to_owned(), kind, true));
        self
    }

    /// A column that may be empty.
    pub fn optional(mut self, column: &str, kind: Kind) -> Self {
        self.columns.push((column.to_owned(), kind, false));
        self
    }

    /// A text that always has a value, and its folded copy.
    pub fn required_folded(self, column: &str) -> Self {
        self.required(column, Kind::Text).required(&format!("{column}_folded"), Kind::Text)
    }

    /// A text that may be empty, and its folded copy.
    pub fn optional_folded(self, column: &str) -> Self {
        self.optional(column, Kind::Text).optional(&format!("{column}_folded"), Kind::Text)
    }

    /// An amount that may be empty: minor units and currency, both or neither.
    pub fn money(mut self, column: &str) -> Self {
        self.checks.push(format!("({column}_minor IS NULL) = ({column}_currency IS NULL)"));
        self.optional(&format!("{column}_minor"), Kind::Integer).optional(&format!("{column}_currency"), Kind::Text)
    }

    /// An amount that is always there: minor units and currency.
    pub fn required_money(self, column: &str) -> Self {
        self.required(&format!("{column}_minor"), Kind::Integer).required(&format!("{column}_currency"), Kind::Text)
    }

    /// A reference that always names a record of the same tenant, with the index that finds the records that name it.
    pub fn required_reference(self, column: &'static str, target: &'static str) -> Self {
        self.required(column, Kind::Uuid).key(column, target).index(&[column, "id"])
    }

    /// A reference that may be empty, with the index that finds the records that name a record; those that name none are
    /// not in it.
    pub fn optional_reference(self, column: &'static str, target: &'static str) -> Self {
        let mut table = self.optional(column, Kind::Uuid).key(column, target).index(&[column, "id"]);
        if let Some(index) = table.indexes.last_mut() {
            index.push_str(&format!(" WHERE {column} IS NOT NULL"));
        }
        table
    }

    /// A reference that always names a record of any resource, with the index that finds what names a record.
    pub fn required_any_reference(self, column: &str) -> Self {
        let id = format!("{column}_id");
        self.required(&format!("{column}_resource"), Kind::Text).required(&id, Kind::Uuid).index(&[&id, "id"])
    }

    /// A reference to a record of any resource that may be empty: resource and id, both or neither.
    pub fn optional_any_reference(mut self, column: &str) -> Self {
        let id = format!("{column}_id");
        self.checks.push(format!("({column}_resource IS NULL) = ({id} IS NULL)"));
        self.optional(&format!("{column}_resource"), Kind::Text).optional(&id, Kind::Uuid).index(&[&id, "id"])
    }

    /// Makes a column a reference without an index of its own: another index of the table begins with it.
    pub fn key(mut self, column: &'static str, target: &'static str) -> Self {
        self.references.push((column, target));
        self
    }

    /// The user who is responsible.
    pub fn owned(self) -> Self {
        self.optional_reference("owner_id", "app_user")
    }

    /// Free labels.
    pub fn tagged(self) -> Self {
        self.required("tags", Kind::TextSet)
    }

    /// A condition on every row.
    pub fn check(mut self, condition: &str) -> Self {
        self.checks.push(condition.to_owned());
        self
    }

    /// An index within the tenant.
    pub fn index(mut self, columns: &[&str]) -> Self {
        let stem = columns.iter().copied().filter(|column| *column != "id").collect::<Vec<_>>().join("_");
        self.indexes.push(format!("CREATE INDEX {0}_{stem}_index ON {0} (tenant_id, {1})", self.name, columns.join(", ")));
        self
    }

    /// Columns that are together unique within the tenant, among the living.
    pub fn unique(mut self, name: &str, columns: &[&str]) -> Self {
        self.indexes.push(format!(
            "CREATE UNIQUE INDEX {name} ON {} (tenant_id, {}) WHERE deleted_at IS NULL",
            self.name,
            columns.join(", ")
        ));
        self
    }

    fn foreign_key((column, target): &(&str, &str)) -> String {
        format!("FOREIGN KEY (tenant_id, {column}) REFERENCES {target} (tenant_id, id)")
    }

    fn create(&self, backend: DbBackend) -> String {
        let mut parts: Vec<String> = self
            .columns
            .iter()
            .map(|(name, kind, required)| format!("{name} {}{}", kind.sql(backend), if *required { " NOT NULL" } else { "" }))
            .collect();
        parts.push("PRIMARY KEY (tenant_id, id)".to_owned());
        parts.extend(self.checks.iter().map(|condition| format!("CHECK ({condition})")));
        // SQLite cannot add a key later, but lets one name a table that is yet to come; PostgreSQL the other way round.
        if backend == DbBackend::Sqlite {
            parts.extend(self.references.iter().map(Table::foreign_key));
        }
        // STRICT makes SQLite refuse what is not of the column's type.
        let ending = if backend == DbBackend::Sqlite { " STRICT" } else { "" };
        format!("CREATE TABLE {} (\n    {}\n){ending}", self.name, parts.join(",\n    "))
    }

    fn add_keys(&self) -> impl Iterator<Item = String> {
        self.references.iter().map(|reference| format!("ALTER TABLE {} ADD {}", self.name, Table::foreign_key(reference)))
    }
}

/// Makes tables that may refer to one another.
pub async fn create(manager: &SchemaManager<'_>, tables: &[Table]) -> Result<(), DbErr> {
    let backend = manager.get_database_backend();
    let mut script = String::new();
    for table in tables {
        write_statement(&mut script, &table.create(backend));
    }
    for table in tables {
        if backend == DbBackend::Postgres {
            table.add_keys().for_each(|key| write_statement(&mut script, &key));
        }
        table.indexes.iter().for_each(|index| write_statement(&mut script, index));
    }
    manager.get_connection().execute_unprepared(&script).await.map(|_| ())
}

fn write_statement(script: &mut String, statement: &str) {
    script.push_str(statement);
    script.push_str(";\n");
}
