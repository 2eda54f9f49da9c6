//! The wire form of a field's values, both ways: rows and values to JSON text, JSON of cursors back to values.

use crate::pg_array::PgTexts;
use crate::rows::{self, Row};
use clientela_kernel::{Date, Duration, Id, Money, Name, RecordKey, Result, Timestamp, Value, currency::Currency, decimal};
use clientela_model::{AnyReferenceDef, FieldDef, FieldType, ResourceDef, system};
use serde_json::Value as Json;
use std::io::Write as _;
use uuid::Uuid;

/// Whole numbers up to this are exact in every JSON reader; fields that may go beyond are written as strings.
const EXACT_IN_JSON: i64 = 9_007_199_254_740_991;

/// Writes and reads one field. Made once per field of a plan, so that nothing is looked up per cell.
#[derive(Clone, Debug)]
pub struct Encoder {
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Id(Name),
    Text,
    TextSet,
    Boolean,
    Integer,
    /// A whole number that may leave the range of exact JSON numbers.
    LargeInteger,
    Date,
    Instant,
    Duration,
    /// With so many places.
    Decimal(u32),
    Money,
    Record(AnyReferenceDef),
}

impl Encoder {
    /// The encoder of a field of `def`.
    pub fn new(def: &ResourceDef, field: &FieldDef) -> Encoder {
        let form = match &field.kind {
            FieldType::Id => Form::Id(def.prefix.clone()),
            FieldType::Reference(reference) => Form::Id(reference.prefix.clone()),
            FieldType::Text { .. } | FieldType::Choice(_) => Form::Text,
            FieldType::TextSet { .. } => Form::TextSet,
            FieldType::Boolean => Form::Boolean,
            FieldType::Integer { min, max } => {
                let exact = (*max <= EXACT_IN_JSON && *min >= -EXACT_IN_JSON) || field.name == system::VERSION;
                if exact { Form::Integer } else { Form::LargeInteger }
            }
            FieldType::Date => Form::Date,
            FieldType::Instant => Form::Instant,
            FieldType::Duration => Form::Duration,
            FieldType::Decimal { places, .. } => Form::Decimal(*places),
            FieldType::Money => Form::Money,
            FieldType::AnyReference(reference) => Form::Record(reference.clone()),
        };
        Encoder { form }
    }

    /// How many positions the field takes in a row: two for money and a reference to any record, one otherwise.
    pub fn width(&self) -> usize {
        if matches!(self.form, Form::Money | Form::Record(_)) { 2 } else { 1 }
    }

    /// Appends the JSON of the field that begins at a column.
    pub fn write(&self, row: &Row, column: usize, out: &mut Vec<u8>) -> Result<()> {
        match &self.form {
            Form::Id(prefix) => or_null(row.uuid(column)?, out, |id, out| write_id(id, prefix, out)),
            Form::Text => or_null(row.text(column)?, out, write_text),
            Form::TextSet => return write_text_set(row, column, out),
            Form::Boolean => or_null(row.boolean(column)?, out, write_boolean),
            Form::Integer => or_null(row.integer(column)?, out, write_integer),
            Form::LargeInteger => or_null(row.integer(column)?, out, write_large_integer),
            Form::Date => or_null(row.date(column)?, out, write_date),
            Form::Instant => or_null(row.instant(column)?, out, write_instant),
            Form::Duration => or_null(row.integer(column)?, out, write_duration),
            Form::Decimal(places) => or_null(row.integer(column)?, out, |number, out| write_decimal(number, *places, out)),
            Form::Money => or_null(row.money(column)?, out, write_money),
            Form::Record(reference) => or_null(row.record(column, reference)?, out, |key, out| write_record(&key, reference, out)),
        }
        Ok(())
    }

    /// Appends the JSON of a value in memory.
    pub fn write_value(&self, value: &Value, out: &mut Vec<u8>) {
        match (value, &self.form) {
            (Value::Null, _) => out.extend_from_slice(b"null"),
            (Value::Boolean(yes), _) => write_boolean(*yes, out),
            (Value::Integer(seconds), Form::Duration) => write_duration(*seconds, out),
            (Value::Integer(number), Form::Decimal(places)) => write_decimal(*number, *places, out),
            (Value::Integer(number), Form::LargeInteger) => write_large_integer(*number, out),
            (Value::Integer(number), _) => write_integer(*number, out),
            (Value::Text(text), _) => write_text(text, out),
            (Value::Id(id), Form::Id(prefix)) => write_id(*id, prefix, out),
            (Value::Id(id), _) => write_text(&id.to_string(), out),
            (Value::Date(day), _) => write_date(*day, out),
            (Value::Instant(at), _) => write_instant(*at, out),
            (Value::Money(money), _) => write_money(*money, out),
            (Value::Record(key), Form::Record(reference)) => write_record(key, reference, out),
            (Value::Record(key), _) => write_text(&key.id.to_string(), out),
            (Value::TextSet(texts), _) => write_texts(texts.iter().map(String::as_str), out),
        }
    }

    /// Appends the decimal amount of a money field as a JSON string, or `null`.
    pub fn write_amount(&self, row: &Row, column: usize, out: &mut Vec<u8>) -> Result<()> {
        or_null(row.money(column)?, out, |money, out| {
            out.push(b'"');
            money.write_amount(out);
            out.push(b'"');
        });
        Ok(())
    }

    /// Appends the currency of a money field as a JSON string, or `null`.
    pub fn write_currency(&self, row: &Row, column: usize, out: &mut Vec<u8>) -> Result<()> {
        or_null(row.money(column)?, out, |money, out| write_text(money.currency.code(), out));
        Ok(())
    }

    /// Reads the wire form back, as cursors carry it. An id may have any prefix. `None` where the JSON is not a value
    /// of the field, or one that no database can hold.
    pub fn parse(&self, json: &Json) -> Option<Value> {
        if json.is_null() {
            return Some(Value::Null);
        }
        match &self.form {
            Form::Id(_) => {
                let text = json.as_str()?;
                Id::parse(text, Id::prefix_of(text)?).ok().map(|id| Value::Id(id.0))
            }
            Form::Record(reference) => {
                let text = json.as_str()?;
                let target = reference.by_prefix(Id::prefix_of(text)?)?;
                let id = Id::parse(text, &target.prefix).ok()?.0;
                Some(Value::Record(RecordKey { resource: target.resource.clone(), id }))
            }
            Form::Text => json.as_str().filter(|text| !text.contains('\0')).map(Value::from),
            Form::TextSet => {
                json.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>().map(Value::TextSet)
            }
            Form::Boolean => json.as_bool().map(Value::Boolean),
            Form::Integer | Form::LargeInteger => {
                json.as_i64().or_else(|| json.as_str().and_then(|text| text.parse().ok())).map(Value::Integer)
            }
            Form::Date => json.as_str().and_then(Date::parse).map(Value::Date),
            Form::Instant => json.as_str().and_then(Timestamp::parse).map(Value::Instant),
            Form::Duration => {
                let length = json.as_str().and_then(Duration::parse).filter(|length| length.months == 0)?;
                i64::from(length.days).checked_mul(86_400)?.checked_add(length.seconds).map(Value::Integer)
            }
            Form::Decimal(places) => decimal::parse(json.as_str()?, *places).ok().map(Value::Integer),
            Form::Money => {
                let currency = Currency::parse(json.get("currency")?.as_str()?)?;
                Money::parse(json.get("amount")?.as_str()?, currency).ok().map(Value::Money)
            }
        }
    }
}

fn or_null<T>(value: Option<T>, out: &mut Vec<u8>, write: impl FnOnce(T, &mut Vec<u8>)) {
    match value {
        Some(value) => write(value, out),
        None => out.extend_from_slice(b"null"),
    }
}

/// Appends a JSON string.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\') {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, after)) = special.split_first() else { break };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => {
                let _ = write!(out, "\\u{other:04x}");
            }
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn write_id(id: Uuid, prefix: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    Id(id).write(prefix, out);
    out.push(b'"');
}

/// The prefix of the resource tells which it is.
fn write_record(key: &RecordKey, reference: &AnyReferenceDef, out: &mut Vec<u8>) {
    write_id(key.id, reference.target(&key.resource).map_or("", |target| &target.prefix), out);
}

fn write_boolean(yes: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if yes { b"true" } else { b"false" });
}

fn write_integer(number: i64, out: &mut Vec<u8>) {
    let _ = write!(out, "{number}");
}

fn write_large_integer(number: i64, out: &mut Vec<u8>) {
    let _ = write!(out, "\"{number}\"");
}

fn write_date(day: Date, out: &mut Vec<u8>) {
    out.push(b'"');
    day.write(out);
    out.push(b'"');
}

fn write_instant(at: Timestamp, out: &mut Vec<u8>) {
    out.push(b'"');
    at.write(out);
    out.push(b'"');
}

fn write_duration(seconds: i64, out: &mut Vec<u8>) {
    write_text(&Duration::seconds_to_text(seconds), out);
}

fn write_decimal(number: i64, places: u32, out: &mut Vec<u8>) {
    out.push(b'"');
    decimal::write(i128::from(number), places, out);
    out.push(b'"');
}

fn write_money(money: Money, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"amount\":\"");
    money.write_amount(out);
    out.extend_from_slice(b"\",\"currency\":\"");
    out.extend_from_slice(money.currency.code().as_bytes());
    out.extend_from_slice(b"\"}");
}

fn write_texts<'a>(texts: impl Iterator<Item = &'a str>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, text) in texts.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(text, out);
    }
    out.push(b']');
}

fn write_text_set(row: &Row, column: usize, out: &mut Vec<u8>) -> Result<()> {
    match row {
        Row::Postgres(row) => match rows::bytes(row, column)? {
            Some(bytes) => {
                let texts = PgTexts::new(bytes)?.collect::<Result<Vec<_>>>()?;
                write_texts(texts.into_iter(), out);
            }
            None => out.extend_from_slice(b"null"),
        },
        // SQLite keeps the set as the JSON text this store wrote.
        Row::Sqlite(row) => or_null(rows::sqlite::<&str>(row, column)?, out, |json, out| out.extend_from_slice(json.as_bytes())),
        Row::Memory(_) => match row.text_set(column)? {
            Some(texts) => write_texts(texts.iter().map(String::as_str), out),
            None => out.extend_from_slice(b"null"),
        },
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clientela_model::TextFormat;

    fn encoder(kind: FieldType) -> Encoder {
        let mut def = ResourceDef::named("account");
        def.prefix = "acc".into();
        Encoder::new(&def, &FieldDef::new("field", "field", kind, "A field.", "null"))
    }

    fn json(kind: FieldType, value: Value) -> String {
        let encoder = encoder(kind.clone());
        let mut out = Vec::new();
        encoder.write_value(&value, &mut out);
        let from_value = String::from_utf8(out).unwrap();
        let field = FieldDef::new("field", "field", kind, "A field.", "null");
        let row = Row::from_values([(&field, value.clone())]);
        let mut out = Vec::new();
        encoder.write(&row, 0, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), from_value, "row and value agree");
        assert_eq!(row.value(0, &field).unwrap(), value);
        assert_eq!(encoder.parse(&serde_json::from_str(&from_value).unwrap()), Some(value), "{from_value} reads back");
        from_value
    }

    #[test]
    fn every_type_has_its_wire_form_and_reads_back() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        let text = FieldType::Text { max: 10, format: TextFormat::Plain };
        let wide = FieldType::Integer { min: 0, max: i64::MAX };
        let euro = Currency::parse("EUR").unwrap();
        let cases = [
            (FieldType::Id, Value::Id(id), "\"acc_01h455vb4pex5vsknk084sn02q\""),
            (text.clone(), Value::from("Zoë \"Z\"\n\u{1}"), "\"Zoë \\\"Z\\\"\\n\\u0001\""),
            (FieldType::Boolean, Value::Boolean(true), "true"),
            (FieldType::Integer { min: -5, max: 5 }, Value::Integer(-5), "-5"),
            (wide, Value::Integer(9_007_199_254_740_993), "\"9007199254740993\""),
            (FieldType::Date, Value::Date(Date::parse("2026-01-31").unwrap()), "\"2026-01-31\""),
            (FieldType::Instant, Value::Instant(Timestamp::parse("1999-12-31T23:59:59.999Z").unwrap()), "\"1999-12-31T23:59:59.999Z\""),
            (FieldType::Duration, Value::Integer(5_400), "\"PT1H30M\""),
            (FieldType::Decimal { places: 3, min: -9_999, max: 9_999 }, Value::Integer(-1_250), "\"-1.25\""),
            (FieldType::Money, Value::Money(Money { minor: -50, currency: euro }), "{\"amount\":\"-0.50\",\"currency\":\"EUR\"}"),
            (FieldType::TextSet { max_items: 3, max_length: 9 }, Value::TextSet(vec!["a".into(), "b\\".into()]), "[\"a\",\"b\\\\\"]"),
            (text, Value::Null, "null"),
        ];
        for (kind, value, expected) in cases {
            assert_eq!(json(kind, value), expected);
        }
    }

    #[test]
    fn escaping_agrees_with_serde_json() {
        let every: String = (0..=0x2ff).filter_map(char::from_u32).collect();
        let mut out = Vec::new();
        write_text(&every, &mut out);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), every);
    }

    #[test]
    fn cursors_take_any_prefix_and_refuse_other_types() {
        let id = encoder(FieldType::Id);
        assert!(id.parse(&"con_01h455vb4pex5vsknk084sn02q".into()).is_some());
        assert_eq!(id.parse(&"con_x".into()), None);
        assert_eq!(encoder(FieldType::Boolean).parse(&"true".into()), None);
        assert_eq!(encoder(FieldType::Text { max: 9, format: TextFormat::Plain }).parse(&"a\0b".into()), None);
        assert_eq!(encoder(FieldType::Duration).parse(&"P1M".into()), None);
    }

    #[test]
    fn money_comes_in_parts() {
        let field = FieldDef::new("amount", "amount", FieldType::Money, "An amount.", "null");
        let money = Money { minor: 12_345, currency: Currency::parse("JPY").unwrap() };
        let row = Row::from_values([(&field, Value::Null), (&field, Value::Money(money))]);
        let mut out = Vec::new();
        let encoder = encoder(FieldType::Money);
        for column in [0, 2] {
            encoder.write_amount(&row, column, &mut out).unwrap();
            encoder.write_currency(&row, column, &mut out).unwrap();
        }
        assert_eq!(String::from_utf8(out).unwrap(), "nullnull\"12345\"\"JPY\"");
    }
}
