//! Record and tenant identifiers. On the wire a record id is a TypeID: the resource's prefix, an underscore and a
//! UUIDv7 in Crockford base 32 (<https://github.com/jetify-com/typeid>).

use std::fmt;
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of the base 32 part.
const SUFFIX: usize = 26;

/// The identity of a record inside its tenant: a UUIDv7. The prefix of the wire form comes from the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub Uuid);

/// The tenant a request acts in. It comes from the credential alone and is never part of any API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(pub Uuid);

/// Why a text is not an id of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdProblem {
    /// No `prefix_` followed by 26 base 32 characters.
    Malformed,
    /// Well formed, but of another resource.
    OtherPrefix,
    /// The bits are not a UUID of version 7.
    NotVersion7,
}

impl Id {
    /// Reads the wire form, which must carry `prefix`.
    pub fn parse(text: &str, prefix: &str) -> Result<Id, IdProblem> {
        let (given, suffix) = text.rsplit_once('_').ok_or(IdProblem::Malformed)?;
        let id = Id(decode(suffix).ok_or(IdProblem::Malformed)?);
        if given != prefix {
            return Err(IdProblem::OtherPrefix);
        }
        if id.0.get_version_num() != 7 {
            return Err(IdProblem::NotVersion7);
        }
        Ok(id)
    }

    /// The prefix of a well-formed wire id, whatever resource it names.
    pub fn prefix_of(text: &str) -> Option<&str> {
        let (prefix, suffix) = text.rsplit_once('_')?;
        decode(suffix)?;
        Some(prefix)
    }

    /// Appends the wire form to `out`.
    pub fn write(self, prefix: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(prefix.as_bytes());
        out.push(b'_');
        out.extend_from_slice(&encode(self.0));
    }

    /// The wire form.
    pub fn to_text(self, prefix: &str) -> String {
        let mut text = String::with_capacity(prefix.len() + 1 + SUFFIX);
        text.push_str(prefix);
        text.push('_');
        text.extend(encode(self.0).iter().map(|&byte| char::from(byte)));
        text
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Id(self.0).to_text("ten"))
    }
}

fn encode(uuid: Uuid) -> [u8; SUFFIX] {
    let mut bits = uuid.as_u128();
    let mut text = [b'0'; SUFFIX];
    for slot in text.iter_mut().rev() {
        let index = usize::try_from(bits & 31).unwrap_or(0);
        *slot = ALPHABET.get(index).copied().unwrap_or(b'0');
        bits >>= 5;
    }
    text
}

fn decode(text: &str) -> Option<Uuid> {
    // 26 characters hold 130 bits, so the first may not exceed 7.
    if text.len() != SUFFIX || text.as_bytes().first().is_none_or(|first| *first > b'7') {
        return None;
    }
    let mut bits: u128 = 0;
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
        bits = (bits << 5) | u128::try_from(digit).ok()?;
    }
    Some(Uuid::from_u128(bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn published_example_reads_and_writes() {
        let uuid: Uuid = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        assert_eq!(Id(uuid).to_text("prefix"), "prefix_01h455vb4pex5vsknk084sn02q");
        assert_eq!(Id::parse("prefix_01h455vb4pex5vsknk084sn02q", "prefix"), Ok(Id(uuid)));
    }

    #[test]
    fn other_prefix_and_malformed_are_told_apart() {
        assert_eq!(Id::parse("con_01h455vb4pex5vsknk084sn02q", "acc"), Err(IdProblem::OtherPrefix));
        assert_eq!(Id::parse("acc_81h455vb4pex5vsknk084sn02q", "acc"), Err(IdProblem::Malformed));
        assert_eq!(Id::parse("acc_01H455vb4pex5vsknk084sn02q", "acc"), Err(IdProblem::Malformed));
        assert_eq!(Id::parse("acc", "acc"), Err(IdProblem::Malformed));
        assert_eq!(Id::parse("acc_00000000000000000000000000", "acc"), Err(IdProblem::NotVersion7));
    }

    proptest! {
        #[test]
        fn wire_form_round_trips(bits: u128) {
            prop_assert_eq!(decode(std::str::from_utf8(&encode(Uuid::from_u128(bits))).unwrap()), Some(Uuid::from_u128(bits)));
        }
    }
}
