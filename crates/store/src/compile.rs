//! Levels of a read plan as statements. Identifiers come from definitions; every value is bound; the tenant is bound
//! once and stands beside every table.

use crate::Dialect;
use crate::filter::Filters;
use crate::order::{push_order, push_seek};
use crate::reasons::Reasons;
use crate::select::{Parents, Select, SelectCount};
use crate::sql::{Alias, Sql};
use clientela_kernel::{DeletedMode, Error, Filter, Result, TenantId, Value};

impl Select<'_> {
    /// The statement for a dialect, in one tenant. With parents the first column of the result is the parent's id, rows
    /// come in the order of the parents (which must be distinct) and inside a parent in the order of `sort`.
    pub fn compile(&self, dialect: Dialect, tenant: TenantId) -> Result<Sql> {
        let mut sql = Sql::of_tenant(dialect, tenant);
        let mut level = Level::new(self);
        if let Some((reasons, limit)) = Reasons::of(self).zip(self.limit) {
            reasons.push(&mut sql, &mut level, limit)?;
            return Ok(sql);
        }
        if let Some(parents) = &self.parents {
            dialect.of_parents(&mut sql, &mut level, parents)?;
            return Ok(sql);
        }
        sql.push("SELECT ");
        level.columns(&mut sql, "", false)?;
        if self.columns.is_empty() {
            sql.push("1");
        }
        sql.push(" FROM ").push(&self.def.source()).push(" t0");
        level.joins(&mut sql)?;
        level.all_conditions(&mut sql)?;
        level.order(&mut sql, " ORDER BY ")?;
        if let Some(limit) = self.limit {
            sql.push(" LIMIT ").push_limit(limit);
        }
        Ok(sql)
    }
}

impl SelectCount<'_> {
    /// The statement for a dialect, in one tenant: one row (count), or with parents (parent, count) for each parent
    /// that has any.
    pub fn compile(&self, dialect: Dialect, tenant: TenantId) -> Result<Sql> {
        let mut sql = Sql::of_tenant(dialect, tenant);
        sql.push("SELECT ");
        if let Some(parents) = &self.parents {
            sql.column(0, &parents.field.id_column()).push(", ");
        }
        sql.push("COUNT(*) FROM ").push(&self.def.source()).push(" t0 WHERE t0.tenant_id = ").tenant();
        push_deleted(&mut sql, self.deleted);
        let mut filters = Filters::new(self.registry);
        for filter in &self.filters {
            sql.push(" AND ");
            filters.push(&mut sql, self.def, Alias::table(0), filter)?;
        }
        if let Some(parents) = &self.parents {
            let column = parents.field.id_column();
            push_resource(&mut sql, parents);
            sql.push(" AND ");
            dialect.is_one_of(&mut sql, Alias::table(0), &column, crate::sql::Argument::Ids(parents.ids.clone()));
            sql.push(" GROUP BY ").column(0, &column);
        }
        Ok(sql)
    }
}

/// A select on its way to text: the clauses that every form of statement shares.
pub(crate) struct Level<'a> {
    /// What is read.
    pub(crate) select: &'a Select<'a>,
    filters: Filters<'a>,
}

impl<'a> Level<'a> {
    /// The clauses of a select.
    pub(crate) fn new(select: &'a Select<'a>) -> Self {
        Level { select, filters: Filters::new(select.registry) }
    }
}

impl Level<'_> {
    /// Number of result columns, without the parent.
    pub(crate) fn width(&self) -> usize {
        self.select.columns.iter().map(|column| crate::rows::width(column.field)).sum()
    }

    /// Appends the columns, the first led by `before`; named `c1`, `c2`, … for an outer query if asked.
    pub(crate) fn columns(&self, sql: &mut Sql, before: &str, named: bool) -> Result<()> {
        let mut position = 0;
        for column in &self.select.columns {
            self.check_table(column.table)?;
            for suffix in column.field.suffixes() {
                sql.push(if position == 0 { before } else { ", " });
                sql.part(Alias::table(column.table), &column.field.column, suffix);
                position += 1;
                if named {
                    sql.push(" AS c").push_number(position);
                }
            }
        }
        Ok(())
    }

    /// Appends the to-one joins. A record that is deleted or fails the join's condition joins as absent.
    pub(crate) fn joins(&mut self, sql: &mut Sql) -> Result<()> {
        for (index, join) in self.select.joins.iter().enumerate() {
            let table = index + 1;
            if join.from >= table {
                return Err(Error::internal(format!("join {table} stands before its parent {}", join.from)));
            }
            sql.push(" LEFT JOIN ").push(&join.def.source()).push(" t").push_number(table).push(" ON ");
            sql.column(table, "tenant_id").push(" = ").column(join.from, "tenant_id");
            sql.push(" AND ").column(table, "id").push(" = ").column(join.from, &join.field.id_column());
            sql.push(" AND ").column(table, "deleted_at").push(" IS NULL");
            if let Some(filter) = join.filter {
                sql.push(" AND ");
                self.filters.push(sql, join.def, Alias::table(table), filter)?;
            }
        }
        Ok(())
    }

    /// Appends `WHERE` with everything but the parents.
    pub(crate) fn all_conditions(&mut self, sql: &mut Sql) -> Result<()> {
        self.conditions(sql, self.select.filters.iter().copied())
    }

    /// The same with other filters.
    pub(crate) fn conditions<'f>(&mut self, sql: &mut Sql, filters: impl Iterator<Item = &'f Filter>) -> Result<()> {
        sql.push(" WHERE t0.tenant_id = ").tenant();
        push_deleted(sql, self.select.deleted);
        if let Some(parents) = &self.select.parents {
            push_resource(sql, parents);
        }
        for filter in filters {
            sql.push(" AND ");
            self.filters.push(sql, self.select.def, Alias::table(0), filter)?;
        }
        for (seek, before) in [(&self.select.seek, false), (&self.select.until, true)] {
            if let Some(seek) = seek {
                sql.push(" AND ");
                push_seek(sql, &self.select.sort, seek, before)?;
            }
        }
        Ok(())
    }

    /// Appends the order, led by `before`; nothing where there is none.
    pub(crate) fn order(&self, sql: &mut Sql, before: &str) -> Result<()> {
        for part in &self.select.sort {
            self.check_table(part.table)?;
        }
        push_order(sql, before, &self.select.sort, self.select.backward);
        Ok(())
    }

    fn check_table(&self, table: usize) -> Result<()> {
        if table <= self.select.joins.len() {
            return Ok(());
        }
        Err(Error::internal(format!("a column of table {table}, but there are {} joins", self.select.joins.len())))
    }
}

/// The parents are of one resource, which a reference to any record must name beside the id.
fn push_resource(sql: &mut Sql, parents: &Parents<'_>) {
    if let Some(resource) = parents.resource {
        sql.push(" AND ").column(0, &parents.field.column).push("_resource = ").value(&Value::from(resource));
    }
}

fn push_deleted(sql: &mut Sql, deleted: DeletedMode) {
    sql.push(match deleted {
        DeletedMode::Exclude => " AND t0.deleted_at IS NULL",
        DeletedMode::Include => "",
        DeletedMode::Only => " AND t0.deleted_at IS NOT NULL",
    });
}

#[cfg(test)]
mod tests {
    use crate::select::{Column, Join, Parents, Seek, Select, SelectCount, SortColumn};
    use crate::toy;
    use crate::{Dialect, sql::Argument};
    use clientela_kernel::{Comparison, DeletedMode, Filter, Money, Quantifier, TenantId, Value, currency::Currency};
    use clientela_model::{FieldDef, Registry, ResourceDef};
    use uuid::Uuid;

    fn tenant() -> TenantId {
        TenantId(Uuid::from_u128(7))
    }

    fn field<'a>(def: &'a ResourceDef, name: &str) -> &'a FieldDef {
        def.field(name).unwrap()
    }

    fn sort<'a>(def: &'a ResourceDef, name: &str, descending: bool) -> SortColumn<'a> {
        let field = field(def, name);
        SortColumn { table: 0, field, nullable: !field.required, descending }
    }

    fn select<'a>(registry: &'a Registry, name: &str, columns: &[&str]) -> Select<'a> {
        let def = registry.resource(name).unwrap();
        Select {
            registry,
            def,
            joins: Vec::new(),
            columns: columns.iter().map(|column| Column { table: 0, field: field(def, column) }).collect(),
            filters: Vec::new(),
            deleted: DeletedMode::Exclude,
            sort: Vec::new(),
            seek: None,
            until: None,
            backward: false,
            limit: None,
            parents: None,
        }
    }

    fn texts(select: &Select<'_>) -> [String; 2] {
        [Dialect::Postgres, Dialect::Sqlite].map(|dialect| select.compile(dialect, tenant()).unwrap().text)
    }

    /// The condition of an account filter, on both dialects.
    fn condition(filter: Filter) -> [String; 2] {
        let registry = toy::registry();
        let mut select = select(&registry, "account", &["id"]);
        select.deleted = DeletedMode::Include;
        select.filters = vec![&filter];
        texts(&select).map(|text| text.split_once(" AND ").unwrap().1.to_owned())
    }

    fn both(expected: &str) -> [String; 2] {
        [expected.to_owned(), expected.replace('$', "?")]
    }

    #[test]
    fn a_record_by_id_is_one_plain_statement() {
        let registry = toy::registry();
        let id = Filter::field("id", Comparison::Equal(Value::Id(Uuid::from_u128(1))));
        let mut one = select(&registry, "account", &["id", "name", "revenue"]);
        one.filters = vec![&id];
        let expected = "SELECT t0.id, t0.name, t0.revenue_minor, t0.revenue_currency FROM account t0 \
                        WHERE t0.tenant_id = $1 AND t0.deleted_at IS NULL AND t0.id = $2";
        assert_eq!(texts(&one), both(expected));
        let arguments = one.compile(Dialect::Postgres, tenant()).unwrap().arguments;
        assert!(matches!(arguments.as_slice(), [Argument::Value(Value::Id(first)), Argument::Value(Value::Id(_))] if *first == tenant().0));
    }

    #[test]
    fn a_page_after_a_place_is_a_row_comparison() {
        let registry = toy::registry();
        let mut page = select(&registry, "contact", &["id"]);
        page.sort = vec![sort(page.def, "lastName", false), sort(page.def, "id", false)];
        page.seek = Some(Seek { values: vec![Value::from("Oak"), Value::Id(Uuid::from_u128(1))] });
        page.limit = Some(51);
        let expected = "SELECT t0.id FROM contact t0 WHERE t0.tenant_id = $1 AND t0.deleted_at IS NULL \
                        AND (t0.last_name, t0.id) > ($2, $3) ORDER BY t0.last_name ASC, t0.id ASC LIMIT 51";
        assert_eq!(texts(&page), both(expected));
        page.until = page.seek.take();
        page.backward = true;
        let expected = "SELECT t0.id FROM contact t0 WHERE t0.tenant_id = $1 AND t0.deleted_at IS NULL \
                        AND (t0.last_name, t0.id) < ($2, $3) ORDER BY t0.last_name DESC, t0.id DESC LIMIT 51";
        assert_eq!(texts(&page), both(expected));
    }

    #[test]
    fn a_place_among_nulls_is_spelled_out() {
        let registry = toy::registry();
        let mut page = select(&registry, "account", &["id"]);
        page.deleted = DeletedMode::Only;
        page.sort = vec![sort(page.def, "industry", false), sort(page.def, "id", false)];
        page.seek = Some(Seek { values: vec![Value::from("FOOD"), Value::Id(Uuid::from_u128(1))] });
        let [postgres, sqlite] = texts(&page);
        let place = "WHERE t0.tenant_id = $1 AND t0.deleted_at IS NOT NULL AND (t0.industry > $2 OR t0.industry IS NULL OR (t0.industry = $2 AND (t0.id > $3)))";
        assert_eq!(postgres, format!("SELECT t0.id FROM account t0 {place} ORDER BY t0.industry ASC, t0.id ASC"));
        let place = place.replace('$', "?");
        assert_eq!(sqlite, format!("SELECT t0.id FROM account t0 {place} ORDER BY t0.industry ASC NULLS LAST, t0.id ASC"));
        page.seek = Some(Seek { values: vec![Value::Null, Value::Id(Uuid::from_u128(1))] });
        assert!(texts(&page)[0].contains("AND (1=0 OR (t0.industry IS NULL AND (t0.id > $2)))"));
        page.sort[0].descending = true;
        assert!(texts(&page)[0].contains("AND (t0.industry IS NOT NULL OR (t0.industry IS NULL AND (t0.id > $2)))"));
        assert!(texts(&page)[1].ends_with("ORDER BY t0.industry DESC NULLS FIRST, t0.id ASC"));
    }

    #[test]
    fn money_sorts_by_currency_then_amount() {
        let registry = toy::registry();
        let mut page = select(&registry, "account", &["revenue"]);
        page.sort = vec![sort(page.def, "revenue", true), sort(page.def, "id", true)];
        page.seek = Some(Seek { values: vec![euro(150), Value::Id(Uuid::from_u128(1))] });
        let text = &texts(&page)[0];
        assert!(text.ends_with("ORDER BY t0.revenue_currency DESC, t0.revenue_minor DESC, t0.id DESC"), "{text}");
        assert!(
            text.contains(
                "(t0.revenue_currency <= $2 AND (t0.revenue_currency < $2 OR (t0.revenue_currency = $2 AND \
                 (t0.revenue_minor < $3 OR (t0.revenue_minor = $3 AND (t0.id < $4))))))"
            ),
            "{text}"
        );
    }

    #[test]
    fn what_is_seen_for_several_reasons_is_merged_from_one_list_for_each() {
        let registry = toy::registry();
        let (mine, theirs) = (Value::Id(Uuid::from_u128(1)), Value::Id(Uuid::from_u128(2)));
        let own = |comparison| Filter::field("ownerId", comparison);
        let few = Filter::field("lastName", Comparison::Equal(Value::from("Oak")));
        let shared = Filter::Among {
            field: "id".into(),
            of: vec![clientela_kernel::Among { resource: "contact".into(), field: "id".into(), filter: few }],
        };
        let rights = Filter::Or(vec![own(Comparison::In(vec![mine.clone(), theirs.clone(), mine.clone()])), shared.clone()]);
        let asked = Filter::field("lastName", Comparison::IsNull).negate();
        let mut list = select(&registry, "contact", &["id"]);
        list.filters = vec![&rights];
        list.sort = vec![sort(list.def, "id", true)];
        let plain = texts(&list);
        assert!(plain.iter().all(|text| !text.contains("UNION")), "without a limit everything is read in any case: {plain:?}");
        list.limit = Some(3);
        let [postgres, sqlite] = texts(&list);
        let part = |place: usize, reason: &str, end: &str| {
            format!(
                "SELECT t0.id AS c1, t0.id AS o1 FROM contact t0 WHERE t0.tenant_id = ?1 AND t0.deleted_at IS NULL \
                 AND {reason}{end}"
            )
            .replace("?N", &format!("?{place}"))
        };
        let among = "t0.id IN (SELECT s1.id FROM contact s1 WHERE s1.tenant_id = ?1 AND s1.deleted_at IS NULL AND s1.last_name = ?4)";
        let last = format!("({among} AND ((t0.owner_id IN (SELECT unhex(value) FROM json_each(?5))) IS NOT TRUE))");
        let parts = [part(2, "t0.owner_id = ?N", ""), part(3, "t0.owner_id = ?N", ""), part(0, &last, "")];
        assert_eq!(sqlite, format!("{} ORDER BY o1 DESC LIMIT 3", parts.join(" UNION ALL ")));
        let end = " ORDER BY t0.id DESC LIMIT 3";
        let last = last.replace("t0.owner_id IN (SELECT unhex(value) FROM json_each(?5))", "t0.owner_id = ANY(?5)");
        let parts = [part(2, "t0.owner_id = ?N", end), part(3, "t0.owner_id = ?N", end), part(0, &last, end)];
        let expected = format!("SELECT u.c1 FROM (({})) u ORDER BY u.o1 DESC LIMIT 3", parts.join(") UNION ALL ("));
        assert_eq!(postgres, expected.replace('?', "$"));
        // Several owners are walked where nothing else is asked, in an order that an index by owner follows; one is in any case.
        list.filters.push(&asked);
        assert!(!texts(&list)[1].contains("UNION"));
        list.filters = vec![&rights];
        list.sort = vec![sort(list.def, "lastName", false), sort(list.def, "id", false)];
        assert!(!texts(&list)[1].contains("UNION"));
        let rights = Filter::Or(vec![own(Comparison::Equal(mine.clone())), shared]);
        list.filters = vec![&rights, &asked];
        assert_eq!(texts(&list)[1].matches("UNION ALL").count(), 1);
        // Nor are records that are asked for by their ids.
        let one = Filter::field("id", Comparison::Equal(Value::Id(Uuid::from_u128(9))));
        list.filters.push(&one);
        assert!(!texts(&list)[0].contains("UNION"));
        // Other reasons may be many records: they are not taken apart.
        let rights = Filter::Or(vec![own(Comparison::Equal(mine)), Filter::field("lastName", Comparison::Equal(Value::from("Ash")))]);
        list.filters = vec![&rights];
        assert!(!texts(&list)[0].contains("UNION"));
        let rights = Filter::Or(vec![own(Comparison::Equal(theirs))]);
        list.filters = vec![&rights];
        assert!(!texts(&list)[0].contains("UNION"));
    }

    fn euro(minor: i64) -> Value {
        Value::Money(Money { minor, currency: Currency::parse("EUR").unwrap() })
    }

    #[test]
    fn joins_carry_tenant_life_and_rights() {
        let registry = toy::registry();
        let rights = Filter::field("industry", Comparison::Equal(Value::from("FOOD")));
        let account = registry.resource("account").unwrap();
        let mut list = select(&registry, "contact", &["id"]);
        list.joins = vec![Join { from: 0, field: field(list.def, "accountId"), def: account, filter: Some(&rights) }];
        list.columns.push(Column { table: 1, field: field(account, "name") });
        let expected = "SELECT t0.id, t1.name FROM contact t0 LEFT JOIN account t1 ON t1.tenant_id = t0.tenant_id \
                        AND t1.id = t0.account_id AND t1.deleted_at IS NULL AND t1.industry = $2 \
                        WHERE t0.tenant_id = $1 AND t0.deleted_at IS NULL";
        assert_eq!(texts(&list), both(expected));
    }

    #[test]
    fn children_of_parents_stop_at_the_limit() {
        let registry = toy::registry();
        let mut level = select(&registry, "contact", &["id", "lastName"]);
        level.sort = vec![sort(level.def, "lastName", true), sort(level.def, "id", true)];
        level.parents = Some(Parents { field: field(level.def, "accountId"), ids: vec![Uuid::from_u128(3)], resource: None });
        level.limit = Some(4);
        let [postgres, sqlite] = texts(&level);
        assert_eq!(
            postgres,
            "SELECT k.id, s.c1, s.c2 FROM unnest($2::uuid[]) WITH ORDINALITY k(id, n) CROSS JOIN LATERAL \
             (SELECT t0.id AS c1, t0.last_name AS c2 FROM contact t0 WHERE t0.tenant_id = $1 AND t0.deleted_at IS NULL \
             AND t0.account_id = k.id ORDER BY t0.last_name DESC, t0.id DESC LIMIT 4) s ORDER BY k.n"
        );
        assert_eq!(
            sqlite,
            "SELECT p, c1, c2 FROM (SELECT unhex(k.value) AS p, k.key AS k, t0.id AS c1, t0.last_name AS c2, \
             row_number() OVER (PARTITION BY k.key ORDER BY t0.last_name DESC, t0.id DESC) AS n FROM json_each(?2) k \
             CROSS JOIN contact t0 WHERE t0.tenant_id = ?1 AND t0.deleted_at IS NULL AND t0.account_id = unhex(k.value)) \
             WHERE n <= 4 ORDER BY k, n"
        );
        level.limit = None;
        assert_eq!(
            texts(&level)[0],
            "SELECT k.id, t0.id, t0.last_name FROM unnest($2::uuid[]) WITH ORDINALITY k(id, n) JOIN contact t0 \
             ON t0.account_id = k.id WHERE t0.tenant_id = $1 AND t0.deleted_at IS NULL \
             ORDER BY k.n, t0.last_name DESC, t0.id DESC"
        );
    }

    #[test]
    fn counts_are_one_number_or_one_for_each_parent() {
        let registry = toy::registry();
        let def = registry.resource("contact").unwrap();
        let mut count = SelectCount { registry: &registry, def, filters: Vec::new(), deleted: DeletedMode::Exclude, parents: None };
        let text = count.compile(Dialect::Sqlite, tenant()).unwrap().text;
        assert_eq!(text, "SELECT COUNT(*) FROM contact t0 WHERE t0.tenant_id = ?1 AND t0.deleted_at IS NULL");
        count.parents = Some(Parents { field: field(def, "accountId"), ids: vec![], resource: None });
        let text = count.compile(Dialect::Postgres, tenant()).unwrap().text;
        let expected = "SELECT t0.account_id, COUNT(*) FROM contact t0 WHERE t0.tenant_id = $1 AND t0.deleted_at IS NULL \
                        AND t0.account_id = ANY($2) GROUP BY t0.account_id";
        assert_eq!(text, expected);
    }

    #[test]
    fn trees_and_relations() {
        let name = || Filter::field("lastName", Comparison::Equal(Value::from("Oak")));
        assert_eq!(condition(Filter::And(vec![])), both("1=1"));
        assert_eq!(condition(Filter::Or(vec![])), both("1=0"));
        let industry = |text: &str| Filter::field("industry", Comparison::Equal(Value::from(text)));
        assert_eq!(
            condition(Filter::Or(vec![industry("A"), industry("B").negate()])),
            both("(t0.industry = $2 OR ((t0.industry = $3) IS NOT TRUE))")
        );
        let many = |quantifier| Filter::ToMany { relation: "contacts".into(), quantifier, filter: Box::new(name()) };
        let inside = "(SELECT 1 FROM contact s1 WHERE s1.tenant_id = $1 AND s1.account_id = t0.id AND s1.deleted_at IS NULL AND";
        assert_eq!(condition(many(Quantifier::Some)), both(&format!("EXISTS {inside} s1.last_name = $2)")));
        assert_eq!(condition(many(Quantifier::None)), both(&format!("NOT EXISTS {inside} s1.last_name = $2)")));
        assert_eq!(condition(many(Quantifier::Every)), both(&format!("NOT EXISTS {inside} ((s1.last_name = $2) IS NOT TRUE))")));
        let back = Filter::ToOne { relation: "account".into(), filter: Box::new(industry("A")) };
        let nested = Filter::ToMany { relation: "contacts".into(), quantifier: Quantifier::Some, filter: Box::new(back.negate()) };
        let deeper = "(NOT (EXISTS (SELECT 1 FROM account s2 WHERE s2.tenant_id = $1 AND s2.id = s1.account_id \
                      AND s2.deleted_at IS NULL AND s2.industry = $2))))";
        assert_eq!(condition(nested), both(&format!("EXISTS {inside} {deeper}")));
    }

    #[test]
    fn comparisons() {
        let of = |field: &'static str, comparison| condition(Filter::field(field, comparison));
        let text = |postgres: &str, sqlite: &str| [postgres.to_owned(), sqlite.to_owned()];
        let date = |text| Value::Date(clientela_kernel::Date::parse(text).unwrap());
        assert_eq!(of("industry", Comparison::Equal(Value::Null)), both("1=0"));
        assert_eq!(of("industry", Comparison::Equal(Value::from("a\0"))), both("1=0"));
        assert_eq!(of("industry", Comparison::Less(Value::from("a\0"))), both("t0.industry <= $2"));
        assert_eq!(of("industry", Comparison::In(vec![])), both("1=0"));
        assert_eq!(
            of("industry", Comparison::In(vec!["A".into(), Value::Null])),
            text("t0.industry = ANY($2)", "t0.industry IN (SELECT value FROM json_each(?2))")
        );
        assert_eq!(
            of("id", Comparison::In(vec![Value::Id(Uuid::nil())])),
            text("t0.id = ANY($2)", "t0.id IN (SELECT unhex(value) FROM json_each(?2))")
        );
        let between = Comparison::Between { from: date("2026-01-01"), until: date("2026-02-01"), source: String::new() };
        assert_eq!(of("closeOn", between), both("(t0.close_on >= $2 AND t0.close_on < $3)"));
        assert_eq!(of("revenue", Comparison::IsNull), both("t0.revenue_minor IS NULL"));
        assert_eq!(of("revenue", Comparison::Greater(euro(5))), both("(t0.revenue_currency = $2 AND t0.revenue_minor > $3)"));
        assert_eq!(of("name", Comparison::Contains("mb".into())), text("t0.name_folded LIKE $2", "instr(t0.name_folded, ?2) > 0"));
        assert_eq!(of("name", Comparison::EndsWith("h".into())), text("t0.name_folded LIKE $2", "substr(t0.name_folded, -?2) = ?3"));
        assert_eq!(
            of("name", Comparison::StartsWith("ab".into())),
            text(
                "(t0.name_folded >= $2 AND t0.name_folded < $3 AND t0.name_folded LIKE $4)",
                "(t0.name_folded >= ?2 AND t0.name_folded < ?3)"
            )
        );
        assert_eq!(of("name", Comparison::Contains(String::new())), both("t0.name_folded IS NOT NULL"));
        assert_eq!(of("tags", Comparison::Has("x".into()))[0], "t0.tags @> $2");
        assert_eq!(
            of("tags", Comparison::HasAny(vec!["x".into()])),
            text("t0.tags && $2", "EXISTS (SELECT 1 FROM json_each(t0.tags) h WHERE h.value IN (SELECT w.value FROM json_each(?2) w))")
        );
        assert_eq!(
            of("tags", Comparison::HasAll(vec!["x".into()]))[1],
            "(t0.tags IS NOT NULL AND NOT EXISTS (SELECT 1 FROM json_each(?2) w WHERE w.value NOT IN \
             (SELECT h.value FROM json_each(t0.tags) h)))"
        );
    }

    #[test]
    fn slips_of_the_engine_are_errors_and_not_statements() {
        let registry = toy::registry();
        let wrong = [
            Filter::field("nothing", Comparison::IsNull),
            Filter::field("industry", Comparison::Equal(Value::Integer(1))),
            Filter::field("industry", Comparison::Contains("a".into())),
            Filter::ToOne { relation: "contacts".into(), filter: Box::new(Filter::And(vec![])) },
        ];
        for filter in &wrong {
            let mut select = select(&registry, "account", &["id"]);
            select.filters = vec![filter];
            assert!(select.compile(Dialect::Sqlite, tenant()).is_err(), "{filter:?}");
        }
    }
}
