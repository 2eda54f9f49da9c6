//! Relative date conditions: `{"within": {"last": "P30D"}}`, `{"next": "P1W"}`, `{"this": "MONTH"}`, in the caller's zone or the
//! one named beside it.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;
use clientela_kernel::{Comparison, Context, Date, Duration, Timestamp, Value};
use clientela_model::{FieldDef, FieldType};
use serde_json::Value as Json;

/// Reads the operand of `within`.
pub(crate) fn read(context: &Context, field: &FieldDef, json: &Json) -> Result<Comparison, String> {
    let form = || {
        "within takes one of {\"last\": \"P30D\"}, {\"next\": \"P1W\"}, {\"this\": \"DAY\" | \"WEEK\" | \"MONTH\" | \"QUARTER\" | \"YEAR\"}, and a zone".to_owned()
    };
    let object = json.as_object().ok_or_else(form)?;
    let zone: Tz = match object.get("zone") {
        None | Some(Json::Null) => context.zone,
        Some(zone) => zone.as_str().and_then(|name| name.parse().ok()).ok_or_else(|| format!("{zone} is not an IANA time zone"))?,
    };
    let now = context.now.to_chrono().with_timezone(&zone);
    let mut found = None;
    for (key, value) in object.iter().filter(|(key, value)| *key != "zone" && !value.is_null()) {
        let text = value.as_str().ok_or_else(form)?;
        let range = match key.as_str() {
            "last" => (shift(now, text, false)?, now),
            "next" => (now, shift(now, text, true)?),
            "this" => this(now, text).ok_or_else(form)?,
            _ => return Err(form()),
        };
        if found.replace(range).is_some() {
            return Err(form());
        }
    }
    let (from, until) = found.ok_or_else(form)?;
    let value = |at: DateTime<Tz>| match field.kind {
        FieldType::Date => Value::Date(Date::from_chrono(at.date_naive())),
        _ => Value::Instant(Timestamp(at.timestamp_millis())),
    };
    // "last 30 days" of a date field includes today, "next 30 days" does too.
    let until = match (&field.kind, object.contains_key("this")) {
        (FieldType::Date, false) => until.checked_add_days(Days::new(1)).unwrap_or(until),
        _ => until,
    };
    let (from, until) = (value(from), value(until));
    Ok(Comparison::Between { from, until, source: json.to_string() })
}

fn shift(now: DateTime<Tz>, text: &str, forward: bool) -> Result<DateTime<Tz>, String> {
    let wrong = || format!("{text:?} is not a duration such as P30D, P3M or PT12H within a reasonable range");
    let duration = Duration::parse(text).ok_or_else(wrong)?;
    if duration.months > 12_000 || duration.days > 366_000 || duration.seconds > 366_000 * 86_400 {
        return Err(wrong());
    }
    let (months, days) = (Months::new(duration.months), Days::new(u64::from(duration.days)));
    let seconds = chrono::Duration::seconds(duration.seconds);
    let shifted = if forward {
        now.checked_add_months(months).and_then(|at| at.checked_add_days(days)).and_then(|at| at.checked_add_signed(seconds))
    } else {
        now.checked_sub_months(months).and_then(|at| at.checked_sub_days(days)).and_then(|at| at.checked_sub_signed(seconds))
    };
    shifted.ok_or_else(wrong)
}

fn this(now: DateTime<Tz>, unit: &str) -> Option<(DateTime<Tz>, DateTime<Tz>)> {
    let today = now.date_naive();
    let (year, month) = (today.year(), today.month());
    let (start, end) = match unit {
        "DAY" => (today, today.succ_opt()?),
        "WEEK" => {
            let monday = today.checked_sub_days(Days::new(u64::from(today.weekday().num_days_from_monday())))?;
            (monday, monday.checked_add_days(Days::new(7))?)
        }
        "MONTH" => months(NaiveDate::from_ymd_opt(year, month, 1)?, 1)?,
        "QUARTER" => months(NaiveDate::from_ymd_opt(year, (month - 1) / 3 * 3 + 1, 1)?, 3)?,
        "YEAR" => months(NaiveDate::from_ymd_opt(year, 1, 1)?, 12)?,
        _ => return None,
    };
    Some((midnight(now.timezone(), start), midnight(now.timezone(), end)))
}

fn months(start: NaiveDate, count: u32) -> Option<(NaiveDate, NaiveDate)> {
    Some((start, start.checked_add_months(Months::new(count))?))
}

/// The first moment of a day in a zone; where a clock change skips midnight, the first moment after it.
fn midnight(zone: Tz, day: NaiveDate) -> DateTime<Tz> {
    let start = day.and_time(chrono::NaiveTime::MIN);
    (0..4)
        .find_map(|half_hours| zone.from_local_datetime(&(start + chrono::Duration::minutes(30 * half_hours))).earliest())
        .unwrap_or_else(|| Utc.from_utc_datetime(&start).with_timezone(&zone))
}
