//! The frame of our own pages.

use axum::response::Response;
use http::{HeaderValue, header};

pub(crate) const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}\
code{font:.9em ui-monospace,monospace;background:#f2f4f7;padding:.1em .3em;border-radius:3px}a{color:#0b57d0}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.35rem .6rem .35rem 0;border-bottom:1px solid #e3e6ea}\
@media(prefers-color-scheme:dark){body{background:#14171b;color:#e6e8eb}code{background:#22272e}a{color:#8ab4f8}td,th{border-color:#333a42}}";

/// What a page of ours may load: nothing but its own style.
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");

/// A page with a title; `body` is HTML.
pub(crate) fn page(title: &str, body: &str) -> Response {
    let title = escape(title);
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    let mut response = super::text("text/html; charset=utf-8", text);
    secure(&mut response, POLICY);
    response
}

/// Adds the headers that keep a page to what it is made for.
pub(crate) fn secure(response: &mut Response, policy: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
}

/// Text as HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Whether the caller would rather have HTML than JSON: browsers name it first.
pub(crate) fn wanted(headers: &http::HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    let named = accept.split(',').map(|part| part.split(';').next().unwrap_or("").trim());
    named.into_iter().find(|name| matches!(*name, "text/html" | "application/json" | "application/*" | "*/*")) == Some("text/html")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    #[test]
    fn browsers_get_html_and_programs_json() {
        let wanted = |accept: &'static str| super::wanted(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]));
        assert!(wanted("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assert!(!wanted("*/*") && !wanted("application/json, text/html") && !wanted(""));
        assert!(!super::wanted(&HeaderMap::new()));
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
