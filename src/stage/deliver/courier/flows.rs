//! Flows: how they stand is kept now and then, and taken up again at the next start.

use std::sync::PoisonError;
use std::time::Duration;

use super::Courier;
use crate::decide::shape::Kept;
use crate::store::{Error, FlowRecord};

/// How often it is kept how flows stand: so much of them a crash forgets.
const KEEP_EVERY: Duration = Duration::from_secs(10);

impl Courier {
    /// Takes up how flows stood when the house was closed.
    pub(super) async fn remember(&self) -> Result<(), Error> {
        let (records, was_closed) = self.store.open_flows().await?;
        // A record of another version says nothing any more.
        let kept: Vec<Kept> = records
            .iter()
            .filter_map(|record| postcard::from_bytes(record).ok())
            .collect();
        let unclean = (!was_closed && !kept.is_empty()).then_some(KEEP_EVERY);
        self.shape().look().restore(kept, unclean, self.clock.now());
        Ok(())
    }

    /// Keeps how flows stand, now and then.
    pub(super) async fn keep_flows(&self, is_closing: bool) -> Result<(), Error> {
        let now = self.clock.now();
        {
            let mut kept_at = self.kept_at.lock().unwrap_or_else(PoisonError::into_inner);
            if !is_closing && now.since(*kept_at) < KEEP_EVERY {
                return Ok(());
            }
            *kept_at = now;
        }
        let (changed, forgotten) = {
            let mut shaper = self.shape().look();
            (shaper.take_changed(), shaper.forget_idle(now))
        };
        let name = |scope| postcard::to_allocvec(scope).map(|bytes| data_encoding::HEXLOWER.encode(&bytes));
        let mut flows: Vec<FlowRecord> = Vec::new();
        for kept in &changed {
            flows.push((name(&kept.0)?, Some(postcard::to_allocvec(kept)?)));
        }
        for scope in &forgotten {
            flows.push((name(scope)?, None));
        }
        self.store.keep_flows(flows, is_closing).await
    }
}
