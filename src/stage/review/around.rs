//! What stands around a mailing: what is much the same, what goes to the same people in these days, and until when
//! somebody is expected to decide. Policy C11, C14.

use std::collections::BTreeSet;
use std::time::Duration;

use super::edit::{Change, compared};
use super::{Desk, Refusal};
use crate::mail::{Address, Timestamp};
use crate::model::MailingId;
use crate::model::lifecycle::{Held, State};

/// Cases that are looked through.
const LOOKED_AT_MAX: usize = 1_000;
/// How long a mailing is remembered beside a similar one.
const SIMILAR_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Similar ones that are named.
const SIMILAR_MAX: usize = 5;
/// Working days a steward has. Policy C14.
const STEWARD_DAYS: u32 = 1;
/// Working days a reviewer has after that. Policy C14.
const REVIEWER_DAYS: u32 = 2;

/// The newest cases, read once for all that is asked of them.
#[derive(Debug)]
pub struct Recent {
    /// Newest first.
    pub cases: Vec<State>,
    /// Whether there are no others.
    pub is_whole: bool,
}

impl Desk {
    /// The newest cases.
    pub fn recent(&self) -> Result<Recent, Refusal> {
        let cases = self.store.newest_cases(LOOKED_AT_MAX)?;
        let is_whole = cases.len() < LOOKED_AT_MAX;
        Ok(Recent { cases, is_whole })
    }

    /// What went lately, or is to go, to one of the same lists and on much the same subject; newest first.
    pub fn similar<'a>(&self, state: &State, recent: &'a Recent) -> Vec<&'a State> {
        let since = self.clock.now().minus(SIMILAR_FOR);
        let subject = state.mailing().subject.as_str();
        let is_similar = |other: &&State| {
            let mailing = other.mailing();
            mailing.submitted_at >= since && is_alike(subject, &mailing.subject)
        };
        let to_the_same = self.to_the_same(state, recent);
        to_the_same.filter(is_similar).take(SIMILAR_MAX).collect()
    }

    /// What went, or is to go, to one of the same lists; newest first.
    pub fn to_the_same<'a>(&self, state: &State, recent: &'a Recent) -> impl Iterator<Item = &'a State> + use<'a> {
        let id = state.id();
        let ours: Vec<Address> = lists(state).cloned().collect();
        recent.cases.iter().filter(move |other| {
            other.id() != id && !matches!(other, State::Ended(_)) && lists(other).any(|list| ours.contains(list))
        })
    }

    /// How another mailing that this person may see differs from one, line by line.
    pub fn beside(&self, state: &State, other: MailingId, who: &Address) -> Result<Vec<Change>, Refusal> {
        let other = self.visible(other, who)?;
        let before = self.store.message(other.id())?;
        Ok(compared(&before, &self.store.message(state.id())?))
    }

    /// When copies of a mailing left, leave, or are to, as far as anybody has said.
    pub fn leaves_at(&self, state: &State) -> Option<Timestamp> {
        match state {
            State::Held(held) => held.hold().not_before(),
            State::Released(released) => Some(released.release().not_before),
            State::Expanded(expanded) => Some(expanded.expanded_at()),
            State::Closed(closed) => Some(closed.release().not_before),
            State::Ended(_) => None,
        }
    }

    /// Since when those whose turn it is are asked, and until when they are to decide; `None` when it is its author's
    /// turn.
    pub fn due(&self, state: &State) -> Option<(Timestamp, Timestamp)> {
        let State::Held(held) = state else { return None };
        if held.hold().returned().is_some() || held.wants_agreement() {
            return None;
        }
        let voided = held.hold().voided().into_iter().map(|(_, _, at)| at);
        let since = voided.chain([held.hold().since(state.mailing())]).max()?;
        if !held.wanting().is_empty() {
            return Some((since, self.working_days_after(since, STEWARD_DAYS)));
        }
        let approvals = held.hold().approvals().iter().map(|approval| approval.at);
        let ready = approvals.max().map_or(since, |last| last.max(since));
        Some((ready, self.working_days_after(ready, REVIEWER_DAYS)))
    }

    /// The version that this steward has approved, if another has followed it.
    pub fn approved_version(&self, held: &Held, who: &Address) -> Option<u16> {
        let theirs = self.offices().stewardships(who);
        let approvals = held.hold().approvals().iter();
        let approved = approvals.filter(|approval| theirs.iter().any(|steward| *steward.office() == approval.office));
        let at = approved.map(|approval| approval.at).max()?;
        let versions = held.hold().versions().iter();
        versions
            .filter(|version| version.at <= at)
            .map(|version| version.number)
            .max()
    }
}

fn lists(state: &State) -> impl Iterator<Item = &Address> {
    state.mailing().audience.segments().iter().map(|segment| &segment.list)
}

/// Whether most words of two subjects are the same.
fn is_alike(one: &str, other: &str) -> bool {
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
        words.filter(|word| word.chars().count() > 2).collect()
    };
    let (one, other) = (words(one), words(other));
    let both = one.intersection(&other).count();
    both > 0 && both * 2 >= one.union(&other).count()
}

#[cfg(test)]
mod tests {
    use super::is_alike;

    #[test]
    fn subjects_are_alike_when_most_of_their_words_are() {
        assert!(is_alike("The spring fair on Friday", "Spring fair: Friday!"));
        assert!(!is_alike("The spring fair", "The parking garage"));
        assert!(!is_alike("", ""));
    }
}
