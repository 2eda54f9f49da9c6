//! The normal form of an address or number, in which spellings of the same one are equal.

use crate::contact_point::ContactPointKind;
use crate::telephone;
use unicode_normalization::UnicodeNormalization as _;

/// The normal form of a value of this kind. A telephone number needs the country it is dialed from where it does not name one;
/// there is none for a number that cannot be told from others without it.
pub(crate) fn form(kind: ContactPointKind, value: &str, country: Option<&str>) -> Option<String> {
    let value = value.trim();
    match kind {
        ContactPointKind::Email | ContactPointKind::CertifiedMail => Some(mailbox(value)),
        ContactPointKind::Phone | ContactPointKind::Mobile | ContactPointKind::Fax => telephone::e164(value, country),
        ContactPointKind::Web => Some(address(value)),
        ContactPointKind::Postal | ContactPointKind::Social | ContactPointKind::Chat | ContactPointKind::Push => {
            Some(value.nfc().collect())
        }
    }
}

/// Whether the normal form hangs on a country that the value does not name.
pub(crate) fn needs_country(kind: ContactPointKind, value: &str) -> bool {
    matches!(kind, ContactPointKind::Phone | ContactPointKind::Mobile | ContactPointKind::Fax) && telephone::is_national(value)
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
            (ContactPointKind::Web, "HTTPS://Alpine-Foods.Example/", "https://alpine-foods.example"),
            (ContactPointKind::Web, "http://Example.com/Path?Q=1", "http://example.com/Path?Q=1"),
            (ContactPointKind::Web, "http://München.example:8080/a", "http://xn--mnchen-3ya.example:8080/a"),
            (ContactPointKind::Social, " @Anna ", "@Anna"),
        ] {
            assert_eq!(form(kind, given, None).as_deref(), Some(normal), "{given}");
        }
    }
}
