//! The feed: the change log in order, and what each consumer with limited rights holds of it.

pub mod changes;
mod follow;
mod view;

pub use changes::{Change, ChangePage, FeedCursor};
pub use follow::{Follow, Window};
pub use view::{FeedMember, FeedMembersOf, FeedPlace, FeedView};
