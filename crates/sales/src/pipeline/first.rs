//! The pipeline that every tenant begins with, so that the first deal can be entered at once.

use super::stage::{ForecastCategory, StageKind};
use clientela_engine::{Engine, WriteAction, WriteRequest};
use clientela_kernel::{Context, Error, Filter, Id, Name, Result, Value};
use clientela_model::Choice as _;
use std::sync::Arc;

/// Its stages: name, kind, chance of success in percent, category of the forecast.
const STAGES: [(&str, StageKind, i64, ForecastCategory); 6] = [
    ("Qualification", StageKind::Open, 10, ForecastCategory::Pipeline),
    ("Needs analysis", StageKind::Open, 25, ForecastCategory::Pipeline),
    ("Offer", StageKind::Open, 50, ForecastCategory::BestCase),
    ("Negotiation", StageKind::Open, 75, ForecastCategory::Commit),
    ("Won", StageKind::Won, 100, ForecastCategory::Closed),
    ("Lost", StageKind::Lost, 0, ForecastCategory::Omitted),
];

/// Gives a tenant its first pipeline, unless it has one.
///
/// # Errors
/// Where the database refuses a write.
pub async fn begin(engine: &Engine, context: &Context) -> Result<()> {
    if engine.find_one(context, "pipeline", Filter::And(Vec::new())).await?.is_some() {
        return Ok(());
    }
    let values = vec![("name".into(), "Sales".into()), ("isDefault".into(), Value::Boolean(true))];
    let pipeline = make(engine, context, "pipeline", values).await?;
    for (place, (name, kind, probability, category)) in (1..).zip(STAGES) {
        let values = vec![
            ("pipelineId".into(), Value::Id(pipeline.0)),
            ("name".into(), name.into()),
            ("position".into(), Value::Integer(place * 10)),
            ("kind".into(), kind.as_str().into()),
            ("probability".into(), Value::Integer(probability)),
            ("forecastCategory".into(), category.as_str().into()),
        ];
        make(engine, context, "stage", values).await?;
    }
    Ok(())
}

async fn make(engine: &Engine, context: &Context, resource: &str, values: Vec<(Name, Value)>) -> Result<Id> {
    let def = engine.registry().resource(resource).ok_or_else(|| Error::internal(format!("no resource is called {resource}")))?;
    let request = WriteRequest { def: Arc::clone(def), action: WriteAction::Make { values }, idempotency: None };
    engine.write(context, request).await.map(|made| made.id)
}
