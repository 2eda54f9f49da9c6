//! Two small resources for the tests of this module.

use clientela_kernel::Name;
use clientela_model::{
    ChoiceDef, ChoiceOption, FieldDef, FieldType, Holds, OnDelete, OperationDef, OperationTarget, ReferenceDef, Registry, ResourceDef,
    ShapeDef, ShapeField, TextFormat, UniqueDef, system,
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
        options: ["RETAIL", "FOOD"].map(|name| ChoiceOption { name: name.into(), description: "One line.".into(), labels: None }).into(),
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
        personal: clientela_model::Personal::AsDeleted,
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
            FieldDef::new("rate", "rate", FieldType::Decimal { places: 2, min: 0, max: 10_000 }, "Rate.", "\"12.5\""),
            FieldDef::new("active", "active", FieldType::Boolean, "Whether active.", "true"),
            FieldDef::new("bornOn", "born_on", FieldType::Date, "Birthday.", "\"1980-05-17\""),
            FieldDef::new("balance", "balance", FieldType::Money, "Balance.", "{\"amount\": \"12.50\", \"currency\": \"EUR\"}"),
            FieldDef::new("patience", "patience", FieldType::Duration, "Patience.", "\"PT1H30M\""),
            FieldDef::new("tags", "tags", FieldType::TextSet { max_items: 20, max_length: 50 }, "Tags.", "[\"vip\"]"),
            secret,
        ],
    );
    contact.unique = vec![UniqueDef { index: "contact_name".into(), fields: vec!["name".into()] }];
    let field = |name: &'static str, holds| ShapeField { name: name.into(), description: "Part of it.".into(), required: true, holds };
    let call = ShapeDef {
        name: "PlannedCall".into(),
        description: "One call.".into(),
        fields: vec![ShapeField::value(FieldDef::new("at", "at", FieldType::Instant, "When.", "\"2026-01-31T08:15:00.000Z\""))],
    };
    let input = vec![
        ShapeField::value(FieldDef { required: true, ..text("subject", "subject") }),
        field("first", Holds::Shape(Arc::new(call.clone()))),
    ];
    let output = vec![
        field("contact", Holds::Record { resource: "contact".into() }),
        field("calls", Holds::Shapes { shape: Arc::new(call), most: 5 }),
    ];
    let shape = |name: &'static str, fields| ShapeDef { name: name.into(), description: "What goes in or comes out.".into(), fields };
    let plan = OperationDef {
        for_oneself: true,
        confidential: true,
        name: "planCalls".into(),
        verb: "plan-calls".into(),
        resource: "contact".into(),
        target: OperationTarget::Record,
        writes: true,
        address: None,
        description: "Plans calls with a contact.".into(),
        input: shape("Plan", input),
        output: shape("Planned", output),
    };
    Arc::new(Registry::with_operations(vec![account, contact], vec![plan]).expect("the fixture fits together"))
}
