//! Records in groups, with figures of each group: one statement, as one would write it by hand.
//!
//! Both databases cut time by the same list of clock changes, which the caller gives: neither is asked what it knows of zones.

use crate::compile::Level;
use crate::rows::width;
use crate::select::{Column, Select};
use crate::sql::{Alias, Sql};
use crate::{Dialect, Row, Scope};
use clientela_kernel::{Error, ErrorCode, Result, TenantId, Value};
use clientela_model::{FieldDef, FieldType};

/// A statement that groups records and computes figures of each group.
#[derive(Debug)]
pub struct SelectGroups<'a> {
    /// Which records, with the joins that keys and measures need. Its columns, order, place and limit must be empty.
    pub records: Select<'a>,
    /// What groups are made by, in order; none makes one group of all records.
    pub keys: Vec<GroupKey<'a>>,
    /// What is computed of each group, in order.
    pub measures: Vec<Measure<'a>>,
    /// Greatest number of groups that come back, in no order.
    pub limit: u32,
}

/// One key of the groups.
#[derive(Debug)]
pub struct GroupKey<'a> {
    /// The field.
    pub column: Column<'a>,
    /// What of it.
    pub form: KeyForm<'a>,
}

/// What of a field makes the groups.
#[derive(Clone, Copy, Debug)]
pub enum KeyForm<'a> {
    /// Its value.
    Whole,
    /// The currency of an amount.
    Currency,
    /// The stretch of the calendar a day lies in; the key is its first day.
    Days(Bucket),
    /// The stretch of the calendar a moment lies in, in a zone. The key is the start of the stretch: of an hour the moment
    /// itself, of all others what a clock in the zone shows then, as if it were UTC.
    Moments(Bucket, &'a Offsets),
}

/// A stretch of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// From full hour to full hour. Not for days.
    Hour,
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday (ISO 8601).
    Week,
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
    /// A calendar year.
    Year,
}

/// What a zone's clocks show ahead of UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offsets {
    /// Milliseconds ahead of UTC before the first change.
    pub first: i64,
    /// From this moment (milliseconds since 1970) on, so many milliseconds ahead; in order of time.
    pub changes: Vec<(i64, i64)>,
}

/// One figure of each group.
#[derive(Clone, Copy, Debug)]
pub struct Measure<'a> {
    /// How it is computed.
    pub function: Function,
    /// From what; nothing for the count of records. Of an amount the minor units are taken.
    pub column: Option<Column<'a>>,
}

/// How a figure is computed. Empty values do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// How many records.
    Count,
    /// How many different values.
    CountDistinct,
    /// Their sum.
    Sum,
    /// Their sum and how many there are.
    Average,
    /// The least.
    Minimum,
    /// The greatest.
    Maximum,
}

/// A figure as the database gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// Of no values.
    Empty,
    /// A count or a sum.
    Number(i128),
    /// The sum of so many values, at least one.
    Average(i128, i64),
    /// The least or greatest value; of amounts their minor units.
    Value(Value),
}

/// One group: its keys, its figures.
pub type Group = (Vec<Value>, Vec<Figure>);

/// 103,000 weeks in milliseconds: more than there are from year 1 to 1970, so that a sum with it is never negative.
const WEEKS: i64 = 62_294_400_000_000;
/// From Monday, 29 December 1969, to 1970.
const SINCE_MONDAY: i64 = 259_200_000;
/// What clocks can show in the years that the wire form has.
const RANGE: (i64, i64) = (-62_135_596_800_000, 253_402_300_799_999);

impl Bucket {
    /// The name in SQL.
    fn unit(self) -> &'static str {
        match self {
            Bucket::Hour => "hour",
            Bucket::Day => "day",
            Bucket::Week => "week",
            Bucket::Month => "month",
            Bucket::Quarter => "quarter",
            Bucket::Year => "year",
        }
    }
}

impl SelectGroups<'_> {
    /// The statement for a dialect, in one tenant. `wide` sums in two halves on SQLite, whose sums end at 64 bits.
    pub fn compile(&self, dialect: Dialect, tenant: TenantId, wide: bool) -> Result<Sql> {
        let mut sql = Sql::of_tenant(dialect, tenant);
        sql.push("SELECT ");
        let mut ordinal = 0;
        for key in &self.keys {
            let columns = if matches!(key.form, KeyForm::Whole) { width(key.column.field) } else { 1 };
            for index in 0..columns {
                ordinal += 1;
                sql.push(if ordinal == 1 { "" } else { ", " });
                push_key(&mut sql, key, index);
            }
        }
        let keys = ordinal;
        for measure in &self.measures {
            sql.push(if ordinal == 0 { "" } else { ", " });
            push_measure(&mut sql, measure, wide)?;
            ordinal += 1;
        }
        if ordinal == 0 {
            sql.push("COUNT(*)");
        }
        sql.push(" FROM ").push(&self.records.def.source()).push(" t0");
        let mut level = Level::new(&self.records);
        level.joins(&mut sql)?;
        level.all_conditions(&mut sql)?;
        for ordinal in 1..=keys {
            sql.push(if ordinal == 1 { " GROUP BY " } else { ", " }).push_number(ordinal);
        }
        sql.push(" LIMIT ").push_limit(self.limit);
        Ok(sql)
    }

    /// A row of the statement.
    pub fn read(&self, row: &Row, dialect: Dialect, wide: bool) -> Result<Group> {
        let mut at = 0;
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            keys.push(match key.form {
                KeyForm::Whole => {
                    let value = row.value(at, key.column.field)?;
                    at += width(key.column.field) - 1;
                    value
                }
                KeyForm::Currency => row.text(at)?.map(Value::from).unwrap_or_default(),
                KeyForm::Days(_) => row.date(at)?.map(Value::Date).unwrap_or_default(),
                KeyForm::Moments(..) => row.instant(at)?.map(Value::Instant).unwrap_or_default(),
            });
            at += 1;
        }
        let mut figures = Vec::with_capacity(self.measures.len());
        for measure in &self.measures {
            let figure = match measure.function {
                Function::Count | Function::CountDistinct => Figure::Number(i128::from(row.integer(at)?.unwrap_or(0))),
                Function::Sum | Function::Average => {
                    let halves = wide && dialect == Dialect::Sqlite;
                    let sum = match dialect {
                        Dialect::Postgres => row.text(at)?.map(str::parse).transpose().map_err(Error::internal)?,
                        Dialect::Sqlite if halves => match (row.integer(at)?, row.integer(at + 1)?) {
                            (Some(high), Some(low)) => Some((i128::from(high) << 32) + i128::from(low)),
                            _ => None,
                        },
                        Dialect::Sqlite => row.integer(at)?.map(i128::from),
                    };
                    at += usize::from(halves);
                    match (measure.function, sum) {
                        (_, None) => {
                            at += usize::from(measure.function == Function::Average);
                            Figure::Empty
                        }
                        (Function::Sum, Some(sum)) => Figure::Number(sum),
                        (_, Some(sum)) => {
                            at += 1;
                            Figure::Average(sum, row.integer(at)?.unwrap_or(1))
                        }
                    }
                }
                Function::Minimum | Function::Maximum => {
                    let field = measure.column.ok_or_else(without_field)?.field;
                    let value = match field.kind {
                        FieldType::Money => row.integer(at)?.map(Value::Integer).unwrap_or_default(),
                        _ => row.value(at, field)?,
                    };
                    if value.is_null() { Figure::Empty } else { Figure::Value(value) }
                }
            };
            figures.push(figure);
            at += 1;
        }
        Ok((keys, figures))
    }
}

impl Scope {
    /// The groups, with one statement. On SQLite a sum beyond 64 bits fails, and is asked for again in two halves.
    pub async fn groups(&self, select: &SelectGroups<'_>) -> Result<Vec<Group>> {
        let dialect = self.dialect();
        let run = async |wide: bool| {
            let rows = self.store().read(|| select.compile(dialect, self.tenant(), wide)).await?;
            rows.iter().map(|row| select.read(row, dialect, wide)).collect::<Result<Vec<_>>>()
        };
        match run(false).await {
            Err(error) if dialect == Dialect::Sqlite && overflowed(&error) => run(true).await,
            outcome => outcome,
        }
    }
}

/// SQLite's own words for a sum beyond 64 bits.
fn overflowed(error: &Error) -> bool {
    error.code() == ErrorCode::Internal && error.internal_text().is_some_and(|text| text.contains("integer overflow"))
}

fn without_field() -> Error {
    Error::internal("a figure of a field names none")
}

fn push_key(sql: &mut Sql, key: &GroupKey<'_>, index: usize) {
    let Column { table, field } = key.column;
    match key.form {
        KeyForm::Whole => {
            sql.part(Alias::table(table), &field.column, field.suffixes().get(index).copied().unwrap_or_default());
        }
        KeyForm::Currency => {
            sql.part(Alias::table(table), &field.column, "_currency");
        }
        KeyForm::Days(bucket) => push_days(sql, table, field, bucket),
        KeyForm::Moments(bucket, offsets) => match sql.dialect {
            Dialect::Postgres => moments_on_postgres(sql, table, field, bucket, offsets),
            Dialect::Sqlite => moments_on_sqlite(sql, table, field, bucket, offsets),
        },
    }
}

fn push_days(sql: &mut Sql, table: usize, field: &FieldDef, bucket: Bucket) {
    if sql.dialect == Dialect::Postgres {
        sql.push("date_trunc('").push(bucket.unit()).push("', ").column(table, &field.column).push("::timestamp)::date");
        return;
    }
    let day = |sql: &mut Sql, modifiers: &str| {
        sql.push("date(").column(table, &field.column).push(modifiers);
    };
    match bucket {
        Bucket::Hour | Bucket::Day => {
            sql.column(table, &field.column);
        }
        Bucket::Week => day(sql, ", '-6 days', 'weekday 1')"),
        Bucket::Month => day(sql, ", 'start of month')"),
        Bucket::Quarter => {
            day(sql, ", 'start of month', '-' || ((strftime('%m', ");
            sql.column(table, &field.column).push(") - 1) % 3) || ' months')");
        }
        Bucket::Year => day(sql, ", 'start of year')"),
    }
}

fn moments_on_postgres(sql: &mut Sql, table: usize, field: &FieldDef, bucket: Bucket, offsets: &Offsets) {
    use crate::sql::Argument;
    use clientela_kernel::Timestamp;
    // Each list is bound once, and stands in the text twice where hours are wanted.
    let offset: String = if offsets.changes.is_empty() {
        format!("{} * interval '1 millisecond'", offsets.first)
    } else {
        sql.arguments.push(Argument::Instants(offsets.changes.iter().map(|(from, _)| Timestamp(*from)).collect()));
        let moments = sql.arguments.len();
        sql.arguments
            .push(Argument::Integers(std::iter::once(offsets.first).chain(offsets.changes.iter().map(|(_, ahead)| *ahead)).collect()));
        let ahead = sql.arguments.len();
        let mut moment = Sql::new(sql.dialect);
        moment.column(table, &field.column);
        format!(
            "(${ahead}::bigint[])[width_bucket({moment}, ${moments}::timestamptz[]) + 1] * interval '1 millisecond'",
            moment = moment.text
        )
    };
    let local = |sql: &mut Sql| {
        sql.push("timezone('UTC', ").column(table, &field.column).push(") + ").push(&offset);
    };
    if bucket == Bucket::Hour {
        sql.push("date_trunc('hour', ");
        local(sql);
        sql.push(") - ").push(&offset);
        return;
    }
    sql.push("CASE WHEN ")
        .column(table, &field.column)
        .push(" IS NOT NULL THEN date_trunc('")
        .push(bucket.unit())
        .push("', LEAST(GREATEST(");
    local(sql);
    sql.push(", timestamp '0001-01-01'), timestamp '9999-12-31 23:59:59.999')) END");
}

fn moments_on_sqlite(sql: &mut Sql, table: usize, field: &FieldDef, bucket: Bucket, offsets: &Offsets) {
    let shown = |sql: &mut Sql| {
        sql.push("(").column(table, &field.column).push(" + ");
        push_offset(sql, table, field, offsets.first, &offsets.changes);
        sql.push(")");
    };
    let number = |sql: &mut Sql, number: i64| {
        sql.push(&number.to_string());
    };
    if bucket == Bucket::Hour {
        sql.column(table, &field.column).push(" - (");
        shown(sql);
        sql.push(" + ");
        number(sql, WEEKS);
        sql.push(") % 3600000");
        return;
    }
    // Whole stretches from a start long ago, in milliseconds.
    let counted = |sql: &mut Sql, length: i64, ahead: i64| {
        sql.push("(min(max(");
        shown(sql);
        sql.push(&format!(", {}), {}) + {}) / {length} * {length} - {}", RANGE.0, RANGE.1, WEEKS + ahead, WEEKS + ahead));
    };
    match bucket {
        Bucket::Hour | Bucket::Day => counted(sql, 86_400_000, 0),
        Bucket::Week => counted(sql, 604_800_000, SINCE_MONDAY),
        Bucket::Month | Bucket::Year => {
            sql.push("unixepoch((");
            counted(sql, 86_400_000, 0);
            sql.push(") / 1000, 'unixepoch', 'start of ").push(bucket.unit()).push("') * 1000");
        }
        Bucket::Quarter => {
            sql.push("unixepoch((");
            counted(sql, 86_400_000, 0);
            sql.push(") / 1000, 'unixepoch', 'start of month', '-' || ((strftime('%m', (");
            counted(sql, 86_400_000, 0);
            sql.push(") / 1000, 'unixepoch') - 1) % 3) || ' months') * 1000");
        }
    }
}

/// A search through the changes: nine comparisons for two centuries of summer time.
fn push_offset(sql: &mut Sql, table: usize, field: &FieldDef, first: i64, changes: &[(i64, i64)]) {
    let (before, after) = changes.split_at(changes.len() / 2);
    let Some(((from, ahead), rest)) = after.split_first() else {
        sql.push(&first.to_string());
        return;
    };
    sql.push("CASE WHEN ").column(table, &field.column).push(" < ").push(&from.to_string()).push(" THEN ");
    push_offset(sql, table, field, first, before);
    sql.push(" ELSE ");
    push_offset(sql, table, field, *ahead, rest);
    sql.push(" END");
}

fn push_measure(sql: &mut Sql, measure: &Measure<'_>, wide: bool) -> Result<()> {
    if measure.function == Function::Count {
        sql.push("COUNT(*)");
        return Ok(());
    }
    let Column { table, field } = measure.column.ok_or_else(without_field)?;
    let column = |sql: &mut Sql| {
        sql.part(Alias::table(table), &field.column, if matches!(field.kind, FieldType::Money) { "_minor" } else { "" });
    };
    let call = |sql: &mut Sql, name: &str, after: &str| {
        sql.push(name).push("(");
        column(sql);
        sql.push(after);
    };
    let sum = |sql: &mut Sql| match (sql.dialect, wide) {
        (Dialect::Postgres, _) => call(sql, "SUM", ")::text"),
        (Dialect::Sqlite, false) => call(sql, "SUM", ")"),
        (Dialect::Sqlite, true) => {
            call(sql, "SUM", " >> 32), ");
            call(sql, "SUM", " & 4294967295)");
        }
    };
    match measure.function {
        Function::Count => {}
        Function::CountDistinct => {
            sql.push("COUNT(DISTINCT ");
            column(sql);
            sql.push(")");
        }
        Function::Sum => sum(sql),
        Function::Average => {
            sum(sql);
            sql.push(", ");
            call(sql, "COUNT", ")");
        }
        Function::Minimum => call(sql, "MIN", ")"),
        Function::Maximum => call(sql, "MAX", ")"),
    }
    Ok(())
}
