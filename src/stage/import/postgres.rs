//! A database: the rows of one query, in a transaction that only reads.
//!
//! A cursor hands out a few rows at a time, so that neither side ever holds them all. Every value comes as text, dates as
//! RFC 3339 has them. The query can be a `select` and nothing else: it is the body of a cursor, in a session that writes
//! nothing.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, Error, IsolationLevel, NoTls, SimpleQueryMessage, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::fetch::{self, Sending};
use super::{SILENCE_MAX, Secret};
use crate::decide::feed::{Broken, Record};
use crate::stage::broke::words;

/// Rows of one packet.
const PACKET: usize = 1_000;
/// How long a connection may take to stand.
const CONNECT_MAX: Duration = Duration::from_secs(30);
/// What a session is told first: it writes nothing, all of a query is wanted, and values are said in one form.
const SESSION: &str = "set session characteristics as transaction read only; set cursor_tuple_fraction = 1; \
                       set datestyle = 'ISO, YMD'; set timezone = 'UTC'; set statement_timeout = '120s'";

/// Where rows are, and which of them are wanted.
#[derive(Debug, Clone)]
pub struct Database {
    /// How it is reached.
    pub way: Way,
    /// Whose certificates are believed; `None` on this machine alone.
    pub tls: Option<Arc<ClientConfig>>,
    /// A `select`; the names of its columns are the names of the feed's.
    pub query: String,
}

/// How a database is reached.
#[derive(Debug, Clone)]
pub enum Way {
    /// By a connection string, which is a secret as a whole.
    Url(Secret),
    /// Piece by piece.
    Parts {
        /// A name, or the folder of a socket.
        host: String,
        /// Its port.
        port: u16,
        /// Which database.
        dbname: String,
        /// As whom.
        user: String,
        /// With which password; `None` where the database knows us otherwise.
        password: Option<Secret>,
    },
}

impl Database {
    /// Sends every row.
    pub(super) async fn fetch(&self, sending: &Sending) -> Result<(), Broken> {
        let mut client = self.open().await?;
        within(client.batch_execute(SESSION)).await?;
        let reading = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true);
        let transaction = within(reading.start()).await?;
        // As a prepared statement it is one statement, whatever is in it.
        let cursor = format!(
            "declare feed no scroll cursor for {}",
            self.query.trim().trim_end_matches(';')
        );
        within(transaction.execute(&cursor, &[])).await?;
        let mut is_first = true;
        while let Some(rows) = packet(&transaction, is_first).await? {
            fetch::send(sending, rows).await?;
            is_first = false;
        }
        within(transaction.rollback()).await
    }

    async fn open(&self) -> Result<Client, Broken> {
        let mut config = self.config()?;
        let hosts = config.get_hosts();
        let is_here = !hosts.is_empty() && hosts.iter().all(is_here);
        config.connect_timeout(CONNECT_MAX).application_name("bedel");
        match &self.tls {
            Some(tls) => {
                config.ssl_mode(SslMode::Require);
                let (client, connection) = within(config.connect(MakeRustlsConnect::new(tls.as_ref().clone()))).await?;
                // What goes wrong there is heard from the query as well.
                let _driver = tokio::spawn(connection);
                Ok(client)
            }
            None if is_here => {
                config.ssl_mode(SslMode::Disable);
                let (client, connection) = within(config.connect(NoTls)).await?;
                let _driver = tokio::spawn(connection);
                Ok(client)
            }
            None => Err(Broken(
                "the database is on another machine, and `tls` is \"off\"; set it to \"verified\"".to_owned(),
            )),
        }
    }

    fn config(&self) -> Result<Config, Broken> {
        match &self.way {
            Way::Url(secret) => {
                let unreadable =
                    |_secret: Error| Broken("`url_file` holds no connection string of PostgreSQL".to_owned());
                secret.read()?.trim().parse().map_err(unreadable)
            }
            Way::Parts {
                host,
                port,
                dbname,
                user,
                password,
            } => {
                let mut config = Config::new();
                config.host(host).port(*port).dbname(dbname).user(user);
                if let Some(secret) = password {
                    config.password(secret.read()?.as_bytes());
                }
                Ok(config)
            }
        }
    }
}

/// Whether a host is this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => is_loopback(name),
        Host::Unix(_) => true,
    }
}

/// Whether a name or address is this machine's own.
pub fn is_loopback(name: &str) -> bool {
    name == "localhost"
        || name
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// The next rows, before them the names of the columns; `None` after the last ones.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the crate may come to know more kinds of message"
)]
async fn packet(transaction: &Transaction<'_>, is_first: bool) -> Result<Option<Vec<Result<Record, String>>>, Broken> {
    let messages = within(transaction.simple_query(&format!("fetch forward {PACKET} from feed"))).await?;
    let mut records = Vec::with_capacity(PACKET + 1);
    let mut is_over = true;
    for message in messages {
        match message {
            SimpleQueryMessage::RowDescription(columns) if is_first => {
                let mut header = Record::default();
                columns.iter().for_each(|column| header.push(column.name().as_bytes()));
                records.push(Ok(header));
            }
            SimpleQueryMessage::Row(row) => {
                is_over = false;
                let mut record = Record::default();
                for at in 0..row.len() {
                    record.push(row.get(at).unwrap_or_default().as_bytes());
                }
                records.push(Ok(record));
            }
            _ => {}
        }
    }
    Ok((!is_over || is_first).then_some(records))
}

/// What the database answers, if it does so in time.
async fn within<T>(answer: impl Future<Output = Result<T, Error>>) -> Result<T, Broken> {
    match timeout(SILENCE_MAX, answer).await {
        Ok(answer) => answer.map_err(|error| failed(&error)),
        Err(_elapsed) => Err(Broken("the database did not answer in time".to_owned())),
    }
}

/// A no of the database, in words. What it says of values stays in its own log: it may name people.
fn failed(error: &Error) -> Broken {
    let Some(said) = error.as_db_error() else {
        return unreached(error);
    };
    let code = said.code().code();
    let what = match code.get(..2).unwrap_or_default() {
        "28" => "the database does not take this user or password".to_owned(),
        "3D" => "there is no database of the name in `dbname`".to_owned(),
        "25" => "the query would write, and a feed only reads".to_owned(),
        // Of the query's own words, not of what is stored.
        "42" => format!("the database does not take the query: {}", said.message()),
        "57" => "the database took too long, or is closing".to_owned(),
        _ => "the database answered with a fault; its log says which".to_owned(),
    };
    Broken(format!("{what} (SQLSTATE {code})"))
}

/// A fault that is no answer of the database, in words.
fn unreached(error: &Error) -> Broken {
    let cause = std::error::Error::source(error);
    let log = cause.map(ToString::to_string).unwrap_or_default();
    tracing::info!(%error, cause = log, "a database cannot be reached");
    let why = match cause.and_then(|cause| cause.downcast_ref::<io::Error>()) {
        Some(broke) => words(broke),
        None if error.is_closed() => "it hung up in the middle".to_owned(),
        // The crate has no kinds that others may see.
        None => match log.as_str() {
            "server does not support TLS" => "it offers no TLS".to_owned(),
            "password missing" => "it wants a password".to_owned(),
            _ => "no session with it came about; the log says why".to_owned(),
        },
    };
    Broken(format!("the database cannot be reached: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_elsewhere_is_not_asked_without_tls() {
        for (host, refused) in [
            ("db.mst.example", true),
            ("192.0.2.7", true),
            ("127.0.0.1", false),
            ("/nowhere", false),
        ] {
            let way = Way::Parts {
                host: host.to_owned(),
                // Nobody listens there.
                port: 1,
                dbname: "hr".to_owned(),
                user: "bedel".to_owned(),
                password: None,
            };
            let database = Database {
                way,
                tls: None,
                query: "select 1".to_owned(),
            };
            let Err(Broken(what)) = database.open().await else {
                panic!("nobody is there")
            };
            assert_eq!(what.contains("another machine"), refused, "{host}: {what}");
        }
    }
}
