//! Two small resources for the tests of this crate.

use clientela_kernel::Name;
use clientela_model::{FieldDef, FieldType, OnDelete, ReferenceDef, Registry, ResourceDef, TextFormat, system};

/// Accounts with contacts.
pub(crate) fn registry() -> Registry {
    let text = || FieldType::Text { max: 200, format: TextFormat::Plain };
    let account = resource(
        "account",
        "acc",
        vec![
            FieldDef { required: true, folded: true, ..field("name", text()) },
            field("industry", text()),
            field("closeOn", FieldType::Date),
            field("revenue", FieldType::Money),
            field("tags", FieldType::TextSet { max_items: 9, max_length: 20 }),
        ],
    );
    let mut contact = resource(
        "contact",
        "con",
        vec![
            FieldDef { required: true, ..field("lastName", text()) },
            field(
                "accountId",
                FieldType::Reference(ReferenceDef {
                    target: "account".into(),
                    relation: "account".into(),
                    inverse: Some("contacts".into()),
                    inverse_description: Name::default(),
                    on_delete: OnDelete::Clear,
                    personal: clientela_model::Personal::AsDeleted,
                    prefix: Name::default(),
                    table: "".into(),
                    also_accepts: Vec::new(),
                }),
            ),
            field(
                "ownerId",
                FieldType::Reference(ReferenceDef {
                    target: "account".into(),
                    relation: "owner".into(),
                    inverse: None,
                    inverse_description: Name::default(),
                    on_delete: OnDelete::Clear,
                    personal: clientela_model::Personal::AsDeleted,
                    prefix: Name::default(),
                    table: "".into(),
                    also_accepts: Vec::new(),
                }),
            ),
        ],
    );
    contact.owner = Some("ownerId".into());
    Registry::new(vec![account, contact]).unwrap()
}

fn resource(name: &str, prefix: &'static str, fields: Vec<FieldDef>) -> ResourceDef {
    let mut def = ResourceDef::named(name);
    def.prefix = prefix.into();
    def.description = "A thing.".into();
    def.fields = system::fields(prefix).into_iter().chain(fields).collect();
    def
}

fn field(name: &'static str, kind: FieldType) -> FieldDef {
    FieldDef::new(name, clientela_model::naming::snake(name), kind, "A field.", "null")
}
