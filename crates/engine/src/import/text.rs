//! Texts made of columns.

use serde_json::Value as Json;

/// A text made of columns, by their positions.
#[derive(Clone, Debug)]
pub(super) enum TextPlan {
    /// The first column that is not empty.
    First(Vec<usize>),
    /// Texts and columns in turn.
    Template(Vec<Part>),
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Column(usize),
}

impl TextPlan {
    /// Reads `{column}` and `{{`; none where a brace has no partner. `column` gives each name its position.
    pub(super) fn template(text: &str, mut column: impl FnMut(&str) -> usize) -> Option<TextPlan> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at_checked(at)?;
            plain.push_str(before);
            if let Some(after) = brace.strip_prefix("{{").or_else(|| brace.strip_prefix("}}")) {
                plain.push_str(brace.get(..1)?);
                rest = after;
                continue;
            }
            let (name, after) = brace.strip_prefix('{')?.split_once('}')?;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Column(column(name)));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Some(TextPlan::Template(parts))
    }

    /// The columns it is made of.
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> {
        let (first, parts) = match self {
            TextPlan::First(columns) => (columns.as_slice(), [].as_slice()),
            TextPlan::Template(parts) => ([].as_slice(), parts.as_slice()),
        };
        let of_parts = parts.iter().filter_map(|part| match part {
            Part::Column(index) => Some(*index),
            Part::Text(_) => None,
        });
        first.iter().copied().chain(of_parts)
    }

    /// The text of a row; null where every column is empty.
    pub(super) fn of(&self, cells: &[Json]) -> Json {
        match self {
            TextPlan::First(columns) => {
                columns.iter().filter_map(|index| cells.get(*index)).find(|cell| !cell.is_null()).cloned().unwrap_or_default()
            }
            TextPlan::Template(parts) => {
                let mut any = parts.iter().all(|part| matches!(part, Part::Text(_)));
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Text(plain) => text.push_str(plain),
                        Part::Column(index) => match cells.get(*index) {
                            None | Some(Json::Null) => {}
                            Some(Json::String(cell)) => {
                                any = true;
                                text.push_str(cell);
                            }
                            Some(other) => {
                                any = true;
                                text.push_str(&other.to_string());
                            }
                        },
                    }
                }
                if any { text.trim().into() } else { Json::Null }
            }
        }
    }

    /// The same where it only counts if every column has something, as in a key.
    pub(super) fn whole(&self, cells: &[Json]) -> Option<String> {
        let empty = |index: usize| cells.get(index).is_none_or(Json::is_null);
        if matches!(self, TextPlan::Template(_)) && self.columns().any(empty) {
            return None;
        }
        match self.of(cells) {
            Json::Null => None,
            Json::String(text) => Some(text),
            other => Some(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(text: &str) -> Option<TextPlan> {
        TextPlan::template(text, |name| name.parse().unwrap())
    }

    #[test]
    fn templates_are_filled() {
        let plan = template("{0} {{{1}}}").unwrap();
        assert_eq!(plan.of(&[json!("Ana"), json!(7)]), json!("Ana {7}"));
        assert_eq!(template("{0} {1}").unwrap().of(&[json!("Ana"), Json::Null]), json!("Ana"));
        assert_eq!(template("{0} {1}").unwrap().of(&[Json::Null, Json::Null]), Json::Null);
        assert_eq!(template("{0}:{1}").unwrap().whole(&[json!("Ana"), Json::Null]), None);
        assert_eq!(template("fixed").unwrap().of(&[]), json!("fixed"));
        assert!(template("{0").is_none() && template("0}").is_none());
    }

    #[test]
    fn the_first_that_is_not_empty_counts() {
        let plan = TextPlan::First(vec![1, 0]);
        assert_eq!(plan.of(&[json!("a"), Json::Null]), json!("a"));
        assert_eq!(plan.of(&[json!("a"), json!("b")]), json!("b"));
        assert_eq!(plan.whole(&[Json::Null, Json::Null]), None);
    }
}
