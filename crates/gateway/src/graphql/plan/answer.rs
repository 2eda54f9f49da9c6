//! The answer's text, written directly.

use super::problem::Problem;
use clientela_kernel::ErrorCode;
use uuid::Uuid;

/// A finished answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// JSON text.
    pub(crate) body: Vec<u8>,
    /// The code of a request that was refused as a whole; its answer has no `data`.
    pub(crate) refused: Option<ErrorCode>,
    /// Seconds after which a retry makes sense.
    pub(crate) retry_after: Option<u32>,
}

/// What stands in the answer's `extensions`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Notes {
    /// What the request cost, and what it may cost.
    pub(crate) cost: Option<(u64, u64)>,
    /// Whether a mutation answered a repeated idempotency key.
    pub(crate) replayed: bool,
}

impl Answer {
    /// A request that was refused as a whole.
    pub(crate) fn refusal(problems: &[Problem], request_id: Uuid) -> Answer {
        let mut body = b"{".to_vec();
        write_errors(problems, request_id, &mut body);
        body.push(b'}');
        let refused = problems.first().map(|problem| problem.error.code());
        Answer { body, refused, retry_after: retry_after(problems) }
    }

    /// A request that was carried out; `data` is the text of the data object.
    pub(crate) fn data(mut body: Vec<u8>, problems: &[Problem], notes: Notes, request_id: Uuid) -> Answer {
        if !problems.is_empty() {
            body.push(b',');
            write_errors(problems, request_id, &mut body);
        }
        let mut extensions = Vec::new();
        if let Some((requested, limit)) = notes.cost {
            extensions.push(format!("\"cost\":{{\"requested\":{requested},\"limit\":{limit}}}"));
        }
        if notes.replayed {
            extensions.push("\"idempotencyReplayed\":true".to_owned());
        }
        if !extensions.is_empty() {
            body.extend_from_slice(b",\"extensions\":{");
            body.extend_from_slice(extensions.join(",").as_bytes());
            body.push(b'}');
        }
        body.push(b'}');
        Answer { body, refused: None, retry_after: retry_after(problems) }
    }
}

fn retry_after(problems: &[Problem]) -> Option<u32> {
    problems.iter().filter_map(|problem| problem.error.retry_after()).max()
}

fn write_errors(problems: &[Problem], request_id: Uuid, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"errors\":[");
    for (index, problem) in problems.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(problem.to_json(request_id).to_string().as_bytes());
    }
    out.push(b']');
}

/// Appends `"key":`, with a comma where something stands before it. Response keys need no escapes.
pub(crate) fn write_key(key: &str, out: &mut Vec<u8>) {
    if !matches!(out.last(), None | Some(b'{')) {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Appends a JSON string.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
}
