//! Run: one mailing under way. Small: a bit a recipient, a heap of those put off, and a line for each stream.
//!
//! A [`Line`] is the stretches of the plan whose copies share all limits. Lines that may have something to send stand in
//! two rings, of fresh copies and of retries; one that must wait leaves them until its alarm.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use super::line::{Line, has_begun};
use super::ways::Way;
use crate::decide::compose::Letter;
use crate::decide::shape::{Binding, Claim, Limit, Pool, Scope, Shaper, Slice, Waiting};
use crate::mail::Timestamp;
use crate::model::{Capacity, Entry, Lane, Mailing, MailingId, Outcome};

/// What every copy of one mailing is made from.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) mailing: Mailing,
    pub(super) letter: Arc<Letter>,
    pub(super) sealed_at: Timestamp,
    /// Who signs its copies; nobody signs what we only convey.
    pub(super) signing_domain: Option<Arc<str>>,
}

impl Source {
    /// What a copy of it asks for.
    pub(super) fn claim(&self) -> Claim<'_> {
        let Mailing { id, lane, capacity, .. } = self.mailing;
        Claim {
            mailing: Some(id),
            lane,
            pool: Pool::of(capacity, lane),
            signing_domain: self.signing_domain.as_ref(),
        }
    }

    /// Whether it begins with a slice, and is judged by how that fares. Policy C4, C17.
    pub(super) fn is_judged(&self) -> bool {
        self.mailing.capacity == Capacity::Initiated && self.mailing.lane != Lane::Emergency
    }
}

/// One recipient's turn.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) source: Arc<Source>,
    pub(super) seq: u32,
    pub(super) attempt: u8,
    pub(super) way: Way,
}

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
    in_flight: u32,
    pub(super) is_paused: bool,
    /// Somebody has stopped it: no further copy leaves, and it is let go of once those under way are at their ends.
    is_stopped: bool,
    pub(super) served: u64,
    slice: Slice,
}

/// A copy that may go.
pub(super) struct Pick {
    pub(super) seq: u32,
    pub(super) attempt: u8,
    pub(super) way: Way,
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
            in_flight: 0,
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
        (run.in_flight, run.is_stopped) = (self.in_flight, self.is_stopped);
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

    /// A try is over: what the ledger says of it.
    pub(super) fn settle(&mut self, entry: &Entry) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.resume(entry);
    }

    /// A copy that was not tried is due then, as the same attempt.
    pub(super) fn give_back(&mut self, seq: u32, attempt: u8, due: Timestamp) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.put_off(seq, attempt, due);
    }

    /// A copy that was not tried waits for a person's word.
    pub(super) fn set_aside(&mut self, seq: u32, attempt: u8) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.aside.push((seq, attempt));
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
        self.is_stopped && self.in_flight == 0
    }

    pub(super) fn is_complete(&self) -> bool {
        self.begun_count == self.planned && self.due_count == 0 && self.aside.is_empty() && self.in_flight == 0
    }

    /// Every line stands where it belongs; called once the ledger was read.
    pub(super) fn wake_all(&mut self) {
        for at in 0..self.lines.len() {
            self.stand(at, None);
        }
    }

    /// Lines whose time has come stand in the rings again.
    pub(super) fn wake(&mut self, shaper: &mut Shaper, now: Timestamp) {
        if self.slice != Slice::Whole {
            self.slice = shaper.slice(self.source.mailing.id, now);
            if self.slice == Slice::Whole {
                self.wake_all();
            }
        }
        while let Some(Reverse((until, at))) = self.alarms.peek().copied() {
            if until > now {
                break;
            }
            self.alarms.pop();
            self.stand(at, Some(now));
        }
    }

    /// Puts a line in the rings it belongs to.
    fn stand(&mut self, at: usize, now: Option<Timestamp>) {
        let Some(line) = self.lines.get_mut(at) else { return };
        let Some(rings) = self.rings.get_mut(line.host) else {
            return;
        };
        if line.fresh > 0 && !line.is_in_fresh {
            line.is_in_fresh = true;
            rings.fresh.push_back(at);
        }
        if now.is_some_and(|now| line.is_due(now)) && !line.is_in_due {
            line.is_in_due = true;
            rings.due.push_back(at);
        }
    }

    /// What it has waiting, of all next hops or of one.
    pub(super) fn waiting(&self, host: Option<&Scope>) -> Waiting {
        let rings = || {
            self.rings
                .iter()
                .filter(|rings| host.is_none_or(|host| rings.host == *host))
        };
        let has_fresh = !matches!(self.slice, Slice::Waits(_)) && rings().any(|rings| !rings.fresh.is_empty());
        let (fresh, due) = if self.is_paused || self.is_stopped {
            (0, 0)
        } else {
            let fresh = if has_fresh { self.planned - self.begun_count } else { 0 };
            (u64::from(fresh), u64::from(rings().any(|rings| !rings.due.is_empty())))
        };
        Waiting {
            lane: self.source.mailing.lane,
            fresh,
            due,
            served: self.served,
        }
    }

    /// When it may have something to send, that has nothing now.
    pub(super) fn wakes_at(&self) -> Option<Timestamp> {
        let alarm = self.alarms.peek().map(|Reverse((until, _))| *until);
        let slice = match self.slice {
            Slice::Waits(until) => Some(until),
            Slice::First | Slice::Whole => None,
        };
        alarm
            .into_iter()
            .chain(slice)
            .min()
            .filter(|_| !self.is_paused && !self.is_stopped)
    }

    /// The next copy that may go: of the kind whose turn it is, else of the other. `own` is what the asker's connection
    /// counts against.
    pub(super) fn pick(
        &mut self,
        is_retry: bool,
        host: Option<&Scope>,
        own: &[Scope],
        shaper: &Shaper,
        now: Timestamp,
    ) -> Option<Pick> {
        let kinds = if is_retry { [true, false] } else { [false, true] };
        let hops: Vec<usize> = (0..self.rings.len())
            .filter(|at| {
                self.rings
                    .get(*at)
                    .is_some_and(|rings| host.is_none_or(|host| rings.host == *host))
            })
            .collect();
        for is_retry in kinds {
            for ring in &hops {
                let picked = if is_retry {
                    self.pick_due(*ring, own, shaper, now)
                } else {
                    self.pick_fresh(*ring, own, shaper, now)
                };
                if let Some(pick) = picked {
                    self.in_flight += 1;
                    return Some(pick);
                }
            }
        }
        None
    }

    fn pick_fresh(&mut self, ring: usize, own: &[Scope], shaper: &Shaper, now: Timestamp) -> Option<Pick> {
        if matches!(self.slice, Slice::Waits(_)) {
            return None;
        }
        for _ in 0..self.rings.get(ring)?.fresh.len() {
            let at = self.rings.get_mut(ring)?.fresh.pop_front()?;
            let line = self.lines.get_mut(at)?;
            let is_whole = self.slice == Slice::Whole;
            let has_share = is_whole || line.given < line.share;
            if line.fresh == 0 || !has_share {
                line.is_in_fresh = false;
                continue;
            }
            if let Err(binding) = shaper.ask_receiver(&line.way.stream, &self.source.claim(), own, now) {
                if waits_for_a_connection(&binding) {
                    self.rings.get_mut(ring)?.fresh.push_back(at);
                } else {
                    line.is_in_fresh = false;
                    self.alarms.push(Reverse((binding.until, at)));
                }
                continue;
            }
            let next = match is_whole {
                true => line.next_in_order(&self.begun),
                false => line.next_of_slice(&self.begun),
            };
            let seq = next?;
            let way = line.way.clone();
            self.rings.get_mut(ring)?.fresh.push_back(at);
            self.begin(seq);
            return Some(Pick { seq, attempt: 1, way });
        }
        None
    }

    fn pick_due(&mut self, ring: usize, own: &[Scope], shaper: &Shaper, now: Timestamp) -> Option<Pick> {
        for _ in 0..self.rings.get(ring)?.due.len() {
            let at = self.rings.get_mut(ring)?.due.pop_front()?;
            let line = self.lines.get_mut(at)?;
            if !line.is_due(now) {
                line.is_in_due = false;
                continue;
            }
            if let Err(binding) = shaper.ask_receiver(&line.way.stream, &self.source.claim(), own, now) {
                if waits_for_a_connection(&binding) {
                    self.rings.get_mut(ring)?.due.push_back(at);
                } else {
                    line.is_in_due = false;
                    self.alarms.push(Reverse((binding.until, at)));
                }
                continue;
            }
            let Reverse((_, seq, attempt)) = line.due.pop()?;
            self.due_count = self.due_count.saturating_sub(1);
            let way = line.way.clone();
            self.rings.get_mut(ring)?.due.push_back(at);
            return Some(Pick { seq, attempt, way });
        }
        None
    }
}

/// Nobody can say when a connection will be free: whoever frees it rings, and its line must be there.
fn waits_for_a_connection(binding: &Binding) -> bool {
    matches!(binding.limit, Limit::Connections(_) | Limit::Trial(_))
}
