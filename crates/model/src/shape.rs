//! A shape: what goes into an operation or comes out of it, as data.

use crate::{FieldDef, FieldType};
use clientela_kernel::{Date, Id, Money, Name, RecordKey, Timestamp, Value};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// A structured value: the input or the output of an operation, or a part of one.
#[derive(Clone, Debug)]
pub struct ShapeDef {
    /// PascalCase. Parts are called by it on both APIs; an operation's own input and output are called after the operation.
    pub name: Name,
    /// What it holds.
    pub description: Name,
    /// Its fields, in order.
    pub fields: Vec<ShapeField>,
}

/// A field of a shape.
#[derive(Clone, Debug)]
pub struct ShapeField {
    /// camelCase, the same on both APIs.
    pub name: Name,
    /// Meaning, shape, units.
    pub description: Name,
    /// Whether it has a value. A list always has one; where it is left out it is empty.
    pub required: bool,
    /// What stands there.
    pub holds: Holds,
}

/// What stands in a field of a shape.
#[derive(Clone, Debug)]
pub enum Holds {
    /// One value. The definition is checked like a resource's field; `default` stands in where it is left out.
    Value(FieldDef),
    /// A list of values.
    Values {
        /// Each of them.
        item: FieldDef,
        /// Greatest number of them.
        most: usize,
    },
    /// A part.
    Shape(Arc<ShapeDef>),
    /// A list of parts.
    Shapes {
        /// Each of them.
        shape: Arc<ShapeDef>,
        /// Greatest number of them.
        most: usize,
    },
    /// A record, of which the operation gives the id: it is read as the caller may see it. In outputs alone.
    Record {
        /// Its resource.
        resource: Name,
    },
    /// A list of records; those that the caller may not see are left out. In outputs alone.
    Records {
        /// Their resource.
        resource: Name,
        /// Greatest number of them.
        most: usize,
    },
    /// A JSON document, which the operation gives as text. It is shown once: a repetition does not show it. In outputs alone.
    Document {
        /// What it looks like: a JSON Schema, as text.
        schema: Name,
    },
}

/// A shape's value, between the wire and the struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// One value, or the id of a record; null where there is nothing.
    Value(Value),
    /// A list.
    List(Vec<Content>),
    /// The fields of a shape, in order.
    Shape(Vec<Content>),
}

/// A Rust type that can stand in a shape.
pub trait ShapeValue: Sized {
    /// Out of what the definition let in; none where the two do not agree, which is a fault of the code.
    fn from_content(content: Content) -> Option<Self>;
    /// The other way round.
    fn into_content(self) -> Content;
}

/// A struct described by a definition; `derive(Shape)` implements it.
pub trait Shape: ShapeValue + Send + 'static {
    /// The definition, built anew.
    fn definition() -> ShapeDef;
}

impl ShapeDef {
    /// A field with its place.
    pub fn field(&self, name: &str) -> Option<(usize, &ShapeField)> {
        self.fields.iter().enumerate().find(|(_, field)| field.name == name)
    }

    /// An object of every field's example; records are left out.
    pub fn example(&self) -> Json {
        let fields = self.fields.iter().filter_map(|field| Some((field.name.to_string(), field.example()?)));
        Json::Object(fields.collect::<Map<_, _>>())
    }

    /// Whether it must hold what there is no example of: a document, or records.
    fn has_no_example(&self) -> bool {
        self.fields.iter().any(|field| match &field.holds {
            Holds::Document { .. } | Holds::Records { .. } => true,
            Holds::Record { .. } => field.required,
            Holds::Shape(shape) | Holds::Shapes { shape, .. } => shape.has_no_example(),
            Holds::Value(_) | Holds::Values { .. } => false,
        })
    }

    /// Calls `visit` with this shape and every part of it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a ShapeDef)) {
        visit(self);
        for shape in self.fields.iter().filter_map(ShapeField::part) {
            shape.walk(visit);
        }
    }

    /// Calls `change` with the definition of every value.
    pub(crate) fn each_value(&mut self, change: &mut dyn FnMut(&mut FieldDef)) {
        for field in &mut self.fields {
            match &mut field.holds {
                Holds::Value(value) | Holds::Values { item: value, .. } => change(value),
                Holds::Shape(shape) | Holds::Shapes { shape, .. } => Arc::make_mut(shape).each_value(change),
                Holds::Record { .. } | Holds::Records { .. } | Holds::Document { .. } => {}
            }
        }
    }
}

impl ShapeField {
    /// A field of one value.
    pub fn value(definition: FieldDef) -> ShapeField {
        let required = definition.required;
        let (name, description) = (definition.name.clone(), definition.description.clone());
        ShapeField { name, description, required, holds: Holds::Value(definition) }
    }

    /// The definition of its value or values.
    pub fn definition(&self) -> Option<&FieldDef> {
        match &self.holds {
            Holds::Value(definition) | Holds::Values { item: definition, .. } => Some(definition),
            _ => None,
        }
    }

    /// The part that stands there.
    pub fn part(&self) -> Option<&Arc<ShapeDef>> {
        match &self.holds {
            Holds::Shape(shape) | Holds::Shapes { shape, .. } => Some(shape),
            _ => None,
        }
    }

    /// Whether a list stands there.
    pub fn is_list(&self) -> bool {
        matches!(self.holds, Holds::Values { .. } | Holds::Shapes { .. } | Holds::Records { .. })
    }

    /// Whether it is shown once, and not when the request is repeated.
    pub fn is_shown_once(&self) -> bool {
        matches!(self.holds, Holds::Document { .. }) || self.definition().is_some_and(|definition| definition.secret)
    }

    /// Whether a caller must give it.
    pub fn required_on_input(&self) -> bool {
        self.required && !self.is_list() && self.definition().is_none_or(|definition| definition.default.is_none())
    }

    /// An example of what stands there; none for records.
    pub fn example(&self) -> Option<Json> {
        let of = |definition: &FieldDef| serde_json::from_str::<Json>(&definition.example).unwrap_or_default();
        match &self.holds {
            Holds::Value(definition) => Some(of(definition)),
            Holds::Values { item, .. } => Some(Json::Array(vec![of(item)])),
            // An example without a part that must be there would be none.
            Holds::Shape(shape) | Holds::Shapes { shape, .. } if shape.has_no_example() => None,
            Holds::Shape(shape) => Some(shape.example()),
            Holds::Shapes { shape, .. } => Some(Json::Array(vec![shape.example()])),
            Holds::Record { .. } | Holds::Records { .. } | Holds::Document { .. } => None,
        }
    }

    /// The choice among whose options its values are.
    pub fn choice(&self) -> Option<&crate::ChoiceDef> {
        match &self.definition()?.kind {
            FieldType::Choice(choice) => Some(choice),
            _ => None,
        }
    }
}

impl Content {
    /// Nothing.
    pub const NOTHING: Content = Content::Value(Value::Null);

    /// The value, if it is one.
    pub fn into_value(self) -> Option<Value> {
        match self {
            Content::Value(value) => Some(value),
            _ => None,
        }
    }
}

macro_rules! shape_values {
    ($($type:ty: $pattern:pat => $from:expr, $value:ident => $into:expr;)+) => {
        $(impl ShapeValue for $type {
            fn from_content(content: Content) -> Option<Self> {
                match content {
                    Content::Value($pattern) => Some($from),
                    _ => None,
                }
            }
            fn into_content(self) -> Content {
                let $value = self;
                Content::Value($into)
            }
        })+
    };
}

shape_values! {
    String: Value::Text(text) => text, text => Value::Text(text);
    bool: Value::Boolean(flag) => flag, flag => Value::Boolean(flag);
    i64: Value::Integer(number) => number, number => Value::Integer(number);
    Date: Value::Date(day) => day, day => Value::Date(day);
    Timestamp: Value::Instant(at) => at, at => Value::Instant(at);
    Money: Value::Money(money) => money, money => Value::Money(money);
    Id: Value::Id(id) => Id(id), id => Value::Id(id.0);
    RecordKey: Value::Record(key) => key, key => Value::Record(key);
}

impl<T: ShapeValue> ShapeValue for Option<T> {
    fn from_content(content: Content) -> Option<Self> {
        if content == Content::NOTHING { Some(None) } else { T::from_content(content).map(Some) }
    }

    fn into_content(self) -> Content {
        self.map_or(Content::NOTHING, T::into_content)
    }
}

impl<T: ShapeValue> ShapeValue for Vec<T> {
    fn from_content(content: Content) -> Option<Self> {
        match content {
            Content::List(items) => items.into_iter().map(T::from_content).collect(),
            _ => None,
        }
    }

    fn into_content(self) -> Content {
        Content::List(self.into_iter().map(T::into_content).collect())
    }
}

impl<T: ShapeValue> ShapeValue for Box<T> {
    fn from_content(content: Content) -> Option<Self> {
        T::from_content(content).map(Box::new)
    }

    fn into_content(self) -> Content {
        (*self).into_content()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_there_and_back() {
        fn round<T: ShapeValue + Clone + PartialEq + std::fmt::Debug>(value: T) {
            assert_eq!(T::from_content(value.clone().into_content()), Some(value));
        }
        round("a".to_owned());
        round(Some(7_i64));
        round(None::<i64>);
        round(vec![Some(true), None]);
        assert_eq!(i64::from_content(Content::Value(Value::Text("7".into()))), None);
        assert_eq!(String::from_content(Content::NOTHING), None, "nothing is not an empty text");
    }
}
