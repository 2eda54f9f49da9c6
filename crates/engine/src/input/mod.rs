//! Input: a JSON object in wire form becomes field values, or a list of everything that is wrong with it.

mod country;
mod format;
mod value;

/// Checks a text against a form; the error completes "must be …".
pub use format::check as check_format;
pub(crate) use value::read;
pub use value::{LARGEST_WHOLE_NUMBER, whole_number};

use crate::filter::operand::{kind_of, nearest};
use clientela_access::FieldMask;
use clientela_kernel::{FieldProblem, Id, ProblemCode, Value, id::IdProblem};
use clientela_model::{FieldDef, ResourceDef, WriteMode, document, system};
use serde_json::{Map, Value as Json};

/// Field values by index, as a body gives them.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    /// A client-minted id.
    pub(crate) id: Option<Id>,
    /// Values by field index.
    pub(crate) values: Vec<(usize, Value)>,
    /// Everything that is wrong.
    pub(crate) problems: Vec<FieldProblem>,
}

/// Whether a body makes a record or patches one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Create,
    Patch,
}

/// Reads a body against the definition.
pub(crate) fn decode(def: &ResourceDef, mask: &FieldMask, body: &Map<String, Json>, mode: Mode) -> Decoded {
    let mut decoded = Decoded::default();
    for (name, json) in body {
        if name == document::NAME && def.document().is_some() {
            decoded.own(def, mask, json, mode);
        } else {
            decoded.field(def, mask, name, json, mode);
        }
    }
    decoded
}

impl Decoded {
    /// Reads the tenant's own fields; null empties all of them.
    fn own(&mut self, def: &ResourceDef, mask: &FieldMask, json: &Json, mode: Mode) {
        match json {
            Json::Object(fields) => {
                for (name, json) in fields {
                    self.field(def, mask, &format!("{}{name}", document::PREFIX), json, mode);
                }
            }
            Json::Null => {
                for (_, field) in def.custom_fields().filter(|(_, field)| mask.writes(field) && writable(field, mode)) {
                    self.field(def, mask, &field.name, &Json::Null, mode);
                }
            }
            other => {
                let detail = format!("custom must be an object of your own fields, not {}.", kind_of(other));
                self.problems.push(FieldProblem::new("/custom", ProblemCode::WrongType, detail));
            }
        }
    }

    /// Reads one field.
    fn field(&mut self, def: &ResourceDef, mask: &FieldMask, name: &str, json: &Json, mode: Mode) {
        let decoded = self;
        let spelled = name.replace('~', "~0").replace('/', "~1");
        let pointer = match spelled.strip_prefix(document::PREFIX) {
            Some(own) if def.document().is_some() => format!("/{}/{own}", document::NAME),
            _ => format!("/{spelled}"),
        };
        let Some((index, field)) = def.field_index(name).zip(def.field(name)).filter(|(_, field)| mask.shows(field)) else {
            let hint = nearest(
                name,
                def.fields.iter().filter(|field| writable(field, mode) && mask.writes(field)).map(|field| field.name.as_ref()),
            );
            let detail = format!("{} has no field {name:?}{hint}.", def.name);
            decoded.problems.push(FieldProblem::new(pointer, ProblemCode::UnknownField, detail));
            return;
        };
        if name == system::ID {
            decoded.client_id(def, json, mode, pointer);
            return;
        }
        if !mask.writes(field) {
            let detail = format!("{name} cannot be written with your rights; leave it out.");
            decoded.problems.push(FieldProblem::new(pointer, ProblemCode::ReadOnly, detail));
            return;
        }
        match field.write {
            WriteMode::ReadOnly => {
                let detail = format!("{name} is set by the server and cannot be written; leave it out.");
                decoded.problems.push(FieldProblem::new(pointer, ProblemCode::ReadOnly, detail));
            }
            WriteMode::Immutable if mode == Mode::Patch => {
                let detail = format!("{name} is set when the record is created and cannot be changed; leave it out.");
                decoded.problems.push(FieldProblem::new(pointer, ProblemCode::Immutable, detail));
            }
            WriteMode::Writable | WriteMode::Immutable => match value::read(field, json, &pointer) {
                Ok(Value::Null) if field.required && (mode == Mode::Patch || field.default.is_none()) => {
                    decoded.problems.push(required(field));
                }
                Ok(value) => decoded.values.push((index, value)),
                Err(problem) => decoded.problems.push(problem),
            },
        }
    }
}

/// What a field has when a new record's body does not name it.
pub(crate) fn default(field: &FieldDef) -> Value {
    let json = field.default.as_ref().and_then(|text| serde_json::from_str(text).ok());
    json.and_then(|json| value::read(field, &json, "").ok()).unwrap_or_default()
}

/// The problem of a missing value.
pub(crate) fn required(field: &FieldDef) -> FieldProblem {
    FieldProblem::new(field.pointer(), ProblemCode::Required, format!("{} must have a value.", field.name))
}

fn writable(field: &FieldDef, mode: Mode) -> bool {
    match field.write {
        WriteMode::Writable => true,
        WriteMode::Immutable => mode == Mode::Create,
        WriteMode::ReadOnly => false,
    }
}

impl Decoded {
    fn client_id(&mut self, def: &ResourceDef, json: &Json, mode: Mode, pointer: String) {
        if mode == Mode::Patch {
            let detail = "id names the record and cannot be changed; leave it out.";
            self.problems.push(FieldProblem::new(pointer, ProblemCode::Immutable, detail));
            return;
        }
        match json {
            Json::Null => {}
            Json::String(text) => match own_id(def, text, &pointer) {
                Ok(id) => self.id = Some(id),
                Err(problem) => self.problems.push(problem),
            },
            _ => self.problems.push(FieldProblem::new(pointer, ProblemCode::InvalidFormat, "id is a text.")),
        }
    }
}

/// The id of a record of this resource, as a caller writes it.
pub(crate) fn own_id(def: &ResourceDef, text: &str, pointer: &str) -> Result<Id, FieldProblem> {
    let problem = match Id::parse(text, &def.prefix) {
        Ok(id) => return Ok(id),
        Err(IdProblem::Malformed) => format!("{text:?} is not a TypeID; it must be {}_ and 26 characters of base 32.", def.prefix),
        Err(IdProblem::OtherPrefix) => format!("{text:?} has another resource's prefix; {} ids start with {}_.", def.name, def.prefix),
        Err(IdProblem::NotVersion7) => format!("{text:?} does not hold a UUID of version 7."),
    };
    Err(FieldProblem::new(pointer, ProblemCode::InvalidFormat, problem))
}
