//! The tables there are once every step was carried out, told from the committed snapshot, which a test holds to the steps.

const SNAPSHOT: &str = include_str!("../schema.postgres.sql");

/// Every table but those of the migrations, the search and the feed: name, then columns with their types.
pub fn tables() -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    let mut tables: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    for line in SNAPSHOT.lines() {
        if let Some(name) = line.strip_prefix("CREATE TABLE ") {
            tables.push((name, Vec::new()));
            continue;
        }
        let Some((name, rest)) = line.strip_prefix("    ").and_then(|line| line.split_once(' ')) else { continue };
        let is_column = !matches!(name, "CONSTRAINT" | "CREATE") && !rest.is_empty();
        let kind = rest.split(" COLLATE ").next().unwrap_or(rest);
        let kind = [" NOT NULL", " DEFAULT", " GENERATED"].iter().fold(kind, |kind, end| kind.split(end).next().unwrap_or(kind));
        if let Some((_, columns)) = tables.last_mut().filter(|_| is_column) {
            columns.push((name, kind));
        }
    }
    // Documents of the search are made of the records, and look otherwise on each database.
    // Places in the log are other ones in another database, so what consumers hold is no part of it either.
    tables.retain(|(name, _)| !matches!(*name, "seaql_migrations" | "search_document" | "feed_view" | "feed_member"));
    tables
}

/// Every reference between tables, within a tenant: the table, its column, the table whose ids are in it.
pub fn references() -> Vec<(&'static str, &'static str, &'static str)> {
    let mut table = "";
    let mut references = Vec::new();
    for line in SNAPSHOT.lines() {
        if let Some(name) = line.strip_prefix("CREATE TABLE ") {
            table = name;
        }
        let key = line.split_once("FOREIGN KEY (tenant_id, ").and_then(|(_, rest)| rest.split_once(") REFERENCES "));
        if let Some((column, target)) = key.and_then(|(column, rest)| Some((column, rest.split_once("(tenant_id, id)")?.0))) {
            references.push((table, column, target));
        }
    }
    references
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_their_types() {
        let tables = tables();
        let columns = |wanted: &str| tables.iter().find(|(name, _)| *name == wanted).map(|(_, columns)| columns.clone()).unwrap();
        assert!(columns("account").starts_with(&[("tenant_id", "uuid"), ("id", "uuid"), ("version", "bigint")]));
        for (table, column) in [
            ("account", ("domains", "text[]")),
            ("contact", ("birth_date", "date")),
            ("account", ("deleted_at", "timestamp with time zone")),
            ("change_log", ("before", "jsonb")),
            ("change_log", ("seq", "bigint")),
            ("app_user", ("active", "boolean")),
            ("idempotency", ("status", "integer")),
        ] {
            assert!(columns(table).contains(&column), "{table} {column:?}: {:?}", columns(table));
        }
    }

    #[test]
    fn every_reference_is_told() {
        let references = references();
        assert_eq!(references.len(), SNAPSHOT.matches("FOREIGN KEY").count());
        assert!(references.contains(&("contact", "account_id", "account")));
    }
}
