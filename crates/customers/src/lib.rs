//! The single customer record: parties, accounts, contacts and their roles.

pub mod account;
pub mod account_contact;
pub mod contact;
mod identity;
pub mod party;

use clientela_engine::Module;

/// The resources of this crate and their rules.
pub fn module() -> Module {
    Module::default()
        .resource::<party::Model>()
        .resource::<account::Model>()
        .resource::<contact::Model>()
        .resource::<account_contact::Model>()
        .rules("account", account::AccountRules)
        .rules("contact", contact::ContactRules)
        .rules("accountContact", account_contact::AccountContactRules)
}
