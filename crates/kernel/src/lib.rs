//! The words every crate of Clientela shares: ids, time, money, values, filters, pages, errors and the request
//! context. Nothing here does I/O.

pub mod caret;
pub mod context;
pub mod currency;
pub mod cursor;
pub mod decimal;
pub mod duration;
mod entity;
pub mod error;
pub mod filter;
pub mod fold;
pub mod id;
pub mod money;
pub mod page;
pub mod rights;
pub mod scopes;
pub mod time;
pub mod value;
pub mod words;

pub use context::{Actor, ActorKind, Context};
pub use cursor::Cursor;
pub use duration::Duration;
pub use error::{Error, ErrorCode, FieldProblem, ProblemCode, Result};
pub use filter::{Among, Comparison, Filter, Quantifier};
pub use id::{Id, TenantId};
pub use money::Money;
pub use page::{DeletedMode, ListArguments, PageArguments, SortKey};
pub use rights::{
    Action, Audience, AudienceKind, Depth, Extent, FieldAccess, FieldGround, FieldMask, Grant, Ground, Layer, MaskedField, Policy, Purpose,
};
pub use scopes::Scopes;
pub use time::{Clock, Date, FixedClock, SystemClock, Timestamp};
pub use value::{RecordKey, Value};

/// A name that is static for built-in resources and owned for what a tenant defines.
pub type Name = std::borrow::Cow<'static, str>;
