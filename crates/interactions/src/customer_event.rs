//! The customer event: what somebody did on our web site or in our app.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader};
use clientela_kernel::{Comparison, Context, FieldProblem, Filter, Id, ProblemCode, Result, Timestamp, Value};
use clientela_macros::{Choice, resource};
use clientela_model::{Choice as _, system};
use std::collections::BTreeSet;

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum CustomerEventKind {
    /// Opened a page.
    PageViewed,
    /// Looked at a product.
    ProductViewed,
    /// Searched for something.
    Searched,
    /// Put something into the cart or took it out.
    CartUpdated,
    /// Went to the checkout.
    CheckoutStarted,
    /// Left the checkout without buying.
    CheckoutAbandoned,
    /// Sent a form.
    FormSubmitted,
    /// Took out a subscription to a newsletter or the like.
    Subscribed,
    /// Anything else; `name` says what.
    Custom,
}

/// One thing that a visitor or a customer did on a web site or in an app. Events are told once and never change.
#[resource(
    name = "customerEvent",
    prefix = "evt",
    label = "name",
    unattachable,
    timeline(of = "partyId", at = "occurredAt", title = "name", sort = "kind")
)]
pub struct Model {
    /// What was done.
    #[field(write = "immutable")]
    pub kind: CustomerEventKind,
    /// What your own kind of event is called; needed where `kind` is `CUSTOM`.
    #[field(max = 100, folded, write = "immutable", example = "\"Recipe printed\"")]
    pub name: Option<String>,
    /// The visitor who did it. An event has a visitor or a party, or both.
    #[field(
        refers = "visitor",
        inverse = "events",
        inverse_description = "What this visitor did.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"vis_01h455vb4pex5vsknk084sn02q\""
    )]
    pub visitor_id: Option<Id>,
    /// The party who did it: the id of a party, a contact or an account. The visitor's, where you leave it out and it is known.
    #[field(
        refers = "party",
        inverse = "events",
        inverse_description = "What this party did on web sites and in apps.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub party_id: Option<Id>,
    /// When it was done; now, where you leave it out.
    #[field(write = "immutable", derived)]
    pub occurred_at: Timestamp,
    /// The address of the page.
    #[field(format = "url", max = 500, write = "immutable", example = "\"https://shop.example/cheese/vorarlberg\"")]
    pub url: Option<String>,
    /// What it was worth: the product's price, the sum of the cart.
    #[field(write = "immutable", example = "{\"amount\":\"48.90\",\"currency\":\"EUR\"}")]
    pub value: Option<Money>,
    /// What else is known, each as `name=value` with a name of its own: `filter[properties][has]=sku=AB-100` finds it.
    #[field(write = "immutable", example = "[\"quantity=2\",\"sku=AB-100\"]")]
    pub properties: TextSet,
}

/// How far an event may lie behind the last time its visitor was seen before that is moved on: so that not every click
/// writes the visitor.
const SEEN: i64 = 30 * 60 * 1_000;

/// How far the clock of a device may be ahead of ours.
const AHEAD: i64 = 24 * 60 * 60 * 1_000;

/// The rules of events.
pub struct CustomerEventRules;

#[async_trait]
impl Rules for CustomerEventRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        if draft.kind == ChangeKind::Created && draft.get("occurredAt").is_null() {
            draft.set("occurredAt", Value::Instant(context.now));
        }
    }

    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let visitor = draft.get("visitorId").clone();
        if draft.kind != ChangeKind::Created || visitor.is_null() || !draft.get("partyId").is_null() {
            return Ok(());
        }
        let found = reader.find("visitor", Filter::field(system::ID, Comparison::Equal(visitor))).await?;
        if let Some(visitor) = found.first() {
            draft.set("partyId", visitor.get("partyId").clone());
        }
        Ok(())
    }

    fn check(&self, context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let ahead = draft.get("occurredAt").as_instant().is_some_and(|at| at.0 > context.now.0.saturating_add(AHEAD));
        if ahead && draft.changed("occurredAt") {
            let text = "occurredAt lies more than a day ahead: an event is what has happened.";
            problems.push(FieldProblem::new("/occurredAt", ProblemCode::NotAllowed, text));
        }
        if draft.get("visitorId").is_null() && draft.get("partyId").is_null() && draft.kind == ChangeKind::Created {
            let text = "Neither visitorId nor partyId is given: say who did it.";
            problems.push(FieldProblem::new("/visitorId", ProblemCode::Required, text));
        }
        if draft.get("kind").as_text() == Some(CustomerEventKind::Custom.as_str()) && draft.get("name").is_null() {
            let text = "name is missing: an event of kind CUSTOM says by its name what was done.";
            problems.push(FieldProblem::new("/name", ProblemCode::Required, text));
        }
        let Value::TextSet(properties) = draft.get("properties") else { return };
        let mut names = BTreeSet::new();
        for property in properties {
            match property.split_once('=').filter(|(name, _)| !name.trim().is_empty()) {
                None => {
                    let text = format!("properties holds {property:?}: each is name=value, such as sku=AB-100.");
                    problems.push(FieldProblem::new("/properties", ProblemCode::InvalidFormat, text));
                }
                Some((name, _)) if !names.insert(name) => {
                    let text = format!("properties holds {name:?} twice: each name has one value.");
                    problems.push(FieldProblem::new("/properties", ProblemCode::Contradiction, text));
                }
                Some(_) => {}
            }
        }
    }

    async fn companions(&self, _context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let (visitor, Some(at)) = (draft.get("visitorId").clone(), draft.get("occurredAt").as_instant()) else { return Ok(Vec::new()) };
        if draft.kind != ChangeKind::Created || visitor.is_null() {
            return Ok(Vec::new());
        }
        let found = reader.find("visitor", Filter::field(system::ID, Comparison::Equal(visitor))).await?;
        let stale = found.into_iter().filter(|visitor| visitor.get("lastSeenAt").as_instant().is_some_and(|last| at.0 - last.0 > SEEN));
        Ok(stale
            .map(|visitor| Companion::Patch { resource: "visitor", id: visitor.id, values: vec![("lastSeenAt", Value::Instant(at))] })
            .collect())
    }
}
