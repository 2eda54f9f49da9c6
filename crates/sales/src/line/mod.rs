//! Lines of quotes and line items of deals: what they take from other records, what they lack, and what they add to the record that has them.

pub(crate) mod amounts;

use crate::found::{by_id, first};
use crate::look::ByRule;
use crate::price::choose::Terms;
use crate::price::discount_limit::refuse_beyond;
use amounts::WHOLE;
use clientela_engine::module::{ChangeKind, Draft, Found, RuleReader};
use clientela_kernel::currency::Currency;
use clientela_kernel::{Context, Error, FieldProblem, Money, ProblemCode, Result, Value};
use clientela_model::system;

/// How the lines of one resource are.
pub(crate) struct Lines {
    /// The resource that has them; it has an account and a currency, and perhaps a price book and a segment.
    pub(crate) parent: &'static str,
    /// The field of a line that names it.
    pub(crate) reference: &'static str,
    /// The field of the parent that counts them.
    pub(crate) count: &'static str,
    /// How many there are at most.
    pub(crate) most: i64,
}

/// A line that is being written, with whose line it is.
pub(crate) struct Line {
    /// The record whose line it is. One that is not there is told of by the reference itself.
    pub(crate) parent: Option<Found>,
    /// The product of a new line.
    pub(crate) product: Option<Found>,
    /// The currency of its amounts.
    pub(crate) currency: Currency,
    /// What one unit costs.
    pub(crate) unit_price: Money,
}

/// A line that comes, changes or goes, with the record that has it.
pub(crate) struct Change {
    /// The record that has it.
    pub(crate) parent: Found,
    /// How many lines that has afterwards.
    pub(crate) count: i64,
    was: bool,
    is: bool,
}

impl Lines {
    async fn parent(&self, reader: &dyn RuleReader, draft: &Draft) -> Result<Option<Found>> {
        match draft.get(self.reference).as_id() {
            Some(parent) => first(reader, self.parent, by_id(parent)).await,
            None => Ok(None),
        }
    }

    /// Fills in what a new line takes from its parent and its product, and refuses what is missing, amounts in another currency and discounts beyond what the caller may give.
    pub(crate) async fn complete(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<Line> {
        let parent = self.parent(reader, draft).await?;
        let product = match &parent {
            Some(parent) if draft.kind == ChangeKind::Created => self.fill_in(context, reader, draft, parent).await?,
            _ => None,
        };
        if draft.get("position").is_null() {
            draft.set("position", Value::Integer(0));
        }
        let currency = match (&parent, draft.get("unitPrice")) {
            (Some(parent), _) => currency(parent)?,
            (None, Value::Money(price)) => price.currency,
            (None, _) => Currency::parse("EUR").ok_or_else(|| Error::internal("EUR is a currency"))?,
        };
        let problems = self.problems(draft, currency);
        if !problems.is_empty() && parent.is_some() {
            return Err(Error::validation(problems));
        }
        if draft.changed("unitPrice") || draft.changed("discountPercent") {
            let given = draft.get("discountPercent").as_integer().unwrap_or(0);
            refuse_beyond(context, reader, "discountPercent", effective(draft).max(given)).await?;
        }
        let unit_price = if let Value::Money(price) = *draft.get("unitPrice") { price } else { Money { minor: 0, currency } };
        Ok(Line { parent, product, currency, unit_price })
    }

    async fn fill_in(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft, parent: &Found) -> Result<Option<Found>> {
        if draft.get("position").is_null() {
            let next = parent.get(self.count).as_integer().unwrap_or(0) + 1;
            draft.set("position", Value::Integer(next));
        }
        let product = match draft.get("productId").as_id() {
            Some(product) => first(reader, "product", by_id(product)).await?,
            None => None,
        };
        if let Some(product) = &product {
            if draft.get("description").is_null() {
                draft.set("description", product.get("name").clone());
            }
            price(context, reader, draft, parent, product).await?;
        }
        Ok(product)
    }

    fn problems(&self, draft: &Draft, currency: Currency) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        if draft.get("description").is_null() {
            let text = "description is missing, and there is no product whose name could stand for it. Say what it is.";
            problems.push(FieldProblem::new("/description", ProblemCode::Required, text));
        }
        match *draft.get("unitPrice") {
            Value::Money(price) if price.currency != currency => {
                let (given, wanted) = (price.currency.code(), currency.code());
                let text = format!("unitPrice is in {given}, but the {} is in {wanted}. Give it in {wanted}.", self.parent);
                problems.push(FieldProblem::new("/unitPrice/currency", ProblemCode::Contradiction, text));
            }
            Value::Money(_) => {}
            _ => {
                let text = "unitPrice is missing, and there is no product whose price could stand for it. Say what one unit costs.";
                problems.push(FieldProblem::new("/unitPrice", ProblemCode::Required, text));
            }
        }
        problems
    }

    /// What a write of a line changes in the record that has it; nothing where that is gone or comes and goes with its lines, and holds their amounts already.
    pub(crate) async fn change(&self, reader: &dyn RuleReader, draft: &Draft) -> Result<Option<Change>> {
        let was = draft.before.is_some() && draft.old(system::DELETED_AT).is_null();
        let is = draft.kind != ChangeKind::Deleted;
        if !was && !is {
            return Ok(None);
        }
        let Some(parent) = self.parent(reader, draft).await? else { return Ok(None) };
        let count = parent.get(self.count).as_integer().unwrap_or(0) + i64::from(is) - i64::from(was);
        if count > self.most {
            let (reference, called) = (self.reference, self.parent);
            let text = format!("{reference} names a record of {} lines already, which is the most. Begin another {called}.", self.most);
            return Err(Error::invalid(format!("/{reference}"), ProblemCode::OutOfRange, text));
        }
        Ok(Some(Change { parent, count, was, is }))
    }
}

impl Change {
    /// A sum over all lines after the change, from the sum before it and the line's own field.
    ///
    /// # Errors
    /// Where it is beyond what an amount can be.
    pub(crate) fn sum(&self, before: &Value, draft: &Draft, field: &str) -> Result<Money> {
        let minor =
            |value: &Value, counts: bool| if let (Value::Money(money), true) = (value, counts) { i128::from(money.minor) } else { 0 };
        let sum = minor(before, true) + minor(draft.get(field), self.is) - minor(draft.old(field), self.was);
        let too_large = |_| {
            let text = format!("quantity makes the {field} of the {} too large.", self.parent.def.name);
            Error::invalid("/quantity", ProblemCode::OutOfRange, text)
        };
        Ok(Money { minor: i64::try_from(sum).map_err(too_large)?, currency: currency(&self.parent)? })
    }
}

fn currency(parent: &Found) -> Result<Currency> {
    let code = parent.get("currency").as_text().and_then(Currency::parse);
    code.ok_or_else(|| Error::internal(format!("{} has no currency", parent.def.name)))
}

/// Sets the price that the price books say.
async fn price(context: &Context, reader: &dyn RuleReader, draft: &mut Draft, parent: &Found, product: &Found) -> Result<()> {
    let look = ByRule(reader);
    let of = |field: &str| parent.get(field).as_id();
    let account = match of("accountId") {
        Some(account) => first(reader, "account", by_id(account)).await?,
        None => None,
    };
    let currency = parent.get("currency").as_text().and_then(Currency::parse);
    let terms = Terms::new(&look, context, account.as_ref(), None, currency, context.today()).await?;
    let terms = Terms { book: of("priceBookId"), segment: parent.get("segment").as_text().map(str::to_owned), ..terms };
    let quantity = draft.get("quantity").as_integer().unwrap_or(0);
    match terms.price(&look, product, quantity, "/productId").await {
        Ok(chosen) => {
            draft.set("listPrice", Value::Money(chosen.unit_price));
            if draft.get("unitPrice").is_null() {
                draft.set("unitPrice", Value::Money(chosen.unit_price));
            }
            Ok(())
        }
        // Whoever says what it costs needs no price book.
        Err(error) if error.fields().is_empty() || draft.get("unitPrice").is_null() => Err(error),
        Err(_) => Ok(()),
    }
}

/// How far what is paid is below the list price, in percent; none at all where there is no list price.
fn effective(draft: &Draft) -> i64 {
    match (draft.get("listPrice"), draft.get("unitPrice"), draft.get("discountPercent").as_integer()) {
        (Value::Money(list), Value::Money(price), Some(discount)) => {
            amounts::discount_from(*list, *price, discount).unwrap_or(0).min(WHOLE)
        }
        _ => 0,
    }
}
