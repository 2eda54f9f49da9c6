//! Records of comma-separated values (RFC 4180), with any delimiter. Strict, since a lenient reader swallows good rows
//! after a stray quote: what is wrong with a record is told, and reading goes on behind it.

use super::lines::{LONGEST, Line, Lines};
use super::row::Damage;
use std::io::{self, Read};

/// A record, or what is wrong with it, and the line it begins in.
pub(super) struct Record {
    pub(super) line: u64,
    pub(super) fields: Result<Vec<String>, Damage>,
}

/// The next record; blank lines are passed over.
pub(super) fn next<R: Read>(lines: &mut Lines<R>, delimiter: u8) -> io::Result<Option<Record>> {
    let first = loop {
        match lines.next()? {
            None => return Ok(None),
            Some(line) if line.bytes.is_empty() && !line.overlong => {}
            Some(line) => break line,
        }
    };
    let number = first.number;
    let damaged = |damage| Ok(Some(Record { line: number, fields: Err(damage) }));
    if first.overlong {
        return damaged(Damage::overlong(&first.bytes));
    }
    let mut parser = Parser { delimiter, state: State::Start, fields: vec![Vec::new()] };
    let mut size = first.bytes.len();
    let mut progress = parser.line(&first.bytes);
    let mut others: Vec<Line> = Vec::new();
    while progress == Progress::Open {
        // A quote is open: the record goes on in the next line, unless the quote is a slip.
        match lines.next()? {
            Some(line) if !line.overlong && size + line.bytes.len() < LONGEST => {
                size += line.bytes.len() + 1;
                progress = parser.line(&line.bytes);
                others.push(line);
            }
            line => {
                lines.give_back(others.into_iter().chain(line));
                return damaged(Damage::open_quote(&first.bytes));
            }
        }
    }
    if progress == Progress::Broken {
        lines.give_back(others.into_iter());
        return damaged(Damage::text_after_quote(&first.bytes));
    }
    let mut fields = Vec::with_capacity(parser.fields.len());
    for field in parser.fields {
        if field.contains(&0) {
            return damaged(Damage::nul(&field));
        }
        match String::from_utf8(field) {
            Ok(text) => fields.push(text),
            Err(error) => return damaged(Damage::encoding(error.as_bytes(), lines.encoding())),
        }
    }
    Ok(Some(Record { line: number, fields: Ok(fields) }))
}

#[derive(PartialEq, Eq)]
enum Progress {
    /// The record is complete.
    Whole,
    /// A quote is open.
    Open,
    /// Text follows a closing quote.
    Broken,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the beginning of a field.
    Start,
    /// In a field without quotes, where quotes are letters like others.
    Plain,
    /// Between quotes.
    Quoted,
    /// Behind a quote between quotes: the first of two, or the closing one.
    Quote,
    /// Behind the closing quote and a blank.
    Closed,
}

struct Parser {
    delimiter: u8,
    state: State,
    fields: Vec<Vec<u8>>,
}

impl Parser {
    fn push(&mut self, byte: u8) {
        if let Some(field) = self.fields.last_mut() {
            field.push(byte);
        }
    }

    fn line(&mut self, bytes: &[u8]) -> Progress {
        if self.state == State::Quoted {
            self.push(b'\n');
        }
        for byte in bytes.iter().copied() {
            let delimits = byte == self.delimiter;
            self.state = match self.state {
                State::Start if byte == b'"' => State::Quoted,
                State::Quoted if byte == b'"' => State::Quote,
                State::Quote if byte == b'"' => {
                    self.push(byte);
                    State::Quoted
                }
                State::Quoted => {
                    self.push(byte);
                    State::Quoted
                }
                State::Start | State::Plain | State::Quote | State::Closed if delimits => {
                    self.fields.push(Vec::new());
                    State::Start
                }
                State::Start | State::Plain => {
                    self.push(byte);
                    State::Plain
                }
                State::Quote | State::Closed if byte == b' ' => State::Closed,
                State::Quote | State::Closed => return Progress::Broken,
            };
        }
        if self.state == State::Quoted { Progress::Open } else { Progress::Whole }
    }
}

#[cfg(test)]
mod tests {
    use super::super::encoding::Utf8;
    use super::*;
    use proptest::prelude::*;

    fn read(text: &[u8]) -> Vec<(u64, Result<Vec<String>, &'static str>)> {
        let mut lines = Lines::new(Utf8::new(text, None).unwrap());
        let record = |record: Record| (record.line, record.fields.map_err(|damage| damage.code));
        std::iter::from_fn(|| next(&mut lines, b',').unwrap()).map(record).collect()
    }

    fn texts(fields: &[&str]) -> Result<Vec<String>, &'static str> {
        Ok(fields.iter().map(|field| (*field).to_owned()).collect())
    }

    #[test]
    fn quotes_hold_what_they_enclose() {
        let found = read(b"a,\"b,\"\"c\"\"\r\nd\" ,5\" pipe\n\n,\n");
        assert_eq!(found, [(1, texts(&["a", "b,\"c\"\nd", "5\" pipe"])), (4, texts(&["", ""]))]);
    }

    #[test]
    fn a_slip_costs_its_own_line_alone() {
        // The stray quote would otherwise end at the next row's.
        let found = read(b"1,\"Broken,Berlin\n2,\"Good\",Paris\n3,x,y\n");
        assert_eq!(found, [(1, Err("TEXT_AFTER_QUOTE")), (2, texts(&["2", "Good", "Paris"])), (3, texts(&["3", "x", "y"]))]);
        let found = read(b"1,\"Broken\n2,b\n3,c");
        assert_eq!(found, [(1, Err("UNCLOSED_QUOTE")), (2, texts(&["2", "b"])), (3, texts(&["3", "c"]))]);
    }

    #[test]
    fn bytes_that_are_no_text_cost_their_row_alone() {
        let found = read(b"M\xc3\xbcller\nM\xfcller\na\0b\nz");
        assert_eq!(found, [(1, texts(&["Müller"])), (2, Err("INVALID_ENCODING")), (3, Err("NUL_BYTE")), (4, texts(&["z"]))]);
    }

    proptest! {
        #[test]
        fn whatever_is_quoted_comes_back(rows in prop::collection::vec(prop::collection::vec("[^\u{0}\r]{0,12}", 2..4), 1..6)) {
            let quoted = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
            let line = |row: &Vec<String>| row.iter().map(quoted).collect::<Vec<_>>().join(",");
            let text = rows.iter().map(line).collect::<Vec<_>>().join("\n");
            let found: Vec<Vec<String>> = read(text.as_bytes()).into_iter().map(|(_, fields)| fields.unwrap()).collect();
            prop_assert_eq!(found, rows);
        }

        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            read(&bytes);
        }
    }
}
