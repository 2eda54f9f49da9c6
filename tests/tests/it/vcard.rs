//! Persons as vCards: what goes out comes back in, and what is none is refused with nothing done.

use clientela_testkit::factory::text;
use clientela_testkit::{Client, both};
use serde_json::{Value as Json, json};

async fn create(client: &Client, path: &str, body: Json) -> String {
    text(&client.post(&format!("/v1/{path}"), &body).await.expect(201), "id")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_goes_out_and_comes_back() {
    both(|app| async move {
        let (alpha, beta) = (&app.alpha, &app.beta);
        let account = create(alpha, "accounts", json!({ "name": "Bergkäserei; Tirol" })).await;
        let anna = json!({ "firstName": "Anna", "lastName": "Gruber", "email": "anna@alp.example", "mobile": "+43 660 555 0101", "title": "Buyer, head",
            "department": "Einkauf", "birthDate": "1984-05-17", "language": "de-AT", "accountId": account, "tags": ["north", "vip"] });
        let anna = create(alpha, "contacts", anna).await;
        let address = json!({ "partyId": anna, "line1": "Gasse 1, Tür 2", "city": "Innsbruck", "postalCode": "6020", "country": "AT" });
        create(alpha, "addresses", address).await;
        create(alpha, "contact-points", json!({ "partyId": anna, "kind": "EMAIL", "value": "private@alp.example" })).await;
        let path = format!("/v1/contacts/{anna}/vcard");
        let card = alpha.get(&path).await;
        assert_eq!((card.status, card.header("content-type")), (200, Some("text/vcard; charset=utf-8")), "{}", card.describe());
        let card = card.text();
        assert!(card.starts_with("BEGIN:VCARD\r\nVERSION:4.0\r\n") && card.contains("ORG:Bergkäserei\\; Tirol;Einkauf\r\n"), "{card}");
        let older = alpha.get(&format!("{path}?version=3.0")).await.text();
        assert!(older.contains("VERSION:3.0\r\n") && older.contains("BDAY:1984-05-17\r\n"), "{older}");
        alpha.get(&format!("{path}?version=2.1")).await.refused(400, "INVALID_PARAMETER");
        beta.get(&path).await.refused(404, "NOT_FOUND");
        alpha.get(&format!("/v1/accounts/{account}/vcard")).await;
        let query = "query($input: ExportVcardInput!) { exportVcard(input: $input) { vcard } }";
        let data = alpha.graphql(query, json!({ "input": { "partyId": anna, "furtherPartyIds": [account] } })).await.data();
        let both_cards = data["exportVcard"]["vcard"].as_str().unwrap_or_default().to_owned();
        assert!(both_cards.starts_with(&card) && both_cards.contains("KIND:org"), "{both_cards}");

        // Elsewhere it makes a contact, once; the account by its name.
        for text_of in [&card, &older] {
            let made = beta.post("/v1/contacts/import-vcard", &json!({ "vcard": text_of })).await.expect(200);
            assert_eq!((&made["created"], &made["updated"]), (&json!(1), &json!(0)), "{made}");
            let contact = &made["contacts"][0];
            for (field, value) in [("name", "Anna Gruber"), ("email", "anna@alp.example"), ("title", "Buyer, head"), ("department", "Einkauf"), ("birthDate", "1984-05-17")] {
                assert_eq!(contact[field], json!(value), "{field}: {contact}");
            }
            assert_eq!(contact["tags"], json!(["north", "vip"]));
            let id = text(contact, "id");
            let place = beta.get(&format!("/v1/addresses?filter[partyId][eq]={}", id.replace("con_", "pty_"))).await.expect(200);
            assert_eq!((&place["data"][0]["line1"], &place["data"][0]["country"]), (&json!("Gasse 1, Tür 2"), &json!("AT")), "{place}");
        }
        let accounts = beta.get("/v1/accounts?total=true").await.expect(200);
        assert_eq!((&accounts["page"]["total"], &accounts["data"][0]["name"]), (&json!(1), &json!("Bergkäserei; Tirol")));

        // Where it came from it changes the contact, and adds nothing twice.
        let changed = card.replace("TITLE:Buyer\\, head", "TITLE:Boss\r\nTEL;TYPE=fax:+43 512 555 0199");
        let done = alpha.post("/v1/contacts/import-vcard", &json!({ "vcard": changed })).await.expect(200);
        assert_eq!((&done["updated"], &done["contacts"][0]["id"], &done["contacts"][0]["title"]), (&json!(1), &json!(anna), &json!("Boss")));
        let party = anna.replace("con_", "pty_");
        let points = alpha.get(&format!("/v1/contact-points?total=true&filter[partyId][eq]={party}")).await.expect(200);
        assert_eq!(points["page"]["total"], json!(4), "{points}");
        let places = alpha.get(&format!("/v1/addresses?total=true&filter[partyId][eq]={party}")).await.expect(200);
        assert_eq!(places["page"]["total"], json!(1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_of_another_system_is_known_again_and_bad_ones_do_nothing() {
    both(|app| async move {
        let alpha = &app.alpha;
        let card = |lines: &str| format!("BEGIN:VCARD\nVERSION:3.0\n{lines}\nEND:VCARD\n");
        let import = |text: String| {
            let alpha = alpha.clone();
            async move { alpha.post("/v1/contacts/import-vcard", &json!({ "vcard": text })).await }
        };
        let first = import(card("UID:abc-1\nFN:Berta Berger\nTEL;type=HOME:+43 512 555 0101")).await.expect(200);
        let again = import(card("UID:abc-1\nFN:Berta Huber\nTEL;type=HOME:+43512 5550101")).await.expect(200);
        assert_eq!((&again["updated"], &again["contacts"][0]["id"]), (&json!(1), &first["contacts"][0]["id"]));
        assert_eq!((&again["contacts"][0]["name"], &again["contacts"][0]["phone"]), (&json!("Berta Huber"), &json!("+43 512 555 0101")));
        let count = |client: Client| async move { client.get("/v1/contacts?total=true").await.expect(200)["page"]["total"].clone() };
        let before = count(alpha.clone()).await;
        let good = card("FN:Good");
        for (text_of, why) in [
            ("Anna".to_owned(), "no colon"),
            (format!("{good}{}", card("FN:Bad\nEMAIL:no address")), "Card 2"),
            (format!("{good}BEGIN:VCARD\nVERSION:2.1\nFN:Old\nEND:VCARD"), "2.1"),
            (card("FN;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:J=C3=B6rg"), "quoted-printable"),
            ("BEGIN:VCARD\nVERSION:4.0\nKIND:org\nFN:Firm\nEND:VCARD".to_owned(), "organization"),
        ] {
            let refused = import(text_of).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], json!("/vcard"));
            assert!(text(&refused, "detail").contains(why), "{why}: {refused}");
        }
        assert_eq!(count(alpha.clone()).await, before, "a refused import leaves something");
    })
    .await;
}
