//! A sheet of an XLSX file, written row by row in constant memory. Texts stand there as texts, which no spreadsheet takes for formulas.

use super::column::{Cell, Column};
use clientela_kernel::{Error, ErrorCode, Result};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, XlsxError};
use serde_json::Value as Json;
use std::io::Write;
use std::path::Path;

/// Greatest number whose whole neighbors a spreadsheet tells apart.
const EXACT: f64 = 9_007_199_254_740_991.0;
/// Digits that a spreadsheet keeps of a number.
const DIGITS: usize = 15;

/// A workbook of one sheet.
pub(super) struct Sheet {
    book: Workbook,
    day: Format,
    row: u32,
}

impl Sheet {
    /// An empty sheet with a row of names. `folder` is where its rows are until it is whole.
    pub(super) fn new<'n>(names: impl Iterator<Item = std::borrow::Cow<'n, str>>, folder: &Path) -> Result<Sheet> {
        let mut book = Workbook::new();
        book.set_tempdir(folder).map_err(|error| failed(&error))?;
        book.add_worksheet_with_constant_memory().map_err(|error| failed(&error))?;
        let mut sheet = Sheet { book, day: Format::new().set_num_format("yyyy-mm-dd"), row: 0 };
        let names: Vec<Cell<'_>> = names.map(Cell::Text).collect();
        sheet.write(&names)?;
        Ok(sheet)
    }

    /// Adds a record.
    pub(super) fn record(&mut self, columns: &[Column], record: &Json) -> Result<()> {
        let cells: Vec<Cell<'_>> = columns.iter().flat_map(|column| column.typed(record)).collect();
        self.write(&cells)
    }

    fn write(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        let row = self.row;
        let sheet = self.book.worksheet_from_index(0).map_err(|error| failed(&error))?;
        for (column, cell) in cells.iter().enumerate() {
            let column = u16::try_from(column).map_err(Error::internal)?;
            let written = match cell {
                Cell::Nothing => continue,
                Cell::Boolean(flag) => sheet.write_boolean(row, column, *flag),
                Cell::Number(text) => match exact(text) {
                    Some(number) => sheet.write_number(row, column, number),
                    None => sheet.write_string(row, column, text.as_ref()),
                },
                // Spreadsheets know no day before 1900.
                Cell::Day(text) => match ExcelDateTime::parse_from_str(text).ok().filter(|_| text.as_ref() >= "1900-03-01") {
                    Some(day) => sheet.write_with_format(row, column, &day, &self.day),
                    None => sheet.write_string(row, column, text.as_ref()),
                },
                Cell::Text(text) if text.is_empty() => continue,
                // What a sheet takes for a moment has no zone.
                Cell::Text(text) | Cell::Moment(text) => sheet.write_string(row, column, text.as_ref()),
            };
            written.map_err(|error| failed(&error))?;
        }
        self.row = row.saturating_add(1);
        Ok(())
    }

    /// Writes the whole file.
    pub(super) fn finish(mut self, out: &mut (dyn Write + Send)) -> Result<()> {
        self.book.save_to_writer(out).map_err(|error| failed(&error))
    }
}

/// A decimal number that a spreadsheet holds exactly.
fn exact(text: &str) -> Option<f64> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let number: f64 = text.parse().ok()?;
    (number.abs() <= EXACT && (digits <= DIGITS || !text.contains('.'))).then_some(number)
}

fn failed(error: &XlsxError) -> Error {
    let limit = match error {
        XlsxError::RowColumnLimitError => "A sheet has 1,048,576 rows at most, the row of names among them.",
        XlsxError::MaxStringLengthExceeded => "A cell of a sheet holds 32,767 characters at most, and a text is longer.",
        other => return Error::internal(format!("The export cannot be written: {other}.")),
    };
    Error::new(
        ErrorCode::ValidationFailed,
        format!("The records do not fit into an XLSX file: {limit} Export them as CSV, NDJSON or Parquet."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_back_the_same_is_a_number() {
        assert_eq!(exact("1234.50"), Some(1234.5));
        assert_eq!(exact("9007199254740991"), Some(EXACT));
        assert_eq!(exact("9007199254740993"), None);
        assert_eq!(exact("12345678901234.56"), None);
        assert_eq!(exact("x"), None);
    }
}
