//! Opens a connection to the next hop: connecting, the greeting, EHLO and STARTTLS.
//!
//! A hop has one or more ends, which are tried in turn until one takes the connection. Where encryption is wanted only if
//! it can be had, an end whose TLS fails is asked again without.
//!
//! # Standards
//! RFC 5321 §4.5.3.2 (timeouts), §5.1 (several addresses); RFC 3207 (STARTTLS); RFC 7435 (opportunistic security).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mail_send::SmtpClient;
use rustls::ClientConfig;
use smtp_proto::EXT_START_TLS;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

use super::broke::client_words;
use super::conversation::Connection;
use super::ear::Ear;
use super::{Caller, RelaySettings, RelayTls};
use crate::mail::Status;
use crate::stage::broke::words;

/// Timeouts of the phases, from RFC 5321 §4.5.3.2.
const CONNECT: Duration = Duration::from_secs(30);
const GREETING: Duration = Duration::from_secs(300);
const COMMAND: Duration = Duration::from_secs(300);

/// One address of a next hop.
pub(in crate::stage::deliver) struct End {
    /// Its host's name, which its certificate must bear where one is asked for.
    pub(in crate::stage::deliver) name: String,
    /// Where it listens.
    pub(in crate::stage::deliver) address: SocketAddr,
    /// Whether the way to it is encrypted.
    pub(in crate::stage::deliver) tls: RelayTls,
    /// What its certificate is checked against.
    pub(in crate::stage::deliver) trust: Arc<ClientConfig>,
}

/// Why there is no connection; in words, for the log.
#[derive(Debug, thiserror::Error)]
pub(in crate::stage::deliver) enum Unreachable {
    /// It is not there, or not as the settings want it.
    #[error("the next hop cannot be used: {0}")]
    Not(String),
    /// It says so itself.
    #[error("the next hop takes no connection: {0}")]
    Said(Status),
    /// Its TLS cannot be used.
    #[error("the next hop's TLS cannot be used: {0}")]
    Tls(String),
}

/// Connects to a host of the settings, at the first of its addresses that answers.
pub(in crate::stage::deliver) async fn dial_host(
    relay: &RelaySettings,
    caller: &Caller,
) -> Result<Connection, Unreachable> {
    let found = tokio::time::timeout(CONNECT, tokio::net::lookup_host((relay.host.as_str(), relay.port))).await;
    let found = found.map_err(|_elapsed| Unreachable::Not("its name was not found in time".to_owned()))?;
    let found = found.map_err(|error| {
        tracing::info!(host = relay.host, %error, "the next hop's name was not found");
        Unreachable::Not(format!("no address of {} was found", relay.host))
    })?;
    let ends: Vec<End> = found
        .map(|address| End {
            name: relay.host.clone(),
            address,
            tls: relay.tls,
            trust: Arc::clone(&relay.trust),
        })
        .collect();
    dial(&ends, caller).await
}

/// Connects to the first end that takes a connection; what the last one said, when none does.
pub(in crate::stage::deliver) async fn dial(ends: &[End], caller: &Caller) -> Result<Connection, Unreachable> {
    let mut why = Unreachable::Not("it has no address".to_owned());
    for end in ends {
        let opened = match open(end, end.tls, caller).await {
            Err(Unreachable::Tls(why)) if end.tls == RelayTls::Opportunistic => {
                tracing::info!(host = end.name, why, "its TLS fails; the way to it is plain");
                open(end, RelayTls::Off, caller).await
            }
            opened => opened,
        };
        match opened {
            Ok(connection) => return Ok(connection),
            Err(error) => {
                tracing::debug!(host = end.name, address = %end.address, %error, "no connection to this end");
                why = error;
            }
        }
    }
    Err(why)
}

async fn open(end: &End, tls: RelayTls, caller: &Caller) -> Result<Connection, Unreachable> {
    let socket = tokio::time::timeout(CONNECT, connect(end, caller)).await;
    let mut socket = socket.map_err(|_elapsed| Unreachable::Not("connecting took too long".to_owned()))??;
    let greeting = tokio::time::timeout(GREETING, Ear::default().reply(&mut socket)).await;
    let greeting = greeting.map_err(|_elapsed| Unreachable::Not("no greeting came".to_owned()))??;
    if greeting.code != 220 {
        return Err(Unreachable::Said(greeting));
    }
    let mut client = SmtpClient {
        stream: socket,
        timeout: COMMAND,
    };
    let hello = client.ehlo(&caller.hostname).await?;
    let offers_tls = hello.has_capability(EXT_START_TLS);
    match tls {
        RelayTls::Opportunistic if !offers_tls => Ok(Connection::new(client.stream, &hello)),
        RelayTls::Off => Ok(Connection::new(client.stream, &hello)),
        RelayTls::Opportunistic | RelayTls::Required | RelayTls::Verified if offers_tls => {
            let connector = TlsConnector::from(Arc::clone(&end.trust));
            let encrypted = client.start_tls(&connector, &end.name).await;
            let mut client = encrypted.map_err(|error| {
                tracing::info!(host = end.name, %error, "a next hop's TLS failed");
                Unreachable::Tls(client_words(&error))
            })?;
            let hello = client.ehlo(&caller.hostname).await?;
            Ok(Connection::new(client.stream, &hello))
        }
        RelayTls::Opportunistic | RelayTls::Required | RelayTls::Verified => {
            Err(Unreachable::Tls("it offers no STARTTLS, and TLS is wanted".to_owned()))
        }
    }
}

async fn connect(end: &End, caller: &Caller) -> Result<TcpStream, Unreachable> {
    let source = caller.source(end.address.ip());
    let source = source.map_err(|error| Unreachable::Not(error.to_string()))?;
    let socket = match end.address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(source) = source {
        let bound = socket.bind(SocketAddr::new(source, 0));
        bound.map_err(|error| {
            Unreachable::Not(format!("the source address {source} cannot be used: {}", words(&error)))
        })?;
    }
    let socket = socket.connect(end.address).await?;
    socket.set_nodelay(true)?;
    Ok(socket)
}
