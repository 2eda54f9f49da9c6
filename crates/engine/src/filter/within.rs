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

/// The day of the request, in the caller's zone.
pub(crate) fn today(context: &Context) -> Date {
    context.today()
}

/// When the day of the request began, in the caller's zone.
pub(crate) fn start_of_today(context: &Context) -> Timestamp {
    Timestamp(midnight(context.zone, context.now.to_chrono().with_timezone(&context.zone).date_naive()).timestamp_millis())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use serde_json::json;

    fn range(zone: &str, now: &str, operand: Json) -> (String, String) {
        let mut context = fixture::context();
        context.zone = zone.parse().unwrap();
        context.now = Timestamp::parse(now).unwrap();
        let registry = fixture::registry();
        let field = registry.resource("animal").unwrap().field("bornAt").unwrap().clone();
        match read(&context, &field, &operand).unwrap() {
            Comparison::Between { from: Value::Instant(from), until: Value::Instant(until), .. } => (from.to_text(), until.to_text()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_day_is_the_callers_day() {
        let now = "2026-03-29T12:00:00Z";
        let (from, until) = range("Europe/Berlin", now, json!({"this": "DAY"}));
        // The clocks go forward on this day, so it is 23 hours long.
        assert_eq!((from.as_str(), until.as_str()), ("2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z"));
        let (from, _) = range("Europe/Berlin", now, json!({"this": "DAY", "zone": "America/New_York"}));
        assert_eq!(from, "2026-03-29T04:00:00.000Z");
    }

    #[test]
    fn calendar_units_begin_where_they_begin() {
        let now = "2026-11-22T12:00:00Z";
        assert_eq!(range("UTC", now, json!({"this": "WEEK"})).0, "2026-11-16T00:00:00.000Z");
        assert_eq!(range("UTC", now, json!({"this": "QUARTER"})).0, "2026-10-01T00:00:00.000Z");
        assert_eq!(range("UTC", now, json!({"this": "YEAR"})).1, "2027-01-01T00:00:00.000Z");
        assert_eq!(range("UTC", "2026-03-31T00:00:00Z", json!({"last": "P1M"})).0, "2026-02-28T00:00:00.000Z");
        assert_eq!(range("UTC", now, json!({"next": "PT12H"})).1, "2026-11-23T00:00:00.000Z");
    }

    #[test]
    fn what_is_not_a_range_is_refused() {
        let (context, registry) = (fixture::context(), fixture::registry());
        let field = registry.resource("animal").unwrap().field("bornAt").unwrap().clone();
        for operand in [
            json!({}),
            json!(1),
            json!({"last": "1 day"}),
            json!({"this": "CENTURY"}),
            json!({"last": "P1D", "next": "P1D"}),
            json!({"last": "P999999999Y"}),
            json!({"last": "P1D", "zone": "Mars"}),
        ] {
            assert!(read(&context, &field, &operand).is_err(), "{operand}");
        }
    }
}
