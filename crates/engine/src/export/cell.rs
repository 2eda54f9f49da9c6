//! Cells of comma-separated values.

use clientela_kernel::{Error, Result};
use serde_json::Value as Json;
use std::borrow::Cow;

/// What a spreadsheet takes for the beginning of a formula, and the apostrophe that keeps it from doing so.
pub(crate) const FORMULA: [char; 8] = ['=', '+', '-', '@', '\t', '\r', '\n', '\''];

/// Free text as no spreadsheet takes for a formula: an apostrophe goes before what looks like one, and before an apostrophe,
/// so that dropping it where it stands before one of [`FORMULA`] gives the text back.
pub(super) fn guarded(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.starts_with(FORMULA) { format!("'{text}").into() } else { text }
}

/// A set of texts: with commas between, or as a JSON array where a comma would mislead.
pub(super) fn set(value: &Json) -> Cow<'_, str> {
    let members: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let misleading = |member: &&str| member.contains(',') || member.trim() != *member || member.starts_with('[');
    if members.iter().any(misleading) { value.to_string().into() } else { members.join(",").into() }
}

/// A value that cannot be taken for a formula.
pub(super) fn plain(value: Option<&Json>) -> Cow<'_, str> {
    match value {
        None | Some(Json::Null) => "".into(),
        Some(Json::String(text)) => text.into(),
        Some(other) => other.to_string().into(),
    }
}

/// Writes rows.
pub(super) type Rows<'t> = csv::Writer<&'t mut Vec<u8>>;

/// A writer of rows that appends to a text.
pub(super) fn writer(text: &mut Vec<u8>) -> Rows<'_> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(text)
}

/// Writes a cell.
pub(super) fn write(cell: &str, rows: &mut Rows<'_>) -> Result<()> {
    rows.write_field(cell.as_bytes()).map_err(Error::internal)
}

/// Ends a row.
pub(super) fn end_row(rows: &mut Rows<'_>) -> Result<()> {
    rows.write_record(None::<&[u8]>).map_err(Error::internal)
}

/// Writes a whole row.
pub(super) fn row<'c>(rows: &mut Rows<'_>, mut cells: impl Iterator<Item = Cow<'c, str>>) -> Result<()> {
    cells.try_for_each(|cell| write(&cell, rows))?;
    end_row(rows)?;
    rows.flush().map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn formulas_and_their_guards_come_back() {
        for (text, guarded_as) in [
            ("Gmbh", "Gmbh"),
            ("=cmd()", "'=cmd()"),
            ("+49 89 1", "'+49 89 1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("'=1", "''=1"),
            ("", ""),
            ("a=1", "a=1"),
        ] {
            assert_eq!(guarded(text.into()), guarded_as);
        }
    }

    #[test]
    fn sets_are_readable_where_they_can_be() {
        assert_eq!(set(&json!(["vip", "north"])), "vip,north");
        assert_eq!(set(&json!(["a,b", "c"])), r#"["a,b","c"]"#);
        assert_eq!(set(&json!(["[x"])), r#"["[x"]"#);
        assert_eq!(set(&json!([])), "");
    }

    #[test]
    fn rows_are_quoted_where_they_must_be() {
        let mut out = Vec::new();
        row(&mut writer(&mut out), ["a", "b,c", "d\"e", "f\ng", ""].map(Cow::from).into_iter()).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a,\"b,c\",\"d\"\"e\",\"f\ng\",\r\n");
    }
}
