//! An approval is of an audience as it was.
//!
//! When too many have joined or left since, it counts no more, and whoever gave it is asked again. Law 3.
//!
//! It is looked at when a reviewer releases, when a feed has been applied, and before the plan is sealed
//! (`stage::expand`, which puts a mailing back); within the bound the page shows it.

use super::{Desk, Refusal};
use crate::decide::audience::Count;
use crate::decide::notice::{Kind, Told};
use crate::mail::Timestamp;
use crate::model::lifecycle::{Held, State};
use crate::model::{Act, Drift, Event, OfficeId, Series, Wanting};
use crate::store::{self, Error, Move, Outgoing};

impl Desk {
    /// How far the audience has changed since each approval that counts, for those for which it has.
    pub fn drifts(&self, held: &Held, count: &Count) -> Vec<(OfficeId, Drift)> {
        held.drifts(&count.prints)
    }

    /// A reviewer hears that what was approved is another audience by now; the approvals that were of it count no more.
    pub(super) async fn void_or_go_on(&self, state: &State, held: &Held, count: &Count) -> Result<(), Refusal> {
        let Some(void) = self.void(held, count) else {
            return Ok(());
        };
        let percent = void.hold().voided().iter().map(|(_, drift, _)| drift.percent()).max();
        self.store.advance(self.voiding(state.clone(), void)).await?;
        Err(self.wanting(Wanting::Drifted(percent.unwrap_or_default())))
    }

    /// Once a feed has been applied, all that waits with an approval is looked at.
    pub(super) async fn void_drifted(&self) -> Result<(), Error> {
        let applied = self.applied_at()?;
        if applied.is_none() || *self.looked_at.lock().await >= applied {
            return Ok(());
        }
        for id in self.store.in_state(store::Kind::Held)? {
            let Some(state @ State::Held(_)) = self.store.mailing(id)? else {
                continue;
            };
            let State::Held(held) = state.clone() else { continue };
            if id.series != Series::Case || held.approved().is_empty() {
                continue;
            }
            let (desk, counted) = (self.clone(), state.clone());
            let count = tokio::task::spawn_blocking(move || desk.count(&counted)).await;
            let count = count.map_err(|panicked| Error::Disk(panicked.to_string()))?;
            let count = count.map_err(|refusal| Error::Unreadable(refusal.to_string()))?;
            if let Some(void) = self.void(&held, &count) {
                self.store.advance(self.voiding(state, void)).await?;
            }
        }
        *self.looked_at.lock().await = applied;
        Ok(())
    }

    /// Whoever gave an approval that counts no more is asked again; its author hears of it.
    pub(super) async fn ask_again(&self, from: State, held: Held) -> Result<(), Error> {
        let outgoing = self.tell_drift(&held);
        let step = Move {
            from,
            to: State::Held(held.asked_again()),
            event: None,
            outgoing,
        };
        self.store.advance(step).await
    }

    fn void(&self, held: &Held, count: &Count) -> Option<Held> {
        let (policy, now) = (&self.settings.policy, self.clock.now());
        let until = now.plus(policy.lapse_after);
        held.clone().void(&count.prints, policy.drift_percent_max, until, now)
    }

    fn voiding(&self, from: State, to: Held) -> Move {
        let event = Event {
            at: self.clock.now(),
            by: "gateway".to_owned(),
            act: Act::Voided,
            mailing: Some(from.id()),
            note: to.drift_in_words(),
        };
        Move {
            from,
            to: State::Held(to),
            event: Some(event),
            outgoing: Vec::new(),
        }
    }

    fn tell_drift(&self, held: &Held) -> Vec<Outgoing> {
        let offices: Vec<OfficeId> = held
            .hold()
            .voided()
            .iter()
            .map(|(of, _, _)| of.office.clone())
            .collect();
        let what = held.drift_in_words();
        let mut outgoing = self.tell_void(held, &offices, "The master list", &what);
        let state = State::Held(held.clone());
        let told = Told {
            reasons: vec![format!("Its stewards are asked again: {what}.")],
            wanting: self.names(&held.wanting()),
            until: Some(held.hold().until),
            binding: Some(held.binding()),
            ..Told::of(state.mailing())
        };
        outgoing.push(self.notice(Kind::Held, &state.mailing().author.address, &told));
        outgoing
    }

    /// When a feed was applied last.
    fn applied_at(&self) -> Result<Option<Timestamp>, Error> {
        let mut latest = None;
        for (office, _) in self.offices().iter() {
            let applied = self.store.feed_record(office)?.applied.map(|applied| applied.at);
            latest = latest.max(applied);
        }
        Ok(latest)
    }
}
