//! The address: a place where a party lives, works or takes deliveries.

use crate::in_step;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Companion, Draft, RuleReader};
use clientela_kernel::{Context, Id, Result};
use clientela_macros::{Choice, resource};

/// What happens at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum AddressKind {
    /// The seat or the ordinary address.
    Main,
    /// Invoices go here.
    Billing,
    /// Goods go here.
    Shipping,
    /// The person lives here.
    Home,
    /// The person works here.
    Work,
    /// We visit here.
    Visiting,
    /// Anything else; `label` says what.
    Other,
}

/// A place of a party. One of a party's addresses is the preferred one; its city and country are the plain fields `city` and
/// `country` of the contact or account: whoever writes the one writes the other, in the same transaction. A contact or
/// account without an address may have a city and a country all the same: a town alone is no address.
#[resource(name = "address", prefix = "adr", label = "line1")]
pub struct Model {
    /// Whose address it is: the id of a party, a contact or an account.
    #[field(
        refers = "party",
        inverse = "addresses",
        inverse_description = "The places of this party.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub party_id: Id,
    /// What happens there.
    #[field(default = "\"MAIN\"")]
    pub kind: AddressKind,
    /// What the place is called among us.
    #[field(search = "detail", max = 100, example = "\"Cold store\"")]
    pub label: Option<String>,
    /// Street and number, or what stands for them.
    #[field(search = "name", max = 200, folded, example = "\"Maria-Theresien-Straße 18\"")]
    pub line1: String,
    /// Building, floor, door, care of.
    #[field(search = "detail", max = 200, folded, example = "\"2nd floor, door 7\"")]
    pub line2: Option<String>,
    /// State, province, canton or county, by name or by code, as it is written there.
    #[field(max = 100, folded, example = "\"Tirol\"")]
    pub region: Option<String>,
    /// The postal code as it is written there.
    #[field(search = "detail", max = 20, example = "\"6020\"")]
    pub postal_code: Option<String>,
    /// The town.
    #[field(search = "detail", max = 100, folded, example = "\"Innsbruck\"")]
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2 code of the country.
    #[field(format = "country", max = 2, example = "\"AT\"")]
    pub country: Option<String>,
    /// Degrees north of the equator in millionths (WGS 84): 47.265447° is 47265447, and south is negative. It says
    /// nothing without `longitude`.
    #[field(min = -90_000_000, max = 90_000_000, example = "47265447")]
    pub latitude: Option<i64>,
    /// Degrees east of Greenwich in millionths (WGS 84); west is negative. It says nothing without `latitude`.
    #[field(min = -180_000_000, max = 180_000_000, example = "11392914")]
    pub longitude: Option<i64>,
    /// Whether this is the address to use where no kind is asked for. Setting it clears the mark of the other; left out, the
    /// party's first address has it.
    #[field(derived, example = "true")]
    pub preferred: bool,
}

/// The rules of addresses.
pub struct AddressRules;

#[async_trait]
impl Rules for AddressRules {
    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        in_step::prefer_the_first(reader, draft, &["partyId"]).await
    }

    async fn companions(&self, _context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        in_step::follow_address(reader, draft).await
    }
}
