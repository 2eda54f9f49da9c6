//! How far the change log of a tenant has been made into deliveries.

use crate::kept::{self, Kept};
use clientela_kernel::{Id, Result, Timestamp, Value};
use clientela_macros::resource;
use clientela_store::{Change, FeedCursor, RowChange, RowGuard, Scope};

/// The change that was read last of a tenant's log; its id is the tenant's.
#[resource(name = "webhookPosition", prefix = "whp", unattachable, read_only)]
pub struct Model {
    /// The number of the change in the log.
    #[field(example = "1")]
    pub sequence: i64,
    /// Its resource.
    #[field(max = 60, example = "\"\"")]
    pub resource: String,
    /// Its record.
    #[field(max = 60, example = "\"\"")]
    pub record: String,
    /// Its version.
    #[field(example = "1")]
    pub record_version: i64,
}

/// Where the reader of a tenant's log stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Position {
    /// Everything up to here has been made into deliveries; none where nothing has.
    pub(crate) place: Option<FeedCursor>,
    /// The version of its row; none where there is none.
    version: Option<i64>,
}

impl Position {
    /// Reads it. Places change when a database is restored from a backup, or moved into another: the change that was read last says where that is now.
    pub(crate) async fn read(scope: &Scope) -> Result<Position> {
        let kept = Kept::get()?;
        let def = &kept.position;
        let Some(row) = kept::read(scope, def, Id(scope.tenant().0)).await? else { return Ok(Position::default()) };
        let version = Some(kept::number(def, &row, "version"));
        let record = kept::text(def, &row, "record").and_then(|text| text.parse().ok()).map(Id);
        let resource = kept::text(def, &row, "resource").unwrap_or_default();
        let place = match record {
            Some(record) => {
                let number = |field: &str| kept::number(def, &row, field);
                scope.place(resource, record, number("recordVersion"), Some(number("sequence"))).await?
            }
            None => None,
        };
        Ok(Position { place, version })
    }

    /// The row that moves it to behind a change; it is written only if nobody else has moved it.
    pub(crate) fn moved(&self, scope: &Scope, last: &Change, now: Timestamp) -> Result<RowChange> {
        let values = vec![
            ("sequence", Value::Integer(last.sequence)),
            ("resource", last.resource.as_str().into()),
            ("record", Value::Text(last.record.0.to_string())),
            ("recordVersion", Value::Integer(last.version)),
        ];
        let guard = self.version.map_or(RowGuard::Insert, RowGuard::Version);
        let version = self.version.unwrap_or(0) + 1;
        Ok(kept::row(&Kept::get()?.position, Id(scope.tenant().0), version, now, guard, values))
    }

    /// The position once that row is written.
    pub(crate) fn after(self, place: FeedCursor) -> Position {
        Position { place: Some(place), version: Some(self.version.unwrap_or(0) + 1) }
    }
}
