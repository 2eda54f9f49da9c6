//! Words of a text, as the full-text search of every database knows them: letters and digits, folded. Nothing depends on a
//! language or on the database, so that both find the same.

use crate::fold::fold;
use unicode_normalization::char::is_combining_mark;

/// Greatest number of characters of a word that count.
const LONGEST: usize = 64;

/// A word and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its folded form: lower case, without accents, letters and digits alone.
    pub folded: String,
    /// The byte at which it begins in the text.
    pub start: usize,
    /// The byte after its end.
    pub end: usize,
}

/// The words of a text in their order. What folds to several words (`½`) is several words in one place.
pub fn words(text: &str) -> Vec<Word> {
    let inside = |letter: char| letter.is_alphanumeric() || is_combining_mark(letter);
    let mut found = Vec::new();
    let mut start = None;
    for (at, letter) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, inside(letter)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                start = None;
                let folded = fold(text.get(from..at).unwrap_or_default());
                let parts = folded.split(|letter: char| !letter.is_alphanumeric()).filter(|part| !part.is_empty());
                found.extend(parts.map(|part| Word { folded: part.chars().take(LONGEST).collect(), start: from, end: at }));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_and_digits() {
        let of = |text: &str| words(text).into_iter().map(|word| word.folded).collect::<Vec<_>>();
        assert_eq!(of("Anna.GRUBER@Bergkäserei.example"), ["anna", "gruber", "bergkaserei", "example"]);
        assert_eq!(of("Straße 18/2, Ångström-Weg"), ["strasse", "18", "2", "angstrom", "weg"]);
        assert_eq!(of("cafe\u{301} ½ 東京"), ["cafe", "1", "2", "東京"]);
        assert_eq!(of("* % _ ' \" \\ ()"), Vec::<String>::new());
        assert_eq!(of(&"x".repeat(100)), ["x".repeat(64)]);
        let text = "Die Käserei!";
        assert!(words(text).iter().any(|word| &text[word.start..word.end] == "Käserei" && word.folded == "kaserei"));
    }
}
