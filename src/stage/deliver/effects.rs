//! What follows from an outcome, besides its line in the ledger.

use std::time::Duration;

use crate::decide::notice::Notices;
use crate::decide::notice::dsn::{self, Word};
use crate::decide::shape::give_up_at;
use crate::mail::{Address, ForwardPath, Message, Status, Timestamp};
use crate::model::{Capacity, Entry, Mailing, Outcome, Recipient, Report, ReportKind, Series};
use crate::store::{Error, Outgoing, Store};

use super::run::Job;

/// What is written in the same commit as the outcome.
#[derive(Debug, Clone, Default)]
pub(super) struct Effects {
    /// What the next server said of a copy of ours, for good.
    pub(super) refusal: Option<Report>,
    pub(super) outgoing: Vec<Outgoing>,
}

/// When the author of conveyed mail is told that it has not arrived yet.
pub(super) const DELAYED_AFTER: Duration = Duration::from_secs(4 * 60 * 60);

/// A refusal of a copy of ours is a report, as what comes back later is; the author of conveyed mail hears of a failure, of
/// a delay, and of a host that took it and tells nobody what becomes of it. `tells_authors` says whether the last one does.
pub(super) fn effects(
    store: &Store,
    notices: &Notices,
    job: &Job,
    entry: &Entry,
    (to, tells_authors): (&Recipient, bool),
    now: Timestamp,
) -> Result<Effects, Error> {
    let mailing = &job.source.mailing;
    let sealed_at = job.source.sealed_at;
    let (word, status) = match &entry.outcome {
        Some(Outcome::Failed(status)) => (Word::Failed, status),
        Some(Outcome::Deferred { status, until })
            if mailing.capacity == Capacity::Conveyed
                && until.since(sealed_at) >= DELAYED_AFTER
                && !was_late_before(store, job, sealed_at)? =>
        {
            (Word::Delayed(give_up_at(mailing.capacity, sealed_at)), status)
        }
        Some(Outcome::Accepted(status)) if !tells_authors => (Word::Relayed, status),
        Some(Outcome::Accepted(_) | Outcome::Deferred { .. } | Outcome::Uncertain { .. } | Outcome::Suppressed(_))
        | None => {
            return Ok(Effects::default());
        }
    };
    match mailing.capacity {
        // RFC 3461 §5.2.7.1: the author of a posting hears nothing of the members. What follows for the recipient is asked
        // where all that comes back is read.
        Capacity::Initiated if word != Word::Failed => Ok(Effects::default()),
        Capacity::Initiated => Ok(Effects {
            refusal: Some(Report {
                kind: ReportKind::Refusal,
                mailing: mailing.id,
                seq: entry.seq,
                at: now,
                message: status.to_string().into_bytes(),
            }),
            ..Effects::default()
        }),
        Capacity::Conveyed => Ok(Effects {
            outgoing: told(store, notices, mailing, to, (word, status), now)?
                .into_iter()
                .collect(),
            ..Effects::default()
        }),
    }
}

/// Whether the try before this one was put off past the fourth hour already: then its author knows.
fn was_late_before(store: &Store, job: &Job, sealed_at: Timestamp) -> Result<bool, Error> {
    let Some(before) = job.attempt.checked_sub(1) else {
        return Ok(false);
    };
    let entry = store.entry(job.source.mailing.id, job.seq, before)?;
    Ok(entry.is_some_and(|entry| match entry.outcome {
        Some(Outcome::Deferred { until, .. }) => until.since(sealed_at) >= DELAYED_AFTER,
        Some(Outcome::Accepted(_) | Outcome::Uncertain { .. } | Outcome::Failed(_) | Outcome::Suppressed(_)) | None => {
            false
        }
    }))
}

/// What the author of conveyed mail is told, when they want to hear it.
pub(super) fn told(
    store: &Store,
    notices: &Notices,
    mailing: &Mailing,
    to: &Recipient,
    (word, status): (Word, &Status),
    now: Timestamp,
) -> Result<Option<Outgoing>, Error> {
    let Some(told) = dsn::wanted(mailing, &to.address, word) else {
        return Ok(None);
    };
    let original = Message::parse(&store.message(mailing.id)?);
    let original = original.map_err(|error| Error::Unreadable(error.to_string()))?;
    let id = store.next_id(Series::Conveyed, now.year(&notices.zone));
    let (state, message) = dsn::notification(notices, mailing, told, (word, status), &original, (id, now));
    Ok(Some(Outgoing { state, message }))
}

/// The forward path of a copy: as its author gave it for conveyed mail; for ours, failures only, to our bounce address.
pub(super) fn path(mailing: &Mailing, to: &Address) -> ForwardPath {
    let given = mailing.envelope.forward_paths().iter().find(|path| path.address == *to);
    match (mailing.capacity, given) {
        (Capacity::Conveyed, Some(given)) => given.clone(),
        // RFC 3461 §5.2.7.1: what a list sends on owes nothing to the parameters it was sent with.
        (Capacity::Initiated, _) | (Capacity::Conveyed, None) => ForwardPath::to(to.clone()),
    }
}
