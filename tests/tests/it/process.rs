//! The real binary as a process of its own, and a plain HTTP client to talk to it.

use crate::architecture::root;
use clientela_testkit::Answer;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// The binary, of the same profile as the tests; built where it is not up to date. It is made of what the tests are made of, and so is there already, as long as no
/// test asks for a feature of a dependency that the binary does without.
pub(crate) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build.current_dir(root()).args(["build", "--quiet", "--locked", "--message-format=json", "--bin", "clientela"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let output = build.output().expect("cargo runs");
        assert!(output.status.success(), "the binary does not build: {}", String::from_utf8_lossy(&output.stderr));
        let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
        let messages = messages.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
        let path = messages.filter_map(|message| Some(message["executable"].as_str()?.to_owned())).next_back();
        PathBuf::from(path.expect("cargo names the executable"))
    })
}

/// A running server. It is killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// The first line it printed.
    pub(crate) first: Json,
}

impl Server {
    /// `clientela serve --demo --json --port 0` on a data directory, with further arguments.
    ///
    /// # Panics
    /// With what it said, where it ends before it serves.
    pub(crate) fn start(data: &Path, arguments: &[&str]) -> Server {
        let mut command = Command::new(binary());
        command.args(["serve", "--json", "--data"]).arg(data).args(arguments);
        if !arguments.contains(&"--port") {
            command.args(["--port", "0"]);
        }
        command.env_remove("CLIENTELA_DATABASE_URL").current_dir(data);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the server starts");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        output.read_line(&mut line).expect("the server's output can be read");
        let first = serde_json::from_str(&line);
        let mut errors = child.stderr.take().expect("piped");
        // Read on, or a full pipe would stop the server.
        let log = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = errors.read_to_end(&mut text);
            text
        });
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        match first {
            Ok(first) => Server { child, first },
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                let text = log.join().unwrap_or_default();
                panic!("the server's first line is not JSON: {line:?}; it said: {}", String::from_utf8_lossy(&text));
            }
        }
    }

    /// A text of the first line, such as `url` or `/tokens/admin`.
    pub(crate) fn text(&self, pointer: &str) -> String {
        self.first.pointer(pointer).and_then(Json::as_str).unwrap_or_else(|| panic!("no {pointer} in {}", self.first)).to_owned()
    }

    /// Host and port.
    pub(crate) fn address(&self) -> String {
        self.text("/url").trim_start_matches("http://").trim_end_matches('/').to_owned()
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Asks it to end (SIGTERM) and waits; answers whether it ended well.
    pub(crate) fn terminate(mut self) -> bool {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(asked.success());
        self.child.wait().expect("it ends").success()
    }

    /// One request on a connection of its own. An error where the server is gone.
    pub(crate) fn call(&self, method: &str, path: &str, body: Option<&Json>) -> std::io::Result<Answer> {
        call(&self.address(), &self.text("/tokens/admin"), method, path, body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request as it is sent.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Those beyond what every request has.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Json>,
}

/// One HTTP/1.1 request on a connection of its own.
pub(crate) fn call(address: &str, token: &str, method: &str, path: &str, body: Option<&Json>) -> std::io::Result<Answer> {
    let request = Request { method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body: body.cloned() };
    send(address, token, &request)
}

/// The same with headers.
pub(crate) fn send(address: &str, token: &str, request: &Request) -> std::io::Result<Answer> {
    let Request { method, path, headers, body } = request;
    let body = body.as_ref().map(Json::to_string).unwrap_or_default();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n{headers}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    parse(&bytes).ok_or_else(|| std::io::Error::other("the answer was cut off"))
}

/// Sends a form, without a credential.
pub(crate) fn form(address: &str, path: &str, text: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n{text}",
        text.len()
    )?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    parse(&bytes).ok_or_else(|| std::io::Error::other("the answer was cut off"))
}

/// Sends a file to a record.
pub(crate) fn upload(address: &str, token: &str, path: &str, media_type: &str, file: &[u8]) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "PUT {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
         content-type: {media_type}\r\ncontent-length: {}\r\n\r\n",
        file.len()
    )?;
    // Whoever refuses a file may do so before its end.
    let _ = stream.write_all(file);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    parse(&bytes).ok_or_else(|| std::io::Error::other("the answer was cut off"))
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        headers.append(name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?);
    }
    let body = &bytes[end + 4..];
    let length = headers.get("content-length").and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let body = match length {
        Some(length) if body.len() < length => return None,
        Some(_) => body.to_vec(),
        // An answer of these has no body, and says no length.
        None if matches!(status, 204 | 304) => Vec::new(),
        None => unchunk(body)?,
    };
    Some(Answer { status, headers, bytes: body })
}

fn unchunk(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).ok()?, 16).ok()?;
        let start = end + 2;
        if size == 0 {
            return Some(out);
        }
        out.extend_from_slice(body.get(start..start + size)?);
        body = body.get(start + size + 2..)?;
    }
}
