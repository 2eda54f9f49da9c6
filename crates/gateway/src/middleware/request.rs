//! The identity of a request: its id and the moment it began.

use clientela_kernel::Timestamp;
use http::{HeaderMap, HeaderName};
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::{Builder, Uuid};

/// The header that carries a request's id.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's id and beginning. Stands in the request's extensions; every handler finds it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestInfo {
    /// The id: the caller's `X-Request-Id` where that is a UUID, a new UUIDv7 otherwise.
    pub id: Uuid,
    /// When the request began.
    pub now: Timestamp,
    /// The network address at the other end.
    pub address: Option<std::net::IpAddr>,
    /// Whether it is for the stream of the feed, where a ticket may stand for a credential.
    pub streams: bool,
}

impl RequestInfo {
    /// The identity that the outer service gave a request.
    pub(crate) fn of<B>(request: &http::Request<B>) -> RequestInfo {
        RequestInfo::among(request.extensions())
    }

    /// The same of a request that was taken apart.
    pub(crate) fn among(extensions: &http::Extensions) -> RequestInfo {
        extensions.get::<RequestInfo>().copied().unwrap_or(RequestInfo {
            id: Uuid::nil(),
            now: Timestamp(0),
            address: None,
            streams: false,
        })
    }
}

/// Who is at the other end of the connection. The server puts it into a request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub std::net::IpAddr);

/// Mints request ids. They need to be unique and sortable, not secret, so a counter behind a mixing function is enough
/// and spares a system call.
#[derive(Debug)]
pub(crate) struct RequestIds {
    seed: u64,
    next: AtomicU64,
}

impl RequestIds {
    #[expect(clippy::disallowed_methods, reason = "a seed for request ids; record ids come from the engine")]
    pub(crate) fn new() -> Self {
        let (seed, next) = Uuid::new_v4().as_u64_pair();
        RequestIds { seed, next: AtomicU64::new(next) }
    }

    /// The caller's id where it is a UUID, a new one otherwise.
    pub(crate) fn identify(&self, headers: &HeaderMap, now: Timestamp) -> RequestInfo {
        let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).and_then(|text| Uuid::try_parse(text).ok());
        RequestInfo { id: given.unwrap_or_else(|| self.mint(now)), now, address: None, streams: false }
    }

    fn mint(&self, now: Timestamp) -> Uuid {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        let (high, low) = (mix(self.seed ^ count).to_be_bytes(), mix(count.wrapping_add(self.seed)).to_be_bytes());
        let mut random = [0u8; 10];
        for (slot, byte) in random.iter_mut().zip(high.into_iter().chain(low)) {
            *slot = byte;
        }
        Builder::from_unix_timestamp_millis(u64::try_from(now.0).unwrap_or(0), &random).into_uuid()
    }
}

/// The finalizer of splitmix64 (public domain, Sebastiano Vigna).
fn mix(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn own_ids_are_version_7_and_differ() {
        let ids = RequestIds::new();
        let minted: HashSet<Uuid> = (0..10_000).map(|_| ids.identify(&HeaderMap::new(), Timestamp(1_700_000_000_000)).id).collect();
        assert_eq!(minted.len(), 10_000);
        assert!(minted.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn a_uuid_of_the_caller_is_kept_and_anything_else_is_not() {
        let ids = RequestIds::new();
        let identify = |text: &'static str| {
            let headers = HeaderMap::from_iter([(X_REQUEST_ID, http::HeaderValue::from_static(text))]);
            ids.identify(&headers, Timestamp(0)).id.to_string()
        };
        assert_eq!(identify("01890a5d-ac96-774b-bcce-b302099a8057"), "01890a5d-ac96-774b-bcce-b302099a8057");
        assert_ne!(identify("<script>"), "<script>");
    }
}
