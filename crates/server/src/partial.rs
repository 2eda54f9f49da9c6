//! A file that is there whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file under construction, beside its place. Dropped unfinished, it is removed.
pub(crate) struct Partial {
    writer: Option<BufWriter<File>>,
    beside: PathBuf,
    place: PathBuf,
}

impl Partial {
    /// Begins a file; what stood in its place stays until it is finished.
    pub(crate) fn create(place: &Path) -> io::Result<Partial> {
        let mut name = place.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it has no name"))?.to_owned();
        name.push(".partial");
        let beside = place.with_file_name(name);
        let writer = Some(BufWriter::with_capacity(256 * 1024, File::create(&beside)?));
        Ok(Partial { writer, beside, place: place.to_owned() })
    }

    /// Where to write.
    pub(crate) fn writer(&mut self) -> &mut (dyn Write + Send) {
        self
    }

    /// Makes it durable and puts it in its place.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let synced = writer.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all());
        let placed = synced.and_then(|()| std::fs::rename(&self.beside, &self.place));
        if placed.is_err() {
            self.remove();
        }
        placed
    }

    fn remove(&self) {
        if let Err(error) = std::fs::remove_file(&self.beside) {
            tracing::debug!(%error, file = %self.beside.display(), "an unfinished file could not be removed");
        }
    }
}

impl Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.as_mut().map_or(Ok(0), |writer| writer.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.writer.take().is_some() {
            self.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_file_stays_until_the_new_one_is_whole() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("out.csv");
        std::fs::write(&place, "old").unwrap();
        let mut broken = Partial::create(&place).unwrap();
        broken.write_all(b"half").unwrap();
        drop(broken);
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "old");
        let mut whole = Partial::create(&place).unwrap();
        whole.write_all(b"new").unwrap();
        whole.finish().unwrap();
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "new");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
