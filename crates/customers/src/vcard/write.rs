//! From a card to its text.

use super::VcardVersion;
use super::card::{Card, Place, Point};
use super::line::{escaped, push};
use crate::contact_point::ContactPointKind;
use std::fmt::Write as _;

/// Appends the text of a card.
pub(super) fn write(card: &Card, version: VcardVersion, out: &mut String) {
    let new = version == VcardVersion::V4;
    push(out, "BEGIN:VCARD");
    push(out, if new { "VERSION:4.0" } else { "VERSION:3.0" });
    push(out, "PRODID:-//Clientela//Clientela//EN");
    if let Some(uid) = &card.uid {
        push(out, &format!("UID:{}", escaped(uid)));
    }
    if new {
        push(out, if card.is_organization { "KIND:org" } else { "KIND:individual" });
    }
    push(out, &format!("FN:{}", escaped(&card.name)));
    let part = |text: &Option<String>| text.as_deref().map(escaped).unwrap_or_default();
    push(out, &format!("N:{};{};;;", part(&card.last_name), part(&card.first_name)));
    if card.organization.is_some() || card.department.is_some() {
        let department = card.department.as_deref().map(|text| format!(";{}", escaped(text))).unwrap_or_default();
        push(out, &format!("ORG:{}{department}", part(&card.organization)));
    }
    if let Some(title) = &card.title {
        push(out, &format!("TITLE:{}", escaped(title)));
    }
    for point in &card.points {
        write_point(point, new, out);
    }
    for place in &card.places {
        write_place(place, new, out);
    }
    if let Some(born) = card.born {
        let text = born.to_text();
        push(out, &format!("BDAY:{}", if new { text.replace('-', "") } else { text }));
    }
    if let Some(language) = card.language.as_ref().filter(|_| new) {
        push(out, &format!("LANG:{}", escaped(language)));
    }
    if !card.tags.is_empty() {
        let tags: Vec<String> = card.tags.iter().map(|tag| escaped(tag)).collect();
        push(out, &format!("CATEGORIES:{}", tags.join(",")));
    }
    if let Some(revised) = card.revised {
        push(out, &format!("REV:{}", revised.to_chrono().format("%Y%m%dT%H%M%SZ")));
    }
    push(out, "END:VCARD");
}

/// The mark of the preferred one, in the words of the version.
fn parameters(types: &[&str], preferred: bool, new: bool) -> String {
    let mut types = types.to_vec();
    if preferred && !new {
        types.push("pref");
    }
    let mut out = String::new();
    if !types.is_empty() {
        let _ = write!(out, ";TYPE={}", types.join(","));
    }
    if preferred && new {
        out.push_str(";PREF=1");
    }
    out
}

fn write_point(point: &Point, new: bool, out: &mut String) {
    let (name, types): (&str, &[&str]) = match point.kind {
        ContactPointKind::Email => ("EMAIL", &[]),
        ContactPointKind::Phone => ("TEL", &["voice"]),
        ContactPointKind::Mobile => ("TEL", &["cell"]),
        ContactPointKind::Fax => ("TEL", &["fax"]),
        ContactPointKind::Web => ("URL", &[]),
        ContactPointKind::Social if new => ("SOCIALPROFILE;VALUE=text", &[]),
        ContactPointKind::Social => ("X-SOCIALPROFILE", &[]),
        // Address books have no word for these.
        ContactPointKind::Postal | ContactPointKind::Chat | ContactPointKind::Push | ContactPointKind::CertifiedMail => return,
    };
    // An address of the web is a URI, in which nothing is escaped.
    let value = if point.kind == ContactPointKind::Web { point.value.clone() } else { escaped(&point.value) };
    push(out, &format!("{name}{}:{value}", parameters(types, point.preferred, new)));
}

fn write_place(place: &Place, new: bool, out: &mut String) {
    let part = |text: &Option<String>| text.as_deref().map(escaped).unwrap_or_default();
    let second = place.line2.as_deref().map(|text| format!(",{}", escaped(text))).unwrap_or_default();
    // RFC 8605 tells the country's code; older readers see it as its name.
    let code = place.country.as_deref().filter(|_| new).map(|code| format!(";CC={code}")).unwrap_or_default();
    push(
        out,
        &format!(
            "ADR{code}{}:;;{}{second};{};{};{};{}",
            parameters(&[], place.preferred, new),
            escaped(&place.line1),
            part(&place.city),
            part(&place.region),
            part(&place.postal_code),
            part(&place.country)
        ),
    );
}
