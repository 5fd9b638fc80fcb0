//! Worker: what comes due by the clock. A hold whose time is up lapses, and its author is told. Policy C14.

use super::{Desk, tell};
use crate::model::lifecycle::{End, State};
use crate::model::{Act, Event};
use crate::stage::worker::{Rounds, Shutdown};
use crate::store::{Error, Kind, Move, Table};

/// Runs until the house closes.
pub async fn remind(desk: Desk, shutdown: Shutdown) {
    let bell = desk.store.watch(Table::Mailings);
    let mut rounds = Rounds::new("remind", bell, shutdown);
    while rounds.go_on() {
        rounds.rest(desk.round().await).await;
    }
}

impl Desk {
    /// All that comes due by the clock, or was written back.
    pub async fn round(&self) -> Result<(), Error> {
        self.hear_answers().await?;
        self.lapse_overdue().await?;
        self.void_drifted().await?;
        self.ask_again().await?;
        self.follow_cases().await?;
        self.remind_overdue().await?;
        self.send_digests().await
    }

    /// Ends every hold whose time is up.
    pub(super) async fn lapse_overdue(&self) -> Result<(), Error> {
        let now = self.clock.now();
        for id in self.store.in_state(Kind::Held)? {
            let Some(from @ State::Held(_)) = self.store.mailing(id)? else {
                continue;
            };
            let State::Held(held) = from.clone() else { continue };
            // A slice goes where its case goes.
            if held.hold().until > now || held.hold().case().is_some() {
                continue;
            }
            let author = from.mailing().author.address.clone();
            let to = State::Ended(held.lapse(now));
            let outgoing = self.tell_author(tell::kind(End::Lapsed), &to, &author, "");
            let note = "nobody decided in time".to_owned();
            let event = Event {
                at: now,
                by: "gateway".to_owned(),
                act: Act::Lapsed,
                mailing: Some(id),
                note,
            };
            self.store
                .advance(Move {
                    from,
                    to,
                    event: Some(event),
                    outgoing,
                })
                .await?;
        }
        Ok(())
    }
}
