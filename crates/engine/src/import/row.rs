//! A row of a file: its cells, or what is wrong with it.

use super::encoding::Encoding;
use super::lines::LONGEST;
use serde_json::Value as Json;

/// How many characters of a value a report repeats.
const SHOWN: usize = 100;

/// A row, numbered from 1, and the line it begins in.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) number: u64,
    pub(super) line: u64,
    /// The cells of the columns that the mapping names, in its order; null where there is nothing.
    pub(super) cells: Result<Vec<Json>, Damage>,
}

impl Row {
    /// Roughly how many bytes it holds.
    pub(super) fn size(&self) -> usize {
        let cell = |cell: &Json| 32 + cell.as_str().map_or(0, str::len);
        self.cells.as_ref().map_or(256, |cells| cells.iter().map(cell).sum())
    }
}

/// Why a row cannot be read.
#[derive(Debug)]
pub(super) struct Damage {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) value: String,
}

impl Damage {
    fn new(code: &'static str, message: impl Into<String>, bytes: &[u8]) -> Damage {
        Damage { code, message: message.into(), value: shown(&String::from_utf8_lossy(bytes)) }
    }

    pub(super) fn overlong(bytes: &[u8]) -> Damage {
        Damage::new("LINE_TOO_LONG", format!("The line is longer than {LONGEST} bytes and was passed over."), bytes)
    }

    pub(super) fn open_quote(bytes: &[u8]) -> Damage {
        let message = format!(
            "A quote opens in this line and does not close within {LONGEST} bytes or before the end of the file. Close it, or double a quote that is meant as a letter. Reading went on with the next line."
        );
        Damage::new("UNCLOSED_QUOTE", message, bytes)
    }

    pub(super) fn text_after_quote(bytes: &[u8]) -> Damage {
        let message = "Text follows a closing quote. Double a quote that is meant as a letter. Reading went on with the next line.";
        Damage::new("TEXT_AFTER_QUOTE", message, bytes)
    }

    pub(super) fn nul(bytes: &[u8]) -> Damage {
        Damage::new("NUL_BYTE", "The row holds a zero byte, which no text has.", bytes)
    }

    pub(super) fn encoding(bytes: &[u8], encoding: Encoding) -> Damage {
        let name = encoding.name();
        let message = format!(
            "The row is not {name}, which the file is read as. Correct the row, or name the file's encoding under [source] if it is another."
        );
        Damage::new("INVALID_ENCODING", message, bytes)
    }

    pub(super) fn columns(found: usize, wanted: usize, fields: &[String]) -> Damage {
        let message = format!("The row has {found} columns; the file has {wanted}. Quote fields that hold the delimiter or a line break.");
        Damage::new("WRONG_COLUMN_COUNT", message, fields.join(" | ").as_bytes())
    }

    pub(super) fn json(message: String, bytes: &[u8]) -> Damage {
        Damage::new("MALFORMED_JSON", message, bytes)
    }
}

/// A value as a report repeats it.
pub(super) fn shown(text: &str) -> String {
    let text = text.replace('\0', "\u{2400}");
    if text.chars().count() <= SHOWN { text } else { text.chars().take(SHOWN).chain(std::iter::once('…')).collect() }
}

/// A cell as a report repeats it.
pub(super) fn shown_cell(cell: &Json) -> String {
    match cell {
        Json::Null => String::new(),
        Json::String(text) => shown(text),
        other => shown(&other.to_string()),
    }
}
