//! Telephone numbers in E.164, the one form in which the whole world dials them.

use clientela_engine::module::RuleReader;
use clientela_kernel::{Comparison, Filter, Result, Value};
use clientela_model::system;
use phonenumber::Mode;

/// Whether only the country tells which number this is: it begins neither with a plus nor with the two zeros that stand for it.
pub(crate) fn is_national(value: &str) -> bool {
    let value = value.trim_start();
    !value.starts_with('+') && !value.starts_with("00")
}

/// The number in E.164 (`+43512555010`), with `;ext=` and the extension where there is one, as RFC 3966 writes it. None where
/// it is national and no country is known, or where it cannot be one of the country's numbers by its length.
pub(crate) fn e164(value: &str, country: Option<&str>) -> Option<String> {
    let national = is_national(value);
    let country = country.and_then(|code| code.parse().ok());
    if national && country.is_none() {
        return None;
    }
    // An extension is told by an x alone here, and the library wants the whole word.
    let (main, extension) = value.split_once(['x', 'X']).unwrap_or((value, ""));
    let main = main.trim_end_matches(['e', 'E']);
    // Read with a country at hand, an Italian number would lose the zero that it begins with.
    let number = match main.trim_start().strip_prefix("00") {
        Some(rest) => phonenumber::parse(None, format!("+{rest}")),
        None => phonenumber::parse(country.filter(|_| national), main),
    };
    let number = number.ok()?;
    let digits = number.format().mode(Mode::E164).to_string();
    // The standard's own limits: a number has at most fifteen digits; fewer than seven reach nobody from abroad.
    if !(8..=16).contains(&digits.len()) {
        return None;
    }
    let extension: String = extension.chars().filter(char::is_ascii_digit).collect();
    Some(if extension.is_empty() { digits } else { format!("{digits};ext={extension}") })
}

/// The country in which a party's national numbers are read: that of its contact, of its account, of the tenant, whichever
/// is known first.
pub(crate) async fn home(reader: &dyn RuleReader, party: &Value) -> Result<Option<String>> {
    for (resource, field) in [("contact", system::ID), ("account", "partyId")] {
        if let Some(country) = country(reader, resource, Filter::field(field, Comparison::Equal(party.clone()))).await? {
            return Ok(Some(country));
        }
    }
    home_of_face(reader, &Value::Null).await
}

/// The same for a contact or account whose own country is at hand.
pub(crate) async fn home_of_face(reader: &dyn RuleReader, own: &Value) -> Result<Option<String>> {
    match own.as_text() {
        Some(own) => Ok(Some(own.to_owned())),
        None => country(reader, "tenant", Filter::And(Vec::new())).await,
    }
}

async fn country(reader: &dyn RuleReader, resource: &str, which: Filter) -> Result<Option<String>> {
    if reader.resource(resource).is_none() {
        return Ok(None);
    }
    let known = Filter::And(vec![which, Filter::field("country", Comparison::IsNull).negate()]);
    Ok(reader.find(resource, known).await?.first().and_then(|found| found.get("country").as_text()).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_what_the_world_dials() {
        for (value, country, number) in [
            ("+43 (0)660 / 555.01-01", None, Some("+436605550101")),
            ("0660 5550101", Some("AT"), Some("+436605550101")),
            ("00 49 30 1234567", Some("AT"), Some("+49301234567")),
            ("00 49 30 1234567", None, Some("+49301234567")),
            ("0039 0471 654321", Some("AT"), Some("+390471654321")),
            ("+39 0471 654321", Some("AT"), Some("+390471654321")),
            ("+49 30 1234567 ext. 12", Some("AT"), Some("+49301234567;ext=12")),
            ("(206) 555-9857 x5467", Some("US"), Some("+12065559857;ext=5467")),
            ("06 5550123", Some("IT"), Some("+39065550123")),
            ("030 1234567", None, None),
            ("+99 1", None, None),
            ("123", Some("AT"), None),
        ] {
            assert_eq!(e164(value, country).as_deref(), number, "{value} in {country:?}");
        }
    }
}
