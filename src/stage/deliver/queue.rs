//! What waits to be sent, of every mailing under way. Small: a bit a recipient, and a heap of those put off.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::decide::compose::Sealed;
use crate::decide::shape::{Turn, Turns, Waiting};
use crate::mail::{Field, Timestamp};
use crate::model::{Entry, Mailing, MailingId, Outcome};

/// What every copy of one mailing is made from.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) mailing: Mailing,
    pub(super) sealed: Sealed,
    pub(super) fields: Vec<Field>,
    pub(super) sealed_at: Timestamp,
}

/// One recipient's turn.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) source: Arc<Source>,
    pub(super) seq: u32,
    pub(super) attempt: u8,
}

/// One mailing under way.
#[derive(Debug)]
pub(super) struct Run {
    source: Arc<Source>,
    planned: u32,
    /// A bit a recipient: whose first try has been given out.
    begun: Vec<u64>,
    begun_count: u32,
    /// No recipient before this one is fresh.
    cursor: u32,
    deferred: BinaryHeap<Reverse<(Timestamp, u32, u8)>>,
    in_flight: u32,
    is_paused: bool,
    served: u64,
}

impl Run {
    pub(super) fn new(source: Source, planned: u32, is_paused: bool) -> Self {
        let words = usize::try_from(planned.div_ceil(64)).unwrap_or(usize::MAX);
        Self {
            source: Arc::new(source),
            planned,
            begun: vec![0; words],
            begun_count: 0,
            cursor: 0,
            deferred: BinaryHeap::new(),
            in_flight: 0,
            is_paused,
            served: 0,
        }
    }

    /// Takes up what the ledger says of one recipient: the last entry they have.
    pub(super) fn resume(&mut self, last: &Entry) {
        self.begin(last.seq);
        match &last.outcome {
            Some(Outcome::Deferred { until, .. } | Outcome::Uncertain { until }) => {
                self.deferred
                    .push(Reverse((*until, last.seq, last.attempt.saturating_add(1))));
            }
            Some(Outcome::Accepted(_) | Outcome::Failed(_) | Outcome::Suppressed(_)) | None => {}
        }
    }

    fn begin(&mut self, seq: u32) {
        if let Some(word) = usize::try_from(seq / 64).ok().and_then(|at| self.begun.get_mut(at)) {
            let bit = 1 << (seq % 64);
            self.begun_count += u32::from(*word & bit == 0);
            *word |= bit;
        }
    }

    fn has_begun(&self, seq: u32) -> bool {
        let word = usize::try_from(seq / 64).ok().and_then(|at| self.begun.get(at));
        word.is_none_or(|word| word & (1 << (seq % 64)) != 0)
    }

    fn waiting(&self, now: Timestamp) -> Waiting {
        let is_due = self.deferred.peek().is_some_and(|Reverse((until, _, _))| *until <= now);
        let (fresh, due) = match self.is_paused {
            true => (0, 0),
            false => (u64::from(self.planned - self.begun_count), u64::from(is_due)),
        };
        Waiting {
            lane: self.source.mailing.lane,
            fresh,
            due,
            served: self.served,
        }
    }

    fn take(&mut self, turn: Turn) -> Option<Job> {
        let (seq, attempt) = if turn.is_retry {
            let Reverse((_, seq, attempt)) = self.deferred.pop()?;
            (seq, attempt)
        } else {
            while self.has_begun(self.cursor) && self.cursor < self.planned {
                self.cursor += 1;
            }
            let seq = self.cursor;
            self.begin(seq);
            (seq, 1)
        };
        self.in_flight += 1;
        Some(Job {
            source: Arc::clone(&self.source),
            seq,
            attempt,
        })
    }

    fn is_complete(&self) -> bool {
        self.begun_count == self.planned && self.deferred.is_empty() && self.in_flight == 0
    }
}

/// All mailings under way.
#[derive(Debug, Default)]
pub(super) struct Queue {
    runs: Vec<Run>,
    turns: Turns,
}

impl Queue {
    pub(super) fn add(&mut self, run: Run) {
        self.runs.push(run);
    }

    pub(super) fn has(&self, id: MailingId) -> bool {
        self.runs.iter().any(|run| run.source.mailing.id == id)
    }

    pub(super) fn ids(&self) -> Vec<MailingId> {
        self.runs.iter().map(|run| run.source.mailing.id).collect()
    }

    /// Forgets a mailing that is over; copies in flight end as they end.
    pub(super) fn remove(&mut self, id: MailingId) {
        self.runs.retain(|run| run.source.mailing.id != id);
    }

    pub(super) fn set_paused(&mut self, id: MailingId, is_paused: bool) {
        if let Some(run) = self.run(id) {
            run.is_paused = is_paused;
        }
    }

    /// The next copy to send; `None` when nothing is due.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<Job> {
        let waiting: Vec<Waiting> = self.runs.iter().map(|run| run.waiting(now)).collect();
        let turn = self.turns.next(&waiting)?;
        let run = self.runs.get_mut(turn.of)?;
        run.served = self
            .turns
            .served(waiting.get(turn.of)?, run.source.mailing.content.bytes);
        run.take(turn)
    }

    /// A copy that was not tried: it is due at once, as the same attempt.
    pub(super) fn give_back(&mut self, job: &Job, now: Timestamp) {
        if let Some(run) = self.run(job.source.mailing.id) {
            run.in_flight -= 1;
            run.deferred.push(Reverse((now, job.seq, job.attempt)));
        }
    }

    /// A try whose outcome is in the ledger.
    pub(super) fn settle(&mut self, id: MailingId, entry: &Entry) {
        if let Some(run) = self.run(id) {
            run.in_flight -= 1;
            run.resume(entry);
        }
    }

    /// The mailings that have nothing left to do.
    pub(super) fn complete(&self) -> Vec<MailingId> {
        self.runs
            .iter()
            .filter(|run| run.is_complete())
            .map(|run| run.source.mailing.id)
            .collect()
    }

    fn run(&mut self, id: MailingId) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.source.mailing.id == id)
    }
}
