//! The full-text search: one document for each searched record, written by the statement that writes the record.
//!
//! Words are cut and folded by us (`kernel::words`) and are handed to the databases as they are, so that both find the same, whatever
//! language or collation they are set to. Each word begins with a mark of its tenant: an index over all tenants then leads to
//! the tenant's own entries, and common words of others cost nothing. What a caller wrote never stands in a query but as such words: letters
//! and digits in quotes.

mod query;
mod write;

pub use query::{SearchHit, SearchQuery, SearchTerm};
pub(crate) use write::{WIDTH, documents, removals, vector_of};

use clientela_kernel::Value;
use clientela_kernel::{TenantId, words::words};
use clientela_model::{FieldType, ResourceDef, SearchWeight, TextFormat};

/// Table of the documents.
const TABLE: &str = "search_document";

/// Greatest number of bytes of a document's words: a record is found by the first of a longer text.
const LONGEST: usize = 400_000;

/// What a change of a record does to its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchChange {
    /// It is found by these words from now on.
    Put(SearchText),
    /// It is found no longer.
    Remove,
}

/// A document: folded words with blanks between, by how much they count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchText {
    /// Of names.
    name: String,
    /// Of details.
    detail: String,
    /// Of texts.
    text: String,
}

impl SearchText {
    /// The document of a record, every field by index; none where it has no words.
    pub fn of(def: &ResourceDef, record: &[Value]) -> Option<SearchText> {
        let mut document = SearchText::default();
        let mut room = LONGEST;
        for (index, field, weight) in def.searched_fields() {
            let Some(text) = record.get(index).and_then(Value::as_text) else { continue };
            let into = match weight {
                SearchWeight::Name => &mut document.name,
                SearchWeight::Detail => &mut document.detail,
                SearchWeight::Text => &mut document.text,
            };
            for word in searched_words(&field.kind, text) {
                if word.len() + 1 > room {
                    break;
                }
                room -= word.len() + 1;
                if !into.is_empty() {
                    into.push(' ');
                }
                into.push_str(&word);
            }
        }
        let parts = [&document.name, &document.detail, &document.text];
        parts.iter().any(|part| !part.is_empty()).then_some(document)
    }
}

/// The words by which a field is found. A telephone number is one word besides its groups, since nobody remembers how another
/// has grouped it.
pub fn searched_words(kind: &FieldType, text: &str) -> Vec<String> {
    let mut found: Vec<String> = words(text).into_iter().map(|word| word.folded).collect();
    if matches!(kind, FieldType::Text { format: TextFormat::Phone, .. }) && found.len() > 1 {
        found.push(found.iter().flat_map(|word| word.chars()).filter(char::is_ascii_digit).collect());
    }
    found
}

/// The mark with which every word of a tenant begins: the end of its id, which is random.
fn mark(tenant: TenantId) -> String {
    let text = tenant.0.simple().to_string();
    text.get(26..).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_however_it_is_grouped() {
        let phone = FieldType::Text { max: 40, format: TextFormat::Phone };
        assert_eq!(searched_words(&phone, "+43 512 555-0101"), ["43", "512", "555", "0101", "435125550101"]);
        assert_eq!(searched_words(&phone, "112"), ["112"]);
        assert_eq!(mark(TenantId(uuid::Uuid::from_u128(0xabcdef))), "abcdef");
    }
}
