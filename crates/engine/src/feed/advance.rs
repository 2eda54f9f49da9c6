//! Bringing a view up to the end of the log: what is in sight of it now.

use super::cursor::{FeedCursorText, Phase, Target, place};
use super::leads::named;
use super::scope::{self, Asked};
use super::sight::{Sight, check, sights};
use super::{FeedRequest, expired, invalid};
use crate::Engine;
use crate::order::hashed;
use clientela_kernel::{Comparison, Context, DeletedMode, Error, ErrorCode, Filter, Name, Result, Timestamp, Value};
use clientela_model::system;
use clientela_store::{FeedCursor, FeedView, Follow, Scope, Window};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// How long a view is kept that nobody uses, and what went out of sight, in days.
const KEPT_DAYS: i64 = 30;
const DAY: i64 = 86_400_000;
const HOUR: i64 = 3_600_000;
/// From so many records on, all of a resource are looked at instead of those that they concern.
const FEW: u32 = 500;
/// A condition that depends on the time is looked at again after so many milliseconds.
const TIMED: i64 = 10_000;
/// A view whose window has grown so long is written down although nothing in it concerned it.
const LONG: i64 = 5_000;
/// How often an advance starts anew when it collides with another.
const ATTEMPTS: usize = 5;

/// What is known of a view.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// By resource.
    pub(super) resources: BTreeMap<String, Known>,
    /// The last step of each day, by its number.
    days: Vec<(i64, i64)>,
    /// What went out of sight up to this step is forgotten.
    floor: i64,
}

/// What is known of a resource in a view.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Known {
    /// Whether all of it has been in sight ever since: nothing is remembered then.
    pub(super) whole: bool,
    rows: String,
    fields: String,
    /// The last step since which it is shown otherwise.
    pub(super) refreshed: i64,
    /// When it was last looked at with regard to the time, in milliseconds.
    at: i64,
}

/// A view that was brought up to date, and the place of a copy in it.
pub(super) struct Followed {
    pub(super) scope: Scope,
    pub(super) sights: Vec<Sight>,
    pub(super) view: FeedView,
    pub(super) state: State,
    pub(super) cursor: FeedCursorText,
    owner: String,
}

/// What a cursor's view was made for.
#[derive(PartialEq, Serialize, Deserialize)]
struct Question {
    resources: Vec<Name>,
    filter: Map<String, Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

impl Question {
    fn of(request: &FeedRequest) -> Result<Question> {
        let question = Question { resources: sorted(&request.resources), filter: request.filter.clone(), scope: request.scope.clone() };
        if question.scope.is_some() && !(question.resources.is_empty() && question.filter.is_empty()) {
            let text = "A scope says which resources are followed and what of them. Leave resources and filter out, or the scope.";
            return Err(Error::new(ErrorCode::InvalidParameter, text));
        }
        Ok(question)
    }

    /// What is followed at this moment.
    async fn asked(&self, engine: &Engine, context: &Context) -> Result<Asked> {
        match &self.scope {
            Some(scope) => scope::asked(engine, context, scope).await,
            None => Ok((self.resources.clone(), self.filter.clone())),
        }
    }
}

impl Engine {
    /// Finds or makes the view of a request, and brings it up to date where the copy has caught up with it.
    pub(super) async fn follow(&self, context: &Context, request: &FeedRequest) -> Result<Followed> {
        let scope = self.inner.store.scope(context.tenant);
        let owner = owner(context);
        let Some(text) = &request.after else { return self.first(context, scope, owner, request).await };
        let cursor = FeedCursorText::parse(text)?;
        if cursor.owner != hashed(&owner) {
            return Err(invalid("it was given to another caller, or to a credential with other scopes"));
        }
        let view = scope.feed_view(cursor.view, false).await?.filter(|view| view.principal == owner);
        let view = view.ok_or_else(|| expired(&format!("what it follows has not been asked for in {KEPT_DAYS} days")))?;
        let question: Question = serde_json::from_str(&view.request).map_err(Error::internal)?;
        let asks = !request.resources.is_empty() || !request.filter.is_empty() || request.scope.is_some();
        if asks && question != Question::of(request)? {
            return Err(invalid(
                "it belongs to a feed of other resources, another filter or another scope. Leave them out, or begin again without after",
            ));
        }
        let (resources, filter) = question.asked(self, context).await?;
        let mut sights = sights(self, context, &resources, &filter, false)?;
        let state: State = serde_json::from_str(&view.state).map_err(Error::internal)?;
        if question.scope.is_some() {
            sights.extend(scope::gone(self, context, &state, &sights)?);
        }
        if cursor.step < state.floor || cursor.step > view.step {
            return Err(expired(&format!("it is more than {KEPT_DAYS} days old")));
        }
        let mut followed = Followed { scope, sights, view, state, cursor, owner };
        if followed.cursor.target.is_none() {
            followed.catch_up(self, context).await?;
        }
        Ok(followed)
    }

    /// A copy that begins.
    async fn first(&self, context: &Context, scope: Scope, owner: String, request: &FeedRequest) -> Result<Followed> {
        check(self.registry(), &request.resources, &request.filter)?;
        let question = Question::of(request)?;
        let scoped = question.scope.is_some();
        let (resources, filter) = question.asked(self, context).await?;
        let mut sights = sights(self, context, &resources, &filter, !scoped)?;
        let text = serde_json::to_string(&question).map_err(Error::internal)?;
        let fingerprint = hashed(&text);
        let view = match scope.feed_view_of(&owner, &fingerprint).await? {
            Some(view) => view,
            None => self.make_view(context, &scope, &owner, text, &fingerprint, &sights).await?,
        };
        let state: State = serde_json::from_str(&view.state).map_err(Error::internal)?;
        if scoped {
            sights.extend(scope::gone(self, context, &state, &sights)?);
        }
        let cursor = FeedCursorText { view: view.id, owner: hashed(&owner), step: view.step, place: view.place.to_string(), target: None };
        let mut followed = Followed { scope, sights, view, state, cursor, owner };
        followed.advance(self, context).await?;
        let (step, end) = (followed.view.step, followed.view.place.to_string());
        followed.cursor.step = step;
        followed.cursor.place.clone_from(&end);
        if !request.from_now {
            followed.cursor.target = Some(Target { step, place: end, phase: Phase::Snapshot(None) });
        }
        Ok(followed)
    }

    /// Makes a view that holds what is in sight now.
    async fn make_view(
        &self,
        context: &Context,
        scope: &Scope,
        owner: &str,
        request: String,
        fingerprint: &str,
        sights: &[Sight],
    ) -> Result<FeedView> {
        let (store, held) = self.inner.store.begin().await?;
        let inside = store.scope(context.tenant);
        inside.forget_feed_views(Timestamp(context.now.0.saturating_sub(KEPT_DAYS * DAY))).await?;
        let end = inside.feed_end().await?;
        let mut state = State::default();
        for sight in sights {
            let known = Known {
                whole: sight.seen.is_none(),
                rows: sight.rows.clone(),
                fields: sight.fields.clone(),
                refreshed: 0,
                at: context.now.0,
            };
            state.resources.insert(sight.def.name.to_string(), known);
        }
        let view = FeedView {
            id: crate::ids::mint(context.now).0,
            principal: owner.to_owned(),
            request,
            state: serde_json::to_string(&state).map_err(Error::internal)?,
            step: 0,
            place: end,
            used_at: hour(context.now),
        };
        inside.make_feed_view(&view, fingerprint).await?;
        // Two that make it at once wait for one another at its unique key; the later one finds the other's.
        let made = inside.feed_view_of(owner, fingerprint).await?.ok_or_else(|| Error::internal("a view of the feed is not there"))?;
        if made.id == view.id {
            let registry = self.registry();
            for sight in sights {
                let (Some(seen), window) = (&sight.seen, Window { after: end, until: end }) else { continue };
                let allowed = sight.allowed.as_ref().unwrap_or(seen);
                let follow = Follow { registry, def: &sight.def, view: view.id, step: 0, window, seen, allowed, only: None };
                inside.follow(&follow).await?;
            }
        }
        held.commit().await?;
        let made = scope.feed_view(made.id, false).await?;
        made.ok_or_else(|| Error::internal("a view of the feed is not there"))
    }
}

impl Followed {
    /// Brings the view up to date; where there is anything between the copy and it, that becomes what the copy is brought to.
    pub(super) async fn catch_up(&mut self, engine: &Engine, context: &Context) -> Result<()> {
        self.advance(engine, context).await?;
        if self.view.step > self.cursor.step || self.view.place > place(&self.cursor.place) {
            self.cursor.target = Some(Target { step: self.view.step, place: self.view.place.to_string(), phase: Phase::Log });
        }
        Ok(())
    }

    /// Brings the view up to the end of the log. What is said of the log is said after this was written down, so that whoever loses sight of everything has
    /// been told of nothing behind the view's place.
    async fn advance(&mut self, engine: &Engine, context: &Context) -> Result<()> {
        for attempt in 1.. {
            match self.try_to_advance(engine, context).await {
                Err(error) if error.is_collision() && attempt < ATTEMPTS => {}
                other => return other,
            }
        }
        Ok(())
    }

    async fn try_to_advance(&mut self, engine: &Engine, context: &Context) -> Result<()> {
        let end = self.scope.feed_end().await?;
        if !self.has_reason(engine, context, end).await? {
            return Ok(());
        }
        let (store, held) = engine.inner.store.begin().await?;
        let scope = store.scope(context.tenant);
        let view = scope.feed_view(self.view.id, true).await?.filter(|view| view.principal == self.owner);
        let mut view = view.ok_or_else(|| expired("what it follows is not kept any more"))?;
        let mut state: State = serde_json::from_str(&view.state).map_err(Error::internal)?;
        let window = Window { after: view.place, until: scope.feed_end().await?.max(view.place) };
        let step = view.step + 1;
        let mut refreshed = false;
        for sight in &self.sights {
            let new = !state.resources.contains_key(sight.def.name.as_ref());
            let known = state.resources.entry(sight.def.name.to_string()).or_default();
            let changed = new || known.rows != sight.rows;
            if known.fields != sight.fields {
                // What is followed for the first time is shown as it is with its record.
                if !known.fields.is_empty() {
                    (known.refreshed, refreshed) = (step, true);
                }
                known.fields.clone_from(&sight.fields);
            }
            if known.whole && sight.seen.is_none() {
                continue;
            }
            let all = Filter::And(Vec::new());
            let seen = sight.seen.as_ref().unwrap_or(&all);
            let allowed = sight.allowed.as_ref().unwrap_or(&all);
            let mut follow =
                Follow { registry: engine.registry(), def: &sight.def, view: view.id, step, window, seen, allowed, only: None };
            if known.whole {
                scope.count_as_seen(&follow).await?;
                known.whole = false;
            }
            let looked = Timestamp(known.at);
            known.rows.clone_from(&sight.rows);
            known.at = context.now.0;
            if changed || (sight.timed && is_due(looked, context.now)) {
                scope.follow(&follow).await?;
                continue;
            }
            match concerned(engine, context, &scope, sight, window, looked).await? {
                Concerned::All => scope.follow(&follow).await?,
                Concerned::These(ids, condition) => {
                    if !ids.is_empty() || condition.is_some() {
                        follow.only = Some((&ids, condition.as_ref()));
                        scope.follow(&follow).await?;
                    }
                }
            }
        }
        let moved = refreshed || scope.feed_moved(view.id, step).await?;
        view.step = if moved { step } else { view.step };
        view.place = window.until;
        view.used_at = hour(context.now);
        let floor = state.floor;
        state.turn(context.now, view.step);
        view.state = serde_json::to_string(&state).map_err(Error::internal)?;
        scope.keep_feed_view(&view).await?;
        if state.floor > floor {
            scope.forget_feed_members(view.id, state.floor).await?;
        }
        held.commit().await?;
        (self.view, self.state) = (view, state);
        Ok(())
    }

    /// Whether anything may have come into sight or gone out of it.
    async fn has_reason(&self, engine: &Engine, context: &Context, end: FeedCursor) -> Result<bool> {
        if hour(context.now) > self.view.used_at {
            return Ok(true);
        }
        let mut followed: HashSet<&str> = HashSet::new();
        let mut ends = HashMap::new();
        let leads: Vec<HashSet<Name>> = self.sights.iter().map(|sight| sight.leads.resources()).collect();
        for (sight, leads) in self.sights.iter().zip(&leads) {
            let Some(known) = self.state.resources.get(sight.def.name.as_ref()) else { return Ok(true) };
            if known.rows != sight.rows || known.fields != sight.fields {
                return Ok(true);
            }
            followed.insert(sight.def.name.as_ref());
            if sight.timed && is_due(Timestamp(known.at), context.now) {
                return Ok(true);
            }
            if !known.whole {
                followed.extend(leads.iter().map(AsRef::as_ref));
                for end in &sight.ends {
                    let looked: &mut i64 = ends.entry(end.clone()).or_insert(known.at);
                    *looked = known.at.min(*looked);
                }
            }
        }
        for ((resource, field), looked) in ends {
            if !ended(engine, context, &self.scope, &resource, &field, Timestamp(looked), 1).await?.is_empty() {
                return Ok(true);
            }
        }
        if end <= self.view.place {
            return Ok(false);
        }
        let window = Window { after: self.view.place, until: end };
        let touched = self.scope.touched_resources(window).await?;
        Ok(touched.iter().any(|resource| followed.contains(resource.as_str())) || window.length() > LONG)
    }
}

impl State {
    /// Notes the day's last step, and forgets what is too old.
    fn turn(&mut self, now: Timestamp, step: i64) {
        let day = now.0.div_euclid(DAY);
        match self.days.last_mut() {
            Some(last) if last.0 == day => last.1 = step,
            _ => self.days.push((day, step)),
        }
        let kept = self.days.partition_point(|(other, _)| day - other > KEPT_DAYS);
        if let Some((_, step)) = self.days.drain(..kept).next_back() {
            self.floor = step;
        }
    }
}

/// Which records of a resource may have come into sight or gone out of it.
enum Concerned {
    All,
    These(Vec<Uuid>, Option<Filter>),
}

async fn concerned(
    engine: &Engine,
    context: &Context,
    scope: &Scope,
    sight: &Sight,
    window: Window,
    looked: Timestamp,
) -> Result<Concerned> {
    let most = usize::try_from(FEW).unwrap_or(usize::MAX);
    let ids = scope.touched_records(&sight.def.name, window, FEW + 1).await?;
    if ids.len() > most {
        return Ok(Concerned::All);
    }
    for resource in &sight.leads.anywhere {
        let ended = ends(engine, context, scope, sight, resource, looked).await?;
        if !ended.is_empty() || !scope.touched_records(resource, window, 1).await?.is_empty() {
            return Ok(Concerned::All);
        }
    }
    let mut conditions = Vec::new();
    let mut touched: HashMap<Name, Vec<Uuid>> = HashMap::new();
    for way in &sight.leads.ways {
        if !touched.contains_key(&way.target) {
            let mut ids = scope.touched_records(&way.target, window, FEW + 1).await?;
            ids.extend(ends(engine, context, scope, sight, &way.target, looked).await?);
            touched.insert(way.target.clone(), ids);
        }
        let ids = touched.get(&way.target).map_or(&[][..], Vec::as_slice);
        if ids.is_empty() {
            continue;
        }
        if ids.len() > most {
            return Ok(Concerned::All);
        }
        let Some((field, of)) = way.names() else {
            conditions.push(way.to(ids));
            continue;
        };
        let def = engine.inner.resource(&way.target)?;
        let these = Filter::field(system::ID, Comparison::In(ids.iter().copied().map(Value::Id).collect()));
        let found = engine.inner.find(&context.unlimited(), scope, &def, &these, DeletedMode::Include, FEW + 1).await?;
        // What was erased cannot say any more whom it named.
        let Some((index, field)) =
            def.field_index(field).and_then(|index| Some((index, def.fields.get(index)?))).filter(|_| found.len() == ids.len())
        else {
            return Ok(Concerned::All);
        };
        let ids = named(field, index, &found, of);
        if !ids.is_empty() {
            conditions.push(way.to(&ids));
        }
    }
    Ok(Concerned::These(ids, (!conditions.is_empty()).then_some(Filter::Or(conditions))))
}

/// The records of a resource that ended something for this resource since it was looked at.
async fn ends(engine: &Engine, context: &Context, scope: &Scope, sight: &Sight, resource: &Name, looked: Timestamp) -> Result<Vec<Uuid>> {
    let mut ids = Vec::new();
    for (_, field) in sight.ends.iter().filter(|(of, _)| of == resource) {
        ids.extend(ended(engine, context, scope, resource, field, looked, FEW + 1).await?);
    }
    Ok(ids)
}

/// The records whose moment came after one and not after now.
async fn ended(
    engine: &Engine,
    context: &Context,
    scope: &Scope,
    resource: &Name,
    field: &Name,
    looked: Timestamp,
    limit: u32,
) -> Result<Vec<Uuid>> {
    if looked >= context.now {
        return Ok(Vec::new());
    }
    let def = engine.inner.resource(resource)?;
    let moment = |comparison: fn(Value) -> Comparison, at| Filter::field(field.clone(), comparison(Value::Instant(at)));
    let filter = Filter::And(vec![moment(Comparison::Greater, looked), moment(Comparison::LessOrEqual, context.now)]);
    let found = engine.inner.find(&context.unlimited(), scope, &def, &filter, DeletedMode::Exclude, limit).await?;
    Ok(found.iter().filter_map(|record| crate::write::id_of(&def, record)).map(|id| id.0).collect())
}

/// Whether a condition that depends on the time must be looked at again; also where the clock went back.
fn is_due(looked: Timestamp, now: Timestamp) -> bool {
    now.0 - looked.0 >= TIMED || now < looked
}

fn hour(now: Timestamp) -> Timestamp {
    Timestamp(now.0 - now.0.rem_euclid(HOUR))
}

fn sorted(resources: &[Name]) -> Vec<Name> {
    let mut resources = resources.to_vec();
    resources.sort();
    resources.dedup();
    resources
}

/// Whose a view is: the principal, with what its credential allows.
fn owner(context: &Context) -> String {
    json!([context.actor.to_text(), hashed(&format!("{:?}", context.scopes))]).to_string()
}
