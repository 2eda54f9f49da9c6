//! Erasing a person's footprint, inside the operation's transaction.

use super::order::{Order, order};
use super::redact::Terms;
use super::{Footprint, Other};
use crate::Engine;
use crate::engine::Inner;
use crate::module::Found;
use crate::write::{Gathering, version_of};
use clientela_kernel::fold::fold;
use clientela_kernel::{Context, Error, Id, Name, Result, Value};
use clientela_model::system;
use clientela_store::{ChangeKind, Commit, RowChange, RowGuard, Scope, WriteSet};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// Rows of one statement.
const TOGETHER: usize = 100;
/// Remembered answers and changes that are read at once.
const PAGE: u32 = 1_000;

/// What was erased where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErasedRecords {
    /// Records that are gone, by resource.
    pub erased: BTreeMap<Name, i64>,
    /// Records of others that stay and have let go of the person, by resource.
    pub changed: BTreeMap<Name, i64>,
    /// Changes of others' records whose content was overwritten.
    pub changes: i64,
    /// Remembered answers that are forgotten.
    pub answers: i64,
}

pub(super) async fn erase(
    inner: &Inner,
    context: &Context,
    scope: &Scope,
    footprint: &Footprint,
    identifying: &[(&str, &str)],
) -> Result<ErasedRecords> {
    let terms = Terms::of(footprint, identifying);
    let mut report = ErasedRecords { erased: footprint.owned(), ..ErasedRecords::default() };
    let work = Work { inner, context, scope };
    for others in footprint.others.chunks(TOGETHER) {
        work.let_go(others, &terms, &mut report).await?;
    }
    for other in &footprint.others {
        report.changes += work.rewrite_log(&other.record, &terms).await?;
    }
    work.remove(&footprint.own).await?;
    report.answers = work.forget_answers(footprint, &terms).await?;
    work.forget_feeds(footprint, &terms).await?;
    let traces = Traces { terms, ids: ids(footprint) };
    let engine = Engine { inner: Arc::new(inner.clone()) };
    for rules in inner.rules.values() {
        let tables = rules.forget_person(&engine, context, &traces).await?;
        if let Some(late) = &inner.held {
            late.purge(tables.into_iter());
        }
    }
    if let Some(late) = &inner.held {
        let defs = footprint.own.iter().chain(footprint.others.iter().map(|other| &other.record)).map(|record| &record.def);
        late.purge(defs.map(|def| def.table.to_string()));
    }
    Ok(report)
}

/// What tells of a person who is erased.
pub struct Traces {
    terms: Terms,
    ids: HashSet<Uuid>,
}

impl Traces {
    /// Whether a text tells of the person: by a name, an address or a number, however it is written in small and large letters, or by the id of a record that was the
    /// person's.
    pub fn are_in(&self, text: &str) -> bool {
        self.terms.are_in(text) || self.terms.are_in_folded(&fold(text)) || names(text, &self.ids)
    }
}

struct Work<'a> {
    inner: &'a Inner,
    context: &'a Context,
    scope: &'a Scope,
}

impl Work<'_> {
    fn gathering(&self) -> Gathering<'_> {
        Gathering::new(self.inner, self.context, self.scope, self.inner.clock.now())
    }

    async fn write(&self, mut rows: Vec<RowChange>) -> Result<()> {
        // Nobody's lock stands against the right to be forgotten.
        rows.iter_mut().filter_map(|row| row.log.as_mut()).for_each(|log| log.minds_locks = false);
        if rows.is_empty() {
            return Ok(());
        }
        match self.scope.commit(WriteSet { tenant: self.context.tenant, rows, idempotency: None, audit: None }).await? {
            Commit::Done => Ok(()),
            // Something has moved on since it was read, or refers to what goes: from the start again.
            failed => Err(Error::collision(format!("an erasure met another write: {failed:?}"))),
        }
    }

    /// Others let go of the person, and lose what tells who it was.
    async fn let_go(&self, others: &[Other], terms: &Terms, report: &mut ErasedRecords) -> Result<()> {
        let mut gathering = self.gathering();
        for Other { record, names } in others {
            let Found { def, id, values } = record;
            let mut after = values.clone();
            for index in names {
                if let Some(slot) = after.get_mut(*index) {
                    *slot = Value::Null;
                }
            }
            for (field, slot) in def.fields.iter().zip(&mut after).filter(|(field, _)| !field.secret) {
                if let Some(redacted) = terms.redacted(&field.kind, slot) {
                    *slot = redacted;
                }
            }
            if after == *values {
                continue;
            }
            let mut draft = self.inner.stamped(self.context, gathering.now, def, *id, ChangeKind::Updated, Some(values.clone()), after);
            if let Some(rules) = self.inner.rules.get(def.name.as_ref()) {
                rules.derive(self.context, &mut draft);
            }
            // A deleted record stays deleted, and what it does not name is not looked for.
            gathering.place(draft);
            *report.changed.entry(def.name.clone()).or_default() += 1;
        }
        let Gathering { rows, drafts, .. } = gathering;
        self.write(rows).await?;
        self.inner.committed(self.context, &drafts).await;
        Ok(())
    }

    /// Overwrites what the log of a record that stays holds of the person.
    async fn rewrite_log(&self, record: &Found, terms: &Terms) -> Result<i64> {
        let (mut count, mut before) = (0, None);
        loop {
            let changes = self.scope.history(&record.def.name, record.id.0, before, PAGE).await?;
            for change in &changes {
                let redacted = |text: &Option<String>| text.as_deref().and_then(|text| terms.redacted_json(text));
                let (was, is) = (redacted(&change.before), redacted(&change.after));
                if was.is_none() && is.is_none() {
                    continue;
                }
                let (was, is) = (was.or_else(|| change.before.clone()), is.or_else(|| change.after.clone()));
                self.scope.rewrite_change(change.sequence, was.as_deref(), is.as_deref()).await?;
                count += 1;
            }
            before = changes.last().map(|change| (change.version, change.sequence));
            if changes.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                return Ok(count);
            }
        }
    }

    /// Removes what belongs to the person for good, with what the log holds of it.
    async fn remove(&self, own: &[Found]) -> Result<()> {
        let Order { positions, circles } = order(own);
        let mut versions: HashMap<usize, i64> = HashMap::new();
        for circles in circles.chunks(TOGETHER) {
            let mut gathering = self.gathering();
            for (position, fields) in circles {
                let Some(Found { def, id, values }) = own.get(*position) else { continue };
                let mut after = values.clone();
                for index in fields {
                    if let Some(slot) = after.get_mut(*index) {
                        *slot = Value::Null;
                    }
                }
                let draft = self.inner.stamped(self.context, gathering.now, def, *id, ChangeKind::Updated, Some(values.clone()), after);
                versions.insert(*position, version_of(def, values) + 1);
                gathering.place(draft);
            }
            let Gathering { rows, .. } = gathering;
            self.write(rows).await?;
        }
        for positions in positions.chunks(TOGETHER) {
            let mut gathering = self.gathering();
            for position in positions {
                let Some(Found { def, id, values }) = own.get(*position) else { continue };
                if def.mirror {
                    gathering.rows.push(RowChange {
                        def: Arc::clone(def),
                        id: *id,
                        values: Vec::new(),
                        guard: RowGuard::Remove,
                        references: Vec::new(),
                        log: None,
                        search: None,
                    });
                    continue;
                }
                let mut values = values.clone();
                if let Some((version, slot)) =
                    versions.get(position).zip(def.field_index(system::VERSION).and_then(|index| values.get_mut(index)))
                {
                    *slot = Value::Integer(*version);
                }
                let draft = self.inner.stamped(self.context, gathering.now, def, *id, ChangeKind::Erased, Some(values.clone()), values);
                gathering.place(draft);
            }
            let Gathering { rows, drafts, .. } = gathering;
            self.write(rows).await?;
            self.inner.committed(self.context, &drafts).await;
        }
        Ok(())
    }

    /// Forgets the remembered answers that tell of the person: those about what is gone, and those that name it.
    async fn forget_answers(&self, footprint: &Footprint, terms: &Terms) -> Result<i64> {
        let gone: HashSet<(&str, Uuid)> = footprint.own.iter().map(|record| (record.def.name.as_ref(), record.id.0)).collect();
        let ids = ids(footprint);
        let (mut count, mut beyond) = (0, None);
        loop {
            let answers = self.scope.answers(beyond.as_ref(), PAGE).await?;
            for answer in &answers {
                let about = gone.contains(&(answer.resource.as_str(), answer.record.0));
                if about || names(&answer.text, &ids) || terms.are_in(&answer.text) {
                    self.scope.forget_answer(&answer.principal, &answer.key).await?;
                    count += 1;
                }
            }
            beyond = answers.last().map(|answer| (answer.principal.clone(), answer.key.clone()));
            if answers.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                return Ok(count);
            }
        }
    }

    /// Forgets what copies follow by filters that name the person: they begin again.
    async fn forget_feeds(&self, footprint: &Footprint, terms: &Terms) -> Result<()> {
        let ids = ids(footprint);
        for (view, question) in self.scope.feed_questions().await? {
            if names(&question, &ids) || terms.are_in(&question) {
                self.scope.forget_feed_view(view).await?;
            }
        }
        Ok(())
    }
}

/// The ids of what is the person's.
fn ids(footprint: &Footprint) -> HashSet<Uuid> {
    footprint.own.iter().map(|record| record.id.0).collect()
}

/// Whether a text holds one of these ids, in wire form.
fn names(text: &str, ids: &HashSet<Uuid>) -> bool {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter_map(|word| Id::parse(word, Id::prefix_of(word)?).ok()).any(|id| ids.contains(&id.0))
}
