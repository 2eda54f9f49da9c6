//! Searching: which records have all of these words, the best first.

use super::{TABLE, mark};
use crate::sql::{Argument, Sql};
use crate::{Dialect, Row, Scope};
use clientela_kernel::{Error, Result, Value};
use uuid::Uuid;

/// One or more words that stand next to one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchTerm {
    /// Folded words of letters and digits, at least one.
    pub words: Vec<String>,
    /// Whether the last one need only begin so.
    pub prefix: bool,
}

/// What is searched for.
#[derive(Clone, Debug)]
pub struct SearchQuery<'q> {
    /// All must be found.
    pub terms: &'q [SearchTerm],
    /// Where, by the names of resources.
    pub resources: &'q [String],
    /// How many records at most.
    pub limit: u32,
    /// The place to go on from.
    pub after: Option<SearchHit>,
}

/// A record that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchHit {
    /// How well it fits: greater is better. Comparable within one query on one database.
    pub rank: i64,
    /// The resource's name.
    pub resource: String,
    /// The record.
    pub record: Uuid,
}

impl Scope {
    /// The living records that have all terms, the best first, and of equally good ones the newest. What the caller may see of
    /// them is not decided here.
    pub async fn search(&self, query: &SearchQuery<'_>) -> Result<Vec<SearchHit>> {
        if query.terms.is_empty() || query.resources.is_empty() {
            return Ok(Vec::new());
        }
        self.store().read(|| Ok(statement(self, query))).await?.iter().map(hit).collect()
    }
}

fn statement(scope: &Scope, query: &SearchQuery<'_>) -> Sql {
    let mark = mark(scope.tenant());
    let texts = Argument::Texts(query.resources.to_vec());
    let mut sql = Sql::of_tenant(scope.dialect(), scope.tenant());
    match scope.dialect() {
        Dialect::Postgres => {
            let words = Argument::Value(Value::Text(postgres(query.terms, &mark)));
            // Words in names count most, those in texts least; a long text has many and must not win by that.
            sql.push(
                "SELECT resource, record_id, place FROM (SELECT resource, record_id, CAST(CAST(ts_rank('{0.05, 0.1, 0.4, 1}', words, CAST(",
            );
            sql.bind(words).push(" AS tsquery), 1) AS float8) * 1000000000 AS bigint) AS place FROM ").push(TABLE);
            sql.push(" WHERE tenant_id = ")
                .tenant()
                .push(" AND words")
                .push(" @@ CAST(")
                .placeholder(2)
                .push(" AS tsquery)")
                .plan_by_value();
            sql.push(" AND resource = ANY(").bind(texts).push(")) s");
        }
        Dialect::Sqlite => {
            let words = Argument::Value(Value::Text(sqlite(query.terms, &mark)));
            sql.push("WITH s AS MATERIALIZED (SELECT resource, record_id, CAST(-1000000000.0 * bm25(search_document, 20.0, 8.0, 1.0) AS INTEGER) AS place FROM ");
            sql.push(TABLE).push(" WHERE search_document MATCH ").bind(words).push(" AND tenant_id = ").tenant();
            sql.push(" AND resource IN (SELECT value FROM json_each(").bind(texts).push("))) SELECT resource, record_id, place FROM s");
        }
    }
    if let Some(after) = &query.after {
        sql.push(" WHERE (place, record_id, resource) < (").value(&Value::Integer(after.rank)).push(", ");
        sql.value(&Value::Id(after.record)).push(", ").value(&Value::Text(after.resource.clone())).push(")");
    }
    sql.push(" ORDER BY place DESC, record_id DESC, resource DESC LIMIT ").push_limit(query.limit);
    sql
}

/// `'a1b2c3anna' & ('a1b2c3die' <-> 'a1b2c3käs':*)`.
fn postgres(terms: &[SearchTerm], mark: &str) -> String {
    let term = |term: &SearchTerm| {
        let words: Vec<String> = term.words.iter().map(|word| format!("'{mark}{word}'")).collect();
        format!("({}{})", words.join(" <-> "), if term.prefix { ":*" } else { "" })
    };
    terms.iter().map(term).collect::<Vec<_>>().join(" & ")
}

/// `"a1b2c3anna" AND "a1b2c3die a1b2c3käs" *`.
fn sqlite(terms: &[SearchTerm], mark: &str) -> String {
    let term = |term: &SearchTerm| {
        let words: Vec<String> = term.words.iter().map(|word| format!("{mark}{word}")).collect();
        format!("\"{}\"{}", words.join(" "), if term.prefix { " *" } else { "" })
    };
    terms.iter().map(term).collect::<Vec<_>>().join(" AND ")
}

fn hit(row: &Row) -> Result<SearchHit> {
    let broken = || Error::internal("a document of the search has an empty column");
    Ok(SearchHit {
        resource: row.text(0)?.ok_or_else(broken)?.to_owned(),
        record: row.uuid(1)?.ok_or_else(broken)?,
        rank: row.integer(2)?.ok_or_else(broken)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_quoted_words() {
        let term = |words: &[&str], prefix| SearchTerm { words: words.iter().map(|word| (*word).to_owned()).collect(), prefix };
        let terms = [term(&["or"], false), term(&["anna", "gru"], true)];
        assert_eq!(postgres(&terms, "m"), "('mor') & ('manna' <-> 'mgru':*)");
        assert_eq!(sqlite(&terms, "m"), "\"mor\" AND \"manna mgru\" *");
    }
}
