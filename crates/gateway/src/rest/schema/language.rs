//! Which language labels are shown in: `Accept-Language` (RFC 9110), by the lookup of RFC 4647.

use clientela_model::Labels;
use http::{HeaderMap, header};

/// How many of a header's languages are looked at.
const MOST: usize = 20;

/// The languages somebody reads, the dearest first, in lower case.
pub(super) struct Languages(Vec<String>);

impl Languages {
    /// What the headers ask for. What cannot be read asks for nothing.
    pub(super) fn of(headers: &HeaderMap) -> Languages {
        let mut wanted: Vec<(u16, String)> = Vec::new();
        let text = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
        for range in text.flat_map(|text| text.split(',')).take(MOST) {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1_000), thousandths);
            if let Some(weight) = weight.filter(|weight| *weight > 0 && !tag.is_empty() && tag != "*") {
                wanted.push((weight, tag));
            }
        }
        // What weighs the same stays in its order.
        wanted.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        Languages(wanted.into_iter().map(|(_, tag)| tag).collect())
    }

    /// The label to show: the first language that there is one in, each cut from behind until there is (`de-AT`, then `de`).
    pub(super) fn choose<'l>(&self, labels: &'l Labels) -> &'l str {
        for wanted in &self.0 {
            let mut tag = wanted.as_str();
            loop {
                if let Some((_, label)) = labels.others.iter().find(|(language, _)| language.eq_ignore_ascii_case(tag)) {
                    return label;
                }
                match tag.rsplit_once('-') {
                    Some((shorter, _)) => tag = shorter,
                    None => break,
                }
            }
        }
        &labels.label
    }
}

/// `0.8` as 800; none of what is no weight.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 3 {
        return None;
    }
    let digits = format!("{part:0<3}");
    let value = whole.parse::<u16>().ok()?.checked_mul(1_000)?.checked_add(digits.parse().ok()?)?;
    (value <= 1_000).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn chosen(header: &str) -> String {
        let labels = Labels {
            label: "Credit class".into(),
            others: [("de", "Bonität"), ("de-CH", "Bonitätsklasse"), ("it", "Classe")].map(|(tag, text)| (tag.into(), text.into())).into(),
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_str(header).unwrap());
        Languages::of(&headers).choose(&labels).to_owned()
    }

    #[test]
    fn the_dearest_language_there_is_wins() {
        assert_eq!(chosen("de"), "Bonität");
        assert_eq!(chosen("de-AT"), "Bonität");
        assert_eq!(chosen("DE-ch-1996"), "Bonitätsklasse");
        assert_eq!(chosen("fr, it;q=0.5, de;q=0.8"), "Bonität");
        assert_eq!(chosen("de;q=0, it"), "Classe");
        for nothing in ["*", "fr", "", "de;q=2", "de;q=x", ";;,,"] {
            assert_eq!(chosen(nothing), "Credit class", "{nothing}");
        }
    }
}
