//! A subscription: which feed it follows, and what is shown of each of its entries.

use super::answer::{Answer, Notes, write_key};
use super::build::Builder;
use super::coerce::Variables;
use super::collect::{Collected, What};
use super::feed::{self, EntryShape};
use super::problem::Problem;
use super::query::check_cost;
use super::{Prepared, Preparer, Source};
use crate::graphql::schema::types::Role;
use clientela_engine::feed::{FeedEntry, FeedRequest};
use clientela_kernel::{Context, Error, ErrorCode};
use clientela_model::ResourceDef;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use uuid::Uuid;

/// A subscription on its way.
pub(crate) struct Subscription {
    /// What is followed.
    pub(crate) request: FeedRequest,
    fields: Arc<Vec<Collected>>,
    variables: Variables,
    only: Option<Arc<ResourceDef>>,
    notes: Notes,
}

impl Subscription {
    /// Reads the arguments of the one root field, and checks what is selected.
    pub(crate) fn new(
        preparer: &Preparer,
        prepared: &Prepared,
        source: &dyn Source,
        context: &Context,
        given: &Map<String, Json>,
    ) -> Result<Subscription, Vec<Problem>> {
        let types = preparer.types.as_ref();
        let variables = prepared.variables(types, given)?;
        let fields = prepared.fields(types, &variables).map_err(|problem| vec![problem])?;
        let [field] = fields.as_slice() else {
            let text = "A subscription has exactly one root field. Send one document for each.";
            return Err(vec![Problem::request(ErrorCode::GraphqlValidationFailed, text)]);
        };
        let What::Role(Role::Live(index)) = field.what else {
            let text = "The root field of a subscription must be one of those of the type Subscription.";
            return Err(vec![Problem::at(field.position, ErrorCode::GraphqlValidationFailed, text)]);
        };
        let only = index.and_then(|index| types.registry.resources().get(index)).cloned();
        let builder = Builder { types, source, context, variables: &variables };
        let request = feed::request(&builder, field, only.as_ref()).map_err(|problem| vec![problem])?;
        let request = FeedRequest { from_now: request.after.is_none(), ..request };
        let shape = EntryShape::new(&builder, &field.children, &request, only.as_ref()).map_err(|problem| vec![problem])?;
        let cost = shape.cost(source, 1).map_err(|error| vec![Problem::field(error, field.position)])?;
        let mut notes = Notes::default();
        check_cost(cost + 1, source, &mut notes)?;
        let fields = Arc::clone(&fields);
        Ok(Subscription { request, fields, variables, only, notes })
    }

    /// The execution results of some entries, one each. What is selected is checked anew: a right may have gone since.
    pub(crate) async fn events(
        &self,
        preparer: &Preparer,
        source: &dyn Source,
        context: &Context,
        entries: &[FeedEntry],
        request_id: Uuid,
    ) -> Result<Vec<Vec<u8>>, Vec<Problem>> {
        let Some(field) = self.fields.first() else { return Ok(Vec::new()) };
        let builder = Builder { types: preparer.types.as_ref(), source, context, variables: &self.variables };
        let shape = EntryShape::new(&builder, &field.children, &self.request, self.only.as_ref()).map_err(|problem| vec![problem])?;
        let failed = |error: Error| vec![Problem::field(error, field.position)];
        let records = shape.records(source, context, entries).await.map_err(failed)?;
        let mut events = Vec::with_capacity(entries.len());
        for entry in entries {
            let mut out = b"{\"data\":{".to_vec();
            write_key(&field.key, &mut out);
            shape.write(entry, &records, &mut out).map_err(|problem| vec![problem])?;
            out.push(b'}');
            events.push(Answer::data(out, &[], self.notes, request_id).body);
        }
        Ok(events)
    }
}
