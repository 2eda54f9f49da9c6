//! The party: the one identity row behind contacts and accounts.

use clientela_macros::{Choice, resource};

/// What a party is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum PartyKind {
    /// One human being.
    Person,
    /// A company, an authority, an association.
    Organization,
    /// People who live and buy together.
    Household,
}

/// Anybody we deal with: the identity behind a contact or an account. It is kept in step with them and cannot be written
/// itself: create a contact for a person, an account for an organization or a household. What can concern any of them (a
/// contact point, an address, an interaction's participant) refers to the party, by the party's id or by that of the contact or account.
#[resource(name = "party", prefix = "pty", label = "name", mirror)]
pub struct Model {
    /// What the party is.
    #[field()]
    pub kind: PartyKind,
    /// The name of the contact or account.
    #[field(max = 200, folded, example = "\"Bergkäserei Tirol\"")]
    pub name: String,
}
