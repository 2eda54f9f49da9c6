//! Files: up and down, kept once, gone when nothing holds them, never half there, never another tenant's.

use axum::body::Body;
use clientela_testkit::factory::text;
use clientela_testkit::{Answer, FILE_BYTES, TestApp, both};
use http::{Method, Request, header};
use serde_json::{Value as Json, json};
use std::path::Path;

/// Every content on the disk, and everything half-way.
fn contents(app: &TestApp) -> Vec<String> {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => walk(&entry.path(), found),
                false => found.push(entry.file_name().to_string_lossy().into_owned()),
            }
        }
    }
    let mut found = Vec::new();
    walk(app.contents.path(), &mut found);
    found
}

async fn down(app: &TestApp, file: &Json, headers: &[(&str, &str)]) -> Answer {
    app.alpha.send(Method::GET, file["contentPath"].as_str().unwrap(), headers, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_up_comes_down() {
    both(|app| async move {
        let account = text(&app.alpha.post("/v1/accounts", &json!({ "name": "Alps" })).await.expect(201), "id");
        let query = format!("name=K%C3%A4se%20%222%22.pdf&recordId={account}&description=As%20sent&size=18");
        let answer = app.alpha.upload(&query, "%PDF-1.7 and so on").await;
        let file = answer.expect(201);
        assert_eq!(
            (answer.header("location"), answer.header("etag")),
            (Some(format!("/v1/files/{}", text(&file, "id")).as_str()), Some("\"1\""))
        );
        let shown = [&file["name"], &file["mediaType"], &file["size"], &file["recordId"], &file["description"]];
        assert_eq!(json!(shown), json!(["Käse \"2\".pdf", "application/pdf", 18, account, "As sent"]));
        assert_eq!(app.alpha.get(&format!("/v1/files/{}", text(&file, "id"))).await.expect(200), file);
        let whole = down(&app, &file, &[]).await;
        assert_eq!((whole.status, whole.text().as_str()), (200, "%PDF-1.7 and so on"));
        for (name, value) in [
            ("content-type", "application/octet-stream"),
            ("content-length", "18"),
            ("content-disposition", "attachment; filename=\"K_se _2_.pdf\"; filename*=UTF-8''K%C3%A4se%20%222%22.pdf"),
            ("x-content-type-options", "nosniff"),
            ("accept-ranges", "bytes"),
        ] {
            assert_eq!(whole.header(name), Some(value), "{}", whole.describe());
        }
        let tag = whole.header("etag").unwrap().to_owned();
        assert_eq!(tag, format!("\"{}\"", text(&file, "sha256")));
        let part = down(&app, &file, &[("range", "bytes=1-3")]).await;
        assert_eq!((part.status, part.text().as_str(), part.header("content-range")), (206, "PDF", Some("bytes 1-3/18")));
        assert_eq!(down(&app, &file, &[("range", "bytes=99-")]).await.status, 416);
        assert_eq!(down(&app, &file, &[("range", "bytes=1-3"), ("if-range", "\"x\"")]).await.status, 200);
        let known = down(&app, &file, &[("if-none-match", &tag)]).await;
        assert_eq!((known.status, known.bytes.len()), (304, 0));
        // On the record, in its timeline's source, by GraphQL.
        let document = "query($id: ID!) { account(id: $id) { files { nodes { name size contentPath } } } }";
        let seen = app.alpha.graphql(document, json!({ "id": account })).await.data();
        assert_eq!(seen["account"]["files"]["nodes"][0], json!({ "name": file["name"], "size": 18, "contentPath": file["contentPath"] }));
        let update = "mutation($input: UpdateFileInput!) { updateFile(input: $input) { file { name version } userErrors { code } } }";
        let renamed = app.alpha.graphql(update, json!({ "input": { "id": file["id"], "name": "offer.pdf" } })).await.data();
        assert_eq!(renamed["updateFile"]["file"], json!({ "name": "offer.pdf", "version": 2 }));
        // The other tenant sees nothing of it, not even by the same bytes.
        app.beta.get(file["contentPath"].as_str().unwrap()).await.refused(404, "NOT_FOUND");
        app.beta.upload(&format!("name=x&recordId={account}"), "y").await.refused(422, "VALIDATION_FAILED");
        assert_eq!(app.alpha.with_token(None).get(file["contentPath"].as_str().unwrap()).await.status, 401);
        app.reader.upload("name=x", "y").await.refused(403, "FORBIDDEN");
        // A device names it itself.
        let own = format!("{}_01h455vb4pex5vsknk084sn02q", text(&file, "id").split('_').next().unwrap());
        assert_eq!(text(&app.alpha.upload(&format!("name=signature&id={own}"), "%PDF-1.7 and so on").await.expect(201), "id"), own);
        app.alpha.upload(&format!("name=another&id={own}"), "y").await.refused(409, "ID_TAKEN");
        app.alpha.upload("name=x&id=acc_1", "y").await.refused(422, "VALIDATION_FAILED");
        let empty = app.alpha.upload("name=empty", Body::empty()).await.expect(201);
        assert_eq!((&empty["size"], down(&app, &empty, &[]).await.bytes.len()), (&json!(0), 0));
        assert_eq!(down(&app, &empty, &[("range", "bytes=0-0")]).await.status, 416);
        assert!(contents(&app).len() == 2, "one content each, and nothing half-way: {:?}", contents(&app));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_is_kept_once_and_goes_with_the_last_that_holds_it() {
    both(|app| async move {
        let contact = text(&app.alpha.post("/v1/contacts", &json!({ "name": "Anna" })).await.expect(201), "id");
        let one = app.alpha.upload("name=one", "the same").await.expect(201);
        let two = app.alpha.upload(&format!("name=two&recordId={contact}"), "the same").await.expect(201);
        assert_eq!((&one["sha256"], contents(&app).len()), (&two["sha256"], 1));
        let other = app.beta.upload("name=three", "the same").await.expect(201);
        assert_eq!(contents(&app).len(), 2, "each tenant has its own");
        let erase = async |client: &clientela_testkit::Client, path: String| {
            client.send(Method::POST, &format!("{path}/erase"), &[], None).await.expect(204);
        };
        // Deleted it can be restored, and so its content stays.
        app.alpha.delete(&format!("/v1/files/{}", text(&one, "id"))).await.expect(204);
        erase(&app.alpha, format!("/v1/contacts/{contact}")).await;
        app.alpha.get(&format!("/v1/files/{}", text(&two, "id"))).await.refused(404, "NOT_FOUND");
        assert_eq!(contents(&app).len(), 2);
        app.alpha.send(Method::POST, &format!("/v1/files/{}/restore", text(&one, "id")), &[], None).await.expect(200);
        assert_eq!(down(&app, &one, &[]).await.text(), "the same");
        erase(&app.alpha, format!("/v1/files/{}", text(&one, "id"))).await;
        assert_eq!(contents(&app).len(), 1, "the last that held it is gone");
        assert_eq!(app.beta.get(other["contentPath"].as_str().unwrap()).await.text(), "the same");
        // In a transaction contents go when it is durable, and not before.
        let four = app.alpha.upload("name=four", "for a while").await.expect(201);
        let file = app.registry.resource("file").unwrap().clone();
        let id = clientela_kernel::Id::parse(&text(&four, "id"), "fil").unwrap();
        for commit in [false, true] {
            let (engine, held) = app.engine.begin().await.unwrap();
            let action = clientela_engine::WriteAction::Erase { id, expected: None };
            let request = clientela_engine::WriteRequest { def: file.clone(), action, idempotency: None };
            engine.write(&app.alpha.context, request).await.unwrap();
            assert_eq!(contents(&app).len(), 2);
            if commit {
                held.commit().await.unwrap()
            } else {
                held.roll_back().await.unwrap()
            }
            assert_eq!(contents(&app).len(), if commit { 1 } else { 2 });
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_leaves_nothing() {
    both(|app| async move {
        for (query, pointer) in [
            ("name=..%2F..%2Fetc%2Fpasswd", "/name"),
            ("name=..", "/name"),
            ("name=a%0Ab", "/name"),
            ("name=gpj.%E2%80%AEexe", "/name"),
            ("name=", "/name"),
            ("mediaType=text/plain", "/name"),
            ("name=x&mediaType=nonsense", "/mediaType"),
            ("name=x&mediaType=", "/mediaType"),
            ("name=x&mediaType=text/plain;charset=utf-8", "/mediaType"),
            ("name=x&recordId=acc_01h455vb4pex5vsknk084sn02q", "/recordId"),
            ("name=x&size=3", "/size"),
            ("name=x&size=9", "/size"),
            ("name=x&size=99999999999999999999999", "/size"),
        ] {
            let refused = app.alpha.upload(query, "content").await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], json!(pointer), "{query}");
        }
        app.alpha.upload("name=x&size=many", "content").await.refused(400, "INVALID_PARAMETER");
        app.alpha.upload("name=x&folder=y", "content").await.refused(400, "UNKNOWN_PARAMETER");
        let page =
            app.alpha.upload("name=x.png&mediaType=image/png", "<html><script>alert(1)</script>").await.refused(422, "VALIDATION_FAILED");
        assert_eq!((&page["errors"][0]["pointer"], &page["errors"][0]["code"]), (&json!("/mediaType"), &json!("CONTRADICTION")));
        let typed = Request::post("/v1/files?name=x").header(header::CONTENT_TYPE, "text/plain").body(Body::from("x")).unwrap();
        app.alpha.raw(typed).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
        // Far more than is taken, without a length, or with a smaller one declared: it is cut off, not read to its end.
        for declared in ["", "&size=1024"] {
            let pieces = futures_util::stream::iter((0..10_000u32).map(|number| {
                assert!(number < 100, "it was read far beyond the limit");
                Ok::<_, std::io::Error>(vec![0u8; 64 << 10])
            }));
            let answer = app.alpha.upload(&format!("name=huge{declared}"), Body::from_stream(pieces)).await;
            let (status, code) = if declared.is_empty() { (413, "PAYLOAD_TOO_LARGE") } else { (422, "VALIDATION_FAILED") };
            answer.refused(status, code);
        }
        let declared = Request::post("/v1/files?name=x").header(header::CONTENT_TYPE, "application/octet-stream");
        let declared = declared.header(header::CONTENT_LENGTH, FILE_BYTES + 1).body(Body::empty()).unwrap();
        app.alpha.raw(declared).await.refused(413, "PAYLOAD_TOO_LARGE");
        let broken = futures_util::stream::iter([Ok(vec![1u8; 10]), Err(std::io::Error::other("gone"))]);
        app.alpha.upload("name=broken", Body::from_stream(broken)).await.refused(400, "MALFORMED_BODY");
        assert_eq!(contents(&app), Vec::<String>::new());
        assert_eq!(app.alpha.get("/v1/files").await.expect(200)["data"], json!([]));
        // As large as it may be.
        let whole = vec![7u8; usize::try_from(FILE_BYTES).unwrap()];
        let file = app.alpha.upload("name=whole", whole.clone()).await.expect(201);
        assert!(down(&app, &file, &[]).await.bytes == whole);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_upload_is_one() {
    both(|app| async move {
        let send = async |content: &'static str| {
            let request = Request::post("/v1/files?name=x").header(header::CONTENT_TYPE, "application/octet-stream");
            app.alpha.raw(request.header("idempotency-key", "once").body(Body::from(content)).unwrap()).await
        };
        let first = send("content").await.expect(201);
        let again = send("content").await;
        assert_eq!((again.expect(201), again.header("idempotency-replayed")), (first.clone(), Some("true")));
        send("other").await.refused(422, "IDEMPOTENCY_KEY_REUSED");
        assert_eq!(contents(&app).len(), 1);
        app.alpha.post("/v1/files", &json!({ "name": "x" })).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_that_is_missing_is_told() {
    both(|app| async move {
        let file = app.alpha.upload("name=list.txt", "as after a restored backup").await.expect(201);
        fn empty(folder: &Path) {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                match entry.file_type().unwrap().is_dir() {
                    true => empty(&entry.path()),
                    false => std::fs::remove_file(entry.path()).unwrap(),
                }
            }
        }
        empty(app.contents.path());
        let answer = down(&app, &file, &[]).await.refused(404, "NOT_FOUND");
        assert!(text(&answer, "detail").contains("folder `files`"), "{answer}");
        assert_eq!(app.alpha.get(&format!("/v1/files/{}", text(&file, "id"))).await.expect(200)["name"], json!("list.txt"));
    })
    .await;
}
