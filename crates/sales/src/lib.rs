//! The sale: what is offered and at what price, deals on their way through pipelines, and what came of them.

pub mod catalog;
mod found;
mod look;
pub mod price;
pub mod quote;
pub mod rate;

use catalog::{category, component, product};
use clientela_engine::Module;
use price::{book, discount_limit, entry, tax_rate};
use rate::exchange_rate;

/// The resources of this crate, their rules and operations.
pub fn module() -> Module {
    Module::default()
        .resource::<category::Model>()
        .resource::<product::Model>()
        .resource::<component::Model>()
        .resource::<book::Model>()
        .resource::<entry::Model>()
        .resource::<tax_rate::Model>()
        .resource::<discount_limit::Model>()
        .resource::<exchange_rate::Model>()
        .resource::<quote::Model>()
        .resource::<quote::line::Model>()
        .rules("productCategory", category::CategoryRules)
        .rules("product", product::ProductRules)
        .rules("productComponent", component::ComponentRules)
        .rules("priceBook", book::BookRules)
        .rules("priceBookEntry", entry::EntryRules)
        .rules("taxRate", tax_rate::TaxRateRules)
        .rules("discountLimit", discount_limit::DiscountLimitRules)
        .rules("exchangeRate", exchange_rate::ExchangeRateRules)
        .rules("quote", quote::rules::QuoteRules)
        .rules("quoteLine", quote::line::LineRules)
        .operation(price::products::PriceProducts)
        .operation(rate::convert::ConvertMoney)
        .operation(quote::send::SendQuote)
        .operation(quote::accept::AcceptQuote)
        .operation(quote::reject::RejectQuote)
        .operation(quote::expire::ExpireQuote)
        .operation(quote::revise::ReviseQuote)
        .operation(quote::render::RenderQuote)
}
