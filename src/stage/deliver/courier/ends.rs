//! Ends: a mailing whose last copy is settled is closed, and one that is over is let go of.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use super::Courier;
use crate::decide::shape::Watch;
use crate::mail::Timestamp;
use crate::model::lifecycle::State;
use crate::model::{Act, Event, MailingId, Series};
use crate::store::{Error, Move};

/// Different replies of a provider that are kept of a mailing that is over.
const REPLIES_KEPT: usize = 5;

/// Mailings that are looked back at when the house opens, and how long after they were stopped.
const LOOKED_BACK_AT: usize = 200;
const LOOKED_BACK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Courier {
    /// Keeps how a mailing has fared, for whoever looks at it when it is over.
    async fn keep_fares(&self, id: MailingId) -> Result<(), Error> {
        if id.series == Series::Conveyed {
            return Ok(());
        }
        let ranked = self.shape().look().watches().get(&id).map(Watch::ranked);
        let ranked = ranked.unwrap_or_default().into_iter();
        let kept = ranked.map(|(name, counts)| postcard::to_allocvec(&(name, counts.shortened(REPLIES_KEPT))));
        self.store.put_fares(id, kept.collect::<Result<_, _>>()?).await
    }

    /// Somebody has stopped a mailing. What it has come to so far is kept now: nobody knows how long the last copies take.
    pub(in crate::stage::deliver) async fn stop(&self, id: MailingId) -> Result<(), Error> {
        self.queue().stop(id);
        self.store.take_stock(id).await
    }

    /// A crash may have hidden the ends of copies that were under way when their mailing was stopped.
    pub(super) async fn look_back(&self) -> Result<(), Error> {
        let now = self.clock.now();
        for state in self.store.newest_cases(LOOKED_BACK_AT)? {
            let State::Closed(closed) = &state else { continue };
            if closed.stopped_by().is_none() || now.since(closed.closed_at()) > LOOKED_BACK {
                continue;
            }
            let hidden = self.store.own_up(state.id(), now).await?;
            if hidden > 0 {
                tracing::warn!(mailing.id = %state.id(), hidden, "it was stopped, and the ends of copies that were under way are uncertain");
            }
        }
        Ok(())
    }

    /// Lets go of mailings that were stopped, once their last copies are at their ends.
    pub(super) async fn let_go(&self) -> Result<(), Error> {
        let at_rest = self.queue().at_rest();
        for id in at_rest {
            self.store.take_stock(id).await?;
            self.forget(id).await?;
        }
        Ok(())
    }

    /// Lets go of a mailing that is over.
    async fn forget(&self, id: MailingId) -> Result<(), Error> {
        self.keep_fares(id).await?;
        self.queue().remove(id);
        self.shape().look().end(id);
        self.counted().remove(&id);
        self.known_late().retain(|(late, _)| *late != id);
        self.store.settle(id).await
    }

    pub(in crate::stage::deliver) fn counted(&self) -> MutexGuard<'_, BTreeMap<MailingId, Timestamp>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::stage::deliver) async fn close(&self, id: MailingId) -> Result<(), Error> {
        let Some(from @ State::Expanded(_)) = self.store.mailing(id)? else {
            return Ok(());
        };
        let State::Expanded(expanded) = from.clone() else {
            return Ok(());
        };
        let (tally, now) = (self.store.tally(id)?, self.clock.now());
        let event = (id.series == Series::Case).then(|| Event {
            at: now,
            by: "gateway".to_owned(),
            act: Act::Closed,
            mailing: Some(id),
            note: format!(
                "{} accepted, {} failed, {} suppressed",
                tally.accepted, tally.failed, tally.suppressed
            ),
        });
        let to = State::Closed(expanded.close(tally, now));
        self.store.remember(id).await?;
        self.store
            .advance(Move {
                from,
                to,
                event,
                outgoing: vec![],
            })
            .await?;
        self.forget(id).await
    }
}
