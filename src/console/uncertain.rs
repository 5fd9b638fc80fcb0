//! Whose copy may have arrived or not: who they are, and how they stand.

use super::Room;
use super::error::Error;
use super::words::{Key, When, Words};
use crate::model::lifecycle::State;
use crate::stage::review::{Doubt, Stands};

/// Recipients that a page names.
const ROWS_MAX: usize = 50;

/// Those whose copy was uncertain once.
#[derive(Debug)]
pub(super) struct Uncertain {
    pub(super) rows: Vec<Row>,
    /// How many there are besides.
    pub(super) more: usize,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) number: String,
    pub(super) who: String,
    pub(super) since: When,
    pub(super) stands: Key,
    /// When they are sent another.
    pub(super) again: Option<When>,
}

pub(super) fn uncertain(room: &Room, words: Words, state: &State) -> Result<Uncertain, Error> {
    let all = room.state.desk.uncertain(state)?;
    let row = |doubt: &Doubt| Row {
        number: words.number(u64::from(doubt.seq)),
        who: doubt
            .who
            .clone()
            .unwrap_or_else(|| words.say("uncertain-hidden").into()),
        since: words.when(doubt.since, &room.state.zone),
        stands: match doubt.stands {
            Stands::Waits => Key("uncertain-waits"),
            Stands::Again(_) | Stands::UnderWay => Key("uncertain-under-way"),
            Stands::Taken => Key("uncertain-taken"),
            Stands::Over => Key("uncertain-over"),
        },
        again: match doubt.stands {
            Stands::Again(at) => Some(words.when(at, &room.state.zone)),
            Stands::Waits | Stands::UnderWay | Stands::Taken | Stands::Over => None,
        },
    };
    Ok(Uncertain {
        rows: all.iter().take(ROWS_MAX).map(row).collect(),
        more: all.len().saturating_sub(ROWS_MAX),
    })
}
