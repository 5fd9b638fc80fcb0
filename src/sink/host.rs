//! Host: whoever receives. What it takes, how it behaves, and what it measures; shared by all its connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_rustls::TlsAcceptor;

use super::gate::Gate;
use super::gauge::{Gauge, Kept, Report};
use super::likeness::Likeness;
use super::mood::{Dice, Mood};
use super::record::Recorder;
use crate::decide::shape::Meaning;

/// Whoever receives.
pub struct Host {
    pub(super) recorder: Arc<Recorder>,
    pub(super) likeness: Option<Likeness>,
    pub(super) mood: Mood,
    pub(super) dice: Dice,
    pub(super) tls: Option<TlsAcceptor>,
    counts: Mutex<(Gate, Gauge)>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Host({})", self.name())
    }
}

impl Host {
    /// Takes all mail, and is like nobody.
    pub fn plain(recorder: Arc<Recorder>) -> Self {
        Self::new(recorder, None, Mood::default(), 0)
    }

    /// Is like somebody, in this mood; what happens to whom is cast by the seed.
    pub fn like(recorder: Arc<Recorder>, likeness: Likeness, mood: Mood, seed: u64) -> Self {
        Self::new(recorder, Some(likeness), mood, seed)
    }

    fn new(recorder: Arc<Recorder>, likeness: Option<Likeness>, mood: Mood, seed: u64) -> Self {
        Self {
            recorder,
            likeness,
            counts: Mutex::new((Gate::new(&mood), Gauge::default())),
            mood,
            dice: Dice::new(seed),
            tls: None,
        }
    }

    /// Offers STARTTLS as well.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsAcceptor) -> Self {
        self.tls = Some(tls);
        self
    }

    pub(super) fn name(&self) -> &str {
        self.likeness.as_ref().map_or("sink.example", |likeness| &likeness.host)
    }

    /// A connection comes: its number.
    pub(super) fn enter(&self) -> Result<u64, Meaning> {
        let mut counts = self.counts();
        let (gate, gauge) = &mut *counts;
        gauge.opened += 1;
        let at_once = gate.enter(self.likeness.as_ref());
        match at_once {
            Ok(open) => {
                gauge.at_once_most = gauge.at_once_most.max(open);
                Ok(gauge.opened)
            }
            Err(meaning) => {
                // It was open all the same, if only to hear that.
                gauge.turned_away += 1;
                let most = self.likeness.as_ref().map_or(0, |likeness| likeness.connections);
                gauge.at_once_most = gauge.at_once_most.max(most.saturating_add(1));
                Err(meaning)
            }
        }
    }

    pub(super) fn leave(&self) {
        self.counts().0.leave();
    }

    /// A copy comes; what is wrong with that.
    pub(super) fn objects(&self, carried: u32) -> Option<Meaning> {
        let mut counts = self.counts();
        let (gate, gauge) = &mut *counts;
        gauge.try_copy(gate.time(), carried);
        gate.objects(self.likeness.as_ref()?, carried, gauge.taken())
    }

    pub(super) fn count_taken(&self) {
        let mut counts = self.counts();
        let (gate, gauge) = &mut *counts;
        gauge.take_copy(gate.time());
    }

    /// Whether something goes wrong here; that is counted.
    pub(super) fn fails(&self, what: &'static str, share: f64, of: &str) -> bool {
        let falls = self.dice.falls(share, what, of);
        if falls {
            self.counts().1.fail(what);
        }
        falls
    }

    /// What it says when it means this; that is counted.
    pub(super) fn says(&self, meaning: Meaning) -> String {
        let (rule, reply) = match &self.likeness {
            Some(likeness) => likeness.says(meaning),
            None => ("no rule", "451 4.3.0 Not now\r\n".to_owned()),
        };
        self.counts().1.say(rule);
        reply
    }

    /// The end of a copy for these was not said.
    pub(super) fn hides(&self, to: &[String]) {
        self.counts().1.hidden.extend_from_slice(to);
    }

    /// What reached it, as measured here.
    pub fn report(&self) -> Report {
        let kept = |likeness: &Likeness| Kept {
            connections: likeness.connections,
            messages_per_connection: likeness.per_connection,
            messages_per_second: likeness.per_second,
        };
        let per_recipient = self.recorder.per_recipient();
        let reached = per_recipient.len();
        let repeated = per_recipient.into_iter().filter(|(_, copies)| *copies > 1).collect();
        let counts = self.counts();
        let (gate, gauge) = &*counts;
        let like = self.likeness.as_ref();
        gauge.report(
            (like.map(|likeness| likeness.key.clone()), like.map(kept)),
            gate.time().as_secs_f64(),
            (reached, repeated),
        )
    }

    fn counts(&self) -> MutexGuard<'_, (Gate, Gauge)> {
        // Counting cannot leave half a count.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
