//! The feed as server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>): every entry is an event with its place as id, so that a
//! browser that was cut off goes on behind the last one by itself.

use super::entry::{self, Shown};
use super::{Parameters, STREAM_NAMES, request};
use crate::GatewayState;
use crate::follow::Follower;
use crate::rest::call::Call;
use crate::rest::parameters::invalid;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use clientela_kernel::{Error, Result};
use http::{HeaderName, HeaderValue, header};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Where a client that was cut off says how far it had come.
pub(crate) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// The media type.
pub(crate) const EVENTS: &str = "text/event-stream";
/// Something is sent at least so often, so that proxies and clients know that the stream is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many entries are fetched at once: they are in memory until the client has taken them.
const AT_ONCE: u32 = 100;
/// After so many milliseconds a client that was cut off tries again.
const RETRY: u32 = 2_000;

/// `GET /v1/changes/stream`.
pub(in crate::rest) async fn stream(state: Arc<GatewayState>, call: Call) -> Result<Response> {
    let parameters = Parameters::parse(call.query(), STREAM_NAMES)?;
    let shown = Shown::read(parameters.get("record"))?;
    let mut request = request(state.engine.registry(), &state, &parameters)?;
    request.limit = AT_ONCE;
    if let Some(last) = call.parts.headers.get(LAST_EVENT_ID).filter(|last| !last.is_empty()) {
        let last = last.to_str().map_err(|_| invalid("Last-Event-ID is not the id of an event of this stream.".to_owned()))?;
        (request.after, request.from_now) = (Some(last.to_owned()), false);
    }
    let mut follower = Follower::new(Arc::clone(&state), call.info, call.parts.headers.clone(), request);
    // What is wrong with the question is an ordinary answer, before the stream begins.
    let first = follower.page().await?;
    let mut begun = format!("retry: {RETRY}\n").into_bytes();
    // An event without data moves the client's place on without being one.
    if first.page.entries.is_empty() {
        begun.extend_from_slice(format!("id: {}\n", first.page.next).as_bytes());
    }
    begun.push(b'\n');
    write(&first, shown, &mut begun).await?;
    let start = Running { follower, shown, first: Some(begun), over: false };
    let pieces = futures_util::stream::unfold(start, |mut running| async move {
        let piece = running.next().await?;
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(piece)), running))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(EVENTS));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather answers would hold events back.
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

struct Running {
    follower: Follower,
    shown: Shown,
    first: Option<Vec<u8>>,
    over: bool,
}

impl Running {
    /// The next piece; none where the stream has ended. It is asked for when the client has taken the one before, so a slow one costs one page.
    async fn next(&mut self) -> Option<Vec<u8>> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        if self.over {
            return None;
        }
        let mut out = Vec::new();
        let written = match self.follower.page_until(Instant::now() + HEARTBEAT).await {
            Ok(followed) if followed.page.entries.is_empty() => {
                out.extend_from_slice(b": nothing new\n\n");
                Ok(())
            }
            Ok(followed) => write(&followed, self.shown, &mut out).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            out.clear();
            refusal(&error, &mut out);
            self.over = true;
        } else if self.follower.is_over() {
            out.extend_from_slice(b": the server is about to stop; connect again\n\n");
            self.over = true;
        }
        Some(out)
    }
}

/// Appends the entries of a page as events.
async fn write(followed: &crate::follow::Followed, shown: Shown, out: &mut Vec<u8>) -> Result<()> {
    for entry in &followed.page.entries {
        out.extend_from_slice(format!("id: {}\nevent: change\ndata: ", entry.cursor).as_bytes());
        entry::write(followed, entry, shown, out).await?;
        out.extend_from_slice(b"\n\n");
    }
    Ok(())
}

/// Appends why the stream ends, as an event.
fn refusal(error: &Error, out: &mut Vec<u8>) {
    let data = json!({ "code": error.code().as_str(), "detail": error.detail() });
    out.extend_from_slice(format!("event: error\ndata: {data}\n\n").as_bytes());
}
