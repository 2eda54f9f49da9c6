//! The files of jobs, in pieces in the database: any node reads what another has received, a backup holds them, and nothing is left
//! lying about on a disk.

use crate::kept::{self, Kept};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clientela_kernel::{Error, Id, Result, Timestamp, Value};
use clientela_macros::resource;
use clientela_store::{Commit, RowGuard, Scope};
use std::fs::File;
use tokio::io::AsyncReadExt as _;
use uuid::Uuid;

/// Size of a piece, in bytes.
const SIZE: usize = 1 << 20;
/// Pieces that are removed at once.
const TOGETHER: u64 = 20;

/// A piece of a file.
#[resource(name = "jobContent", prefix = "jco", unattachable, read_only)]
pub struct Model {
    /// The bytes in base64.
    #[field(max = 4_000_000, example = "\"\"")]
    pub data: String,
}

/// How many pieces so many bytes are.
fn count(bytes: u64) -> u64 {
    bytes.div_ceil(u64::try_from(SIZE).unwrap_or(u64::MAX))
}

/// The id of a piece of the file of this key.
fn place(key: Uuid, number: u64) -> Id {
    Id(Uuid::from_u128(key.as_u128().wrapping_add(u128::from(number))))
}

/// Keeps a file of so many bytes, read from where it stands, under a key.
pub(crate) async fn write(scope: &Scope, key: Uuid, file: File, bytes: u64, now: Timestamp) -> Result<()> {
    let kept = Kept::get()?;
    let mut file = tokio::fs::File::from_std(file);
    for number in 0..count(bytes) {
        let mut piece = Vec::with_capacity(SIZE);
        let limit = u64::try_from(SIZE).unwrap_or(u64::MAX);
        (&mut file)
            .take(limit)
            .read_to_end(&mut piece)
            .await
            .map_err(|error| Error::internal(format!("a received file cannot be read: {error}")))?;
        let data = Value::Text(STANDARD.encode(&piece));
        let row = kept::row(&kept.part, place(key, number), 1, now, RowGuard::Insert, vec![("data", data)]);
        match kept::commit(scope, vec![row]).await? {
            Commit::Done => {}
            other => return Err(Error::internal(format!("a piece of a file was not kept: {other:?}"))),
        }
    }
    Ok(())
}

/// The next piece of a file, from 0; none behind the last one.
pub(crate) async fn read(scope: &Scope, key: Uuid, number: u64, bytes: u64) -> Result<Option<Vec<u8>>> {
    if number >= count(bytes) {
        return Ok(None);
    }
    let kept = Kept::get()?;
    let found = kept::read(scope, &kept.part, place(key, number)).await?;
    let data = found.as_ref().and_then(|values| kept::text(&kept.part, values, "data"));
    let data = data.ok_or_else(|| Error::internal(format!("piece {number} of the file {key} is gone")))?;
    STANDARD.decode(data).map(Some).map_err(Error::internal)
}

/// Removes a file.
pub(crate) async fn remove(scope: &Scope, key: Uuid, bytes: u64, now: Timestamp) -> Result<()> {
    let kept = Kept::get()?;
    let all = count(bytes);
    let mut begin = 0;
    while begin < all {
        let end = begin.saturating_add(TOGETHER).min(all);
        let rows = (begin..end).map(|number| kept::row(&kept.part, place(key, number), 1, now, RowGuard::Remove, Vec::new())).collect();
        kept::commit(scope, rows).await?;
        begin = end;
    }
    Ok(())
}
