//! An entry of the feed as JSON, the same in a page and in a stream.

use crate::follow::Followed;
use crate::rest::feed::RECORD;
use crate::rest::parameters::invalid;
use clientela_engine::Selection;
use clientela_engine::feed::FeedEntry;
use clientela_kernel::Result;
use std::sync::Arc;

/// How much of a record entries show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rest) enum Shown {
    Full,
    Changed,
    None,
}

impl Shown {
    /// The `record` parameter.
    pub(in crate::rest) fn read(given: Option<&str>) -> Result<Shown> {
        match given {
            None | Some("full") => Ok(Shown::Full),
            Some("changed") => Ok(Shown::Changed),
            Some("none") => Ok(Shown::None),
            Some(other) => {
                let names: Vec<&str> = RECORD.iter().map(|(name, _)| *name).collect();
                Err(invalid(format!("record is {other:?}, but must be one of {}.", names.join(", "))))
            }
        }
    }
}

/// Appends an entry.
pub(super) async fn write(followed: &Followed, entry: &FeedEntry, shown: Shown, out: &mut Vec<u8>) -> Result<()> {
    let text = entry.to_json().to_string();
    out.extend_from_slice(text.strip_suffix('}').unwrap_or(&text).as_bytes());
    out.extend_from_slice(b",\"record\":");
    if shown == Shown::None || !entry.has_record() {
        out.extend_from_slice(b"null}");
        return Ok(());
    }
    if shown == Shown::Changed {
        let (entry, selection) = entry.changed();
        followed.engine.render_entry(&followed.context, &entry, &Arc::new(selection), out).await?;
    } else {
        followed.engine.render_entry(&followed.context, entry, &Arc::new(Selection::whole(&entry.def)), out).await?;
    }
    out.push(b'}');
    Ok(())
}
