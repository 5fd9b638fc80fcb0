//! Worker: Report → Suppression. What came back is read, and what follows from it is written in one commit.
//!
//! Only what bore a token of ours is here: nobody is suppressed on a stranger's word.

use crate::clock::Clock;
use crate::decide::report::{Reading, read};
use crate::model::{Act, Event, Recipient, Report, ReportKind, Suppression, SuppressionReason};
use crate::stage::worker::{Rounds, Shutdown};
use crate::store::{Error, Store, Table};

/// Runs until the house closes.
pub async fn run(store: Store, clock: Clock, shutdown: Shutdown) {
    let bell = store.watch(Table::Reports);
    let mut rounds = Rounds::new("feedback", bell, shutdown);
    while rounds.go_on() {
        let done = read_all(&store, &clock).await;
        rounds.rest(done).await;
    }
}

/// Reads every report there is.
pub async fn read_all(store: &Store, clock: &Clock) -> Result<(), Error> {
    while let Some(report) = store.next_report()? {
        let recipient = store.recipient(report.mailing, report.seq)?;
        match recipient.zip(judged(&report)) {
            Some((recipient, (reason, note))) => settle(store, clock, &report, &recipient, reason, note).await?,
            // A vacation note, a delay, or a plan that is no longer kept.
            None => store.settle_report(&report, None, None).await?,
        }
    }
    Ok(())
}

/// What a report asks for, and why.
fn judged(report: &Report) -> Option<(SuppressionReason, String)> {
    match report.kind {
        ReportKind::Unsubscribe => Some((SuppressionReason::Unsubscribed, "asked to get no more".to_owned())),
        ReportKind::Bounce => {
            let Reading::Bounce(told) = read(&report.message) else {
                return None;
            };
            let gone = told.into_iter().find(|told| told.hard)?;
            let note = gone
                .status
                .map_or_else(|| gone.class.word().to_owned(), |status| status.to_string());
            Some((SuppressionReason::HardBounce, note))
        }
    }
}

async fn settle(
    store: &Store,
    clock: &Clock,
    report: &Report,
    recipient: &Recipient,
    reason: SuppressionReason,
    note: String,
) -> Result<(), Error> {
    let suppression = Suppression {
        reason,
        at: clock.now(),
        contact: recipient.contact,
        mailing: Some(report.mailing),
        note,
    };
    let event = Event {
        at: clock.now(),
        by: "gateway".to_owned(),
        act: Act::Suppressed,
        mailing: Some(report.mailing),
        note: format!("recipient {}: {}", report.seq, reason.exclusion().words()),
    };
    store
        .settle_report(report, Some((&recipient.address, &suppression)), Some(event))
        .await
}
