//! What an answer shows of sensitive fields.

use super::layout::{Cell, Layout};
use super::render::Loaded;
use clientela_kernel::{Id, Result, Value};
use clientela_model::{ResourceDef, system};

/// Values of sensitive fields of one resource that somebody is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    /// The resource.
    pub(crate) resource: String,
    /// The fields.
    pub(crate) fields: Vec<String>,
    /// The records by their ids on the wire.
    pub(crate) records: Vec<String>,
    /// How many there are besides, of which nobody knows which.
    pub(crate) unnamed: u64,
}

impl Sight {
    fn of(def: &ResourceDef) -> Sight {
        Sight { resource: def.name.to_string(), fields: Vec::new(), records: Vec::new(), unnamed: 0 }
    }

    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.unnamed == 0
    }
}

impl Layout<'_> {
    /// The cells of sensitive fields that are shown as they are.
    fn sensitive(&self) -> impl Iterator<Item = &Cell<'_>> {
        self.cells.iter().filter(|cell| cell.field.sensitive && self.shows_plainly(cell))
    }

    /// What was read of sensitive fields, on this level and those below. Empty values tell nothing.
    pub(crate) fn sights(&self, loaded: &Loaded, sights: &mut Vec<Sight>) -> Result<()> {
        for cell in self.sensitive() {
            let def = self.def(cell.table)?;
            let id = self.cells.iter().find(|id| id.table == cell.table && id.field.name == system::ID);
            let mut sight = Sight { fields: vec![cell.field.name.to_string()], ..Sight::of(def) };
            for row in &loaded.rows {
                if row.is_null(cell.position)? {
                    continue;
                }
                match id.map(|id| row.uuid(id.position)).transpose()?.flatten() {
                    Some(id) => sight.records.push(Id(id).to_text(&def.prefix)),
                    None => sight.unnamed += 1,
                }
            }
            if !sight.is_empty() {
                sights.push(sight);
            }
        }
        for (child, page) in self.children.iter().zip(&loaded.children) {
            child.layout.sights(&page.loaded, sights)?;
        }
        Ok(())
    }

    /// What a record in memory shows of them.
    pub(crate) fn sights_of(&self, record: &[Value]) -> Vec<Sight> {
        let mut sights = Vec::new();
        for cell in self.sensitive().filter(|cell| cell.table == 0) {
            let Ok(def) = self.def(0) else { continue };
            if record.get(cell.index).is_none_or(Value::is_null) {
                continue;
            }
            let id = def.field_index(system::ID).and_then(|index| record.get(index)).and_then(Value::as_id);
            let records = id.map(|id| Id(id).to_text(&def.prefix)).into_iter().collect();
            sights.push(Sight { fields: vec![cell.field.name.to_string()], records, ..Sight::of(def) });
        }
        sights
    }
}
