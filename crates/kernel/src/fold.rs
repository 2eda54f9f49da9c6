//! Folding: the form of a text in which case and accents do not count. The engine writes it beside the text, so that
//! both databases compare the same bytes.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Lower case, without accents: `Zoë Ångström` becomes `zoe angstrom`.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase).collect::<String>().replace('ß', "ss")
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn case_and_accents_do_not_count() {
        assert_eq!(fold("Zoë ÅNGSTRÖM"), "zoe angstrom");
        assert_eq!(fold("Straße"), "strasse");
        assert_eq!(fold(&fold("İstanbul")), fold("İstanbul"));
    }
}
