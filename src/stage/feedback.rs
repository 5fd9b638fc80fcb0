//! Worker: Report → Suppression. What came back is read, and what follows from it is written in one commit.
//!
//! Only what bore a token of ours is here: nobody is suppressed on a stranger's word.

use crate::clock::Clock;
use crate::decide::report::{Reading, read};
use crate::model::{Act, Event, Report, ReportKind, Scope, Suppression, SuppressionReason};
use crate::stage::worker::{Rounds, Shutdown};
use crate::store::{Error, Reached, Store, Table};

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
        let reached = store.reached(report.mailing, report.seq, report.at)?;
        match reached.zip(judged(&report)) {
            Some((reached, (reason, note))) => settle(store, clock, &report, &reached, reason, &note).await?,
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
    reached: &Reached,
    reason: SuppressionReason,
    note: &str,
) -> Result<(), Error> {
    let recipient = &reached.recipient;
    let known = store.suppressions_of(&recipient.address)?;
    let scopes = reason.scopes(&reached.lists, &known);
    let far: Vec<String> = scopes.iter().map(Scope::to_string).collect();
    let suppress = |scope| Suppression {
        scope,
        reason,
        at: clock.now(),
        contact: recipient.contact,
        mailing: Some(report.mailing),
        note: note.to_owned(),
    };
    let suppressions: Vec<Suppression> = scopes.into_iter().map(suppress).collect();
    let event = Event {
        at: clock.now(),
        by: "gateway".to_owned(),
        act: Act::Suppressed,
        mailing: Some(report.mailing),
        note: format!(
            "recipient {}: {}, no more {}",
            report.seq,
            reason.exclusion().words(),
            far.join(" and ")
        ),
    };
    store
        .settle_report(report, Some((&recipient.address, &suppressions)), Some(event))
        .await
}
