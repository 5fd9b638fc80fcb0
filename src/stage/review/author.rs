//! Who wrote it: what they are to the university, and what became of their other cases.

use super::around::Recent;
use super::{Desk, Refusal};
use crate::model::lifecycle::{End, State};
use crate::model::{Listing, PrivacyFlag};

/// An author's other cases, of the newest there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct History {
    /// Let go.
    pub released: usize,
    /// Waiting.
    pub waiting: usize,
    /// A no.
    pub declined: usize,
    /// Taken back, lapsed, or gone with another.
    pub other: usize,
    /// Whether there is no case that was not looked at.
    pub is_whole: bool,
}

impl History {
    /// Whether they have never written to a list before.
    pub fn is_first(&self) -> bool {
        self.is_whole && self.released + self.waiting + self.declined + self.other == 0
    }
}

/// What an author is to the university, as the master list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Affiliated {
    /// Kind and unit of each affiliation; a unit may be empty.
    With(Vec<(String, String)>),
    /// It is not to be disclosed (FERPA).
    Undisclosed,
    /// The master list does not know them.
    Unknown,
}

impl Desk {
    /// What the author of a mailing is to the university.
    pub fn author(&self, state: &State) -> Result<Affiliated, Refusal> {
        let Some(contact) = self.store.contact_by_address(&state.mailing().author.address)? else {
            return Ok(Affiliated::Unknown);
        };
        if contact.privacy().has(PrivacyFlag::Ferpa) {
            return Ok(Affiliated::Undisclosed);
        }
        let mut each: Vec<(String, String)> = Vec::new();
        for Listing { affiliation, .. } in contact.current(self.clock.now()) {
            let one = (affiliation.kind.clone(), affiliation.unit.clone());
            if !each.contains(&one) {
                each.push(one);
            }
        }
        Ok(if each.is_empty() {
            Affiliated::Unknown
        } else {
            Affiliated::With(each)
        })
    }

    /// How often its author's cases were released, sent back and declined, this one apart.
    pub fn history(&self, state: &State, recent: &Recent) -> History {
        let author = &state.mailing().author.address;
        let mut history = History {
            is_whole: recent.is_whole,
            ..History::default()
        };
        for other in &recent.cases {
            if other.id() == state.id() || !other.mailing().author.address.is_same_mailbox(author) {
                continue;
            }
            match other {
                State::Released(_) | State::Expanded(_) | State::Closed(_) => history.released += 1,
                State::Held(_) => history.waiting += 1,
                State::Ended(ended) if ended.end() == End::Declined => history.declined += 1,
                State::Ended(_) => history.other += 1,
            }
        }
        history
    }
}

#[cfg(test)]
mod tests {
    use super::History;

    #[test]
    fn who_was_not_looked_for_everywhere_is_not_called_new() {
        let none = History::default();
        assert!(!none.is_first());
        let whole = History { is_whole: true, ..none };
        assert!(whole.is_first());
        assert!(!History { other: 1, ..whole }.is_first());
    }
}
