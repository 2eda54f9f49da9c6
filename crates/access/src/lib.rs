//! Who are you, and what may you. Authentication makes the [`Context`](clientela_kernel::Context); authorisation turns
//! it into what the engine compiles into every statement: a row filter and a field mask.

pub mod api_key;
pub mod authenticator;
pub mod authorize;
pub mod credentials;
mod directory;
pub mod oauth;
pub mod openid;
pub mod password;
pub mod policy;
mod remembered;
pub mod signing;
mod throttle;
mod ticket;
pub mod token;
pub mod totp;

pub use authenticator::{Authenticator, bearer};
pub use authorize::{Action, FieldMask, Grant, authorize, authorize_operation, check_scope};
pub use credentials::{ApiKeyCredential, CredentialChanges, CredentialSource, Principals, PurposeToken, UserCredential};
pub use password::Passwords;
pub use policy::{ConditionReader, Definitions};
pub use signing::SigningKeys;
pub use token::{TokenIssue, TokenRules};
