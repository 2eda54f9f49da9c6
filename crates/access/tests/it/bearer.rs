//! The `Authorization` header.

use clientela_access::bearer;
use clientela_kernel::ErrorCode;

#[test]
fn scheme_is_bearer_in_any_case() {
    for header in ["Bearer abc", "bearer abc", "BEARER  abc "] {
        assert_eq!(bearer(Some(header.as_bytes())).unwrap(), "abc", "{header}");
    }
}

#[test]
fn everything_else_says_what_is_wrong() {
    for (header, says) in [
        (None, "No credential"),
        (Some(&b"Basic YTpi"[..]), "scheme"),
        (Some(b"Bearer"), "holds no credential"),
        (Some(b"Bearer   "), "holds no credential"),
        (Some(b""), "scheme"),
        (Some(b"Bearer \xff"), "plain text"),
    ] {
        let error = bearer(header).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Unauthenticated);
        assert!(error.detail().contains(says), "{error}");
    }
}
