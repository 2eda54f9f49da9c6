//! `/problems`: what every code means and what to do about it. The `type` of a problem leads here.

use super::{html, text};
use crate::middleware::RequestInfo;
use crate::problem;
use crate::rest::suggest;
use axum::extract::Request;
use axum::response::Response;
use clientela_kernel::{Error, ErrorCode, ProblemCode};
use serde_json::{Value as Json, json};

/// What one code means.
struct Entry {
    code: &'static str,
    meaning: &'static str,
    /// Title, status, advice; a field problem has none.
    problem: Option<(&'static str, u16, &'static str)>,
}

fn entries() -> impl Iterator<Item = Entry> {
    let problems = ErrorCode::ALL.iter().map(|code| Entry {
        code: code.as_str(),
        meaning: code.meaning(),
        problem: Some((code.title(), code.status(), code.advice())),
    });
    problems.chain(ProblemCode::ALL.iter().map(|code| Entry { code: code.as_str(), meaning: code.meaning(), problem: None }))
}

impl Entry {
    fn json(&self) -> Json {
        match self.problem {
            Some((title, status, advice)) => {
                json!({ "code": self.code, "kind": "PROBLEM", "title": title, "status": status, "meaning": self.meaning, "advice": advice })
            }
            None => json!({ "code": self.code, "kind": "FIELD", "title": "Invalid field", "meaning": self.meaning }),
        }
    }

    fn html(&self) -> String {
        let meaning = html::escape(self.meaning);
        match self.problem {
            Some((title, status, advice)) => {
                format!(
                    "<p>{}, HTTP {status}.</p><p>{meaning}</p><p><strong>What to do:</strong> {}</p>",
                    html::escape(title),
                    html::escape(advice)
                )
            }
            None => format!("<p>Stands under <code>errors</code> of a problem.</p><p>{meaning}</p>"),
        }
    }
}

/// `GET /problems`.
pub(super) async fn all(request: Request) -> Response {
    if !html::wanted(request.headers()) {
        return text("application/json", Json::from_iter(entries().map(|entry| entry.json())).to_string());
    }
    let rows: String = entries()
        .map(|entry| {
            let status = entry.problem.map_or("field".to_owned(), |(_, status, _)| status.to_string());
            format!(
                "<tr><td><a href=\"/problems/{0}\">{0}</a></td><td>{status}</td><td>{1}</td></tr>",
                entry.code,
                html::escape(entry.meaning)
            )
        })
        .collect();
    html::page("Error codes", &format!("<table><tr><th>Code</th><th>Status</th><th>Meaning</th></tr>{rows}</table>"))
}

/// `GET /problems/{code}`.
pub(super) async fn one(request: Request) -> Response {
    let code = request.uri().path().rsplit('/').next().unwrap_or("");
    let Some(entry) = entries().find(|entry| entry.code.eq_ignore_ascii_case(code)) else {
        let hint =
            suggest::nearest(code, entries().map(|entry| entry.code)).map_or_else(String::new, |near| format!(" Did you mean {near}?"));
        let error = Error::new(ErrorCode::NotFound, format!("There is no error code {code:?}.{hint} See /problems for all of them."));
        return problem::response(&error, RequestInfo::of(&request).id, request.uri().path());
    };
    if html::wanted(request.headers()) {
        return html::page(entry.code, &(entry.html() + "<p><a href=\"/problems\">All codes</a></p>"));
    }
    text("application/json", entry.json().to_string())
}
