//! A record by its members, each as its JSON text: most of them go into a file as they stand.

use clientela_kernel::{Error, Result};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The members of a JSON object, in their order.
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The JSON text of a member, which most likely stands at this place; `null` where there is none.
    pub(super) fn get(&self, place: usize, name: &str) -> &'a str {
        let named = |(key, _): &&(Cow<'a, str>, &'a RawValue)| key == name;
        let found = self.0.get(place).filter(named).or_else(|| self.0.iter().find(named));
        found.map_or("null", |(_, value)| value.get())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(48);
                while let Some((key, value)) = map.next_entry::<&str, &RawValue>()? {
                    members.push((Cow::Borrowed(key), value));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Object).map(Members)
    }
}

/// A JSON text that is a string, or `null`, as the text it stands for; anything else as it is.
pub(super) fn text(json: &str) -> Result<Cow<'_, str>> {
    let Some(inner) = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Ok(if json == "null" { "".into() } else { json.into() });
    };
    if !inner.contains('\\') {
        return Ok(inner.into());
    }
    serde_json::from_str::<String>(json).map(Cow::from).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_at_their_place_or_elsewhere() {
        let members: Members<'_> = serde_json::from_str(r#"{"name":"A \"b\"","employees":12,"city":null}"#).unwrap();
        assert_eq!(text(members.get(0, "name")).unwrap(), "A \"b\"");
        assert_eq!(text(members.get(0, "employees")).unwrap(), "12");
        assert_eq!(text(members.get(9, "city")).unwrap(), "");
        assert_eq!(text(members.get(1, "none")).unwrap(), "");
    }
}
