//! The ids under which what a device did stands in the change log: the first half tells the device, the second one the operation.

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// A device of a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin([u8; 8]);

impl Origin {
    /// The device that a principal calls so.
    pub(super) fn of(principal: &str, device: &str) -> Origin {
        Origin(hashed(&[principal, device]))
    }

    /// The id of one of its operations, the same each time it is sent (a UUID of version 8, RFC 9562).
    pub(super) fn request(self, operation: &str) -> Uuid {
        let mut bytes = [0; 16];
        let (device, rest) = bytes.split_at_mut(8);
        device.copy_from_slice(&self.0);
        rest.copy_from_slice(&hashed(&[operation]));
        Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// Whether a request was one of its operations.
    pub(super) fn made(self, request: Uuid) -> bool {
        request.get_version_num() == 8 && request.as_bytes().starts_with(self.request("").as_bytes().split_at(8).0)
    }
}

/// The first bytes of the digest of some texts, each with its length, so that no two lists of texts are alike.
fn hashed(texts: &[&str]) -> [u8; 8] {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.len().to_le_bytes());
        hash.update(text.as_bytes());
    }
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_tells_its_device_and_its_operation() {
        let phone = Origin::of("usr_1", "phone");
        assert_eq!(phone.request("a"), phone.request("a"));
        assert_ne!(phone.request("a"), phone.request("b"));
        assert!(phone.made(phone.request("a")));
        for other in [Origin::of("usr_1", "tablet"), Origin::of("usr_2", "phone"), Origin::of("usr_1p", "hone")] {
            assert!(!phone.made(other.request("a")));
        }
        assert!(!phone.made(Uuid::nil()));
        assert!(!phone.made(Uuid::from_u128(0x0193_5b7a_0000_7000_8000_0000_0000_0001)));
    }
}
