//! Creating or changing the record that has a key.

use super::change::Gathering;
use super::run::{Attempt, Write, version_of};
use super::{Expected, UpsertMode};
use crate::input;
use crate::key::{Key, RecordBy};
use crate::{ids, module::Draft};
use clientela_access::{Action, authorize};
use clientela_kernel::{Error, ErrorCode, FieldProblem, Id, ProblemCode, RecordKey, Result, Value};
use clientela_model::{WriteMode, naming, system};
use clientela_store::ChangeKind;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;

impl Write<'_> {
    /// Changes the record that has the key, or creates one.
    pub(super) async fn upsert(
        &self,
        by: &RecordBy,
        body: &Map<String, Json>,
        mode: UpsertMode,
        expected: Option<Expected>,
    ) -> Result<Attempt> {
        let def = self.def();
        let key = Key::read(&self.inner.registry, &self.grant.fields, def, by)?;
        let Some(before) = self.inner.by_key(self.context, self.scope, def, &key).await? else {
            if mode == UpsertMode::UpdateOnly || expected.is_some() {
                let text = format!(
                    "There is no {} with {}, and the request is to change one only. Let it create one, or check the key.",
                    naming::words(&def.name),
                    key.words()
                );
                return Err(Error::new(ErrorCode::VersionConflict, text));
            }
            return self.create_by(&key, body).await;
        };
        let id = def.field_index(system::ID).and_then(|index| before.get(index)).and_then(Value::as_id).map(Id);
        let id = id.ok_or_else(|| Error::internal("a record without an id"))?;
        self.within(id, Action::Update, &before).await?;
        if mode == UpsertMode::CreateOnly {
            let version = version_of(def, &before);
            let text = format!(
                "There is {} with {} already, at version {version}, and the request is to create one only. Let it change the record, or leave it.",
                naming::one(&def.name),
                key.words()
            );
            let error = Error::new(ErrorCode::VersionConflict, text).with_current_version(version);
            return Err(error.with_existing_id(id.to_text(&def.prefix)));
        }
        self.expect(def, &before, expected)?;
        let (body, problems) = self.settled(&key, body, id, &before);
        self.merge(id, before, &body, problems).await
    }

    /// The body without what only says again what is so: a repeated request for a record that can be created with a field, but not
    /// changed in it, is no mistake.
    fn settled<'b>(
        &self,
        key: &Key<'_>,
        body: &'b Map<String, Json>,
        id: Id,
        before: &[Value],
    ) -> (Cow<'b, Map<String, Json>>, Vec<FieldProblem>) {
        let def = self.def();
        let mut body = Cow::Borrowed(body);
        let problems = contradictions(key, &body);
        for (index, field) in def.fields.iter().enumerate().filter(|(_, field)| field.write == WriteMode::Immutable) {
            let Some(json) = body.get(field.name.as_ref()) else { continue };
            let same = if field.name == system::ID {
                json.is_null() || json.as_str() == Some(id.to_text(&def.prefix).as_str())
            } else {
                input::read(field, json, "").is_ok_and(|value| before.get(index) == Some(&value))
            };
            if same {
                body.to_mut().remove(field.name.as_ref());
            }
        }
        (body, problems)
    }

    async fn create_by(&self, key: &Key<'_>, body: &Map<String, Json>) -> Result<Attempt> {
        let mut body = Cow::Borrowed(body);
        let problems = contradictions(key, &body);
        let own = match key {
            Key::Id { text, .. } => Some((system::ID, text)),
            Key::Field { field, value: Value::Text(text) } => Some((field.name.as_ref(), text)),
            _ => None,
        };
        if let Some((name, text)) = own.filter(|(name, _)| !body.contains_key(*name)) {
            body.to_mut().insert(name.to_owned(), Json::from(text.as_str()));
        }
        let (mut gathering, draft) = self.made(&body, problems).await?;
        let id = draft.id;
        gathering.add(draft).await?;
        if let Key::External { .. } = key {
            let draft = self.external_key(&gathering, key, id)?;
            gathering.add(draft).await?;
        }
        self.commit(gathering, 201).await
    }

    /// The record that keeps the key of the other system.
    fn external_key(&self, gathering: &Gathering<'_>, key: &Key<'_>, id: Id) -> Result<Draft> {
        let Key::External { keys, fields, system, value } = key else { return Err(Error::internal("a key of no external system")) };
        authorize(&self.context.of_principal(), keys, Action::Create)?;
        let after = keys.fields.iter().map(input::default).collect();
        let now = gathering.now;
        let mut draft = self.inner.stamped(self.context, now, keys, ids::mint(now), ChangeKind::Created, None, after);
        draft.set(&fields.system, (*system).clone());
        draft.set(&fields.value, (*value).clone());
        draft.set(&fields.record, Value::Record(RecordKey { resource: self.def().name.clone(), id: id.0 }));
        Ok(draft)
    }

    /// Whether somebody has created the record with the key that this write wanted to create it with.
    pub(super) async fn was_overtaken(&self, by: &RecordBy) -> Result<bool> {
        let key = Key::read(&self.inner.registry, &self.grant.fields, self.def(), by)?;
        Ok(self.inner.by_key(self.context, self.scope, self.def(), &key).await?.is_some())
    }
}

/// A key field in the body must say what the key says.
fn contradictions(key: &Key<'_>, body: &Map<String, Json>) -> Vec<FieldProblem> {
    let (name, said) = match key {
        Key::Id { text, .. } if body.get(system::ID).and_then(Json::as_str).is_some_and(|other| other != text) => {
            (system::ID, text.as_str())
        }
        Key::Field { field, value } => match body.get(field.name.as_ref()).map(|json| input::read(field, json, "")) {
            Some(Ok(other)) if !Key::is_same(field, value, &other) => (field.name.as_ref(), value.as_text().unwrap_or_default()),
            _ => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let detail = format!(
        "{name} is another one in the body than in the key, where it is {said:?}. Leave it out of the body; to change it, update the record by its id."
    );
    vec![FieldProblem::new(format!("/{name}"), ProblemCode::Contradiction, detail)]
}
