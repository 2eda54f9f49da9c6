//! Contents in a directory: `<tenant>/<first two digits>/<digest>`, and `incoming` for what is on its way.

use super::{FileBytes, FileStorage, FileWriter};
use crate::ids;
use async_trait::async_trait;
use bytes::Bytes;
use clientela_kernel::{Error, Result, TenantId, Timestamp};
use futures_util::stream;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::{ErrorKind, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

/// The folder of what is on its way.
const INCOMING: &str = "incoming";
/// How much is read at once.
const PIECE: usize = 64 << 10;
/// After how long something on its way was left behind by a process that is no more.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// A directory of contents.
#[derive(Clone, Debug)]
pub struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Opens a directory, which is made where it is not there, and clears away what a process that died has left half-way.
    pub async fn open(folder: impl Into<PathBuf>) -> Result<Disk> {
        let disk = Disk { folder: folder.into() };
        let incoming = disk.folder.join(INCOMING);
        fs::create_dir_all(&incoming).await.map_err(|error| failed("made", &incoming, &error))?;
        let mut left = fs::read_dir(&incoming).await.map_err(|error| failed("read", &incoming, &error))?;
        while let Ok(Some(entry)) = left.next_entry().await {
            let modified = entry.metadata().await.and_then(|facts| facts.modified());
            if modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > ABANDONED)) {
                let _ = fs::remove_file(entry.path()).await;
            }
        }
        Ok(disk)
    }

    fn place(&self, tenant: TenantId, digest: &str) -> Result<PathBuf> {
        let hex = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let first = digest.get(..2).filter(|_| hex).ok_or_else(|| Error::internal("a digest that is none"))?;
        Ok(self.folder.join(tenant.to_string()).join(first).join(digest))
    }
}

#[async_trait]
impl FileStorage for Disk {
    async fn begin(&self, tenant: TenantId) -> Result<Box<dyn FileWriter>> {
        let path = self.folder.join(INCOMING).join(ids::mint(Timestamp(0)).0.simple().to_string());
        let file = File::create_new(&path).await.map_err(|error| failed("written", &path, &error))?;
        Ok(Box::new(Incoming { disk: self.clone(), tenant, file, path, hash: Sha256::new() }))
    }

    async fn read(&self, tenant: TenantId, digest: &str, range: Range<u64>) -> Result<Option<FileBytes>> {
        let path = self.place(tenant, digest)?;
        let mut file = match File::open(&path).await {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &path, &error)),
        };
        file.seek(SeekFrom::Start(range.start)).await.map_err(|error| failed("read", &path, &error))?;
        let left = range.end.saturating_sub(range.start);
        Ok(Some(Box::pin(stream::try_unfold((file, left, path), |(mut file, left, path)| async move {
            if left == 0 {
                return Ok(None);
            }
            let mut piece = vec![0; usize::try_from(left).map_or(PIECE, |left| left.min(PIECE))];
            let read = file.read(&mut piece).await.map_err(|error| failed("read", &path, &error))?;
            if read == 0 {
                return Err(Error::internal(format!("{} is shorter than its record says", path.display())));
            }
            piece.truncate(read);
            let left = left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
            Ok(Some((Bytes::from(piece), (file, left, path))))
        }))))
    }

    async fn remove(&self, tenant: TenantId, digest: &str) -> Result<()> {
        let path = self.place(tenant, digest)?;
        match fs::remove_file(&path).await {
            Ok(()) => sync_folder(&path).await,
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed("removed", &path, &error)),
        }
    }
}

/// A content on its way: a file of its own until it is whole.
struct Incoming {
    disk: Disk,
    tenant: TenantId,
    file: File,
    path: PathBuf,
    hash: Sha256,
}

#[async_trait]
impl FileWriter for Incoming {
    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        self.file.write_all(bytes).await.map_err(|error| failed("written", &self.path, &error))
    }

    async fn finish(mut self: Box<Self>) -> Result<String> {
        let written = |error| failed("written", &self.path, &error);
        // The last write may still be under way, and only now it is told that the disk is full.
        self.file.flush().await.map_err(written)?;
        self.file.sync_all().await.map_err(|error| failed("written", &self.path, &error))?;
        let mut digest = String::with_capacity(64);
        for byte in self.hash.clone().finalize() {
            // Writing to a string cannot fail.
            let _ = write!(digest, "{byte:02x}");
        }
        let place = self.disk.place(self.tenant, &digest)?;
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).await.map_err(|error| failed("made", folder, &error))?;
        }
        // The same content over itself: whoever reads it meanwhile goes on with what was opened.
        fs::rename(&self.path, &place).await.map_err(|error| failed("written", &place, &error))?;
        sync_folder(&place).await?;
        Ok(digest)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // After it was put in place there is nothing of this name.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Makes the names of a folder durable, and those of the two above it, which may be new.
async fn sync_folder(path: &Path) -> Result<()> {
    for folder in path.ancestors().skip(1).take(3) {
        let opened = File::open(folder).await.map_err(|error| failed("read", folder, &error))?;
        opened.sync_all().await.map_err(|error| failed("written", folder, &error))?;
    }
    Ok(())
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Error {
    let text = format!("{} could not be {what}: {error}", path.display());
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::full(text),
        _ => Error::internal(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::TryStreamExt as _;

    fn tenant(number: u128) -> TenantId {
        TenantId(uuid::Uuid::from_u128(number))
    }

    async fn read(disk: &Disk, tenant: TenantId, digest: &str, range: Range<u64>) -> Option<Vec<u8>> {
        let bytes = disk.read(tenant, digest, range).await.unwrap()?;
        Some(bytes.try_collect::<Vec<Bytes>>().await.unwrap().concat())
    }

    #[tokio::test]
    async fn what_is_finished_is_there_once_and_by_tenant() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path()).await.unwrap();
        let content = vec![7u8; 200_000];
        for _ in 0..2 {
            let mut writer = disk.begin(tenant(1)).await.unwrap();
            for piece in content.chunks(999) {
                writer.write(piece).await.unwrap();
            }
            writer.finish().await.unwrap();
        }
        let mut writer = disk.begin(tenant(1)).await.unwrap();
        writer.write(b"abc").await.unwrap();
        let digest = writer.finish().await.unwrap();
        assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(read(&disk, tenant(1), &digest, 1..3).await.unwrap(), b"bc");
        assert_eq!(read(&disk, tenant(2), &digest, 0..3).await, None);
        assert!(disk.read(tenant(1), "../../secret", 0..1).await.is_err());
        disk.remove(tenant(1), &digest).await.unwrap();
        disk.remove(tenant(1), &digest).await.unwrap();
        assert_eq!(read(&disk, tenant(1), &digest, 0..3).await, None);
        // What is given up leaves nothing.
        let mut writer = disk.begin(tenant(1)).await.unwrap();
        writer.write(b"half").await.unwrap();
        drop(writer);
        assert_eq!(std::fs::read_dir(folder.path().join(INCOMING)).unwrap().count(), 0);
    }
}
