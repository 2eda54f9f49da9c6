//! Tokens that were verified before, so that a signature is checked once and not at every request.
//!
//! Two maps take turns: when the younger one is full it becomes the older one, and what the older one held is forgotten
//! unless it was asked for since. That bounds memory as a cache with a use counter does, for a third of its time.

use crate::token::Verified;
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;

/// How many tokens one of the two maps holds. A token takes about a kilobyte.
const HALF: usize = 5_000;
/// How much of a token's end finds its place. It lies in the signature, whose bytes are as good as random.
const TAIL: usize = 32;

type Map = HashMap<[u8; TAIL], Entry>;

/// Verified tokens.
#[derive(Default)]
pub(crate) struct Remembered(RwLock<Generations>);

#[derive(Default)]
struct Generations {
    young: Map,
    old: Map,
}

struct Entry {
    token: Box<str>,
    verified: Arc<Verified>,
}

impl Remembered {
    /// What was found when this very token was verified.
    pub(crate) fn get(&self, token: &str) -> Option<Arc<Verified>> {
        let tail = tail(token)?;
        let generations = self.0.read();
        // The whole text must be the same: the end alone proves nothing.
        if let Some(entry) = generations.young.get(tail).filter(|entry| *entry.token == *token) {
            return Some(Arc::clone(&entry.verified));
        }
        let verified = generations.old.get(tail).filter(|entry| *entry.token == *token).map(|entry| Arc::clone(&entry.verified))?;
        drop(generations);
        self.insert(token, Arc::clone(&verified));
        Some(verified)
    }

    /// Remembers a token that was verified.
    pub(crate) fn insert(&self, token: &str, verified: Arc<Verified>) {
        let Some(tail) = tail(token) else { return };
        let mut generations = self.0.write();
        if generations.young.len() >= HALF {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(*tail, Entry { token: token.into(), verified });
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        *self.0.write() = Generations::default();
    }

    /// Forgets a token that is over.
    pub(crate) fn remove(&self, token: &str) {
        let Some(tail) = tail(token) else { return };
        let mut generations = self.0.write();
        generations.young.remove(tail);
        generations.old.remove(tail);
    }
}

fn tail(token: &str) -> Option<&[u8; TAIL]> {
    token.as_bytes().last_chunk()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(number: usize) -> String {
        format!("head.{number:0>50}")
    }

    fn size(remembered: &Remembered) -> usize {
        let generations = remembered.0.read();
        generations.young.len() + generations.old.len()
    }

    #[test]
    fn only_the_very_same_text_is_found() {
        let remembered = Remembered::default();
        remembered.insert(&token(1), Arc::new(Verified::sample()));
        assert!(remembered.get(&token(1)).is_some());
        assert!(remembered.get(&token(2)).is_none());
        assert!(remembered.get(&token(1).replace("head", "HEAD")).is_none(), "same end, other beginning");
        assert!(remembered.get("short").is_none());
        remembered.remove(&token(1));
        assert!(remembered.get(&token(1)).is_none());
    }

    #[test]
    fn memory_is_bounded_and_what_is_in_use_stays() {
        let remembered = Remembered::default();
        for number in 0..HALF * 5 {
            remembered.insert(&token(number), Arc::new(Verified::sample()));
            assert!(remembered.get(&token(0)).is_some(), "in use all the time");
            assert!(size(&remembered) <= HALF * 2);
        }
        assert!(remembered.get(&token(1)).is_none(), "not in use for long");
    }
}
