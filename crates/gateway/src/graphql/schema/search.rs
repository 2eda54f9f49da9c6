//! `search` and the types of its answer.

use super::nullable_items;
use super::types::{Definition, InputField, OutputField, Role, list, nullable, required, required_list};
use clientela_engine::search::MAXIMUM_QUERY;
use clientela_model::Registry;

/// Whether any resource is searched.
pub(super) fn is_there(registry: &Registry) -> bool {
    registry.resources().iter().any(|def| def.is_searched())
}

/// The root field.
pub(super) fn field(registry: &Registry) -> OutputField {
    let names: Vec<String> = registry.resources().iter().filter(|def| def.is_searched()).map(|def| format!("`{}`", def.name)).collect();
    let text = "Searches the words of records of all types, the best fit first. All words must be found; the last one need only begin so. Words in \
                quotes, or written together like an e-mail address, stand next to one another. Case and accents do not count, and no other sign has \
                a meaning. What was just written is found.";
    let words = format!("What to search for: at least one letter or digit, at most {MAXIMUM_QUERY} characters.");
    OutputField::new("search", nullable("SearchConnection"), Role::Search, text).with_arguments(vec![
        InputField::new("query", required("String"), words),
        InputField::new("resources", list("String"), format!("Where to search; everywhere where absent. There are {}.", names.join(", "))),
        InputField::new("first", nullable("Int"), "The first so many, 1 to 1000; 50 where absent."),
        InputField::new("after", nullable("String"), "Only what comes after this cursor."),
    ])
}

/// `SearchConnection`, `SearchEdge` and `SearchHighlight`.
pub(super) fn definitions() -> Vec<Definition> {
    let connection = vec![
        OutputField::new(
            "edges",
            required_list("SearchEdge"),
            Role::Edges,
            "The records that were found with their cursors, and where they were found.",
        ),
        OutputField::new(
            "nodes",
            nullable_items("Node"),
            Role::Nodes,
            "The records that were found; null in the place of one that has gone since.",
        ),
        OutputField::new("pageInfo", required("PageInfo"), Role::PageInfo, "Where the page stands in all that was found."),
    ];
    let edge = vec![
        OutputField::new("cursor", required("String"), Role::Cursor, "The record's place, for `after` of the same search."),
        OutputField::new("node", nullable("Node"), Role::Node, "The record; null where it has gone since it was found."),
        OutputField::new("highlights", required_list("SearchHighlight"), Role::Highlights, "The fields in which it was found."),
    ];
    let highlight = vec![
        OutputField::new("field", required("String"), Role::HighlightField, "The field's name."),
        OutputField::new(
            "html",
            required("String"),
            Role::HighlightHtml,
            "The field's text, or a part of a long one, as HTML that is safe to show: what was found stands in `<mark>`, everything else is escaped.",
        ),
    ];
    vec![
        Definition::object("SearchConnection", "A page of what was found.", false, connection),
        Definition::object("SearchEdge", "A record that was found.", false, edge),
        Definition::object("SearchHighlight", "A field in which a record was found.", false, highlight),
    ]
}
