//! Percent-encoded parts of an address.

use super::parameters::invalid;
use clientela_kernel::Result;

/// Undoes the percent-encoding of one segment of a path. `+` is itself there.
pub(super) fn decode(segment: &str) -> Result<String> {
    let wrong = || {
        invalid(format!("The part {segment:?} of the address is not percent-encoded UTF-8. Write other characters as %20, %2F, %C3%A9."))
    };
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
        let (high, low) = (digit().ok_or_else(wrong)?, digit().ok_or_else(wrong)?);
        bytes.push(high * 16 + low);
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_has_a_form() {
        assert_eq!(decode("a%2Fb%20c+d%C3%A9").unwrap(), "a/b c+dé");
        assert_eq!(decode("x@y.example").unwrap(), "x@y.example");
        for bad in ["%", "%2", "%zz", "%ff", "a%C3"] {
            assert!(decode(bad).unwrap_err().detail().contains("percent-encoded"), "{bad}");
        }
    }
}
