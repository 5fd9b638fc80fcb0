//! An SMTP server for trials: it takes mail and delivers none.
//!
//! The demo's smarthost, the tests' receiver, and `bedel sink`. What it is told about a recipient's fate it reads off
//! the local part: `gone…` is refused for good (550 5.1.1), `full…` for now (452 4.2.2), `busy…` at the first try only
//! (451 4.3.0), `spf…` at the end for who we are (5.7.26), `lost…` is taken at the first try, and the connection broken
//! before that is said; to `hang…` it says nothing after the final dot. Everybody else's mail is taken and counted, and kept where there is a folder to keep it in.
//!
//! Like a mailbox provider it also keeps that provider's limits and says no in its words: both are those of
//! `shaping.toml` ([`Likeness`]), so that whoever sends and whoever plays the receiver cannot drift apart. How often what
//! else goes wrong is data ([`Mood`]), and cast by a seed. What reaches it is measured there ([`Report`]).
//!
//! # Standards
//! RFC 5321, as a receiver; PIPELINING, 8BITMIME, SMTPUTF8, SIZE, CHUNKING (RFC 3030), STARTTLS, DSN, ENHANCEDSTATUSCODES.

mod gate;
mod gauge;
mod host;
mod likeness;
mod mood;
mod record;
mod session;
mod tls;
mod wire;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use gauge::{Connections, Copies, Kept, Reached, Report};
pub use host::Host;
pub use likeness::Likeness;
pub use mood::{Mood, MoodFault};
pub use record::{Recorder, Taken};
pub use tls::{TlsFault, tls};

use crate::stage::worker::Shutdown;
use session::Session;

/// Takes mail until the house closes.
pub async fn run(listener: TcpListener, recorder: Arc<Recorder>, shutdown: Shutdown) {
    serve(listener, Arc::new(Host::plain(recorder)), shutdown).await;
}

/// Is a host until the house closes.
pub async fn serve(listener: TcpListener, host: Arc<Host>, mut shutdown: Shutdown) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((socket, _peer)) = accepted else { continue };
                let host = Arc::clone(&host);
                connections.spawn(async move {
                    // Whoever hangs up in the middle is no concern of a sink.
                    drop(Session::serve(socket, host).await);
                });
            }
            Some(_ended) = connections.join_next(), if !connections.is_empty() => {}
            () = shutdown.closing() => return,
        }
    }
}

#[cfg(test)]
mod tests;
