//! The timeline of a party: which resources take part in it, and with what.

use crate::{DefinitionProblem, FieldDef, FieldType, Registry, ResourceDef, naming};
use clientela_kernel::Name;
use std::sync::Arc;

/// What the entries of a party's own changes are called.
pub const CHANGE: &str = "CHANGE";

/// How records of a resource stand in the timelines of parties.
#[derive(Clone, Debug)]
pub struct TimelineDef {
    /// The reference by which a record concerns a party: one to the party, one to a face of it, or one to any record.
    pub of: Name,
    /// The moment at which it stands there: a required instant.
    pub at: Name,
    /// The text that it shows; none where no field says it in a line.
    pub title: Option<Name>,
    /// The choice that says what sort it is, or how it stands.
    pub sort: Option<Name>,
    /// The required reference to the record that stands there in its place: the interaction, in place of the participation.
    pub shows: Option<Name>,
}

/// A resource whose records stand in timelines, with its fields looked up.
#[derive(Clone, Copy, Debug)]
pub struct TimelineSource<'a> {
    /// The resource.
    pub def: &'a Arc<ResourceDef>,
    /// The resource of the records that are shown.
    pub shown: &'a Arc<ResourceDef>,
    /// The reference to the party.
    pub of: &'a FieldDef,
    /// The moment.
    pub at: &'a FieldDef,
    /// The title.
    pub title: Option<&'a FieldDef>,
    /// The sort or state.
    pub sort: Option<&'a FieldDef>,
    /// The reference to what is shown in its place.
    pub shows: Option<&'a FieldDef>,
}

impl TimelineSource<'_> {
    /// What its entries are called: the name of the resource they show, `CUSTOMER_EVENT`.
    pub fn kind(&self) -> String {
        naming::snake(&self.shown.name).to_uppercase()
    }
}

impl Registry {
    /// Every resource whose records stand in timelines, in the order of registration.
    pub fn timeline_sources(&self) -> impl Iterator<Item = TimelineSource<'_>> {
        self.resources().iter().filter_map(|def| {
            let timeline = def.timeline.as_ref()?;
            let optional = |name: &Option<Name>| name.as_ref().and_then(|name| def.field(name));
            let shows = optional(&timeline.shows);
            let shown = match shows.and_then(FieldDef::reference) {
                Some(reference) => self.resource(&reference.target)?,
                None => def,
            };
            let (title, sort) = (optional(&timeline.title), optional(&timeline.sort));
            Some(TimelineSource { def, shown, of: def.field(&timeline.of)?, at: def.field(&timeline.at)?, title, sort, shows })
        })
    }

    /// What the entries of timelines are called, each once, the changes last; none where there are no timelines.
    pub fn timeline_kinds(&self) -> Vec<String> {
        let mut kinds: Vec<String> = Vec::new();
        for kind in self.timeline_sources().map(|source| source.kind()) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        if !kinds.is_empty() {
            kinds.push(CHANGE.to_owned());
        }
        kinds
    }

    /// The resource of identities that `def` or its faces have timelines of: itself, or what it is a face of. None where records of
    /// `def` have none.
    pub fn timeline_identity(&self, def: &ResourceDef) -> Option<&Arc<ResourceDef>> {
        let identity = self.resource(def.face.as_ref().unwrap_or(&def.name))?;
        let concerns = |source: TimelineSource<'_>| source.of.reference().is_some_and(|reference| reference.target == identity.name);
        self.timeline_sources().any(concerns).then_some(identity)
    }
}

/// Whether what a resource says about timelines is true of its fields.
pub(crate) fn check(def: &ResourceDef, defs: &[ResourceDef]) -> Result<(), DefinitionProblem> {
    let Some(timeline) = &def.timeline else { return Ok(()) };
    let field = |name: &Name| def.fields.iter().find(|field| field.name == *name);
    let of = field(&timeline.of).is_some_and(|of| match &of.kind {
        FieldType::AnyReference(_) => true,
        FieldType::Reference(reference) => {
            defs.iter().any(|face| face.face.as_ref().is_some_and(|identity| [identity, &face.name].contains(&&reference.target)))
        }
        _ => false,
    });
    let at = field(&timeline.at).is_some_and(|at| at.required && matches!(at.kind, FieldType::Instant));
    let title = timeline.title.as_ref().is_none_or(|name| field(name).is_some_and(|title| matches!(title.kind, FieldType::Text { .. })));
    let sort = timeline.sort.as_ref().is_none_or(|name| field(name).is_some_and(|sort| matches!(sort.kind, FieldType::Choice(_))));
    let shows = timeline.shows.as_ref().is_none_or(|name| field(name).is_some_and(|shows| shows.required && shows.reference().is_some()));
    if of && at && title && sort && shows {
        return Ok(());
    }
    Err(DefinitionProblem(format!(
        "{}: timeline names a reference to an identity, a face of one or any record, a required instant, a text, a choice and a required reference",
        def.name
    )))
}
