//! What the parameters of vCards and calendars cannot hold as it stands, written with carets (RFC 6868).

/// A parameter's value as it is written.
pub fn encode(value: &str) -> String {
    value.replace('^', "^^").replace('\n', "^n").replace('"', "^'")
}

/// A parameter's value as it is meant. A caret before anything else stands for itself.
pub fn decode(written: &str) -> String {
    let mut value = String::with_capacity(written.len());
    let mut rest = written;
    while let Some((before, after)) = rest.split_once('^') {
        value.push_str(before);
        let (meant, length) = match after.chars().next() {
            Some('n') => ('\n', 1),
            Some('\'') => ('"', 1),
            Some('^') => ('^', 1),
            _ => ('^', 0),
        };
        value.push(meant);
        rest = after.get(length..).unwrap_or_default();
    }
    value.push_str(rest);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        for value in ["", "plain", "a^b", "^", "^^", "^'", "^n", "\"^\n\"", "x^^'ö"] {
            assert_eq!(decode(&encode(value)), value);
        }
        assert_eq!(decode("a^b^"), "a^b^", "a caret that begins nothing stays");
        assert_eq!(decode("^^'"), "^'");
    }
}
