//! `#[resource]` turns a struct into a resource definition and a sea-orm entity; `derive(Choice)` turns an enum into the
//! options of a choice field, `derive(Shape)` a struct into what goes into an operation or comes out of it. They emit data,
//! never behaviour.

mod attributes;
mod choice;
mod field;
mod resource;
mod shape;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemStruct, parse_macro_input};

/// Describes a resource.
///
/// ```ignore
/// /// A company or household we deal with.
/// #[resource(name = "account", prefix = "acc", label = "name", owned, tagged)]
/// pub struct Model {
///     /// The name everybody uses.
///     #[field(max = 200, folded, example = "\"Alfreds Futterkiste\"")]
///     pub name: String,
/// }
/// ```
///
/// The system fields (`id`, `version`, …) are added. `Option` makes a field optional. Doc comments become the
/// descriptions on both APIs. Arguments: `name`, `plural`, `table` (where the name is a reserved word of SQL), `prefix`, `label`, `owned` (adds `ownerId`), `owner = "userId"` (whose records they are, for rights), `tagged` (adds `tags`),
/// `face = "party"`, `read_only`, `no_create`, `no_update`, `no_delete`, `mirror`, `content = "received"` or `"given"` (its records hold a
/// file that is sent to or fetched from `…/{id}/content`),
/// `unattachable` (no reference to any record points to it), `administrators_only` (nobody else sees its records), `common` (words that people from outside may read too), `checks_duplicates` (rules may refuse a new record that looks like another),
/// `digest = "sha256"` (each record has a content beside the database, known by the digest in this field), `reveals("secret", "…")`,
/// `unique(index, field, …)`,
/// `external_keys(system, value, record)` (its records are keys of other systems), `timeline(of, at, title, sort, shows)` (its records stand in
/// the timelines of parties: the fields that name the party, the moment, the title, the sort or state, and what is shown in their place).
///
/// Field types: `String` (`max`, `format`), `bool`, `i64` (`min`, `max`; `duration` for seconds shown as ISO 8601, `decimal = 2` for hundredths shown as decimal text, `min` and `max` then whole or such text), `Date`,
/// `Timestamp`, `Money`, `TextSet`, `Id` (`refers`, `inverse`, `inverse_description`, `on_delete`, `personal`: what an erased person takes along, and `same_id`: what it names has the record's own id), `AnyId` for a record of
/// any resource (`refers_any`, and the same but the last), and any enum with
/// `derive(Choice)`. Further arguments of `#[field(…)]`, all optional: `name` (where the column cannot have the field's name),
/// `example` and `default` (JSON texts), `derived` (rules fill it in), `write = "immutable"` or `"read_only"`, `folded`,
/// `secret`, `sensitive` (needs the scope of this name), `no_filter`, `no_sort`, `copy_of = "relation.field"` (rules keep it), `search = "name"`, `"detail"` or `"text"`
/// (the full-text search finds the record by it). `TextSet` takes `max_items` (50) and `max` (100 characters of each). `Money`, `TextSet` and `AnyId` are names the attribute knows; they need no import.
#[proc_macro_attribute]
pub fn resource(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as ItemStruct);
    resource::expand(arguments.into(), &item).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Describes a choice: each variant is an option, named UPPER_SNAKE, its doc comment the description.
#[proc_macro_derive(Choice)]
pub fn choice(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    choice::expand(&item).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Describes what goes into an operation, comes out of it, or is a part of either.
///
/// ```ignore
/// /// Where the party stands.
/// #[derive(Shape)]
/// pub struct Status {
///     /// The party's consents that count.
///     #[field(record = "consent", most = 50)]
///     pub consents: Vec<Id>,
/// }
/// ```
///
/// `Option` makes a field optional, `Vec` a list (`most`: how many members at most, 100 otherwise). Field types: `String`,
/// `bool`, `i64`, `Date`, `Timestamp`, `Money`, `Id` (`refers`), `RecordKey` (`refers_any`), any enum with `derive(Choice)`,
/// all with the arguments they have in `#[resource]`, `example` and `default`, in outputs `secret` (shown once, not remembered for a
/// repetition); another shape (`shape`); and in outputs
/// `Id` with `record = "resource"`: the record itself, read as the caller may see it; `Option<String>` with `document = "…"` (a JSON Schema): a
/// JSON document, shown once.
#[proc_macro_derive(Shape, attributes(field))]
pub fn shape(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    shape::expand(&item).unwrap_or_else(|error| error.to_compile_error()).into()
}
