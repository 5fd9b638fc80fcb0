//! Renew: other settings come into force while copies leave.
//!
//! Nobody waits for anybody: a copy under way ends as it began, and its outcome is counted where it always was, so that no
//! copy is in two hands. What was not under way goes by the new settings. Only while the ways of mailings are laid anew,
//! which is reading their plans, no copy sets out.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::Settings;
use super::courier::{Courier, InForce};
use crate::decide::shape;
use crate::stage::worker::Shutdown;

/// Settings that are to be in force.
#[derive(Debug)]
pub struct Renewal {
    settings: Settings,
    shaping: Arc<shape::Settings>,
    done: oneshot::Sender<()>,
}

/// Asks for other settings.
#[derive(Debug, Clone)]
pub struct Renew(mpsc::Sender<Renewal>);

impl Renew {
    /// Who asks, and what is asked.
    pub fn pair() -> (Self, mpsc::Receiver<Renewal>) {
        let (sender, asked) = mpsc::channel(1);
        (Self(sender), asked)
    }

    /// Waits until these are in force; whether they are: nobody who has stopped sending takes them up. The shaper stays the
    /// one that there is, and gets `shaping`.
    pub async fn apply(&self, settings: Settings, shaping: Arc<shape::Settings>) -> bool {
        let (done, is_done) = oneshot::channel();
        let renewal = Renewal {
            settings,
            shaping,
            done,
        };
        self.0.send(renewal).await.is_ok() && is_done.await.is_ok()
    }
}

/// Puts in force whatever is asked for, until the house closes.
pub(super) async fn renew(courier: &Courier, mut renewals: mpsc::Receiver<Renewal>, mut shutdown: Shutdown) {
    loop {
        let asked = tokio::select! {
            asked = renewals.recv() => asked,
            () = shutdown.closing() => return,
        };
        let Some(Renewal {
            settings,
            shaping,
            done,
        }) = asked
        else {
            return;
        };
        courier.queue().begin_change();
        courier.put_in_force(InForce::new(settings));
        courier.shape().look().renew(shaping);
        let ids = courier.queue().ids();
        for id in ids {
            if let Err(error) = courier.lay_anew(id) {
                tracing::error!(mailing.id = %id, %error, "a mailing goes on as the settings were before");
            }
        }
        courier.queue().end_change();
        courier.work.notify_waiters();
        // Whoever asked may have gone.
        _ = done.send(());
    }
}
