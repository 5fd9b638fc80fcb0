//! Worker: feeds whose hour has come.

use std::sync::Arc;

use super::tell::GATEWAY;
use super::{Error, Importer, Order};
use crate::decide::feed::Confirmed;
use crate::model::OfficeId;
use crate::stage::worker::{Rounds, Shutdown};
use crate::store::{self, Table};

/// Runs until the house closes.
pub async fn turns(importer: Importer, shutdown: Shutdown) {
    let mut closing = shutdown.clone();
    let mut rounds = Rounds::new("import", importer.store.watch(Table::About), shutdown);
    while rounds.go_on() {
        // A feed that is only read so far is dropped, and has its turn again when the house is open.
        let done = tokio::select! {
            done = importer.round() => done,
            () = closing.closing() => Ok(()),
        };
        rounds.rest(done).await;
    }
}

impl Importer {
    /// Fetches each feed whose hour has come.
    pub async fn round(&self) -> Result<(), store::Error> {
        for (office, feed) in &self.settings.feeds {
            if feed.source.is_some() && self.is_due(office)? {
                self.turn(office).await?;
            }
        }
        Ok(())
    }

    fn is_due(&self, office: &OfficeId) -> Result<bool, store::Error> {
        let next = self.next_turn(office, &self.store.feed_record(office)?);
        Ok(next.is_some_and(|next| next <= self.clock.now()))
    }

    async fn turn(&self, office: &OfficeId) -> Result<(), store::Error> {
        let order = Order {
            office: office.clone(),
            by: GATEWAY.to_owned(),
            dry_run: false,
            confirmed: Confirmed::default(),
        };
        let why = match self.pull(&order, Arc::new(|_step| {})).await {
            Ok(report) => match report.refusal {
                None => {
                    tracing::info!(feed.office = %office, rows = report.findings.rows, "a feed was applied");
                    return Ok(());
                }
                Some(refusal) => refusal.to_string(),
            },
            Err(Error::Store(error)) => return Err(error),
            Err(error) => error.to_string(),
        };
        tracing::warn!(feed.office = %office, why, "a feed was not applied; the last good one stays");
        Ok(())
    }
}
