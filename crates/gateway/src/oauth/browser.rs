//! The two pages: where a program sends its people to, and where people enter what a device shows.

use super::endpoint::{form, origin};
use super::page::{Asks, allowed, fields, page, told, ways};
use crate::middleware::RequestInfo;
use crate::pages::html::escape;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use clientela_access::oauth::{
    Answer, Attempt, Authorization, AuthorizationServer, DeviceRequest, OauthClient, OauthError, Origin, Outcome, Parameters, Refusal,
};
use clientela_kernel::{Id, Timestamp};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use std::sync::Arc;
use uuid::Uuid;

const WRONG: &str = "E-mail address or password is wrong.";
pub(super) const WRONG_CODE: &str = "The code is wrong, or was used before. Take the next one.";
const OVER: &str = "It took too long. Begin anew.";
pub(super) const STALE: &str = "The page was open for too long, or cookies are switched off. Try again.";
/// The cookie that ties a form to the browser it was shown in.
const COOKIE: &str = "clientela_form";

/// `GET` and `POST /oauth/authorize`.
pub(super) async fn authorize(server: Arc<AuthorizationServer>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let now = RequestInfo::among(&parts.extensions).now;
    let query = parts.uri.query().unwrap_or("").to_owned();
    let asked = match server.authorization(Parameters::read(form_urlencoded::parse(query.as_bytes())), now).await {
        Ok(asked) => asked,
        Err(Refusal::Here(error)) => return refused(&error),
        Err(Refusal::There(address)) => return onward(&address),
    };
    if parts.method != Method::POST {
        return authorize_page(&server, &asked, &query, &parts, Asks::Password(""), None).await;
    }
    let sent = match posted(&parts, body).await {
        Ok(sent) => sent,
        Err(error) => return refused(&error),
    };
    let asks = asks(&sent);
    if !genuine(&server, &parts, &sent) {
        return authorize_page(&server, &asked, &query, &parts, asks, Some(STALE)).await;
    }
    if sent.get("decision") == Some("cancel") {
        return onward(&server.declined(&asked));
    }
    let from = origin(&parts);
    match signed_in(&server, &asked.client, &sent, &from, now).await {
        Ok(Outcome::In(user)) => match server.granted(&asked, user, &from, now).await {
            Ok(address) => onward(&address),
            Err(error) => refused(&error),
        },
        Ok(other) => {
            let (asks, problem) = next(&other, asks);
            authorize_page(&server, &asked, &query, &parts, asks, problem).await
        }
        Err(error) => authorize_page(&server, &asked, &query, &parts, asks, Some(&error.description)).await,
    }
}

pub(super) async fn authorize_page(
    server: &AuthorizationServer,
    asked: &Authorization,
    query: &str,
    parts: &Parts,
    asks: Asks<'_>,
    problem: Option<&str>,
) -> Response {
    let (key, cookie) = form_key(server, &parts.headers);
    let providers = match asks {
        Asks::Password(_) => server.providers(asked).await,
        Asks::Code(_) => Ok(Vec::new()),
    };
    let providers = match providers {
        Ok(providers) => providers,
        Err(error) => return refused(&error),
    };
    let body = format!(
        "<p>You sign in to <strong>{}</strong>. {}</p><form method=\"post\" action=\"/oauth/authorize?{}\">\
         <input type=\"hidden\" name=\"form\" value=\"{key}\">{}\
         <button type=\"submit\" name=\"decision\" value=\"allow\">Sign in</button>\
         <button type=\"submit\" name=\"decision\" value=\"cancel\" class=\"plain\" formnovalidate>Cancel</button></form>{}",
        escape(&asked.client.name),
        allowed(&asked.scopes.to_text()),
        escape(query),
        fields(asks, problem),
        ways(&providers, query),
    );
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    with_cookie(page(status, "Sign in", &body, Some(&asked.redirect)), cookie)
}

/// `GET` and `POST /oauth/device`.
pub(super) async fn device(server: Arc<AuthorizationServer>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let now = RequestInfo::among(&parts.extensions).now;
    let from = origin(&parts);
    if parts.method != Method::POST {
        let query = parts.uri.query().unwrap_or("");
        let code = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "user_code").map(|(_, code)| code.into_owned());
        return match code {
            Some(code) => match server.waiting(&code, &from, now).await {
                Ok(Some(waiting)) => device_page(&server, &waiting, &code, &parts, Asks::Password(""), None),
                Ok(None) => code_page(&server, &parts, Some("No device shows this code, or not any more.")),
                Err(error) => code_page(&server, &parts, Some(&error.description)),
            },
            None => code_page(&server, &parts, None),
        };
    }
    let sent = match posted(&parts, body).await {
        Ok(sent) => sent,
        Err(error) => return refused(&error),
    };
    if !genuine(&server, &parts, &sent) {
        return code_page(&server, &parts, Some(STALE));
    }
    let code = sent.get("user_code").unwrap_or("");
    let waiting = match server.waiting(code, &from, now).await {
        Ok(Some(waiting)) => waiting,
        Ok(None) => return code_page(&server, &parts, Some("No device shows this code, or not any more.")),
        Err(error) => return code_page(&server, &parts, Some(&error.description)),
    };
    let asks = asks(&sent);
    let user: Option<Id> = match sent.get("decision") {
        Some("deny") => None,
        Some("allow") => match signed_in(&server, &waiting.client, &sent, &from, now).await {
            Ok(Outcome::In(user)) => Some(user),
            Ok(other) => {
                let (asks, problem) = next(&other, asks);
                return device_page(&server, &waiting, code, &parts, asks, problem);
            }
            Err(error) => return device_page(&server, &waiting, code, &parts, asks, Some(&error.description)),
        },
        _ => return device_page(&server, &waiting, code, &parts, asks, None),
    };
    let allowed = user.is_some();
    match server.decide(waiting, user, now).await {
        Ok(true) if allowed => page(StatusCode::OK, "Signed in", "<p>You can go back to your device.</p>", None),
        Ok(true) => page(StatusCode::OK, "Not allowed", "<p>The device was not signed in.</p>", None),
        Ok(false) => code_page(&server, &parts, Some("No device shows this code, or not any more.")),
        Err(error) => refused(&error),
    }
}

fn code_page(server: &AuthorizationServer, parts: &Parts, problem: Option<&str>) -> Response {
    let (key, cookie) = form_key(server, &parts.headers);
    let body = format!(
        "<form method=\"post\" action=\"/oauth/device\"><input type=\"hidden\" name=\"form\" value=\"{key}\">{}\
         <label for=\"user_code\">The code that your device shows</label>\
         <input id=\"user_code\" name=\"user_code\" type=\"text\" autocomplete=\"off\" autocapitalize=\"characters\" required>\
         <button type=\"submit\">Continue</button></form>",
        told(problem)
    );
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    with_cookie(page(status, "Sign in a device", &body, None), cookie)
}

fn device_page(
    server: &AuthorizationServer,
    waiting: &DeviceRequest,
    code: &str,
    parts: &Parts,
    asks: Asks<'_>,
    problem: Option<&str>,
) -> Response {
    let (key, cookie) = form_key(server, &parts.headers);
    let body = format!(
        "<p>A device with <strong>{}</strong> wants to be signed in, and shows the code <code>{code}</code>. {} Go on only if the device is before you.</p>\
         <form method=\"post\" action=\"/oauth/device\"><input type=\"hidden\" name=\"form\" value=\"{key}\">\
         <input type=\"hidden\" name=\"user_code\" value=\"{code}\">{}\
         <button type=\"submit\" name=\"decision\" value=\"allow\">Sign in the device</button>\
         <button type=\"submit\" name=\"decision\" value=\"deny\" class=\"plain\" formnovalidate>It is not mine</button></form>",
        escape(&waiting.client.name),
        allowed(&waiting.scopes),
        fields(asks, problem),
        code = escape(code),
    );
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    with_cookie(page(status, "Sign in a device", &body, None), cookie)
}

async fn signed_in(
    server: &AuthorizationServer,
    client: &OauthClient,
    sent: &Parameters,
    from: &Origin,
    now: Timestamp,
) -> Answer<Outcome> {
    if let Some(asked) = sent.get("step") {
        return server.second_factor(client, asked, sent.get("code").unwrap_or(""), from, now).await;
    }
    let attempt = Attempt { email: sent.get("email").unwrap_or(""), password: sent.get("password").unwrap_or("") };
    server.sign_in(client, attempt, from, now).await
}

/// What a form asked for.
fn asks(sent: &Parameters) -> Asks<'_> {
    match sent.get("step") {
        Some(asked) => Asks::Code(asked),
        None => Asks::Password(sent.get("email").unwrap_or("")),
    }
}

/// What is asked for after an attempt that did not let the person in, and what was wrong with it.
fn next<'a>(outcome: &'a Outcome, asks: Asks<'a>) -> (Asks<'a>, Option<&'static str>) {
    match outcome {
        Outcome::Code(asked) => (Asks::Code(asked), None),
        Outcome::WrongCode(asked) => (Asks::Code(asked), Some(WRONG_CODE)),
        Outcome::Over => (Asks::Password(""), Some(OVER)),
        Outcome::Wrong | Outcome::In(_) => (asks, Some(WRONG)),
    }
}

pub(super) async fn posted(parts: &Parts, body: Body) -> Answer<Parameters> {
    form(&parts.headers, body).await
}

/// Whether a form comes from the page it was shown on: by what the browser says of itself, and by a cookie that other sites cannot read or
/// send along.
pub(super) fn genuine(server: &AuthorizationServer, parts: &Parts, sent: &Parameters) -> bool {
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let elsewhere = text("origin").is_some_and(|origin| origin != own_origin(server.issuer()))
        || text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let cookie = form_cookie(&parts.headers);
    !elsewhere && cookie.is_some() && cookie == sent.get("form")
}

/// The origin of an address: a form's `Origin` has no path.
fn own_origin(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.split('/').next().unwrap_or("")),
        None => url.to_owned(),
    }
}

/// The key of the browser that a form was shown in.
pub(super) fn form_cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut named = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    named.find(|(name, _)| *name == COOKIE).map(|(_, value)| value).filter(|value| value.len() == 32)
}

/// The key of a form, and the cookie to set where the browser has none yet.
pub(super) fn form_key(server: &AuthorizationServer, headers: &HeaderMap) -> (String, Option<String>) {
    if let Some(known) = form_cookie(headers).filter(|known| known.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return (known.to_owned(), None);
    }
    #[expect(clippy::disallowed_methods, reason = "a key of a form, not the id of a record")]
    let key = Uuid::new_v4().simple().to_string();
    let secure = if server.issuer().starts_with("https:") { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={key}; Path=/oauth; HttpOnly; SameSite=Lax; Max-Age=3600{secure}");
    (key, Some(cookie))
}

pub(super) fn with_cookie(mut response: Response, cookie: Option<String>) -> Response {
    if let Some(value) = cookie.and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// A refusal that no program is told of.
pub(super) fn refused(error: &OauthError) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let text = "<p>The program that sent you here asked for something that it cannot have. Nothing was done.</p>";
    page(status, "You cannot sign in here", &format!("{}{text}", told(Some(&error.description))), None)
}

/// Sends the person on.
pub(super) fn onward(address: &str) -> Response {
    let Ok(value) = HeaderValue::from_str(address) else {
        return page(StatusCode::BAD_REQUEST, "You cannot sign in here", "<p>The program's address cannot be used.</p>", None);
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, value);
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
