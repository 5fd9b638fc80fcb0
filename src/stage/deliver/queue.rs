//! What waits to be sent, of every mailing under way, and whose copy goes next.

use std::sync::Arc;
use std::time::Duration;

use super::run::{Job, Pick, Run, Source};
use super::ways::Way;
use crate::decide::shape::{Scope, Shaper, Turns, Waiting};
use crate::mail::Timestamp;
use crate::model::{Entry, Lane, MailingId, Series};

/// How long a worker whose connection has nothing to carry waits for it, when others are free for the rest.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who asks for a copy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    /// What its open connection counts against; nothing when it has none.
    pub(super) own: &'a [Scope],
    /// Whether it carries emergencies and nothing else.
    pub(super) is_spare: bool,
    /// Whether another worker is free to open another connection.
    pub(super) others_are_free: bool,
    /// How often settings had changed when its connection was opened.
    pub(super) age: u64,
}

/// How long a worker waits who asks while settings change.
const CHANGE: Duration = Duration::from_millis(50);

/// What an asker gets.
#[derive(Debug)]
pub(super) enum Taken {
    /// A copy to send.
    Job(Job),
    /// Nothing before then.
    Rest(Timestamp),
}

/// All mailings under way.
#[derive(Debug, Default)]
pub(super) struct Queue {
    runs: Vec<Run>,
    turns: Turns,
    /// How often settings have changed.
    age: u64,
    /// Whether they are changing at this moment: no copy is given out.
    is_changing: bool,
}

impl Queue {
    /// Adds a mailing that was read when settings had changed so often; not when they have again since.
    pub(super) fn add(&mut self, run: Run, age: u64) -> bool {
        let is_of_today = age == self.age;
        if is_of_today {
            self.runs.push(run);
        }
        is_of_today
    }

    /// How often settings have changed.
    pub(super) fn age(&self) -> u64 {
        self.age
    }

    /// Settings change: no copy is given out until they have.
    pub(super) fn begin_change(&mut self) {
        self.age += 1;
        self.is_changing = true;
    }

    /// Settings have changed.
    pub(super) fn end_change(&mut self) {
        self.is_changing = false;
    }

    /// What copies of a mailing are made from.
    pub(super) fn source(&self, id: MailingId) -> Option<Arc<Source>> {
        let run = self.runs.iter().find(|run| run.id() == id)?;
        Some(Arc::clone(&run.source))
    }

    /// The ways of a mailing under other settings.
    pub(super) fn lay_anew(&mut self, id: MailingId, source: Source, (ways, of): (Vec<Way>, &[usize]), first: u32) {
        if let Some(run) = self.run(id) {
            run.lay_anew(source, ways, of, first);
        }
    }

    /// The name of each stream of a mailing, and how many people it has.
    pub(super) fn streams(&self, id: MailingId) -> Vec<(Arc<str>, u32)> {
        let run = self.runs.iter().find(|run| run.id() == id);
        let streams = run.into_iter().flat_map(Run::streams);
        streams.map(|(name, people)| (Arc::clone(name), people)).collect()
    }

    pub(super) fn has(&self, id: MailingId) -> bool {
        self.runs.iter().any(|run| run.id() == id)
    }

    pub(super) fn ids(&self) -> Vec<MailingId> {
        self.runs.iter().map(Run::id).collect()
    }

    /// No further copy of a mailing leaves; those in flight end as they end.
    pub(super) fn stop(&mut self, id: MailingId) {
        if let Some(run) = self.run(id) {
            run.stop();
        }
    }

    /// The mailings that were stopped, and have no copy in flight any more.
    pub(super) fn at_rest(&self) -> Vec<MailingId> {
        self.runs.iter().filter(|run| run.is_at_rest()).map(Run::id).collect()
    }

    /// Forgets a mailing that is over.
    pub(super) fn remove(&mut self, id: MailingId) {
        self.runs.retain(|run| run.id() != id);
    }

    /// Whether copies of a mailing leave; whether that is news.
    pub(super) fn set_paused(&mut self, id: MailingId, is_paused: bool) -> bool {
        let run = self.run(id);
        run.is_some_and(|run| std::mem::replace(&mut run.is_paused, is_paused) != is_paused)
    }

    /// The next copy that may go; its limits are spent.
    pub(super) fn take(&mut self, asker: Asker<'_>, shaper: &mut Shaper, now: Timestamp) -> Taken {
        if self.is_changing {
            return Taken::Rest(now.plus(CHANGE));
        }
        if asker.age != self.age {
            return Taken::Rest(now);
        }
        for run in &mut self.runs {
            run.wake(shaper, now);
        }
        if let Some(host) = asker.own.first() {
            match self.take_to(Some(host), asker, shaper, now) {
                Taken::Rest(until) if asker.others_are_free && until <= now.plus(PATIENCE) => {
                    return Taken::Rest(until);
                }
                Taken::Rest(_) => {}
                job @ Taken::Job(_) => return job,
            }
        }
        self.take_to(None, asker, shaper, now)
    }

    fn take_to(&mut self, host: Option<&Scope>, asker: Asker<'_>, shaper: &mut Shaper, now: Timestamp) -> Taken {
        let mut cannot = vec![false; self.runs.len()];
        let mut until = Timestamp::from_micros(i64::MAX);
        loop {
            let waiting: Vec<Waiting> = self
                .runs
                .iter()
                .zip(&cannot)
                .map(|(run, cannot)| {
                    let waiting = run.waiting(host);
                    let is_out = *cannot || (asker.is_spare && waiting.lane != Lane::Emergency);
                    if is_out {
                        Waiting {
                            fresh: 0,
                            due: 0,
                            ..waiting
                        }
                    } else {
                        waiting
                    }
                })
                .collect();
            let Some(turn) = self.turns.next(&waiting) else {
                let wakes = self.runs.iter().filter_map(Run::wakes_at).min();
                return Taken::Rest(wakes.map_or(until, |at| at.min(until)));
            };
            let (Some(run), Some(waiting)) = (self.runs.get_mut(turn.of), waiting.get(turn.of)) else {
                return Taken::Rest(until);
            };
            let claim = run.source.claim();
            let binding = shaper.ask_sender(&claim, now).err();
            if let Some(Pick { seq, attempt, way }) = binding
                .is_none()
                .then(|| run.pick(turn.is_retry, host, asker.own, shaper, now))
                .flatten()
            {
                shaper.spend(&way.stream, &run.source.claim(), now);
                run.served = self.turns.served(turn, waiting, run.source.mailing.content.bytes);
                return Taken::Job(Job {
                    source: Arc::clone(&run.source),
                    seq,
                    attempt,
                    way,
                });
            }
            if let Some(binding) = binding {
                until = until.min(binding.until);
                if binding.scope == Scope::All {
                    // Nobody but an emergency goes before then.
                    let waits = |run: &Run| run.source.mailing.lane != Lane::Emergency;
                    cannot
                        .iter_mut()
                        .zip(&self.runs)
                        .for_each(|(cannot, run)| *cannot |= waits(run));
                }
            }
            if let Some(cannot) = cannot.get_mut(turn.of) {
                *cannot = true;
            }
        }
    }

    /// A copy that was not tried: it is due then, as the same attempt.
    pub(super) fn give_back(&mut self, job: &Job, due: Timestamp) {
        if let Some(run) = self.run(job.source.mailing.id) {
            run.give_back(job.seq, job.attempt, due);
        }
    }

    /// A copy that was not tried: it waits for a person's word.
    pub(super) fn set_aside(&mut self, job: &Job) {
        if let Some(run) = self.run(job.source.mailing.id) {
            run.set_aside(job.seq, job.attempt);
        }
    }

    /// A person has said what is done about what waits for their word: it is due then.
    pub(super) fn take_up_aside(&mut self, id: MailingId, due: Timestamp) {
        if let Some(run) = self.run(id) {
            run.take_up_aside(due);
        }
    }

    /// A try whose outcome is in the ledger.
    pub(super) fn settle(&mut self, id: MailingId, entry: &Entry) {
        if let Some(run) = self.run(id) {
            run.settle(entry);
        }
    }

    /// Mailings of this series with a copy that could go at once.
    pub(super) fn ready(&self, series: Series) -> Vec<MailingId> {
        let is_ready = |run: &&Run| {
            let waiting = run.waiting(None);
            run.id().series == series && waiting.fresh + waiting.due > 0
        };
        self.runs.iter().filter(is_ready).map(Run::id).collect()
    }

    /// Whether a mailing has nothing left to do.
    pub(super) fn is_complete(&self, id: MailingId) -> bool {
        self.runs.iter().any(|run| run.id() == id && run.is_complete())
    }

    /// The mailings that have nothing left to do.
    pub(super) fn complete(&self) -> Vec<MailingId> {
        self.runs.iter().filter(|run| run.is_complete()).map(Run::id).collect()
    }

    /// The mailings that wait for a person's word, in whole or in part.
    pub(super) fn halted(&self) -> Vec<MailingId> {
        self.runs.iter().filter(|run| run.is_halted()).map(Run::id).collect()
    }

    /// The next hops that copies of a mailing are still to leave for.
    pub(super) fn hosts_awaited(&self, id: MailingId) -> Vec<Scope> {
        let run = self.runs.iter().find(|run| run.id() == id);
        run.map(Run::hosts_awaited).unwrap_or_default()
    }

    /// Where the copy of a recipient goes, by name.
    pub(super) fn stream_of(&self, id: MailingId, seq: u32) -> Option<Arc<str>> {
        let run = self.runs.iter().find(|run| run.id() == id)?;
        run.stream_of(seq).cloned()
    }

    fn run(&mut self, id: MailingId) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.id() == id)
    }
}
