//! What stands for a column that a tenant has added: an expression over the document of the row (see `clientela_model::document`). Every
//! one of them is immutable, so that an index can be made of it, and the same text wherever it stands, so that the index is found.

use crate::Dialect;
use crate::sql::{Alias, Sql};
use clientela_model::document::{Form, NAME, place};

/// Appends the expression.
pub(crate) fn push(sql: &mut Sql, alias: Alias, column: &str, suffix: &str) {
    // The registry makes places, so that every one of them can be read.
    let Some((form, key)) = place(column, suffix) else { return };
    let mut document = Sql::new(sql.dialect);
    document.alias(alias).push(".");
    let text = expression(sql.dialect, &document.text, form, key, suffix);
    sql.push(&text);
}

/// The expression; `table` is what leads the column, such as `t0.`.
pub(crate) fn expression(dialect: Dialect, table: &str, form: Form, key: &str, suffix: &str) -> String {
    let whole = format!("{table}{NAME}");
    let text = format!("({whole}->>'{key}{suffix}')");
    match (dialect, form) {
        (Dialect::Postgres, Form::Text) => format!("({text} COLLATE \"C\")"),
        (Dialect::Postgres, Form::Integer) => format!("({text}::bigint)"),
        (Dialect::Postgres, Form::Boolean) => format!("({text}::boolean)"),
        (Dialect::Postgres, Form::Date) => format!("(date '1970-01-01' + {text}::integer)"),
        // Days and the rest of the day apart: an interval of more milliseconds would lose the last ones.
        (Dialect::Postgres, Form::Instant) => format!(
            "timezone('UTC', date '1970-01-01' + ({text}::bigint / 86400000)::integer + ({text}::bigint % 86400000) * interval '1 millisecond')"
        ),
        (Dialect::Postgres, Form::Id) => format!("({text}::uuid)"),
        (Dialect::Postgres, Form::Texts) => {
            format!("(CASE WHEN {whole}->'{key}' IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text({whole}->'{key}')) END)")
        }
        (Dialect::Postgres, Form::Whole) => format!("({whole}::text)"),
        (Dialect::Sqlite, Form::Text | Form::Integer | Form::Boolean | Form::Instant) => text,
        (Dialect::Sqlite, Form::Date) => format!("date({text} * 86400, 'unixepoch')"),
        (Dialect::Sqlite, Form::Id) => format!("unhex({text})"),
        (Dialect::Sqlite, Form::Texts) => format!("({whole}->'{key}')"),
        (Dialect::Sqlite, Form::Whole) => whole,
    }
}
