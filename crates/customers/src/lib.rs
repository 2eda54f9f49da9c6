//! The single customer record: parties, accounts, contacts and their roles, how to reach them and where they are.

pub mod account;
pub mod account_contact;
pub mod address;
pub mod consent;
pub mod contact;
pub mod contact_point;
mod identity;
mod in_step;
mod normal;
pub mod party;
pub mod purpose;
mod token;

use clientela_engine::Module;

/// The resources of this crate and their rules.
pub fn module() -> Module {
    Module::default()
        .resource::<party::Model>()
        .resource::<account::Model>()
        .resource::<contact::Model>()
        .resource::<account_contact::Model>()
        .resource::<contact_point::Model>()
        .resource::<address::Model>()
        .resource::<purpose::Model>()
        .resource::<purpose::notice::Model>()
        .resource::<consent::ledger::Model>()
        .rules("account", account::AccountRules)
        .rules("contact", contact::ContactRules)
        .rules("accountContact", account_contact::AccountContactRules)
        .rules("contactPoint", contact_point::ContactPointRules)
        .rules("address", address::AddressRules)
        .rules("purpose", purpose::PurposeRules)
        .rules("consent", consent::ledger::ConsentRules)
        .operation(consent::record::RecordConsent)
}
