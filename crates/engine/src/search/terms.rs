//! Reading what somebody typed into a search box.

use clientela_kernel::{Error, ErrorCode, Result, words::words};
use clientela_store::SearchTerm;

/// Greatest number of characters of a query.
pub const MAXIMUM_QUERY: usize = 200;

/// The terms of a query. What stands in quotes is a phrase; what is written together (`anna@gruber.example`) as well. The last word, unless
/// it stands in quotes, need only begin so. Nothing else has a meaning: stars, percent signs and operators of databases are blanks.
pub(super) fn read(query: &str) -> Result<Vec<SearchTerm>> {
    let refuse = |text: String| Err(Error::new(ErrorCode::InvalidParameter, text));
    let length = query.chars().count();
    if length > MAXIMUM_QUERY {
        return refuse(format!("The search has {length} characters; {MAXIMUM_QUERY} are allowed. Search for the words that matter."));
    }
    let mut terms: Vec<SearchTerm> = Vec::new();
    for (number, part) in query.split('"').enumerate() {
        let quoted = number % 2 == 1;
        let pieces: Vec<&str> = if quoted { vec![part] } else { part.split_whitespace().collect() };
        for piece in pieces {
            let found: Vec<String> = words(piece).into_iter().map(|word| word.folded).collect();
            if !found.is_empty() {
                terms.push(SearchTerm { words: found, prefix: false });
            }
        }
        if !quoted && let Some(last) = terms.last_mut().filter(|_| !part.trim().is_empty() && query.split('"').count() == number + 1) {
            last.prefix = true;
        }
    }
    let count: usize = terms.iter().map(|term| term.words.len()).sum();
    if count == 0 {
        return refuse(format!("{query:?} holds no word to search for: letters or digits. Signs such as * and % have no meaning here."));
    }
    Ok(terms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(query: &str) -> String {
        let term = |term: &SearchTerm| format!("{}{}", term.words.join("+"), if term.prefix { "*" } else { "" });
        read(query).unwrap().iter().map(term).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_box_is_read_as_people_mean_it() {
        for (query, terms) in [
            ("Anna Grub", "anna grub*"),
            ("\"Anna Gruber\"", "anna+gruber"),
            ("\"Anna Gruber\" Kä", "anna+gruber ka*"),
            ("kä \"Anna Gruber\"", "ka anna+gruber"),
            ("anna.gruber@berg", "anna+gruber+berg*"),
            ("say \"cheese", "say cheese"),
            ("a OR b* NOT (c) 50%", "a or b not c 50*"),
            ("  Straße  ", "strasse*"),
        ] {
            assert_eq!(told(query), terms, "{query}");
        }
    }

    #[test]
    fn what_holds_no_word_is_told() {
        for query in ["", "   ", "*", "%", "\"\"", "' OR --"] {
            let answer = read(query);
            assert_eq!(answer.is_err(), query != "' OR --", "{query}");
        }
        assert!(read(&"x".repeat(201)).is_err());
    }
}
