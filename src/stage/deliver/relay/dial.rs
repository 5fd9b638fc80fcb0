//! Opens a connection to the next hop: connecting, the greeting, EHLO and STARTTLS.
//!
//! # Standards
//! RFC 5321 §4.5.3.2 (timeouts), RFC 3207 (STARTTLS).

use std::sync::Arc;
use std::time::Duration;

use mail_send::SmtpClient;
use smtp_proto::EXT_START_TLS;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::conversation::{Connection, status};
use super::{RelaySettings, RelayTls};
use crate::mail::Status;

/// Timeouts of the phases, from RFC 5321 §4.5.3.2.
const CONNECT: Duration = Duration::from_secs(30);
const GREETING: Duration = Duration::from_secs(300);
const COMMAND: Duration = Duration::from_secs(300);

/// Why there is no connection; in words, for the log.
#[derive(Debug, thiserror::Error)]
pub(in crate::stage::deliver) enum Unreachable {
    /// It is not there, or not as the settings want it.
    #[error("the next hop cannot be used: {0}")]
    Not(String),
    /// It says so itself.
    #[error("the next hop takes no connection: {0}")]
    Said(Status),
}

impl From<mail_send::Error> for Unreachable {
    fn from(error: mail_send::Error) -> Self {
        Self::Not(error.to_string())
    }
}

/// Connects, says EHLO, and starts TLS as the settings want.
pub(in crate::stage::deliver) async fn dial(settings: &RelaySettings) -> Result<Connection, Unreachable> {
    let socket = tokio::time::timeout(CONNECT, TcpStream::connect((settings.host.as_str(), settings.port)))
        .await
        .map_err(|_elapsed| Unreachable::Not("connecting took too long".to_owned()))?
        .map_err(|error| Unreachable::Not(error.to_string()))?;
    socket
        .set_nodelay(true)
        .map_err(|error| Unreachable::Not(error.to_string()))?;
    let mut client = SmtpClient {
        stream: socket,
        timeout: GREETING,
    };
    let greeting = tokio::time::timeout(GREETING, client.read()).await;
    let greeting = greeting.map_err(|_elapsed| Unreachable::Not("no greeting came".to_owned()))??;
    if greeting.code != 220 {
        return Err(Unreachable::Said(status(&greeting)));
    }
    client.timeout = COMMAND;
    let hello = client.ehlo(&settings.hostname).await?;
    let offers_tls = hello.has_capability(EXT_START_TLS);
    match settings.tls {
        RelayTls::Opportunistic if !offers_tls => Ok(Connection::new(client.stream, &hello)),
        RelayTls::Off => Ok(Connection::new(client.stream, &hello)),
        RelayTls::Opportunistic | RelayTls::Required | RelayTls::Verified if offers_tls => {
            let connector = TlsConnector::from(Arc::clone(&settings.trust));
            let mut client = client.start_tls(&connector, &settings.host).await?;
            let hello = client.ehlo(&settings.hostname).await?;
            Ok(Connection::new(client.stream, &hello))
        }
        RelayTls::Opportunistic | RelayTls::Required | RelayTls::Verified => Err(Unreachable::Not(
            "it offers no STARTTLS, and the settings want TLS".to_owned(),
        )),
    }
}
