//! Passwords: hashed with argon2id, away from the threads that serve requests, and guessed at no faster than the throttle lets anybody.

use crate::throttle::Throttle;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use clientela_kernel::{Error, ErrorCode, Id, Result, TenantId, Timestamp};
use rand::RngCore as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

/// Fewest characters of a new password.
pub const SHORTEST: usize = 12;
/// Most characters of a password that are looked at.
pub const LONGEST: usize = 200;

/// Memory of one hash in KiB, passes over it, and lanes: what OWASP asks for at least of argon2id.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// How many passwords are hashed at once for people who sign in: each takes its memory and one core.
const AT_ONCE: usize = 4;
/// How long somebody waits for a turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a password may be tried for one account, in [`WINDOW`] milliseconds.
const TRIES: u32 = 10;
/// How often passwords may be tried from one address, in the same time.
const TRIES_OF_ADDRESS: u32 = 200;
const WINDOW: i64 = 15 * 60_000;

/// Hashes and compares passwords. Cheap to clone; all clones share their limits.
#[derive(Clone)]
pub struct Passwords(Arc<State>);

struct State {
    signing_in: Semaphore,
    /// Whoever sets a password may hold a transaction open, and must not wait behind a crowd that signs in.
    setting: Semaphore,
    decoy: OnceLock<String>,
    accounts: Throttle,
    addresses: Throttle,
}

impl Default for Passwords {
    fn default() -> Self {
        Passwords(Arc::new(State {
            signing_in: Semaphore::new(AT_ONCE),
            setting: Semaphore::new(1),
            decoy: OnceLock::new(),
            accounts: Throttle::new(TRIES, WINDOW),
            addresses: Throttle::new(TRIES_OF_ADDRESS, WINDOW),
        }))
    }
}

impl Passwords {
    /// What is stored of a new password: a PHC string with a salt of its own.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = canonical(password);
        away(&self.0.setting, move || hash(&password)).await
    }

    /// Whether this is the password that was stored, asked by somebody who is signed in already.
    pub async fn confirms(&self, password: &str, stored: &str) -> Result<bool> {
        let (password, stored) = (canonical(password), stored.to_owned());
        away(&self.0.setting, move || Ok(fits(&password, &stored))).await
    }

    /// Whether this is the password that was stored. Where nothing was stored (there is no such user, or he has no password) it takes as
    /// long, and the answer is no.
    pub async fn fits(&self, password: &str, stored: Option<&str>) -> Result<bool> {
        let (password, stored, state) = (canonical(password), stored.map(str::to_owned), Arc::clone(&self.0));
        let work = move || {
            let decoy = match state.decoy.get() {
                Some(decoy) => decoy,
                None => {
                    let made = hash("nobody has this password")?;
                    state.decoy.get_or_init(|| made)
                }
            };
            let fitted = fits(&password, stored.as_deref().unwrap_or(decoy));
            Ok(fitted && stored.is_some())
        };
        away(&self.0.signing_in, work).await
    }

    /// Counts an attempt on an account (a user, or an address nobody has) of a tenant.
    ///
    /// # Errors
    /// `RATE_LIMITED` where there were too many of late, whether or not there is such an account.
    pub fn try_account(&self, tenant: TenantId, account: &str, now: Timestamp) -> Result<()> {
        self.0.accounts.count(&format!("{tenant} {account}"), now).map_err(limited)
    }

    /// Counts an attempt from a network address.
    ///
    /// # Errors
    /// `RATE_LIMITED` where there were too many of late.
    pub fn try_address(&self, address: &str, now: Timestamp) -> Result<()> {
        self.0.addresses.count(address, now).map_err(limited)
    }

    /// Forgets the attempts on an account: whoever made the last one is its owner.
    pub fn succeeded(&self, tenant: TenantId, account: &str) {
        self.0.accounts.forget(&format!("{tenant} {account}"));
    }
}

/// The name under which attempts on a user are counted.
pub fn account_of(user: Id) -> String {
    user.to_text("usr")
}

/// What is wrong with a new password; nothing where it may be used. `known` are the person's own names and addresses.
pub fn weakness(password: &str, known: &[&str]) -> Option<String> {
    let password = canonical(password);
    let length = password.chars().count();
    if length < SHORTEST {
        return Some(format!("has {length} characters, but must have at least {SHORTEST}. Several words are easier to remember."));
    }
    let first = password.chars().next();
    if password.chars().all(|letter| Some(letter) == first) {
        return Some("is one character over and over. Use several words.".to_owned());
    }
    let lower = password.to_lowercase();
    let own = known.iter().map(|name| name.to_lowercase()).any(|name| !name.is_empty() && lower == name);
    own.then(|| "is the person's own name or address. Use several words that others do not guess.".to_owned())
}

/// The same characters typed on two keyboards are the same password.
fn canonical(password: &str) -> String {
    password.chars().take(LONGEST + 1).nfc().collect()
}

fn limited(seconds: u32) -> Error {
    let text = format!("There were too many attempts. Try again in {seconds} seconds.");
    Error::new(ErrorCode::RateLimited, text).with_retry_after(seconds)
}

async fn away<T: Send + 'static>(turns: &Semaphore, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let busy = || Error::new(ErrorCode::Overloaded, "Too many people sign in at this moment. Try again in a few seconds.");
    let _turn = tokio::time::timeout(PATIENCE, turns.acquire()).await.map_err(|_| busy())?.map_err(Error::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

fn argon2() -> Result<Argon2<'static>> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String> {
    let mut salt = [0u8; 16];
    rand::rng().fill_bytes(&mut salt);
    let made = argon2()?.hash_password_with_salt(password.as_bytes(), &salt).map_err(Error::internal)?;
    Ok(made.to_string())
}

fn fits(password: &str, stored: &str) -> bool {
    argon2().is_ok_and(|argon2| argon2.verify_password(password.as_bytes(), stored).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() {
        let passwords = Passwords::default();
        let stored = passwords.hash("correct horse bättery").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, passwords.hash("correct horse bättery").await.unwrap(), "no salt");
        assert!(passwords.fits("correct horse bättery", Some(&stored)).await.unwrap());
        assert!(passwords.fits("correct horse ba\u{308}ttery", Some(&stored)).await.unwrap(), "typed in two keystrokes");
        assert!(passwords.confirms("correct horse bättery", &stored).await.unwrap());
        for other in ["correct horse battery", "correct horse bättery ", "", "nobody has this password"] {
            assert!(!passwords.fits(other, Some(&stored)).await.unwrap(), "{other}");
        }
        assert!(!passwords.fits("nobody has this password", None).await.unwrap(), "the decoy lets somebody in");
        assert!(!passwords.fits("x", Some("broken")).await.unwrap());
    }

    #[test]
    fn weak_passwords_are_told() {
        for weak in ["short", "aaaaaaaaaaaaaaaa", "Maria.Huber@alpine.example", "ääääääääääa"] {
            assert!(weakness(weak, &["maria.huber@alpine.example"]).is_some(), "{weak}");
        }
        assert_eq!(weakness("correct horse battery", &["", "Maria"]), None);
    }

    #[test]
    fn attempts_are_counted_by_account_and_by_address() {
        let passwords = Passwords::default();
        let tenant = TenantId(uuid::Uuid::nil());
        for _ in 0..TRIES {
            passwords.try_account(tenant, "a", Timestamp(0)).unwrap();
        }
        let error = passwords.try_account(tenant, "a", Timestamp(1)).unwrap_err();
        assert_eq!((error.code(), error.retry_after()), (ErrorCode::RateLimited, Some(900)));
        passwords.try_account(tenant, "b", Timestamp(1)).unwrap();
        passwords.try_account(tenant, "a", Timestamp(WINDOW)).unwrap();
        passwords.succeeded(tenant, "a");
        for _ in 0..TRIES_OF_ADDRESS {
            passwords.try_address("192.0.2.1", Timestamp(0)).unwrap();
        }
        assert!(passwords.try_address("192.0.2.1", Timestamp(0)).is_err());
    }
}
