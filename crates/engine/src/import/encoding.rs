//! Bytes of any of the encodings that exports come in, read as UTF-8 piece by piece.

use encoding_rs::{Decoder, DecoderResult};
use serde::Deserialize;
use std::io::{self, Read};

/// How much of a file is looked at to tell its encoding and its delimiter.
const SAMPLE: usize = 1 << 16;
/// How much is read at once.
const CHUNK: usize = 1 << 16;
/// Stands for bytes that the encoding does not know; it is no UTF-8 either, so the row that holds it is refused.
const DAMAGE: u8 = 0xff;

/// An encoding of text.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, low byte first.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, high byte first.
    #[serde(rename = "utf-16be")]
    Utf16Be,
    /// What Windows writes in the Americas and in Western Europe, a superset of Latin-1.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

impl Encoding {
    /// The name a mapping uses.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Utf16Le => "utf-16le",
            Encoding::Utf16Be => "utf-16be",
            Encoding::Windows1252 => "windows-1252",
        }
    }

    fn decoder(self) -> Option<Decoder> {
        match self {
            // Left as it is: what is no UTF-8 is refused row by row.
            Encoding::Utf8 => None,
            Encoding::Utf16Le => Some(encoding_rs::UTF_16LE.new_decoder_without_bom_handling()),
            Encoding::Utf16Be => Some(encoding_rs::UTF_16BE.new_decoder_without_bom_handling()),
            Encoding::Windows1252 => Some(encoding_rs::WINDOWS_1252.new_decoder_without_bom_handling()),
        }
    }
}

/// The encoding of a file by its beginning, and how many bytes its byte order mark takes.
fn sniff(sample: &[u8]) -> (Encoding, usize) {
    match sample {
        [0xef, 0xbb, 0xbf, ..] => return (Encoding::Utf8, 3),
        [0xff, 0xfe, ..] => return (Encoding::Utf16Le, 2),
        [0xfe, 0xff, ..] => return (Encoding::Utf16Be, 2),
        _ => {}
    }
    // Text in the Latin script has a zero in every other byte of UTF-16, and none elsewhere.
    let zeros = |offset: usize| sample.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let pairs = sample.len() / 2;
    if pairs > 0 && odd * 10 > pairs * 4 && even * 10 < pairs {
        return (Encoding::Utf16Le, 0);
    }
    if pairs > 0 && even * 10 > pairs * 4 && odd * 10 < pairs {
        return (Encoding::Utf16Be, 0);
    }
    // Single rows may be damaged: more lines with letters beyond ASCII decide.
    let (mut unicode, mut other) = (0, 0);
    for line in sample.split(|byte| *byte == b'\n').filter(|line| !line.is_ascii()) {
        match std::str::from_utf8(line) {
            Ok(_) => unicode += 1,
            // The sample may end within a letter.
            Err(error) if error.error_len().is_none() => {}
            Err(_) => other += 1,
        }
    }
    (if other > unicode { Encoding::Windows1252 } else { Encoding::Utf8 }, 0)
}

/// A file as UTF-8. What its encoding does not know becomes a byte that is no UTF-8.
pub(super) struct Utf8<R> {
    input: R,
    sample: Vec<u8>,
    encoding: Encoding,
    decoder: Option<Decoder>,
    ended: bool,
}

impl<R: Read> Utf8<R> {
    /// Looks at the beginning of a file. A byte order mark wins over `wanted`, which wins over what the bytes look like.
    pub(super) fn new(mut input: R, wanted: Option<Encoding>) -> io::Result<Self> {
        let mut sample = Vec::with_capacity(SAMPLE);
        input.by_ref().take(u64::try_from(SAMPLE).unwrap_or(u64::MAX)).read_to_end(&mut sample)?;
        let (sniffed, mark) = sniff(&sample);
        let encoding = wanted.filter(|_| mark == 0).unwrap_or(sniffed);
        sample.drain(..mark);
        Ok(Utf8 { input, sample, encoding, decoder: encoding.decoder(), ended: false })
    }

    /// Which encoding it is.
    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Appends the next piece; false at the end of the file.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let mut raw = std::mem::take(&mut self.sample);
        if raw.is_empty() {
            let limit = u64::try_from(CHUNK).unwrap_or(u64::MAX);
            self.ended = self.input.by_ref().take(limit).read_to_end(&mut raw)? == 0;
        }
        match &mut self.decoder {
            None => out.extend_from_slice(&raw),
            Some(decoder) => decode(decoder, &raw, self.ended, out),
        }
        Ok(!self.ended || !raw.is_empty() || self.decoder.is_some())
    }
}

fn decode(decoder: &mut Decoder, mut raw: &[u8], last: bool, out: &mut Vec<u8>) {
    let mut piece = vec![0; 1 << 12];
    loop {
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(raw, &mut piece, last);
        out.extend(piece.iter().take(written));
        raw = raw.get(read..).unwrap_or_default();
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => out.push(DAMAGE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], wanted: Option<Encoding>) -> (Encoding, Vec<u8>) {
        let mut input = Utf8::new(bytes, wanted).unwrap();
        let mut out = Vec::new();
        while input.fill(&mut out).unwrap() {}
        (input.encoding(), out)
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn every_encoding_is_told_and_read() {
        let text = "name,city\nMüller,Zürich\nŁukasz,Łódź\n";
        let with_mark = |bytes: Vec<u8>, mark: &[u8]| [mark, bytes.as_slice()].concat();
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), Encoding::Utf8),
            (with_mark(text.as_bytes().to_vec(), &[0xef, 0xbb, 0xbf]), Encoding::Utf8),
            (utf16(text, u16::to_le_bytes), Encoding::Utf16Le),
            (utf16(text, u16::to_be_bytes), Encoding::Utf16Be),
            (with_mark(utf16(text, u16::to_le_bytes), &[0xff, 0xfe]), Encoding::Utf16Le),
            (with_mark(utf16(text, u16::to_be_bytes), &[0xfe, 0xff]), Encoding::Utf16Be),
        ] {
            let (found, read) = all(&bytes, None);
            assert_eq!((found, String::from_utf8(read).unwrap().as_str()), (encoding, text));
        }
        let (found, read) = all(b"name,city\nM\xfcller,Z\xfcrich \x80\n", None);
        assert_eq!((found, String::from_utf8(read).unwrap().as_str()), (Encoding::Windows1252, "name,city\nMüller,Zürich €\n"));
    }

    #[test]
    fn a_damaged_row_does_not_change_the_encoding_of_the_others() {
        let (found, read) = all(b"name\nM\xc3\xbcller\nJos\xc3\xa9\nM\xfcller\n", None);
        assert_eq!(found, Encoding::Utf8);
        assert!(std::str::from_utf8(&read).is_err(), "the row's damage is still there to be seen");
    }

    #[test]
    fn a_half_letter_of_utf16_is_damage() {
        let mut bytes = vec![0xff, 0xfe];
        bytes.extend(utf16("a\nb", u16::to_le_bytes));
        bytes.extend([0x00, 0xd8, 0x41]);
        let (_, read) = all(&bytes, None);
        assert!(read.starts_with(b"a\nb") && read.contains(&DAMAGE), "{read:?}");
    }

    #[test]
    fn what_the_mapping_says_wins_over_the_looks() {
        assert_eq!(all(b"abc", Some(Encoding::Windows1252)).0, Encoding::Windows1252);
        assert_eq!(all(b"\xef\xbb\xbfabc", Some(Encoding::Windows1252)), (Encoding::Utf8, b"abc".to_vec()));
    }
}
