//! After a restore: what was being sent waits until somebody has looked.
//!
//! An export does not know whom copies have reached since it was made. A mailing that went on from there would reach them
//! twice.

use crate::mail::Timestamp;
use crate::model::lifecycle::{Expanded, Pause, State};
use crate::model::{Act, Event, MailingId, Series};
use crate::store::{Error, Kind, Move, Store};

/// Why it waits, after "The gateway paused it:".
const WHY: &str = "it comes out of an export, which does not know who has got a copy since";

/// What a restored store would send without being asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Restored {
    /// Cases that were being sent, and are paused now.
    pub paused: Vec<MailingId>,
    /// Cases that are released and leave at their hour, or at once when that has passed.
    pub released: Vec<MailingId>,
}

/// Pauses every case that is being sent. For a store that nobody has open yet.
pub async fn pause_all(store: &Store, now: Timestamp) -> Result<Restored, Error> {
    let cases = |kind| -> Result<Vec<MailingId>, Error> {
        let ids = store.in_state(kind)?.into_iter();
        Ok(ids.filter(|id| id.series == Series::Case).collect())
    };
    let mut restored = Restored {
        paused: Vec::new(),
        released: cases(Kind::Released)?,
    };
    for id in cases(Kind::Expanded)? {
        match store.mailing(id)? {
            Some(State::Expanded(expanded)) if !expanded.is_paused() => {
                store.advance(pause(id, expanded, now)).await?;
                restored.paused.push(id);
            }
            Some(_) | None => {}
        }
    }
    Ok(restored)
}

fn pause(id: MailingId, expanded: Expanded, now: Timestamp) -> Move {
    let pause = Pause {
        by: None,
        at: now,
        why: WHY.to_owned(),
    };
    Move {
        from: State::Expanded(expanded.clone()),
        to: State::Expanded(expanded.paused(pause)),
        event: Some(Event {
            at: now,
            by: "gateway".to_owned(),
            act: Act::Paused,
            mailing: Some(id),
            note: WHY.to_owned(),
        }),
        outgoing: Vec::new(),
    }
}
