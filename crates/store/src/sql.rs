//! A statement under construction: text and bound values. Identifiers come from definitions, which the registry has
//! checked; everything a caller gave is bound.

use crate::Dialect;
use clientela_kernel::Value;
use uuid::Uuid;

/// A bound value.
#[derive(Clone, Debug)]
pub enum Argument {
    /// A field value.
    Value(Value),
    /// A set of ids, as one parameter.
    Ids(Vec<Uuid>),
    /// A set of texts, as one parameter.
    Texts(Vec<String>),
    /// Text that is JSON.
    Json(String),
}

/// SQL text with its arguments.
#[derive(Clone, Debug)]
pub struct Sql {
    /// The dialect the text is for.
    pub dialect: Dialect,
    /// The text.
    pub text: String,
    /// The arguments, in the order of their placeholders.
    pub arguments: Vec<Argument>,
}

impl Sql {
    /// An empty statement.
    pub fn new(dialect: Dialect) -> Self {
        Sql { dialect, text: String::with_capacity(512), arguments: Vec::new() }
    }

    /// Appends text made of definitions and keywords.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a placeholder and binds its value.
    pub fn bind(&mut self, argument: Argument) -> &mut Self {
        self.arguments.push(argument);
        self.text.push(if self.dialect == Dialect::Postgres { '$' } else { '?' });
        let number = self.arguments.len();
        self.push_number(number)
    }

    /// Appends a placeholder for a field value.
    pub fn value(&mut self, value: &Value) -> &mut Self {
        self.bind(Argument::Value(value.clone()))
    }

    /// Appends a number.
    pub fn push_number(&mut self, number: usize) -> &mut Self {
        use std::fmt::Write as _;
        let _ = write!(self.text, "{number}");
        self
    }

    /// Appends `tN.column`.
    pub fn column(&mut self, table: usize, column: &str) -> &mut Self {
        self.text.push('t');
        self.push_number(table);
        self.text.push('.');
        self.push(column)
    }
}
