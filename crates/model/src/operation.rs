//! An operation: a business verb, as data. What it does is the engine's to run.

use crate::{Shape, ShapeDef};
use clientela_kernel::Name;

/// The definition of an operation, written once and read by both APIs.
#[derive(Clone, Debug)]
pub struct OperationDef {
    /// camelCase: the field of GraphQL's `Mutation`, or of `Query` where it only reads.
    pub name: Name,
    /// kebab-case: the last part of its address on REST.
    pub verb: Name,
    /// The resource whose rights it needs and whose address it hangs on.
    pub resource: Name,
    /// Its address on REST, where it is not the one that follows from the resource and the verb.
    pub address: Option<Name>,
    /// What it is done with.
    pub target: OperationTarget,
    /// Whether it writes.
    pub writes: bool,
    /// Whether it is about the caller alone, so that no role is asked: whoever is signed in may, within the scopes of the credential.
    pub for_oneself: bool,
    /// Whether its input holds a secret. An idempotency key is then bound to the operation and not to what it was given, of which no
    /// trace is kept.
    pub confidential: bool,
    /// What it does.
    pub description: Name,
    /// What it takes.
    pub input: ShapeDef,
    /// What comes of it.
    pub output: ShapeDef,
}

/// What an operation is done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationTarget {
    /// One living record: `POST /v1/{resources}/{id}/{verb}`, and `id` in GraphQL's input.
    Record,
    /// None: `POST /v1/{resources}/{verb}`.
    Collection,
}

impl OperationDef {
    /// An operation that writes: a mutation in GraphQL. It is done with no record unless [`Self::on_record`] says so.
    pub fn writing<I: Shape, O: Shape>(name: &'static str, resource: &'static str, verb: &'static str, description: &'static str) -> Self {
        OperationDef {
            name: name.into(),
            verb: verb.into(),
            resource: resource.into(),
            address: None,
            target: OperationTarget::Collection,
            writes: true,
            for_oneself: false,
            confidential: false,
            description: description.into(),
            input: I::definition(),
            output: O::definition(),
        }
    }

    /// An operation that only reads: a query in GraphQL, and a `POST` like any other on REST.
    pub fn reading<I: Shape, O: Shape>(name: &'static str, resource: &'static str, verb: &'static str, description: &'static str) -> Self {
        OperationDef { writes: false, ..OperationDef::writing::<I, O>(name, resource, verb, description) }
    }

    /// It is done with one record of its resource.
    #[must_use]
    pub fn on_record(self) -> Self {
        OperationDef { target: OperationTarget::Record, ..self }
    }

    /// It has this address on REST.
    #[must_use]
    pub fn at(self, address: &'static str) -> Self {
        OperationDef { address: Some(address.into()), ..self }
    }

    /// Its address on REST, by that of its resource (`/v1/accounts`): with `{id}` where it is done with one record.
    pub fn path(&self, resource: &str) -> String {
        match &self.address {
            Some(address) => address.to_string(),
            None => format!("{resource}{}/{}", if self.is_on_record() { "/{id}" } else { "" }, self.verb),
        }
    }

    /// It is about the caller alone, and needs no right.
    #[must_use]
    pub fn for_oneself(self) -> Self {
        OperationDef { for_oneself: true, ..self }
    }

    /// Its input holds a secret.
    #[must_use]
    pub fn confidential(self) -> Self {
        OperationDef { confidential: true, ..self }
    }

    /// Whether it is done with one record.
    pub fn is_on_record(&self) -> bool {
        self.target == OperationTarget::Record
    }
}
