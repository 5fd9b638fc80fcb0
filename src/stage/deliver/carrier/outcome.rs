//! What a server's word, or its silence, comes to.

use super::super::run::Job;
use crate::decide::shape::{hidden_end, next_try};
use crate::mail::{Severity, Status, Timestamp};
use crate::model::Outcome;

/// Octets of a server's words that the ledger keeps.
const KEPT_OCTETS_MAX: usize = 160;

/// A copy whose end is hidden is sent again soon, and if it hides again as slowly as any other: what we send twice, a
/// recipient may get twice.
pub(super) fn uncertain(job: &Job, now: Timestamp) -> Outcome {
    let source = &job.source;
    match next_try(job.attempt, source.mailing.capacity, source.sealed_at, now) {
        Some(_) if job.attempt == 1 => Outcome::Uncertain { until: hidden_end(now) },
        Some(until) => Outcome::Uncertain { until },
        None => Outcome::Failed(Status::new(
            550,
            4,
            2,
            "given up: no try had an end; one may have arrived",
        )),
    }
}

/// A person has said that whose copy is uncertain gets no other.
pub(super) fn left() -> Outcome {
    Outcome::Failed(Status::new(550, 4, 2, "not sent again: one may have arrived"))
}

/// What a server's word comes to; a temporary one past its time is a failure.
pub(super) fn outcome(mut status: Status, job: &Job, now: Timestamp) -> Outcome {
    let source = &job.source;
    status.text = status.text.chars().take(KEPT_OCTETS_MAX).collect();
    match next_try(job.attempt, source.mailing.capacity, source.sealed_at, now) {
        Some(until) => Outcome::of(status, until),
        None if status.severity() == Severity::Temporary => Outcome::Failed(Status {
            text: format!("given up; last: {status}"),
            ..Status::new(550, 4, 7, "")
        }),
        None => Outcome::of(status, now),
    }
}
