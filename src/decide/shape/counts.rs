//! Counts: how the copies of one mailing to one provider fare.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Different replies kept of one provider; the rest are counted together.
const REPLIES_MAX: usize = 30;
/// The name of that rest.
const REST: &str = "other replies";

/// How the copies of one mailing to one provider fare.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// People in the plan.
    pub planned: u64,
    /// People whose copy was tried.
    pub tried: u64,
    /// Copies that were taken.
    pub accepted: u64,
    /// Copies put off, that will be tried again.
    pub deferred: u64,
    /// Copies given up.
    pub failed: u64,
    /// Copies not sent after all, since somebody has dropped out.
    pub suppressed: u64,
    /// People of whom we do not know whether they got a copy: the end of one was hidden, and no later one was taken.
    pub uncertain: u64,
    /// Mailboxes that are gone, as the next server said at once.
    pub refused_for_good: u64,
    /// Mailboxes that are gone, as what came back says: those above once they are read, and others.
    pub returned_for_good: u64,
    /// People who said that it is spam.
    pub complained: u64,
    /// Replies that doubt who we are.
    pub unauthenticated: u64,
    /// What was said to copies that were not taken, and how often.
    pub replies: BTreeMap<String, u64>,
}

impl Counts {
    /// Mailboxes that are gone, each once.
    pub fn gone(&self) -> u64 {
        self.refused_for_good.max(self.returned_for_good)
    }

    /// People whose copy was not tried yet.
    pub fn fresh(&self) -> u64 {
        self.planned.saturating_sub(self.tried + self.suppressed)
    }

    /// People whose copy is still to leave, the ones put off among them.
    pub fn left(&self) -> u64 {
        self.planned
            .saturating_sub(self.accepted + self.failed + self.suppressed)
    }

    /// With no more than its commonest replies, as it is kept.
    #[must_use]
    pub fn shortened(&self, replies: usize) -> Self {
        let commonest = self.commonest(replies).into_iter();
        Self {
            replies: commonest.map(|(said, times)| (said.to_owned(), times)).collect(),
            ..self.clone()
        }
    }

    /// Counts a reply under its name.
    pub fn said(&mut self, reply: &str) {
        let is_known = self.replies.contains_key(reply) || self.replies.len() < REPLIES_MAX;
        let name = if is_known { reply } else { REST };
        *self.replies.entry(name.to_owned()).or_default() += 1;
    }

    /// The commonest replies, most first.
    pub fn commonest(&self, count: usize) -> Vec<(&str, u64)> {
        let mut replies: Vec<(&str, u64)> = self
            .replies
            .iter()
            .map(|(said, times)| (said.as_str(), *times))
            .collect();
        replies.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
        replies.truncate(count);
        replies
    }

    /// What has come since then.
    pub(super) fn since(&self, before: &Self) -> Judged {
        Judged {
            tried: self.tried.saturating_sub(before.tried),
            bounced: self.gone().saturating_sub(before.gone()),
            complained: self.complained.saturating_sub(before.complained),
            unauthenticated: self.unauthenticated.saturating_sub(before.unauthenticated),
        }
    }

    /// All together.
    pub fn sum<'a>(counts: impl Iterator<Item = &'a Self>) -> Self {
        let mut sum = Self::default();
        for one in counts {
            sum.planned += one.planned;
            sum.tried += one.tried;
            sum.accepted += one.accepted;
            sum.deferred += one.deferred;
            sum.failed += one.failed;
            sum.suppressed += one.suppressed;
            sum.uncertain += one.uncertain;
            sum.refused_for_good += one.refused_for_good;
            sum.returned_for_good += one.returned_for_good;
            sum.complained += one.complained;
            sum.unauthenticated += one.unauthenticated;
            for (said, times) in &one.replies {
                *sum.replies.entry(said.clone()).or_default() += times;
            }
        }
        sum
    }
}

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    pub(super) tried: u64,
    pub(super) bounced: u64,
    pub(super) complained: u64,
    pub(super) unauthenticated: u64,
}

impl Judged {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            tried: self.tried + other.tried,
            bounced: self.bounced + other.bounced,
            complained: self.complained + other.complained,
            unauthenticated: self.unauthenticated + other.unauthenticated,
        }
    }
}

/// A reply under which it is counted: its codes and words, without what names somebody or differs from copy to copy.
pub fn nameless(reply: &str) -> String {
    let word = |word: &str| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        if word.contains('@') || digits > 5 {
            "…".to_owned()
        } else {
            word.to_owned()
        }
    };
    let words: Vec<String> = reply.split_whitespace().map(word).collect();
    words.join(" ").chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_counted_without_whom_they_name() {
        assert_eq!(
            nameless("550 5.1.1 <nobody@big.example>: user unknown in 12345678abc"),
            "550 5.1.1 … user unknown in …"
        );
    }
}
