//! What holds of a quote whatever way it is written.

use super::{QuoteStatus, require};
use crate::found::{by_id, first};
use crate::line::amounts;
use crate::look::ByRule;
use crate::price::choose::Terms;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, Found, RuleReader};
use clientela_kernel::currency::Currency;
use clientela_kernel::{Context, Date, Error, Id, ProblemCode, Result, Value};
use clientela_model::Choice as _;

/// How many days a quote is valid where nothing is said.
const USUAL_DAYS: i32 = 30;
/// What is no longer changed once it was sent.
const CONTENT: [&str; 8] = ["name", "contactId", "priceBookId", "segment", "validUntil", "taxCountry", "taxRegion", "terms"];

/// The rules of quotes.
pub struct QuoteRules;

#[async_trait]
impl Rules for QuoteRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        if draft.kind != ChangeKind::Created {
            return;
        }
        if draft.get("number").is_null() {
            let number = number(context.today(), draft.id);
            draft.set("number", number.into());
        }
        if draft.get("validUntil").is_null() {
            let until = Date(context.today().0.saturating_add(USUAL_DAYS));
            draft.set("validUntil", Value::Date(until));
        }
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let book = if draft.changed("priceBookId") { named(reader, draft, "priceBookId", "priceBook").await? } else { None };
        if draft.kind == ChangeKind::Created {
            begin(context, reader, draft, book.as_ref()).await?;
        } else if draft.old("status").as_text() != Some(QuoteStatus::Draft.as_str())
            && let Some(field) = CONTENT.into_iter().find(|field| draft.changed(field))
        {
            let before = Found { def: draft.def.clone(), id: draft.id, values: draft.before.clone().unwrap_or_default() };
            require(&before, &[QuoteStatus::Draft], &format!("given another {field}"))?;
        }
        let currency = draft.get("currency").as_text();
        if let Some(book) = book.as_ref().and_then(|book| book.get("currency").as_text()).filter(|book| Some(*book) != currency) {
            let text = format!(
                "priceBookId names a price book in {book}, and the quote is in {}. Name one in that currency.",
                currency.unwrap_or_default()
            );
            return Err(Error::invalid("/priceBookId", ProblemCode::Contradiction, text));
        }
        Ok(())
    }

    async fn companions(&self, _context: &Context, _reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        if draft.kind == ChangeKind::Deleted && draft.old(clientela_model::system::DELETED_AT).is_null() {
            let before = Found { def: draft.def.clone(), id: draft.id, values: draft.before.clone().unwrap_or_default() };
            require(&before, &[QuoteStatus::Draft], "deleted")?;
        }
        Ok(Vec::new())
    }
}

/// The living record that a field names.
async fn named(reader: &dyn RuleReader, draft: &Draft, field: &str, resource: &str) -> Result<Option<Found>> {
    match draft.get(field).as_id() {
        Some(id) => first(reader, resource, by_id(id)).await,
        None => Ok(None),
    }
}

/// Fills in what a new quote takes from its account, its price book and the tenant.
async fn begin(context: &Context, reader: &dyn RuleReader, draft: &mut Draft, book: Option<&Found>) -> Result<()> {
    let look = ByRule(reader);
    let account = named(reader, draft, "accountId", "account").await?;
    let given = draft.get("currency").as_text().and_then(Currency::parse);
    let currency = match given {
        Some(currency) => currency,
        None => Terms::new(&look, context, account.as_ref(), book, None, context.today()).await?.currency,
    };
    draft.set("currency", currency.code().into());
    amounts::set(draft, amounts::Amounts::default(), currency);
    if draft.get("taxCountry").is_null() {
        let of_account = account.map(|account| account.get("country").clone()).filter(|country| !country.is_null());
        let country = match of_account {
            Some(country) => country,
            None => first(reader, "tenant", by_id(context.tenant.0)).await?.map_or(Value::Null, |tenant| tenant.get("country").clone()),
        };
        draft.set("taxCountry", country);
    }
    Ok(())
}

/// A number that nobody else has: the day, and six letters and digits of the id, which are chance.
fn number(day: Date, id: Id) -> String {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let chance = id.0.as_u128();
    let letter = |place: u32| {
        let at = usize::try_from((chance >> (5 * place)) & 31).unwrap_or(0);
        LETTERS.get(at).map_or('0', |letter| char::from(*letter))
    };
    let ending: String = (0..6).map(letter).collect();
    format!("Q-{}-{ending}", day.to_text().replace('-', ""))
}
