//! From the `Authorization` header to a context.

use super::RequestInfo;
use crate::GatewayState;
use clientela_kernel::{Context, Error, ErrorCode, Result};
use http::{HeaderMap, header};

/// Authenticates a request by its bearer token (RFC 6750). The error says what to send.
pub async fn authenticate(state: &GatewayState, info: RequestInfo, headers: &HeaderMap) -> Result<Context> {
    state.authenticator.authenticate(bearer(headers)?, info.id, info.now).await
}

/// The bearer token, if the request carries one.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Error::new(ErrorCode::Unauthenticated, "The Authorization header stands there more than once. Send it once."));
    }
    let text = value.to_str().ok().and_then(|text| text.split_once(' '));
    match text {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => Ok(Some(token.trim())),
        _ => Err(Error::new(
            ErrorCode::Unauthenticated,
            "The Authorization header is not of the form \"Bearer TOKEN\". Send Authorization: Bearer and your token.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (header::AUTHORIZATION, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        assert_eq!(bearer(&headers(&["Bearer abc"])).unwrap(), Some("abc"));
        assert_eq!(bearer(&headers(&["bearer  abc"])).unwrap(), Some("abc"));
        assert_eq!(bearer(&headers(&[])).unwrap(), None);
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [&["Basic abc"][..], &["Bearer"], &["Bearer "], &["abc"], &["Bearer a", "Bearer b"]] {
            assert_eq!(bearer(&headers(bad)).unwrap_err().code(), ErrorCode::Unauthenticated, "{bad:?}");
        }
    }
}
