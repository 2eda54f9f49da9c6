//! The order of a timeline, and places in it.

use super::{TimelineEntry, TimelineRequest};
use crate::order::Fingerprint;
use clientela_kernel::{Comparison, Cursor, Error, ErrorCode, Filter, Result, Timestamp, Value};
use clientela_model::timeline::CHANGE;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use uuid::Uuid;

/// The latest first; of one moment by kind, changes last, then by record, the greatest id first; changes of one record as they were made, the
/// last first.
pub(super) type Order = (Reverse<i64>, usize, Reverse<Uuid>, Reverse<(i64, i64)>);

/// A place in a timeline: the last entry that was shown, and of each record the last change that was.
///
/// A record's changes come in the order of its versions, since that is what the log has an index by, and since clocks of several nodes may
/// differ; so the versions are noted beside the moment.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) at: Timestamp,
    pub(super) rank: usize,
    pub(super) id: Uuid,
    pub(super) changes: BTreeMap<Uuid, (i64, i64)>,
}

/// What a cursor is bound to.
pub(super) fn fingerprint(party: Uuid, request: &TimelineRequest) -> String {
    let mut hash = Fingerprint::new();
    let TimelineRequest { kinds, from, to, .. } = request;
    let _ = write!(hash, "timeline|{party}|{kinds:?}|{from:?}|{to:?}");
    hash.finish()
}

impl Place {
    /// The place after the last entry of a page.
    pub(super) fn after(last: &TimelineEntry, before: Option<Place>, page: &[TimelineEntry]) -> Place {
        let mut changes = before.map(|place| place.changes).unwrap_or_default();
        for entry in page.iter().filter(|entry| entry.kind == CHANGE) {
            let (.., Reverse(version)) = entry.order;
            changes.insert(entry.id.0, version);
        }
        let (_, rank, Reverse(id), _) = last.order;
        Place { at: last.at, rank, id, changes }
    }

    pub(super) fn to_text(&self, fingerprint: &str) -> String {
        let mut values = format!("{},{}", self.at.0, self.rank);
        for (record, (version, sequence)) in &self.changes {
            let _ = write!(values, ",[\"{}\",{version},{sequence}]", record.simple());
        }
        let mut out = Vec::new();
        Cursor::write(fingerprint, values.as_bytes(), self.id, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    pub(super) fn parse(text: &str, fingerprint: &str) -> Result<Place> {
        let invalid = |why: &str| Error::new(ErrorCode::InvalidCursor, format!("The cursor cannot be used: {why}."));
        let foreign = || invalid("it is not one that a timeline gave out");
        if text.len() > 16_384 {
            return Err(foreign());
        }
        let cursor = Cursor::parse(text).ok_or_else(foreign)?;
        if cursor.fingerprint != fingerprint {
            return Err(invalid("it belongs to another timeline; use it with the same record, kinds and period, or start without one"));
        }
        let [at, rank, changes @ ..] = cursor.values.as_slice() else { return Err(foreign()) };
        let at = at.as_i64().map(Timestamp).ok_or_else(foreign)?;
        let rank = rank.as_u64().and_then(|rank| usize::try_from(rank).ok()).ok_or_else(foreign)?;
        let change = |json: &serde_json::Value| {
            let record = Uuid::try_parse(json.get(0)?.as_str()?).ok()?;
            Some((record, (json.get(1)?.as_i64()?, json.get(2)?.as_i64()?)))
        };
        let changes = changes.iter().map(change).collect::<Option<_>>().ok_or_else(foreign)?;
        Ok(Place { at, rank, id: cursor.id, changes })
    }

    /// What of a source of this rank comes after this place: its moment and record by these fields. An index by the moment serves it.
    pub(super) fn beyond(&self, rank: usize, at: &str, id: &str) -> Filter {
        let moment = Value::Instant(self.at);
        let before = |comparison: fn(Value) -> Comparison| Filter::field(at.to_owned(), comparison(moment.clone()));
        match rank.cmp(&self.rank) {
            std::cmp::Ordering::Less => before(Comparison::Less),
            std::cmp::Ordering::Greater => before(Comparison::LessOrEqual),
            std::cmp::Ordering::Equal => {
                let smaller = Filter::field(id.to_owned(), Comparison::Less(Value::Id(self.id)));
                Filter::And(vec![before(Comparison::LessOrEqual), Filter::Or(vec![before(Comparison::Less), smaller])])
            }
        }
    }
}
