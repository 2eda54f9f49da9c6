//! A comparison of one field with constants, as SQL that is true exactly where the comparison is, and false or null
//! elsewhere.

use crate::sql::{Alias, Argument, Sql};
use clientela_kernel::{Comparison, Error, Money, RecordKey, Result, Value};
use clientela_model::{FieldDef, FieldType};
use std::collections::BTreeMap;

const FALSE: &str = "1=0";

/// Appends the comparison. Comparing with null is never true; ask `IsNull` instead.
pub(crate) fn push_comparison(sql: &mut Sql, alias: Alias, field: &FieldDef, comparison: &Comparison) -> Result<()> {
    match comparison {
        Comparison::Equal(value) => ordered(sql, alias, field, Operator::Equal, value),
        Comparison::Greater(value) => ordered(sql, alias, field, Operator::Greater, value),
        Comparison::GreaterOrEqual(value) => ordered(sql, alias, field, Operator::GreaterOrEqual, value),
        Comparison::Less(value) => ordered(sql, alias, field, Operator::Less, value),
        Comparison::LessOrEqual(value) => ordered(sql, alias, field, Operator::LessOrEqual, value),
        Comparison::Between { from, until, .. } => {
            sql.push("(");
            ordered(sql, alias, field, Operator::GreaterOrEqual, from)?;
            sql.push(" AND ");
            ordered(sql, alias, field, Operator::Less, until)?;
            sql.push(")");
            Ok(())
        }
        Comparison::In(values) => one_of(sql, alias, field, values),
        Comparison::Same(text) if field.folded && storable(text) => {
            sql.of(alias, &field.folded_column()).push(" = ").value(&Value::from(text.as_str()));
            Ok(())
        }
        Comparison::Same(_) => {
            sql.push(FALSE);
            Ok(())
        }
        Comparison::OfResource(resource) => {
            sql.of(alias, &field.column).push("_resource = ").value(&Value::from(resource.as_ref()));
            Ok(())
        }
        Comparison::Contains(needle) => folded(sql, alias, field, needle, |sql, column| sql.dialect.contains(sql, alias, column, needle)),
        Comparison::StartsWith(needle) => folded(sql, alias, field, needle, |sql, column| starts_with(sql, alias, column, needle)),
        Comparison::EndsWith(needle) => folded(sql, alias, field, needle, |sql, column| sql.dialect.ends_with(sql, alias, column, needle)),
        Comparison::IsNull => {
            let suffix = field.suffixes().first().copied().unwrap_or_default();
            sql.part(alias, &field.column, suffix).push(" IS NULL");
            Ok(())
        }
        Comparison::Has(text) => set(sql, alias, field, true, std::slice::from_ref(text)),
        Comparison::HasAny(texts) => set(sql, alias, field, false, texts),
        Comparison::HasAll(texts) => set(sql, alias, field, true, texts),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Operator {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Operator {
    fn text(self) -> &'static str {
        match self {
            Operator::Equal => " = ",
            Operator::Greater => " > ",
            Operator::GreaterOrEqual => " >= ",
            Operator::Less => " < ",
            Operator::LessOrEqual => " <= ",
        }
    }
}

fn ordered(sql: &mut Sql, alias: Alias, field: &FieldDef, operator: Operator, value: &Value) -> Result<()> {
    if value.is_null() {
        sql.push(FALSE);
        return Ok(());
    }
    check(field, value)?;
    match value {
        Value::Money(amount) => money(sql, alias, field, operator, *amount),
        Value::Record(_) if operator != Operator::Equal => return Err(mismatch(field)),
        Value::Record(record) => records(sql, alias, field, &record.resource, &[record]),
        Value::Text(text) => {
            let Some((before, _)) = text.split_once('\0') else {
                sql.of(alias, &field.column).push(operator.text()).value(value);
                return Ok(());
            };
            // No database text holds U+0000, the least character, so what lies beyond the first one cannot matter.
            let operator = match operator {
                Operator::Equal => {
                    sql.push(FALSE);
                    return Ok(());
                }
                Operator::Greater | Operator::GreaterOrEqual => Operator::Greater,
                Operator::Less | Operator::LessOrEqual => Operator::LessOrEqual,
            };
            sql.of(alias, &field.column).push(operator.text()).value(&Value::from(before));
        }
        _ => {
            sql.of(alias, &field.column).push(operator.text()).value(value);
        }
    }
    Ok(())
}

/// Amounts compare within one currency.
fn money(sql: &mut Sql, alias: Alias, field: &FieldDef, operator: Operator, amount: Money) {
    sql.push("(").part(alias, &field.column, "_currency").push(" = ").value(&Value::from(amount.currency.code()));
    sql.push(" AND ").part(alias, &field.column, "_minor").push(operator.text()).value(&Value::Integer(amount.minor)).push(")");
}

/// One of these records, all of one resource.
fn records(sql: &mut Sql, alias: Alias, field: &FieldDef, resource: &str, records: &[&RecordKey]) {
    sql.push("(").of(alias, &field.column).push("_resource = ").value(&Value::from(resource)).push(" AND ");
    match records {
        [one] => {
            sql.of(alias, &field.id_column()).push(" = ").value(&Value::Id(one.id));
        }
        many => {
            let ids = many.iter().map(|record| record.id).collect();
            sql.dialect.is_one_of(sql, alias, &field.id_column(), Argument::Ids(ids));
        }
    }
    sql.push(")");
}

fn one_of(sql: &mut Sql, alias: Alias, field: &FieldDef, values: &[Value]) -> Result<()> {
    for value in values {
        check(field, value)?;
    }
    if matches!(field.kind, FieldType::Money) {
        let amounts = values.iter().filter_map(|value| if let Value::Money(amount) = value { Some(*amount) } else { None });
        sql.push("(").push(FALSE);
        for amount in amounts {
            sql.push(" OR ");
            money(sql, alias, field, Operator::Equal, amount);
        }
        sql.push(")");
        return Ok(());
    }
    if matches!(field.kind, FieldType::AnyReference(_)) {
        let mut by_resource: BTreeMap<&str, Vec<&RecordKey>> = BTreeMap::new();
        for record in values.iter().filter_map(Value::as_record) {
            by_resource.entry(&record.resource).or_default().push(record);
        }
        sql.push("(").push(FALSE);
        for (resource, members) in by_resource {
            sql.push(" OR ");
            records(sql, alias, field, resource, &members);
        }
        sql.push(")");
        return Ok(());
    }
    match collect(values) {
        Some(values) => sql.dialect.is_one_of(sql, alias, &field.column, values),
        None => {
            sql.push(FALSE);
        }
    }
    Ok(())
}

/// The values as one array; none where no value is left to equal.
fn collect(values: &[Value]) -> Option<Argument> {
    macro_rules! array {
        ($argument:ident, $pattern:pat => $member:expr) => {
            Argument::$argument(values.iter().filter_map(|value| if let $pattern = value { Some($member) } else { None }).collect())
        };
    }
    Some(match values.iter().find(|value| !value.is_null())? {
        Value::Boolean(_) => array!(Booleans, Value::Boolean(yes) => *yes),
        Value::Integer(_) => array!(Integers, Value::Integer(number) => *number),
        Value::Id(_) => array!(Ids, Value::Id(id) => *id),
        Value::Date(_) => array!(Dates, Value::Date(day) => *day),
        Value::Instant(_) => array!(Instants, Value::Instant(at) => *at),
        Value::Text(_) => {
            Argument::Texts(values.iter().filter_map(Value::as_text).filter(|text| storable(text)).map(str::to_owned).collect())
        }
        Value::Null | Value::Money(_) | Value::TextSet(_) | Value::Record(_) => return None,
    })
}

/// A comparison of the folded copy.
fn folded(sql: &mut Sql, alias: Alias, field: &FieldDef, needle: &str, push: impl FnOnce(&mut Sql, &str)) -> Result<()> {
    if !field.folded {
        return Err(Error::internal(format!("field {} has no folded copy to search in", field.name)));
    }
    let column = field.folded_column();
    if needle.is_empty() {
        sql.of(alias, &column).push(" IS NOT NULL");
    } else if storable(needle) {
        push(sql, &column);
    } else {
        sql.push(FALSE);
    }
    Ok(())
}

/// A range of the byte order, which an ordinary index serves on both databases; on PostgreSQL also the pattern, for columns
/// that have a trigram index.
fn starts_with(sql: &mut Sql, alias: Alias, column: &str, prefix: &str) {
    sql.push("(").of(alias, column).push(" >= ").value(&Value::from(prefix));
    if let Some(end) = successor(prefix) {
        sql.push(" AND ").of(alias, column).push(" < ").value(&Value::Text(end));
    }
    sql.dialect.prefix_pattern(sql, alias, column, prefix);
    sql.push(")");
}

/// The least text greater than every text with this prefix.
fn successor(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

fn set(sql: &mut Sql, alias: Alias, field: &FieldDef, all: bool, texts: &[String]) -> Result<()> {
    if !matches!(field.kind, FieldType::TextSet { .. }) {
        return Err(mismatch(field));
    }
    let possible: Vec<String> = texts.iter().filter(|text| storable(text)).cloned().collect();
    if if all { possible.len() < texts.len() } else { possible.is_empty() } {
        sql.push(FALSE);
    } else if all {
        sql.dialect.has_all(sql, alias, &field.column, possible);
    } else {
        sql.dialect.has_any(sql, alias, &field.column, possible);
    }
    Ok(())
}

/// Whether a database can hold the text: PostgreSQL takes no U+0000.
fn storable(text: &str) -> bool {
    !text.contains('\0')
}

/// The value is of the field's type. The engine has checked it when it read the filter; a slip there must not become a
/// statement that one database refuses and the other runs.
fn check(field: &FieldDef, value: &Value) -> Result<()> {
    let fits = matches!(
        (&field.kind, value),
        (_, Value::Null)
            | (FieldType::Id | FieldType::Reference(_), Value::Id(_))
            | (FieldType::Text { .. } | FieldType::Choice(_), Value::Text(_))
            | (FieldType::Boolean, Value::Boolean(_))
            | (FieldType::Integer { .. } | FieldType::Decimal { .. } | FieldType::Duration, Value::Integer(_))
            | (FieldType::Date, Value::Date(_))
            | (FieldType::Instant, Value::Instant(_))
            | (FieldType::Money, Value::Money(_))
            | (FieldType::AnyReference(_), Value::Record(_))
    );
    if fits { Ok(()) } else { Err(mismatch(field)) }
}

fn mismatch(field: &FieldDef) -> Error {
    Error::internal(format!("a filter compares field {} with a value of another type", field.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn successors_bound_every_text_with_the_prefix() {
        assert_eq!(successor("ab"), Some("ac".into()));
        assert_eq!(successor("a\u{d7ff}"), Some("a\u{e000}".into()));
        assert_eq!(successor("a\u{10ffff}"), Some("b".into()));
        assert_eq!(successor("\u{10ffff}"), None);
        assert_eq!(successor("a\u{7f}"), Some("a\u{80}".into()));
    }
}
