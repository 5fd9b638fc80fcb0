//! One HTTP request to somebody else's server, over our one TLS: for the provider that signs people in.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use openidconnect::{HttpRequest, HttpResponse};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// It is no address of the web.
    #[error("`{0}` is no web address")]
    Address(String),
    /// Nobody answered in time.
    #[error("no answer in time")]
    Late,
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Connection(#[from] std::io::Error),
    /// It is not HTTP that was answered.
    #[error("the answer is not HTTP: {0}")]
    Http(#[from] hyper::Error),
    /// The answer is too long, or was cut short.
    #[error("the answer cannot be read: {0}")]
    Body(String),
}

/// Asks, and reads the whole answer. Redirects are not followed.
pub(super) async fn fetch(tls: Arc<ClientConfig>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let asked = tokio::time::timeout(PATIENCE, asked(tls, request)).await;
    asked.map_err(|_elapsed| Fault::Late)?
}

async fn asked(tls: Arc<ClientConfig>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let uri = request.uri().clone();
    let address = || Fault::Address(uri.to_string());
    let host = uri.host().ok_or_else(address)?.to_owned();
    let is_secure = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
    let socket = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
    if is_secure {
        let name = ServerName::try_from(host).map_err(|_invalid| address())?;
        let stream = TlsConnector::from(tls).connect(name, socket).await?;
        exchanged(stream, request).await
    } else {
        exchanged(socket, request).await
    }
}

async fn exchanged<S>(stream: S, request: HttpRequest) -> Result<HttpResponse, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the sender; how, the answer tells.
    let _driven = tokio::spawn(connection);
    let (mut parts, body) = request.into_parts();
    let uri = std::mem::take(&mut parts.uri);
    let host = uri.authority().map(ToString::to_string).unwrap_or_default();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let unsendable = |_invalid| Fault::Address(uri.to_string());
    parts.uri = path.parse().map_err(|_invalid| Fault::Address(uri.to_string()))?;
    let mut request = hyper::Request::from_parts(parts, Full::new(Bytes::from(body)));
    let host = hyper::header::HeaderValue::from_str(&host).map_err(unsendable)?;
    request.headers_mut().insert(hyper::header::HOST, host);
    let (parts, body) = sender.send_request(request).await?.into_parts();
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
    let bytes = body.map_err(|error| Fault::Body(error.to_string()))?.to_bytes();
    Ok(HttpResponse::from_parts(parts, bytes.to_vec()))
}
