//! A filter tree as an SQL condition.
//!
//! Every condition is true exactly where the filter is; where the filter is false it is false or null. `IS NOT TRUE`
//! turns both into true, so `Not` is the plain opposite. Relations are subqueries with aliases of their own, each bound
//! to the tenant and to living records.

use crate::compare::push_comparison;
use crate::sql::{Alias, Sql};
use clientela_kernel::{Among, Comparison, Error, Filter, Quantifier, Result, Value};
use clientela_model::{FieldDef, Registry, RelationKind, ResourceDef};

/// Compiles the filters of one statement; numbers the subqueries.
pub(crate) struct Filters<'a> {
    registry: &'a Registry,
    subqueries: usize,
}

impl<'a> Filters<'a> {
    /// For one statement.
    pub(crate) fn new(registry: &'a Registry) -> Self {
        Filters { registry, subqueries: 0 }
    }

    /// Appends the condition on the record of `def` that `alias` stands for. It stands by itself: `AND` may follow.
    pub(crate) fn push(&mut self, sql: &mut Sql, def: &ResourceDef, alias: Alias, filter: &Filter) -> Result<()> {
        match filter {
            Filter::And(filters) => self.list(sql, def, alias, filters, " AND ", "1=1"),
            Filter::Or(filters) => self.list(sql, def, alias, filters, " OR ", "1=0"),
            Filter::Not(inner) => self.negated(sql, def, alias, inner),
            Filter::Field { field, comparison } => push_comparison(sql, alias, field_of(def, field)?, comparison),
            Filter::ToOne { relation, filter } => {
                let relation = relation_of(def, relation)?;
                let RelationKind::ToOne { field } = &relation.kind else {
                    return Err(Error::internal(format!("relation {} of {} leads to many", relation.name, def.name)));
                };
                self.related(sql, &relation.target, ("id", None), (alias, &field_of(def, field)?.column), Some(filter), false)
            }
            Filter::ToRecord { field, resource, filter } => {
                let field = field_of(def, field)?;
                sql.push("(")
                    .of(alias, &format!("{}_resource", field.column))
                    .push(" = ")
                    .value(&Value::from(resource.as_ref()))
                    .push(" AND ");
                self.related(sql, resource, ("id", None), (alias, &field.id_column()), Some(filter), false)?;
                sql.push(")");
                Ok(())
            }
            Filter::NamedBy { resource, field, filter } => {
                let column = field_of(self.target(resource)?, field)?.id_column();
                self.related(sql, resource, (&column, None), (alias, "id"), Some(filter), false)
            }
            Filter::Among { field, of } => self.among(sql, field_of(def, field)?, alias, of),
            Filter::ToMany { relation, quantifier, filter } => {
                let relation = relation_of(def, relation)?;
                let RelationKind::ToMany { local, foreign, .. } = &relation.kind else {
                    return Err(Error::internal(format!("relation {} of {} leads to one", relation.name, def.name)));
                };
                let target = self.target(&relation.target)?;
                let (local, foreign) = (&field_of(def, local)?.column, field_of(target, foreign)?);
                let of = foreign.any_reference().map(|_| (foreign.column.as_ref(), def.name.as_ref()));
                let foreign = foreign.id_column();
                if *quantifier != Quantifier::Some {
                    sql.push("NOT ");
                }
                self.related(sql, &relation.target, (&foreign, of), (alias, local), Some(filter), *quantifier == Quantifier::Every)
            }
        }
    }

    fn list(&mut self, sql: &mut Sql, def: &ResourceDef, alias: Alias, filters: &[Filter], between: &str, empty: &str) -> Result<()> {
        let [first, rest @ ..] = filters else {
            sql.push(empty);
            return Ok(());
        };
        if rest.is_empty() {
            return self.push(sql, def, alias, first);
        }
        sql.push("(");
        self.push(sql, def, alias, first)?;
        for filter in rest {
            sql.push(between);
            self.push(sql, def, alias, filter)?;
        }
        sql.push(")");
        Ok(())
    }

    fn negated(&mut self, sql: &mut Sql, def: &ResourceDef, alias: Alias, inner: &Filter) -> Result<()> {
        // What is never null takes the plain form, from which the planner can make an anti-join.
        let never_null = matches!(
            inner,
            Filter::ToOne { .. } | Filter::ToMany { .. } | Filter::Not(_) | Filter::Field { comparison: Comparison::IsNull, .. }
        );
        sql.push(if never_null { "(NOT (" } else { "((" });
        self.push(sql, def, alias, inner)?;
        sql.push(if never_null { "))" } else { ") IS NOT TRUE)" });
        Ok(())
    }

    /// `… IN (SELECT …)`, which no row of the outer statement is part of: the database collects these records once, and may begin with them.
    fn among(&mut self, sql: &mut Sql, field: &FieldDef, alias: Alias, of: &[Among]) -> Result<()> {
        if of.is_empty() {
            sql.push("1=0");
            return Ok(());
        }
        let (any, exact) = (field.any_reference().is_some(), sql.dialect.exact_text());
        if any {
            sql.push("(").of(alias, &format!("{}_resource", field.column)).push(", ").of(alias, &field.id_column()).push(") IN (");
        } else {
            sql.of(alias, &field.id_column()).push(" IN (");
        }
        for (place, among) in of.iter().enumerate() {
            let target = self.target(&among.resource)?;
            self.subqueries += 1;
            let inner = Alias { letter: 's', number: self.subqueries };
            sql.push(if place == 0 { "SELECT " } else { " UNION ALL SELECT " });
            if any {
                // Names of resources come from definitions.
                sql.push("'").push(&among.resource).push(exact).push(", ");
            }
            sql.of(inner, &field_of(target, &among.field)?.id_column()).push(" FROM ").push(&target.source()).push(" ").alias(inner);
            sql.push(" WHERE ").of(inner, "tenant_id").push(" = ").tenant();
            sql.push(" AND ").of(inner, "deleted_at").push(" IS NULL AND ");
            self.push(sql, target, inner, &among.filter)?;
        }
        sql.push(")");
        Ok(())
    }

    /// `EXISTS (…)` over living records of `target` whose `foreign` column equals the outer column; a reference to any record
    /// names its stem and the outer record's resource beside it.
    fn related(
        &mut self,
        sql: &mut Sql,
        target: &str,
        (foreign, of): (&str, Option<(&str, &str)>),
        outer: (Alias, &str),
        filter: Option<&Filter>,
        violated: bool,
    ) -> Result<()> {
        let target = self.target(target)?;
        self.subqueries += 1;
        let inner = Alias { letter: 's', number: self.subqueries };
        sql.push("EXISTS (SELECT 1 FROM ").push(&target.source()).push(" ").alias(inner).push(" WHERE ");
        sql.of(inner, "tenant_id").push(" = ").tenant();
        sql.push(" AND ").of(inner, foreign).push(" = ").of(outer.0, outer.1);
        if let Some((stem, resource)) = of {
            sql.push(" AND ").of(inner, stem).push("_resource = ").value(&Value::from(resource));
        }
        sql.push(" AND ").of(inner, "deleted_at").push(" IS NULL");
        match filter {
            None => {}
            Some(Filter::And(filters)) if filters.is_empty() && !violated => {}
            Some(filter) => {
                sql.push(" AND ");
                if violated {
                    self.negated(sql, target, inner, filter)?;
                } else {
                    self.push(sql, target, inner, filter)?;
                }
            }
        }
        sql.push(")");
        Ok(())
    }

    fn target(&self, name: &str) -> Result<&'a ResourceDef> {
        self.registry
            .resource(name)
            .map(AsRef::as_ref)
            .ok_or_else(|| Error::internal(format!("a relation leads to {name}, which is not registered")))
    }
}

fn field_of<'d>(def: &'d ResourceDef, name: &str) -> Result<&'d FieldDef> {
    def.field(name).ok_or_else(|| Error::internal(format!("a filter names {}.{name}, which does not exist", def.name)))
}

fn relation_of<'d>(def: &'d ResourceDef, name: &str) -> Result<&'d clientela_model::RelationDef> {
    def.relation(name).ok_or_else(|| Error::internal(format!("a filter names relation {name} of {}, which does not exist", def.name)))
}
