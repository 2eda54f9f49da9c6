//! `pipelineBoard`: a pipeline as a board, in one call.

use super::place;
use crate::condition;
use crate::groups::{Sight, groups, key, path};
use crate::look::base_currency;
use crate::opportunity::OpportunityStatus;
use async_trait::async_trait;
use clientela_engine::aggregate::{AggregateRequest, Function};
use clientela_engine::module::Found;
use clientela_engine::{Call, Connection, ConnectionItem, Item, Operation, ReadPlan, Root, Selection};
use clientela_kernel::currency::Currency;
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
    /// What they are worth together in the tenant's currency, by their `baseAmount`s; none where you may not see these.
    #[field(shape)]
    pub base: Option<BoardBase>,
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

impl BoardTotal {
    fn add(&mut self, count: i64, amount: Money, expected: Money) {
        self.count += count;
        self.amount.minor = self.amount.minor.saturating_add(amount.minor);
        self.expected_amount.minor = self.expected_amount.minor.saturating_add(expected.minor);
    }
}

/// What opportunities are worth in the tenant's currency.
#[derive(Shape)]
pub struct BoardBase {
    /// The sum of their amounts.
    #[field()]
    pub amount: Money,
    /// The sum of their expected amounts.
    #[field()]
    pub expected_amount: Money,
    /// How many have an amount that is not among these, as there was no exchange rate for it when it was last worked out (`revalueOpportunities`).
    #[field(min = 0, max = 9_007_199_254_740_991, example = "0")]
    pub unconverted: i64,
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
        let sight = Sight::of(call, "opportunity")?;
        let currency = if sight.sees(&AMOUNTS[1]) { Some(base_currency(call, call.context).await?) } else { None };
        let mut figures = figures(call, &sight, json!({ "and": json }), currency).await?;
        let column = |stage: Found| {
            let key = stage.id.to_text(&stage.def.prefix);
            let Figures { count, totals, base } = figures.remove(&key).unwrap_or_default();
            let base = base.or_else(|| currency.map(BoardBase::none));
            BoardColumn { stage: stage.id, count, totals, base, cards: cards.remove(&key).unwrap_or_default() }
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

/// What there is in a stage.
#[derive(Default)]
struct Figures {
    count: i64,
    totals: Vec<BoardTotal>,
    base: Option<BoardBase>,
}

impl BoardBase {
    fn none(currency: Currency) -> Self {
        let nothing = Money { minor: 0, currency };
        BoardBase { amount: nothing, expected_amount: nothing, unconverted: 0 }
    }

    fn add(&mut self, amount: Money, expected: Money) {
        self.amount.minor = self.amount.minor.saturating_add(amount.minor);
        self.expected_amount.minor = self.expected_amount.minor.saturating_add(expected.minor);
    }
}

/// The pairs of amounts that are summed: in the currency of the deal, and in the tenant's.
const AMOUNTS: [[&str; 2]; 2] = [["amount", "expectedAmount"], ["baseAmount", "baseExpectedAmount"]];

/// How many there are and what they are worth, by the stage's id. `currency` is the tenant's, where its amounts may be seen.
async fn figures(call: &Call<'_>, sight: &Sight, filter: Json, currency: Option<Currency>) -> Result<BTreeMap<String, Figures>> {
    let mut group_by = vec![key(&["stageId"])];
    let mut measures = vec![(Function::Count, Vec::new())];
    for name in AMOUNTS.iter().filter(|pair| sight.sees(*pair)).flatten() {
        group_by.push(key(&[name, "currency"]));
        measures.push((Function::Sum, path(&[name])));
    }
    let request = AggregateRequest { filter: Some(filter), group_by, measures, ..AggregateRequest::default() };
    let groups = groups(call, call.context, &sight.def, request).await?;
    let mut figures: BTreeMap<String, Figures> = BTreeMap::new();
    for group in &groups {
        let Some(stage) = group.text("/keys/stageId") else { continue };
        let figures = figures.entry(stage.to_owned()).or_default();
        let count = group.count();
        figures.count += count;
        let [worth, based] = AMOUNTS.map(|names| names.map(|name| group.money(&format!("/sum/{name}"))));
        if let [Some(amount), Some(expected_amount)] = worth {
            match figures.totals.iter_mut().find(|total| total.amount.currency == amount.currency) {
                Some(total) => total.add(count, amount, expected_amount),
                None => figures.totals.push(BoardTotal { count, amount, expected_amount }),
            }
        }
        if let Some(currency) = currency {
            let base = figures.base.get_or_insert_with(|| BoardBase::none(currency));
            match based {
                [Some(amount), Some(expected)] if amount.currency == currency => base.add(amount, expected),
                _ if worth.iter().any(Option::is_some) => base.unconverted += count,
                _ => {}
            }
        }
    }
    for figures in figures.values_mut() {
        figures.totals.sort_by(|one, other| one.amount.currency.code().cmp(other.amount.currency.code()));
    }
    Ok(figures)
}
