//! Recognizing the addresses of those who were erased, without knowing them.

use crate::contact_point::ContactPointKind;
use aws_lc_rs::hmac;
use clientela_engine::person::Footprint;
use clientela_engine::{Call, Expected};
use clientela_kernel::{Comparison, Error, ErrorCode, Filter, Result, Timestamp, Value};
use clientela_model::system;
use rand::Rng as _;
use std::collections::BTreeSet;

/// The tenant's field that holds the key.
const KEY: &str = "suppressionKey";
/// Random characters of a key: 380 bits.
const LENGTH: usize = 64;

/// The tenant's key.
pub(crate) struct SuppressionKey(hmac::Key);

impl SuppressionKey {
    fn new(secret: &str) -> Self {
        SuppressionKey(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// The hash of an address in its normal form.
    pub(crate) fn hash(&self, kind: ContactPointKind, normalized: &str) -> String {
        let told = format!("{}\n{normalized}", family(kind));
        hmac::sign(&self.0, told.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Kinds that share their addresses: a number is the same whether it is called mobile or fax.
const fn family(kind: ContactPointKind) -> &'static str {
    match kind {
        ContactPointKind::Email | ContactPointKind::CertifiedMail => "email",
        ContactPointKind::Phone | ContactPointKind::Mobile | ContactPointKind::Fax => "telephone",
        ContactPointKind::Postal => "postal",
        ContactPointKind::Social => "social",
        ContactPointKind::Chat => "chat",
        ContactPointKind::Web => "web",
        ContactPointKind::Push => "push",
    }
}

/// The tenant's key; none where nobody was ever erased.
pub(crate) async fn key(call: &Call<'_>) -> Result<Option<SuppressionKey>> {
    let tenant = call.find("tenant", Filter::And(Vec::new())).await?;
    Ok(tenant.first().and_then(|tenant| tenant.get(KEY).as_text()).map(SuppressionKey::new))
}

/// The tenant's key, made where there is none.
async fn key_or_new(call: &Call<'_>) -> Result<SuppressionKey> {
    let tenant = call.find("tenant", Filter::And(Vec::new())).await?;
    let tenant = tenant.first().ok_or_else(|| Error::internal("a tenant without its record"))?;
    if let Some(secret) = tenant.get(KEY).as_text() {
        return Ok(SuppressionKey::new(secret));
    }
    let secret: String = rand::rng().sample_iter(rand::distr::Alphanumeric).take(LENGTH).map(char::from).collect();
    let key = SuppressionKey::new(&secret);
    let expected = tenant.get(system::VERSION).as_integer().map(Expected::Version);
    match call.set("tenant", tenant.id, vec![(KEY, Value::Text(secret))], expected).await {
        Ok(_) => Ok(key),
        // Another erasure has made one at the same moment: from the start again, with that one.
        Err(error) if error.code() == ErrorCode::VersionConflict => Err(Error::collision(error)),
        Err(error) => Err(error),
    }
}

/// The hashes of a person's addresses and numbers.
pub(super) async fn hashes(call: &Call<'_>, person: &Footprint) -> Result<Vec<String>> {
    let points: Vec<_> = person.own.iter().filter(|record| record.def.name == "contactPoint").collect();
    if points.is_empty() {
        return Ok(Vec::new());
    }
    let key = key_or_new(call).await?;
    let hash = |point: &&clientela_engine::module::Found| {
        Some(key.hash(ContactPointKind::named(point.get("kind"))?, point.get("normalized").as_text()?))
    };
    let hashes: BTreeSet<String> = points.iter().filter_map(hash).collect();
    Ok(hashes.into_iter().collect())
}

/// When the one who had one of these addresses was erased, at last; none where nobody was.
pub(crate) async fn suppressed_since(call: &Call<'_>, hash: String) -> Result<Option<Timestamp>> {
    let requests = call.find("privacyRequest", Filter::field("suppressed", Comparison::Has(hash))).await?;
    Ok(requests.iter().filter_map(|request| request.get("completedAt").as_instant()).max())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_recognized_by_its_key_alone() {
        let (one, other) = (SuppressionKey::new("one"), SuppressionKey::new("other"));
        let mobile = one.hash(ContactPointKind::Mobile, "+43512555010");
        assert_eq!(mobile, one.hash(ContactPointKind::Phone, "+43512555010"));
        assert_ne!(mobile, other.hash(ContactPointKind::Phone, "+43512555010"));
        assert_ne!(mobile, one.hash(ContactPointKind::Chat, "+43512555010"));
        assert_eq!(mobile.len(), 64);
    }
}
