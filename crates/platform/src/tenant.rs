//! The tenant: one customer of this server, with everything it calls its own.

use crate::CredentialsChanged;
use clientela_engine::Rules;
use clientela_engine::module::Draft;
use clientela_kernel::Context;
use clientela_macros::resource;

/// Your organization on this server: its name and the settings that hold where a record says nothing else. There is
/// exactly one, the one your credential belongs to.
#[resource(name = "tenant", prefix = "ten", label = "name", unattachable, no_create, no_delete)]
pub struct Model {
    /// What the organization calls itself.
    #[field(max = 200, folded, example = "\"Alpine Foods\"")]
    pub name: String,
    /// IANA name of the zone in which days begin and end for reports and relative dates, such as `Europe/Vienna`.
    #[field(format = "time_zone", max = 64, default = "\"UTC\"", example = "\"Europe/Vienna\"")]
    pub time_zone: String,
    /// ISO 4217 code of the currency the organization keeps its books in.
    #[field(format = "currency", max = 3, default = "\"EUR\"", example = "\"EUR\"")]
    pub currency: String,
    /// BCP 47 tag of the language used where a person's own is not known.
    #[field(format = "language", max = 35, default = "\"en\"", example = "\"de-AT\"")]
    pub language: String,
    /// ISO 3166-1 alpha-2 code of the country the organization is at home in.
    #[field(format = "country", max = 2, example = "\"AT\"")]
    pub country: Option<String>,
    /// The key by which the addresses of those who were erased are recognized. Made at the first erasure.
    #[field(write = "read_only", secret, max = 64, example = "\"\"")]
    pub suppression_key: Option<String>,
}

/// The rules of tenants.
pub struct TenantRules {
    /// Called when a tenant has changed: its zone is that of its users.
    pub(crate) credentials_changed: CredentialsChanged,
}

impl Rules for TenantRules {
    fn committed(&self, _context: &Context, _draft: &Draft) {
        (self.credentials_changed)();
    }
}
