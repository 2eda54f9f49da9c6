//! From a text to its cards.

use super::card::{Card, Place, Point};
use super::line::{Line, parse, split, start, unescaped, unfolded};
use crate::contact_point::ContactPointKind;
use clientela_kernel::Date;

/// Greatest number of cards in a text.
pub(super) const MOST: usize = 1_000;

/// Every card of a text; what is wrong with the first that cannot be read otherwise.
pub(super) fn read(text: &str) -> Result<Vec<Card>, String> {
    let mut cards = Vec::new();
    let mut open: Option<Vec<Line>> = None;
    for text in unfolded(text) {
        let number = cards.len() + 1;
        let line = parse(&text).map_err(|why| format!("Card {number}: the line {why}."))?;
        let marks_card = line.value.trim().eq_ignore_ascii_case("VCARD");
        match (line.name.as_str(), &mut open) {
            ("BEGIN", None) if marks_card => open = Some(Vec::new()),
            ("END", Some(_)) if marks_card => {
                let lines = open.take().unwrap_or_default();
                cards.push(card(&lines).map_err(|why| format!("Card {number}: {why}"))?);
                if cards.len() > MOST {
                    return Err(format!("The text holds more than the {MOST} cards allowed. Send it in parts."));
                }
            }
            ("BEGIN", Some(_)) => return Err(format!("Card {number}: another BEGIN stands within it. Its END:VCARD is missing.")),
            (_, Some(lines)) => lines.push(line),
            (_, None) => return Err(format!("The text is no vCard: {:?} stands before BEGIN:VCARD.", start(&text))),
        }
    }
    match (open, cards.is_empty()) {
        (Some(_), _) => Err(format!("Card {}: END:VCARD is missing. The text is cut off.", cards.len() + 1)),
        (None, true) => Err("The text holds no vCard: it begins with BEGIN:VCARD and ends with END:VCARD.".to_owned()),
        (None, false) => Ok(cards),
    }
}

fn card(lines: &[Line]) -> Result<Card, String> {
    let version = lines.iter().find(|line| line.name == "VERSION").map(|line| line.value.trim());
    match version {
        Some("3.0" | "4.0") => {}
        Some(other) => {
            return Err(format!("it is of version {:?}. Versions 3.0 and 4.0 are read; export it as one of these.", start(other)));
        }
        None => return Err("it does not say its version: VERSION:4.0 or VERSION:3.0 is missing.".to_owned()),
    }
    if let Some(line) = lines.iter().find(|line| line.parameter("ENCODING").iter().any(|value| value == "quoted-printable")) {
        return Err(format!("{} is in quoted-printable, which is of version 2.1. Export it as version 3.0 or 4.0, in UTF-8.", line.name));
    }
    let mut card = Card::default();
    for line in lines {
        apply(&mut card, line)?;
    }
    if card.name.is_empty() {
        let parts: Vec<&str> = [&card.first_name, &card.last_name].into_iter().filter_map(|part| part.as_deref()).collect();
        card.name = parts.join(" ");
    }
    if card.name.is_empty() {
        card.name = card.organization.clone().unwrap_or_default();
    }
    if card.name.is_empty() {
        return Err("it has no name: FN is missing.".to_owned());
    }
    Ok(card)
}

fn apply(card: &mut Card, line: &Line) -> Result<(), String> {
    let value = || filled(&unescaped(&line.value));
    match line.name.as_str() {
        "UID" => card.uid = value(),
        "KIND" => card.is_organization = line.value.trim().eq_ignore_ascii_case("org"),
        "FN" if card.name.is_empty() => card.name = value().unwrap_or_default(),
        "N" => {
            let parts = components(&line.value);
            let part = |index: usize| parts.get(index).cloned().flatten();
            card.last_name = part(0);
            // Further given names belong to the given name.
            card.first_name = filled(&[part(1), part(2)].into_iter().flatten().collect::<Vec<_>>().join(" "));
        }
        "ORG" => {
            let parts = components(&line.value);
            card.organization = parts.first().cloned().flatten();
            card.department = parts.get(1).cloned().flatten();
        }
        "TITLE" => card.title = value(),
        "BDAY" => card.born = born(line)?,
        "LANG" if card.language.is_none() || line.is_preferred() => card.language = value(),
        "CATEGORIES" => card.tags.extend(split(&line.value, ',').iter().filter_map(|tag| filled(&unescaped(tag)))),
        "EMAIL" => point(card, line, ContactPointKind::Email, value()),
        "URL" => point(card, line, ContactPointKind::Web, filled(&line.value)),
        "SOCIALPROFILE" | "X-SOCIALPROFILE" => point(card, line, ContactPointKind::Social, value()),
        "IMPP" => point(card, line, ContactPointKind::Chat, value()),
        "TEL" => {
            let types = line.parameter("TYPE");
            let is = |name: &str| types.iter().any(|value| value == name);
            let kind = if is("fax") {
                ContactPointKind::Fax
            } else if is("cell") {
                ContactPointKind::Mobile
            } else {
                ContactPointKind::Phone
            };
            point(card, line, kind, value().map(|number| number.strip_prefix("tel:").map(str::to_owned).unwrap_or(number)));
        }
        "ADR" => place(card, line),
        _ => {}
    }
    Ok(())
}

fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The components of a structured value, lists in them joined by blanks.
fn components(value: &str) -> Vec<Option<String>> {
    let joined = |part: &String| filled(&split(part, ',').iter().map(|part| unescaped(part)).collect::<Vec<_>>().join(" "));
    split(value, ';').iter().map(joined).collect()
}

fn born(line: &Line) -> Result<Option<Date>, String> {
    // A text or a day without a year is no date that could be kept.
    let Some(text) = filled(&line.value).filter(|text| !text.starts_with("--") && line.parameter("VALUE") != ["text"]) else {
        return Ok(None);
    };
    let day = text.split('T').next().unwrap_or_default();
    let plain = day.replace('-', "");
    let spelled = match (plain.get(..4), plain.get(4..6), plain.get(6..)) {
        (Some(year), Some(month), Some(date)) => format!("{year}-{month}-{date}"),
        _ => String::new(),
    };
    let wrong = || format!("BDAY is {:?}, and must be a date such as 19840517.", start(&text));
    Date::parse(&spelled).map(Some).ok_or_else(wrong)
}

fn point(card: &mut Card, line: &Line, kind: ContactPointKind, value: Option<String>) {
    if let Some(value) = value {
        card.points.push(Point { kind, value, preferred: line.is_preferred() });
    }
}

/// An address; one without street and number is none.
fn place(card: &mut Card, line: &Line) {
    let parts = split(&line.value, ';');
    let part = |index: usize| parts.get(index).and_then(|part| filled(&unescaped(part)));
    let mut street =
        parts.get(2).map(|street| split(street, ',')).unwrap_or_default().into_iter().filter_map(|line| filled(&unescaped(&line)));
    let Some(line1) = street.next().or_else(|| part(0)) else { return };
    let rest: Vec<String> = street.chain(part(1)).collect();
    let code = line.parameters.iter().find(|(name, _)| name == "CC").and_then(|(_, values)| values.first()).cloned().or_else(|| part(6));
    card.places.push(Place {
        line1,
        line2: filled(&rest.join(", ")),
        city: part(3),
        region: part(4),
        postal_code: part(5),
        // A name is no code, and what country it is we do not guess.
        country: code.map(|code| code.to_uppercase()).filter(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())),
        preferred: line.is_preferred(),
    });
}

#[cfg(test)]
mod tests {
    use super::super::VcardVersion;
    use super::super::write::write;
    use super::*;
    use proptest::prelude::*;

    fn wrap(lines: &str) -> String {
        format!("BEGIN:VCARD\r\n{lines}\r\nEND:VCARD\r\n")
    }

    #[test]
    fn cards_of_the_world_are_read() {
        // As a telephone and an address book of today write them.
        let text = wrap(
            "VERSION:3.0\nN:Gruber;Anna;Maria;;\nFN:Anna Gruber\nORG:Bergkäserei;Einkauf\nitem1.EMAIL;type=INTERNET;type=pref:anna@alp.exa\n mple\n\
             TEL;type=CELL;type=VOICE:+43 660 555 0101\nADR;type=WORK:;;Gasse 1\\, Tür 2;Innsbruck;Tirol;6020;Austria\nBDAY:1984-05-17\nPHOTO;ENCODING=b:AAAA",
        );
        let cards = read(&text).unwrap();
        let card = cards.first().unwrap();
        assert_eq!((card.first_name.as_deref(), card.department.as_deref()), (Some("Anna Maria"), Some("Einkauf")));
        assert_eq!(card.points.first().map(|point| (point.value.as_str(), point.preferred)), Some(("anna@alp.example", true)));
        assert_eq!(card.points.get(1).map(|point| point.kind), Some(ContactPointKind::Mobile));
        assert_eq!(card.places.first().map(|place| (place.line1.as_str(), place.country.clone())), Some(("Gasse 1, Tür 2", None)));
        assert_eq!(card.born, Date::parse("1984-05-17"));
    }

    #[test]
    fn what_is_none_is_refused_and_says_why() {
        for (text, why) in [
            (String::new(), "holds no vCard"),
            ("Anna".to_owned(), "no colon"),
            ("FN:Anna".to_owned(), "before BEGIN:VCARD"),
            (wrap("FN:Anna"), "version"),
            (wrap("VERSION:2.1\nFN:Anna"), "2.1"),
            (wrap("VERSION:3.0\nFN;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg"), "quoted-printable"),
            (wrap("VERSION:4.0\nEMAIL:a@b.example"), "no name"),
            (wrap("VERSION:4.0\nFN:Anna\nBDAY:tomorrow"), "BDAY"),
            ("BEGIN:VCARD\nVERSION:4.0\nFN:Anna".to_owned(), "cut off"),
            ("BEGIN:VCARD\nVERSION:4.0\nBEGIN:VCARD".to_owned(), "another BEGIN"),
        ] {
            let refused = read(&text).unwrap_err();
            assert!(refused.contains(why), "{text:?}: {refused}");
        }
    }

    fn text() -> impl Strategy<Value = String> {
        "[a-zA-Zäß😀;,:\\\\\"^=.' ]{0,60}x(\n[;,\\\\ö]{0,90}x)?".prop_map(|text| text.trim().to_owned())
    }

    fn some() -> impl Strategy<Value = Option<String>> {
        proptest::option::of(text())
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            (uid, name, first_name, last_name, organization, department, title) in (some(), text(), some(), some(), some(), some(), some()),
            day in proptest::option::of(-200_000i32..40_000),
            tags in proptest::collection::vec(text(), 0..4),
            points in proptest::collection::vec((0usize..5, text(), any::<bool>()), 0..5),
            places in proptest::collection::vec((text(), some(), some(), some(), some(), any::<bool>()), 0..3),
            is_organization in any::<bool>(),
        ) {
            use ContactPointKind::{Email, Fax, Mobile, Phone, Social};
            let kinds = [Email, Fax, Mobile, Phone, Social];
            let born = day.map(Date).filter(|day| Date::parse(&day.to_text()).is_some());
            let department = department.filter(|_| organization.is_some());
            let points = points.into_iter().map(|(kind, value, preferred)| Point { kind: kinds[kind], value, preferred }).collect();
            let places = places.into_iter().map(|(line1, line2, city, region, postal_code, preferred)| {
                Place { line1, line2, city, region, postal_code, country: Some("AT".to_owned()), preferred }
            });
            let card = Card {
                uid, is_organization, name, first_name, last_name, organization, department, title, born, tags, points,
                places: places.collect(), language: Some("de-AT".to_owned()), revised: None,
            };
            for version in [VcardVersion::V4, VcardVersion::V3] {
                let mut text = String::new();
                write(&card, version, &mut text);
                prop_assert!(text.split("\r\n").all(|line| line.len() <= 75));
                let new = version == VcardVersion::V4;
                // The older version has no words for these.
                let expected = Card { is_organization: is_organization && new, language: card.language.clone().filter(|_| new), ..card.clone() };
                prop_assert_eq!(read(&text).unwrap(), vec![expected]);
            }
        }

        #[test]
        fn no_text_does_harm(text in "(BEGIN:VCARD\n|END:VCARD\n|VERSION:4.0\n|[A-Z;:\"=,\\\\\n ö]{0,8}){0,12}") {
            let _ = read(&text);
        }
    }
}
