//! What execution needs of the engine. A trait, so that execution can be tested over records in memory.

use async_trait::async_trait;
use clientela_engine::aggregate::{AggregateRequest, Aggregation, GroupsShape};
use clientela_engine::batch::Unfolded;
use clientela_engine::feed::{FeedEntry, FeedPage, FeedRequest};
use clientela_engine::past::HistoryPage;
use clientela_engine::search::{SearchAnswer, SearchRequest};
use clientela_engine::sync::{SyncRequest, SyncResult};
use clientela_engine::timeline::{TimelinePage, TimelineRequest};
use clientela_engine::{
    AccessRequest, Batch, BatchEntry, BatchOutcome, Bulk, BulkOutcome, Engine, Held, OperationOutcome, OperationRequest, ReadPlan,
    RecordBy, Root, Selection, WriteOutcome, WriteRequest,
};
use clientela_kernel::{Context, Cursor, Filter, Id, ListArguments, Result, SortKey, Timestamp};
use clientela_model::ResourceDef;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Reads and writes by plan. Each method means what the engine's of the same name does.
#[async_trait]
pub(crate) trait Source: Send + Sync {
    /// Appends the plan's JSON; false where a single record is not there.
    async fn read(&self, context: &Context, plan: &ReadPlan, out: &mut Vec<u8>) -> Result<bool>;
    async fn find_by(&self, context: &Context, def: &ResourceDef, by: &RecordBy) -> Result<Option<Id>>;
    async fn write(&self, context: &Context, request: WriteRequest) -> Result<WriteOutcome>;
    async fn render(&self, context: &Context, outcome: &WriteOutcome, selection: &Arc<Selection>, out: &mut Vec<u8>) -> Result<bool>;
    async fn operate(&self, context: &Context, request: OperationRequest) -> Result<OperationOutcome>;
    fn parse_aggregate(&self, context: &Context, def: &Arc<ResourceDef>, request: &AggregateRequest) -> Result<Aggregation>;
    async fn aggregate(&self, context: &Context, aggregation: &Aggregation, shape: &GroupsShape, out: &mut Vec<u8>) -> Result<()>;
    async fn batch(&self, context: &Context, batch: Batch) -> Result<BatchOutcome>;
    async fn bulk(&self, context: &Context, bulk: Bulk) -> Result<BulkOutcome>;
    fn read_rows(&self, def: &Arc<ResourceDef>, rows: &Json) -> Result<Vec<Result<BatchEntry>>>;
    fn unfold(&self, def: &Arc<ResourceDef>, body: &Map<String, Json>) -> Result<Option<Unfolded>>;
    async fn begin_noting(&self) -> Result<(Box<dyn Source>, Held)>;
    async fn search(&self, context: &Context, request: &SearchRequest) -> Result<SearchAnswer>;
    async fn read_past(&self, context: &Context, plan: &ReadPlan, at: Timestamp, out: &mut Vec<u8>) -> Result<bool>;
    async fn history(&self, context: &Context, def: &Arc<ResourceDef>, id: Id, limit: u32, after: Option<&str>) -> Result<HistoryPage>;
    async fn access(&self, context: &Context, def: &Arc<ResourceDef>, id: Id, request: &AccessRequest) -> Result<Json>;
    async fn timeline(&self, context: &Context, def: &Arc<ResourceDef>, id: Id, request: &TimelineRequest) -> Result<TimelinePage>;
    async fn feed(&self, context: &Context, request: &FeedRequest) -> Result<FeedPage>;
    /// What of its record a copy lacks that has followed up to an entry, as JSON.
    async fn changed(&self, context: &Context, entry: &FeedEntry) -> Result<Vec<u8>>;
    fn read_sync(&self, input: &Map<String, Json>) -> Result<SyncRequest>;
    async fn sync(&self, context: &Context, request: SyncRequest) -> Result<Vec<SyncResult>>;
    fn cost(&self, plan: &ReadPlan) -> Result<u64>;
    /// The greatest cost of a request.
    fn cost_limit(&self) -> u64;
    fn parse_filter(&self, context: &Context, def: &ResourceDef, json: &Json) -> Result<Filter>;
    fn parse_sort(&self, context: &Context, def: &ResourceDef, keys: &[(Vec<String>, bool)]) -> Result<Vec<SortKey>>;
    fn parse_cursor(&self, def: &ResourceDef, list: &ListArguments, text: &str) -> Result<Cursor>;
}

#[async_trait]
impl Source for Engine {
    async fn read(&self, context: &Context, plan: &ReadPlan, out: &mut Vec<u8>) -> Result<bool> {
        let answer = Engine::read(self, context, plan, out).await?;
        match (answer.successor, &plan.root) {
            // What was merged into another record is that one.
            (Some(id), Root::Record { deleted, selection, .. }) => {
                let root = Root::Record { id: id.0, deleted: *deleted, selection: Arc::clone(selection) };
                Ok(Engine::read(self, context, &ReadPlan { def: Arc::clone(&plan.def), root }, out).await?.found)
            }
            _ => Ok(answer.found),
        }
    }

    async fn find_by(&self, context: &Context, def: &ResourceDef, by: &RecordBy) -> Result<Option<Id>> {
        Engine::find_by(self, context, def, by).await
    }

    async fn write(&self, context: &Context, request: WriteRequest) -> Result<WriteOutcome> {
        Engine::write(self, context, request).await
    }

    async fn render(&self, context: &Context, outcome: &WriteOutcome, selection: &Arc<Selection>, out: &mut Vec<u8>) -> Result<bool> {
        Engine::render(self, context, outcome, selection, out).await.map(|answer| answer.found)
    }

    async fn operate(&self, context: &Context, request: OperationRequest) -> Result<OperationOutcome> {
        Engine::operate(self, context, request).await
    }

    fn parse_aggregate(&self, context: &Context, def: &Arc<ResourceDef>, request: &AggregateRequest) -> Result<Aggregation> {
        Engine::parse_aggregate(self, context, def, request)
    }

    async fn aggregate(&self, context: &Context, aggregation: &Aggregation, shape: &GroupsShape, out: &mut Vec<u8>) -> Result<()> {
        Engine::aggregate(self, context, aggregation, shape, out).await.map(drop)
    }

    async fn batch(&self, context: &Context, batch: Batch) -> Result<BatchOutcome> {
        Engine::batch(self, context, batch).await
    }

    async fn bulk(&self, context: &Context, bulk: Bulk) -> Result<BulkOutcome> {
        Engine::bulk(self, context, bulk).await
    }

    fn read_rows(&self, def: &Arc<ResourceDef>, rows: &Json) -> Result<Vec<Result<BatchEntry>>> {
        Engine::read_rows(self, def, rows)
    }

    fn unfold(&self, def: &Arc<ResourceDef>, body: &Map<String, Json>) -> Result<Option<Unfolded>> {
        Engine::unfold(self, def, body)
    }

    async fn begin_noting(&self) -> Result<(Box<dyn Source>, Held)> {
        let (engine, held) = Engine::begin_noting(self).await?;
        Ok((Box::new(engine), held))
    }

    async fn search(&self, context: &Context, request: &SearchRequest) -> Result<SearchAnswer> {
        Engine::search(self, context, request).await
    }

    async fn read_past(&self, context: &Context, plan: &ReadPlan, at: Timestamp, out: &mut Vec<u8>) -> Result<bool> {
        Ok(Engine::read_past(self, context, plan, at, out).await?.found)
    }

    async fn history(&self, context: &Context, def: &Arc<ResourceDef>, id: Id, limit: u32, after: Option<&str>) -> Result<HistoryPage> {
        Engine::history(self, context, def, id, limit, after).await
    }

    async fn access(&self, context: &Context, def: &Arc<ResourceDef>, id: Id, request: &AccessRequest) -> Result<Json> {
        Engine::access(self, context, def, id, request).await
    }

    async fn timeline(&self, context: &Context, def: &Arc<ResourceDef>, id: Id, request: &TimelineRequest) -> Result<TimelinePage> {
        Engine::timeline(self, context, def, id, request).await
    }

    async fn feed(&self, context: &Context, request: &FeedRequest) -> Result<FeedPage> {
        Engine::feed(self, context, request).await
    }

    async fn changed(&self, context: &Context, entry: &FeedEntry) -> Result<Vec<u8>> {
        let (entry, selection) = entry.changed();
        let mut out = Vec::new();
        self.render_entry(context, &entry, &Arc::new(selection), &mut out).await?;
        Ok(out)
    }

    fn read_sync(&self, input: &Map<String, Json>) -> Result<SyncRequest> {
        Engine::read_sync(self, input.get("device"), input.get("policy"), input.get("operations"))
    }

    async fn sync(&self, context: &Context, request: SyncRequest) -> Result<Vec<SyncResult>> {
        Engine::sync(self, context, request).await
    }

    fn cost(&self, plan: &ReadPlan) -> Result<u64> {
        Engine::cost(self, plan)
    }

    fn cost_limit(&self) -> u64 {
        clientela_engine::MAXIMUM_COST
    }

    fn parse_filter(&self, context: &Context, def: &ResourceDef, json: &Json) -> Result<Filter> {
        Engine::parse_filter(self, context, def, json)
    }

    fn parse_sort(&self, context: &Context, def: &ResourceDef, keys: &[(Vec<String>, bool)]) -> Result<Vec<SortKey>> {
        Engine::parse_sort(self, context, def, keys)
    }

    fn parse_cursor(&self, def: &ResourceDef, list: &ListArguments, text: &str) -> Result<Cursor> {
        Engine::parse_cursor(self, def, list, text)
    }
}
