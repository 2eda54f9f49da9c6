//! Meetings as iCalendar (RFC 5545), out and in, with the answers of those who are asked (RFC 5546).

mod event;
pub mod export;
pub mod import;
mod line;
