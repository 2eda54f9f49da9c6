//! The mapping file: how the rows of a foreign file become records. TOML; `examples/import` has some to start from.

use super::Refusal;
use super::source::SourceOptions;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt;

/// Bytes of what is shown of a mistake.
const LONGEST_SHOWN: usize = 1_000;

/// A mapping, as it is written. [`super::Plan`] is what a checked one becomes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// How to read the file.
    #[serde(default)]
    pub source: SourceOptions,
    /// Tables of values by name, for `map = "name"`.
    #[serde(default)]
    pub map: BTreeMap<String, BTreeMap<String, Json>>,
    /// What each row gives, in order; later ones may refer to earlier ones.
    pub record: Vec<RecordMapping>,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// Names the line and what is allowed there.
    pub fn parse(text: &str) -> Result<Mapping, Refusal> {
        toml::from_str(text).map_err(|error| {
            // Shown with the line it stands in, unless that is longer than anybody reads.
            let shown = error.to_string();
            let shown = if shown.len() > LONGEST_SHOWN { error.message().chars().take(LONGEST_SHOWN).collect() } else { shown };
            Refusal::Mapping(format!("The mapping cannot be read: {shown}"))
        })
    }
}

/// One record that a row gives.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordMapping {
    /// The resource, such as `account`.
    pub resource: String,
    /// What other records of the row call it; the resource where left out.
    pub name: Option<String>,
    /// What tells the record again when the file is read another time.
    pub key: KeyMapping,
    /// The record is passed over where one of these columns is empty.
    #[serde(default)]
    pub when: Names,
    /// What it means if two rows have the same key.
    #[serde(default)]
    pub repeats: Repeats,
    /// Field by field, where its value comes from.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldMapping>,
}

/// What tells a record again: an external id, or a unique field.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyMapping {
    /// The system whose ids the file holds, such as `northwind`. With `column` or `template`.
    pub system: Option<String>,
    /// The column with the id.
    pub column: Option<String>,
    /// A text with `{column}` in it, where the id is made of several parts.
    pub template: Option<String>,
    /// Instead of a system: a field that is unique, such as a user's `email`, mapped under `fields`.
    pub field: Option<String>,
}

/// What it means if two rows have the same key.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Repeats {
    /// The same record may come again; one with other content is refused.
    #[default]
    Reject,
    /// The later row changes what the earlier one wrote.
    Update,
}

/// Where a field's value comes from: a column's name, or a rule.
#[derive(Clone, Debug)]
pub enum FieldMapping {
    /// The column, as it is.
    Column(String),
    /// By a rule.
    Rule(Box<FieldRule>),
}

/// Where a field's value comes from, and what is done with it on the way. It comes from one of `column`, `template`,
/// `value` and `record`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FieldRule {
    /// A column, or several of which the first that is not empty counts.
    pub column: Names,
    /// A text with `{column}` in it. Blanks that empty columns leave are dropped.
    pub template: Option<String>,
    /// The same for every row.
    pub value: Option<Json>,
    /// The id of another record of the same row, by its name.
    pub record: Option<String>,
    /// The text names another record: its id is looked up.
    pub reference: Option<ReferenceRule>,
    /// Takes a part of a person's name.
    pub split: Option<NamePart>,
    /// Changes the letters.
    pub case: Option<Case>,
    /// Replaces values: a table, or the name of one under `[map]`. A value that is not in it is refused, unless there is a
    /// default.
    pub map: Option<MapRule>,
    /// Where the column is empty, or its value is not in the map.
    pub default: Option<Json>,
    /// Forms of a date or a moment, tried in order, as strftime writes them: `%d.%m.%Y`.
    pub dates: Names,
    /// The IANA zone of moments without one; UTC where left out.
    pub zone: Option<String>,
    /// Separates the members of a set of texts; a comma where left out.
    pub separator: Option<String>,
    /// ISO 4217 code of an amount.
    pub currency: Option<String>,
    /// The column with the amount's currency.
    pub currency_column: Option<String>,
    /// What stands before the decimals of an amount or a number: `.` where left out.
    pub decimal: Option<char>,
}

/// How a text names another record.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceRule {
    /// Its resource; that of the field where left out.
    pub resource: Option<String>,
    /// The text is its id in this system.
    pub system: Option<String>,
    /// The text stands in this unique field.
    pub field: Option<String>,
    /// A text with `{}` for the value, where the ids in the system are made of several parts.
    pub template: Option<String>,
}

/// A part of a person's name. The last word is the last name, and what stands before a comma is, too.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum NamePart {
    /// All but the last name.
    First,
    /// The last name.
    Last,
}

/// Letters, large or small.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Case {
    /// ALL CAPITALS.
    Upper,
    /// no capitals.
    Lower,
    /// CAPITALS_WITH_UNDERSCORES, as options of a choice are written.
    UpperSnake,
}

/// A table of values, or its name.
#[derive(Clone, Debug)]
pub enum MapRule {
    /// Under `[map]`.
    Named(String),
    /// On the spot.
    Table(BTreeMap<String, Json>),
}

/// One name or several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl<'de> Deserialize<'de> for FieldMapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = FieldMapping;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column's name, or a table such as { column = \"country\", map = \"countries\" }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<FieldMapping, E> {
                Ok(FieldMapping::Column(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FieldMapping, A::Error> {
                FieldRule::deserialize(MapAccessDeserializer::new(map)).map(|rule| FieldMapping::Rule(Box::new(rule)))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for MapRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = MapRule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a table under [map], or a table")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<MapRule, E> {
                Ok(MapRule::Named(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MapRule, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(MapRule::Table)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of texts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Names, E> {
                Ok(Names(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = list.next_element()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_reads_as_it_is_meant() {
        let text = r#"
            [source]
            null = ["NULL"]
            [map.countries]
            Germany = "DE"
            [[record]]
            resource = "account"
            key = { system = "northwind", column = "customerID" }
            when = ["customerID", "companyName"]
            fields.name = "companyName"
            fields.kind = { value = "ORGANIZATION" }
            fields.industry = { column = ["industry", "branch"], map = { food = "FOOD" }, case = "lower" }
        "#;
        let mapping = Mapping::parse(text).unwrap();
        let record = &mapping.record[0];
        assert_eq!(record.when, Names(vec!["customerID".into(), "companyName".into()]));
        assert!(matches!(&record.fields["name"], FieldMapping::Column(column) if column == "companyName"));
        let FieldMapping::Rule(rule) = &record.fields["industry"] else { panic!("{record:?}") };
        assert_eq!((rule.column.0.len(), rule.case), (2, Some(Case::Lower)));
        assert!(matches!(&rule.map, Some(MapRule::Table(table)) if table["food"] == "FOOD"));
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let text = "[[record]]\nresource = \"account\"\nkey = { system = \"x\", colum = \"id\" }\n";
        let said = Mapping::parse(text).unwrap_err().to_string();
        assert!(said.contains("line 3") && said.contains("colum") && said.contains("column"), "{said}");
    }
}
