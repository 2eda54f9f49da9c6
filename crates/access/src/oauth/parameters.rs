//! The parameters of a protocol request: each at most once (RFC 6749, section 3.1), an empty one as if it were not there.

use super::{Answer, OauthError};
use std::collections::BTreeMap;

/// The longest value that is looked at, in bytes.
const LONGEST: usize = 8_192;

/// Parameters by name.
#[derive(Clone, Debug, Default)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads names and values.
    ///
    /// # Errors
    /// `invalid_request` where one stands there twice or is too long.
    pub fn read<'a>(pairs: impl Iterator<Item = (std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)>) -> Answer<Parameters> {
        let mut read = BTreeMap::new();
        for (name, value) in pairs {
            if value.len() > LONGEST || name.len() > 100 {
                return Err(OauthError::new("invalid_request", "A parameter is too long."));
            }
            if read.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                return Err(OauthError::new("invalid_request", format!("The parameter {name} stands there more than once.")));
            }
        }
        Ok(Parameters(read))
    }

    /// A parameter that has a value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A parameter that must have a value.
    pub fn need(&self, name: &str) -> Answer<&str> {
        self.get(name).ok_or_else(|| OauthError::new("invalid_request", format!("The parameter {name} is missing.")))
    }
}
