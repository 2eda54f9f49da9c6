//! Bodies whose null members are taken for members that are left out.

use serde_json::Value as Json;
use utoipa::openapi::schema::{OneOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Object, ObjectBuilder, RefOr};

/// Lets every member of the body that need not be there be null.
pub(super) fn members(body: ObjectBuilder) -> Object {
    let mut body = body.build();
    for (name, member) in &mut body.properties {
        if !body.required.contains(name) {
            or_null(member);
        }
    }
    body
}

fn or_null(member: &mut RefOr<Schema>) {
    match member {
        RefOr::T(Schema::Object(object)) => {
            object.schema_type = with_null(&object.schema_type);
            if let Some(values) = &mut object.enum_values {
                values.push(Json::Null);
            }
        }
        RefOr::T(Schema::Array(array)) => array.schema_type = with_null(&array.schema_type),
        RefOr::T(Schema::OneOf(choice)) => choice.items.push(null()),
        RefOr::T(_) => {}
        RefOr::Ref(_) => {
            let choice = OneOfBuilder::new().item(member.clone()).item(null()).build();
            *member = RefOr::T(Schema::OneOf(choice));
        }
    }
}

fn null() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Null).into()
}

fn with_null(schema_type: &SchemaType) -> SchemaType {
    match schema_type {
        SchemaType::Type(one) => SchemaType::from_iter([one.clone(), Type::Null]),
        SchemaType::Array(several) => SchemaType::from_iter(several.iter().cloned().chain([Type::Null])),
        SchemaType::AnyValue => SchemaType::AnyValue,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use utoipa::openapi::{ArrayBuilder, Ref};

    #[test]
    fn what_need_not_be_there_may_be_null() {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let body = ObjectBuilder::new()
            .property("must", text())
            .required("must")
            .property("text", text().enum_values(Some(["one"])))
            .property("list", ArrayBuilder::new().items(text()))
            .property("other", Ref::from_schema_name("Filter"));
        let body = serde_json::to_value(members(body)).unwrap();
        assert_eq!(body["properties"]["must"], json!({ "type": "string" }));
        assert_eq!(body["properties"]["text"], json!({ "type": ["string", "null"], "enum": ["one", null] }));
        assert_eq!(body["properties"]["list"]["type"], json!(["array", "null"]));
        assert_eq!(body["properties"]["other"]["oneOf"], json!([{ "$ref": "#/components/schemas/Filter" }, { "type": "null" }]));
    }
}
