//! Copies whose end is uncertain: who they are for, and what is done about them.

use super::act::wrong;
use super::{Desk, Done, Refusal};
use crate::mail::{Address, Timestamp};
use crate::model::lifecycle::State;
use crate::model::{Act, Contact, MailingId, Outcome, Recipient, Uncertain, WhenUncertain};

/// Recipients that are named, at most; there is at most one a connection each time something breaks.
const NAMED_MAX: usize = 10_000;

/// One recipient whose copy was uncertain, as others may see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Their number in the plan.
    pub seq: u32,
    /// `j•••@g•••.com`; `None` of somebody who is not to be shown at all.
    pub who: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// How many of their copies had no end that we know.
    pub copies: u8,
    /// How they stand now.
    pub stands: Stands,
}

/// How somebody stands whose copy was uncertain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// A person has yet to say what is done.
    Waits,
    /// They are sent another, then.
    Again(Timestamp),
    /// That is under way.
    UnderWay,
    /// The next server took another.
    Taken,
    /// They get no other.
    Over,
}

impl Stands {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Again(_) => "again",
            Self::UnderWay => "under-way",
            Self::Taken => "taken",
            Self::Over => "over",
        }
    }
}

impl Desk {
    /// The recipients of a mailing whose copy was uncertain once.
    pub fn uncertain(&self, state: &State) -> Result<Vec<Doubt>, Refusal> {
        let wish = match state {
            State::Expanded(expanded) => Some(expanded.when_uncertain()),
            State::Closed(_) => None,
            // Nothing has left.
            State::Held(_) | State::Released(_) | State::Ended(_) => return Ok(vec![]),
        };
        let all = self.store.uncertain(state.id(), NAMED_MAX)?;
        all.iter().map(|one| self.doubt(one, wish)).collect()
    }

    fn doubt(&self, one: &Uncertain, wish: Option<WhenUncertain>) -> Result<Doubt, Refusal> {
        let (seq, recipient) = &one.recipient;
        let stands = match (&one.last, wish) {
            // It was stopped.
            (_, None) if !one.last.as_ref().is_some_and(Outcome::is_settled) => Stands::Over,
            (None, _) => Stands::UnderWay,
            (Some(Outcome::Uncertain { .. }), Some(WhenUncertain::Hold)) => Stands::Waits,
            (Some(Outcome::Uncertain { until } | Outcome::Deferred { until, .. }), _) => Stands::Again(*until),
            (Some(Outcome::Accepted(_)), _) => Stands::Taken,
            (Some(Outcome::Failed(_) | Outcome::Suppressed(_)), _) => Stands::Over,
        };
        Ok(Doubt {
            seq: *seq,
            who: self.shown(recipient)?,
            since: one.since,
            copies: one.copies,
            stands,
        })
    }

    /// A recipient as a page may show them; whoever has left the master list, by the address alone. Policy C8.
    fn shown(&self, recipient: &Recipient) -> Result<Option<String>, Refusal> {
        let contact = match recipient.contact {
            Some(id) => self.store.contact(id)?,
            None => None,
        };
        let is_hidden = contact
            .as_ref()
            .is_some_and(|contact: &Contact| contact.masked().is_none());
        Ok((!is_hidden).then(|| recipient.address.masked()))
    }

    /// A reviewer says what is done about copies whose end is uncertain: `resend`, `hold` or `leave`.
    pub async fn when_uncertain(&self, id: MailingId, by: &Address, word: &str) -> Result<Done, Refusal> {
        let (state, expanded) = self.expanded(id, by, "decide on")?;
        let (word, known) = (word.trim(), WhenUncertain::ALL);
        let wanted = known.into_iter().find(|known| known.word() == word).ok_or_else(|| {
            Refusal::Malformed(format!(
                "`{word}` says nothing about what is uncertain; say resend, hold or leave"
            ))
        })?;
        if wanted == expanded.when_uncertain() {
            return Err(wrong(&state, "that is what is done already"));
        }
        let to = State::Expanded(expanded.doubted(wanted));
        let note = wanted.word().to_owned();
        self.step(state, to, by, Act::Doubted, note, vec![]).await?;
        let sentence = match wanted {
            WhenUncertain::Resend => "A copy whose end is uncertain is sent again, with the same Message-ID.",
            WhenUncertain::Hold => "A copy whose end is uncertain waits until somebody says resend or leave.",
            WhenUncertain::Leave => "A copy whose end is uncertain is not sent again.",
        };
        Ok(Done {
            sentence: sentence.to_owned(),
        })
    }
}
