//! Content lines of iCalendar (RFC 5545 §3.1): folding, parameters, escaping.

use clientela_kernel::caret;

/// A line of a calendar, unfolded and taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// The property's name, in upper case.
    pub(super) name: String,
    /// Its parameters, names in upper case.
    pub(super) parameters: Vec<(String, String)>,
    /// Its value, as it stands there.
    pub(super) value: String,
}

impl Line {
    /// A parameter's value.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// Takes a text apart into its lines; the error is the line that is none.
pub(super) fn lines(text: &str) -> Result<Vec<Line>, String> {
    let mut unfolded: Vec<String> = Vec::new();
    for raw in text.trim_start_matches('\u{feff}').split('\n') {
        let raw = raw.strip_suffix('\r').unwrap_or(raw);
        match (raw.strip_prefix([' ', '\t']), unfolded.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => unfolded.push(raw.to_owned()),
        }
    }
    let read = |line: &String| parse(line).ok_or_else(|| line.chars().take(80).collect::<String>());
    unfolded.iter().filter(|line| !line.trim().is_empty()).map(read).collect()
}

fn parse(text: &str) -> Option<Line> {
    let name_ends = text.find([';', ':'])?;
    let (name, mut rest) = text.split_at(name_ends);
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return None;
    }
    let mut parameters = Vec::new();
    while let Some(after) = rest.strip_prefix(';') {
        let (key, value) = after.split_once('=')?;
        let (value, left) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_at(value.find([';', ':'])?),
        };
        // Further values of the same parameter say nothing that we ask for.
        let left = if left.starts_with(',') { left.split_at(left.find([';', ':'])?).1 } else { left };
        parameters.push((key.to_ascii_uppercase(), caret::decode(value)));
        rest = left;
    }
    Some(Line { name: name.to_ascii_uppercase(), parameters, value: rest.strip_prefix(':')?.to_owned() })
}

/// A text as a value (RFC 5545 §3.3.11).
pub(super) fn escape(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// The text that a value holds.
pub(super) fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, true) => match letters.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(other) => text.push(other),
                None => text.push('\\'),
            },
            (letter, false) => text.push(letter),
        }
    }
    text
}

/// Appends a line, folded to 75 bytes, between letters.
pub(super) fn push(out: &mut String, line: &str) {
    let mut width = 0;
    for letter in line.chars() {
        if width + letter.len_utf8() > 75 {
            out.push_str("\r\n ");
            width = 1;
        }
        out.push(letter);
        width += letter.len_utf8();
    }
    out.push_str("\r\n");
}

/// The value of a parameter in quotes. What a parameter cannot hold is written as RFC 6868 says.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", caret::encode(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_unfolded_and_taken_apart() {
        let text = "ATTENDEE;CN=\"Gruber; Anna\";PARTSTAT=ACCEPTED:mailto:anna@\r\n  bergkaese.example\r\nSUMMARY:a\\, b\\;\\nc\\\\\n";
        let read = lines(text).unwrap();
        assert_eq!((read[0].parameter("CN"), read[0].parameter("PARTSTAT")), (Some("Gruber; Anna"), Some("ACCEPTED")));
        assert_eq!(read[0].value, "mailto:anna@ bergkaese.example");
        assert_eq!(unescape(&read[1].value), "a, b;\nc\\");
        assert!(lines("nonsense").is_err() && lines("A;B:c").is_err() && lines(";x:y").is_err());
    }

    #[test]
    fn long_lines_are_folded_between_letters() {
        let mut out = String::new();
        push(&mut out, &"ä".repeat(100));
        assert!(out.split("\r\n").all(|line| line.len() <= 75), "{out}");
        assert_eq!(out.replace("\r\n ", "").trim_end(), "ä".repeat(100));
    }
}
