//! Files that are no text: a spreadsheet or a Parquet file becomes rows of comma-separated values, which are then read as any others.

use super::{Encoding, Format, Input, Plan, Refusal, parquet, xlsx};
use parking_lot::Mutex;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a zip archive begins with.
const ZIP: [u8; 4] = *b"PK\x03\x04";
/// What a Parquet file begins and ends with.
const PARQUET: [u8; 4] = *b"PAR1";

/// A mapping and the rows to use it on.
pub struct Opened {
    /// The mapping.
    pub plan: Arc<Plan>,
    /// The rows.
    pub input: Arc<dyn Input>,
    /// Where files without names are made.
    pub folder: PathBuf,
}

/// Gives a spreadsheet or a Parquet file as comma-separated values, and anything else as it is. `folder` is where files without names are made.
///
/// # Errors
/// What is wrong with the file, before a row of it is used.
pub async fn readable(plan: Arc<Plan>, input: Arc<dyn Input>, folder: &Path) -> Result<Opened, Refusal> {
    let folder = PathBuf::from(folder);
    // The whole file is looked at, which takes a while.
    let looked = tokio::task::spawn_blocking(move || look(plan, input, &folder).map(|(plan, input)| Opened { plan, input, folder })).await;
    looked.unwrap_or_else(|_| Err(Refusal::File("The file cannot be read: its reader broke off.".to_owned())))
}

fn look(plan: Arc<Plan>, input: Arc<dyn Input>, folder: &Path) -> Result<(Arc<Plan>, Arc<dyn Input>), Refusal> {
    let mut begin = Vec::new();
    let size = u64::try_from(ZIP.len()).unwrap_or(0);
    input.open().and_then(|file| file.take(size).read_to_end(&mut begin)).map_err(|error| unreadable(&error))?;
    let found = match begin.as_slice() {
        begin if begin == ZIP => Some(Format::Xlsx),
        begin if begin == PARQUET => Some(Format::Parquet),
        _ => None,
    };
    let refuse = |text: &str| Err(Refusal::File(text.to_owned()));
    let rows: Arc<dyn Input> = match (plan.source.format, found) {
        (Some(Format::Xlsx), None | Some(Format::Parquet)) => return refuse("The file is no XLSX file: it is no zip archive."),
        (Some(Format::Parquet), None | Some(Format::Xlsx)) => return refuse("The file is no Parquet file: it does not begin with PAR1."),
        (_, None) => return Ok((plan, input)),
        (None | Some(Format::Xlsx), Some(Format::Xlsx)) => {
            let mut out = BufWriter::new(tempfile::tempfile_in(folder).map_err(|error| unreadable(&error))?);
            xlsx::convert(copy(&*input, folder)?, &mut out)?;
            Arc::new(Kept(Arc::new(Mutex::new(out.into_inner().map_err(|error| unreadable(error.error()))?))))
        }
        (None | Some(Format::Parquet), Some(Format::Parquet)) => {
            if !plan.source.columns.is_empty() {
                let text = "source.columns names the columns of a file without names; a Parquet file has its own. Leave it out.";
                return Err(Refusal::Mapping(text.to_owned()));
            }
            Arc::new(parquet::Table::open(Kept(Arc::new(Mutex::new(copy(&*input, folder)?))), &plan.columns)?)
        }
        (Some(Format::Csv | Format::Ndjson), Some(Format::Parquet)) => {
            return refuse("The file is a Parquet file, and not of the format that is named.");
        }
        (_, Some(_)) => {
            return refuse("The file is a zip archive, such as XLSX files are, and not of the format that is named.");
        }
    };
    let mut plan = Plan::clone(&plan);
    plan.source.format = Some(Format::Csv);
    plan.source.delimiter = Some(',');
    plan.source.encoding = Some(Encoding::Utf8);
    Ok((Arc::new(plan), rows))
}

/// Such a file is read here and there, and not from its beginning to its end.
fn copy(input: &dyn Input, folder: &Path) -> Result<File, Refusal> {
    let copied = || {
        let mut copy = tempfile::tempfile_in(folder)?;
        io::copy(&mut input.open()?, &mut copy)?;
        Ok(copy)
    };
    copied().map_err(|error| unreadable(&error))
}

fn unreadable(error: &io::Error) -> Refusal {
    Refusal::File(format!("The file cannot be read: {error}."))
}

/// A file that nobody else writes.
#[derive(Clone)]
pub(super) struct Kept(Arc<Mutex<File>>);

impl Kept {
    /// How long it is.
    pub(super) fn length(&self) -> io::Result<u64> {
        Ok(self.0.lock().metadata()?.len())
    }

    /// Reads it from a place on.
    pub(super) fn from(&self, place: u64) -> Reading {
        Reading { file: Arc::clone(&self.0), place }
    }

    #[cfg(test)]
    pub(super) fn of(bytes: &[u8]) -> Kept {
        use std::io::Write as _;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Kept(Arc::new(Mutex::new(file)))
    }
}

impl Input for Kept {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.from(0)))
    }
}

/// One reading of it, from a place of its own.
pub(super) struct Reading {
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
