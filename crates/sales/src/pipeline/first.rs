//! The pipeline that every tenant begins with, so that the first deal can be entered at once.

use super::stage::{ForecastCategory, StageKind};
use clientela_engine::{Call, Engine};
use clientela_kernel::{Context, Filter, Result, Value};
use clientela_model::Choice as _;

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
    let call = Call::inside(engine, context);
    let values = vec![("name", Value::from("Sales")), ("isDefault", Value::Boolean(true))];
    let pipeline = call.create("pipeline", values).await?.id;
    for (place, (name, kind, probability, category)) in (1..).zip(STAGES) {
        let values = vec![
            ("pipelineId", Value::Id(pipeline.0)),
            ("name", name.into()),
            ("position", Value::Integer(place * 10)),
            ("kind", kind.as_str().into()),
            ("probability", Value::Integer(probability)),
            ("forecastCategory", category.as_str().into()),
        ];
        call.create("stage", values).await?;
    }
    Ok(())
}
