//! Which events an endpoint wants, and how they are known.

use clientela_engine::event::{KINDS, is_told};
use clientela_kernel::{Id, TenantId, Timestamp};
use clientela_model::{Registry, ResourceDef};
use clientela_store::ChangeKind;
use sha2::{Digest as _, Sha256};
use uuid::Builder;

/// The prefix of the ids of events.
pub const PREFIX: &str = "evt";
/// Stands for every resource, or for everything that happens to one.
pub const ANY: &str = "*";

/// Whether a pattern means an event: `account.created`, `account.*`, `*.deleted` or `*`.
pub fn fits(pattern: &str, event: &str) -> bool {
    let (Some((resource, kind)), Some((wanted, happened))) = (event.split_once('.'), pattern.split_once('.')) else {
        return pattern == ANY;
    };
    (wanted == ANY || wanted == resource) && (happened == ANY || happened == kind)
}

/// What happens in an event of this name.
pub(crate) fn kind(event: &str) -> ChangeKind {
    let happened = |kind: &ChangeKind| event.ends_with(&clientela_engine::event::name("", *kind));
    KINDS.into_iter().map(|(kind, _)| kind).find(happened).unwrap_or(ChangeKind::Created)
}

/// The one resource whose events these patterns mean; none where they mean several.
pub fn only_resource(patterns: &[String]) -> Option<&str> {
    let mut resources = patterns.iter().map(|pattern| pattern.split_once('.').map_or(ANY, |(resource, _)| resource));
    let first = resources.next().filter(|resource| *resource != ANY)?;
    resources.all(|resource| resource == first).then_some(first)
}

/// What is wrong with a pattern; nothing where it means an event that there is.
pub fn problem(registry: &Registry, pattern: &str) -> Option<String> {
    if pattern == ANY {
        return None;
    }
    let kinds = KINDS.map(|(kind, _)| kind.as_str().to_ascii_lowercase());
    let Some((resource, kind)) = pattern.split_once('.') else {
        return Some(format!(
            "{pattern:?} names no event. An event is called account.created; account.* means all of a resource, *.deleted one of all, * every one."
        ));
    };
    if kind != ANY && !kinds.iter().any(|known| known == kind) {
        return Some(format!("{pattern:?} names no event: a record is {}.", kinds.join(", ")));
    }
    let told = |def: &&std::sync::Arc<ResourceDef>| is_told(def);
    if resource != ANY && registry.resource(resource).filter(told).is_none() {
        return Some(format!(
            "{pattern:?} names no event: no resource whose changes are told is called {resource:?}. Take a name such as account."
        ));
    }
    None
}

/// The id of the event that a change is: the same whoever asks, and however often.
pub fn identity(tenant: TenantId, sequence: i64, at: Timestamp) -> Id {
    hashed(at, &[tenant.0.as_bytes(), &sequence.to_be_bytes()])
}

/// The id of what is sent of an event to an endpoint: the same whoever makes it, so that it is made once.
pub(crate) fn delivery(endpoint: Id, event: Id, at: Timestamp) -> Id {
    hashed(at, &[endpoint.0.as_bytes(), event.0.as_bytes()])
}

fn hashed(at: Timestamp, parts: &[&[u8]]) -> Id {
    let digest = parts.iter().fold(Sha256::new(), |digest, part| digest.chain_update(part)).finalize();
    let mut random = [0u8; 10];
    for (slot, byte) in random.iter_mut().zip(digest) {
        *slot = byte;
    }
    Id(Builder::from_unix_timestamp_millis(u64::try_from(at.0).unwrap_or(0), &random).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn patterns_mean_events() {
        for (pattern, meant) in [
            ("account.created", true),
            ("account.*", true),
            ("*.created", true),
            ("*", true),
            ("account.updated", false),
            ("contact.created", false),
            ("contact.*", false),
            ("*.deleted", false),
            ("account", false),
            ("", false),
        ] {
            assert_eq!(fits(pattern, "account.created"), meant, "{pattern}");
        }
    }

    #[test]
    fn one_resource_is_told_from_several() {
        let only = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
            only_resource(&patterns).map(str::to_owned)
        };
        assert_eq!(only(&["account.created", "account.*"]).as_deref(), Some("account"));
        for several in [&["account.created", "contact.created"][..], &["*"], &["*.created"], &["account.*", "*"], &[]] {
            assert_eq!(only(several), None, "{several:?}");
        }
    }

    #[test]
    fn an_event_has_one_id() {
        let (one, other) = (TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
        let at = Timestamp(1_772_000_000_000);
        let id = identity(one, 7, at);
        assert_eq!(id, identity(one, 7, at));
        assert!(id != identity(one, 8, at) && id != identity(other, 7, at));
        assert_eq!(id.0.get_version_num(), 7);
    }
}
