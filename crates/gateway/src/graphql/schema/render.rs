//! The type system as async-graphql knows it: for validation, introspection and the printed schema.

use super::types::{InputField, Kind, ObjectType, OutputField, Scalar, TypeSystem};
use async_graphql::Value;
use async_graphql::dynamic::{
    Enum, EnumItem, Field, FieldFuture, InputObject, InputValue, Interface, InterfaceField, Object, ResolverContext,
    Scalar as DynamicScalar, Schema, SchemaBuilder, SchemaError, Subscription, SubscriptionField, SubscriptionFieldFuture, TypeRef,
};
use async_graphql::parser::types::{BaseType, Type};
use serde_json::Value as Json;

/// The name of the type whose fields are followed.
const SUBSCRIPTION: &str = "Subscription";

/// Resolves a field when async-graphql executes a document itself.
pub(crate) type Resolver = Box<dyn for<'a> Fn(ResolverContext<'a>) -> FieldFuture<'a> + Send + Sync>;

/// Makes the builder of the schema; `resolver` gives each field its resolver.
pub(crate) fn builder(types: &TypeSystem, resolver: &dyn Fn(&ObjectType, &OutputField) -> Resolver) -> SchemaBuilder {
    let mutation = types.object("Mutation").map(|_| "Mutation");
    let subscription = types.object(SUBSCRIPTION).map(|_| SUBSCRIPTION);
    let mut builder = Schema::build("Query", mutation, subscription);
    for definition in types.types() {
        let (name, description) = (definition.name.as_str(), definition.description.as_str());
        builder = match &definition.kind {
            Kind::Scalar { form, specified_by } => builder.register(scalar(name, description, *form, *specified_by)),
            Kind::Enum(values) => {
                let items = values.iter().map(|value| EnumItem::new(&value.name).description(&value.description));
                builder.register(Enum::new(name).description(description).items(items))
            }
            Kind::Input { one_of, fields } => {
                let input =
                    fields.iter().fold(InputObject::new(name).description(description), |input, field| input.field(input_value(field)));
                builder.register(if *one_of { input.oneof() } else { input })
            }
            Kind::Interface(fields) => {
                builder.register(fields.iter().fold(Interface::new(name).description(description), |interface, field| {
                    interface.field(InterfaceField::new(&field.name, type_ref(&field.ty)).description(&field.description))
                }))
            }
            Kind::Object(object) if name == SUBSCRIPTION => {
                let empty = Subscription::new(name).description(description);
                builder.register(object.fields.iter().fold(empty, |made, field| made.field(subscription_field(field))))
            }
            Kind::Object(object) => {
                let empty = Object::new(name).description(description);
                let empty = if object.node { empty.implement("Node") } else { empty };
                builder.register(object.fields.iter().fold(empty, |made, field| made.field(output_field(object, field, resolver))))
            }
        };
    }
    builder
}

/// The schema as text. The types' order is the registry's, hence the same on every run.
pub(crate) fn sdl(types: &TypeSystem) -> Result<String, SchemaError> {
    let schema = builder(types, &|_, _| Box::new(refuse)).finish()?;
    let options = async_graphql::SDLExportOptions::new().prefer_single_line_descriptions().include_specified_by().use_space_ident();
    Ok(schema.sdl_with_options(options))
}

/// Documents are executed by plan; async-graphql validates and introspects.
pub(crate) fn refuse(_: ResolverContext<'_>) -> FieldFuture<'_> {
    FieldFuture::new(async { Err::<Option<Value>, _>(async_graphql::Error::new("this field is executed by plan")) })
}

fn output_field(object: &ObjectType, field: &OutputField, resolver: &dyn Fn(&ObjectType, &OutputField) -> Resolver) -> Field {
    let made = Field::new(&field.name, type_ref(&field.ty), resolver(object, field)).description(&field.description);
    field.arguments.iter().fold(made, |made, argument| made.argument(input_value(argument)))
}

fn nothing(_: ResolverContext<'_>) -> SubscriptionFieldFuture<'_> {
    SubscriptionFieldFuture::new(async { Ok(futures_util::stream::empty::<async_graphql::Result<Value>>()) })
}

/// What is followed is followed by plan: async-graphql validates, and finds nothing to come.
fn subscription_field(field: &OutputField) -> SubscriptionField {
    let made = SubscriptionField::new(&field.name, type_ref(&field.ty), nothing).description(&field.description);
    field.arguments.iter().fold(made, |made, argument| made.argument(input_value(argument)))
}

fn input_value(field: &InputField) -> InputValue {
    let value = InputValue::new(&field.name, type_ref(&field.ty)).description(&field.description);
    match &field.default {
        Some(default) => value.default_value(default_value(default, &field.ty)),
        None => value,
    }
}

/// A default as it is printed: names of enum values stand without quotes.
fn default_value(json: &Json, ty: &Type) -> Value {
    match (json, &ty.base) {
        (Json::String(text), BaseType::Named(name))
            if !matches!(name.as_str(), "ID" | "String" | "Date" | "DateTime" | "Duration" | "Decimal" | "Long" | "JSON") =>
        {
            Value::Enum(async_graphql::Name::new(text))
        }
        (Json::Array(items), BaseType::List(inner)) => Value::List(items.iter().map(|item| default_value(item, inner)).collect()),
        _ => Value::from_json(json.clone()).unwrap_or_default(),
    }
}

fn scalar(name: &str, description: &str, form: Scalar, specified_by: Option<&str>) -> DynamicScalar {
    let made = DynamicScalar::new(name).description(description);
    let made = made.validator(move |value| value.clone().into_json().is_ok_and(|json| form.coerce(&json).is_some()));
    match specified_by {
        Some(url) => made.specified_by_url(url),
        None => made,
    }
}

pub(crate) fn type_ref(ty: &Type) -> TypeRef {
    let inner = match &ty.base {
        BaseType::Named(name) => TypeRef::named(name.as_str()),
        BaseType::List(inner) => TypeRef::List(Box::new(type_ref(inner))),
    };
    if ty.nullable { inner } else { TypeRef::NonNull(Box::new(inner)) }
}
