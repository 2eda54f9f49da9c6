//! The discount limit.

use super::PERCENT_PLACES;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Companion, Draft, RuleReader};
use clientela_kernel::{ActorKind, Comparison, Context, Error, ErrorCode, Filter, Id, ProblemCode, Result, Value, decimal};
use clientela_macros::resource;

/// The greatest discount that holders of a role may give. Of several roles with limits the greatest holds; whoever has none, and administrators, may give any. Only administrators
/// change limits.
#[resource(name = "discountLimit", prefix = "dsl", unattachable, unique("discount_limit_role_key", "roleId"))]
pub struct Model {
    /// The role.
    #[field(
        refers = "role",
        inverse = "discountLimits",
        inverse_description = "The greatest discount that its holders may give.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"rol_01h455vb4pex5vsknk084sn02q\""
    )]
    pub role_id: Id,
    /// The greatest discount.
    #[field(decimal = 4, min = 0, max = 100, example = "\"15\"")]
    pub percent: i64,
}

/// The rules of limits.
pub struct DiscountLimitRules;

#[async_trait]
impl Rules for DiscountLimitRules {
    async fn companions(&self, context: &Context, _reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        if context.is_administrator() {
            return Ok(Vec::new());
        }
        Err(Error::new(ErrorCode::Forbidden, format!("Only administrators change {}. Ask one of them.", draft.def.plural)))
    }
}

/// The greatest discount that the caller may give; none where there is no limit.
async fn limit(context: &Context, reader: &dyn RuleReader) -> Result<Option<i64>> {
    if context.is_administrator() {
        return Ok(None);
    }
    let me = Value::Id(context.me());
    let mut held = reader.find("roleAssignment", Filter::equal("userId", me)).await?;
    if context.actor.kind == ActorKind::ApiKey {
        // A key with roles of its own acts by these alone.
        let own = reader.find("apiKeyRole", Filter::equal("apiKeyId", Value::Id(context.actor.id.0))).await?;
        held = if own.is_empty() { held } else { own };
    }
    let roles: Vec<Value> = held.iter().map(|assignment| assignment.get("roleId").clone()).collect();
    if roles.is_empty() {
        return Ok(None);
    }
    let limits = reader.find("discountLimit", Filter::field("roleId", Comparison::In(roles))).await?;
    Ok(limits.iter().filter_map(|limit| limit.get("percent").as_integer()).max())
}

/// Refuses a discount that the caller may not give.
pub(crate) async fn refuse_beyond(context: &Context, reader: &dyn RuleReader, field: &str, percent: i64) -> Result<()> {
    match limit(context, reader).await? {
        Some(limit) if percent > limit => {
            let (given, limit) = (decimal::text(percent, PERCENT_PLACES), decimal::text(limit, PERCENT_PLACES));
            let text = format!("{field} is {given} %, and you may give {limit} % at most. Lower it, or ask somebody who may give more.");
            Err(Error::invalid(format!("/{field}"), ProblemCode::NotAllowed, text))
        }
        _ => Ok(()),
    }
}
