//! A file as rows: format, delimiter and encoding told from its beginning, columns found by their names.

use super::encoding::{Encoding, Utf8};
use super::lines::Lines;
use super::row::{Damage, Row};
use super::{Refusal, csv};
use crate::export::FORMULA;
use crate::filter::operand::nearest;
use serde::Deserialize;
use serde_json::Value as Json;
use std::io::{self, Read};

/// The delimiters that are looked for.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// What the rows are made of.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values, or separated by another letter, with a line of column names.
    Csv,
    /// A JSON object a line. A column is a key, or a path of keys with dots between them.
    Ndjson,
    /// A spreadsheet of the kind that Excel writes: its first sheet, with the names of the columns in the first row.
    Xlsx,
    /// A Parquet file. Its columns are flat: no lists and no maps; a column within a group is named with a dot.
    Parquet,
}

/// How to read the file; whatever is left out is told from the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SourceOptions {
    /// What the rows are made of.
    pub format: Option<Format>,
    /// One ASCII letter that separates the columns.
    pub delimiter: Option<char>,
    /// The encoding; a byte order mark in the file wins.
    pub encoding: Option<Encoding>,
    /// The names of the columns, for a file whose first line is a row already.
    pub columns: Vec<String>,
    /// Texts that mean nothing is there, besides the empty one.
    pub null: Vec<String>,
    /// Whether blanks around a value are dropped.
    pub trim: bool,
    /// Whether an apostrophe before what looks like a formula was put there by an export, and is dropped.
    pub guarded: bool,
}

impl Default for SourceOptions {
    fn default() -> Self {
        SourceOptions { format: None, delimiter: None, encoding: None, columns: Vec::new(), null: Vec::new(), trim: true, guarded: false }
    }
}

/// The rows of a file.
pub(super) struct Source<R> {
    lines: Lines<R>,
    shape: Shape,
    options: SourceOptions,
    row: u64,
}

enum Shape {
    /// Delimiter, number of columns in the file, and where each wanted column is.
    Csv { delimiter: u8, width: usize, places: Vec<usize> },
    /// The path of each wanted column.
    Ndjson { paths: Vec<Vec<String>> },
}

impl<R: Read> Source<R> {
    /// Reads the beginning of a file; `wanted` are the columns to read.
    pub(super) fn open(input: R, options: &SourceOptions, wanted: &[String]) -> Result<Self, Refusal> {
        let unreadable = |error: io::Error| Refusal::File(format!("The file cannot be read: {error}."));
        let mut lines = Lines::new(Utf8::new(input, options.encoding).map_err(unreadable)?);
        let first = lines.next().map_err(unreadable)?;
        let looks_like_json = first.as_ref().is_some_and(|line| line.bytes.trim_ascii_start().starts_with(b"{"));
        let head = first.as_ref().map(|line| line.bytes.clone()).unwrap_or_default();
        lines.give_back(first.into_iter());
        let format = options.format.unwrap_or(if looks_like_json { Format::Ndjson } else { Format::Csv });
        let shape = match format {
            Format::Xlsx => return Err(Refusal::File("The file is no XLSX file: it is no zip archive.".to_owned())),
            Format::Parquet => return Err(Refusal::File("The file is no Parquet file: it does not begin with PAR1.".to_owned())),
            Format::Ndjson => Shape::Ndjson { paths: wanted.iter().map(|path| path.split('.').map(str::to_owned).collect()).collect() },
            Format::Csv => {
                let delimiter = delimiter(options, &head, wanted)?;
                let names = if options.columns.is_empty() { header(&mut lines, delimiter)? } else { options.columns.clone() };
                let places = wanted.iter().map(|column| place(column, &names)).collect::<Result<_, _>>()?;
                Shape::Csv { delimiter, width: names.len(), places }
            }
        };
        Ok(Source { lines, shape, options: options.clone(), row: 0 })
    }

    /// The file's encoding.
    pub(super) fn encoding(&self) -> Encoding {
        self.lines.encoding()
    }

    /// The next row.
    pub(super) fn next(&mut self) -> io::Result<Option<Row>> {
        let found = match &self.shape {
            Shape::Csv { delimiter, width, places } => csv::next(&mut self.lines, *delimiter)?.map(|record| {
                let fields = record.fields.and_then(|fields| match fields.len() {
                    found if found == *width => Ok(fields),
                    found => Err(Damage::columns(found, *width, &fields)),
                });
                (record.line, fields.map(|fields| places.iter().map(|place| self.options.cell(fields.get(*place))).collect()))
            }),
            Shape::Ndjson { paths } => object(&mut self.lines)?.map(|(line, object)| {
                let cell = |path: &Vec<String>| self.options.clean(path.iter().try_fold(object.as_ref().ok()?, |json, key| json.get(key)));
                let cells: Vec<Json> = paths.iter().map(|path| cell(path).unwrap_or_default()).collect();
                (line, object.map(|_| cells))
            }),
        };
        Ok(found.map(|(line, cells)| {
            self.row += 1;
            Row { number: self.row, line, cells }
        }))
    }
}

impl SourceOptions {
    fn cell(&self, text: Option<&String>) -> Json {
        let text = text.map(String::as_str).unwrap_or_default();
        let text = if self.trim { text.trim() } else { text };
        let text = text.strip_prefix('\'').filter(|rest| self.guarded && rest.starts_with(FORMULA)).unwrap_or(text);
        if text.is_empty() || self.null.iter().any(|null| null == text) { Json::Null } else { text.into() }
    }

    fn clean(&self, json: Option<&Json>) -> Option<Json> {
        Some(match json? {
            Json::String(text) => self.cell(Some(text)),
            other => other.clone(),
        })
    }
}

/// The line of names.
fn header<R: Read>(lines: &mut Lines<R>, delimiter: u8) -> Result<Vec<String>, Refusal> {
    let record = csv::next(lines, delimiter).map_err(|error| Refusal::File(format!("The file cannot be read: {error}.")))?;
    let record = record.ok_or_else(|| Refusal::File("The file is empty; its first line must name the columns.".to_owned()))?;
    let names = record.fields.map_err(|damage| Refusal::File(format!("The line of column names cannot be read: {}", damage.message)))?;
    Ok(names.iter().map(|name| name.trim().to_owned()).collect())
}

/// The delimiter with which most of the wanted columns are found; where none is, the most frequent one.
fn delimiter(options: &SourceOptions, head: &[u8], wanted: &[String]) -> Result<u8, Refusal> {
    if let Some(letter) = options.delimiter {
        let fits = u8::try_from(letter).ok().filter(|byte| byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r'));
        return fits
            .ok_or_else(|| Refusal::Mapping(format!("source.delimiter is {letter:?}; it must be one ASCII letter such as ; or \\t.")));
    }
    let text = String::from_utf8_lossy(head);
    let score = |delimiter: u8| {
        let names: Vec<&str> = text.split(char::from(delimiter)).map(|name| name.trim().trim_matches('"')).collect();
        let found = wanted.iter().filter(|column| names.contains(&column.as_str())).count();
        (found, names.len())
    };
    // The earlier one wins a tie.
    Ok(DELIMITERS.into_iter().rev().max_by_key(|delimiter| score(*delimiter)).unwrap_or(b','))
}

/// Where a column stands among the names of a file's columns.
pub(super) fn place(column: &str, names: &[String]) -> Result<usize, Refusal> {
    let mut places = names.iter().enumerate().filter(|(_, name)| *name == column).map(|(place, _)| place);
    match (places.next(), places.next()) {
        (Some(place), None) => Ok(place),
        (Some(_), Some(_)) => Err(Refusal::File(format!("The file has more than one column {column:?}; rename one of them."))),
        (None, _) => {
            let hint = nearest(column, names.iter().map(String::as_str));
            let shown: Vec<&str> = names.iter().take(50).map(String::as_str).collect();
            Err(Refusal::File(format!("The file has no column {column:?}{hint}. Its columns are: {}.", shown.join(", "))))
        }
    }
}

/// The next line's JSON object.
fn object<R: Read>(lines: &mut Lines<R>) -> io::Result<Option<(u64, Result<Json, Damage>)>> {
    let line = loop {
        match lines.next()? {
            None => return Ok(None),
            Some(line) if line.bytes.trim_ascii().is_empty() && !line.overlong => {}
            Some(line) => break line,
        }
    };
    let parsed = if line.overlong {
        Err(Damage::overlong(&line.bytes))
    } else if line.bytes.contains(&0) {
        Err(Damage::nul(&line.bytes))
    } else if std::str::from_utf8(&line.bytes).is_err() {
        Err(Damage::encoding(&line.bytes, lines.encoding()))
    } else {
        match serde_json::from_slice(&line.bytes) {
            Ok(Json::Object(object)) => Ok(Json::Object(object)),
            Ok(_) => Err(Damage::json("The line is JSON, but not an object.".to_owned(), &line.bytes)),
            Err(error) => Err(Damage::json(format!("The line is not JSON: {error}."), &line.bytes)),
        }
    };
    Ok(Some((line.number, parsed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows(text: &str, options: &SourceOptions, wanted: &[&str]) -> Vec<Result<Vec<Json>, &'static str>> {
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        let mut source = Source::open(text.as_bytes(), options, &wanted).unwrap();
        let row = |row: Row| row.cells.map_err(|damage| damage.code);
        std::iter::from_fn(|| source.next().unwrap()).map(row).collect()
    }

    fn refusal(text: &str, wanted: &str) -> String {
        match Source::open(text.as_bytes(), &SourceOptions::default(), &[wanted.to_owned()]) {
            Err(refusal) => refusal.to_string(),
            Ok(_) => panic!("{text:?} was taken"),
        }
    }

    #[test]
    fn the_delimiter_is_the_one_that_finds_the_columns() {
        for delimiter in [',', ';', '\t', '|'] {
            let text = format!("id{delimiter}\"name\"{delimiter}a,b;c|d\n1{delimiter}x{delimiter}y\n");
            let found = rows(&text, &SourceOptions::default(), &["name", "id"]);
            let expected: Result<Vec<Json>, &str> = Ok(vec![json!("x"), json!("1")]);
            assert!(found.first() == Some(&expected) || found == [Err("WRONG_COLUMN_COUNT")], "{delimiter:?} {found:?}");
        }
        let found = rows("id;name\n1;\"a;b\"\n", &SourceOptions::default(), &["name"]);
        assert_eq!(found, [Ok(vec![json!("a;b")])]);
    }

    #[test]
    fn nothing_is_what_the_mapping_calls_nothing() {
        let options = SourceOptions { null: vec!["NULL".into(), "-".into()], ..SourceOptions::default() };
        let found = rows("a,b,c,d\nNULL, - ,, x \n", &options, &["a", "b", "c", "d"]);
        assert_eq!(found, [Ok(vec![Json::Null, Json::Null, Json::Null, json!("x")])]);
    }

    #[test]
    fn half_a_row_is_damage() {
        let found = rows("a,b\n1\n1,2\n1,2,3\n", &SourceOptions::default(), &["b"]);
        assert_eq!(found, [Err("WRONG_COLUMN_COUNT"), Ok(vec![json!("2")]), Err("WRONG_COLUMN_COUNT")]);
    }

    #[test]
    fn columns_may_be_named_by_the_mapping() {
        let options = SourceOptions { columns: vec!["a".into(), "b".into()], ..SourceOptions::default() };
        assert_eq!(rows("1;2\n", &options, &["b"]), [Ok(vec![json!("2")])]);
    }

    #[test]
    fn objects_keep_their_types_and_their_depth() {
        let text = "{\"a\":{\"b\":1},\"c\":true,\"d\":\" x \"}\n\n{\"a\":3}\n[1]\n{\"a\"\n";
        let found = rows(text, &SourceOptions::default(), &["a.b", "c", "d"]);
        let nothing = vec![Json::Null, Json::Null, Json::Null];
        assert_eq!(found, [Ok(vec![json!(1), json!(true), json!("x")]), Ok(nothing), Err("MALFORMED_JSON"), Err("MALFORMED_JSON")]);
    }

    #[test]
    fn what_cannot_start_says_why() {
        assert!(refusal("", "name").contains("empty"));
        let text = refusal("nmae,city\n", "name");
        assert!(text.contains("no column \"name\"") && text.contains("nmae"), "{text}");
        assert!(refusal("name,name\n", "name").contains("more than one"));
    }
}
