//! Input: a JSON object in wire form becomes the content of a shape, or a list of everything that is wrong with it.

use crate::filter::operand::{kind_of, nearest};
use crate::input;
use clientela_kernel::{Error, FieldProblem, ProblemCode, Result, Value};
use clientela_model::{Content, FieldDef, Holds, ShapeDef, ShapeField};
use serde_json::{Map, Value as Json};

/// Reads an operation's input. `VALIDATION_FAILED` names every field that is wrong.
pub(super) fn decode(shape: &ShapeDef, body: &Map<String, Json>) -> Result<Vec<Content>> {
    let mut problems = Vec::new();
    let content = object(shape, body, "", &mut problems);
    if problems.is_empty() { Ok(content) } else { Err(Error::validation(problems)) }
}

fn object(shape: &ShapeDef, body: &Map<String, Json>, at: &str, problems: &mut Vec<FieldProblem>) -> Vec<Content> {
    for name in body.keys().filter(|name| shape.field(name).is_none()) {
        let hint = nearest(name, shape.fields.iter().map(|field| field.name.as_ref()));
        let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        problems.push(FieldProblem::new(pointer, ProblemCode::UnknownField, format!("There is no field {name:?} here{hint}.")));
    }
    shape
        .fields
        .iter()
        .map(|field| {
            let pointer = format!("{at}/{}", field.name);
            let given = body.get(field.name.as_ref()).filter(|json| !json.is_null());
            content(field, given, &pointer, problems)
        })
        .collect()
}

fn content(field: &ShapeField, given: Option<&Json>, pointer: &str, problems: &mut Vec<FieldProblem>) -> Content {
    let wrong = |wanted: &str, json: &Json, problems: &mut Vec<FieldProblem>| {
        let detail = format!("{} must be {wanted}, not {}.", field.name, kind_of(json));
        problems.push(FieldProblem::new(pointer, ProblemCode::WrongType, detail));
        Content::NOTHING
    };
    match (&field.holds, given) {
        (Holds::Value(definition), given) => {
            let value = match given {
                Some(json) => value(definition, json, pointer, problems),
                None => Some(input::default(definition)),
            };
            if field.required && value == Some(Value::Null) {
                problems.push(missing(field, pointer));
            }
            Content::Value(value.unwrap_or_default())
        }
        (Holds::Values { .. } | Holds::Shapes { .. }, None) => Content::List(Vec::new()),
        (Holds::Values { item, most }, Some(Json::Array(items))) => {
            check_length(field, items.len(), *most, pointer, problems);
            let items = items.iter().take(*most).enumerate().map(|(index, json)| {
                let place = format!("{pointer}/{index}");
                let value = value(item, json, &place, problems);
                if value == Some(Value::Null) {
                    problems.push(missing(field, &place));
                }
                Content::Value(value.unwrap_or_default())
            });
            Content::List(items.collect())
        }
        (Holds::Shape(shape), Some(Json::Object(body))) => Content::Shape(object(shape, body, pointer, problems)),
        (Holds::Shape(_), None) => {
            if field.required {
                problems.push(missing(field, pointer));
            }
            Content::NOTHING
        }
        (Holds::Shapes { shape, most }, Some(Json::Array(items))) => {
            check_length(field, items.len(), *most, pointer, problems);
            let mut made = Vec::with_capacity(items.len().min(*most));
            for (index, json) in items.iter().take(*most).enumerate() {
                let place = format!("{pointer}/{index}");
                match json {
                    Json::Object(body) => made.push(Content::Shape(object(shape, body, &place, problems))),
                    other => {
                        let detail = format!("{} must be a list of objects; it holds {}.", field.name, kind_of(other));
                        problems.push(FieldProblem::new(place, ProblemCode::WrongType, detail));
                    }
                }
            }
            Content::List(made)
        }
        (Holds::Values { .. } | Holds::Shapes { .. }, Some(json)) => wrong("a list", json, problems),
        (Holds::Shape(_), Some(json)) => wrong("an object", json, problems),
        // The registry lets no records into an input.
        (Holds::Record { .. } | Holds::Records { .. } | Holds::Document { .. }, _) => Content::NOTHING,
    }
}

fn value(definition: &FieldDef, json: &Json, pointer: &str, problems: &mut Vec<FieldProblem>) -> Option<Value> {
    match input::read(definition, json, pointer) {
        Ok(value) => Some(value),
        Err(problem) => {
            problems.push(problem);
            None
        }
    }
}

fn missing(field: &ShapeField, pointer: &str) -> FieldProblem {
    FieldProblem::new(pointer, ProblemCode::Required, format!("{} must have a value.", field.name))
}

fn check_length(field: &ShapeField, length: usize, most: usize, pointer: &str, problems: &mut Vec<FieldProblem>) {
    if length > most {
        let detail = format!("{} has {length} members; {most} are allowed.", field.name);
        problems.push(FieldProblem::new(pointer, ProblemCode::TooLong, detail));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clientela_model::{FieldType, TextFormat};
    use serde_json::json;
    use std::sync::Arc;

    fn shape() -> ShapeDef {
        let text = |name: &'static str, required: bool| FieldDef {
            required,
            ..FieldDef::new(name, name, FieldType::Text { max: 5, format: TextFormat::Plain }, "A text.", "\"a\"")
        };
        let part = ShapeDef { name: "Part".into(), description: "A part.".into(), fields: vec![ShapeField::value(text("word", true))] };
        let field = |name: &'static str, holds| ShapeField { name: name.into(), description: "It.".into(), required: true, holds };
        let fields = vec![
            ShapeField::value(text("name", true)),
            ShapeField::value(FieldDef { default: Some("\"x\"".into()), ..text("mark", true) }),
            ShapeField::value(text("note", false)),
            field("words", Holds::Values { item: text("words", true), most: 2 }),
            field("part", Holds::Shape(Arc::new(part.clone()))),
            field("parts", Holds::Shapes { shape: Arc::new(part), most: 2 }),
        ];
        ShapeDef { name: "Toy".into(), description: "A toy.".into(), fields }
    }

    fn problems(body: Json) -> Vec<String> {
        let error = decode(&shape(), body.as_object().unwrap()).unwrap_err();
        error.fields().iter().map(|problem| format!("{} {}", problem.pointer, problem.code.as_str())).collect()
    }

    #[test]
    fn a_body_becomes_content_in_the_order_of_the_shape() {
        let text = |text: &str| Content::Value(text.into());
        let body = json!({ "part": { "word": "p" }, "name": "n", "words": ["a", "b"] });
        let content = decode(&shape(), body.as_object().unwrap()).unwrap();
        let part = || Content::Shape(vec![text("p")]);
        let words = Content::List(vec![text("a"), text("b")]);
        assert_eq!(content, [text("n"), text("x"), Content::NOTHING, words, part(), Content::List(Vec::new())]);
    }

    #[test]
    fn everything_that_is_wrong_is_named_with_its_place() {
        assert_eq!(problems(json!({})), ["/name REQUIRED", "/part REQUIRED"]);
        let part = json!({ "word": "p" });
        assert_eq!(problems(json!({ "name": " ", "mark": 7, "part": part })), ["/name REQUIRED", "/mark WRONG_TYPE"]);
        assert_eq!(problems(json!({ "name": "n", "part": part, "nmae": 1, "a/b": 1 })), ["/a~1b UNKNOWN_FIELD", "/nmae UNKNOWN_FIELD"]);
        assert_eq!(
            problems(json!({ "name": "n", "part": { "word": "longer" }, "parts": [part, {}], "words": ["", "b"] })),
            ["/words/0 REQUIRED", "/part/word TOO_LONG", "/parts/1/word REQUIRED"]
        );
        assert_eq!(problems(json!({ "name": "n", "part": part, "words": ["a", "b", "c"] })), ["/words TOO_LONG"]);
        assert_eq!(
            problems(json!({ "name": "n", "part": 3, "parts": {}, "words": "a" })),
            ["/words WRONG_TYPE", "/part WRONG_TYPE", "/parts WRONG_TYPE"]
        );
        assert_eq!(problems(json!({ "name": "n", "part": part, "parts": [1] })), ["/parts/0 WRONG_TYPE"]);
    }
}
