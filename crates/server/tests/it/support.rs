//! Starting the binary and talking to it.

use serde_json::Value as Json;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};

/// The binary, in a directory of its own, with an environment of its own.
pub(crate) fn clientela(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clientela"));
    command.current_dir(folder).env_clear().args(arguments).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    clientela(folder, arguments).output().unwrap()
}

/// The one JSON object that a command printed.
pub(crate) fn json(output: &Output) -> Json {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&text).unwrap()
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    rest_of_output: BufReader<ChildStdout>,
    errors: ChildStderr,
    /// What it said when it was ready.
    pub(crate) ready: Json,
}

impl Server {
    /// Starts one on a free port and waits until it is ready.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Server {
        let mut command = clientela(folder, &["serve", "--json", "--port", "0"]);
        let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut rest_of_output = BufReader::new(child.stdout.take().unwrap());
        let errors = child.stderr.take().unwrap();
        let mut line = String::new();
        rest_of_output.read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("first line {line:?}: {error}"));
        Server { child, rest_of_output, errors, ready }
    }

    fn host(&self) -> String {
        self.ready["url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned()
    }

    /// Sends a request; answers status and body.
    pub(crate) fn ask(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Json>) -> (u16, String) {
        let body = body.map(Json::to_string).unwrap_or_default();
        let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let mut stream = TcpStream::connect(self.host()).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n{authorization}content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// A token from the first line.
    pub(crate) fn token(&self, name: &str) -> &str {
        self.ready["tokens"][name].as_str().unwrap()
    }

    /// Sends SIGTERM and waits for the end: exit code, what else it printed, what it logged.
    pub(crate) fn terminate(mut self) -> (Option<i32>, String, String) {
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let (mut output, mut errors) = (String::new(), String::new());
        self.rest_of_output.read_to_string(&mut output).unwrap();
        self.errors.read_to_string(&mut errors).unwrap();
        (self.child.wait().unwrap().code(), output, errors)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
