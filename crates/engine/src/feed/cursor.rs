//! The text of a place in a feed: opaque to callers, and of no use to anybody but whom it was given to.

use super::invalid;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clientela_kernel::Result;
use clientela_store::FeedCursor;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// No cursor is longer.
const LONGEST: usize = 1_024;

/// How far a copy has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FeedCursorText {
    /// The view.
    #[serde(rename = "v")]
    pub(super) view: Uuid,
    /// Whose it is, hashed.
    #[serde(rename = "o")]
    pub(super) owner: String,
    /// The step that the copy holds.
    #[serde(rename = "s")]
    pub(super) step: i64,
    /// The place in the log up to which it has come.
    #[serde(rename = "p")]
    pub(super) place: String,
    /// What it is on its way to.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<Target>,
}

/// A state of the view that a copy is being brought to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Target {
    #[serde(rename = "s")]
    pub(super) step: i64,
    #[serde(rename = "p")]
    pub(super) place: String,
    #[serde(rename = "a")]
    pub(super) phase: Phase,
}

/// What comes next on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    /// Everything there is, from beyond a record on.
    #[serde(rename = "s")]
    Snapshot(Option<(String, Uuid)>),
    /// The log, from the cursor's place on.
    #[serde(rename = "l")]
    Log,
    /// What came into sight and went out of it.
    #[serde(rename = "m")]
    Members(Option<(String, Uuid)>),
    /// What is shown otherwise.
    #[serde(rename = "r")]
    Refreshed(Option<(String, Uuid)>),
}

impl FeedCursorText {
    pub(super) fn parse(text: &str) -> Result<FeedCursorText> {
        let broken = || invalid("it is not one that this server gave out");
        if text.len() > LONGEST {
            return Err(broken());
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| broken())?;
        let cursor: FeedCursorText = serde_json::from_slice(&bytes).map_err(|_| broken())?;
        let places = std::iter::once(&cursor.place).chain(cursor.target.iter().map(|target| &target.place));
        let steps = std::iter::once(cursor.step).chain(cursor.target.iter().map(|target| target.step));
        if places.map(|place| FeedCursor::parse(place)).any(|place| place.is_none()) || steps.min().is_some_and(|step| step < 0) {
            return Err(broken());
        }
        Ok(cursor)
    }

    pub(super) fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

/// A place in the log from the text of a cursor, which [`FeedCursorText::parse`] has checked.
pub(super) fn place(text: &str) -> FeedCursor {
    FeedCursor::parse(text).unwrap_or(FeedCursor::START)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_back_and_others_are_refused() {
        let target = Target { step: 5, place: "0-ff".to_owned(), phase: Phase::Members(Some(("account".to_owned(), Uuid::nil()))) };
        let cursor = FeedCursorText { view: Uuid::nil(), owner: "x".to_owned(), step: 3, place: "0-a".to_owned(), target: Some(target) };
        assert_eq!(FeedCursorText::parse(&cursor.to_text()).unwrap(), cursor);
        for bad in ["", "x", "e30", &"a".repeat(2_000)] {
            assert!(FeedCursorText::parse(bad).is_err(), "{bad}");
        }
        let negative = FeedCursorText { step: -1, ..cursor.clone() };
        assert!(FeedCursorText::parse(&negative.to_text()).is_err());
        let nowhere = FeedCursorText { place: "nowhere".to_owned(), ..cursor };
        assert!(FeedCursorText::parse(&nowhere.to_text()).is_err());
    }
}
