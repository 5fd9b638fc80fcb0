//! Awaited: where copies of mailings at rest are still to leave for, noted for whoever looks on.

use std::sync::PoisonError;
use std::time::Duration;

use super::Courier;
use crate::decide::shape::Watch;
use crate::model::{MailingId, Series};

/// How often it is noted.
const NOTE_EVERY: Duration = Duration::from_secs(1);

impl Courier {
    /// Notes the next hops of cases of which no copy has left lately. Of the others nobody asks.
    pub(super) fn note_hosts_awaited(&self) {
        let now = self.clock.now();
        {
            let mut noted_at = self.noted_at.lock().unwrap_or_else(PoisonError::into_inner);
            if now.since(*noted_at) < NOTE_EVERY {
                return;
            }
            *noted_at = now;
        }
        let rests = |(id, watch): &(&MailingId, &Watch)| id.series == Series::Case && watch.pace.per_second(now) <= 0.0;
        let at_rest: Vec<MailingId> = {
            let shaper = self.shape().look();
            shaper.watches().iter().filter(rests).map(|(id, _)| *id).collect()
        };
        for id in at_rest {
            let awaited = self.queue().hosts_awaited(id);
            if let Some(watch) = self.shape().look().watch(id) {
                watch.hosts_awaited = awaited;
            }
        }
    }
}
