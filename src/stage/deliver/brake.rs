//! The brake: counts how a mailing fares, and pauses it by itself. Policy C4.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::courier::Courier;
use crate::decide::notice::{self, Kind, Told};
use crate::decide::report::judge;
use crate::decide::shape::{Counts, Judgement, Meaning, Settings, nameless};
use crate::mail::{Severity, Status, Timestamp};
use crate::model::lifecycle::{Expanded, Pause, State};
use crate::model::{Act, Before, Came, Entry, Event, MailingId, Outcome, Series};
use crate::store::{Error, Move, Outgoing};

/// How often what came back of a mailing is counted.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// What came back of the copies for one provider.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Returned {
    for_good: u64,
    complained: u64,
}

/// Notes what came back, as it stands in all.
pub(super) fn count_returned(counts: &mut BTreeMap<Arc<str>, Counts>, returned: BTreeMap<Arc<str>, Returned>) {
    for (stream, Returned { for_good, complained }) in returned {
        let counts = counts.entry(stream).or_default();
        (counts.returned_for_good, counts.complained) = (for_good, complained);
    }
}

/// Counts one outcome.
pub(super) fn count(counts: &mut Counts, entry: &Entry, before: Before, settings: &Settings) {
    let Some(outcome) = &entry.outcome else { return };
    let is_first = before == Before::Nothing;
    if !is_first {
        counts.deferred = counts.deferred.saturating_sub(1);
    }
    if is_first && !matches!(outcome, Outcome::Suppressed(_)) {
        counts.tried += 1;
    }
    match outcome {
        Outcome::Accepted(_) => {
            counts.accepted += 1;
            counts.uncertain = counts.uncertain.saturating_sub(u64::from(before == Before::Uncertain));
        }
        Outcome::Deferred { status, .. } => {
            counts.deferred += 1;
            said(counts, status, settings);
        }
        Outcome::Uncertain { .. } => {
            counts.deferred += 1;
            counts.uncertain += u64::from(before != Before::Uncertain);
        }
        Outcome::Failed(status) => {
            counts.failed += 1;
            counts.refused_for_good += u64::from(is_gone(status, settings));
            said(counts, status, settings);
        }
        Outcome::Suppressed(_) => counts.suppressed += 1,
    }
}

fn is_gone(status: &Status, settings: &Settings) -> bool {
    let known = settings.knows(status, &[]);
    status.severity() == Severity::Permanent
        && (judge(status).hard || known.is_some_and(|known| known.rule.means == Meaning::Gone))
}

/// Counts a reply: by the name of its rule where one knows it, else by its words.
pub(super) fn said(counts: &mut Counts, status: &Status, settings: &Settings) {
    let all: Vec<_> = settings.providers.iter().collect();
    let known = settings.knows(status, &all);
    if known.is_some_and(|known| known.rule.means == Meaning::Authentication) {
        counts.unauthenticated += 1;
    }
    let codes = format!("{} {}", status.code, status.enhanced_text());
    match known {
        Some(known) => counts.said(&format!("{codes} {}", known.rule.name)),
        None => counts.said(&nameless(&format!("{codes} {}", status.text))),
    }
}

impl Courier {
    /// What came back of a mailing so far, by provider; of `until`, when only that is asked.
    pub(super) fn returned(
        &self,
        id: MailingId,
        stream_of: impl Fn(u32) -> Option<Arc<str>>,
        until: Option<Timestamp>,
    ) -> Result<BTreeMap<Arc<str>, Returned>, Error> {
        let mut all: BTreeMap<Arc<str>, Returned> = BTreeMap::new();
        for item in self.store.returns(id) {
            let (seq, at, came) = item?;
            let Some(stream) = stream_of(seq).filter(|_| until.is_none_or(|until| at <= until)) else {
                continue;
            };
            let returned = all.entry(stream).or_default();
            match came {
                Came::Bounced(_, true) => returned.for_good += 1,
                Came::Complained => returned.complained += 1,
                Came::Bounced(_, false) | Came::Unsubscribed => {}
            }
        }
        Ok(all)
    }

    /// Counts what came back of a mailing; not more often than every second.
    fn count_returned(&self, id: MailingId) -> Result<(), Error> {
        let now = self.clock.now();
        let is_recent = |at: &Timestamp| now.since(*at) < COUNT_EVERY;
        if self.counted().get(&id).is_some_and(is_recent) {
            return Ok(());
        }
        self.counted().insert(id, now);
        let returned = self.returned(id, |seq| self.queue().stream_of(id, seq), None)?;
        if let Some(watch) = self.shape().look().watch(id) {
            count_returned(&mut watch.by_provider, returned);
        }
        Ok(())
    }

    /// Looks how a mailing fares, with what came back of it, and says or does what must be.
    pub(super) async fn look_after(&self, id: MailingId) -> Result<(), Error> {
        self.count_returned(id)?;
        self.judge(id).await
    }

    /// The mailings of which it is counted how they fare.
    pub(super) fn judged(&self) -> Vec<MailingId> {
        let shaper = self.shape().look();
        let judged = shaper.watches().iter().filter(|(_, watch)| watch.is_judged);
        judged.map(|(id, _)| *id).collect()
    }

    /// Says or does what must be, as it is counted now.
    pub(super) async fn judge(&self, id: MailingId) -> Result<(), Error> {
        let judgement = self.shape().look().judge(id);
        match judgement {
            Judgement::Fine => Ok(()),
            Judgement::Warn(why) => self.warn(id, &why).await,
            Judgement::Pause(why) => self.brake(id, &why).await,
        }
    }

    /// Pauses a mailing, and tells those who may let it go on.
    pub(super) async fn brake(&self, id: MailingId, why: &str) -> Result<(), Error> {
        let Some((from, expanded)) = self.leaving(id)? else {
            return Ok(());
        };
        // In force at once; what follows only writes it down.
        self.queue().set_paused(id, true);
        let pause = Pause {
            by: None,
            at: self.clock.now(),
            why: why.to_owned(),
        };
        tracing::warn!(mailing.id = %id, why, "the brake has paused a mailing");
        let to = State::Expanded(expanded.paused(pause));
        self.tell(from, to, Act::Paused, Kind::Braked, why).await
    }

    /// Tells once that a mailing is near the limits.
    async fn warn(&self, id: MailingId, why: &str) -> Result<(), Error> {
        match self.leaving(id)? {
            Some((from, expanded)) if !expanded.is_warned() => {
                let to = State::Expanded(expanded.warned());
                self.tell(from, to, Act::Warned, Kind::Warned, why).await
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The state of a mailing whose copies leave.
    fn leaving(&self, id: MailingId) -> Result<Option<(State, Expanded)>, Error> {
        let Some(from @ State::Expanded(_)) = self.store.mailing(id)? else {
            return Ok(None);
        };
        let State::Expanded(expanded) = from.clone() else {
            return Ok(None);
        };
        Ok((!expanded.is_paused()).then_some((from, expanded)))
    }

    /// Writes a move of the gateway's own into the trail, and to those who watch over what leaves.
    async fn tell(&self, from: State, to: State, act: Act, kind: Kind, why: &str) -> Result<(), Error> {
        let (id, now) = (to.id(), self.clock.now());
        let tally = self.store.tally(id)?;
        let told = Told {
            reasons: vec![why.to_owned()],
            comment: format!(
                "So far {} of {} copies were taken, {} failed and {} wait for another try.",
                tally.accepted, tally.planned, tally.failed, tally.deferred
            ),
            ..Told::of(to.mailing())
        };
        let in_force = self.in_force();
        let notices = &in_force.settings.notices;
        let notice = |whom| {
            let number = self.store.next_id(Series::Conveyed, now.year(&notices.zone));
            let (state, message) = notice::write(notices, kind, whom, &told, number, now);
            Outgoing { state, message }
        };
        let outgoing = in_force.settings.guardians.iter().map(notice).collect();
        let event = Event {
            at: now,
            by: "gateway".to_owned(),
            act,
            mailing: Some(id),
            note: why.to_owned(),
        };
        let told = self.store.advance(Move {
            from,
            to: to.clone(),
            event: Some(event),
            outgoing,
        });
        match told.await {
            // Somebody acted in the same moment; the next round looks again.
            Err(Error::Conflict) => Ok(()),
            told => told,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uncertain_is_whoever_may_have_got_nothing_each_once() {
        let mut counts = Counts::default();
        let mut comes = |attempt, outcome, before| {
            let entry = Entry {
                seq: 0,
                attempt,
                at: Timestamp::from_micros(0),
                outcome: Some(outcome),
            };
            count(&mut counts, &entry, before, &Settings::default());
            (counts.tried, counts.accepted, counts.deferred, counts.uncertain)
        };
        let until = Timestamp::from_micros(0);
        let hidden = || Outcome::Uncertain { until };
        assert_eq!(comes(1, hidden(), Before::Nothing), (1, 0, 1, 1));
        assert_eq!(comes(2, hidden(), Before::Uncertain), (1, 0, 1, 1));
        let status = Status::new(451, 4, 2, "later");
        assert_eq!(
            comes(3, Outcome::Deferred { status, until }, Before::Uncertain),
            (1, 0, 1, 1)
        );
        let status = Status::new(250, 2, 0, "ok");
        assert_eq!(comes(4, Outcome::Accepted(status), Before::Uncertain), (1, 1, 0, 0));
    }
}
