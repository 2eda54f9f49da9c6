//! What a principal may see of a resource and asks for, told apart from moment to moment.

use super::leads::Leads;
use crate::Engine;
use crate::filter::FilterReader;
use crate::order::{Fingerprint, describe, hashed};
use clientela_access::{Action, FieldMask, authorize};
use clientela_kernel::{Among, Comparison, Context, Error, ErrorCode, Filter, Name, Result, Timestamp, Value};
use clientela_model::{Registry, ResourceDef};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// One resource in a view.
pub(super) struct Sight {
    pub(super) def: Arc<ResourceDef>,
    /// What the principal may see; all of it where there is no filter.
    pub(super) allowed: Option<Filter>,
    /// What of it the question asks for as well; all of it where there is no filter.
    pub(super) seen: Option<Filter>,
    /// Which fields.
    pub(super) mask: FieldMask,
    /// Changes where the condition does, whatever the time is.
    pub(super) rows: String,
    /// Changes where other fields are shown.
    pub(super) fields: String,
    /// Where the condition leads.
    pub(super) leads: Leads,
    /// Whether the condition changes as time goes by.
    pub(super) timed: bool,
    /// Fields of other resources that end something when their moment comes.
    pub(super) ends: Vec<(Name, Name)>,
}

/// Nothing satisfies this.
pub(super) fn nothing() -> Filter {
    Filter::Or(Vec::new())
}

impl Sight {
    /// A resource as it stands now. `filter` is the question's, which must be right where `strict`; a principal to whom one of its fields is hidden by now sees nothing.
    pub(super) fn of(engine: &Engine, context: &Context, def: &Arc<ResourceDef>, filter: Option<&Json>, strict: bool) -> Result<Sight> {
        let registry = engine.registry();
        let (allowed, mask) = match authorize(context, def, Action::Read) {
            Ok(grant) => (grant.rows, grant.fields),
            Err(error) if error.code() == ErrorCode::Forbidden && !strict => (Some(nothing()), FieldMask::default()),
            Err(error) => return Err(error),
        };
        let asked = asked(registry, context, def, filter, strict)?;
        let mut hash = Fingerprint::new();
        // The same at the beginning of time: what differs, differs by the time alone.
        let then = Context { now: Timestamp(0), ..context.clone() };
        let allowed_then = match authorize(&then, def, Action::Read) {
            Ok(grant) => grant.rows,
            Err(_) => Some(nothing()),
        };
        let asked_then = self::asked(registry, &then, def, filter, false)?;
        let mut timed = false;
        for (now, then) in [(&allowed, &allowed_then), (&asked, &asked_then)] {
            let (Some(now), Some(then)) = (now, then) else { continue };
            describe(then, &mut hash);
            timed |= plain(now, context.now) != plain(then, Timestamp(0));
        }
        let parts: Vec<Filter> = allowed.iter().chain(&asked).cloned().collect();
        let seen = (!parts.is_empty()).then_some(Filter::And(parts));
        let hidden: Vec<&str> = def.fields.iter().filter(|field| !mask.sees(*field)).map(|field| field.name.as_ref()).collect();
        let mut ends = Vec::new();
        if let Some(seen) = &seen {
            ending(seen, context.now, &mut ends);
        }
        let rows = if seen.is_some() { hash.finish() } else { String::new() };
        let leads = seen.as_ref().map(|seen| Leads::of(registry, def, seen)).unwrap_or_default();
        Ok(Sight { def: Arc::clone(def), allowed, seen, fields: hashed(&hidden.join(",")), mask, rows, leads, timed, ends })
    }
}

fn asked(registry: &Registry, context: &Context, def: &ResourceDef, filter: Option<&Json>, strict: bool) -> Result<Option<Filter>> {
    let Some(tree) = filter else { return Ok(None) };
    match FilterReader::new(registry, context).read(def, tree) {
        Ok(filter) => Ok(Some(filter)),
        Err(error) if error.code() == ErrorCode::InvalidFilter && !strict => Ok(Some(nothing())),
        Err(error) => Err(error),
    }
}

/// A condition without the moment it was made for.
fn plain(filter: &Filter, now: Timestamp) -> String {
    format!("{filter:?}").replace(&format!("{:?}", Value::Instant(now)), "now")
}

/// The fields of other resources that are compared with this moment.
fn ending(filter: &Filter, now: Timestamp, ends: &mut Vec<(Name, Name)>) {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().for_each(|part| ending(part, now, ends)),
        Filter::Not(inner) => ending(inner, now, ends),
        Filter::ToOne { filter, .. } | Filter::ToRecord { filter, .. } | Filter::NamedBy { filter, .. } | Filter::ToMany { filter, .. } => {
            ending(filter, now, ends);
        }
        Filter::Field { .. } => {}
        Filter::Among { of, .. } => {
            for Among { resource, filter, .. } in of {
                compared(filter, now, resource, ends);
                ending(filter, now, ends);
            }
        }
    }
}

fn compared(filter: &Filter, now: Timestamp, resource: &Name, ends: &mut Vec<(Name, Name)>) {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().for_each(|part| compared(part, now, resource, ends)),
        Filter::Field { field, comparison: Comparison::Greater(Value::Instant(moment)) } if *moment == now => {
            let end = (resource.clone(), field.clone());
            if !ends.contains(&end) {
                ends.push(end);
            }
        }
        _ => {}
    }
}

/// What a question follows, by its resources: those that it names, or all that have a log and may be read.
pub(super) fn sights(
    engine: &Engine,
    context: &Context,
    resources: &[Name],
    filter: &Map<String, Json>,
    strict: bool,
) -> Result<Vec<Sight>> {
    let registry = engine.registry();
    let mut sights = Vec::new();
    for def in registry.resources().iter().filter(|def| !def.mirror) {
        let named = resources.contains(&def.name);
        if !resources.is_empty() && !named {
            continue;
        }
        match Sight::of(engine, context, def, filter.get(def.name.as_ref()), named && strict) {
            Ok(sight) => sights.push(sight),
            Err(error) => return Err(error),
        }
    }
    Ok(sights)
}

/// Checks the names of a question.
pub(super) fn check(registry: &Registry, resources: &[Name], filter: &Map<String, Json>) -> Result<()> {
    let text = |text: String| Err(Error::new(ErrorCode::InvalidParameter, text));
    for name in resources {
        match registry.resource(name) {
            None => return text(format!("resources names {name:?}, which is no resource.")),
            Some(def) if def.mirror => {
                return text(format!(
                    "resources names {name:?}, whose records mirror others and have no changes of their own. Follow those that they mirror."
                ));
            }
            Some(_) => {}
        }
    }
    for name in filter.keys() {
        let known = registry.resource(name).is_some_and(|def| resources.is_empty() || resources.contains(&def.name));
        if !known {
            let text = format!(
                "filter has a member {name:?}, which is none of the resources that are followed. Its members are resources, each with a filter tree."
            );
            return Err(Error::new(ErrorCode::InvalidFilter, text));
        }
    }
    Ok(())
}
