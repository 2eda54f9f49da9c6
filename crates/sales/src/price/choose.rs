//! Which price applies, and why the others do not.

use super::{QUANTITY_PLACES, VALID};
use crate::found::by_id;
use crate::look::{Look, base_currency};
use crate::rate::conversion::{self, Conversion};
use clientela_engine::module::Found;
use clientela_kernel::currency::Currency;
use clientela_kernel::decimal::{self, rounded, unit};
use clientela_kernel::{Comparison, Context, Date, Error, Filter, Id, Money, ProblemCode, Result, Value};
use clientela_macros::Choice;
use std::cmp::Reverse;
use uuid::Uuid;

/// What became of a price that could have applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum PriceOutcome {
    /// It applies.
    Applied,
    /// A price of the same book for a greater quantity, or one that holds since later, applies.
    LowerTier,
    /// A price book that is nearer to the customer, or in the currency wanted, has a price that applies.
    OtherBook,
    /// It holds from a greater quantity on.
    QuantityTooSmall,
    /// It does not hold on the day.
    NotValid,
    /// Its price book does not hold on the day.
    BookNotValid,
    /// Its price book is not active.
    BookInactive,
}

/// For whom, when and in what.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) account: Option<Uuid>,
    pub(crate) segment: Option<String>,
    /// This book and no other.
    pub(crate) book: Option<Uuid>,
    pub(crate) currency: Currency,
    pub(crate) base: Currency,
    pub(crate) on: Date,
}

/// A price that could apply.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) entry: Found,
    pub(crate) book: Id,
    pub(crate) outcome: PriceOutcome,
}

/// The price that applies.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) entry: Found,
    pub(crate) book: Found,
    /// As the book has it.
    pub(crate) list_price: Money,
    /// In the currency wanted.
    pub(crate) unit_price: Money,
    pub(crate) conversion: Conversion,
    /// The others.
    pub(crate) others: Vec<Candidate>,
}

impl Terms {
    /// The terms where some are left out: the currency is that of the book, of the account, or the tenant's.
    pub(crate) async fn new(
        look: &dyn Look,
        context: &Context,
        account: Option<&Found>,
        book: Option<&Found>,
        currency: Option<Currency>,
        on: Date,
    ) -> Result<Terms> {
        let base = base_currency(look, context).await?;
        let of = |found: Option<&Found>| found.and_then(|found| Currency::parse(found.get("currency").as_text()?));
        let currency = currency.or_else(|| of(book)).or_else(|| of(account)).unwrap_or(base);
        Ok(Terms { account: account.map(|account| account.id.0), segment: None, book: book.map(|book| book.id.0), currency, base, on })
    }

    /// The books whose prices may apply.
    async fn books(&self, look: &dyn Look) -> Result<Vec<Found>> {
        let filter = match self.book {
            Some(book) => by_id(book),
            None => {
                let account = self.account.map(|account| Filter::equal("accountId", Value::Id(account)));
                let segment = self.segment.as_deref().map(|segment| Filter::equal("segment", segment.into()));
                Filter::Or(account.into_iter().chain(segment).chain([Filter::equal("isDefault", true.into())]).collect())
            }
        };
        look.find("priceBook", filter).await
    }

    /// How near a book is to the customer: first its own, then its segment's, then everybody's.
    fn distance(book: &Found) -> u8 {
        match (book.get("accountId").is_null(), book.get("segment").is_null()) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => 2,
        }
    }

    fn judge(&self, book: &Found, entry: &Found, quantity: i64) -> PriceOutcome {
        if book.get("active").as_boolean() != Some(true) {
            PriceOutcome::BookInactive
        } else if !VALID.covers(book, self.on) {
            PriceOutcome::BookNotValid
        } else if !VALID.covers(entry, self.on) {
            PriceOutcome::NotValid
        } else if entry.get("minQuantity").as_integer().unwrap_or(0) > quantity {
            PriceOutcome::QuantityTooSmall
        } else {
            PriceOutcome::Applied
        }
    }

    /// The price of so much of a product. `at` leads to the product in the request, for what is refused.
    pub(crate) async fn price(&self, look: &dyn Look, product: &Found, quantity: i64, at: &str) -> Result<Chosen> {
        let called = product.get("sku").as_text().unwrap_or_default();
        if product.get("active").as_boolean() != Some(true) {
            let text = format!("productId names {called}, which is not sold at present. Take another, or activate it.");
            return Err(Error::invalid(at, ProblemCode::Contradiction, text));
        }
        let books = self.books(look).await?;
        let of_book = |entry: &Found| books.iter().find(|book| entry.get("priceBookId").as_id() == Some(book.id.0));
        let ids: Vec<Value> = books.iter().map(|book| Value::Id(book.id.0)).collect();
        let filter =
            Filter::And(vec![Filter::equal("productId", Value::Id(product.id.0)), Filter::field("priceBookId", Comparison::In(ids))]);
        let entries = if books.is_empty() { Vec::new() } else { look.find("priceBookEntry", filter).await? };
        let mut judged: Vec<(PriceOutcome, &Found, Found)> = entries
            .into_iter()
            .filter_map(|entry| of_book(&entry).map(|book| (book, entry)))
            .map(|(book, entry)| (self.judge(book, &entry, quantity), book, entry))
            .collect();
        judged.sort_by_key(|(outcome, book, entry)| {
            let other = book.get("currency").as_text() != Some(self.currency.code());
            let since = if let Value::Date(day) = entry.get("validFrom") { day.0 } else { i32::MIN };
            let tier = entry.get("minQuantity").as_integer();
            (*outcome != PriceOutcome::Applied, Self::distance(book), other, Reverse(tier), Reverse(since), entry.id.0)
        });
        let mut judged = judged.into_iter();
        let Some((_, book, entry)) = judged.next().filter(|(outcome, ..)| *outcome == PriceOutcome::Applied) else {
            return Err(self.missing(&books, called, quantity, at));
        };
        let others = judged.map(|(outcome, other, entry)| Candidate {
            outcome: match outcome {
                PriceOutcome::Applied if other.id == book.id => PriceOutcome::LowerTier,
                PriceOutcome::Applied => PriceOutcome::OtherBook,
                outcome => outcome,
            },
            book: other.id,
            entry,
        });
        let others = others.collect();
        let Value::Money(list_price) = *entry.get("unitPrice") else { return Err(Error::internal("a price has no amount")) };
        let Some(conversion) = conversion::find(look, list_price.currency, self.currency, self.base, self.on).await? else {
            let (from, to) = (list_price.currency.code(), self.currency.code());
            let text = format!(
                "productId names {called}, whose price on {} is in {from}, and there is no exchange rate from {from} to {to} on that day or before. Add one, or a price in {to}.",
                self.on.to_text()
            );
            return Err(Error::invalid(at, ProblemCode::Contradiction, text));
        };
        let Some(unit_price) = conversion.apply(list_price, self.currency) else {
            return Err(Error::invalid(
                at,
                ProblemCode::OutOfRange,
                format!("productId names {called}, whose price is too large in {}.", self.currency.code()),
            ));
        };
        Ok(Chosen { entry, book: book.clone(), list_price, unit_price, conversion, others })
    }

    /// Why there is no price.
    fn missing(&self, books: &[Found], called: &str, quantity: i64, at: &str) -> Error {
        let day = self.on.to_text();
        let name = |book: &Found| book.get("name").as_text().unwrap_or_default().to_owned();
        let named = books.first().filter(|_| self.book.is_some());
        let text = match named {
            Some(book) if book.get("active").as_boolean() != Some(true) => {
                format!("priceBookId names {:?}, which is not active. Activate it, or name another.", name(book))
            }
            Some(book) if !VALID.covers(book, self.on) => {
                format!(
                    "priceBookId names {:?}, which holds {}, and not on {day}. Name another, or another day.",
                    name(book),
                    VALID.words(book)
                )
            }
            _ => {
                let looked: Vec<String> = books.iter().map(|book| format!("{:?}", name(book))).collect();
                let looked = if looked.is_empty() {
                    "no price book is the default one".to_owned()
                } else {
                    format!("looked in {}", looked.join(", "))
                };
                let quantity = decimal::text(quantity, QUANTITY_PLACES);
                format!("productId names {called}, which has no price for {quantity} of it on {day} ({looked}). Add a priceBookEntry.")
            }
        };
        Error::invalid(at, ProblemCode::Contradiction, text)
    }
}

/// What so much of something costs, rounded half away from zero to the currency's unit; none where that is too large.
pub(crate) fn times(price: Money, quantity: i64) -> Option<Money> {
    let minor = rounded(i128::from(price.minor) * i128::from(quantity), i128::from(unit(QUANTITY_PLACES)));
    Some(Money { minor: i64::try_from(minor).ok()?, currency: price.currency })
}
