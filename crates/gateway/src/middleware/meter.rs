//! Counts requests and how long they take, by method, route template and class of status: closed lists all three, so that no
//! client can make more of them.

use http::{Method, StatusCode};
use parking_lot::RwLock;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// Upper ends of the classes of durations: microseconds, and the same in seconds as they are shown.
const CLASSES: [(u64, &str); 12] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (1_000_000, "1"),
    (5_000_000, "5"),
    (30_000_000, "30"),
];

/// What is counted apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    route: Arc<str>,
    method: &'static str,
    status: &'static str,
}

/// The durations of one kind of request.
#[derive(Debug, Default)]
struct Series {
    /// By class; what took longer is in the total alone.
    classes: [AtomicU64; CLASSES.len()],
    count: AtomicU64,
    microseconds: AtomicU64,
}

/// The figures of all requests since the start.
#[derive(Debug, Default)]
pub struct Meter {
    series: RwLock<HashMap<Key, Arc<Series>>>,
    running: AtomicI64,
}

/// A request under way; it is counted as such until dropped.
pub(super) struct Running<'a>(&'a Meter);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Meter {
    /// Counts a request as under way.
    pub(super) fn begin(&self) -> Running<'_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(self)
    }

    /// Counts an answer. `route` is the template; absent where no route served it.
    pub(super) fn count(&self, method: &Method, route: Option<&str>, status: StatusCode, took: Duration) {
        let key = Key { route: route.unwrap_or("none").into(), method: method_name(method), status: status_class(status) };
        let known = self.series.read().get(&key).cloned();
        let series = known.unwrap_or_else(|| Arc::clone(self.series.write().entry(key).or_default()));
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(class) = CLASSES.iter().zip(&series.classes).find(|((end, _), _)| microseconds <= *end).map(|(_, class)| class) {
            class.fetch_add(1, Ordering::Relaxed);
        }
        series.count.fetch_add(1, Ordering::Relaxed);
        series.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    /// Everything, in Prometheus' text format.
    pub(crate) fn write(&self, out: &mut String) {
        const NAME: &str = "http_server_request_duration_seconds";
        let mut all: Vec<(Key, Arc<Series>)> = self.series.read().iter().map(|(key, series)| (key.clone(), Arc::clone(series))).collect();
        all.sort_by(|one, other| one.0.cmp(&other.0));
        // Writing to a text does not fail.
        let _ = writeln!(
            out,
            "# HELP {NAME} How long requests took, from their headers to the headers of the answer.\n# TYPE {NAME} histogram"
        );
        for (Key { route, method, status }, series) in all {
            let labels = format!("route=\"{route}\",method=\"{method}\",status=\"{status}\"");
            let mut sum = 0;
            for ((_, end), class) in CLASSES.iter().zip(&series.classes) {
                sum += class.load(Ordering::Relaxed);
                let _ = writeln!(out, "{NAME}_bucket{{{labels},le=\"{end}\"}} {sum}");
            }
            let count = series.count.load(Ordering::Relaxed).max(sum);
            let microseconds = series.microseconds.load(Ordering::Relaxed);
            let _ = writeln!(out, "{NAME}_bucket{{{labels},le=\"+Inf\"}} {count}");
            let _ = writeln!(out, "{NAME}_sum{{{labels}}} {}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000);
            let _ = writeln!(out, "{NAME}_count{{{labels}}} {count}");
        }
        let running = self.running.load(Ordering::Relaxed).max(0);
        let _ = writeln!(
            out,
            "# HELP http_server_active_requests Requests under way.\n# TYPE http_server_active_requests gauge\nhttp_server_active_requests {running}"
        );
    }
}

fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_class() {
        let meter = Meter::default();
        let ask = |milliseconds| meter.count(&Method::GET, Some("/v1/accounts/{id}"), StatusCode::OK, Duration::from_millis(milliseconds));
        ask(3);
        ask(40);
        ask(60_000);
        meter.count(&Method::from_bytes(b"BREW").unwrap(), None, StatusCode::NOT_FOUND, Duration::ZERO);
        let _running = meter.begin();
        let mut text = String::new();
        meter.write(&mut text);
        let labels = "route=\"/v1/accounts/{id}\",method=\"GET\",status=\"2xx\"";
        for line in [
            format!("http_server_request_duration_seconds_bucket{{{labels},le=\"0.005\"}} 1"),
            format!("http_server_request_duration_seconds_bucket{{{labels},le=\"30\"}} 2"),
            format!("http_server_request_duration_seconds_bucket{{{labels},le=\"+Inf\"}} 3"),
            format!("http_server_request_duration_seconds_sum{{{labels}}} 60.043000"),
            "http_server_request_duration_seconds_count{route=\"none\",method=\"OTHER\",status=\"4xx\"} 1".to_owned(),
            "http_server_active_requests 1".to_owned(),
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
