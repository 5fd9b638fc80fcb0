//! Passage: a text that is looked through for many words, and so is read once.

use std::ops::Deref;

use super::find::{self, Case, Hit};
use super::signs::Signs;
use super::tokens::{self, Tokens};

/// A text, and where each word of it stands.
#[derive(Debug, Clone)]
pub(super) struct Passage {
    text: String,
    /// What stands between its words.
    signs: Signs,
    /// Each run of letters and digits, in order.
    runs: Vec<Run>,
    /// By the low bits of the hash, the first run; one more than its number.
    first: Vec<u32>,
    /// Where each run of digits begins.
    digits: Vec<u32>,
    count: usize,
}

/// A run of letters and digits.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// Of its small letters.
    hash: u32,
    /// Octets before it; beyond four gigabytes, where no message reaches, the first ones are taken for it.
    start: u32,
    /// The next run with such a hash; one more than its number.
    next: u32,
}

impl Deref for Passage {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl Passage {
    /// Nothing to read.
    pub(super) const EMPTY: Self = Self {
        text: String::new(),
        signs: Signs::NONE,
        runs: Vec::new(),
        first: Vec::new(),
        digits: Vec::new(),
        count: 0,
    };

    pub(super) fn new(text: String) -> Self {
        let (mut runs, mut count, mut end) = (Vec::<Run>::with_capacity(text.len() / 6), 0, 0);
        let mut signs = Signs::NONE;
        for hit in Tokens::of(&text) {
            let parts = signs.see(text.get(end..hit.start).unwrap_or_default());
            count += usize::from(parts || end == 0);
            end = hit.start + hit.word.len();
            runs.push(Run {
                hash: hash(&hit),
                start: u32::try_from(hit.start).unwrap_or_default(),
                next: 0,
            });
        }
        signs.see(text.get(end..).unwrap_or_default());
        let mut first = vec![0; runs.len().next_power_of_two()];
        // From the end, so that runs of a hash are chained in order.
        let (slots, mut number) = (first.len(), u32::try_from(runs.len()).unwrap_or(u32::MAX));
        for run in runs.iter_mut().rev() {
            if let Some(slot) = first.get_mut(slot(run.hash, slots)) {
                run.next = std::mem::replace(slot, number);
            }
            number = number.saturating_sub(1);
        }
        Self {
            digits: find::digits(&text).filter_map(|at| u32::try_from(at).ok()).collect(),
            text,
            signs,
            runs,
            first,
            count,
        }
    }

    /// Whole words, as a reader counts them.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Where each run of digits begins, in order.
    pub(super) fn digits(&self) -> impl Iterator<Item = usize> {
        self.digits.iter().filter_map(|at| usize::try_from(*at).ok())
    }

    /// Whether the signs of `needle` are all in the text. Most texts lack the marks that are looked for, and need not be
    /// searched then.
    pub(super) fn may_have(&self, needle: &str) -> bool {
        self.signs.has_those_of(needle)
    }

    /// Whether a run of letters and digits is this one, small or capital.
    pub(super) fn has(&self, word: &str) -> bool {
        self.starts(word).any(|start| {
            let found = self.text.get(start..start + word.len());
            found.is_some_and(|found| found.eq_ignore_ascii_case(word))
        })
    }

    /// Everywhere `needle` stands as a word of its own; what [`find::words`] finds.
    pub(super) fn words<'t>(&'t self, needle: &str, case: Case) -> Vec<Hit<'t>> {
        if !self.may_have(needle) {
            return Vec::new();
        }
        let Some(first) = needle
            .split(|c: char| !c.is_alphanumeric())
            .next()
            .filter(|first| !first.is_empty())
        else {
            return find::words(&self.text, needle, case);
        };
        let is_it = |word: &str| match case {
            Case::Matters => word == needle,
            Case::Ignored => word.eq_ignore_ascii_case(needle),
        };
        let mut free_from = 0;
        let found = self.starts(first).filter_map(|start| {
            let word = self
                .text
                .get(start..start + needle.len())
                .filter(|word| is_it(word) && start >= free_from)?;
            free_from = start + needle.len();
            let hit = Hit {
                text: &self.text,
                start,
                word,
            };
            find::stands_alone(&hit).then_some(hit)
        });
        found.collect()
    }

    /// The first of the needles that stands as a word.
    pub(super) fn any(&self, needles: &[String]) -> Option<Hit<'_>> {
        let found = needles.iter().flat_map(|needle| self.words(needle, Case::Ignored));
        found.min_by_key(|hit| hit.start)
    }

    /// How much two texts have in common, from 0 to 1, by the words in them (Dice).
    pub(super) fn in_common(&self, other: &Self) -> f64 {
        let (own, others) = (self.hashes(), other.hashes());
        let common = own.iter().filter(|hash| others.binary_search(hash).is_ok()).count();
        let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        match own.len() + others.len() {
            0 => 1.0,
            all => 2.0 * number(common) / number(all),
        }
    }

    /// Of each word, in order.
    fn hashes(&self) -> Vec<u32> {
        let mut hashes: Vec<u32> = self.runs.iter().map(|run| run.hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }

    /// Where runs begin that may be this one, in order.
    fn starts(&self, word: &str) -> impl Iterator<Item = usize> {
        let hash = hash(&Hit {
            text: word,
            start: 0,
            word,
        });
        let run = |number: u32| self.runs.get(usize::try_from(number).ok()?.checked_sub(1)?);
        let first = self.first.get(slot(hash, self.first.len())).copied();
        let chain = std::iter::successors(first.and_then(run), move |before| run(before.next));
        chain
            .filter(move |run| run.hash == hash)
            .filter_map(|run| usize::try_from(run.start).ok())
    }
}

/// Where a hash is looked for among so many, a power of two.
fn slot(hash: u32, slots: usize) -> usize {
    usize::try_from(hash).unwrap_or_default() & slots.saturating_sub(1)
}

/// The hash of a word, eight octets at a time; small letters and capitals alike. Whoever makes two words collide gains
/// little: a word that is looked for is compared, and two texts then seem a word more alike.
fn hash(hit: &Hit<'_>) -> u32 {
    let length = hit.word.len();
    // Most words are no longer: what follows them is read too, and cut off, which costs less than to look how long they are.
    let following = hit.text.as_bytes().get(hit.start..).unwrap_or_default();
    let first = eight(following) & (u64::MAX >> (64 - 8 * length.clamp(1, 8)));
    let rest = hit.word.as_bytes().get(8..).unwrap_or_default().chunks(8).map(eight);
    let all = rest.fold(mixed(length as u64, first), mixed);
    (all ^ (all >> 32)) as u32
}

fn mixed(hash: u64, octets: u64) -> u64 {
    // The bit that parts a capital from its small letter.
    let small = octets | 0x2020_2020_2020_2020;
    (hash ^ small).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

/// The first eight octets as a number.
fn eight(octets: &[u8]) -> u64 {
    u64::from_le_bytes(tokens::first(octets))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(hits: Vec<Hit<'_>>) -> Vec<(usize, &str)> {
        hits.into_iter().map(|hit| (hit.start, hit.word)).collect()
    }

    proptest! {
        #[test]
        fn it_finds_what_a_search_finds(text in "([aAbcé]{1,2}[ .@&'\\n-]{0,2}){0,12}", needle in "[aAb&é]{1,2}([ -]c)?") {
            let passage = Passage::new(text.clone());
            prop_assert_eq!(passage.count(), text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count());
            for case in [Case::Matters, Case::Ignored] {
                prop_assert_eq!(places(passage.words(&needle, case)), places(find::words(&text, &needle, case)));
            }
        }
    }
}
