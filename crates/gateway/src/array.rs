//! JSON arrays as text.

/// Splits the text of a JSON array into the texts of its items.
pub(crate) fn split_array(array: &[u8]) -> Vec<&[u8]> {
    let inner = array.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")).unwrap_or_default();
    let mut items = Vec::new();
    let (mut depth, mut in_text, mut escaped, mut start) = (0usize, false, false, 0usize);
    for (at, byte) in inner.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                items.push(inner.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    if !inner.is_empty() {
        items.push(inner.get(start..).unwrap_or_default());
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_split_at_their_own_commas_alone() {
        let split = |text: &'static str| {
            split_array(text.as_bytes()).into_iter().map(|item| std::str::from_utf8(item).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(split(r#"[null,{"a":"],\",{"},[1,2]]"#), ["null", r#"{"a":"],\",{"}"#, "[1,2]"]);
        assert_eq!(split("[]"), Vec::<&str>::new());
        assert_eq!(split("[1]"), ["1"]);
    }
}
