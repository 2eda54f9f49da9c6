//! `Link` headers (RFC 8288) of pages.

use clientela_engine::engine::ReadAnswer;
use http::HeaderValue;

/// The `Link` header to the next and the previous page: the request's own address with another cursor.
pub(super) fn header(public_url: &str, path: &str, query: Option<&str>, answer: &ReadAnswer) -> Option<HeaderValue> {
    let next = answer.next_cursor.as_deref().map(|cursor| ("after", cursor, "next"));
    let previous = answer.previous_cursor.as_deref().map(|cursor| ("before", cursor, "prev"));
    let mut text = String::new();
    for (parameter, cursor, relation) in next.into_iter().chain(previous) {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&format!("<{public_url}{path}?"));
        for pair in query.unwrap_or("").split('&').filter(|pair| !pair.is_empty() && !is_cursor(pair)) {
            text.push_str(pair);
            text.push('&');
        }
        text.push_str(&format!("{parameter}={cursor}>; rel=\"{relation}\""));
    }
    if text.is_empty() { None } else { HeaderValue::try_from(text).ok() }
}

fn is_cursor(pair: &str) -> bool {
    form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| matches!(name.as_ref(), "after" | "before"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(next: Option<&str>, previous: Option<&str>) -> ReadAnswer {
        ReadAnswer { found: true, next_cursor: next.map(Into::into), previous_cursor: previous.map(Into::into), ..ReadAnswer::default() }
    }

    #[test]
    fn pages_keep_the_query_but_for_the_cursor() {
        let link = header("http://h", "/v1/accounts", Some("limit=2&after=old&filter[a][eq]=x"), &answer(Some("n"), Some("p"))).unwrap();
        assert_eq!(
            link,
            "<http://h/v1/accounts?limit=2&filter[a][eq]=x&after=n>; rel=\"next\", <http://h/v1/accounts?limit=2&filter[a][eq]=x&before=p>; rel=\"prev\""
        );
        assert_eq!(
            header("http://h", "/v1/accounts", None, &answer(Some("n"), None)).unwrap(),
            "<http://h/v1/accounts?after=n>; rel=\"next\""
        );
        assert_eq!(header("http://h", "/v1/accounts", Some("%61fter=x"), &answer(None, None)), None);
    }
}
