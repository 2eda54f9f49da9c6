//! The single customer record: parties, accounts, contacts and their roles, how to reach them, where they are, by which numbers
//! authorities know them and how they stand to one another.

pub mod account;
pub mod account_contact;
pub mod address;
mod check_digits;
pub mod consent;
pub mod contact;
pub mod contact_point;
pub mod contacting;
pub mod duplicates;
pub mod graph;
pub mod household_member;
mod identity;
mod in_step;
pub mod merge;
mod normal;
pub mod party;
pub mod privacy;
pub mod purpose;
pub mod relationship;
pub mod relationship_type;
pub mod tax_id;
mod telephone;
mod token;
pub mod unmerge;
pub mod vcard;

use clientela_engine::Module;
use clientela_engine::period::Period;

/// How memberships and relationships say when they hold.
pub(crate) const PERIOD: Period = Period { since: "since", until: "until" };

/// The resources of this crate and their rules.
pub fn module() -> Module {
    let guard = duplicates::check::Guard::default();
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
        .resource::<tax_id::Model>()
        .resource::<household_member::Model>()
        .resource::<relationship_type::Model>()
        .resource::<relationship::Model>()
        .resource::<contacting::preference::Model>()
        .resource::<contacting::decision::Model>()
        .resource::<duplicates::rule::Model>()
        .resource::<privacy::request::Model>()
        .rules("account", duplicates::check::Guarded(account::AccountRules, guard.clone()))
        .rules("contact", duplicates::check::Guarded(contact::ContactRules, guard.clone()))
        .rules("duplicateRule", duplicates::check::RuleRules(guard))
        .rules("accountContact", account_contact::AccountContactRules)
        .rules("contactPoint", contact_point::ContactPointRules)
        .rules("address", address::AddressRules)
        .rules("purpose", purpose::PurposeRules)
        .rules("consent", consent::ledger::ConsentRules)
        .rules("communicationPreference", contacting::preference::PreferenceRules)
        .operation(consent::record::RecordConsent)
        .rules("taxId", tax_id::TaxIdRules)
        .rules("householdMember", household_member::HouseholdMemberRules)
        .rules("relationshipType", relationship_type::RelationshipTypeRules)
        .rules("relationship", relationship::RelationshipRules)
        .operation(merge::MergeParties)
        .operation(unmerge::UnmergeParties)
        .operation(duplicates::find::FindDuplicates)
        .operation(graph::RelationshipGraph)
        .operation(contacting::health::ReportContactPointHealth)
        .operation(consent::confirm::ConfirmConsent)
        .operation(consent::withdraw::WithdrawConsent)
        .operation(consent::status::ConsentStatus)
        .operation(contacting::decide::DecideContact)
        .operation(privacy::export::ExportPerson)
        .operation(privacy::erase::ErasePerson)
        .operation(privacy::check::CheckSuppression)
        .operation(vcard::export::ExportVcard)
        .operation(vcard::import::ImportVcard)
}
