//! Which operations can go side by side: those that have nothing to do with one another. What touches the record of an earlier
//! operation waits for that one.

use super::wire::reference;
use super::{BatchEntry, Step, Target};
use clientela_kernel::{Error, FieldProblem, Id, ProblemCode, Result};
use clientela_model::{ResourceDef, system};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;
use std::sync::Arc;

impl BatchEntry {
    /// The fields it gives.
    pub(super) fn body(&self) -> Option<&Map<String, Json>> {
        match &self.step {
            Step::Create { body } | Step::Update { body, .. } | Step::Upsert { body, .. } => Some(body),
            Step::Delete { .. } | Step::Restore { .. } => None,
        }
    }

    fn target(&self) -> Option<&Target> {
        match &self.step {
            Step::Update { id, .. } | Step::Delete { id, .. } | Step::Restore { id, .. } => Some(id),
            Step::Create { .. } | Step::Upsert { .. } => None,
        }
    }

    /// What its own record may be called by others.
    fn own(&self) -> Vec<String> {
        let mut own: Vec<String> = self.name.iter().map(|name| named(name)).collect();
        match (&self.step, self.target()) {
            (_, Some(Target::Id(id))) => own.push(record(*id)),
            (_, Some(Target::Named(name))) => own.push(named(name)),
            (Step::Create { body }, _) => {
                let id = body.get(system::ID).and_then(Json::as_str).and_then(|text| Id::parse(text, &self.def.prefix).ok());
                own.extend(id.map(record));
            }
            (Step::Upsert { by, .. }, _) => own.push(format!("key {} {} {}", self.def.name, by.key, by.value.to_lowercase())),
            _ => {}
        }
        own
    }

    /// The records its fields name.
    fn mentioned(&self) -> Vec<String> {
        let of = |json: &Json| match json {
            Json::String(text) => Id::prefix_of(text).and_then(|prefix| Id::parse(text, prefix).ok()).map(record),
            other => reference(other).map(named),
        };
        self.body().into_iter().flatten().filter(|(name, _)| *name != system::ID).filter_map(|(_, json)| of(json)).collect()
    }

    fn removes(&self) -> bool {
        matches!(self.step, Step::Delete { .. } | Step::Restore { .. })
    }
}

fn named(name: &str) -> String {
    format!("ref {name}")
}

fn record(id: Id) -> String {
    format!("id {}", id.0)
}

/// The operations in rounds, by index: what is in one round can go side by side, round after round. A deletion reaches other records,
/// so deletions do not mix with what comes before and after them.
pub(super) fn rounds(operations: &[Result<BatchEntry>]) -> Vec<Vec<usize>> {
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    // The first round that may touch a record again, and the first that may mention it.
    let (mut touch, mut mention): (HashMap<String, usize>, HashMap<String, usize>) = (HashMap::new(), HashMap::new());
    let (mut barrier, mut removing) = (0, None);
    for (index, operation) in operations.iter().enumerate() {
        let Ok(operation) = operation else { continue };
        if removing != Some(operation.removes()) {
            removing = Some(operation.removes());
            barrier = rounds.len();
        }
        let (own, mentioned) = (operation.own(), operation.mentioned());
        let free =
            |of: &HashMap<String, usize>, places: &[String]| places.iter().filter_map(|place| of.get(place)).copied().max().unwrap_or(0);
        let round = barrier.max(free(&touch, &own)).max(free(&mention, &mentioned));
        for place in own {
            // What changes a record without making it may go beside what merely names it.
            if matches!(operation.step, Step::Create { .. } | Step::Upsert { .. }) {
                mention.insert(place.clone(), round + 1);
            }
            touch.insert(place, round + 1);
        }
        while rounds.len() <= round {
            rounds.push(Vec::new());
        }
        if let Some(members) = rounds.get_mut(round) {
            members.push(index);
        }
    }
    rounds
}

/// Refuses references to operations that do not come before. `all` are the names of all operations there are.
pub(super) fn refuse_unknown(operation: &BatchEntry, known: &HashMap<String, Arc<ResourceDef>>, all: &[Option<&str>]) -> Result<()> {
    let mut problems = Vec::new();
    let mut look = |pointer: String, name: &str| {
        if known.contains_key(name) {
            return;
        }
        let text = if all.contains(&Some(name)) {
            format!("ref names {name:?}, which does not come before this operation. Put it first.")
        } else {
            format!("ref names {name:?}, and no operation is called so. Name the earlier one with \"as\": {name:?}.")
        };
        problems.push(FieldProblem::new(pointer, ProblemCode::ReferenceNotFound, text));
    };
    for (field, json) in operation.body().into_iter().flatten() {
        if let Some(name) = reference(json) {
            look(format!("{}/{field}/ref", operation.pointer), name);
        }
    }
    if let Some(Target::Named(name)) = operation.target() {
        look(format!("{}/id/ref", operation.pointer.trim_end_matches("/values")), name);
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::validation(problems)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn def() -> Arc<ResourceDef> {
        let mut def = ResourceDef::named("account");
        def.prefix = "acc".into();
        Arc::new(def)
    }

    fn create(name: Option<&str>, body: Json) -> Result<BatchEntry> {
        let Json::Object(body) = body else { panic!("no object") };
        Ok(BatchEntry { pointer: String::new(), name: name.map(str::to_owned), def: def(), step: Step::Create { body } })
    }

    fn on(id: u128, delete: bool) -> Result<BatchEntry> {
        let id = Target::Id(Id(uuid::Uuid::from_u128(id)));
        let step = if delete { Step::Delete { id, expected: None } } else { Step::Update { id, body: Map::new(), expected: None } };
        Ok(BatchEntry { pointer: String::new(), name: None, def: def(), step })
    }

    #[test]
    fn what_has_nothing_to_do_with_the_rest_goes_in_one_round() {
        assert_eq!(rounds(&[create(None, json!({})), create(None, json!({})), on(1, false), on(2, false)]), [vec![0, 1, 2, 3]]);
        assert_eq!(rounds(&[on(1, false), on(1, false), on(2, false), on(1, false)]), [vec![0, 2], vec![1], vec![3]]);
    }

    #[test]
    fn what_refers_to_an_earlier_one_comes_after_it() {
        let given = [
            create(Some("a"), json!({})),
            create(Some("b"), json!({"parentId": {"ref": "a"}})),
            create(None, json!({"parentId": {"ref": "b"}})),
        ];
        assert_eq!(rounds(&given), [vec![0], vec![1], vec![2]]);
    }

    #[test]
    fn deletions_keep_their_place() {
        assert_eq!(rounds(&[on(1, false), on(2, true), on(3, true), on(4, false)]), [vec![0], vec![1, 2], vec![3]]);
    }
}
