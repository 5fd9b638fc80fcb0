//! HTTP to the running gateway, over its control socket.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use http_body_util::channel::{Channel, Sender};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use jiff::tz::TimeZone;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::UnixStream;

use super::Error;
use crate::config;
use crate::mail::{Address, Domain, Timestamp};

/// The name of the control socket in `data_dir`.
const SOCKET: &str = "control.sock";
/// The header in which the operator names the account they act as.
const ACTOR: &str = "X-Bedel-Actor";

/// The way to one gateway, and what its settings say about reading its answers.
#[derive(Debug)]
pub(super) struct Client {
    socket: PathBuf,
    zone: TimeZone,
    /// Completes accounts that are named without a domain.
    campus: Option<Domain>,
}

/// Octets of a file that are sent at once.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces of a file that may wait to be sent.
const PIECES_MAX: usize = 4;

/// What is sent.
type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A request to be sent.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    method: Method,
    path: String,
    actor: Option<&'a Address>,
    body: Body,
}

impl<'a> Ask<'a> {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::of(Method::GET, path)
    }

    pub(super) fn post(path: impl Into<String>, body: &Value) -> Self {
        Self::of(Method::POST, path).with(body.to_string().into())
    }

    pub(super) fn delete(path: impl Into<String>) -> Self {
        Self::of(Method::DELETE, path)
    }

    fn of(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            actor: None,
            body: whole(Bytes::new()),
        }
    }

    /// Sent as this account.
    pub(super) fn by(self, actor: Option<&'a Address>) -> Self {
        Self { actor, ..self }
    }

    /// Sent with these bytes.
    pub(super) fn with(self, body: Bytes) -> Self {
        Self {
            body: whole(body),
            ..self
        }
    }

    /// Sent with whatever can be read there, as it is read.
    pub(super) fn with_file(self, file: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let (sender, body) = Channel::new(PIECES_MAX);
        let _pump = tokio::spawn(pump(file, sender));
        Self {
            body: UnsyncBoxBody::new(body),
            ..self
        }
    }

    fn request(self) -> anyhow::Result<Request<Body>> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(format!("/api/v1{}", self.path))
            .header("Host", "localhost")
            .header("Content-Type", "application/json");
        if let Some(actor) = self.actor {
            request = request.header(ACTOR, actor.to_string());
        }
        request.body(self.body).context("making the request")
    }
}

fn whole(body: Bytes) -> Body {
    UnsyncBoxBody::new(Full::new(body).map_err(|never| match never {}))
}

/// Sends a file; one that cannot be read to its end ends the request, so that the gateway does not take it for whole.
async fn pump(mut file: impl AsyncRead + Unpin, mut sender: Sender<Bytes, io::Error>) {
    loop {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        let bound = u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX);
        match (&mut file).take(bound).read_to_end(&mut piece).await {
            Ok(0) => return,
            // Nobody wants the rest when this fails; why is in the answer.
            Ok(_) => match sender.send_data(piece.into()).await {
                Ok(()) => {}
                Err(_unwanted) => return,
            },
            Err(error) => return sender.abort(error),
        }
    }
}

impl Client {
    /// The gateway whose settings are in this folder.
    pub(super) fn of(dir: &Path) -> Result<Self, Error> {
        let gateway = config::load(dir)?.gateway;
        Ok(Self {
            socket: gateway.data_dir.join(SOCKET),
            zone: gateway.time_zone,
            campus: gateway.campus_domains.into_iter().next(),
        })
    }

    /// An account as people name it: without a domain it is on the campus's first.
    pub(super) fn account(&self, text: &str) -> Result<Address, Error> {
        let whole = match &self.campus {
            Some(campus) if !text.contains('@') => format!("{text}@{campus}"),
            _ => text.to_owned(),
        };
        whole
            .parse()
            .map_err(|invalid| Error::Usage(format!("{text} is no account: {invalid}")))
    }

    /// A time as people of the campus read it.
    pub(super) fn time(&self, at: Timestamp) -> String {
        at.readable(&self.zone)
    }

    /// Asks, and reads the whole answer; a no becomes an error with its sentence.
    pub(super) async fn ask(&self, ask: Ask<'_>) -> Result<Value, Error> {
        let body = self.open(ask).await?;
        let bytes = body.collect().await.context("the gateway hung up")?.to_bytes();
        Ok(serde_json::from_slice(&bytes).context("reading what the gateway answered")?)
    }

    /// Asks, and leaves the answer to be read as it comes; a no becomes an error with its sentence.
    pub(super) async fn open(&self, ask: Ask<'_>) -> Result<Incoming, Error> {
        let response = self.send(ask).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response.into_body());
        }
        let bytes = response
            .into_body()
            .collect()
            .await
            .context("the gateway hung up")?
            .to_bytes();
        let answer: Option<Value> = serde_json::from_slice(&bytes).ok();
        let sentence = answer.as_ref().and_then(|answer| answer.get("error")?.as_str());
        let sentence = sentence.map_or_else(|| format!("the gateway answered {status}"), str::to_owned);
        Err(Error::of(status.as_u16(), sentence))
    }

    async fn send(&self, ask: Ask<'_>) -> Result<Response<Incoming>, Error> {
        let stream = UnixStream::connect(&self.socket)
            .await
            .map_err(|error| self.unreachable(error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .context("talking to the gateway")?;
        // It drives the connection; what goes wrong there is heard from the request as well.
        let _driver = tokio::spawn(connection);
        Ok(sender
            .send_request(ask.request()?)
            .await
            .context("the gateway hung up")?)
    }

    fn unreachable(&self, error: io::Error) -> Error {
        if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) {
            return Error::NotRunning(self.socket.clone());
        }
        let socket = self.socket.display();
        if error.kind() == io::ErrorKind::PermissionDenied {
            let what = format!("{socket} is its owner's alone; run this as the user the gateway runs as");
            return Error::Refused(what);
        }
        Error::Failed(anyhow::Error::new(error).context(format!("opening {}", self.socket.display())))
    }
}

/// The lines of an answer, as they come.
#[derive(Debug)]
pub(super) struct Lines {
    body: Incoming,
    rest: Vec<u8>,
}

impl Lines {
    pub(super) fn of(body: Incoming) -> Self {
        Self { body, rest: Vec::new() }
    }

    /// The next line, as JSON; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Value>, Error> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return Ok(Some(
                    serde_json::from_slice(&line).context("reading what the gateway answered")?,
                ));
            }
            let Some(frame) = self.body.frame().await else {
                return Ok(None);
            };
            if let Ok(data) = frame.context("the gateway hung up")?.into_data() {
                self.rest.extend_from_slice(&data);
            }
        }
    }
}

/// A text as one segment of a path or one value of a query (RFC 3986 §2.3).
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_a_path_is_encoded() {
        assert_eq!(encoded("a+b@mst.example"), "a%2Bb%40mst.example");
        assert_eq!(encoded("é/?"), "%C3%A9%2F%3F");
    }

    fn client(dir: &Path) -> Client {
        Client {
            socket: dir.join(SOCKET),
            zone: TimeZone::UTC,
            campus: "mst.example".parse().ok(),
        }
    }

    #[tokio::test]
    async fn a_no_is_heard_with_its_sentence_and_lines_as_they_come() {
        use axum::http::{HeaderMap, StatusCode};
        let dir = tempfile::tempdir().expect("a temporary folder");
        let refuse = async || (StatusCode::CONFLICT, r#"{"error":"still wanting"}"#);
        let echo = async |headers: HeaderMap| {
            let actor = headers
                .get(ACTOR)
                .and_then(|actor| actor.to_str().ok())
                .unwrap_or("none");
            format!("{{\"actor\":\"{actor}\"}}\n{{}}\n")
        };
        let app = axum::Router::new()
            .route("/api/v1/no", axum::routing::post(refuse))
            .route("/api/v1/lines", axum::routing::get(echo));
        let listener = tokio::net::UnixListener::bind(dir.path().join(SOCKET)).expect("a socket");
        let server = tokio::spawn(axum::serve(listener, app).into_future());
        let client = client(dir.path());
        let no = client.ask(Ask::post("/no", &Value::Null)).await.expect_err("a no");
        assert!(
            matches!(&no, Error::Refused(sentence) if sentence == "still wanting"),
            "{no:?}"
        );
        let actor = client.account("records").expect("completed");
        let body = client
            .open(Ask::get("/lines").by(Some(&actor)))
            .await
            .expect("an answer");
        let mut lines = Lines::of(body);
        let first = lines.next().await.expect("reads").expect("a line");
        assert_eq!(first, serde_json::json!({ "actor": "records@mst.example" }));
        assert_eq!(lines.next().await.expect("reads"), Some(serde_json::json!({})));
        assert_eq!(lines.next().await.expect("reads"), None);
        server.abort();
    }

    #[tokio::test]
    async fn without_a_socket_the_gateway_is_not_running() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let client = client(dir.path());
        let error = client.ask(Ask::get("/holds")).await.expect_err("nobody listens");
        assert!(
            error
                .to_string()
                .starts_with("the gateway is not running (no control socket at "),
            "{error}"
        );
        assert_eq!(
            client.account("records").expect("completed").to_string(),
            "records@mst.example"
        );
    }
}
