//! vCards: RFC 6350 (4.0) and RFC 2426 (3.0), out and in.
//!
//! `line` knows the syntax (folding, escaping, parameters), `card` what is said about somebody, `read` and `write` how the one becomes the
//! other; `export` and `import` are the operations.

pub mod card;
pub mod export;
pub mod import;
mod line;
mod read;
mod write;

pub use card::VcardVersion;
