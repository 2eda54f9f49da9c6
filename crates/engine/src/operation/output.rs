//! Output: the content of a shape in wire form, and back where a repeated request is answered from memory.

use clientela_kernel::{Error, Id, Result, Value};
use clientela_model::{Content, FieldDef, Holds, Registry, ResourceDef, ShapeDef, ShapeField};
use clientela_store::Encoder;
use serde_json::{Map, Value as Json};

/// Appends the JSON of one value.
pub fn write_value(definition: &FieldDef, value: &Value, out: &mut Vec<u8>) {
    encoder(definition).write_value(value, out);
}

fn encoder(definition: &FieldDef) -> Encoder {
    // The resource matters to a record's own id alone, which no shape has.
    Encoder::new(&ResourceDef::default(), definition)
}

/// An output as it is remembered: records by their ids, what is shown once not at all.
pub(super) fn remembered(registry: &Registry, shape: &ShapeDef, content: &[Content]) -> Result<Json> {
    let mut object = Map::new();
    for (field, content) in shape.fields.iter().zip(content) {
        object.insert(field.name.to_string(), if field.is_shown_once() { Json::Null } else { json(registry, field, content)? });
    }
    Ok(Json::Object(object))
}

fn json(registry: &Registry, field: &ShapeField, content: &Content) -> Result<Json> {
    Ok(match (&field.holds, content) {
        (Holds::Values { .. } | Holds::Shapes { .. } | Holds::Records { .. }, Content::List(items)) => {
            Json::Array(items.iter().map(|item| json(registry, field, item)).collect::<Result<_>>()?)
        }
        (Holds::Value(definition) | Holds::Values { item: definition, .. }, Content::Value(value)) => {
            let mut text = Vec::new();
            write_value(definition, value, &mut text);
            serde_json::from_slice(&text).map_err(Error::internal)?
        }
        (Holds::Record { resource } | Holds::Records { resource, .. }, Content::Value(Value::Id(id))) => {
            Json::from(Id(*id).to_text(prefix(registry, resource)?))
        }
        (Holds::Shape(shape) | Holds::Shapes { shape, .. }, Content::Shape(fields)) => remembered(registry, shape, fields)?,
        _ => Json::Null,
    })
}

/// The other way round; none where the shape has changed since.
pub(super) fn recalled(registry: &Registry, shape: &ShapeDef, json: &Json) -> Option<Vec<Content>> {
    let object = json.as_object()?;
    shape.fields.iter().map(|field| content(registry, field, object.get(field.name.as_ref())?, false)).collect()
}

fn content(registry: &Registry, field: &ShapeField, json: &Json, inside: bool) -> Option<Content> {
    if let (true, false, Json::Array(items)) = (field.is_list(), inside, json) {
        return items.iter().map(|item| content(registry, field, item, true)).collect::<Option<_>>().map(Content::List);
    }
    if json.is_null() {
        return Some(Content::NOTHING);
    }
    match &field.holds {
        Holds::Value(definition) | Holds::Values { item: definition, .. } => encoder(definition).parse(json).map(Content::Value),
        Holds::Record { resource } | Holds::Records { resource, .. } => {
            let id = Id::parse(json.as_str()?, prefix(registry, resource).ok()?).ok()?;
            Some(Content::Value(Value::Id(id.0)))
        }
        Holds::Shape(shape) | Holds::Shapes { shape, .. } => recalled(registry, shape, json).map(Content::Shape),
        Holds::Document { .. } => None,
    }
}

fn prefix<'r>(registry: &'r Registry, resource: &str) -> Result<&'r str> {
    let def = registry.known(resource)?;
    Ok(&def.prefix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use clientela_kernel::Timestamp;
    use clientela_model::FieldType;
    use std::sync::Arc;
    use uuid::Uuid;

    #[test]
    fn what_is_remembered_is_recalled() {
        let registry = fixture::registry();
        let field = |name: &'static str, holds| ShapeField { name: name.into(), description: "It.".into(), required: true, holds };
        let number = FieldDef::new("weight", "weight", FieldType::Integer { min: 0, max: 9 }, "A number.", "1");
        let at = FieldDef::new("at", "at", FieldType::Instant, "A moment.", "null");
        let part = ShapeDef { name: "Part".into(), description: "A part.".into(), fields: vec![field("at", Holds::Value(at))] };
        let shape = ShapeDef {
            name: "Toy".into(),
            description: "A toy.".into(),
            fields: vec![
                field("weight", Holds::Value(number.clone())),
                field("weights", Holds::Values { item: number, most: 9 }),
                field("animal", Holds::Record { resource: "animal".into() }),
                field("animals", Holds::Records { resource: "animal".into(), most: 9 }),
                field("part", Holds::Shape(Arc::new(part.clone()))),
                field("parts", Holds::Shapes { shape: Arc::new(part), most: 9 }),
            ],
        };
        let id = || Content::Value(Value::Id(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001)));
        let number = |number| Content::Value(Value::Integer(number));
        let part = || Content::Shape(vec![Content::Value(Value::Instant(Timestamp(1_760_000_000_000)))]);
        let content = vec![
            number(3),
            Content::List(vec![number(1), number(2)]),
            Content::NOTHING,
            Content::List(vec![id()]),
            part(),
            Content::List(vec![part()]),
        ];
        let json = remembered(&registry, &shape, &content).unwrap();
        assert_eq!(json["weights"], serde_json::json!([1, 2]));
        assert!(json["animals"][0].as_str().unwrap().starts_with("ani_"));
        assert_eq!(recalled(&registry, &shape, &json), Some(content));
    }
}
