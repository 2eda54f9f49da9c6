//! The password a user signs in with. It is kept as argon2id makes it, in a field nobody can read.

pub mod change;
pub mod set;

use clientela_access::password::weakness;
use clientela_engine::module::Found;
use clientela_kernel::{Error, FieldProblem, ProblemCode, Result, Timestamp, Value};

/// The fields of a user whose password is set.
pub fn values(hash: String, now: Timestamp) -> Vec<(&'static str, Value)> {
    vec![("passwordHash", hash.into()), ("passwordSetAt", Value::Instant(now))]
}

/// Refuses a password that others would guess.
fn refuse_weak(user: &Found, password: &str, field: &str) -> Result<()> {
    let text = |name: &str| user.get(name).as_text().unwrap_or_default();
    match weakness(password, &[text("name"), text("email")]) {
        None => Ok(()),
        Some(weakness) => {
            Err(Error::validation(vec![FieldProblem::new(format!("/{field}"), ProblemCode::NotAllowed, format!("{field} {weakness}"))]))
        }
    }
}
