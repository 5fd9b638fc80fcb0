//! Picks: which lines stand in the rings, and which copy of a mailing may go next.

use std::cmp::Reverse;

use super::super::ways::Way;
use super::Run;
use crate::decide::shape::{Binding, Limit, Scope, Shaper, Slice, Waiting};
use crate::mail::Timestamp;

/// A copy that may go.
pub(in crate::stage::deliver) struct Pick {
    pub(in crate::stage::deliver) seq: u32,
    pub(in crate::stage::deliver) attempt: u8,
    pub(in crate::stage::deliver) way: Way,
}

impl Run {
    /// Every line stands where it belongs; called once the ledger was read.
    pub(in crate::stage::deliver) fn wake_all(&mut self) {
        for at in 0..self.lines.len() {
            self.stand(at, None);
        }
    }

    /// Lines whose time has come stand in the rings again.
    pub(in crate::stage::deliver) fn wake(&mut self, shaper: &mut Shaper, now: Timestamp) {
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
    pub(in crate::stage::deliver) fn waiting(&self, host: Option<&Scope>) -> Waiting {
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
    pub(in crate::stage::deliver) fn wakes_at(&self) -> Option<Timestamp> {
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
    pub(in crate::stage::deliver) fn pick(
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
                    self.in_flight.push(pick.seq);
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
