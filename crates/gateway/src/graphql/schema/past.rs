//! What was: histories, and the argument that reads records as they were.

use super::types::{Definition, EnumValue, InputField, Kind, OutputField, Role, nullable, required, required_list};

/// The types of histories.
pub(crate) fn shared() -> Vec<Definition> {
    let part = |name: &'static str, ty, text: &str| OutputField::new(name, ty, Role::Member(name), text);
    let page = vec![
        part("changes", required_list("RecordChange"), "The changes, the latest first."),
        part("hasMore", required("Boolean"), "Whether older changes follow."),
        part("next", nullable("String"), "Where to continue with `after`; null where there are no older changes."),
    ];
    let change = vec![
        part("version", required("Int"), "The record's version after the change."),
        part("kind", required("ChangeKind"), "What happened."),
        part("at", required("DateTime"), "When."),
        part("actor", required("ID"), "Who: the id of a user, an API key or the system itself."),
        part("client", nullable("String"), "The client program, as its credential names it."),
        part("requestId", required("String"), "The request that made it."),
        part("erased", required("Boolean"), "Whether what the change held was erased, or it is the erasure."),
        part("fields", required_list("FieldChange"), "The fields that changed."),
    ];
    let field = vec![
        part("field", required("String"), "The field's name."),
        part("before", nullable("JSON"), "Its value before, as REST shows it; null at creation."),
        part("after", nullable("JSON"), "Its value since."),
    ];
    let kinds = [
        ("CREATED", "It was made."),
        ("UPDATED", "Fields of it were changed."),
        ("DELETED", "It was deleted, and can be restored."),
        ("RESTORED", "It was brought back."),
        ("ERASED", "It was removed for good, with what its changes held."),
    ];
    let kinds = kinds.map(|(name, text)| EnumValue { name: name.to_owned(), description: text.to_owned() });
    vec![
        Definition::object("RecordHistory", "A page of the changes of a record.", false, page),
        Definition::object("RecordChange", "A change of a record.", false, change),
        Definition::object("FieldChange", "What a change did to a field.", false, field),
        Definition::new("ChangeKind", "What happened to a record.", Kind::Enum(kinds.into())),
    ]
}

/// The root field.
pub(crate) fn root() -> OutputField {
    OutputField::new(
        "history",
        nullable("RecordHistory"),
        Role::History,
        "The changes of the record with this id, whatever its type, field by field, also of a deleted one; null where there never was such a record.",
    )
    .with_arguments(vec![
        InputField::new("id", required("ID"), "Id of a record of any type."),
        InputField::new("first", nullable("Int"), "The latest so many changes, 0 to 1000; 50 where absent."),
        InputField::new("after", nullable("String"), "Only older ones than this place: `next` of the page before."),
    ])
}

/// The `asOf` argument.
pub(crate) fn as_of() -> InputField {
    InputField::new(
        "asOf",
        nullable("DateTime"),
        "As it was at this moment, replayed from the change log: own fields alone, without relations in selection, filter and order.",
    )
}
