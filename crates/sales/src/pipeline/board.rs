//! `pipelineBoard`: a pipeline as a board, in one call.

use super::place;
use crate::condition;
use crate::groups::groups;
use crate::opportunity::OpportunityStatus;
use async_trait::async_trait;
use clientela_engine::aggregate::{AggregateRequest, Function, GroupRequest};
use clientela_engine::module::Found;
use clientela_engine::{Action, Call, Connection, ConnectionItem, Item, Operation, ReadPlan, Root, Selection};
use clientela_kernel::{DeletedMode, Error, Filter, Id, ListArguments, Money, PageArguments, Result, SortKey, Value};
use clientela_macros::{Choice, Shape};
use clientela_model::{Choice as _, OperationDef, ResourceDef};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Shows a pipeline as a board.
pub struct PipelineBoard;

/// In which order the cards of a stage stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum CardOrder {
    /// What is to be decided first.
    CloseDate,
    /// What has been there longest.
    StageSince,
    /// What was changed last.
    UpdatedAt,
}

/// What the board shows.
#[derive(Shape)]
pub struct BoardQuestion {
    /// Which opportunities: a filter tree as JSON, such as `{"ownerId": {"eq": "me"}}`; all where left out.
    #[field(format = "filter_tree", max = 10000, example = "\"{\\\"kind\\\": {\\\"eq\\\": \\\"RENEWAL\\\"}}\"")]
    pub filter: Option<String>,
    /// How many cards each stage shows at most.
    #[field(min = 0, max = 50, default = "10", example = "10")]
    pub cards: i64,
    /// In which order.
    #[field(default = "\"CLOSE_DATE\"", example = "\"CLOSE_DATE\"")]
    pub order: CardOrder,
    /// Whether opportunities that were won or lost are shown too.
    #[field(default = "false", example = "false")]
    pub closed: bool,
}

/// A pipeline as a board.
#[derive(Shape)]
pub struct Board {
    /// Its stages in their order; without `closed` the open ones.
    #[field(shape, most = 1000)]
    pub columns: Vec<BoardColumn>,
}

/// A stage with what is in it.
#[derive(Shape)]
pub struct BoardColumn {
    /// The stage.
    #[field(record = "stage")]
    pub stage: Id,
    /// How many opportunities there are.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "12")]
    pub count: i64,
    /// What they are worth, by currency; empty where none has an amount that you may see.
    #[field(shape, most = 200)]
    pub totals: Vec<BoardTotal>,
    /// The first of them.
    #[field(record = "opportunity", most = 50)]
    pub cards: Vec<Id>,
}

/// What opportunities of one currency are worth.
#[derive(Shape)]
pub struct BoardTotal {
    /// How many they are.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "12")]
    pub count: i64,
    /// The sum of their amounts.
    #[field()]
    pub amount: Money,
    /// The sum of their expected amounts.
    #[field()]
    pub expected_amount: Money,
}

#[async_trait]
impl Operation for PipelineBoard {
    type Input = BoardQuestion;
    type Output = Board;

    fn definition() -> OperationDef {
        OperationDef::reading::<BoardQuestion, Board>(
            "pipelineBoard",
            "pipeline",
            "board",
            "Shows a pipeline as a board: each stage with how many opportunities are in it, what they are worth, and the first of them, of those that you may see.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, asked: BoardQuestion) -> Result<Board> {
        let pipeline = call.target()?.id;
        let registry = call.engine().registry();
        let def = registry.known("opportunity")?;
        let mut conditions = vec![Filter::equal("pipelineId", Value::Id(pipeline.0))];
        let mut json = vec![json!({ "pipelineId": { "eq": pipeline.to_text(&registry.known("pipeline")?.prefix) } })];
        if !asked.closed {
            conditions.push(Filter::equal("status", OpportunityStatus::Open.as_str().into()));
            json.push(json!({ "status": { "eq": OpportunityStatus::Open.as_str() } }));
        }
        if let Some(text) = &asked.filter {
            let (tree, filter) = condition::asked(call, def, text)?;
            conditions.push(filter);
            json.push(tree);
        }
        let mut stages = call.find("stage", Filter::equal("pipelineId", Value::Id(pipeline.0))).await?;
        stages.retain(|stage| asked.closed || stage.get("kind").as_text() == Some(super::stage::StageKind::Open.as_str()));
        stages.sort_by_key(place);
        let mut cards = if asked.cards > 0 { cards(call, &stages, Filter::And(conditions), &asked).await? } else { BTreeMap::new() };
        let mut figures = figures(call, def, json!({ "and": json })).await?;
        let column = |stage: Found| {
            let key = stage.id.to_text(&stage.def.prefix);
            let (count, totals) = figures.remove(&key).unwrap_or_default();
            BoardColumn { stage: stage.id, count, totals, cards: cards.remove(&key).unwrap_or_default() }
        };
        Ok(Board { columns: stages.into_iter().map(column).collect() })
    }
}

/// The first opportunities of each stage, by the stage's id: one statement for all of them.
async fn cards(call: &Call<'_>, stages: &[Found], filter: Filter, asked: &BoardQuestion) -> Result<BTreeMap<String, Vec<Id>>> {
    let registry = call.engine().registry();
    let (stage, opportunity) = (registry.known("stage")?, registry.known("opportunity")?);
    let id = |def: &ResourceDef| -> Result<Selection> {
        let field = def.field_index("id").ok_or_else(|| Error::internal("a resource without an id"))?;
        Ok(Selection { items: vec![Item::Field { key: "id".into(), field }] })
    };
    let (field, descending) = match asked.order {
        CardOrder::CloseDate => ("closeDate", false),
        CardOrder::StageSince => ("stageSince", false),
        CardOrder::UpdatedAt => ("updatedAt", true),
    };
    let list = ListArguments {
        filter: Some(filter),
        sort: vec![SortKey { path: vec![field.into()], descending }],
        page: PageArguments::first(u32::try_from(asked.cards).unwrap_or_default()),
        deleted: DeletedMode::Exclude,
    };
    let nodes = |selection| Connection { items: vec![ConnectionItem::Nodes { key: "data".into(), selection: Arc::new(selection) }] };
    let relation = stage.relations.iter().position(|relation| relation.name == "opportunities");
    let relation = relation.ok_or_else(|| Error::internal("stages have no opportunities"))?;
    let mut selection = id(stage)?;
    selection.items.push(Item::ToMany { key: "cards".into(), relation, list, connection: nodes(id(opportunity)?) });
    let plan = ReadPlan { def: Arc::clone(stage), root: Root::Records { ids: stages.iter().map(|stage| stage.id.0).collect(), selection } };
    let mut out = Vec::new();
    call.engine().read(call.context, &plan, &mut out).await?;
    let found: Vec<Json> = serde_json::from_slice(&out).map_err(Error::internal)?;
    let mut cards = BTreeMap::new();
    for stage in found.iter().filter(|stage| !stage.is_null()) {
        let id = |record: &Json| record.get("id").and_then(Json::as_str).map(str::to_owned);
        let texts = stage.pointer("/cards/data").and_then(Json::as_array).into_iter().flatten().filter_map(id);
        let ids = texts.filter_map(|text| Id::parse(&text, &opportunity.prefix).ok());
        cards.insert(id(stage).unwrap_or_default(), ids.collect());
    }
    Ok(cards)
}

/// How many there are and what they are worth, by the stage's id.
async fn figures(call: &Call<'_>, def: &Arc<ResourceDef>, filter: Json) -> Result<BTreeMap<String, (i64, Vec<BoardTotal>)>> {
    let mask = clientela_access::authorize(call.context, def, Action::Read)?.fields;
    let sees = |name: &str| mask.is_open() || def.field(name).is_some_and(|field| mask.sees(field));
    let path = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
    let mut keys = vec![path(&["stageId"])];
    let mut measures = vec![(Function::Count, Vec::new())];
    let amounts = sees("amount") && sees("expectedAmount");
    if amounts {
        for name in ["amount", "expectedAmount"] {
            keys.push(path(&[name, "currency"]));
            measures.push((Function::Sum, path(&[name])));
        }
    }
    let group_by = keys.into_iter().map(|path| GroupRequest { path, bucket: None, zone: None }).collect();
    let request = AggregateRequest { filter: Some(filter), group_by, measures, ..AggregateRequest::default() };
    let groups = groups(call, call.context, def, request).await?;
    let mut figures: BTreeMap<String, (i64, Vec<BoardTotal>)> = BTreeMap::new();
    for group in &groups {
        let Some(stage) = group.text("/keys/stageId") else { continue };
        let count = group.count();
        let (all, totals) = figures.entry(stage.to_owned()).or_default();
        *all += count;
        if let (Some(amount), Some(expected_amount)) = (group.money("/sum/amount"), group.money("/sum/expectedAmount")) {
            totals.push(BoardTotal { count, amount, expected_amount });
        }
    }
    for (_, totals) in figures.values_mut() {
        totals.sort_by(|one, other| one.amount.currency.code().cmp(other.amount.currency.code()));
    }
    Ok(figures)
}
