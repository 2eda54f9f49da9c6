//! The forms a text may have to have. Checks say what is wanted; they do not guess what was meant.

use super::country;
use clientela_kernel::currency::Currency;
use clientela_model::TextFormat;
use serde_json::{Map, Value as Json};

/// Checks a text against a form; the error completes "must be …".
pub fn check(format: TextFormat, text: &str) -> Result<(), &'static str> {
    if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
        return Err("free of control characters");
    }
    let (holds, wanted) = match format {
        TextFormat::Plain => (true, ""),
        TextFormat::Email => (is_email(text), "an e-mail address such as name@example.com"),
        TextFormat::Phone => (is_phone(text), "a telephone number such as +49 30 1234567"),
        TextFormat::Url => (is_url(text), "an address that starts with http:// or https://"),
        TextFormat::Domain => (is_domain(text), "a host name such as example.com"),
        TextFormat::Country => (country::is_code(text), "an ISO 3166-1 alpha-2 code such as DE"),
        TextFormat::Currency => (Currency::parse(text).is_some(), "an ISO 4217 code such as EUR"),
        TextFormat::Language => (is_language(text), "a BCP 47 language tag such as en or de-AT"),
        TextFormat::Slug => (is_slug(text), "a short name in lower case such as erp: letters a to z, digits and hyphens, a letter first"),
        TextFormat::Recurrence => (is_rule(text), "a recurrence rule of RFC 5545 such as FREQ=WEEKLY;BYDAY=MO"),
        TextFormat::FilterTree => (
            serde_json::from_str::<Map<String, Json>>(text).is_ok(),
            "a filter tree as JSON, such as {\"lifecycle\": {\"eq\": \"CUSTOMER\"}}",
        ),
        TextFormat::Document => (serde_json::from_str::<Map<String, Json>>(text).is_ok(), "a JSON object"),
        TextFormat::FileName => {
            (is_file_name(text), "the name of a file without a path, such as offer.pdf: no slashes, no control characters")
        }
        TextFormat::Time => (is_time(text), "a time of day from 00:00 to 23:59, as HH:MM"),
        TextFormat::TimeZone => (text.parse::<chrono_tz::Tz>().is_ok(), "an IANA time zone such as Europe/Berlin"),
    };
    if holds { Ok(()) } else { Err(wanted) }
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let local_ok =
        !local.is_empty() && local.len() <= 64 && !local.contains(['@', ' ', ',', ';', '<', '>', '(', ')', '"', '\n', '\t', '\r']);
    local_ok && !local.starts_with('.') && !local.ends_with('.') && !local.contains("..") && is_domain(domain)
}

fn is_domain(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    text.len() <= 253
        && labels.len() >= 2
        && labels.iter().all(|label| {
            let letters = label.chars().all(|letter| letter.is_alphanumeric() || letter == '-');
            !label.is_empty() && label.len() <= 63 && letters && !label.starts_with('-') && !label.ends_with('-')
        })
}

fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let (number, extension) = text.split_once(['x', 'X']).unwrap_or((text, ""));
    let number = number.strip_suffix("e").or_else(|| number.strip_suffix("E")).unwrap_or(number);
    let extension = extension.trim_start_matches(['t', 'T', '.', ' ']);
    (3..=20).contains(&digits)
        && number.chars().all(|letter| letter.is_ascii_digit() || "+ -()/.".contains(letter))
        && number.chars().skip(1).all(|letter| letter != '+')
        && extension.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_time(text: &str) -> bool {
    let two = |part: &str, most: u8| {
        part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()) && part.parse::<u8>().is_ok_and(|number| number <= most)
    };
    text.split_once(':').is_some_and(|(hours, minutes)| two(hours, 23) && two(minutes, 59))
}

fn is_file_name(text: &str) -> bool {
    // Marks that turn the direction of writing make one name look like another.
    let hidden = |letter: char| letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text.contains(|letter| matches!(letter, '/' | '\\') || hidden(letter))
        && text.contains(|letter: char| letter != '.' && !letter.is_whitespace())
}

fn is_slug(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The grammar alone; what the parts say is for the rules of the record.
fn is_rule(text: &str) -> bool {
    let value = |value: &str| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-,".contains(&byte));
    let part = |part: &str| part.split_once('=').is_some_and(|(name, of)| name.bytes().all(|byte| byte.is_ascii_uppercase()) && value(of));
    text.starts_with("FREQ=") && text.split(';').all(part)
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or("");
        let host = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(host, |(host, _)| host);
        (is_domain(host) || host == "localhost") && !rest.contains(char::is_whitespace)
    })
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or("");
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_lowercase())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (format, good, bad) in [
            (TextFormat::Email, "maria.anders@alfreds.example", "maria@@x"),
            (TextFormat::Email, "a+b@sub.example.org", ".a@example.org"),
            (TextFormat::Phone, "(5) 555-3932", "call me"),
            (TextFormat::Phone, "+49 30 1234567 ext. 12", "12"),
            (TextFormat::Url, "https://example.com/a?b=c", "javascript:alert(1)"),
            (TextFormat::Domain, "example.com", "example"),
            (TextFormat::Country, "DE", "de"),
            (TextFormat::Currency, "EUR", "EURO"),
            (TextFormat::Language, "de-AT", "German"),
            (TextFormat::TimeZone, "Europe/Berlin", "Berlin"),
            (TextFormat::FilterTree, "{\"name\": {\"eq\": \"x\"}}", "{name}"),
            (TextFormat::FilterTree, "{}", "[]"),
            (TextFormat::FileName, "Angebot (2).pdf", "../secret"),
            (TextFormat::FileName, ".htaccess", ".."),
            (TextFormat::FileName, "a b", "a\nb"),
            (TextFormat::FileName, "x..y", "gpj.\u{202e}exe"),
            (TextFormat::Time, "23:59", "24:00"),
            (TextFormat::Time, "00:00", "+1:00"),
            (TextFormat::Slug, "old-crm2", "Old CRM"),
            (TextFormat::Slug, "erp", "2erp"),
            (TextFormat::Recurrence, "FREQ=WEEKLY;BYDAY=MO,TH;COUNT=4", "every week"),
            (TextFormat::Recurrence, "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=DAILY\nDTSTART:20260101"),
            (TextFormat::Plain, "two\nlines", "nul\0"),
        ] {
            assert!(check(format, good).is_ok(), "{good}");
            assert!(check(format, bad).is_err(), "{bad}");
        }
    }
}
