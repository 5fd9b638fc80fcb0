//! Listener: accepts, limits, one task a connection.
//!
//! # Failure
//! A panic ends one connection, with 421 4.3.0 and an error in the log; the house stands. At closing time nothing new is
//! taken, messages under way are answered, and who is not done when the drain is over is cut off.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use metrics::counter;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::connection::Connection;
use super::places::{Place, Places};
use super::wire::Wire;
use super::{FailedLogins, Intake, Limits, ListenerSettings, TlsMode};
use crate::clock::Clock;
use crate::mail::Domain;
use crate::smtp::server::{Settings, StartTls};
use crate::smtp::{DataRules, Reply};
use crate::stage::worker::Shutdown;

/// Octets of a text line we take: far more than the 998 of RFC 5322 §2.1.1, since programs in use send such.
const TEXT_LINE_BYTES_MAX: usize = 64 * 1024;
/// How long connections may go on after closing time, for a message under way and the commit of another.
const DRAIN: Duration = Duration::from_secs(30);
/// How long we wait for a client we turn away to take the reply.
const TURNING_AWAY: Duration = Duration::from_millis(200);
/// How long we wait after `accept` failed: most often there are no file descriptors left.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// What all listeners share.
pub struct Reception<I> {
    /// The name we greet with.
    pub hostname: Domain,
    /// What clients may ask of us.
    pub limits: Limits,
    /// Certificate and key, for STARTTLS and implicit TLS.
    pub tls: TlsAcceptor,
    /// Answers what the protocol cannot know.
    pub intake: I,
    /// When a failed login was.
    pub clock: Clock,
    pub(super) failed_logins: FailedLogins,
    places: Arc<Places>,
}

impl<I> fmt::Debug for Reception<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reception")
            .field("hostname", &self.hostname)
            .finish_non_exhaustive()
    }
}

impl<I: Intake> Reception<I> {
    /// A reception without guests.
    pub fn new(hostname: Domain, limits: Limits, tls: TlsAcceptor, intake: I, clock: Clock) -> Self {
        Self {
            failed_logins: FailedLogins::new(&limits),
            places: Arc::new(Places::new(&limits)),
            hostname,
            limits,
            tls,
            intake,
            clock,
        }
    }

    fn session(&self, listener: &ListenerSettings) -> Settings {
        let count = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX);
        Settings {
            hostname: self.hostname.clone(),
            starttls: match listener.tls {
                TlsMode::Off | TlsMode::Implicit => StartTls::Never,
                TlsMode::Starttls => StartTls::Offered,
                TlsMode::StarttlsRequired => StartTls::Required,
            },
            auth: listener.auth,
            line_bytes_max: self.limits.line_bytes_max,
            data: DataRules {
                message_bytes_max: self.limits.message_bytes_max,
                line_bytes_max: TEXT_LINE_BYTES_MAX,
                bare_lf: listener.bare_lf,
            },
            recipients_max: self.limits.recipients_max,
            commands_max: count(self.limits.commands_max),
            errors_max: count(self.limits.errors_max),
        }
    }
}

/// Takes connections until the house closes, then sees them out.
pub async fn listen<I: Intake>(
    socket: TcpListener,
    settings: Arc<ListenerSettings>,
    reception: Arc<Reception<I>>,
    mut shutdown: Shutdown,
) {
    let session = Arc::new(reception.session(&settings));
    let mut guests = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.closing() => break,
            Some(_left) = guests.join_next(), if !guests.is_empty() => continue,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => match admit_peer(&settings, &reception, peer) {
                Ok(place) => {
                    count(&settings, "let in");
                    let guest = Guest {
                        settings: Arc::clone(&settings),
                        session: Arc::clone(&session),
                        reception: Arc::clone(&reception),
                        peer,
                        place,
                    };
                    guests.spawn(guest.receive(stream, shutdown.clone()));
                }
                Err(refusal) => {
                    count(&settings, "turned away");
                    turn_away(stream, settings.tls, &refusal).await;
                }
            },
            Err(error) => {
                tracing::error!(listener = settings.name, %error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            }
        }
    }
    drop(socket);
    let seeing_out = async { while guests.join_next().await.is_some() {} };
    if timeout(DRAIN, seeing_out).await.is_err() {
        tracing::warn!(
            listener = settings.name,
            connections = guests.len(),
            "cut off at closing time"
        );
    }
}

fn count(settings: &ListenerSettings, answer: &'static str) {
    counter!("bedel_intake_connections_total", "listener" => settings.name.clone(), "answer" => answer).increment(1);
}

fn admit_peer<I>(settings: &ListenerSettings, reception: &Reception<I>, peer: SocketAddr) -> Result<Place, Reply> {
    let is_known = settings.networks.is_empty() || settings.networks.iter().any(|network| network.holds(peer.ip()));
    if !is_known {
        return Err(Reply::new(554, (7, 1), "Not a network this listener serves"));
    }
    reception.places.take(peer.ip().to_canonical())
}

/// Says why, if it can be said at once and in the clear.
async fn turn_away(stream: TcpStream, tls: TlsMode, refusal: &Reply) {
    tracing::info!(reply.code = refusal.code(), "a connection was turned away");
    if tls != TlsMode::Implicit {
        // Whoever does not even take one line is not worth waiting for.
        drop(
            Wire::Plain(stream)
                .write(refusal.to_string().as_bytes(), TURNING_AWAY)
                .await,
        );
    }
}

/// One connection that was let in.
struct Guest<I> {
    settings: Arc<ListenerSettings>,
    session: Arc<Settings>,
    reception: Arc<Reception<I>>,
    peer: SocketAddr,
    place: Place,
}

impl<I: Intake> Guest<I> {
    async fn receive(self, stream: TcpStream, shutdown: Shutdown) {
        // Replies are written whole; waiting to send more with them would only delay the client.
        drop(stream.set_nodelay(true));
        let mut wire = Wire::Plain(stream);
        let within = self.reception.limits.idle_timeout;
        let served = caught(pin!(self.serve(&mut wire, shutdown))).await;
        match served {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(listener = self.settings.name, %error, "a client was lost"),
            Err(Panicked) => {
                tracing::error!(listener = self.settings.name, "a connection panicked and was closed");
                let last_word = Reply::fault().to_string();
                drop(wire.write(last_word.as_bytes(), within).await);
            }
        }
        wire.close().await;
        drop(self.place);
    }

    async fn serve(&self, wire: &mut Wire, shutdown: Shutdown) -> io::Result<()> {
        if self.settings.tls == TlsMode::Implicit {
            wire.secure(&self.reception.tls, self.reception.limits.idle_timeout)
                .await?;
        }
        let connection = Connection::new(&self.reception, &self.settings, self.peer, wire, shutdown);
        connection.serve(Arc::clone(&self.session)).await
    }
}

/// What is left of a panic; its words are in the log already.
struct Panicked;

/// Runs a future, and survives its panic.
async fn caught<F: Future>(mut future: Pin<&mut F>) -> Result<F::Output, Panicked> {
    std::future::poll_fn(|context| {
        // What the future borrowed is used once more, to say goodbye, and then dropped.
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(_payload) => Poll::Ready(Err(Panicked)),
        }
    })
    .await
}

#[cfg(test)]
mod tests;
