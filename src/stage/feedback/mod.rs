//! Workers: Report → what follows from it; what lies in a letterbox → Report. What came back is read, and its
//! consequences are written in one commit.
//!
//! Only what bore a token of ours is here, or what the next server said of a copy: nobody is suppressed on a stranger's
//! word.

mod letterbox;

pub use letterbox::open_letterboxes;

use crate::clock::Clock;
use crate::decide::report::{Back, COUNTED, Consequence, Known, back, follow, read, refused, status_in};
use crate::mail::Domain;
use crate::model::{
    Act, Came, Event, Report, ReportKind, Scope, Suppression, SuppressionReason, TokenKey, WrongRecord,
};
use crate::stage::worker::{Rounds, Shutdown};
use crate::store::{Error, Reached, Settled, Store, Table};

/// What feedback needs to know of the settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Domains whose addresses the university itself gives out.
    pub campus_domains: Vec<Domain>,
    /// Knows our tokens in what others give back.
    pub tokens: TokenKey,
}

/// Reads reports until the house closes.
pub async fn run(store: Store, clock: Clock, settings: Settings, shutdown: Shutdown) {
    let bell = store.watch(Table::Reports);
    let mut rounds = Rounds::new("feedback", bell, shutdown);
    while rounds.go_on() {
        let done = read_while(|| rounds.go_on(), &store, &clock, &settings.campus_domains).await;
        rounds.rest(done).await;
    }
}

/// Reads every report there is; `campus` are the domains whose addresses the university itself gives out.
pub async fn read_all(store: &Store, clock: &Clock, campus: &[Domain]) -> Result<(), Error> {
    read_while(|| true, store, clock, campus).await
}

/// The same, until the house closes: what is left is read when it is open again.
async fn read_while(go_on: impl Fn() -> bool, store: &Store, clock: &Clock, campus: &[Domain]) -> Result<(), Error> {
    while go_on()
        && let Some(report) = store.next_report()?
    {
        let reached = store.reached(report.mailing, report.seq, report.at)?;
        match reached.zip(heard(&report)) {
            Some((reached, back)) => settle(store, clock, campus, &report, &reached, &back).await?,
            // A vacation note, a delay, or a plan that is no longer kept.
            None => store.settle_report(&report, &Settled::default()).await?,
        }
    }
    Ok(())
}

/// What a report says of the copy it is about.
fn heard(report: &Report) -> Option<Back> {
    match report.kind {
        ReportKind::Unsubscribe => Some(Back::Wish),
        ReportKind::Complaint => Some(Back::Complaint),
        ReportKind::Bounce => back(&read(&report.message)),
        ReportKind::Refusal => status_in(&String::from_utf8_lossy(&report.message)).map(|status| refused(&status)),
    }
}

async fn settle(
    store: &Store,
    clock: &Clock,
    campus: &[Domain],
    report: &Report,
    reached: &Reached,
    back: &Back,
) -> Result<(), Error> {
    let recipient = &reached.recipient;
    let since = report.at.minus(COUNTED);
    let got = recipient
        .contact
        .map(|contact| store.got_since(contact, since))
        .transpose()?;
    let consequence = follow(
        back,
        &Known {
            mailing: report.mailing,
            at: report.at,
            is_on_campus: campus.contains(recipient.address.domain()),
            lists: &reached.lists,
            suppressions: &store.suppressions_of(&recipient.address)?,
            softs: &store.softs(&recipient.address)?,
            got: got.as_deref().unwrap_or_default(),
        },
    );
    let suppressions = suppressions(&consequence, clock, report, reached, back);
    let settled = Settled {
        came: consequence.came,
        suppressions: Some((&recipient.address, &suppressions)),
        soft: consequence.soft.map(|soft| (&recipient.address, soft)),
        wrong: recipient
            .contact
            .filter(|_| consequence.is_wrong_record)
            .map(|contact| WrongRecord {
                contact,
                at: report.at,
                mailing: report.mailing,
                code: code(back),
            }),
        event: event(&consequence, clock, report, back),
    };
    store.settle_report(report, &settled).await?;
    if let Some((kind, class)) = settled.came.map(Came::words) {
        metrics::counter!("bedel_returns_total", "kind" => kind, "class" => class).increment(1);
    }
    Ok(())
}

fn suppressions(
    consequence: &Consequence,
    clock: &Clock,
    report: &Report,
    reached: &Reached,
    back: &Back,
) -> Vec<Suppression> {
    let Some((reason, scopes)) = &consequence.suppress else {
        return Vec::new();
    };
    let suppress = |scope: &Scope| Suppression {
        scope: scope.clone(),
        reason: *reason,
        at: clock.now(),
        contact: reached.recipient.contact,
        mailing: Some(report.mailing),
        note: said(back),
    };
    scopes.iter().map(suppress).collect()
}

/// What the audit trail says; without an address, and without what a server said, which may bear one.
fn event(consequence: &Consequence, clock: &Clock, report: &Report, back: &Back) -> Option<Event> {
    let (act, note) = match &consequence.suppress {
        Some((reason, scopes)) => (Act::Suppressed, no_more(*reason, scopes, &code(back))),
        None if consequence.is_noted => (Act::Complained, "on campus: nothing follows".to_owned()),
        None => return None,
    };
    Some(Event {
        at: clock.now(),
        by: "gateway".to_owned(),
        act,
        mailing: Some(report.mailing),
        note: format!("recipient {}: {note}", report.seq),
    })
}

fn no_more(reason: SuppressionReason, scopes: &[Scope], code: &str) -> String {
    let far: Vec<String> = scopes.iter().map(Scope::to_string).collect();
    let code = if code.is_empty() {
        String::new()
    } else {
        format!(" ({code})")
    };
    format!(
        "{}{code}; left out of {}",
        reason.exclusion().words(),
        far.join(" and ")
    )
}

fn said(back: &Back) -> String {
    match back {
        Back::Bounce { said, .. } => said.clone(),
        Back::Complaint => "complained".to_owned(),
        Back::Wish => "asked to get no more".to_owned(),
    }
}

fn code(back: &Back) -> String {
    match back {
        Back::Bounce { code, .. } => code.clone(),
        Back::Complaint | Back::Wish => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Timestamp;
    use crate::model::{MailingId, Series};
    use crate::store::{MasterKey, Settings as StoreSettings};

    #[tokio::test]
    async fn what_is_not_read_when_the_house_closes_is_read_when_it_is_open_again() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(&StoreSettings {
            data_dir: home.path().to_owned(),
            free_bytes_min: 0,
            master: MasterKey::new(&[9; 32]),
        });
        let (store, clock) = (store.expect("opens"), Clock::standing_at(Timestamp::from_micros(0)));
        let report = Report {
            kind: ReportKind::Bounce,
            mailing: MailingId {
                series: Series::Case,
                year: 2026,
                number: 1,
            },
            seq: 0,
            at: clock.now(),
            message: b"x".to_vec(),
        };
        store.put_report(&report).await.expect("commits");
        let waits = || store.next_report().expect("reads").is_some();
        read_while(|| false, &store, &clock, &[]).await.expect("reads");
        assert!(waits());
        read_all(&store, &clock, &[]).await.expect("reads");
        assert!(!waits());
    }
}
