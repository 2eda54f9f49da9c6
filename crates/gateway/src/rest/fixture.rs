//! Two small resources for the tests of this module.

use clientela_kernel::Name;
use clientela_model::{
    ChoiceDef, ChoiceOption, FieldDef, FieldType, OnDelete, ReferenceDef, Registry, ResourceDef, TextFormat, UniqueDef, system,
};
use std::sync::Arc;

fn resource(name: &'static str, prefix: &'static str, own: Vec<FieldDef>) -> ResourceDef {
    let mut def = ResourceDef::named(name);
    def.prefix = prefix.into();
    def.label = "name".into();
    def.description = format!("A {name}.").into();
    def.fields = system::fields(prefix);
    def.fields.extend(own);
    def
}

fn text(name: &'static str, column: &'static str) -> FieldDef {
    FieldDef::new(name, column, FieldType::Text { max: 200, format: TextFormat::Plain }, "A text.", "\"Example\"")
}

/// Accounts and contacts, with every field type.
pub(crate) fn registry() -> Arc<Registry> {
    let industry = ChoiceDef {
        name: "Industry".into(),
        description: "Lines of business.".into(),
        options: ["RETAIL", "FOOD"].map(|name| ChoiceOption { name: name.into(), description: "One line.".into() }).into(),
    };
    let mut name = text("name", "name");
    name.required = true;
    name.folded = true;
    let account = resource(
        "account",
        "acc",
        vec![name.clone(), FieldDef::new("industry", "industry", FieldType::Choice(industry), "Its business.", "\"RETAIL\"")],
    );
    let reference = ReferenceDef {
        target: "account".into(),
        relation: "account".into(),
        inverse: Some("contacts".into()),
        inverse_description: "Its people.".into(),
        on_delete: OnDelete::Clear,
        prefix: Name::default(),
        table: "".into(),
        also_accepts: Vec::new(),
    };
    let mut secret = text("passwordHash", "password_hash");
    secret.secret = true;
    let mut contact = resource(
        "contact",
        "con",
        vec![
            name,
            FieldDef::new("accountId", "account_id", FieldType::Reference(reference), "Its account.", "\"acc_01h455vb4pex5vsknk084sn02q\""),
            FieldDef::new("employees", "employees", FieldType::Integer { min: 0, max: 1_000_000 }, "How many.", "12"),
            FieldDef::new("active", "active", FieldType::Boolean, "Whether active.", "true"),
            FieldDef::new("bornOn", "born_on", FieldType::Date, "Birthday.", "\"1980-05-17\""),
            FieldDef::new("balance", "balance", FieldType::Money, "Balance.", "{\"amount\": \"12.50\", \"currency\": \"EUR\"}"),
            FieldDef::new("patience", "patience", FieldType::Duration, "Patience.", "\"PT1H30M\""),
            FieldDef::new("tags", "tags", FieldType::TextSet { max_items: 20, max_length: 50 }, "Tags.", "[\"vip\"]"),
            secret,
        ],
    );
    contact.unique = vec![UniqueDef { index: "contact_name".into(), fields: vec!["name".into()] }];
    Arc::new(Registry::new(vec![account, contact]).expect("the fixture fits together"))
}
