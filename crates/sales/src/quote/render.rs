//! `renderQuote`.

use super::lines;
use crate::price::{PERCENT_PLACES, QUANTITY_PLACES};
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Money, Result, Value, decimal};
use clientela_macros::Shape;
use clientela_model::OperationDef;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Writes a quote as a document.
pub struct RenderQuote;

/// Nothing has to be said.
#[derive(Shape)]
pub struct RenderingOfQuote {}

/// The document.
#[derive(Shape)]
pub struct RenderedQuote {
    /// A page of HTML that needs nothing else: no script, no font, no picture. Everything that people have written is escaped.
    #[field(max = 10_000_000, example = "\"<!doctype html><title>Quote Q-20260131-7K3F9A</title>\"")]
    pub html: String,
    /// What a file of it may be called.
    #[field(max = 100, example = "\"Q-20260131-7K3F9A-1.html\"")]
    pub file_name: String,
}

#[async_trait]
impl Operation for RenderQuote {
    type Input = RenderingOfQuote;
    type Output = RenderedQuote;

    fn definition() -> OperationDef {
        OperationDef::reading::<RenderingOfQuote, RenderedQuote>(
            "renderQuote",
            "quote",
            "render",
            "Writes a quote as one HTML page, for mail, for printing or for a PDF: who offers what to whom, the lines, the taxes by percentage and the sums. What the caller may not see is left out. A \
             quote that is not sent yet says that it is a draft.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, _given: RenderingOfQuote) -> Result<RenderedQuote> {
        let quote = call.target()?;
        let lines = lines(call, quote.id).await?;
        let name = |found: Option<Found>| found.and_then(|found| found.get("name").as_text().map(str::to_owned)).unwrap_or_default();
        let tenant = name(call.visible("tenant", crate::found::by_id(call.context.tenant.0), None, 1).await?.pop());
        let account = name(seen(call, quote, "accountId", "account").await?);
        let contact = name(seen(call, quote, "contactId", "contact").await?);
        let html = page(quote, &lines, &tenant, &account, &contact);
        let number = text(quote, "number").replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-', "_");
        let file_name = format!("{number}-{}.html", quote.get("revision").as_integer().unwrap_or(1));
        Ok(RenderedQuote { html, file_name })
    }
}

/// The record that a field names, where the caller may see it.
async fn seen(call: &Call<'_>, quote: &Found, field: &str, resource: &str) -> Result<Option<Found>> {
    match quote.get(field).as_id() {
        Some(id) => Ok(call.visible(resource, crate::found::by_id(id), None, 1).await?.pop()),
        None => Ok(None),
    }
}

fn text<'f>(found: &'f Found, field: &str) -> &'f str {
    found.get(field).as_text().unwrap_or_default()
}

fn amount(found: &Found, field: &str) -> String {
    if let Value::Money(money) = found.get(field) { money.amount() } else { String::new() }
}

fn number(found: &Found, field: &str, places: u32) -> String {
    found.get(field).as_integer().map(|number| decimal::text(number, places)).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push_str("<br>"),
            other => out.push(other),
        }
    }
    out
}

const STYLE: &str = "body{font:14px/1.5 sans-serif;color:#222;max-width:52em;margin:2em auto;padding:0 1em}table{border-collapse:collapse;width:100%}\
th,td{padding:.3em .6em;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}.n{text-align:right;white-space:nowrap}tfoot td{border:0}\
.draft{color:#a00}";

/// The taxes by percentage: what they are of, and what they come to.
fn taxes(lines: &[Found]) -> BTreeMap<i64, (i64, i64)> {
    let mut groups: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for line in lines {
        let minor = |field: &str| if let Value::Money(Money { minor, .. }) = line.get(field) { *minor } else { 0 };
        if let Some(percent) = line.get("taxPercent").as_integer() {
            let group = groups.entry(percent).or_default();
            *group = (group.0.saturating_add(minor("net")), group.1.saturating_add(minor("tax")));
        }
    }
    groups
}

fn page(quote: &Found, lines: &[Found], tenant: &str, account: &str, contact: &str) -> String {
    let title = format!("Quote {}, revision {}", text(quote, "number"), quote.get("revision").as_integer().unwrap_or(1));
    let currency = text(quote, "currency");
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{0}</title><style>{STYLE}</style></head><body>\n\
         <header><p>{1}</p><h1>{0}</h1>",
        escaped(&title),
        escaped(tenant)
    );
    if text(quote, "status") == "DRAFT" {
        out.push_str("<p class=\"draft\">Draft: not an offer yet.</p>");
    }
    let mut said = |label: &str, value: &str| {
        if !value.is_empty() {
            let _ = write!(out, "<p>{label}: {}</p>", escaped(value));
        }
    };
    said("About", text(quote, "name"));
    said("For", account);
    said("To the attention of", contact);
    if let Value::Date(until) = quote.get("validUntil") {
        said("Valid until", &until.to_text());
    }
    let _ = write!(
        out,
        "</header>\n<table><thead><tr><th>#</th><th>Description</th><th class=\"n\">Quantity</th><th class=\"n\">Unit price</th><th class=\"n\">Discount</th><th class=\"n\">Tax</th>\
         <th class=\"n\">Net {0}</th></tr></thead><tbody>",
        escaped(currency)
    );
    for line in lines {
        let percent = |field: &str| match number(line, field, PERCENT_PLACES) {
            shown if shown.is_empty() || (field == "discountPercent" && shown == "0") => String::new(),
            shown => format!("{shown} %"),
        };
        let _ = write!(
            out,
            "\n<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            line.get("position").as_integer().unwrap_or(0),
            escaped(text(line, "description")),
            number(line, "quantity", QUANTITY_PLACES),
            amount(line, "unitPrice"),
            percent("discountPercent"),
            percent("taxPercent"),
            amount(line, "net"),
        );
    }
    out.push_str("</tbody><tfoot>");
    let mut sum = |label: &str, value: &str| {
        let _ = write!(out, "\n<tr><td colspan=\"6\" class=\"n\">{}</td><td class=\"n\">{value}</td></tr>", escaped(label));
    };
    sum("Net", &amount(quote, "net"));
    for (percent, (net, tax)) in taxes(lines) {
        if let Value::Money(total) = quote.get("net") {
            let shown = |minor: i64| Money { minor, currency: total.currency }.amount();
            sum(&format!("Tax {} % of {}", decimal::text(percent, PERCENT_PLACES), shown(net)), &shown(tax));
        }
    }
    sum(&format!("Total {currency}"), &amount(quote, "gross"));
    out.push_str("</tfoot></table>\n");
    let terms = text(quote, "terms");
    if !terms.is_empty() {
        let _ = writeln!(out, "<p>{}</p>", escaped(terms));
    }
    out.push_str("</body></html>\n");
    out
}
