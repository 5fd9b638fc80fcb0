//! The loop every worker is: wait for the bell or a tick, do what is due, stop politely.

use std::time::Duration;

use tokio::sync::watch;

use crate::store::{Bell, Error};

/// How long a worker sleeps when nobody rings: bounds how late it sees what comes due by the clock alone.
const TICK: Duration = Duration::from_secs(1);
/// How long it waits after its own failure, so that a broken disk is not asked a thousand times a second.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Tells every worker and listener that the house is closing.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<bool>);

/// The hand that closes the house.
#[derive(Debug)]
pub struct Closer(watch::Sender<bool>);

/// A pair: who closes, and what is told of it.
pub fn shutdown() -> (Closer, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (Closer(sender), Shutdown(receiver))
}

impl Closer {
    /// Asks everybody to stop at the next good moment.
    pub fn close(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// Whether it is time to stop.
    pub fn is_closing(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is; also when whoever could say so is gone.
    pub async fn closing(&mut self) {
        // An error means that the closer was dropped, which says the same.
        drop(self.0.wait_for(|closing| *closing).await);
    }
}

/// What a round has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// All that was due is done.
    Done,
    /// More is due, and waits a moment so that others come to their turn.
    Waits,
}

/// The rounds of one worker: work, then rest until the bell rings or a tick has passed, until the house closes.
///
/// A worker says: `while rounds.go_on() { let done = work().await; rounds.rest(done).await; }`.
#[derive(Debug)]
pub struct Rounds {
    name: &'static str,
    bell: Bell,
    shutdown: Shutdown,
}

impl Rounds {
    /// Rounds that begin at once.
    pub fn new(name: &'static str, bell: Bell, shutdown: Shutdown) -> Self {
        Self { name, bell, shutdown }
    }

    /// Whether there is another round.
    pub fn go_on(&self) -> bool {
        !self.shutdown.is_closing()
    }

    /// A worker whose rounds are not counted any more stands.
    fn count(&self, result: &'static str) {
        metrics::counter!("bedel_worker_rounds_total", "worker" => self.name, "result" => result).increment(1);
    }

    /// Rests after a round; so long, whoever rings, when it has left something for the next.
    pub async fn rest_or_pause(&mut self, done: Result<Round, Error>, long: Duration) {
        match done {
            Ok(Round::Waits) => self.pause(long).await,
            done => self.rest(done.map(|_round| ())).await,
        }
    }

    async fn pause(&mut self, long: Duration) {
        self.count("done");
        tokio::select! {
            () = tokio::time::sleep(long) => {}
            () = self.shutdown.closing() => {}
        }
    }

    /// Rests after a round. What failed is logged, and tried again: nothing is lost, since the store still has it.
    pub async fn rest(&mut self, done: Result<(), Error>) {
        let result = match &done {
            Ok(()) | Err(Error::Conflict) => "done",
            Err(_failed) => "failed",
        };
        self.count(result);
        let rest = match done {
            // Somebody else moved first; there is nothing to mend.
            Ok(()) | Err(Error::Conflict) => TICK,
            Err(error) => {
                tracing::error!(worker = self.name, %error, "a worker could not do its work; it will try again");
                PAUSE_AFTER_FAILURE
            }
        };
        tokio::select! {
            () = self.bell.rung() => {}
            () = tokio::time::sleep(rest) => {}
            () = self.shutdown.closing() => {}
        }
    }
}
