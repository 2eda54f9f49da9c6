//! What the pages of a Parquet file say of themselves, read before anything is made room for: sizes that a file declares may be lies.

use super::super::unpack::Kept;
use std::io::Read;

/// Bytes of what a page says of itself.
const LONGEST: u64 = 1 << 20;
/// Bytes that are read at first.
const USUAL: u64 = 1 << 12;
/// Structures within one another.
const DEEPEST: usize = 16;

/// A page of a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// Bytes before it: those that tell this.
    pub(super) begin: u64,
    /// Bytes of it in the file.
    pub(super) packed: u64,
    /// Bytes of it in memory.
    pub(super) unpacked: u64,
    /// Values in it, also those that are not there.
    pub(super) values: u64,
    /// How its values are written, by the number of the format; none for what holds no values.
    pub(super) encoding: Option<i64>,
    /// Whether it is the list of values that the others refer to.
    pub(super) dictionary: bool,
}

/// Reads what the page at a place says of itself, of which so many bytes are left. None where that cannot be read.
pub(super) fn page(file: &Kept, place: u64, left: u64) -> Option<Page> {
    for most in [USUAL, LONGEST] {
        let mut bytes = Vec::new();
        file.from(place).take(most.min(left)).read_to_end(&mut bytes).ok()?;
        let mut fields = Fields { bytes: &bytes, at: 0 };
        if let Some(page) = fields.page() {
            return Some(page);
        }
    }
    None
}

/// Thrift's compact form, as far as pages need it.
struct Fields<'b> {
    bytes: &'b [u8],
    at: usize,
}

/// A field of a structure: its number and the kind of its value.
type Field = (i64, u8);

impl Fields<'_> {
    fn page(&mut self) -> Option<Page> {
        let (mut page, mut number, mut counted) = (Page::default(), 0, false);
        while let Some((id, kind)) = self.field(&mut number)? {
            match (id, kind) {
                (2, 5) => page.unpacked = u64::try_from(self.signed()?).ok()?,
                (3, 5) => page.packed = u64::try_from(self.signed()?).ok()?,
                (5 | 7 | 8, 12) => {
                    page.dictionary |= id == 7;
                    let (values, encoding) = self.values(if id == 8 { 4 } else { 2 })?;
                    (page.values, page.encoding, counted) = (values, Some(encoding), true);
                }
                _ => self.skip(kind, 0)?,
            }
        }
        page.begin = u64::try_from(self.at).ok()?;
        // A page without values is an index, which is passed over.
        (counted || page.encoding.is_none()).then_some(page)
    }

    /// How many values, and how they are written, which stands in this field.
    fn values(&mut self, encoding: i64) -> Option<(u64, i64)> {
        let (mut number, mut values, mut written) = (0, None, None);
        while let Some((id, kind)) = self.field(&mut number)? {
            match (id, kind) {
                (1, 5) => values = u64::try_from(self.signed()?).ok(),
                (id, 5) if id == encoding => written = Some(self.signed()?),
                _ => self.skip(kind, 1)?,
            }
        }
        values.zip(written)
    }

    /// The next field; an inner none at the end of the structure.
    fn field(&mut self, number: &mut i64) -> Option<Option<Field>> {
        let head = self.byte()?;
        let (delta, kind) = (head >> 4, head & 15);
        if kind == 0 {
            return Some(None);
        }
        *number = if delta == 0 { self.signed()? } else { number.checked_add(i64::from(delta))? };
        Some(Some((*number, kind)))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match kind {
            1 | 2 => Some(()),
            3 => self.pass(1),
            4..=6 => self.signed().map(drop),
            7 => self.pass(8),
            8 => self.number().and_then(|length| self.pass(length)),
            9 | 10 => {
                let head = self.byte()?;
                let (short, kind) = (head >> 4, head & 15);
                let members = if short == 15 { self.number()? } else { u64::from(short) };
                // A truth value in a list has a byte of its own.
                let kind = if kind <= 2 { 3 } else { kind };
                (0..members).try_for_each(|_| self.skip(kind, depth + 1))
            }
            12 => {
                let mut number = 0;
                while let Some((_, kind)) = self.field(&mut number)? {
                    self.skip(kind, depth + 1)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    fn pass(&mut self, length: u64) -> Option<()> {
        let end = self.at.checked_add(usize::try_from(length).ok()?).filter(|end| *end <= self.bytes.len())?;
        self.at = end;
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 127).checked_shl(shift)?;
            if byte & 128 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        let half = i64::try_from(number >> 1).ok()?;
        Some(if number & 1 == 1 { -half - 1 } else { half })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data page of seven values: type 0, 300 bytes unpacked, 20 packed, a checksum, written plainly.
    const PAGE: [u8; 20] = [0x15, 0, 0x15, 0xd8, 0x04, 0x15, 40, 0x15, 2, 0x1c, 0x15, 14, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0];

    #[test]
    fn a_page_says_how_much_it_is() {
        let file = Kept::of(&[&[9, 9][..], &PAGE, &[7; 40]].concat());
        let found = page(&file, 2, 60).unwrap();
        let expected = Page { begin: 20, packed: 20, unpacked: 300, values: 7, encoding: Some(0), dictionary: false };
        assert_eq!(found, expected);
        assert_eq!(page(&file, 2, 19), None, "it is cut off");
    }

    #[test]
    fn what_cannot_be_is_no_page() {
        // A negative size, a text longer than the file, lists in lists without an end.
        for bytes in [&[0x15, 0, 0x15, 1, 0][..], &[0x18, 0xff, 0xff, 0xff, 0xff, 0x0f, 0][..], &[0x19; 60][..], &[0xff; 60][..]] {
            assert_eq!(page(&Kept::of(bytes), 0, 60), None, "{bytes:?}");
        }
    }
}
