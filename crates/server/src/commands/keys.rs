//! `clientela keys`.

use super::{Failure, house, print};
use crate::assemble::House;
use crate::cli::KeysCommand;
use crate::config::Config;
use clientela_access::{SigningKeys, signing};
use clientela_kernel::{Duration, Error, Timestamp};
use clientela_platform::{publish_keys, retire_keys};
use serde_json::json;
use std::path::Path;

/// No token is valid for longer, in milliseconds: 366 days.
const LONGEST_TOKEN: i64 = 366 * 86_400_000;

/// Carries out a command.
pub async fn run(config: &Config, command: &KeysCommand, as_json: bool) -> Result<(), Failure> {
    let KeysCommand::Rotate { older_than, revoke } = command;
    let age = older_than.as_deref().map(read_age).transpose()?;
    // It makes the file where there is none, and shows its keys to the other nodes.
    let house = house(config).await?;
    let now = house.clock.now();
    let path = config.data.join(signing::FILE_NAME);
    let old = SigningKeys::load_or_create(&path, now)?;
    let is_young = age.is_some_and(|age| old.made_at().is_some_and(|made| now.0.saturating_sub(made.0) < age));
    if is_young {
        house.store.close().await;
        return print(as_json, &json!({ "rotated": false }), "The key that signs is younger than that; it stays.");
    }
    let until = (!revoke).then_some(Timestamp(now.0.saturating_add(LONGEST_TOKEN)));
    replace(&house, &path, &old, until).await?;
    house.store.close().await;
    let text = match until {
        Some(until) => format!("A new key signs. Tokens of the old one hold until they expire, until {} at the latest.", until.to_text()),
        None => "A new key signs. Tokens of the old one are refused.".to_owned(),
    };
    print(as_json, &json!({ "rotated": true, "revoked": revoke, "until": until.map(Timestamp::to_text) }), &text)
}

/// Puts a new key in the place of one that is older than so many milliseconds; the tokens of that one hold until they expire. Answers whether it did.
///
/// # Errors
/// Where the file or the database cannot be written.
pub(crate) async fn rotate_old(house: &House, path: &Path, age: i64) -> Result<bool, Error> {
    let now = house.clock.now();
    let old = SigningKeys::load_or_create(path, now)?;
    let is_old = old.made_at().is_none_or(|made| now.0.saturating_sub(made.0) >= age);
    if is_old {
        replace(house, path, &old, Some(Timestamp(now.0.saturating_add(LONGEST_TOKEN)))).await?;
    }
    Ok(is_old)
}

/// Puts a new key in the place of the old one, whose public half is shown until a moment, or no more.
async fn replace(house: &House, path: &Path, old: &SigningKeys, until: Option<Timestamp>) -> Result<(), Error> {
    let now = house.clock.now();
    let new = SigningKeys::rotate(path, now)?;
    publish_keys(&house.store, new.publics(), now).await?;
    retire_keys(&house.store, &old.publics(), until, now).await?;
    house.ring().await
}

/// A length of time in milliseconds.
fn read_age(text: &str) -> Result<i64, Failure> {
    let duration = Duration::parse(text).filter(|duration| duration.months == 0);
    duration.map(|duration| (i64::from(duration.days) * 86_400).saturating_add(duration.seconds).saturating_mul(1_000)).ok_or_else(|| {
        Failure::Usage(format!("--older-than is \"{text}\"; it must be an ISO 8601 duration without months and years, such as P90D."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_plain_length_of_time() {
        assert_eq!(read_age("P90D").unwrap(), 90 * 86_400_000);
        for bad in ["", "90", "P3M"] {
            assert_eq!(read_age(bad).unwrap_err().exit_code(), 2, "{bad}");
        }
    }
}
