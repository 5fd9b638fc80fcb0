//! Worker: what lies in a letterbox → Report, or Aggregate.
//!
//! Anybody may write there: only a token of ours says whom a complaint is about, and nothing follows from an aggregate but
//! that people see it.

use super::Settings;
use crate::decide::aggregate::{read_dmarc, read_tls, unreadable};
use crate::decide::report::{Grievance, grievance, traces};
use crate::model::{Aggregate, Letterbox, Posted, Report, ReportKind, Token, TokenKey, TokenKind};
use crate::stage::worker::{Rounds, Shutdown};
use crate::store::{Error, Store, Table};

/// Opens the letterboxes until the house closes.
pub async fn open_letterboxes(store: Store, settings: Settings, shutdown: Shutdown) {
    let bell = store.watch(Table::Posted);
    let mut rounds = Rounds::new("letterboxes", bell, shutdown);
    while rounds.go_on() {
        let done = open_while(|| rounds.go_on(), &store, &settings.tokens).await;
        rounds.rest(done).await;
    }
}

/// What a message in a letterbox comes to.
enum Found {
    Report(Option<Report>),
    Aggregate(Aggregate),
}

/// Reads all that lies there, until the house closes.
async fn open_while(go_on: impl Fn() -> bool, store: &Store, tokens: &TokenKey) -> Result<(), Error> {
    while go_on()
        && let Some(posted) = store.next_posted()?
    {
        let tokens = tokens.clone();
        // Reading takes the processor: not on the thread that serves the others.
        let read = tokio::task::spawn_blocking(move || {
            let found = find(&posted, &tokens);
            (posted, found)
        });
        let (posted, found) = read.await.map_err(|panicked| Error::Disk(panicked.to_string()))?;
        match found {
            Found::Report(report) => store.settle_posted(&posted, report.as_slice()).await?,
            Found::Aggregate(aggregate) => {
                if !store.settle_aggregate(&posted, &aggregate).await? {
                    tracing::warn!("a report was not kept: there are too many of its day, or it is too long");
                }
            }
        }
    }
    Ok(())
}

fn find(posted: &Posted, tokens: &TokenKey) -> Found {
    let read = match posted.letterbox {
        Letterbox::Complaints => return Found::Report(complaint(posted, tokens)),
        Letterbox::Dmarc => read_dmarc(posted),
        Letterbox::Tls => read_tls(posted),
    };
    Found::Aggregate(read.unwrap_or_else(|fault| {
        tracing::warn!(why = %fault, "a report could not be read");
        unreadable(posted, &fault)
    }))
}

/// The complaint that a message is, when it gives back a copy of ours.
fn complaint(posted: &Posted, tokens: &TokenKey) -> Option<Report> {
    let grievance = grievance(&posted.message)?;
    let found = traces(&posted.message)
        .into_iter()
        .filter_map(|text| tokens.read(&text));
    let copy = found.filter(|token| rank(token).is_some()).min_by_key(rank)?;
    Some(Report {
        kind: match grievance {
            Grievance::Complaint => ReportKind::Complaint,
            Grievance::OptOut => ReportKind::Unsubscribe,
        },
        mailing: copy.mailing,
        seq: copy.seq,
        at: posted.at,
        message: Vec::new(),
    })
}

/// Which token of a copy is believed first: those that only its recipient has. A case is no copy.
fn rank(token: &Token) -> Option<u8> {
    match token.kind {
        TokenKind::Complaint => Some(0),
        TokenKind::Bounce => Some(1),
        TokenKind::Unsubscribe => Some(2),
        TokenKind::MessageId => Some(3),
        TokenKind::Case => None,
    }
}
