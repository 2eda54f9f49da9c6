//! Results as server-sent events: the "distinct connections" mode of <https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>.

use super::Result;
use ::http::{HeaderName, HeaderValue, header};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use std::convert::Infallible;

/// The answer that carries a stream of results.
pub(in crate::graphql) fn answer(results: BoxStream<'static, Result>) -> Response {
    let piece = |result: Result| match result {
        Result::Next(json) => {
            let mut text = b"event: next\ndata: ".to_vec();
            text.extend_from_slice(&json);
            text.extend_from_slice(b"\n\n");
            Bytes::from(text)
        }
        Result::Quiet => Bytes::from_static(b":\n\n"),
    };
    let complete = stream::once(async { Bytes::from_static(b"event: complete\ndata: \n\n") });
    let pieces = results.map(piece).chain(complete).map(Ok::<_, Infallible>);
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}
