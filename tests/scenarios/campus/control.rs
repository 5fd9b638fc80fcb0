//! The control socket, as the command line uses it.

use std::path::Path;

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;

/// One request; the answer, or the sentence that says why not.
pub(super) async fn ask(
    socket: &Path,
    method: &str,
    path: &str,
    by: Option<&str>,
    body: String,
) -> Result<Value, String> {
    let stream = UnixStream::connect(socket).await.expect("the gateway is open");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("speaks HTTP");
    tokio::spawn(connection);
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header("Host", "bedel")
        .header("Content-Type", "application/json");
    if let Some(by) = by {
        request = request.header("X-Bedel-Actor", by);
    }
    let request = request.body(Full::<Bytes>::from(body)).expect("well formed");
    let response = sender.send_request(request).await.expect("answered");
    let status = response.status();
    let bytes = response.into_body().collect().await.expect("whole").to_bytes();
    // Long work tells of itself line by line; the last is the answer.
    let last = bytes.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty());
    let answer: Value = serde_json::from_slice(last.unwrap_or_default()).unwrap_or(Value::Null);
    match answer.get("error").and_then(Value::as_str) {
        None if status.is_success() => Ok(answer),
        error => Err(error.unwrap_or("no sentence").to_owned()),
    }
}
