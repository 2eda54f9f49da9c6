//! `GET /metrics`: figures for Prometheus. They say nothing of any tenant, and still are the operator's alone: open to this
//! machine, or to who has the token of the settings.

use super::text;
use crate::middleware::{Meter, Peer, RequestInfo};
use crate::{Figure, GatewayState, problem};
use axum::extract::Request;
use axum::response::Response;
use clientela_kernel::{Error, ErrorCode, Result};
use http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;

/// The text format, version 0.0.4.
pub(crate) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Headers by which a proxy says that the client is somewhere else.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// `GET /metrics`.
pub(super) async fn page(state: Arc<GatewayState>, meter: Arc<Meter>, request: Request) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    if let Err(error) = admit(state.health.metrics_token(), peer, request.headers()) {
        return problem::response(&error, RequestInfo::of(&request).id, request.uri().path());
    }
    let mut out = String::with_capacity(16_384);
    meter.write(&mut out);
    write(&state.health.figures(), &mut out);
    text(MEDIA_TYPE, out)
}

/// Who has the token; where there is none, who asks from this machine and not through a proxy.
fn admit(token: Option<&str>, peer: Option<Peer>, headers: &HeaderMap) -> Result<()> {
    if let Some(token) = token {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|text| text.strip_prefix("Bearer "));
        // Digests, so that the comparison tells nothing of how much of it is right.
        return if given.is_some_and(|given| Sha256::digest(given) == Sha256::digest(token)) {
            Ok(())
        } else {
            Err(Error::new(ErrorCode::Unauthenticated, "Metrics need the token of the setting metrics_token: Authorization: Bearer …."))
        };
    }
    let here = peer.is_some_and(|Peer(address)| address.to_canonical().is_loopback());
    if here && !FORWARDED.iter().any(|name| headers.contains_key(*name)) {
        return Ok(());
    }
    let text = "Metrics are open to the server's own machine alone, and not through a proxy. To read them from elsewhere set metrics_token and send it as Authorization: Bearer ….";
    Err(Error::new(ErrorCode::Forbidden, text))
}

fn write(figures: &[Figure], out: &mut String) {
    let mut last = "";
    for figure in figures {
        // Writing to a text does not fail.
        if figure.name != last {
            let kind = if figure.counter { "counter" } else { "gauge" };
            let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} {kind}", figure.help, name = figure.name);
            last = figure.name;
        }
        let labels: Vec<String> = figure.labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(out, "{}{labels} {}", figure.name, figure.value);
    }
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn ask(token: Option<&str>, peer: Option<&str>, headers: &[(&'static str, &str)]) -> Option<ErrorCode> {
        let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect();
        admit(token, peer.map(|peer| Peer(peer.parse().unwrap())), &headers).err().map(|error| error.code())
    }

    #[test]
    fn figures_are_the_operators_alone() {
        for here in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(ask(None, Some(here), &[]), None, "{here}");
        }
        assert_eq!(ask(None, Some("192.168.1.5"), &[]), Some(ErrorCode::Forbidden));
        assert_eq!(ask(None, None, &[]), Some(ErrorCode::Forbidden));
        assert_eq!(ask(None, Some("127.0.0.1"), &[("x-forwarded-for", "8.8.8.8")]), Some(ErrorCode::Forbidden));
        assert_eq!(ask(Some("secret"), Some("8.8.8.8"), &[("authorization", "Bearer secret")]), None);
        assert_eq!(ask(Some("secret"), Some("127.0.0.1"), &[]), Some(ErrorCode::Unauthenticated));
        assert_eq!(ask(Some("secret"), Some("127.0.0.1"), &[("authorization", "Bearer secreT")]), Some(ErrorCode::Unauthenticated));
    }

    #[test]
    fn figures_are_written_once_described() {
        let figure = |state: &str, value| Figure {
            name: "clientela_store_connections",
            help: "Connections.",
            counter: false,
            labels: vec![("state", state.to_owned())],
            value,
        };
        let mut out = String::new();
        write(&[figure("idle", 2), figure("a\"b", 1)], &mut out);
        assert_eq!(
            out,
            "# HELP clientela_store_connections Connections.\n# TYPE clientela_store_connections gauge\n\
             clientela_store_connections{state=\"idle\"} 2\nclientela_store_connections{state=\"a\\\"b\"} 1\n"
        );
    }
}
