//! The tax id: a number by which an authority or register knows a party.

use crate::check_digits;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Draft};
use clientela_kernel::{Context, FieldProblem, Id, ProblemCode, Timestamp, Value};
use clientela_macros::{Choice, resource};
use clientela_model::Choice as _;

/// Who gives out the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum TaxIdScheme {
    /// The number for value added tax (`ATU13585627`). It needs the country.
    Vat,
    /// The number of the tax office for income and corporate taxes. It needs the country.
    FiscalCode,
    /// The legal entity identifier, ISO 17442: 20 letters and digits.
    Lei,
    /// The number for customs in the European Union and the United Kingdom: the country and up to 15 letters and digits.
    Eori,
    /// The nine digits by which Dun & Bradstreet knows a business.
    Duns,
    /// The number in the commercial register, or that of an association or foundation in theirs.
    Register,
    /// Anything else.
    Other,
}

/// A number by which an authority or register knows a party. A party has each number once. Numbers whose scheme has check
/// digits are checked: LEI everywhere, Italian fiscal codes, and the VAT numbers of AT, BE, CH, DE, DK, EE, FI, FR, GB, HR, HU, IT,
/// LI, LU, MC, NL, PL, PT, SE and SI.
#[resource(
    name = "taxId",
    prefix = "tax",
    label = "value",
    unique("tax_id_party_scheme_normalized_key", "normalized", "scheme", "partyId")
)]
pub struct Model {
    /// Whose number it is: the id of a party, a contact or an account.
    #[field(
        refers = "party",
        inverse = "taxIds",
        inverse_description = "The numbers by which authorities and registers know this party.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub party_id: Id,
    /// Who gives out the number. To change it, delete the record and create another.
    #[field(write = "immutable", example = "\"REGISTER\"")]
    pub scheme: TaxIdScheme,
    /// ISO 3166-1 alpha-2 code of the country whose authority gave it out. `VAT` and `FISCAL_CODE` need it.
    #[field(format = "country", max = 2, write = "immutable", example = "\"AT\"")]
    pub country: Option<String>,
    /// The number as it was given, with whatever dots and blanks stand in it. Sensitive: a credential sees and writes it only with the scope `sensitive`.
    #[field(sensitive, search = "name", max = 60, folded, example = "\"FN 123456 k\"")]
    pub value: String,
    /// The number in the form in which two spellings of it are equal: upper case, letters and digits alone; a VAT number begins with
    /// its country (`EL` for Greece). Sensitive, as the number is.
    #[field(sensitive, search = "name", max = 62, write = "read_only", derived, example = "\"FN123456K\"")]
    pub normalized: String,
    /// When somebody asked the authority whether the number is the party's. Emptied when the number changes, unless you give another.
    #[field()]
    pub verified_at: Option<Timestamp>,
}

/// The rules of tax ids.
pub struct TaxIdRules;

/// Letters and digits, in upper case.
fn plain(value: &str) -> String {
    value.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// The letters with which a country's VAT numbers begin.
fn vat_prefix(country: &str) -> &str {
    match country {
        "GR" => "EL",
        // Swiss numbers are those of the business register, which begin with the three letters of the country, and
        // Liechtenstein's are among them.
        "CH" | "LI" => "CHE",
        "MC" => "FR",
        other => other,
    }
}

fn is(scheme: &Value, wanted: TaxIdScheme) -> bool {
    scheme.as_text() == Some(wanted.as_str())
}

fn normal(scheme: &Value, country: Option<&str>, value: &str) -> String {
    let number = plain(value);
    match country {
        Some(country) if is(scheme, TaxIdScheme::Vat) => {
            let prefix = vat_prefix(country);
            if number.starts_with(prefix) || (country == "GB" && number.starts_with("XI")) { number } else { format!("{prefix}{number}") }
        }
        _ => number,
    }
}

/// What the number must be, where it is not.
fn objection(scheme: &Value, country: Option<&str>, number: &str) -> Option<String> {
    if number.is_empty() {
        return Some("a number: letters and digits".to_owned());
    }
    if is(scheme, TaxIdScheme::Lei) {
        return (!check_digits::lei(number))
            .then(|| "a legal entity identifier of 20 letters and digits whose check digits are right".to_owned());
    }
    if is(scheme, TaxIdScheme::Duns) {
        let holds = number.len() == 9 && number.bytes().all(|byte| byte.is_ascii_digit());
        return (!holds).then(|| "a D-U-N-S number of nine digits".to_owned());
    }
    if is(scheme, TaxIdScheme::Eori) {
        let (land, rest) = number.split_at_checked(2).unwrap_or_default();
        let lands = land.bytes().all(|byte| byte.is_ascii_uppercase()) && country.is_none_or(|country| country == land || land == "XI");
        let holds = lands && (1..=15).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        return (!holds).then(|| "an EORI number: the two letters of the country and up to 15 letters and digits".to_owned());
    }
    let country = country?;
    if is(scheme, TaxIdScheme::FiscalCode) && country == "IT" {
        let wanted = "a codice fiscale of 16 characters, or of 11 digits, whose check character is right";
        return (!check_digits::codice_fiscale(number)).then(|| wanted.to_owned());
    }
    if is(scheme, TaxIdScheme::Vat) {
        let core = number.strip_prefix(vat_prefix(country)).unwrap_or(number);
        let core = if country == "GB" { core.strip_prefix("XI").unwrap_or(core) } else { core };
        return (check_digits::vat(country, core) == Some(false))
            .then(|| format!("a VAT number of {country} whose length and check digits are right"));
    }
    None
}

#[async_trait]
impl Rules for TaxIdRules {
    fn derive(&self, _context: &Context, draft: &mut Draft) {
        let normalized = match draft.get("value").as_text() {
            Some(value) => normal(draft.get("scheme"), draft.get("country").as_text(), value).into(),
            None => Value::Null,
        };
        draft.set("normalized", normalized);
        if draft.kind == ChangeKind::Updated && draft.changed("normalized") && !draft.changed("verifiedAt") {
            draft.set("verifiedAt", Value::Null);
        }
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let (scheme, country) = (draft.get("scheme"), draft.get("country").as_text());
        if country.is_none() && (is(scheme, TaxIdScheme::Vat) || is(scheme, TaxIdScheme::FiscalCode)) {
            let text = "country is missing: VAT numbers and fiscal codes are a country's own. Give its ISO 3166-1 code, such as AT.";
            problems.push(FieldProblem::new("/country", ProblemCode::Required, text));
            return;
        }
        let (Some(value), Some(number)) = (draft.get("value").as_text(), draft.get("normalized").as_text()) else { return };
        if let Some(wanted) = objection(scheme, country, number) {
            let text = format!("value must be {wanted}, not {value:?}. Look at the number again.");
            problems.push(FieldProblem::new("/value", ProblemCode::InvalidFormat, text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_number_are_equal_and_wrong_ones_are_told() {
        let vat: Value = TaxIdScheme::Vat.as_str().into();
        assert_eq!(normal(&vat, Some("AT"), "atu 1358 5627"), "ATU13585627");
        assert_eq!(normal(&vat, Some("AT"), "U13585627"), "ATU13585627");
        assert_eq!(normal(&vat, Some("GR"), "094259216"), "EL094259216");
        assert_eq!(normal(&vat, Some("CH"), "CHE-107.787.577 MWST"), "CHE107787577MWST");
        assert_eq!(objection(&vat, Some("AT"), "ATU13585627"), None);
        assert_eq!(objection(&vat, Some("CH"), "CHE107787577MWST"), None);
        assert!(objection(&vat, Some("AT"), "ATU13585628").is_some());
        assert_eq!(objection(&vat, Some("US"), "US1"), None, "a country without a check");
        let eori: Value = TaxIdScheme::Eori.as_str().into();
        assert_eq!(objection(&eori, Some("AT"), "ATEOS1000000001"), None);
        assert!(objection(&eori, Some("DE"), "ATEOS1000000001").is_some());
        assert!(objection(&TaxIdScheme::Other.as_str().into(), None, "").is_some());
    }
}
