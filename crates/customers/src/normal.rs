//! The normal form of an address or number, in which spellings of the same one are equal.
//!
//! It is simple on purpose: it never guesses a country, so `030 123` and `+49 30 123` stay two numbers.

use crate::contact_point::ContactPointKind;
use unicode_normalization::UnicodeNormalization as _;

/// The normal form of a value of this kind.
pub(crate) fn form(kind: ContactPointKind, value: &str) -> String {
    let value = value.trim();
    match kind {
        ContactPointKind::Email | ContactPointKind::CertifiedMail => mailbox(value),
        ContactPointKind::Phone | ContactPointKind::Mobile | ContactPointKind::Fax => number(value),
        ContactPointKind::Web => address(value),
        ContactPointKind::Postal | ContactPointKind::Social | ContactPointKind::Chat | ContactPointKind::Push => value.nfc().collect(),
    }
}

fn lower(text: &str) -> String {
    text.to_lowercase().nfc().collect()
}

/// Everything in lower case: by the letter of the law the part before the @ may differ by it, in life it never does.
fn mailbox(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((local, domain)) => format!("{}@{}", lower(local), host(domain)),
        None => lower(text),
    }
}

/// A host name in the form the network uses: lower case, with `xn--` labels (IDNA) for letters beyond ASCII.
fn host(text: &str) -> String {
    idna::domain_to_ascii(text).unwrap_or_else(|_| lower(text))
}

/// Digits and a leading plus. `(0)` after a country code is how people write a digit that is not dialed from abroad. An
/// extension follows as RFC 3966 writes it.
fn number(text: &str) -> String {
    let (main, extension) = text.split_once(['x', 'X']).unwrap_or((text, ""));
    let main = if main.starts_with('+') { main.replace("(0)", "") } else { main.to_owned() };
    let mut out: String = main.chars().filter(|letter| letter.is_ascii_digit() || *letter == '+').collect();
    let extension: String = extension.chars().filter(char::is_ascii_digit).collect();
    if !extension.is_empty() {
        out.push_str(";ext=");
        out.push_str(&extension);
    }
    out
}

/// Scheme in lower case, host in its network form, without a slash that stands alone.
fn address(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = text.split_at_checked(start).unwrap_or((text, ""));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let path = if path == "/" { "" } else { path };
    format!("{}{}{path}", lower(scheme), host(authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_are_equal() {
        for (kind, given, normal) in [
            (ContactPointKind::Email, " Anna.GRUBER@Bergkäserei.Example", "anna.gruber@xn--bergkserei-u5a.example"),
            (ContactPointKind::Email, "anna@xn--bergkserei-u5a.example", "anna@xn--bergkserei-u5a.example"),
            (ContactPointKind::Email, "anna@bergka\u{308}serei.example", "anna@xn--bergkserei-u5a.example"),
            (ContactPointKind::Phone, "(5) 555-4729", "55554729"),
            (ContactPointKind::Fax, "030-0074321", "0300074321"),
            (ContactPointKind::Mobile, "+43 (0)660 / 555.01-01", "+436605550101"),
            (ContactPointKind::Phone, "+49 30 1234567 ext. 12", "+49301234567;ext=12"),
            (ContactPointKind::Phone, "(206) 555-9857 x5467", "2065559857;ext=5467"),
            (ContactPointKind::Web, "HTTPS://Alpine-Foods.Example/", "https://alpine-foods.example"),
            (ContactPointKind::Web, "http://Example.com/Path?Q=1", "http://example.com/Path?Q=1"),
            (ContactPointKind::Web, "http://München.example:8080/a", "http://xn--mnchen-3ya.example:8080/a"),
            (ContactPointKind::Social, " @Anna ", "@Anna"),
        ] {
            assert_eq!(form(kind, given), normal, "{given}");
        }
    }
}
