//! The syntax of a vCard: content lines with their parameters, folding and escaping.

use clientela_kernel::caret;
use std::fmt::Write as _;

/// Octets of a line before it is folded.
const WIDTH: usize = 75;

/// A property: `group.NAME;PARAMETER=value:value`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// In upper case, without its group.
    pub(super) name: String,
    /// Names in upper case, with their values.
    pub(super) parameters: Vec<(String, Vec<String>)>,
    /// As it stands, still escaped.
    pub(super) value: String,
}

impl Line {
    /// The values of a parameter, of every one of the name, in lower case.
    pub(super) fn parameter(&self, name: &str) -> Vec<String> {
        let named = self.parameters.iter().filter(|(given, _)| given == name);
        named.flat_map(|(_, values)| values).map(|value| value.to_lowercase()).collect()
    }

    /// Whether the property is marked as the preferred one of its kind, as either version does.
    pub(super) fn is_preferred(&self) -> bool {
        self.parameter("TYPE").iter().any(|value| value == "pref") || self.parameter("PREF").iter().any(|value| value == "1")
    }
}

/// The lines of a text, unfolded: a line that begins with a blank or a tab goes on the one before.
pub(super) fn unfolded(text: &str) -> Vec<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)) {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines.retain(|line| !line.trim().is_empty());
    lines
}

/// Reads a line; what is wrong with it otherwise.
pub(super) fn parse(text: &str) -> Result<Line, String> {
    let mut line = Line::default();
    let end = text.find([';', ':']).ok_or_else(|| format!("{:?} has no colon", start(text)))?;
    let (name, mut rest) = text.split_at(end);
    let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(format!("{:?} does not begin with the name of a property", start(text)));
    }
    line.name = name.to_ascii_uppercase();
    while let Some(after) = rest.strip_prefix(';') {
        let end = after.find(['=', ';', ':']).ok_or_else(|| format!("{:?} has no colon", start(text)))?;
        let (name, after) = after.split_at(end);
        let Some(mut after) = after.strip_prefix('=') else {
            // As version 2.1 writes a type; some still do.
            line.parameters.push(("TYPE".to_owned(), vec![name.to_owned()]));
            rest = after;
            continue;
        };
        let mut values = Vec::new();
        loop {
            let value = if let Some(quoted) = after.strip_prefix('"') {
                let (value, next) = quoted.split_once('"').ok_or_else(|| format!("{:?} has a quote that never closes", start(text)))?;
                after = next;
                value
            } else {
                let end = after.find([',', ';', ':']).ok_or_else(|| format!("{:?} has no colon", start(text)))?;
                let (value, next) = after.split_at(end);
                after = next;
                value
            };
            // A list in quotes, as 4.0 allows for types.
            values.extend(value.split(',').map(caret::decode));
            match after.strip_prefix(',') {
                Some(next) => after = next,
                None => break,
            }
        }
        line.parameters.push((name.to_ascii_uppercase(), values));
        rest = after;
    }
    let value = rest.strip_prefix(':').ok_or_else(|| format!("{:?} has no colon", start(text)))?;
    line.value = value.to_owned();
    Ok(line)
}

/// The beginning of a text, for messages.
pub(super) fn start(text: &str) -> String {
    text.chars().take(40).collect()
}

/// The parts of a value between separators that are not escaped, still escaped.
pub(super) fn split(value: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for letter in value.chars() {
        if letter == separator && !escaped {
            parts.push(String::new());
            continue;
        }
        escaped = letter == '\\' && !escaped;
        if let Some(last) = parts.last_mut() {
            last.push(letter);
        }
    }
    parts
}

/// The text of a value.
pub(super) fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            other => out.push(other),
        }
    }
    out
}

/// A text as part of a value.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '\\' | ',' | ';' => {
                out.push('\\');
                out.push(letter);
            }
            '\n' => out.push_str("\\n"),
            '\r' => {}
            other => out.push(other),
        }
    }
    out
}

/// Appends a line, folded at 75 octets, never within a character.
pub(super) fn push(out: &mut String, line: &str) {
    let mut width = 0;
    for letter in line.chars() {
        if width + letter.len_utf8() > WIDTH {
            out.push_str("\r\n ");
            width = 1;
        }
        let _ = out.write_char(letter);
        width += letter.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_by_octets_and_unfolded() {
        let line = format!("NOTE:{}", "ö😀".repeat(60));
        let mut folded = String::new();
        push(&mut folded, &line);
        assert!(folded.split("\r\n").all(|line| line.len() <= WIDTH), "{folded}");
        assert_eq!(unfolded(&folded), [line]);
    }

    #[test]
    fn parameters_are_read_in_all_their_forms() {
        let line = parse("item1.TEL;TYPE=\"cell,voice\";PREF=1;WORK;X-A=a,b:+43 1;2\\,3").unwrap();
        assert_eq!((line.name.as_str(), line.value.as_str()), ("TEL", "+43 1;2\\,3"));
        assert_eq!(line.parameter("TYPE"), ["cell", "voice", "work"]);
        assert!(line.is_preferred());
        for bad in ["no colon", ";TYPE=x:y", "TEL;TYPE=\"x:y", "a b:c", "TEL;TYPE=x"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(split("a\\;b;c\\\\;d", ';'), ["a\\;b", "c\\\\", "d"]);
        assert_eq!(unescaped(&escaped("a;b,c\\n\nd")), "a;b,c\\n\nd");
    }
}
