//! The pages where people sign in: plain HTML, without a script and without a network.

use crate::pages::html::{STYLE, escape, secure};
use axum::body::Body;
use axum::response::Response;
use clientela_access::oauth::IdentityProvider;
use http::{HeaderValue, StatusCode, header};

const FORM_STYLE: &str = "form{max-width:24rem}label{display:block;margin:.9rem 0 .2rem}input[type=text],input[type=email],input[type=password]\
{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #737a83;border-radius:4px;background:inherit;color:inherit}\
button{font:inherit;margin:1.2rem .6rem 0 0;padding:.5rem 1.1rem;border:1px solid #0b57d0;border-radius:4px;background:#0b57d0;color:#fff;cursor:pointer}\
a.way{display:inline-block;padding:.5rem 1.1rem;border:1px solid #0b57d0;border-radius:4px}button.plain{background:none;color:inherit;border-color:#737a83}.problem{border-left:4px solid #b3261e;padding:.3rem .8rem;margin:1rem 0}";

/// A page that is not framed, not cached, and sends its form to nobody but this server and where the person is sent on to.
pub(super) fn page(status: StatusCode, title: &str, body: &str, onward: Option<&str>) -> Response {
    let title = escape(title);
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title><style>{STYLE}{FORM_STYLE}</style></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    let onward = onward.map(target).unwrap_or_default();
    let policy =
        format!("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'{onward}; frame-ancestors 'none'");
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    secure(&mut response, policy);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

/// Origin or scheme of a redirect URI, which has only plain characters: browsers hold `form-action` against where a form leads on to.
fn target(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once(':') else { return String::new() };
    match rest.strip_prefix("//").filter(|_| matches!(scheme, "http" | "https")) {
        Some(rest) => format!(" {scheme}://{}", rest.split(['/', '?']).next().unwrap_or("")),
        None => format!(" {scheme}:"),
    }
}

/// Address and password, with what was wrong the last time.
fn sign_in_fields(email: &str, problem: Option<&str>) -> String {
    format!(
        "{}<label for=\"email\">E-mail address</label>\
         <input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" required value=\"{}\">\
         <label for=\"password\">Password</label>\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required>",
        told(problem),
        escape(email)
    )
}

/// What a form asks for.
#[derive(Clone, Copy)]
pub(super) enum Asks<'a> {
    /// Address (as it was entered the last time) and password.
    Password(&'a str),
    /// The code of the second factor, together with what was given out when the password was right.
    Code(&'a str),
}

/// The fields of a form that signs in.
pub(super) fn fields(asks: Asks<'_>, problem: Option<&str>) -> String {
    match asks {
        Asks::Password(email) => sign_in_fields(email, problem),
        Asks::Code(asked) => format!(
            "{}<input type=\"hidden\" name=\"step\" value=\"{}\"><label for=\"code\">The code that your authenticator app shows, or a recovery code</label>\
             <input id=\"code\" name=\"code\" type=\"text\" autocomplete=\"one-time-code\" autocapitalize=\"characters\" required autofocus>",
            told(problem),
            escape(asked)
        ),
    }
}

/// The links to identity providers; the authorization request goes along.
pub(super) fn ways(providers: &[IdentityProvider], query: &str) -> String {
    let way = |provider: &IdentityProvider| {
        let id = provider.id.to_text("idp");
        format!(
            "<p><a class=\"way\" href=\"/oauth/external?provider={id}&amp;{}\">Sign in with {}</a></p>",
            escape(query),
            escape(&provider.name)
        )
    };
    providers.iter().map(way).collect()
}

/// What was wrong.
pub(super) fn told(problem: Option<&str>) -> String {
    problem.map_or_else(String::new, |problem| format!("<p class=\"problem\" role=\"alert\">{}</p>", escape(problem)))
}

/// What a program will be allowed, in words.
pub(super) fn allowed(scopes: &str) -> String {
    let named: Vec<&str> = scopes.split_whitespace().filter(|scope| scope.contains(':')).collect();
    let has = |wanted: &str| scopes.split_whitespace().any(|scope| scope == wanted);
    let mut text = match (has("read"), has("write")) {
        (_, true) => "It may then do what you may do".to_owned(),
        (true, false) => "It may then read what you may read".to_owned(),
        (false, false) => "It may then do in your name".to_owned(),
    };
    if !named.is_empty() && !has("write") {
        text.push_str(&format!("{} {}", if has("read") { ", and" } else { "" }, escape(&named.join(", "))));
    }
    text.push_str(if has("sensitive") { ", sensitive fields too." } else { "." });
    text
}
