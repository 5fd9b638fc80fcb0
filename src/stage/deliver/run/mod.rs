//! Run: one mailing under way. Small: a bit a recipient, a heap of those put off, and a line for each stream.
//!
//! A [`Line`] is the stretches of the plan whose copies share all limits. Lines that may have something to send stand in
//! two rings, of fresh copies and of retries; one that must wait leaves them until its alarm.

mod picks;
mod source;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

pub(super) use picks::Pick;
pub(super) use source::{Job, Source};

use super::line::{Line, has_begun};
use super::ways::Way;
use crate::decide::shape::{Scope, Slice};
use crate::mail::Timestamp;
use crate::model::{Entry, MailingId, Outcome};

/// Lines to one next hop that may have something to send now.
#[derive(Debug)]
struct Rings {
    host: Scope,
    fresh: VecDeque<usize>,
    due: VecDeque<usize>,
}

/// One mailing under way.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) source: Arc<Source>,
    planned: u32,
    /// A bit a recipient: whose first try has been given out.
    begun: Vec<u64>,
    begun_count: u32,
    lines: Vec<Line>,
    /// Where each stretch of the plan begins, and its line.
    starts: Vec<(u32, usize)>,
    rings: Vec<Rings>,
    /// When lines that wait look again.
    alarms: BinaryHeap<Reverse<(Timestamp, usize)>>,
    due_count: u64,
    /// Copies that wait for a person's word: recipient and attempt.
    aside: Vec<(u32, u8)>,
    /// Recipients whose copy is under way.
    in_flight: Vec<u32>,
    pub(super) is_paused: bool,
    /// Somebody has stopped it: no further copy leaves, and it is let go of once those under way are at their ends.
    is_stopped: bool,
    pub(super) served: u64,
    slice: Slice,
}

impl Run {
    /// A run of a plan: the way of each recipient in its order, and the size of the slice that goes first.
    pub(super) fn new(source: Source, ways: Vec<Way>, of: &[usize], first: u32, is_paused: bool) -> Self {
        let planned = u32::try_from(of.len()).unwrap_or(u32::MAX);
        let mut run = Self {
            source: Arc::new(source),
            planned,
            begun: vec![0; of.len().div_ceil(64)],
            begun_count: 0,
            lines: Vec::new(),
            starts: Vec::new(),
            rings: Vec::new(),
            alarms: BinaryHeap::new(),
            due_count: 0,
            aside: Vec::new(),
            in_flight: Vec::new(),
            is_paused,
            is_stopped: false,
            served: 0,
            slice: Slice::First,
        };
        for way in ways {
            let host = run.ring_of(&way.stream.host);
            run.lines.push(Line::new(way, host));
        }
        for (seq, line) in (0u32..).zip(of) {
            if run.starts.last().is_none_or(|(_, last)| last != line) {
                run.starts.push((seq, *line));
            }
            if let Some(line) = run.lines.get_mut(*line) {
                line.add(seq);
            }
        }
        run.share_out(first);
        run
    }

    /// The same run under other settings: what has begun, is under way, put off or set aside stays so.
    pub(super) fn lay_anew(&mut self, source: Source, ways: Vec<Way>, of: &[usize], first: u32) {
        let mut run = Self::new(source, ways, of, first, self.is_paused);
        for seq in (0..self.planned).filter(|seq| self.has_begun(*seq)) {
            run.begin(seq);
        }
        for Reverse((until, seq, attempt)) in self.lines.iter().flat_map(|line| line.due.iter().copied()) {
            run.put_off(seq, attempt, until);
        }
        run.aside = std::mem::take(&mut self.aside);
        run.in_flight = std::mem::take(&mut self.in_flight);
        run.is_stopped = self.is_stopped;
        (run.served, run.slice) = (self.served, self.slice);
        run.wake_all();
        *self = run;
    }

    fn ring_of(&mut self, host: &Scope) -> usize {
        let known = self.rings.iter().position(|rings| rings.host == *host);
        known.unwrap_or_else(|| {
            self.rings.push(Rings {
                host: host.clone(),
                fresh: VecDeque::new(),
                due: VecDeque::new(),
            });
            self.rings.len() - 1
        })
    }

    /// The slice that goes first is a cross-section: each line has its share of it, taken from all along the line.
    fn share_out(&mut self, first: u32) {
        let part = |so_far: u64| so_far * u64::from(first) / u64::from(self.planned.max(1));
        let mut so_far = 0;
        for line in &mut self.lines {
            let before = part(so_far);
            so_far += u64::from(line.fresh);
            line.share = u32::try_from(part(so_far) - before).unwrap_or(u32::MAX);
        }
    }

    pub(super) fn id(&self) -> MailingId {
        self.source.mailing.id
    }

    /// The name of each stream, and how many people it has.
    pub(super) fn streams(&self) -> impl Iterator<Item = (&Arc<str>, u32)> {
        self.lines.iter().map(|line| (&line.way.stream.name, line.planned()))
    }

    /// The name of the stream a recipient is in.
    pub(super) fn stream_of(&self, seq: u32) -> Option<&Arc<str>> {
        Some(&self.lines.get(self.line_of(seq)?)?.way.stream.name)
    }

    fn line_of(&self, seq: u32) -> Option<usize> {
        let after = self.starts.partition_point(|(start, _)| *start <= seq);
        self.starts.get(after.checked_sub(1)?).map(|(_, line)| *line)
    }

    /// Takes up what the ledger says of one recipient: the last entry they have.
    pub(super) fn resume(&mut self, last: &Entry) {
        self.begin(last.seq);
        match &last.outcome {
            Some(Outcome::Deferred { until, .. } | Outcome::Uncertain { until }) => {
                self.put_off(last.seq, last.attempt.saturating_add(1), *until);
            }
            Some(Outcome::Accepted(_) | Outcome::Failed(_) | Outcome::Suppressed(_)) | None => {}
        }
    }

    fn begin(&mut self, seq: u32) {
        if self.has_begun(seq) {
            return;
        }
        if let Some(word) = usize::try_from(seq / 64).ok().and_then(|at| self.begun.get_mut(at)) {
            *word |= 1 << (seq % 64);
            self.begun_count += 1;
        }
        if let Some(line) = self.line_of(seq).and_then(|line| self.lines.get_mut(line)) {
            line.fresh = line.fresh.saturating_sub(1);
            line.given += 1;
        }
    }

    fn has_begun(&self, seq: u32) -> bool {
        has_begun(&self.begun, seq)
    }

    fn put_off(&mut self, seq: u32, attempt: u8, until: Timestamp) {
        let Some(at) = self.line_of(seq) else { return };
        if let Some(line) = self.lines.get_mut(at) {
            line.due.push(Reverse((until, seq, attempt)));
            self.due_count += 1;
            self.alarms.push(Reverse((until, at)));
        }
    }

    /// The next hops that copies are still to leave for.
    pub(super) fn hosts_awaited(&self) -> Vec<Scope> {
        let mut awaited = vec![false; self.rings.len()];
        let put_aside = self.aside.iter().map(|(seq, _)| seq);
        let busy = put_aside.chain(&self.in_flight).filter_map(|seq| self.line_of(*seq));
        let busy = busy.filter_map(|at| self.lines.get(at));
        let waits = |line: &&Line| line.fresh > 0 || !line.due.is_empty();
        for line in self.lines.iter().filter(waits).chain(busy) {
            if let Some(awaited) = awaited.get_mut(line.host) {
                *awaited = true;
            }
        }
        let awaited = self.rings.iter().zip(awaited).filter(|(_, awaited)| *awaited);
        awaited.map(|(rings, _)| rings.host.clone()).collect()
    }

    /// A try is over: what the ledger says of it.
    pub(super) fn settle(&mut self, entry: &Entry) {
        self.is_back(entry.seq);
        self.resume(entry);
    }

    /// A copy that was not tried is due then, as the same attempt.
    pub(super) fn give_back(&mut self, seq: u32, attempt: u8, due: Timestamp) {
        self.is_back(seq);
        self.put_off(seq, attempt, due);
    }

    /// A copy that was not tried waits for a person's word.
    pub(super) fn set_aside(&mut self, seq: u32, attempt: u8) {
        self.is_back(seq);
        self.aside.push((seq, attempt));
    }

    /// A copy is under way no more.
    fn is_back(&mut self, seq: u32) {
        if let Some(at) = self.in_flight.iter().position(|under_way| *under_way == seq) {
            self.in_flight.swap_remove(at);
        }
    }

    /// All of those are due then.
    pub(super) fn take_up_aside(&mut self, due: Timestamp) {
        for (seq, attempt) in std::mem::take(&mut self.aside) {
            self.put_off(seq, attempt, due);
        }
    }

    /// Whether copies wait for a person's word.
    pub(super) fn is_halted(&self) -> bool {
        self.is_paused || !self.aside.is_empty()
    }

    /// No further copy leaves.
    pub(super) fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// Whether it was stopped, and no copy is under way any more.
    pub(super) fn is_at_rest(&self) -> bool {
        self.is_stopped && self.in_flight.is_empty()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.begun_count == self.planned && self.due_count == 0 && self.aside.is_empty() && self.in_flight.is_empty()
    }
}
