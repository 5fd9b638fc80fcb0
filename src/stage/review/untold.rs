//! Those a held case concerns are told of it once it is kept, not while it is taken.
//!
//! So a flood of mail is taken at the rate of taking; it is read for what is better mended, and told of, at one that leaves the
//! processor and the disk to it.

use futures_util::future::join_all;
use tokio::task::spawn_blocking;

use super::{Desk, Refusal};
use crate::decide::lint::{Level, Remark};
use crate::model::Audience;
use crate::model::lifecycle::State;
use crate::stage::worker::Round;
use crate::store::{Error, Untold};

/// Cases that are told of in one round; their commits share a sync.
const AT_ONCE: usize = 16;
/// Remarks that a notice names.
const REMARKS_MAX: usize = 10;

impl Desk {
    /// Tells of the first cases of which there is something to be told.
    pub(super) async fn tell_untold(&self) -> Result<Round, Error> {
        let untold = self.store.untold(AT_ONCE)?;
        let telling = join_all(untold.iter().map(|case| self.tell_of(case))).await;
        for ((id, _), told) in untold.iter().zip(telling) {
            match told {
                // It has changed, or there is other news by now: the next round tells of that.
                Ok(()) | Err(Error::Conflict) => {}
                Err(error) => {
                    tracing::error!(mailing.id = %id, %error, "nobody could be told of a case");
                    return Err(error);
                }
            }
        }
        let is_all = untold.len() < AT_ONCE;
        Ok(if is_all { Round::Done } else { Round::Waits })
    }

    async fn tell_of(&self, case: &Untold) -> Result<(), Error> {
        let (id, news) = case;
        let state = self.store.mailing(*id)?;
        let outgoing = match &state {
            Some(state @ State::Held(held)) if held.hold().returned().is_none() => {
                let remarks = self.mended(state).await?;
                self.tell_hold(held, news, remarks)
            }
            // Whoever was faster has told of what became of it.
            Some(_) | None => Vec::new(),
        };
        self.store.tell_of(case, state.as_ref(), outgoing).await
    }

    /// What its author had better mend before anybody reads it; of mail to a list. Policy C12.
    async fn mended(&self, state: &State) -> Result<Vec<String>, Error> {
        if matches!(state.mailing().audience, Audience::Named) {
            return Ok(Vec::new());
        }
        let (desk, state) = (self.clone(), state.clone());
        let remarks = spawn_blocking(move || desk.remarks(&state)).await;
        match remarks.map_err(|panicked| Error::Disk(panicked.to_string()))? {
            Ok(remarks) => Ok(in_lines(&remarks)),
            Err(Refusal::Store(error)) => Err(error),
            Err(refusal) => Err(Error::Unreadable(refusal.to_string())),
        }
    }
}

/// Remarks as a notice has them: what is better mended, and of many only the first.
fn in_lines(remarks: &[Remark]) -> Vec<String> {
    let mended = remarks.iter().filter(|remark| remark.level > Level::Info);
    let mut lines: Vec<String> = mended
        .map(|remark| format!("“{}”: {} ({})", remark.place, remark.sentence, remark.level.words()))
        .collect();
    if let Some(more) = lines.len().checked_sub(REMARKS_MAX).filter(|more| *more > 0) {
        lines.truncate(REMARKS_MAX);
        lines.push(format!("and {more} more, on the page"));
    }
    lines
}
