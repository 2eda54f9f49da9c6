//! Cross-origin requests (Fetch standard): any origin may call, since authority is a bearer token and never a cookie.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

/// Whether the request is a browser asking beforehand.
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(header::ORIGIN) && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The headers of every answer to a cross-origin request.
pub(super) fn add(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("ETag, Link, Location, X-Request-Id, Idempotency-Replayed, Retry-After, Allow, Accept-Patch"),
    );
}

/// The headers of the answer to a preflight. `*` does not cover Authorization, so that is named.
pub(super) fn add_preflight(headers: &mut HeaderMap) {
    const ANSWER: [(HeaderName, &str); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, Accept, If-Match, If-None-Match, Idempotency-Key, X-Request-Id, traceparent, tracestate, *",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "7200"),
    ];
    for (name, value) in ANSWER {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
