//! Those a held case concerns are told of it once it is kept, not while it is taken.
//!
//! So a flood of mail is taken at the rate of taking, and told of at one that leaves the processor and the disk to it.

use futures_util::future::join_all;

use super::Desk;
use crate::model::lifecycle::State;
use crate::stage::worker::Round;
use crate::store::{Error, Untold};

/// Cases that are told of in one round; their commits share a sync.
const AT_ONCE: usize = 16;

impl Desk {
    /// Tells of the first cases that nobody has been told of.
    pub(super) async fn tell_untold(&self) -> Result<Round, Error> {
        let untold = self.store.untold(AT_ONCE)?;
        let telling = join_all(untold.iter().map(|case| self.tell_of(case))).await;
        for ((id, _), told) in untold.iter().zip(telling) {
            match told {
                // Its author has sent another version, and with it everybody was told.
                Ok(()) | Err(Error::Conflict) => {}
                Err(error) => {
                    tracing::error!(mailing.id = %id, %error, "nobody could be told of a case");
                    return Err(error);
                }
            }
        }
        Ok(if untold.len() < AT_ONCE {
            Round::Done
        } else {
            Round::Waits
        })
    }

    async fn tell_of(&self, case: &Untold) -> Result<(), Error> {
        let (id, remarks) = case;
        let outgoing = match self.store.mailing(*id)? {
            Some(State::Held(held)) if held.hold().returned().is_none() => self.tell_hold(&held, remarks.clone()),
            // Whoever was faster has told of what became of it.
            Some(_) | None => Vec::new(),
        };
        self.store.tell_of(case, outgoing).await
    }
}
