//! Authentication from the outside: forged tokens, keys and users that change.

mod bearer;
mod forgeries;
mod memory;
mod support;
