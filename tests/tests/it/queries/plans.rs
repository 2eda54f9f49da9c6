//! The statements of the hot paths find their rows by index: no sort, no scan of the table.

use super::databases::Databases;
use clientela_kernel::{Among, Comparison, DeletedMode, Filter, Value};
use clientela_store::{Column, Dialect, Parents, Seek, Select, SortColumn};

fn explain(databases: &Databases, select: &Select<'_>, dialect: Dialect) -> String {
    let mut sql = select.compile(dialect, Databases::tenant()).unwrap();
    let (before, column) = if dialect == Dialect::Postgres { ("EXPLAIN (COSTS OFF) ", 0) } else { ("EXPLAIN QUERY PLAN ", 3) };
    sql.text.insert_str(0, before);
    let rows = databases.run(sql);
    rows.iter().map(|row| row.text(column).unwrap().unwrap().to_owned()).collect::<Vec<_>>().join("\n")
}

fn databases() -> Databases {
    let databases = Databases::new();
    for dialect in databases.dialects() {
        databases.execute(dialect, "CREATE INDEX contact_name ON contact (tenant_id, name, id)");
        databases.execute(dialect, "CREATE INDEX contact_account ON contact (tenant_id, account_id, name, id)");
    }
    // The table is small; what matters is which plans are possible.
    if databases.dialects().any(|dialect| dialect == Dialect::Postgres) {
        databases.execute(Dialect::Postgres, "SET enable_seqscan = off; SET enable_bitmapscan = off");
    }
    databases
}

fn level(databases: &Databases) -> Select<'_> {
    let def = databases.registry.resource("contact").unwrap();
    let key = |name| SortColumn { table: 0, field: def.field(name).unwrap(), nullable: false, descending: true };
    Select {
        registry: &databases.registry,
        def,
        joins: Vec::new(),
        columns: vec![Column { table: 0, field: def.field("nickname").unwrap() }],
        filters: Vec::new(),
        deleted: DeletedMode::Exclude,
        sort: vec![key("name"), key("id")],
        seek: None,
        until: None,
        backward: false,
        limit: Some(5),
        parents: None,
    }
}

#[test]
fn a_deep_page_starts_at_its_place() {
    let databases = databases();
    let mut page = level(&databases);
    page.seek = Some(Seek { values: vec![Value::from("m"), Value::Id(super::toy::id(3))] });
    for dialect in databases.dialects() {
        let plan = explain(&databases, &page, dialect);
        if dialect == Dialect::Postgres {
            assert!(plan.contains("Index Scan Backward using contact_name"), "{plan}");
            assert!(plan.contains("AND (ROW(name, id) < ROW("), "{plan}");
            assert!(!plan.contains("Sort"), "{plan}");
        } else {
            assert_eq!(plan, "SEARCH t0 USING INDEX contact_name (tenant_id=? AND (name,id)<(?,?))");
        }
    }
}

#[test]
fn a_level_reads_each_parents_first_records_by_index() {
    let databases = databases();
    let mut children = level(&databases);
    children.parents = Some(Parents { field: children.def.field("accountId").unwrap(), ids: vec![super::toy::id(1)], resource: None });
    for dialect in databases.dialects() {
        let plan = explain(&databases, &children, dialect);
        if dialect == Dialect::Postgres {
            assert!(plan.contains("Index Scan Backward using contact_account"), "{plan}");
            assert!(plan.contains("AND (account_id = k.id))"), "{plan}");
            assert!(!plan.contains("Sort"), "{plan}");
        } else {
            assert!(plan.contains("SEARCH t0 USING INDEX contact_account (tenant_id=? AND account_id=?)"), "{plan}");
        }
    }
}

#[test]
fn what_is_ones_own_or_shared_is_walked_by_index() {
    let databases = databases();
    let mut list = level(&databases);
    list.sort.remove(0);
    let shared = Among { resource: "contact".into(), field: "id".into(), filter: Filter::field("nickname", Comparison::Equal("a".into())) };
    let own = |number| Filter::field("accountId", Comparison::Equal(Value::Id(super::toy::id(number))));
    let rights = Filter::Or(vec![own(1), own(2), Filter::Among { field: "id".into(), of: vec![shared] }]);
    list.filters = vec![&rights];
    for dialect in databases.dialects() {
        databases.execute(dialect, "CREATE INDEX contact_own ON contact (tenant_id, account_id, id)");
        let plan = explain(&databases, &list, dialect);
        if dialect == Dialect::Postgres {
            assert!(plan.contains("Merge Append"), "{plan}");
            assert_eq!(plan.matches("Index Scan Backward using contact_own").count(), 2, "{plan}");
        } else {
            assert_eq!(plan.matches("SEARCH t0 USING INDEX contact_own (tenant_id=? AND account_id=?)").count(), 2, "{plan}");
            assert_eq!(plan.matches("MERGE (UNION ALL)").count(), 2, "{plan}");
        }
    }
}
