//! The asset: what a customer has of ours. One file makes it a resource; CONTRIBUTING.md walks through it.

use clientela_engine::Module;
use clientela_kernel::{Date, Id};
use clientela_macros::{Choice, resource};

/// Whether an asset is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum AssetState {
    /// Works at the customer's.
    InUse,
    /// Out of order or in for repair.
    Down,
    /// Taken away or scrapped.
    Retired,
}

/// A product of ours that stands at a customer's site.
#[resource(name = "asset", prefix = "ast", label = "name", owned, tagged, unique("asset_serial_number_key", "serialNumber"))]
pub struct Model {
    /// What the asset is called.
    #[field(max = 200, folded, example = "\"Cheese vat 3\"")]
    pub name: String,
    /// The maker's number on the plate.
    #[field(max = 60, example = "\"SN-2024-0815\"")]
    pub serial_number: Option<String>,
    /// The account it stands at.
    #[field(
        refers = "account",
        inverse = "assets",
        inverse_description = "What this account has of ours.",
        on_delete = "cascade",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub account_id: Id,
    /// Whether it is in use.
    #[field(default = "\"IN_USE\"")]
    pub state: AssetState,
    /// The day it was put up.
    #[field()]
    pub installed_on: Option<Date>,
    /// What it was sold for.
    #[field()]
    pub price: Option<Money>,
}

/// What a domain crate's `module` would add.
pub(super) fn module() -> Module {
    Module::default().resource::<Model>()
}
