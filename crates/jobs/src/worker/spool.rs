//! Files that are worked on: unnamed ones, which are gone when nobody holds them any more, however that came about.

use crate::parts;
use clientela_engine::import::Input;
use clientela_kernel::{Error, ErrorCode, Result};
use clientela_store::Scope;
use parking_lot::Mutex;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// A new file without a name.
pub(super) fn file(folder: &Path) -> Result<File> {
    tempfile::tempfile_in(folder).map_err(|error| unwritable(&error))
}

/// What it means that a file cannot be written.
pub(super) fn unwritable(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull => Error::new(ErrorCode::StorageFull, "The server has no room left on its disk to work on the file."),
        _ => Error::internal(format!("a file to work on cannot be written: {error}")),
    }
}

/// The file of a key, on disk.
pub(super) async fn fetch(scope: &Scope, folder: &Path, key: Uuid, bytes: u64) -> Result<File> {
    let mut file = file(folder)?;
    let mut number = 0;
    while let Some(piece) = parts::read(scope, key, number, bytes).await? {
        file.write_all(&piece).map_err(|error| unwritable(&error))?;
        number += 1;
    }
    Ok(file)
}

/// A file, or a text, that can be read more than once, also side by side.
pub(super) enum Rows {
    File(Arc<Mutex<File>>),
    Text(Arc<str>),
}

impl Input for Rows {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Rows::File(file) => Box::new(Reading { file: Arc::clone(file), place: 0 }),
            Rows::Text(text) => Box::new(io::Cursor::new(text.as_bytes().to_vec())),
        })
    }
}

/// Reads the file from a place of its own.
struct Reading {
    file: Arc<Mutex<File>>,
    place: u64,
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock();
        file.seek(SeekFrom::Start(self.place))?;
        let read = file.read(buffer)?;
        self.place = self.place.saturating_add(u64::try_from(read).unwrap_or(0));
        Ok(read)
    }
}
