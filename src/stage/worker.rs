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

/// Does `work` whenever the bell rings or a tick has passed, until the house closes. What fails is logged, and tried
/// again: nothing is lost, since the store still has it.
pub async fn run<W>(name: &'static str, mut bell: Bell, mut shutdown: Shutdown, mut work: W)
where
    W: AsyncFnMut() -> Result<(), Error>,
{
    while !shutdown.is_closing() {
        let rest = match work().await {
            // Somebody else moved first; there is nothing to mend.
            Ok(()) | Err(Error::Conflict) => TICK,
            Err(error) => {
                tracing::error!(worker = name, %error, "a worker could not do its work; it will try again");
                PAUSE_AFTER_FAILURE
            }
        };
        tokio::select! {
            () = bell.rung() => {}
            () = tokio::time::sleep(rest) => {}
            () = shutdown.closing() => {}
        }
    }
}
