//! What follows from an outcome, besides its line in the ledger.

use crate::decide::notice::{Notices, dsn};
use crate::mail::{Address, ForwardPath, Message, Timestamp};
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

/// A refusal of a copy of ours is a report, as what comes back later is; the author of conveyed mail hears of a failure.
pub(super) fn effects(
    store: &Store,
    notices: &Notices,
    job: &Job,
    entry: &Entry,
    to: &Recipient,
    now: Timestamp,
) -> Result<Effects, Error> {
    let status = match &entry.outcome {
        Some(Outcome::Failed(status)) => status,
        Some(Outcome::Accepted(_) | Outcome::Deferred { .. } | Outcome::Uncertain { .. } | Outcome::Suppressed(_))
        | None => {
            return Ok(Effects::default());
        }
    };
    let mailing = &job.source.mailing;
    match mailing.capacity {
        // What follows for the recipient is asked where all that comes back is read.
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
        Capacity::Conveyed => {
            let Some(told) = dsn::wants_failure(mailing, &to.address) else {
                return Ok(Effects::default());
            };
            let original = Message::parse(&store.message(mailing.id)?);
            let original = original.map_err(|error| Error::Unreadable(error.to_string()))?;
            let id = store.next_id(Series::Conveyed, now.year(&notices.zone));
            let (state, message) = dsn::failure(notices, mailing, told, status, &original, (id, now));
            Ok(Effects {
                outgoing: vec![Outgoing { state, message }],
                ..Effects::default()
            })
        }
    }
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
