//! Spreadsheets: the first sheet of an XLSX file becomes comma-separated values, row by row. Such a file
//! is a zip archive of XML, so what it unpacks to is measured before it is read.

use super::Refusal;
use calamine::{CellErrorType, DataRef, Reader as _, Xlsx};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use zip::ZipArchive;

/// Files in the archive.
const MOST_ENTRIES: usize = 1_000;
/// Bytes that all of it unpacks to.
const MOST_BYTES: u64 = 1 << 30;
/// Bytes that one of its files may unpack to for each byte of it, once it is larger than [`UNSUSPECTED`].
const MOST_RATIO: u64 = 200;
const UNSUSPECTED: u64 = 4 << 20;
/// Bytes of the texts that cells share, which are held in memory.
const MOST_TEXTS: u64 = 128 << 20;
/// Columns of a sheet.
const MOST_COLUMNS: usize = 1_000;

/// Writes the first sheet as comma-separated values in UTF-8.
pub(super) fn convert(mut packed: impl Read + Seek, out: &mut dyn Write) -> Result<(), Refusal> {
    look_through(&mut packed)?;
    let broken = |error: &dyn std::fmt::Display| Refusal::File(format!("The XLSX file cannot be read: {error}."));
    packed.seek(SeekFrom::Start(0)).map_err(|error| broken(&error))?;
    let mut book: Xlsx<_> = Xlsx::new(BufReader::new(packed)).map_err(|error: calamine::XlsxError| broken(&error))?;
    let name = book.sheet_names().first().cloned().ok_or_else(|| broken(&"it holds no sheet"))?;
    let mut cells = book.worksheet_cells_reader(&name).map_err(|error| broken(&error))?;
    let mut sheet = Sheet { writer: csv::WriterBuilder::new().flexible(true).from_writer(out), width: None, row: Vec::new() };
    let mut current = None;
    while let Some(cell) = cells.next_cell().map_err(|error| broken(&error))? {
        let (row, column) = cell.get_position();
        if current != Some(row) {
            sheet.end()?;
            current = Some(row);
        }
        let text = text(cell.get_value());
        if !text.is_empty() {
            sheet.put(usize::try_from(column).unwrap_or(usize::MAX), text)?;
        }
    }
    sheet.end()?;
    sheet.writer.flush().map_err(|error| broken(&error))
}

/// A sheet on its way out.
struct Sheet<W: Write> {
    writer: csv::Writer<W>,
    /// Columns of the first row.
    width: Option<usize>,
    row: Vec<String>,
}

impl<W: Write> Sheet<W> {
    /// Places a cell. Behind the columns that have names there is one place for all that should not be there.
    fn put(&mut self, column: usize, text: String) -> Result<(), Refusal> {
        let place = match self.width {
            None if column >= MOST_COLUMNS => {
                let text = format!("The sheet's first row has more than {MOST_COLUMNS} columns. Delete what is not needed.");
                return Err(Refusal::File(text));
            }
            None => column,
            Some(width) => column.min(width),
        };
        if self.row.len() <= place {
            self.row.resize(place + 1, String::new());
        }
        if let Some(slot) = self.row.get_mut(place) {
            *slot = text;
        }
        Ok(())
    }

    /// Ends a row; one without cells is none.
    fn end(&mut self) -> Result<(), Refusal> {
        if self.row.is_empty() {
            return Ok(());
        }
        let width = *self.width.get_or_insert(self.row.len());
        if self.row.len() < width {
            self.row.resize(width, String::new());
        }
        let written = self.writer.write_record(&self.row);
        self.row.clear();
        written.map_err(|error| Refusal::File(format!("The rows of the sheet cannot be kept: {error}.")))
    }
}

/// Unpacks everything once and keeps nothing: sizes that an archive declares may be lies.
fn look_through(packed: &mut (impl Read + Seek)) -> Result<(), Refusal> {
    let broken = |error: &dyn std::fmt::Display| Refusal::File(format!("The XLSX file cannot be read: {error}."));
    let mut archive = ZipArchive::new(BufReader::new(packed)).map_err(|error| broken(&error))?;
    if archive.len() > MOST_ENTRIES {
        let text = format!("The XLSX file holds {} files; at most {MOST_ENTRIES} are read.", archive.len());
        return Err(Refusal::File(text));
    }
    let mut whole = 0u64;
    let mut buffer = vec![0u8; 1 << 16];
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| broken(&error))?;
        let packed = entry.compressed_size();
        let name = entry.name().map_or_else(|_| String::new(), std::borrow::Cow::into_owned);
        let shared = name.to_ascii_lowercase().ends_with("sharedstrings.xml");
        let mut own = 0u64;
        // The end of what was read last, since the word may stand across two readings.
        let mut tail: Vec<u8> = Vec::new();
        loop {
            let read = entry.read(&mut buffer).map_err(|error| broken(&error))?;
            let piece = buffer.get(..read).unwrap_or_default();
            if piece.is_empty() {
                break;
            }
            own = own.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            whole = whole.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            if whole > MOST_BYTES {
                return Err(Refusal::File(format!("The XLSX file unpacks to more than {MOST_BYTES} bytes, which is more than is read.")));
            }
            if own > UNSUSPECTED && own / packed.max(1) > MOST_RATIO {
                let text = format!("{name:?} in the XLSX file unpacks to more than {MOST_RATIO} times its size: it looks like a trap.");
                return Err(Refusal::File(text));
            }
            if shared && own > MOST_TEXTS {
                return Err(Refusal::File(format!("The texts of the XLSX file are more than {MOST_TEXTS} bytes. Save it as CSV.")));
            }
            tail.extend_from_slice(piece);
            if declares(&tail) {
                return Err(Refusal::File(format!("{name:?} in the XLSX file declares a document type, which no sheet needs.")));
            }
            let kept = tail.len().saturating_sub(DOCTYPE.len());
            tail.drain(..kept);
        }
    }
    Ok(())
}

/// How XML begins to declare what its entities mean.
const DOCTYPE: &[u8] = b"<!DOCTYPE";

fn declares(bytes: &[u8]) -> bool {
    bytes.windows(DOCTYPE.len()).any(|window| window.first() == Some(&b'<') && window.eq_ignore_ascii_case(DOCTYPE))
}

/// A cell as text: what an import reads from it is the same.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::Int(number) => number.to_string(),
        // The shortest text that means this very number, and no exponent.
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(flag) => flag.to_string(),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error_text(error).to_owned(),
        DataRef::DateTime(at) if at.is_duration() => format!("PT{}S", (at.as_f64() * 86_400.0).round()),
        DataRef::DateTime(at) => match at.as_datetime() {
            None => at.as_f64().to_string(),
            Some(moment) if at.as_f64().fract() == 0.0 => moment.format("%Y-%m-%d").to_string(),
            Some(moment) => moment.format("%Y-%m-%dT%H:%M:%S%.3f").to_string(),
        },
    }
}

fn error_text(error: &CellErrorType) -> &'static str {
    match error {
        CellErrorType::Div0 => "#DIV/0!",
        CellErrorType::NA => "#N/A",
        CellErrorType::Name => "#NAME?",
        CellErrorType::Ref => "#REF!",
        CellErrorType::Value => "#VALUE!",
        _ => "#ERROR!",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_xlsxwriter::{ExcelDateTime, Workbook};
    use std::io::{self, Cursor};
    use zip::write::SimpleFileOptions;

    fn rows(book: &mut Workbook) -> String {
        let mut out = Vec::new();
        convert(Cursor::new(book.save_to_buffer().unwrap()), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn refusal(bytes: Vec<u8>) -> String {
        convert(Cursor::new(bytes), &mut io::sink()).unwrap_err().to_string()
    }

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn cells_say_what_they_are() {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        let day = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
        let moment = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        for (column, name) in ["text", "whole", "part", "flag", "day", "moment"].into_iter().enumerate() {
            sheet.write_string(0, u16::try_from(column).unwrap(), name).unwrap();
        }
        sheet.write_string(1, 0, " =1, \"two\"\nthree ").unwrap();
        sheet.write_number(1, 1, 9_007_199_254_740_991.0).unwrap();
        sheet.write_number(1, 2, -0.1).unwrap();
        sheet.write_boolean(1, 3, true).unwrap();
        sheet.write_with_format(1, 4, ExcelDateTime::from_ymd(1900, 2, 28).unwrap(), &day).unwrap();
        sheet.write_with_format(1, 5, ExcelDateTime::parse_from_str("2026-01-31T08:15:00.250").unwrap(), &moment).unwrap();
        // A row that has nothing is none, and what stands behind the names is too much.
        sheet.write_string(3, 1, "x").unwrap();
        sheet.write_string(4, 9, "beyond").unwrap();
        let expected = "text,whole,part,flag,day,moment\n\" =1, \"\"two\"\"\nthree \",9007199254740991,-0.1,true,1900-02-28,2026-01-31T08:15:00.250\n\
            ,x,,,,\n,,,,,,beyond\n";
        assert_eq!(rows(&mut book), expected);
    }

    #[test]
    fn traps_are_refused() {
        assert!(refusal(b"PK\x03\x04 nothing".to_vec()).contains("cannot be read"));
        assert!(refusal(archive(&[("xl/x.xml", &vec![b' '; 20 << 20])])).contains("trap"));
        assert!(
            refusal(archive(&[("xl/workbook.xml", b"<?xml version=\"1.0\"?><!DocType x [<!ENTITY a \"b\">]><x/>")]))
                .contains("document type")
        );
        let many: Vec<String> = (0..=MOST_ENTRIES).map(|number| format!("{number}.xml")).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
        assert!(refusal(archive(&many)).contains("at most"));
        assert!(refusal(archive(&[("a.xml", b"<a/>")])).contains("cannot be read"));
    }
}
