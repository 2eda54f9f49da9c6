//! What a caller's rights refuse of a write. Whoever may do everything costs nothing here.

use super::not_found;
use super::run::Write;
use crate::module::Draft;
use crate::reach::Reach;
use clientela_access::{Action, authorize};
use clientela_kernel::{Context, Error, ErrorCode, FieldProblem, Id, ProblemCode, Result, Value};
use clientela_model::{FieldDef, ResourceDef, WriteMode};
use clientela_store::ChangeKind;

impl Write<'_> {
    fn reach(&self) -> Reach<'_> {
        Reach { inner: self.inner, context: self.context, scope: self.scope }
    }

    /// Refuses a record that the caller may not read (as one that is not there), or with which it may not do this.
    pub(super) async fn within(&self, id: Id, action: Action, record: &[Value]) -> Result<()> {
        if self.context.reads_all() {
            return Ok(());
        }
        let def = self.def();
        if !self.reach().allows(def, Action::Read, record).await? {
            return Err(not_found(def, id));
        }
        if !self.reach().allows(def, action, record).await? {
            let text = format!(
                "Your roles do not let you {} this {}. Ask whoever is responsible for it, or an administrator.",
                action.name(),
                def.name
            );
            return Err(Error::new(ErrorCode::Forbidden, text));
        }
        Ok(())
    }

    /// Makes the caller responsible for a new record, where nobody else is said to be and the caller's rights have limits.
    pub(super) fn claim(&self, draft: &mut Draft) {
        let Some(user) = self.context.policy.as_ref().and_then(|policy| policy.user()) else { return };
        if draft.kind == ChangeKind::Created
            && let Some(owner) = draft.def.owner.clone()
            && draft.get(&owner).is_null()
            && draft.def.field(&owner).is_some_and(|field| field.write != WriteMode::ReadOnly)
        {
            draft.set(&owner, Value::Id(user));
        }
    }

    /// Refuses a draft that names what its author may not see, gives a record to whom it may not be given, or makes one that its author could not reach.
    pub(super) async fn permit(&self, draft: &Draft) -> Result<()> {
        if self.context.reads_all() {
            return Ok(());
        }
        let def = &draft.def;
        let before = draft.before.as_deref();
        let changed = |index: &usize| before.is_none_or(|before| before.get(*index) != draft.after.get(*index));
        let written = |index: &usize| def.fields.get(*index).is_some_and(|field| field.write != WriteMode::ReadOnly);
        let fields = (0..def.fields.len()).filter(changed).filter(written);
        let unseen = self.reach().names_what_it_sees(def, fields, &draft.after).await?;
        let problems: Vec<_> = unseen
            .into_iter()
            .filter_map(|(index, key)| Some(not_there(self, def.fields.get(index)?, Id(key.id), &key.resource)))
            .collect();
        if !problems.is_empty() {
            return Err(Error::validation(problems));
        }
        assigns(self.context, draft)?;
        if draft.kind == ChangeKind::Created && !self.reach().allows(def, Action::Create, &draft.after).await? {
            let text = format!(
                "Your roles let you make {} only where they would be yours, your team's or otherwise within your rights. This one would not be.",
                def.plural
            );
            return Err(Error::new(ErrorCode::Forbidden, text));
        }
        Ok(())
    }
}

fn not_there(write: &Write<'_>, field: &FieldDef, id: Id, resource: &str) -> FieldProblem {
    let prefix = write.inner.resource(resource).map(|def| def.prefix.clone()).unwrap_or_default();
    let text = id.to_text(&prefix);
    let detail = format!("{} names {text}, and there is no such {resource}, or it is deleted, or you may not see it.", field.name);
    FieldProblem::new(field.pointer(), ProblemCode::ReferenceNotFound, detail)
}

/// Refuses a new owner whom the caller may not make responsible.
fn assigns(context: &Context, draft: &Draft) -> Result<()> {
    let (Some(policy), Some(owner)) = (&context.policy, &draft.def.owner) else { return Ok(()) };
    let Some(user) = draft.get(owner).as_id().filter(|_| draft.changed(owner)) else { return Ok(()) };
    // Whom a record is for by its nature (a notification, a mention) is not responsible for it.
    if draft.def.field(owner).is_some_and(|field| field.required) {
        return Ok(());
    }
    // To take what is new for oneself is no assignment.
    if policy.assigns_to(&draft.def.name, user) || (draft.kind == ChangeKind::Created && policy.user() == Some(user)) {
        return Ok(());
    }
    let detail = format!(
        "{owner} names somebody whom your roles do not let you make responsible (`assign`). Leave it out, or ask an administrator."
    );
    Err(Error::validation(vec![FieldProblem::new(format!("/{owner}"), ProblemCode::NotAllowed, detail)]))
}

/// Refuses to change a record along with another one where the caller may not change it by itself.
pub(super) async fn companion(reach: Reach<'_>, def: &ResourceDef, action: Action, record: &[Value]) -> Result<()> {
    // The scopes of the credential are about what is asked for by name; what goes along is a matter of rights.
    let principal = reach.context.of_principal();
    let reach = Reach { context: &principal, ..reach };
    if principal.policy.is_none() || reach.allows(def, action, record).await? {
        return Ok(());
    }
    authorize(&principal, def, action)?;
    let text = format!("This also changes one of the {} that your roles do not let you {}. Ask for that right.", def.plural, action.name());
    Err(Error::new(ErrorCode::Forbidden, text))
}
