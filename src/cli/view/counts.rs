//! Counts of copies, of what came back, and of whom no copy goes to, in words.

use std::collections::BTreeMap;

use crate::cli::out;
use crate::model::{CameBack, Exclusion, Tally};

/// The counts of copies, in words.
pub(in crate::cli) fn tally(tally: &Tally) -> String {
    format!("{} of {}", outcomes(tally), out::count(tally.planned))
}

/// The same, without how many there are to be.
pub(in crate::cli) fn outcomes(tally: &Tally) -> String {
    let parts = [
        (tally.accepted, "accepted"),
        (tally.deferred, "deferred"),
        (tally.failed, "failed"),
        (tally.suppressed, "suppressed"),
        (tally.uncertain, "uncertain"),
    ];
    let told = parts.iter().filter(|(count, word)| *count > 0 || *word == "accepted");
    let told: Vec<String> = told
        .map(|(count, word)| format!("{} {word}", out::count(*count)))
        .collect();
    told.join(", ")
}

/// What came back, in words.
pub(super) fn came_back(counts: &CameBack) -> String {
    let bounced = counts.bounced.iter().map(|(class, count)| (*count, class.word()));
    let others = [(counts.complained, "complained"), (counts.unsubscribed, "unsubscribed")];
    let told: Vec<String> = bounced
        .chain(others)
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", out::count(count)))
        .collect();
    told.join(", ")
}

/// Who gets no copy, counted by reason.
pub(super) fn left_out(exclusions: &BTreeMap<Exclusion, u64>) -> String {
    let parts = exclusions
        .iter()
        .map(|(why, count)| format!("{} {}", out::count(*count), why.words()));
    parts.collect::<Vec<_>>().join(", ")
}
