//! Quotes: amounts that add up whoever writes at once, states that are kept, and what is told to whom.

use super::{euro, made, priced, product};
use crate::rights::{role, user};
use clientela_testkit::factory::text;
use clientela_testkit::{Client, both};
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

async fn quote(client: &Client) -> String {
    let account = made(client, "accounts", json!({ "name": "Dairy <b>& Sons</b>", "country": "AT" })).await;
    made(client, "quotes", json!({ "accountId": account, "name": "Winter", "terms": "Pay \"soon\"" })).await
}

fn line(quote: &str, price: &str, quantity: &str, discount: &str, tax: &str) -> Json {
    json!({ "quoteId": quote, "description": "Cheese", "unitPrice": euro(price), "quantity": quantity, "discountPercent": discount, "taxPercent": tax })
}

fn minor(record: &Json, field: &str) -> i64 {
    record[field]["amount"].as_str().unwrap_or_else(|| panic!("{field}: {record}")).replace('.', "").parse().unwrap()
}

/// The quote's amounts are the sums of its lines', and each adds up.
async fn adds_up(client: &Client, quote: &str) -> Json {
    let whole = client.get(&format!("/v1/quotes/{quote}")).await.expect(200);
    let lines = client.get(&format!("/v1/quote-lines?filter[quoteId][eq]={quote}&limit=1000")).await.expect(200);
    let lines = lines["data"].as_array().unwrap();
    for field in ["subtotal", "discount", "net", "tax", "gross"] {
        assert_eq!(minor(&whole, field), lines.iter().map(|line| minor(line, field)).sum::<i64>(), "{field} of {whole}");
    }
    for record in lines.iter().chain([&whole]) {
        assert_eq!(minor(record, "subtotal") - minor(record, "discount"), minor(record, "net"));
        assert_eq!(minor(record, "net") + minor(record, "tax"), minor(record, "gross"));
    }
    assert_eq!(whole["lineCount"], json!(lines.len()));
    whole
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_add_up_however_lines_are_written() {
    both(|app| async move {
        let alpha = &app.alpha;
        let quote = quote(alpha).await;
        let one = alpha.post("/v1/quote-lines", &line(&quote, "0.35", "3", "50", "20")).await.expect(201);
        assert_eq!(
            [&one["subtotal"], &one["discount"], &one["net"], &one["tax"], &one["gross"]],
            [&euro("1.05"), &euro("0.53"), &euro("0.52"), &euro("0.10"), &euro("0.62")]
        );
        // Many write at once, and nothing is lost.
        let mut writers = JoinSet::new();
        for number in 0..12 {
            let (client, body) = (alpha.clone(), line(&quote, &format!("{number}.99"), "1.3333", "3.3333", "10"));
            writers.spawn(async move { client.post("/v1/quote-lines", &body).await.expect(201) });
        }
        let made = writers.join_all().await;
        let whole = adds_up(alpha, &quote).await;
        assert_eq!((&whole["lineCount"], &whole["version"]), (&json!(13), &json!(14)));
        let path = |line: &Json| format!("/v1/quote-lines/{}", text(line, "id"));
        alpha.patch(&path(&made[0]), &json!({ "quantity": "7", "discountPercent": "100" })).await.expect(200);
        assert_eq!(alpha.delete(&path(&made[1])).await.status, 204);
        adds_up(alpha, &quote).await;
        alpha.post(&format!("{}/restore", path(&made[1])), &json!({})).await.expect(200);
        assert_eq!(alpha.delete(&path(&made[2])).await.status, 204);
        assert_eq!(alpha.post(&format!("{}/erase", path(&made[2])), &json!({})).await.status, 204);
        adds_up(alpha, &quote).await;
        let rows: Vec<Json> =
            (0..20).map(|number| json!({ "create": line(&quote, "1.01", &format!("0.{}", number + 1), "12.5", "19") })).collect();
        alpha.post("/v1/quote-lines/batch", &json!({ "rows": rows, "atomic": true })).await.expect(200);
        let before = adds_up(alpha, &quote).await;
        assert_eq!(before["lineCount"], json!(32));
        // It goes and comes back with its lines.
        let own = format!("/v1/quotes/{quote}");
        assert_eq!(alpha.delete(&own).await.status, 204);
        alpha.post(&format!("{own}/restore"), &json!({})).await.expect(200);
        let after = adds_up(alpha, &quote).await;
        assert_eq!(after["gross"], before["gross"]);
        for (body, pointer) in [
            (json!({ "quoteId": quote, "description": "x", "unitPrice": { "amount": "1", "currency": "USD" } }), "/unitPrice/currency"),
            (line(&quote, "1.00", "-1", "0", "0"), "/quantity"),
            (line(&quote, "1.00", "0", "0", "0"), "/quantity"),
            (line(&quote, "1.00", "1", "100.01", "0"), "/discountPercent"),
            (line(&quote, "1.00", "1", "0", "101"), "/taxPercent"),
            (line(&quote, "-1.00", "1", "0", "0"), "/unitPrice"),
            (line(&quote, "92233720368547758.07", "100000000", "0", "0"), "/quantity"),
            (json!({ "quoteId": quote, "unitPrice": euro("1") }), "/description"),
            (json!({ "quoteId": quote, "description": "x" }), "/unitPrice"),
            (json!({ "quoteId": "quo_01h455vb4pex5vsknk084sn02q", "description": "x", "unitPrice": euro("1") }), "/quoteId"),
        ] {
            let refused = alpha.post("/v1/quote-lines", &body).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], json!(pointer), "{body}: {refused}");
        }
        adds_up(alpha, &quote).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_priced_and_taxed_by_what_is_known() {
    both(|app| async move {
        let alpha = &app.alpha;
        let cheese = product(alpha, "Cheese").await;
        let list = made(alpha, "price-books", json!({ "name": "List", "currency": "EUR", "isDefault": true })).await;
        priced(alpha, &list, &cheese, euro("10.00"), "0").await;
        priced(alpha, &list, &cheese, euro("9.00"), "10").await;
        made(alpha, "tax-rates", json!({ "name": "VAT", "country": "AT", "percent": "20" })).await;
        let quote = quote(alpha).await;
        let of = |quantity: &str| json!({ "quoteId": quote, "productId": cheese, "quantity": quantity });
        let made_line = alpha.post("/v1/quote-lines", &of("12")).await.expect(201);
        assert_eq!(
            (&made_line["unitPrice"], &made_line["taxPercent"], &made_line["description"]),
            (&euro("9.00"), &json!("20"), &json!("Cheese"))
        );
        assert_eq!((&made_line["listPrice"], &made_line["gross"], &made_line["position"]), (&euro("9.00"), &euro("129.60"), &json!(1)));

        // Whoever may give 10 % gives no more, neither as a discount nor by a lower price.
        let role_id = role(&app, "seller", &[("*", "*", "ALL")]).await;
        made(alpha, "discount-limits", json!({ "roleId": role_id, "percent": "10" })).await;
        let (_, seller) = user(&app, "seller", &[&role_id]).await;
        let with = |more: Json| {
            let mut body = of("1");
            body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            body
        };
        seller.post("/v1/quote-lines", &with(json!({ "discountPercent": "10" }))).await.expect(201);
        seller.post("/v1/quote-lines", &with(json!({ "unitPrice": euro("9.00") }))).await.expect(201);
        for more in [
            json!({ "discountPercent": "10.0001" }),
            json!({ "unitPrice": euro("8.99") }),
            json!({ "unitPrice": euro("9.50"), "discountPercent": "6" }),
        ] {
            let refused = seller.post("/v1/quote-lines", &with(more.clone())).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], json!("/discountPercent"), "{more}");
            assert!(refused["errors"][0]["detail"].as_str().unwrap().contains("10 %"), "{refused}");
        }
        let line = format!("/v1/quote-lines/{}", text(&made_line, "id"));
        seller.patch(&line, &json!({ "discountPercent": "50" })).await.refused(422, "VALIDATION_FAILED");
        alpha.patch(&line, &json!({ "discountPercent": "50" })).await.expect(200);
        seller.patch(&line, &json!({ "quantity": "13" })).await.expect(200);
        seller
            .post("/v1/discount-limits", &json!({ "roleId": role(&app, "other", &[]).await, "percent": "99" }))
            .await
            .refused(403, "FORBIDDEN");
        adds_up(alpha, &quote).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_goes_its_way_and_no_other() {
    both(|app| async move {
        let alpha = &app.alpha;
        let quote = quote(alpha).await;
        let path = format!("/v1/quotes/{quote}");
        let act = |verb: &str| {
            let path = format!("{path}/{verb}");
            async move { alpha.post(&path, &json!({})).await }
        };
        assert!(act("send").await.refused(409, "INVALID_STATE")["detail"].as_str().unwrap().contains("no lines"));
        let first =
            made(alpha, "quote-lines", json!({ "quoteId": quote, "description": "<script>x</script>", "unitPrice": euro("10.00") })).await;
        assert!(act("send").await.refused(409, "INVALID_STATE")["detail"].as_str().unwrap().contains(&first));
        alpha.patch(&format!("/v1/quote-lines/{first}"), &json!({ "taxPercent": "20" })).await.expect(200);
        made(alpha, "quote-lines", line(&quote, "5.00", "1", "10", "0")).await;
        for verb in ["accept", "reject", "expire", "revise"] {
            act(verb).await.refused(409, "INVALID_STATE");
        }
        let tried = alpha.post(&format!("{path}/send?dryRun=true"), &json!({})).await.expect(200);
        assert_eq!(tried["quote"]["status"], json!("SENT"));
        let draft = alpha.post(&format!("{path}/render"), &json!({})).await.expect(200);
        assert!(draft["html"].as_str().unwrap().contains("not an offer yet"));
        let sent = act("send").await.expect(200);
        assert_eq!(sent["quote"]["status"], json!("SENT"));
        let html = alpha.post(&format!("{path}/render"), &json!({})).await.expect(200);
        let html = html["html"].as_str().unwrap();
        for part in
            ["&lt;script&gt;x&lt;/script&gt;", "Dairy &lt;b&gt;&amp; Sons&lt;/b&gt;", "Pay &quot;soon&quot;", "16.50", "Tax 20 % of 10.00"]
        {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        assert!(!html.contains("<script"), "{html}");
        // What was sent stays as it is.
        alpha.patch(&path, &json!({ "terms": "None" })).await.refused(409, "INVALID_STATE");
        alpha.patch(&path, &json!({ "tags": ["big"] })).await.expect(200);
        alpha.post("/v1/quote-lines", &line(&quote, "1.00", "1", "0", "0")).await.refused(409, "INVALID_STATE");
        alpha.patch(&format!("/v1/quote-lines/{first}"), &json!({ "description": "Other" })).await.refused(409, "INVALID_STATE");
        alpha.delete(&format!("/v1/quote-lines/{first}")).await.refused(409, "INVALID_STATE");
        alpha.delete(&path).await.refused(409, "INVALID_STATE");

        // Of two revisions at once one is made, with the same lines and sums.
        let (left, right) = tokio::join!(act("revise"), act("revise"));
        let mut answers = [left, right];
        answers.sort_by_key(|answer| answer.status);
        let revised = answers[0].expect(200);
        answers[1].refused(409, "INVALID_STATE");
        let second = text(&revised["quote"], "id");
        assert_eq!(
            (&revised["quote"]["revision"], &revised["quote"]["status"], &revised["superseded"]["status"]),
            (&json!(2), &json!("DRAFT"), &json!("SUPERSEDED"))
        );
        assert_eq!(revised["quote"]["number"], sent["quote"]["number"]);
        assert_eq!(adds_up(alpha, &second).await["gross"], sent["quote"]["gross"]);
        let next = format!("/v1/quotes/{second}");
        alpha.post(&format!("{next}/send"), &json!({})).await.expect(200);

        // The customer decides by a token that does this and nothing else.
        let token = json!({ "name": "For Anna", "recordId": second, "operation": "acceptQuote" });
        let token = alpha.post("/v1/purpose-tokens", &token).await.expect(201);
        let customer = alpha.with_token(Some(&text(&token, "secret")));
        customer.post(&format!("{next}/reject"), &json!({})).await.refused(403, "FORBIDDEN");
        customer.post(&format!("{path}/accept"), &json!({})).await.refused(404, "NOT_FOUND");
        let accept = json!({ "acceptedBy": "Anna" });
        let nothing = json!({});
        let (accepting, rejecting) = (format!("{next}/accept"), format!("{next}/reject"));
        let (left, right) = tokio::join!(customer.post(&accepting, &accept), alpha.post(&rejecting, &nothing));
        let mut statuses = [left.status, right.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", left.describe(), right.describe());
        let ended = alpha.get(&next).await.expect(200);
        let expected = if left.status == 200 { "ACCEPTED" } else { "REJECTED" };
        assert_eq!(ended["status"], json!(expected));
        alpha.post(&format!("{next}/accept"), &json!({})).await.refused(409, "INVALID_STATE");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_not_accepted() {
    both(|app| async move {
        let alpha = &app.alpha;
        // Until the end of the day on which the clock stands.
        let account = made(alpha, "accounts", json!({ "name": "Dairy" })).await;
        let quote = made(alpha, "quotes", json!({ "accountId": account, "validUntil": "2026-02-25" })).await;
        let path = format!("/v1/quotes/{quote}");
        made(alpha, "quote-lines", line(&quote, "5.00", "1", "0", "0")).await;
        alpha.post(&format!("{path}/send"), &json!({})).await.expect(200);
        app.clock.advance(20 * 3_600_000);
        for _ in 0..2 {
            let refused = alpha.post(&format!("{path}/accept"), &json!({})).await.refused(409, "INVALID_STATE");
            assert!(refused["detail"].as_str().unwrap().contains("was valid until"), "{refused}");
        }
        let mutation =
            "mutation($input: AcceptQuoteInput!) { acceptQuote(input: $input) { quote { status } userErrors { code message } } }";
        let answer = alpha.graphql(mutation, json!({ "input": { "id": quote } })).await.data();
        assert_eq!(answer["acceptQuote"]["userErrors"][0]["code"], json!("INVALID_STATE"), "{answer}");
        assert_eq!(alpha.post(&format!("{path}/expire"), &json!({})).await.expect(200)["quote"]["status"], json!("EXPIRED"));
        alpha.post(&format!("{path}/accept"), &json!({})).await.refused(409, "INVALID_STATE");
        let revised = alpha.post(&format!("{path}/revise"), &json!({ "validUntil": "2099-12-31" })).await.expect(200);
        assert_eq!(revised["quote"]["validUntil"], json!("2099-12-31"));
    })
    .await;
}
