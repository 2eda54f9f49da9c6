//! The page that a sign-in link leads to. To open it changes nothing: programs that look through mail open links too.

use super::browser::{STALE, WRONG_CODE, form_key, genuine, onward, posted, refused, with_cookie};
use super::endpoint::origin;
use super::page::{page, told};
use crate::middleware::RequestInfo;
use crate::pages::html::escape;
use axum::extract::Request;
use axum::response::Response;
use clientela_access::oauth::{AuthorizationServer, Followed, OpenedLink, Parameters};
use http::request::Parts;
use http::{Method, StatusCode};
use std::sync::Arc;

const OVER: &str = "This link was used before, or its time is over. Ask for another one.";

/// `GET` and `POST /oauth/link`.
pub(super) async fn link(server: Arc<AuthorizationServer>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let now = RequestInfo::among(&parts.extensions).now;
    let sent = if parts.method == Method::POST {
        posted(&parts, body).await
    } else {
        Parameters::read(form_urlencoded::parse(parts.uri.query().unwrap_or("").as_bytes()))
    };
    let sent = match sent {
        Ok(sent) => sent,
        Err(error) => return refused(&error),
    };
    let (name, token) = (sent.get("client_id").unwrap_or(""), sent.get("token").unwrap_or(""));
    let opened = match server.opened(name, token, now).await {
        Ok(Some(opened)) => opened,
        Ok(None) => return over(),
        Err(error) => return refused(&error),
    };
    if parts.method != Method::POST {
        return shown(&server, &opened, (name, token), &parts, None);
    }
    if !genuine(&server, &parts, &sent) {
        return shown(&server, &opened, (name, token), &parts, Some(STALE));
    }
    let code = sent.get("code").unwrap_or("");
    match server.follow(opened, code, &origin(&parts), now).await {
        Ok(Followed::To(address)) => onward(&address),
        Ok(Followed::Over) => over(),
        Ok(Followed::WrongCode) => match server.opened(name, token, now).await {
            Ok(Some(opened)) => shown(&server, &opened, (name, token), &parts, Some(WRONG_CODE)),
            Ok(None) => over(),
            Err(error) => refused(&error),
        },
        Err(error) => refused(&error),
    }
}

fn over() -> Response {
    page(StatusCode::BAD_REQUEST, "You cannot sign in here", &told(Some(OVER)), None)
}

fn shown(server: &AuthorizationServer, opened: &OpenedLink, (name, token): (&str, &str), parts: &Parts, problem: Option<&str>) -> Response {
    let (key, cookie) = form_key(server, &parts.headers);
    let code = if opened.needs_code {
        "<label for=\"code\">The code that your authenticator app shows, or a recovery code</label>\
         <input id=\"code\" name=\"code\" type=\"text\" autocomplete=\"one-time-code\" autocapitalize=\"characters\" required>"
    } else {
        ""
    };
    let body = format!(
        "<p>You sign in to <strong>{}</strong>.</p><form method=\"post\" action=\"/oauth/link\"><input type=\"hidden\" name=\"form\" value=\"{key}\">\
         <input type=\"hidden\" name=\"client_id\" value=\"{}\"><input type=\"hidden\" name=\"token\" value=\"{}\">{}{code}\
         <button type=\"submit\">Sign in</button></form>",
        escape(&opened.client.name),
        escape(name),
        escape(token),
        told(problem),
    );
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    with_cookie(page(status, "Sign in", &body, Some(&opened.redirect)), cookie)
}
