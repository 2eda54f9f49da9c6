//! Consent: an append-only ledger of what parties have agreed to, and what stands by it.

pub mod confirm;
pub mod ledger;
pub mod record;
pub(crate) mod standing;
pub mod status;
pub mod withdraw;

use clientela_macros::Choice;

/// A way to contact somebody, as far as consent is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ContactChannel {
    /// E-mail.
    Email,
    /// A telephone call, to a line or a mobile.
    Phone,
    /// A text message.
    Sms,
    /// Fax.
    Fax,
    /// Mail on paper.
    Postal,
    /// A message on a social network.
    Social,
    /// A message in a messenger or chat.
    Chat,
    /// A message that a device or browser shows.
    Push,
    /// Certified e-mail.
    CertifiedMail,
    /// A visit or a talk.
    InPerson,
}

/// What an entry of the ledger says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ConsentState {
    /// The party was asked and has not answered, or has not confirmed yet.
    Pending,
    /// The party has agreed.
    Granted,
    /// The party was asked and has refused.
    Denied,
    /// The party has taken its consent back.
    Withdrawn,
    /// The consent has run out.
    Expired,
    /// The party has objected to a use that needs no consent.
    Objected,
}
