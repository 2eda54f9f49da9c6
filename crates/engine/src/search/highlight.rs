//! Where a record was found: its fields with marks.

use clientela_access::FieldMask;
use clientela_kernel::{
    Name, Value,
    words::{Word, words},
};
use clientela_model::{FieldDef, ResourceDef};
use clientela_store::{SearchTerm, searched_words};

/// Longest excerpt of a field, in characters.
const EXCERPT: usize = 240;
/// How many characters stand before the first mark.
const BEFORE: usize = 60;

/// A field in which a record was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Highlight {
    /// The field's name.
    pub field: Name,
    /// The field's text, or a part of a long one, as HTML: what was found stands in `<mark>`, everything else is escaped.
    pub html: String,
}

/// The visible fields in which any term is found, in the order of the definition.
pub(super) fn of(def: &ResourceDef, mask: &FieldMask, record: &[Value], terms: &[SearchTerm]) -> Vec<Highlight> {
    let highlight = |(field, text): (&FieldDef, &str)| Some(Highlight { field: field.name.clone(), html: marked(field, text, terms)? });
    visible(def, mask, record).filter_map(highlight).collect()
}

/// Whether every term is found in what the caller may see.
pub(super) fn finds(def: &ResourceDef, mask: &FieldMask, record: &[Value], terms: &[SearchTerm]) -> bool {
    let texts: Vec<Vec<String>> = visible(def, mask, record).map(|(field, text)| searched_words(&field.kind, text)).collect();
    terms.iter().all(|term| texts.iter().any(|words| !starts(words, term).is_empty()))
}

fn visible<'r>(def: &'r ResourceDef, mask: &'r FieldMask, record: &'r [Value]) -> impl Iterator<Item = (&'r FieldDef, &'r str)> {
    let fields = def.searched_fields().filter(|(_, field, _)| mask.sees(field));
    fields.filter_map(|(index, field, _)| Some((field, record.get(index)?.as_text()?)))
}

/// The positions at which a term is found in a text.
fn starts<W: AsRef<str>>(text: &[W], term: &SearchTerm) -> Vec<usize> {
    let last = term.words.len().saturating_sub(1);
    let is_here = |window: &[W]| {
        window.iter().zip(&term.words).enumerate().all(|(index, (word, wanted))| {
            let word = word.as_ref();
            word == wanted || (term.prefix && index == last && word.starts_with(wanted.as_str()))
        })
    };
    text.windows(term.words.len().max(1)).enumerate().filter(|(_, window)| is_here(window)).map(|(at, _)| at).collect()
}

/// A text with marks; none where nothing is found in it.
fn marked(field: &FieldDef, text: &str, terms: &[SearchTerm]) -> Option<String> {
    let found = words(text);
    let folded: Vec<&str> = found.iter().map(|word| word.folded.as_str()).collect();
    let mut marks = vec![false; found.len()];
    for term in terms {
        for at in starts(&folded, term) {
            marks.iter_mut().skip(at).take(term.words.len()).for_each(|mark| *mark = true);
        }
    }
    if !marks.contains(&true) {
        // A number is also found whole, however it is grouped here.
        let whole = searched_words(&field.kind, text);
        let joined = whole.get(found.len()..).unwrap_or_default();
        if terms.iter().all(|term| starts(joined, term).is_empty()) {
            return None;
        }
        marks.fill(true);
    }
    let ranges = found.iter().zip(&marks).filter(|(_, mark)| **mark).map(|(word, _)| (word.start, word.end)).collect();
    Some(html(text, &found, ranges))
}

fn html(text: &str, words: &[Word], ranges: Vec<(usize, usize)>) -> String {
    let (from, until) = excerpt(text, words, ranges.first().map_or(0, |range| range.0));
    let mut out = String::with_capacity(until - from + 32);
    if from > 0 {
        out.push('…');
    }
    let mut at = from;
    for (start, end) in ranges {
        if start < at || end > until {
            continue;
        }
        escape(text.get(at..start).unwrap_or_default(), &mut out);
        out.push_str("<mark>");
        escape(text.get(start..end).unwrap_or_default(), &mut out);
        out.push_str("</mark>");
        at = end;
    }
    escape(text.get(at..until).unwrap_or_default(), &mut out);
    if until < text.len() {
        out.push('…');
    }
    out
}

/// The part of a text that is shown, in bytes: all of a short one, else some around the first mark, cut where words begin.
fn excerpt(text: &str, words: &[Word], first: usize) -> (usize, usize) {
    if text.chars().count() <= EXCERPT {
        return (0, text.len());
    }
    let before = text.get(..first).unwrap_or_default().char_indices().rev().nth(BEFORE).map_or(0, |(at, _)| at);
    let from = if before == 0 { 0 } else { words.iter().find(|word| word.start >= before).map_or(before, |word| word.start.min(first)) };
    let rest = text.get(from..).unwrap_or_default();
    let until = rest.char_indices().nth(EXCERPT).map_or(text.len(), |(at, _)| from + at);
    let until = if until == text.len() {
        until
    } else {
        words.iter().rev().find(|word| word.end <= until && word.end > first).map_or(until, |word| word.end)
    };
    (from, until)
}

fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clientela_model::{FieldType, TextFormat};

    fn field(format: TextFormat) -> FieldDef {
        FieldDef::new("text", "text", FieldType::Text { max: 1000, format }, "A text.", "\"\"")
    }

    fn term(words: &[&str], prefix: bool) -> SearchTerm {
        SearchTerm { words: words.iter().map(|word| (*word).to_owned()).collect(), prefix }
    }

    #[test]
    fn what_was_found_is_marked_and_everything_else_is_text() {
        let plain = field(TextFormat::Plain);
        let mark = |text: &str, terms: &[SearchTerm]| marked(&plain, text, terms);
        assert_eq!(mark("Bergkäserei & <b>Söhne", &[term(&["bergka"], true)]).unwrap(), "<mark>Bergkäserei</mark> &amp; &lt;b&gt;Söhne");
        assert_eq!(mark("a b a c", &[term(&["a", "c"], false)]).unwrap(), "a b <mark>a</mark> <mark>c</mark>");
        assert_eq!(mark("something else", &[term(&["else", "where"], false)]), None);
        let long = format!("{} needle {}", "hay ".repeat(100), "hay ".repeat(100));
        let shown = mark(&long, &[term(&["needle"], false)]).unwrap();
        assert!(shown.starts_with("…hay") && shown.ends_with("hay…") && shown.contains("<mark>needle</mark>"), "{shown}");
        assert!(shown.chars().count() < 280);
        let phone = field(TextFormat::Phone);
        assert_eq!(marked(&phone, "+43 512", &[term(&["4351"], true)]).unwrap(), "+<mark>43</mark> <mark>512</mark>");
    }
}
