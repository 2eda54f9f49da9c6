//! To an identity provider and back: a link on the page leads there, and the provider sends the person to the address where they come back.

use super::browser::{authorize_page, form_cookie, onward, refused};
use super::endpoint::origin;
use super::page::{Asks, page, told};
use crate::middleware::RequestInfo;
use axum::extract::Request;
use axum::response::Response;
use clientela_access::oauth::{AuthorizationServer, Parameters, Refusal, Returned};
use http::{Method, StatusCode};
use std::sync::Arc;

const GONE: &str = "This way to sign in is not open at the moment. Try again, or sign in with your password.";
const NOT_IN: &str = "The identity provider's word does not let you in here. Ask your administrator; what was wrong stands in the audit.";
const OVER: &str = "It took too long, it was done before, or it began in another browser. Go back to the program and begin anew.";

/// `GET /oauth/external`: the authorization request with a provider in it.
pub(super) async fn leave(server: Arc<AuthorizationServer>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let now = RequestInfo::among(&parts.extensions).now;
    // The provider stands before the request as it was asked.
    let (first, query) = parts.uri.query().unwrap_or("").split_once('&').unwrap_or_default();
    let provider = first.strip_prefix("provider=").unwrap_or("");
    let asked = match server.authorization(Parameters::read(form_urlencoded::parse(query.as_bytes())), now).await {
        Ok(asked) => asked,
        Err(Refusal::Here(error)) => return refused(&error),
        Err(Refusal::There(address)) => return onward(&address),
    };
    let Some(browser) = form_cookie(&parts.headers).filter(|_| parts.method == Method::GET) else {
        // Whoever comes here without having seen the page sees it first.
        return authorize_page(&server, &asked, query, &parts, Asks::Password(""), None).await;
    };
    match server.leave(&asked, query, provider, browser, &origin(&parts), now).await {
        Ok(Some(address)) => onward(&address),
        Ok(None) => authorize_page(&server, &asked, query, &parts, Asks::Password(""), Some(GONE)).await,
        Err(error) => refused(&error),
    }
}

/// `GET /oauth/callback`: a person comes back.
pub(super) async fn come_back(server: Arc<AuthorizationServer>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let now = RequestInfo::among(&parts.extensions).now;
    let answer = match Parameters::read(form_urlencoded::parse(parts.uri.query().unwrap_or("").as_bytes())) {
        Ok(answer) => answer,
        Err(error) => return refused(&error),
    };
    let browser = form_cookie(&parts.headers).unwrap_or("");
    match server.come_back(&answer, browser, &origin(&parts), now).await {
        Ok(Returned::To(address)) => onward(&address),
        Ok(Returned::Code { asked, query, step }) => authorize_page(&server, &asked, &query, &parts, Asks::Code(&step), None).await,
        Ok(Returned::Refused { asked, query }) => authorize_page(&server, &asked, &query, &parts, Asks::Password(""), Some(NOT_IN)).await,
        Ok(Returned::Over) => page(StatusCode::BAD_REQUEST, "You cannot sign in here", &told(Some(OVER)), None),
        Err(error) => refused(&error),
    }
}
