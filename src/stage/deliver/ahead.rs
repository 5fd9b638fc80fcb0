//! Ahead: what is taken up into the queue, as mailings move.
//!
//! Of ordinary mail no more is taken up than workers have to do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use super::courier::Courier;
use super::later::{Later, To};
use crate::model::{MailingId, Series};
use crate::store::{Bell, Changes, Error, Kind, Moved, Store};

/// Messages of ordinary mail that are ready to leave, at most: each look for the next copy looks at all of them.
const READY_MAX: usize = 100;
/// Of one domain at most so many are ready beyond that.
const READY_OF_DOMAIN_MAX: usize = 10;

/// How far the moves of mailings are followed, and what is taken up later.
pub(super) struct Ahead {
    changes: Changes,
    later: Later,
}

impl Ahead {
    pub(super) fn new(store: &Store) -> Self {
        Self {
            changes: store.moves(),
            later: Later::default(),
        }
    }

    /// Rung when something has moved.
    pub(super) fn bell(&self) -> Bell {
        self.changes.bell()
    }
}

impl Courier {
    /// Takes up what was expanded, paused or resumed since, and lets go of what was stopped.
    pub(super) async fn follow_moves(&self, ahead: &mut Ahead) -> Result<(), Error> {
        let looked = match ahead.changes.take() {
            Moved::Any => self.look_at_all(&mut ahead.later).await,
            Moved::These(moves) => self.look_at(moves, &mut ahead.later).await,
        };
        looked.inspect_err(|_| ahead.changes.start_over())
    }

    /// Looks at every mailing whose copies leave.
    async fn look_at_all(&self, later: &mut Later) -> Result<(), Error> {
        let under_way = self.store.in_state(Kind::Expanded)?;
        let known = self.queue().ids().into_iter();
        let gone: Vec<MailingId> = known.filter(|id| under_way.binary_search(id).is_err()).collect();
        for id in gone {
            self.stop(id).await?;
        }
        *later = Later::default();
        self.take_up_all(under_way, later).await
    }

    /// Looks at the mailings that have moved.
    async fn look_at(&self, moves: Vec<(Kind, MailingId)>, later: &mut Later) -> Result<(), Error> {
        let moved: BTreeMap<MailingId, Kind> = moves.into_iter().map(|(kind, id)| (id, kind)).collect();
        for (id, _) in moved.iter().filter(|(_, kind)| **kind != Kind::Expanded) {
            later.remove(*id);
            if self.queue().has(*id) {
                self.stop(*id).await?;
            }
        }
        let leaving = moved.into_iter().filter(|(_, kind)| *kind == Kind::Expanded);
        // A worker that was late may have halted one after a person had let it go on.
        let halted = self.queue().halted();
        self.take_up_all(leaving.map(|(id, _)| id).chain(halted).collect(), later)
            .await
    }

    /// Of ordinary mail no more is taken up than workers have to do; the rest, later, the oldest first.
    async fn take_up_all(&self, ids: Vec<MailingId>, later: &mut Later) -> Result<(), Error> {
        let known: BTreeSet<MailingId> = self.queue().ids().into_iter().collect();
        let waits = |id: &MailingId| id.series == Series::Conveyed && !known.contains(id);
        let (new, mut now): (Vec<_>, Vec<_>) = ids.into_iter().partition(waits);
        for id in new {
            later.add(id);
        }
        let ready = self.queue().ready(Series::Conveyed);
        let room = READY_MAX.saturating_sub(ready.len());
        now.extend(std::iter::from_fn(|| later.pop_oldest()).take(room));
        if room == 0 {
            // Those that are ready may all wait for one slow host: who has nothing to do gets something of the others'.
            let idle = self.idle.load(Ordering::Relaxed);
            let read = |id| self.goes_to(id);
            now.extend(later.pop_of_others(&ready, idle, READY_OF_DOMAIN_MAX, &read));
        }
        let mut trouble = Ok(());
        for id in now {
            // One mailing's trouble must not stop the others.
            if let Err(error) = self.take_up(id).await {
                tracing::error!(mailing.id = %id, %error, "a mailing could not be taken up");
                trouble = Err(error);
            }
        }
        trouble
    }

    /// The domain of a mailing's first recipient.
    fn goes_to(&self, id: MailingId) -> To {
        let (_, recipient) = self.store.rows(id).next()?.ok()?;
        Some(recipient.address.domain().clone())
    }
}
