//! The relationship type: in what ways parties may stand to one another.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::Draft;
use clientela_kernel::{Context, FieldProblem, ProblemCode, Value};
use clientela_macros::{Choice, resource};
use clientela_model::Choice as _;

/// How many there may be at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Cardinality {
    /// At most one.
    One,
    /// Any number.
    Many,
}

/// A way in which parties stand to one another, named from both ends: the one *is parent of* the other, who *is child of* the
/// one. What a type allows is decided when it is made; to decide otherwise, make another.
#[resource(name = "relationshipType", prefix = "rlt", label = "name", common, unique("relationship_type_name_key", "name"))]
pub struct Model {
    /// What the `from` party is to the `to` party, so that it reads between their names.
    #[field(max = 100, folded, example = "\"buys for\"")]
    pub name: String,
    /// What the `to` party is to the `from` party. The same as `name`, where you leave it out of a symmetric type.
    #[field(max = 100, folded, derived, example = "\"has purchases made by\"")]
    pub inverse_name: String,
    /// What the type is about.
    #[field(max = 1_000, no_sort, example = "\"Who orders in whose name, with or without a written authority.\"")]
    pub description: Option<String>,
    /// To how many `to` parties one `from` party may stand in this way at one time.
    #[field(write = "immutable", default = "\"MANY\"", example = "\"MANY\"")]
    pub per_from: Cardinality,
    /// To how many `from` parties one `to` party may stand in this way at one time.
    #[field(write = "immutable", default = "\"MANY\"", example = "\"MANY\"")]
    pub per_to: Cardinality,
    /// Whether it is the same from both ends: knows, is married to. Then it counts from either end, and both names and both
    /// cardinalities are the same.
    // `symmetric` is a reserved word of SQL.
    #[field(name = "symmetric", write = "immutable", default = "false", example = "false")]
    pub is_symmetric: bool,
    /// Whether nobody may stand in this way to themselves through others: the parent of a parent is no child. A relationship that
    /// would close a circle is refused.
    #[field(write = "immutable", default = "false", example = "false")]
    pub acyclic: bool,
}

/// The rules of relationship types.
pub struct RelationshipTypeRules;

/// Whether at most one is allowed.
pub(crate) fn is_one(cardinality: &Value) -> bool {
    cardinality.as_text() == Some(Cardinality::One.as_str())
}

#[async_trait]
impl Rules for RelationshipTypeRules {
    fn derive(&self, _context: &Context, draft: &mut Draft) {
        if draft.get("inverseName").is_null() && draft.get("symmetric") == &Value::Boolean(true) {
            draft.set("inverseName", draft.get("name").clone());
        }
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        if draft.get("inverseName").is_null() && !draft.get("name").is_null() {
            let text = "inverseName is missing: say what the other party is to this one, such as \"child of\" for \"parent of\".";
            problems.push(FieldProblem::new("/inverseName", ProblemCode::Required, text));
        }
        if draft.get("symmetric") != &Value::Boolean(true) {
            return;
        }
        let mut differs = |left: &str, right: &str| {
            if draft.get(left) != draft.get(right) && !draft.get(right).is_null() {
                let text = format!("{right} is another than {left}, and a symmetric type is the same from both ends. Give both the same.");
                problems.push(FieldProblem::new(format!("/{right}"), ProblemCode::Contradiction, text));
            }
        };
        differs("name", "inverseName");
        differs("perFrom", "perTo");
        if draft.get("acyclic") == &Value::Boolean(true) {
            let text = "acyclic cannot be true of a symmetric type, where every relationship leads back. Leave one of the two out.";
            problems.push(FieldProblem::new("/acyclic", ProblemCode::Contradiction, text));
        }
    }
}
