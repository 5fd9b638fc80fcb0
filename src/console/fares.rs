//! How a mailing fares, by provider: what was taken, put off, given up, and what was said most.

use askama::Template;

use super::words::Words;
use super::{chart, plan};
use crate::decide::shape::Counts;
use crate::stage::review::Fare;

/// Replies of a provider that are shown.
const REPLIES_MAX: usize = 3;

/// The table.
#[derive(Debug, Template)]
#[template(path = "fares.html", config = ".askama.toml")]
pub(super) struct Fares {
    words: Words,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    provider: String,
    planned: String,
    accepted: String,
    deferred: String,
    failed: String,
    uncertain: String,
    /// Class, beginning and length of each part of its bar.
    bar: Vec<(&'static str, String, String)>,
    /// How often, and what.
    replies: Vec<(String, String)>,
}

impl Fares {
    /// Of a mailing; `None` before its copies leave.
    pub(super) fn of(words: Words, fare: &Fare) -> Option<Self> {
        let rows: Vec<Row> = fare
            .by_provider
            .iter()
            .map(|(name, counts)| row(words, name, counts))
            .collect();
        (!rows.is_empty()).then_some(Self { words, rows })
    }
}

fn row(words: Words, name: &str, counts: &Counts) -> Row {
    let said = counts.commonest(REPLIES_MAX).into_iter();
    let parts = [
        ("accepted", counts.accepted),
        ("deferred", counts.deferred),
        ("failed", counts.failed),
        ("suppressed", counts.suppressed),
    ];
    Row {
        provider: plan::provider(words, name),
        planned: words.number(counts.planned),
        accepted: words.number(counts.accepted),
        deferred: words.number(counts.deferred),
        failed: words.number(counts.failed),
        uncertain: words.number(counts.uncertain),
        bar: chart::shares(&parts, counts.planned),
        replies: said
            .map(|(reply, times)| (words.number(times), reply.to_owned()))
            .collect(),
    }
}
