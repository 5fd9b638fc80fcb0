//! Those a held case concerns are told of it once it is kept, not while it is taken.
//!
//! So a flood of mail is taken at the rate of taking; it is read for what is better mended, and told of, at one that leaves the
//! processor and the disk to it.

use futures_util::future::join_all;
use tokio::task::spawn_blocking;

use super::Desk;
use crate::decide::lint::{Level, Remark};
use crate::model::Audience;
use crate::model::lifecycle::State;
use crate::stage::worker::Round;
use crate::store::{Error, Outgoing, Untold};

/// Cases that are told of in one round; their commits share a sync.
const AT_ONCE: usize = 16;
/// Remarks that a notice names.
const REMARKS_MAX: usize = 10;

impl Desk {
    /// Tells of the first cases of which there is something to be told.
    pub(super) async fn tell_untold(&self) -> Result<Round, Error> {
        let untold = self.store.untold(AT_ONCE)?;
        let mut notices = Vec::new();
        // One case is read after the other: each may be as long as a message may be.
        for case in &untold {
            notices.push(self.notices_of(case).await);
        }
        let telling = untold.iter().zip(notices).map(async |(case, notices)| {
            let (state, outgoing) = notices?;
            self.store.tell_of(case, state.as_ref(), outgoing).await
        });
        let mut failed = None;
        for ((id, _), told) in untold.iter().zip(join_all(telling).await) {
            match told {
                // It has changed, or there is other news by now: the next round tells of that.
                Ok(()) | Err(Error::Conflict) => {}
                Err(error) => {
                    tracing::error!(mailing.id = %id, %error, "nobody could be told of a case");
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) => Err(error),
            None if untold.len() < AT_ONCE => Ok(Round::Done),
            None => Ok(Round::Waits),
        }
    }

    /// The case as it stands, and what tells of it.
    async fn notices_of(&self, (id, news): &Untold) -> Result<(Option<State>, Vec<Outgoing>), Error> {
        let state = self.store.mailing(*id)?;
        let outgoing = match &state {
            Some(state @ State::Held(held)) if held.hold().returned().is_none() => {
                let remarks = self.mended(state).await;
                self.tell_hold(held, news, remarks)
            }
            // Whoever was faster has told of what became of it.
            Some(_) | None => Vec::new(),
        };
        Ok((state, outgoing))
    }

    /// What its author had better mend before anybody reads it; of mail to a list. Nothing where it cannot be read: people
    /// are told of it all the same. Policy C12.
    async fn mended(&self, state: &State) -> Vec<String> {
        if matches!(state.mailing().audience, Audience::Named) {
            return Vec::new();
        }
        let (desk, id, state) = (self.clone(), state.id(), state.clone());
        let remarks = spawn_blocking(move || desk.remarks(&state)).await;
        let why = match remarks {
            Ok(Ok(remarks)) => return in_lines(&remarks),
            Ok(Err(refusal)) => refusal.to_string(),
            Err(panicked) => panicked.to_string(),
        };
        tracing::error!(mailing.id = %id, error = why, "the editorial checks could not read a case");
        Vec::new()
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
