//! Worker: what nobody has been told of yet, and what comes due by the clock.
//!
//! A hold whose time is up lapses, and its author is told. Policy C14.

use std::time::Duration;

use super::{Desk, tell};
use crate::model::lifecycle::{End, Held, State};
use crate::model::{Act, Event, MailingId};
use crate::stage::docket::Wait;
use crate::stage::worker::{Round, Rounds, Shutdown};
use crate::store::{Error, Move, Table};

/// How long a round waits for what else moves: nobody is in a hurry here, and a round costs the same for one as for many.
const GATHER: Duration = Duration::from_millis(50);
/// And before more of many cases is told of.
const TELLING_PAUSE: Duration = Duration::from_millis(50);

/// Runs until the house closes.
pub async fn remind(desk: Desk, shutdown: Shutdown) {
    let bell = desk.store.watch(Table::Mailings);
    let mut rounds = Rounds::new("remind", bell, shutdown);
    while rounds.go_on() {
        rounds.rest_or_pause(desk.round().await, TELLING_PAUSE).await;
        tokio::time::sleep(GATHER).await;
    }
}

impl Desk {
    /// All that comes due by the clock, or was written back, and some of what nobody has been told of.
    pub async fn round(&self) -> Result<Round, Error> {
        // What keeps one case from being told of keeps no other from being looked at; and an answer none from being told of.
        let told = self.tell_untold().await;
        self.hear_answers().await?;
        self.void_drifted().await?;
        self.look_at_held().await?;
        self.send_digests().await?;
        told
    }

    /// Looks at what is held and has moved, or whose hour has come.
    async fn look_at_held(&self) -> Result<(), Error> {
        let mut docket = self.docket.lock().await;
        for id in docket.open(self.clock.now())? {
            let wait = match self.look_at(id).await {
                // Who was faster has moved it.
                Err(Error::Conflict) => None,
                looked => looked?,
            };
            docket.close(id, wait);
        }
        Ok(())
    }

    /// Does what is due of one that is held; when it has moved, it will be looked at again.
    async fn look_at(&self, id: MailingId) -> Result<Option<Wait>, Error> {
        let Some(from @ State::Held(_)) = self.store.mailing(id)? else {
            return Ok(None);
        };
        let State::Held(held) = from.clone() else {
            return Ok(None);
        };
        let (now, case, until) = (self.clock.now(), held.hold().case(), held.hold().until);
        if held.hold().asks_again() {
            return self.ask_again(from, held).await.map(|()| None);
        }
        // A slice goes where its case goes.
        if let Some(case) = case {
            return self.follow_case(from, held, case).await.map(|()| Some(Wait::For(case)));
        }
        if until <= now {
            return self.lapse(from, held).await.map(|()| None);
        }
        match self.next_reminder(&held) {
            Some(at) if at <= now => self.remind_of(from, held).await.map(|()| None),
            Some(at) => Ok(Some(Wait::Until(at.min(until)))),
            None => Ok(Some(Wait::Until(until))),
        }
    }

    /// Ends a hold whose time is up.
    async fn lapse(&self, from: State, held: Held) -> Result<(), Error> {
        let (id, now) = (from.id(), self.clock.now());
        let author = from.mailing().author.address.clone();
        let to = State::Ended(held.lapse(now));
        let outgoing = self.tell_author(tell::kind(End::Lapsed), &to, &author, "");
        let event = Event {
            at: now,
            by: "gateway".to_owned(),
            act: Act::Lapsed,
            mailing: Some(id),
            note: "nobody decided in time".to_owned(),
        };
        self.store
            .advance(Move {
                from,
                to,
                event: Some(event),
                outgoing,
            })
            .await
    }
}
