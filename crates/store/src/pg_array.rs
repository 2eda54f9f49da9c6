//! PostgreSQL's binary form of a one-dimensional `text[]`, read in place.

use clientela_kernel::{Error, Result};

/// The members of an array, borrowed.
pub(crate) struct PgTexts<'a> {
    rest: &'a [u8],
    left: i32,
}

impl<'a> PgTexts<'a> {
    /// Reads the header: number of dimensions, whether there are nulls, type of the members, then length and lower
    /// bound of each dimension. An empty array has no dimension.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self> {
        let mut texts = PgTexts { rest: bytes, left: 0 };
        let dimensions = texts.number()?;
        texts.number()?;
        texts.number()?;
        match dimensions {
            0 => {}
            1 => {
                texts.left = texts.number()?;
                texts.number()?;
            }
            _ => return Err(Error::internal("an array in the database has more than one dimension")),
        }
        Ok(texts)
    }

    fn number(&mut self) -> Result<i32> {
        let (head, rest) = self.rest.split_first_chunk::<4>().ok_or_else(broken)?;
        self.rest = rest;
        Ok(i32::from_be_bytes(*head))
    }

    fn member(&mut self) -> Result<&'a str> {
        let length = usize::try_from(self.number()?).map_err(|_| broken())?;
        let (head, rest) = self.rest.split_at_checked(length).ok_or_else(broken)?;
        self.rest = rest;
        std::str::from_utf8(head).map_err(Error::internal)
    }
}

impl<'a> Iterator for PgTexts<'a> {
    type Item = Result<&'a str>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            return None;
        }
        let member = self.member();
        self.left = if member.is_ok() { self.left - 1 } else { 0 };
        Some(member)
    }
}

fn broken() -> Error {
    Error::internal("an array in the database is cut short or holds a null")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_members_and_refuses_what_is_cut() {
        let mut bytes = Vec::new();
        for number in [1, 0, 25, 2, 1, 2] {
            bytes.extend_from_slice(&i32::to_be_bytes(number));
        }
        bytes.extend_from_slice(b"ab");
        bytes.extend_from_slice(&i32::to_be_bytes(0));
        let read =
            |bytes: &[u8]| PgTexts::new(bytes).and_then(|texts| texts.map(|text| text.map(str::to_owned)).collect::<Result<Vec<_>>>());
        assert_eq!(read(&bytes).unwrap(), ["ab", ""]);
        assert!(read(&bytes[..bytes.len() - 1]).is_err());
        assert!(read(&bytes[..7]).is_err());
        assert_eq!(read(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25]).unwrap(), Vec::<String>::new());
    }
}
