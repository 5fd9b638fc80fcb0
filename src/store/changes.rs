//! Changes: which mailings commits have moved lately, and into what state.
//!
//! A worker that looks at what has moved need not look at all that there is, however much waits.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::mailings::{lock, mailing_id};
use super::{Bell, Kind};
use crate::model::MailingId;

/// Moves that are remembered: what a worker misses while it is busy. Whoever comes later looks at everything.
const KEPT_MAX: usize = 16 * 1024;

/// What moved last, in the order of the commits.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Moves>);

#[derive(Debug, Default)]
struct Moves {
    /// How many are forgotten.
    forgotten: u64,
    kept: VecDeque<(Kind, MailingId)>,
}

impl Moves {
    fn end(&self) -> u64 {
        self.forgotten + self.kept.len() as u64
    }
}

impl Log {
    /// Notes what is on the disk by now: keys of [`super::Table::ByState`], without the table's octet. To be called before
    /// the bell is rung.
    pub(super) fn note<'a>(&self, keys: impl Iterator<Item = &'a [u8]>) {
        let mut moves = lock(&self.0);
        moves.kept.extend(keys.filter_map(placed));
        let surplus = moves.kept.len().saturating_sub(KEPT_MAX);
        moves.kept.drain(..surplus);
        moves.forgotten += surplus as u64;
    }
}

/// The state and the mailing that a key of [`super::Table::ByState`] names.
fn placed(key: &[u8]) -> Option<(Kind, MailingId)> {
    let (kind, id) = key.split_first()?;
    Some((Kind::of_octet(*kind)?, mailing_id(id)?))
}

/// One listener's place in what moves.
#[derive(Debug, Clone)]
pub struct Changes {
    bell: Bell,
    log: Arc<Log>,
    /// The first move that was not told yet; `None` before the first question.
    next: Option<u64>,
}

/// What has moved since it was last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    /// Nobody knows: look at all.
    Any,
    /// These, each into this state, in order. One that moved twice is there twice; the store has where it is now.
    These(Vec<(Kind, MailingId)>),
}

impl Changes {
    pub(super) fn of(bell: Bell, log: Arc<Log>) -> Self {
        Self { bell, log, next: None }
    }

    /// Rung after each commit that moves a mailing.
    pub fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// The next time, look at all: what was told was not looked at.
    pub fn start_over(&mut self) {
        self.next = None;
    }

    /// What has moved since the last time; at first, [`Moved::Any`]. Whoever's commit was answered has moved before.
    pub fn take(&mut self) -> Moved {
        let moves = lock(&self.log.0);
        let next = self.next.replace(moves.end());
        let Some(known) = next.and_then(|next| next.checked_sub(moves.forgotten)) else {
            return Moved::Any;
        };
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        Moved::These(moves.kept.iter().skip(known).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::*;
    use crate::model::Series;

    fn id(number: u32) -> MailingId {
        MailingId {
            series: Series::Case,
            year: 2026,
            number,
        }
    }

    fn move_to(log: &Log, kind: Kind, number: u32) {
        let key = [&[kind as u8], id(number).to_key().as_slice()].concat();
        log.note(std::iter::once(key.as_slice()));
    }

    #[test]
    fn each_listener_is_told_once_of_each_move_and_of_any_when_it_came_too_late() {
        let log = Arc::new(Log::default());
        let (_rings, ear) = watch::channel(0);
        let mut changes = Changes::of(Bell::new(ear), Arc::clone(&log));
        move_to(&log, Kind::Held, 1);
        assert_eq!(changes.take(), Moved::Any);
        assert_eq!(changes.take(), Moved::These(vec![]));
        move_to(&log, Kind::Held, 2);
        move_to(&log, Kind::Released, 2);
        let mut other = changes.clone();
        let both = Moved::These(vec![(Kind::Held, id(2)), (Kind::Released, id(2))]);
        assert_eq!(changes.take(), both);
        assert_eq!(changes.take(), Moved::These(vec![]));
        assert_eq!(other.take(), both);
        for number in 0..=u32::try_from(KEPT_MAX).expect("a small number") {
            move_to(&log, Kind::Held, number);
        }
        assert_eq!(changes.take(), Moved::Any);
        move_to(&log, Kind::Ended, 7);
        assert_eq!(changes.take(), Moved::These(vec![(Kind::Ended, id(7))]));
    }
}
