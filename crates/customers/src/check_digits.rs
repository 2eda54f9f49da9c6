//! Check digits of tax and register numbers. Only schemes whose arithmetic is published and the same for every number are
//! here; a number of any other is taken as it is.

/// Whether a number in normal form (upper case, letters and digits alone, without the country) passes its country's check
/// for VAT numbers; none where there is no check for the country.
pub(crate) fn vat(country: &str, number: &str) -> Option<bool> {
    let d = digits(number);
    Some(match country {
        "AT" => number.strip_prefix('U').map(digits).is_some_and(|d| d.len() == 8 && last(&d, (10 - (halved(&d) + 4) % 10) % 10)),
        "BE" => d.len() == 10 && 97 - whole(&d, 0, 8) % 97 == whole(&d, 8, 10),
        "CH" | "LI" => {
            let core = number.strip_prefix("CHE").unwrap_or(number);
            let core = ["MWST", "TVA", "IVA"].iter().find_map(|end| core.strip_suffix(end)).unwrap_or(core);
            let d = digits(core);
            d.len() == 9 && last(&d, (11 - weighed(&d, &[5, 4, 3, 2, 7, 6, 5, 4]) % 11) % 11)
        }
        "DE" => d.len() == 9 && mod_11_10(&d),
        "DK" => d.len() == 8 && weighed(&d, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11),
        "EE" => d.len() == 9 && weighed(&d, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10),
        "FI" => d.len() == 8 && weighed(&d, &[7, 9, 10, 5, 8, 4, 2, 1]).is_multiple_of(11),
        "FR" | "MC" => {
            let siren = digits(number.get(2..).unwrap_or_default());
            let key = number.get(..2).unwrap_or_default();
            // A key with letters follows a rule that was never published in full.
            let keyed = key.parse::<u64>().map_or(true, |key| (12 + 3 * (whole(&siren, 0, 9) % 97)) % 97 == key);
            number.len() == 11 && siren.len() == 9 && keyed
        }
        "GB" => {
            let sum = weighed(&d, &[8, 7, 6, 5, 4, 3, 2, 10, 1]);
            matches!(d.len(), 9 | 12) && (sum.is_multiple_of(97) || (sum + 55).is_multiple_of(97))
        }
        "HR" => d.len() == 11 && mod_11_10(&d),
        "HU" => d.len() == 8 && weighed(&d, &[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10),
        "IT" => d.len() == 11 && luhn(&d),
        "LU" => d.len() == 8 && whole(&d, 0, 6) % 89 == whole(&d, 6, 8),
        "NL" => {
            let (core, tail) = number.split_once('B').unwrap_or_default();
            let (core, tail) = (digits(core), digits(tail));
            let old = last(&core, weighed(&core, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11);
            core.len() == 9 && tail.len() == 2 && (old || mod_97(&format!("NL{number}")) == Some(1))
        }
        "PL" => d.len() == 10 && last(&d, weighed(&d, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11),
        "PT" => d.len() == 9 && last(&d, (11 - weighed(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 % 10),
        "SE" => d.len() == 12 && d.get(..10).is_some_and(luhn),
        "SI" => {
            let sum = weighed(&d, &[8, 7, 6, 5, 4, 3, 2]) % 11;
            d.len() == 8 && sum != 0 && last(&d, (11 - sum) % 10)
        }
        _ => return None,
    })
}

/// Whether a legal entity identifier (ISO 17442: 18 letters and digits, two check digits) is one.
pub(crate) fn lei(number: &str) -> bool {
    number.len() == 20 && mod_97(number) == Some(1)
}

/// Whether an Italian tax code is one: sixteen characters for a person, the eleven digits of a VAT number for an organization.
pub(crate) fn codice_fiscale(number: &str) -> bool {
    const ODD: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    if number.len() != 16 {
        return number.len() == 11 && luhn(&digits(number));
    }
    let mut sum = 0;
    for (index, letter) in number.chars().take(15).enumerate() {
        // A digit counts as the letter of its rank, and digits may be written as letters.
        let Some(value) = letter.to_digit(10).or_else(|| letter.to_digit(36).map(|value| value - 10)) else { return false };
        sum += if index % 2 == 0 { usize::try_from(value).ok().and_then(|at| ODD.get(at)).copied().unwrap_or_default() } else { value };
    }
    number.chars().last().and_then(|letter| letter.to_digit(36)).is_some_and(|check| check == sum % 26 + 10)
}

/// The digits of a text of nothing but digits; none otherwise.
fn digits(text: &str) -> Vec<u64> {
    let all: Option<Vec<u64>> = text.chars().map(|letter| letter.to_digit(10).map(u64::from)).collect();
    all.unwrap_or_default()
}

fn whole(digits: &[u64], from: usize, until: usize) -> u64 {
    digits.get(from..until).unwrap_or_default().iter().fold(0, |number, digit| number * 10 + digit)
}

fn last(digits: &[u64], wanted: u64) -> bool {
    digits.last() == Some(&wanted)
}

fn weighed(digits: &[u64], weights: &[u64]) -> u64 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Sum of all but the last digit, every second one doubled and reduced to its own sum of digits.
fn halved(digits: &[u64]) -> u64 {
    let doubled = |digit: u64| digit * 2 / 10 + digit * 2 % 10;
    digits
        .iter()
        .take(digits.len().saturating_sub(1))
        .enumerate()
        .map(|(index, digit)| if index % 2 == 1 { doubled(*digit) } else { *digit })
        .sum()
}

/// Luhn: from the right every second digit is doubled.
fn luhn(digits: &[u64]) -> bool {
    let doubled = |digit: u64| digit * 2 / 10 + digit * 2 % 10;
    let sum: u64 = digits.iter().rev().enumerate().map(|(index, digit)| if index % 2 == 1 { doubled(*digit) } else { *digit }).sum();
    sum.is_multiple_of(10)
}

/// ISO 7064, MOD 11,10.
fn mod_11_10(digits: &[u64]) -> bool {
    let Some((check, rest)) = digits.split_last() else { return false };
    let product = rest.iter().fold(10, |product, digit| {
        let sum = (product + digit) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (product + check) % 10 == 1
}

/// ISO 7064, MOD 97-10: letters count as 10 to 35.
fn mod_97(text: &str) -> Option<u32> {
    text.chars().try_fold(0, |rest, letter| {
        let value = letter.to_digit(36)?;
        Some((rest * if value < 10 { 10 } else { 100 } + value) % 97)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn true_numbers_pass_and_slips_of_the_pen_do_not() {
        for (country, number) in [
            ("AT", "U13585627"),
            ("BE", "0403019261"),
            ("CH", "CHE107787577"),
            ("CH", "CHE107787577IVA"),
            ("DE", "136695976"),
            ("DK", "13585628"),
            ("EE", "100931558"),
            ("FI", "20774740"),
            ("FR", "40303265045"),
            ("FR", "K7399859412"),
            ("GB", "980780684"),
            ("HR", "33392005961"),
            ("HU", "12892312"),
            ("IT", "00743110157"),
            ("LU", "15027442"),
            ("NL", "004495445B01"),
            ("NL", "002455799B11"),
            ("PL", "8567346215"),
            ("PT", "501964843"),
            ("SE", "123456789701"),
            ("SI", "50223054"),
        ] {
            assert_eq!(vat(country, number), Some(true), "{country} {number}");
            assert_eq!(vat(country, &format!("{number}0")), Some(false), "{country} {number} and a digit more");
            // One digit off, in a place the check covers.
            let at = number.find(|letter: char| ('1'..='8').contains(&letter)).unwrap();
            let off = char::from(number.as_bytes()[at] + 1);
            let wrong = format!("{}{off}{}", &number[..at], &number[at + 1..]);
            if !number.starts_with('K') {
                assert_eq!(vat(country, &wrong), Some(false), "{country} {wrong}");
            }
        }
        assert_eq!(vat("US", "123"), None);
        assert_eq!(vat("DE", ""), Some(false));
        assert!(lei("213800KUD8LAJWSQ9D15") && !lei("213800KUD8LXJWSQ9D15") && !lei("213800"));
        assert!(codice_fiscale("RCCMNL83S18D969H") && !codice_fiscale("RCCMNL83S18D969") && !codice_fiscale("RCCMNL83S18D969A"));
        assert!(codice_fiscale("00743110157") && !codice_fiscale("00743110158") && !codice_fiscale("RCCMNL83S18D96é"));
    }
}
