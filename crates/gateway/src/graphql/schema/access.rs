//! `access` and the types of its answer.

use super::types::{Definition, EnumValue, InputField, Kind, OutputField, Role, nullable, required, required_list};
use clientela_kernel::{Depth, FieldAccess, Layer};

/// The root field.
pub(super) fn root() -> OutputField {
    OutputField::new(
        "access",
        nullable("RecordAccess"),
        Role::Access,
        "What somebody may do with the record with this id, whatever its type, living or deleted, and by which rules; null where there is none, or none \
         that you may see.",
    )
    .with_arguments(vec![
        InputField::new("id", required("ID"), "Id of a record of any type."),
        InputField::new(
            "principal",
            nullable("ID"),
            "Whose rights: the id of a user or an API key. Only administrators ask about others; your own where absent.",
        ),
        InputField::new("field", nullable("String"), "Of the fields only this one."),
    ])
}

/// The types of the answer.
pub(super) fn shared() -> Vec<Definition> {
    let part = |name: &'static str, ty, text: &str| OutputField::new(name, ty, Role::Member(name), text);
    let record = vec![
        part("id", required("ID"), "The record."),
        part("resource", required("String"), "What it is."),
        part("principal", required("ID"), "Whose rights they are."),
        part("actions", required_list("ActionAccess"), "Each action and each operation that is done with one record."),
        part("fields", required_list("FieldAccess"), "Each field that you may see."),
    ];
    let action = vec![
        part("action", required("String"), "The action, or the name of an operation."),
        part("allowed", required("Boolean"), "Whether it is allowed."),
        part(
            "grounds",
            required_list("AccessGround"),
            "The rules that took part. Those of different layers must all allow it; of one layer one is enough.",
        ),
    ];
    let field = vec![
        part("field", required("String"), "The field."),
        part("access", required("AccessLevel"), "What may be done with it."),
        part("grounds", required_list("AccessGround"), "The rules that took part."),
    ];
    let ground = vec![
        part("layer", required("AccessLayer"), "What kind of rule it is."),
        part("allows", required("Boolean"), "Whether it allows it for this record."),
        part("text", required("String"), "The rule in a sentence."),
        part("role", nullable("String"), "The key of the role that it belongs to."),
        part("resource", nullable("String"), "The resource that the right names; `*` for every one."),
        part("action", nullable("String"), "The action that the right names; `*` for every one."),
        part("depth", nullable("AccessDepth"), "How far the right reaches."),
        part("condition", nullable("String"), "The right's condition, for administrators."),
        part("shareIds", required_list("ID"), "The shares that allow it."),
    ];
    let value = |name: &str, description: &str| EnumValue { name: name.to_owned(), description: description.to_owned() };
    let layers = Layer::ALL.map(|(_, name, text)| value(name, text));
    let levels = FieldAccess::ALL.map(|(access, name)| {
        let text = match access {
            FieldAccess::Hidden => "Nothing: it is as if there were no such field.",
            FieldAccess::Masked => "To see that there is something.",
            FieldAccess::Read => "To read it.",
            FieldAccess::Write => "To read and to write it.",
        };
        value(name, text)
    });
    let depths = Depth::ALL.map(|(depth, name)| {
        let text = match depth {
            Depth::None => "Nobody's records.",
            Depth::Own => "One's own.",
            Depth::Team => "Those of the people in one's teams.",
            Depth::Subtree => "Those of the people in one's teams and in the teams below.",
            Depth::All => "Everybody's, and those that belong to nobody.",
        };
        value(name, text)
    });
    vec![
        Definition::object("RecordAccess", "What somebody may do with a record.", false, record),
        Definition::object("ActionAccess", "Whether an action is allowed with a record.", false, action),
        Definition::object("FieldAccess", "What may be done with a field of a record.", false, field),
        Definition::object("AccessGround", "A rule that took part in a decision.", false, ground),
        Definition::new("AccessLayer", "What kind of rule it is.", Kind::Enum(layers.into())),
        Definition::new("AccessLevel", "What may be done with a field.", Kind::Enum(levels.into())),
        Definition::new("AccessDepth", "Whose records a right reaches.", Kind::Enum(depths.into())),
    ]
}
