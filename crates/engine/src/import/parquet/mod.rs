//! Parquet files: the columns that a mapping names, as comma-separated values, some rows at a time. Nothing a file says of itself is
//! believed: before its first row is used every page is measured, and all of it is read once, so that a damaged file leaves nothing behind.

mod cells;
mod header;

use super::lines::LONGEST;
use super::source::place;
use super::unpack::{Kept, Reading};
use super::{Input, Refusal};
use cells::{Cells, Kind};
use parquet::basic::{Compression, Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use std::fmt::Display;
use std::io::{self, BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Bytes at the end of a file: how long its description is, and the letters that end it.
const END: u64 = 8;
/// Bytes of a file's description of itself.
const MOST_DESCRIPTION: u64 = 8 << 20;
/// Columns of a file.
const MOST_COLUMNS: usize = 2_000;
/// Rows of a file.
const MOST_ROWS: u64 = 100_000_000;
/// Bytes that the pages which are read side by side may take in memory.
const MOST_HELD: u64 = 256 << 20;
/// Bytes of text that a file may unpack to for each byte of it, once they are more than [`UNSUSPECTED`].
const MOST_RATIO: u64 = 1_000;
const UNSUSPECTED: u64 = 64 << 20;
/// Rows that are decoded at once, and bytes of text that are made of them at once.
const TOGETHER: (usize, usize) = (1_024, 1 << 20);
/// Bytes that one value of a dictionary takes beside its text.
const ENTRY: u64 = 40;

/// A Parquet file that was looked through.
pub(super) struct Table {
    file: Kept,
    description: Arc<ParquetMetaData>,
    columns: Arc<[Wanted]>,
}

/// A column that is read.
#[derive(Clone, Debug)]
struct Wanted {
    name: String,
    /// Where it stands among the file's columns.
    at: usize,
    kind: Kind,
}

impl Table {
    /// Looks through a file: only the columns of these names are read.
    pub(super) fn open(file: Kept, wanted: &[String]) -> Result<Table, Refusal> {
        // What reads the format is not ours, and may meet something that it holds to be impossible.
        let looked = catch_unwind(AssertUnwindSafe(|| Table::look(file, wanted)));
        looked.unwrap_or_else(|_| Err(broken("its parts contradict each other")))
    }

    fn look(file: Kept, wanted: &[String]) -> Result<Table, Refusal> {
        let length = file.length().map_err(|error| broken(&error))?;
        description_fits(&file, length)?;
        let read = ParquetMetaDataReader::new().parse_and_finish(&Chunks { file: file.clone(), length });
        let description = Arc::new(read.map_err(|error| broken(&error))?);
        let columns: Arc<[Wanted]> = columns(&description, wanted)?.into();
        let table = Table { file, description, columns };
        table.measure(length)?;
        table.read_through(length)?;
        Ok(table)
    }

    /// Looks at the sizes of everything that will be read.
    fn measure(&self, length: u64) -> Result<(), Refusal> {
        let mut rows = 0u64;
        for group in self.description.row_groups() {
            rows = rows.saturating_add(u64::try_from(group.num_rows()).map_err(|_| broken("it has less than no rows"))?);
            if rows > MOST_ROWS {
                return Err(Refusal::File(format!("The Parquet file has more than {MOST_ROWS} rows. Take it apart.")));
            }
            let mut held = 0u64;
            for wanted in self.columns.iter() {
                held = held.saturating_add(self.size(group, wanted, length)?);
                if held > MOST_HELD {
                    let text = format!(
                        "The Parquet file would take more than {MOST_HELD} bytes of memory, since its pages are too large. Write it with smaller pages or row groups."
                    );
                    return Err(Refusal::File(text));
                }
            }
        }
        Ok(())
    }

    /// What reading a column of some rows takes in memory.
    fn size(&self, group: &RowGroupMetaData, wanted: &Wanted, length: u64) -> Result<u64, Refusal> {
        let chunk = group.columns().get(wanted.at).ok_or_else(|| broken(format!("the column {:?} is not everywhere", wanted.name)))?;
        let packing = chunk.compression();
        if !matches!(packing, Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_)) {
            let text = "Write it with Zstandard or Snappy, or without compression";
            return Err(Refusal::File(format!("The Parquet file is compressed with {packing}, which is not read here. {text}.")));
        }
        let (mut place, mut left) = range(chunk, length)?;
        let (mut dictionary, mut largest, mut known) = (0u64, 0u64, false);
        while left > 0 {
            let damaged = || broken(format!("a page of the column {:?} is damaged", wanted.name));
            let page = header::page(&self.file, place, left).ok_or_else(damaged)?;
            let whole = page.begin.saturating_add(page.packed);
            if whole > left || page.unpacked > i32::MAX.cast_unsigned().into() {
                return Err(damaged());
            }
            if page.dictionary {
                // Every value of a text begins with its length.
                let least = match chunk.column_type() {
                    Type::INT64 | Type::DOUBLE => 8,
                    Type::FIXED_LEN_BYTE_ARRAY => 1,
                    _ => 4,
                };
                if known || page.values > page.unpacked / least {
                    return Err(damaged());
                }
                known = true;
                dictionary = page.unpacked.saturating_add(page.values.saturating_mul(ENTRY));
            }
            match page.encoding {
                // Plain, runs, differences of numbers, bytes side by side.
                None | Some(0 | 3 | 5 | 9) => {}
                Some(2 | 8) if known => {}
                Some(2 | 8) => return Err(damaged()),
                Some(other) => {
                    let text = format!(
                        "The column {:?} of the Parquet file is written in a way (encoding {other}) that is not read here. Write it plainly or with a dictionary.",
                        wanted.name
                    );
                    return Err(Refusal::File(text));
                }
            }
            largest = largest.max(page.unpacked.saturating_add(page.packed));
            place = place.saturating_add(whole);
            left = left.saturating_sub(whole);
        }
        Ok(dictionary.saturating_add(largest))
    }

    /// Reads all of it once and keeps nothing.
    fn read_through(&self, length: u64) -> Result<(), Refusal> {
        let mut rows = self.rows();
        let mut unpacked = 0u64;
        while rows.more()? {
            unpacked = unpacked.saturating_add(u64::try_from(rows.text.len()).unwrap_or(u64::MAX));
            if unpacked > UNSUSPECTED && unpacked / length.max(1) > MOST_RATIO {
                let text = format!("The Parquet file unpacks to more than {MOST_RATIO} times its size: it looks like a trap.");
                return Err(Refusal::File(text));
            }
            rows.text.clear();
        }
        Ok(())
    }

    fn rows(&self) -> Rows {
        let columns = Arc::clone(&self.columns);
        let mut rows = Rows {
            file: self.file.clone(),
            description: Arc::clone(&self.description),
            columns,
            group: 0,
            open: Vec::new(),
            left: 0,
            ready: 0,
            text: Vec::new(),
            given: 0,
        };
        let names: Vec<Vec<u8>> = rows.columns.iter().map(|wanted| wanted.name.clone().into_bytes()).collect();
        rows.line(&names);
        rows
    }
}

impl Input for Table {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.rows()))
    }
}

/// The length that a file says its description has.
fn description_fits(file: &Kept, length: u64) -> Result<(), Refusal> {
    let mut end = [0u8; 8];
    let read = length.checked_sub(END).map(|place| file.from(place).read_exact(&mut end));
    if !matches!(read, Some(Ok(()))) || !end.ends_with(b"PAR1") {
        return Err(broken("its end is not there"));
    }
    let [one, two, three, four, ..] = end;
    let described = u64::from(u32::from_le_bytes([one, two, three, four]));
    if described > MOST_DESCRIPTION {
        return Err(broken(format!("its description of itself has {described} bytes; at most {MOST_DESCRIPTION} are read")));
    }
    Ok(())
}

/// Finds the columns that are read.
fn columns(description: &ParquetMetaData, wanted: &[String]) -> Result<Vec<Wanted>, Refusal> {
    let schema = description.file_metadata().schema_descr();
    if schema.num_columns() > MOST_COLUMNS {
        return Err(Refusal::File(format!("The Parquet file has {} columns; at most {MOST_COLUMNS} are read.", schema.num_columns())));
    }
    // What repeats within a row is known by the name of the whole.
    let name = |at: &usize| {
        let column = schema.column(*at);
        if column.max_rep_level() == 0 { column.path().parts().join(".") } else { schema.get_column_root(*at).name().to_owned() }
    };
    let mut leaves: Vec<usize> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for at in 0..schema.num_columns() {
        let repeats = schema.column(at).max_rep_level() > 0;
        // A list of structures has many columns under one name.
        if !repeats || names.last() != Some(&name(&at)) {
            leaves.push(at);
            names.push(name(&at));
        }
    }
    let find = |column: &String| {
        let at = place(column, &names)?;
        let at = leaves.get(at).copied().ok_or_else(|| broken("a column is not there"))?;
        let leaf = schema.column(at);
        let refuse = |text: String| Refusal::File(format!("The column {column:?} of the Parquet file cannot be read: {text}."));
        if leaf.max_rep_level() > 0 {
            return Err(refuse("it holds a list or a map in each row. Write it as text".to_owned()));
        }
        let made = leaf.logical_type_ref().map_or_else(|| leaf.physical_type().to_string(), |of| format!("{of:?}"));
        let kind = cells::kind(&leaf).ok_or_else(|| refuse(format!("it is made of {made}. Write it as text")))?;
        Ok(Wanted { name: column.clone(), at, kind })
    };
    wanted.iter().map(find).collect()
}

/// Where a column of some rows stands in the file, and how long it is.
fn range(chunk: &ColumnChunkMetaData, length: u64) -> Result<(u64, u64), Refusal> {
    let begin = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    let place = u64::try_from(begin).ok().zip(u64::try_from(chunk.compressed_size()).ok());
    let fits = |(begin, size): &(u64, u64)| begin.checked_add(*size).is_some_and(|end| end <= length);
    place.filter(fits).ok_or_else(|| broken("a column is said to be outside of it"))
}

/// A reading of the rows.
struct Rows {
    file: Kept,
    description: Arc<ParquetMetaData>,
    columns: Arc<[Wanted]>,
    /// The rows that are opened next.
    group: usize,
    open: Vec<Box<dyn Cells>>,
    /// Rows that are left of those which are open.
    left: usize,
    /// Rows of them that are decoded.
    ready: usize,
    text: Vec<u8>,
    given: usize,
}

impl Rows {
    /// Appends some rows. Answers whether there were any.
    fn more(&mut self) -> Result<bool, Refusal> {
        while self.left == 0 {
            let Some(group) = self.description.row_groups().get(self.group) else { return Ok(false) };
            self.left = usize::try_from(group.num_rows()).map_err(|_| broken("it has less than no rows"))?;
            let length = self.file.length().map_err(|error| broken(&error))?;
            self.open = self.columns.iter().map(|wanted| self.cells(group, wanted, length)).collect::<Result<_, _>>()?;
            self.group += 1;
        }
        if self.ready == 0 {
            self.ready = self.left.min(TOGETHER.0);
            for (cells, wanted) in self.open.iter_mut().zip(self.columns.iter()) {
                let found = cells.fill(self.ready)?;
                if found != self.ready {
                    return Err(broken(format!("the column {:?} has fewer rows than the file", wanted.name)));
                }
            }
        }
        let mut row = vec![Vec::new(); self.open.len()];
        while self.ready > 0 && self.text.len() < TOGETHER.1 {
            for (cells, text) in self.open.iter_mut().zip(&mut row) {
                text.clear();
                cells.next(text);
                // No row may be longer, and what a value unpacks to may be anything.
                text.truncate(LONGEST + 1);
            }
            self.line(&row);
            self.ready -= 1;
            self.left -= 1;
        }
        Ok(true)
    }

    fn cells(&self, group: &RowGroupMetaData, wanted: &Wanted, length: u64) -> Result<Box<dyn Cells>, Refusal> {
        let chunk = group.columns().get(wanted.at).ok_or_else(|| broken("a column is not everywhere"))?;
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let file = Arc::new(Chunks { file: self.file.clone(), length });
        let pages = SerializedPageReader::new(file, chunk, rows, None).map_err(|error| broken(&error))?;
        cells::cells(&chunk.column_descr_ptr(), wanted.kind, Box::new(pages)).ok_or_else(|| broken("a column is of no known type"))
    }

    /// Appends a row of comma-separated values.
    fn line(&mut self, cells: &[Vec<u8>]) {
        if cells.iter().map(Vec::len).fold(0, usize::saturating_add) > LONGEST {
            // One line that is as long as none may be: it is passed over, and told of by its beginning.
            let shown = cells.iter().flatten().filter(|byte| !matches!(byte, b'\n' | b'\r' | b'"' | 0)).take(200);
            self.text.extend(shown);
            self.text.resize(self.text.len() + LONGEST, b' ');
            self.text.push(b' ');
        } else {
            for (index, cell) in cells.iter().enumerate() {
                if index > 0 {
                    self.text.push(b',');
                }
                self.text.push(b'"');
                for piece in cell.split_inclusive(|byte| *byte == b'"') {
                    self.text.extend_from_slice(piece);
                    if piece.ends_with(b"\"") {
                        self.text.push(b'"');
                    }
                }
                self.text.push(b'"');
            }
        }
        self.text.push(b'\n');
    }
}

impl Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() {
            self.text.clear();
            self.given = 0;
            let more = catch_unwind(AssertUnwindSafe(|| self.more())).unwrap_or_else(|_| Err(broken("its parts contradict each other")));
            if !more.map_err(|refusal| io::Error::other(refusal.to_string()))? {
                return Ok(0);
            }
        }
        let left = self.text.get(self.given..).unwrap_or_default();
        let many = left.len().min(buffer.len());
        for (slot, byte) in buffer.iter_mut().zip(left) {
            *slot = *byte;
        }
        self.given += many;
        Ok(many)
    }
}

fn broken(problem: impl Display) -> Refusal {
    Refusal::File(format!("The Parquet file cannot be read: {problem}."))
}

/// The file as the reader of the format asks for it.
struct Chunks {
    file: Kept,
    length: u64,
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Chunks {
    type T = BufReader<Reading>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(BufReader::with_capacity(1 << 10, self.file.from(start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<bytes::Bytes> {
        let mut bytes = Vec::new();
        let most = u64::try_from(length).unwrap_or(u64::MAX);
        self.file.from(start).take(most).read_to_end(&mut bytes)?;
        if bytes.len() == length { Ok(bytes.into()) } else { Err(ParquetError::EOF("the file ends too early".to_owned())) }
    }
}

#[cfg(test)]
mod tests;
