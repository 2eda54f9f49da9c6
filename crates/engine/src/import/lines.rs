//! Lines of bounded length. A longer one is passed over without being held in memory.

use super::encoding::{Encoding, Utf8};
use std::collections::VecDeque;
use std::io::{self, Read};

/// The longest line, and the longest record, in bytes of UTF-8.
pub(super) const LONGEST: usize = 1 << 20;

/// A line without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// 1 for the first.
    pub(super) number: u64,
    /// Its bytes; of an overlong line only the first few.
    pub(super) bytes: Vec<u8>,
    /// Whether it is longer than allowed.
    pub(super) overlong: bool,
}

/// The lines of a file.
pub(super) struct Lines<R> {
    input: Utf8<R>,
    buffer: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// How far the search for its end has come.
    searched: usize,
    number: u64,
    returned: VecDeque<Line>,
}

impl<R: Read> Lines<R> {
    /// The lines of a file.
    pub(super) fn new(input: Utf8<R>) -> Self {
        Lines { input, buffer: Vec::new(), start: 0, searched: 0, number: 0, returned: VecDeque::new() }
    }

    /// The file's encoding.
    pub(super) fn encoding(&self) -> Encoding {
        self.input.encoding()
    }

    /// Gives lines back, to be read again in their order.
    pub(super) fn give_back(&mut self, lines: impl DoubleEndedIterator<Item = Line>) {
        for line in lines.rev() {
            self.returned.push_front(line);
        }
    }

    /// The next line.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.returned.pop_front() {
            return Ok(Some(line));
        }
        let mut head: Option<Vec<u8>> = None;
        loop {
            if let Some(length) = self.end_of_line() {
                let bytes = self.buffer.get(self.start..self.start + length).unwrap_or_default();
                self.number += 1;
                let line = match head {
                    Some(head) => Line { number: self.number, bytes: head, overlong: true },
                    None if length > LONGEST => Line { number: self.number, bytes: beginning(bytes), overlong: true },
                    None => Line { number: self.number, bytes: without_return(bytes).to_vec(), overlong: false },
                };
                self.start += length + 1;
                self.searched = self.start;
                return Ok(Some(line));
            }
            let held = self.buffer.len() - self.start;
            if head.is_some() || held > LONGEST {
                // Only the beginning is kept; the rest is passed over piece by piece.
                head.get_or_insert_with(|| beginning(self.buffer.get(self.start..).unwrap_or_default()));
                self.buffer.clear();
                (self.start, self.searched) = (0, 0);
            } else if self.start > 0 {
                self.buffer.drain(..self.start);
                self.searched -= self.start;
                self.start = 0;
            }
            if !self.input.fill(&mut self.buffer)? {
                return Ok(self.last(head));
            }
        }
    }

    fn end_of_line(&mut self) -> Option<usize> {
        let found = self.buffer.get(self.searched..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n'));
        let end = found.map(|offset| self.searched + offset);
        self.searched = self.buffer.len();
        end.map(|end| end - self.start)
    }

    /// What stands after the last line end, if anything.
    fn last(&mut self, head: Option<Vec<u8>>) -> Option<Line> {
        let bytes = std::mem::take(&mut self.buffer);
        (self.start, self.searched) = (0, 0);
        if head.is_none() && bytes.is_empty() {
            return None;
        }
        self.number += 1;
        Some(match head {
            Some(head) => Line { number: self.number, bytes: head, overlong: true },
            None => Line { number: self.number, bytes: without_return(&bytes).to_vec(), overlong: false },
        })
    }
}

fn without_return(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

/// Enough to recognize a line by.
fn beginning(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().take(400).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: impl Read) -> Vec<Line> {
        let mut lines = Lines::new(Utf8::new(input, None).unwrap());
        std::iter::from_fn(|| lines.next().unwrap()).collect()
    }

    #[test]
    fn lines_end_as_they_may() {
        let found: Vec<(u64, String)> =
            lines(&b"a\r\n\nb\nc"[..]).into_iter().map(|line| (line.number, String::from_utf8(line.bytes).unwrap())).collect();
        assert_eq!(found, [(1, "a".into()), (2, String::new()), (3, "b".into()), (4, "c".into())]);
        assert!(lines(&b""[..]).is_empty());
    }

    #[test]
    fn a_long_line_is_passed_over_and_the_next_one_read() {
        // Read in a debug build, so not the gigabyte that it was tried with by hand.
        let huge = io::repeat(b'x').take(20 << 20);
        let found = lines((&b"before\n"[..]).chain(huge).chain(&b"\nafter\n"[..]));
        assert_eq!(found.len(), 3);
        assert!(found[1].overlong && found[1].bytes.len() < 1_000);
        assert_eq!((found[2].number, found[2].bytes.as_slice(), found[2].overlong), (3, &b"after"[..], false));
    }

    #[test]
    fn the_longest_line_is_still_read() {
        let text = [vec![b'y'; LONGEST], b"\nz".to_vec()].concat();
        let found = lines(text.as_slice());
        assert!(!found[0].overlong && found[0].bytes.len() == LONGEST);
        let text = [vec![b'y'; LONGEST + 1], b"\nz".to_vec()].concat();
        assert!(lines(text.as_slice())[0].overlong);
    }

    #[test]
    fn lines_given_back_come_again() {
        let mut lines = Lines::new(Utf8::new(&b"a\nb\nc\n"[..], None).unwrap());
        let taken: Vec<Line> = (0..2).map(|_| lines.next().unwrap().unwrap()).collect();
        lines.give_back(taken.clone().into_iter());
        assert_eq!(lines.next().unwrap().unwrap(), taken[0]);
        assert_eq!(lines.next().unwrap().unwrap(), taken[1]);
        assert_eq!(lines.next().unwrap().unwrap().bytes, b"c");
    }
}
