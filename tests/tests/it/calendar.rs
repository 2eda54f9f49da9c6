//! Meetings as calendars, out and in, and the answers of those who are asked.

use clientela_testkit::factory::text;
use clientela_testkit::{TestApp, both};
use serde_json::{Value as Json, json};

fn calendar(method: &str, lines: &str) -> Json {
    let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\n{lines}END:VEVENT\r\nEND:VCALENDAR\r\n");
    json!({ "calendar": text })
}

async fn take(app: &TestApp, calendar: &Json) -> Json {
    app.alpha.post("/v1/meetings/import-calendar", calendar).await.expect(200)["meetings"][0].clone()
}

/// E-mail address, answer and party of each attendee.
async fn asked(app: &TestApp, meeting: &Json) -> Vec<(String, String, Json)> {
    let path = format!("/v1/meetings/{}?expand=attendees", text(meeting, "id"));
    let found = app.alpha.get(&path).await.expect(200);
    let mut all: Vec<_> = found["attendees"]["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(one, "email"), text(one, "answer"), one["partyId"].clone()))
        .collect();
    all.sort_by_key(|(email, ..)| email.clone());
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_goes_out_and_comes_back() {
    both(|app| async move {
        let contact = app.alpha.post("/v1/contacts", &json!({ "name": "Anna", "email": "anna@customer.example" })).await.expect(201);
        let first = "UID:4711@example.com\r\nSEQUENCE:2\r\nDTSTART;TZID=Europe/Vienna:20260401T100000\r\nDTEND;TZID=Europe/Vienna:20260401T110000\r\n\
                     SUMMARY:Tasting\\, twelve\r\n  kinds\r\nLOCATION:Dairy\r\nATTENDEE;CN=\"Gruber; Anna\":mailto:Anna@customer.example\r\n\
                     ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:max@dairy.example\r\n\
                     BEGIN:VALARM\r\nUID:alarm\r\nACTION:DISPLAY\r\nSUMMARY:Soon\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n";
        let meeting = take(&app, &calendar("REQUEST", first)).await;
        let shown = [&meeting["uid"], &meeting["sequence"], &meeting["title"], &meeting["startsAt"], &meeting["timeZone"]];
        assert_eq!(json!(shown), json!(["4711@example.com", 2, "Tasting, twelve kinds", "2026-04-01T08:00:00.000Z", "Europe/Vienna"]));
        let anna = |answer: &str| ("Anna@customer.example".to_owned(), answer.to_owned(), contact["partyId"].clone());
        let max = ("max@dairy.example".to_owned(), "ACCEPTED".to_owned(), Json::Null);
        assert_eq!(asked(&app, &meeting).await, [anna("NEEDS_ACTION"), max.clone()]);
        let timeline = app.alpha.get(&format!("/v1/contacts/{}/timeline?kinds=MEETING", text(&contact, "id"))).await.expect(200);
        assert_eq!(timeline["data"][0]["id"], meeting["id"]);
        // The same again changes nothing; what is older neither.
        assert_eq!(take(&app, &calendar("REQUEST", first)).await, meeting);
        let older = first.replace("SEQUENCE:2", "SEQUENCE:1").replace("Tasting", "Nothing");
        assert_eq!(take(&app, &calendar("REQUEST", &older)).await, meeting);
        let answer = "UID:4711@example.com\r\nSEQUENCE:2\r\nATTENDEE;PARTSTAT=DECLINED:mailto:anna@customer.example\r\n";
        take(&app, &calendar("REPLY", answer)).await;
        assert_eq!(asked(&app, &meeting).await, [anna("DECLINED"), max]);
        // Out by both APIs, and into the other tenant.
        let path = format!("/v1/meetings/{}/export-calendar", text(&meeting, "id"));
        let written = app.alpha.post(&path, &json!({})).await.expect(200)["calendar"].clone();
        let query = "query($input: ExportCalendarInput!) { exportCalendar(input: $input) { calendar } }";
        let graphql = app.alpha.graphql(query, json!({ "input": { "id": meeting["id"] } })).await.data();
        assert_eq!(graphql["exportCalendar"]["calendar"], written);
        app.beta.post(&path, &json!({})).await.refused(404, "NOT_FOUND");
        let copy = app.beta.post("/v1/meetings/import-calendar", &json!({ "calendar": written })).await.expect(200)["meetings"][0].clone();
        for field in ["uid", "sequence", "title", "location", "startsAt", "endsAt", "timeZone", "status", "description"] {
            assert_eq!(copy[field], meeting[field], "{field}");
        }
        // Moved, with somebody less; then canceled.
        let moved = "UID:4711@example.com\r\nSEQUENCE:3\r\nDTSTART:20260402T080000Z\r\nDURATION:PT1H\r\nSUMMARY:Tasting\r\n\
                     ATTENDEE:mailto:anna@customer.example\r\n";
        let meeting = take(&app, &calendar("REQUEST", moved)).await;
        assert_eq!((&meeting["sequence"], &meeting["endsAt"]), (&json!(3), &json!("2026-04-02T09:00:00.000Z")));
        assert_eq!(asked(&app, &meeting).await, [anna("NEEDS_ACTION")]);
        let gone = take(&app, &calendar("CANCEL", "UID:4711@example.com\r\nSEQUENCE:4\r\n")).await;
        assert_eq!((&gone["status"], &gone["sequence"], &gone["title"]), (&json!("CANCELED"), &json!(4), &json!("Tasting")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_is_taken_whole_or_not_at_all() {
    both(|app| async move {
        let event = |uid: &str, more: &str| format!("BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:20260401T080000Z\r\n{more}END:VEVENT\r\n");
        let whole = |events: &str| json!({ "calendar": format!("BEGIN:VCALENDAR\r\n{events}END:VCALENDAR\r\n") });
        for bad in [
            "RRULE:FREQ=DAILY\r\n".to_owned(),
            "DTEND:20250101T000000Z\r\n".to_owned(),
            "ATTENDEE:mailto:nobody\r\n".to_owned(),
            format!("SUMMARY:{}\r\n", "x".repeat(301)),
            "nonsense\r\n".to_owned(),
            "STATUS:MAYBE\r\n".to_owned(),
        ] {
            let two = whole(&(event("good", "") + &event("bad", &bad)));
            let refused = app.alpha.post("/v1/meetings/import-calendar", &two).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], json!("/calendar"), "{bad}");
        }
        let many: String = (0..101).map(|number| event(&number.to_string(), "")).collect();
        for (method, calendar) in
            [("", whole(&many)), ("REPLY", calendar("REPLY", "UID:nowhere\r\n")), ("", json!({ "calendar": "BEGIN:VCALENDAR" }))]
        {
            let answer = app.alpha.post("/v1/meetings/import-calendar", &calendar).await;
            assert_eq!(answer.refused(422, "VALIDATION_FAILED")["errors"][0]["code"], json!("INVALID_FORMAT"), "{method}");
        }
        assert_eq!(app.alpha.get("/v1/meetings").await.expect(200)["data"], json!([]));
        app.reader.post("/v1/meetings/import-calendar", &whole(&event("one", ""))).await.refused(403, "FORBIDDEN");
    })
    .await;
}
