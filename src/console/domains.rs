//! Our domains, as other hosts report of them: who sends in our name, and how mail to us is secured. Policy C4.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{self, Query};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::Room;
use super::error::Error;
use super::page::Frame;
use super::session::SignedIn;
use super::words::{Key, Words};
use crate::decide::aggregate::{Host, Senders, Source, Tls, senders, sessions};
use crate::mail::Timestamp;
use crate::model::{Aggregate, Letterbox};
use crate::stage::review::Refusal;

/// How far back one may look, in days; the first unless it is said.
const PERIODS: [u16; 4] = [30, 7, 90, 365];
/// Rows of a table; the command line has all.
const ROWS_MAX: usize = 100;
/// Hosts that are named as having seen a sender.
const SEEN_BY_MAX: usize = 3;

#[derive(Template)]
#[template(path = "domains.html", config = ".askama.toml")]
struct DomainsPage {
    words: Words,
    frame: Frame,
    periods: Vec<Period>,
    /// What with how much.
    figures: Vec<(Key, String)>,
    sources: Vec<Sent>,
    /// Said when there are more.
    cut: Option<String>,
    tls_figures: Vec<(Key, String)>,
    hosts: Vec<[String; 4]>,
    failures: Vec<[String; 4]>,
}

/// A choice of days.
#[derive(Debug)]
struct Period {
    days: u16,
    is_shown: bool,
}

/// One who sends in our name.
#[derive(Debug)]
struct Sent {
    source: String,
    /// Empty when nobody vouches for it.
    service: String,
    domain: String,
    is_ours: bool,
    messages: String,
    stopped: String,
    seen_by: String,
}

/// How far back.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    days: Option<u16>,
}

/// `GET /monitor/domains?days=30`.
pub(super) async fn show(
    extract::State(room): extract::State<Arc<Room>>,
    who: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    if !room.state.desk.may_watch(&who.account) {
        let why = who.words.say("domains-not-yours").to_string();
        return Err(Refusal::NotEntitled(why).into());
    }
    let [usual, ..] = PERIODS;
    let days = asked.days.unwrap_or(usual);
    if !PERIODS.contains(&days) {
        return Err(Error::NoSuchPage);
    }
    tokio::task::spawn_blocking(move || {
        let page = page(&room, &who, days)?;
        Ok(Html(page.render()?).into_response())
    })
    .await?
}

fn page(room: &Room, who: &SignedIn, days: u16) -> Result<DomainsPage, Error> {
    let (words, said) = (who.words, room.sessions.said(who));
    let since = room
        .state
        .clock
        .now()
        .minus(Duration::from_secs(u64::from(days) * 24 * 60 * 60));
    let (sent, secured) = (
        senders(reports(room, Letterbox::Dmarc, since)?),
        sessions(reports(room, Letterbox::Tls, since)?),
    );
    let mut periods: Vec<Period> = PERIODS
        .iter()
        .map(|of| Period {
            days: *of,
            is_shown: *of == days,
        })
        .collect();
    periods.sort_by_key(|period| period.days);
    Ok(DomainsPage {
        words,
        frame: Frame::of(room, who, words.say("title-domains"), "/monitor", said),
        periods,
        figures: sender_figures(words, &sent),
        cut: cut(words, sent.sources.len()),
        sources: sent
            .sources
            .iter()
            .take(ROWS_MAX)
            .map(|source| row(words, source))
            .collect(),
        tls_figures: tls_figures(words, &secured),
        hosts: hosts(words, &secured.hosts),
        failures: failures(words, &secured),
    })
}

fn reports(room: &Room, letterbox: Letterbox, since: Timestamp) -> Result<Vec<Aggregate>, Error> {
    let reports: Result<Vec<Aggregate>, _> = room.state.store.aggregates(letterbox, since).collect();
    Ok(reports?)
}

/// Empty when nothing has been reported.
fn sender_figures(words: Words, sum: &Senders) -> Vec<(Key, String)> {
    figures(
        words,
        sum.reports,
        &sum.unreadable,
        [
            (Key("report-messages"), sum.messages),
            (Key("domains-strange"), sum.strange),
        ],
    )
}

/// Empty when nothing has been reported.
fn tls_figures(words: Words, sum: &Tls) -> Vec<(Key, String)> {
    figures(
        words,
        sum.reports,
        &sum.unreadable,
        [
            (Key("domains-secured"), sum.secured),
            (Key("domains-failed"), sum.failed),
        ],
    )
}

fn figures(
    words: Words,
    reports: u64,
    unreadable: &BTreeMap<String, u64>,
    seen: [(Key, u64); 2],
) -> Vec<(Key, String)> {
    let failed: u64 = unreadable.values().sum();
    if reports + failed == 0 {
        return Vec::new();
    }
    let counts = [(Key("domains-reports"), reports)].into_iter().chain(seen);
    let mut figures: Vec<(Key, String)> = counts.map(|(key, count)| (key, words.number(count))).collect();
    if failed > 0 {
        figures.push((Key("domains-unreadable"), words.number(failed)));
    }
    figures
}

fn row(words: Words, source: &Source) -> Sent {
    let mut seen_by: Vec<&str> = source.seen_by.iter().map(String::as_str).collect();
    let more = seen_by.len().saturating_sub(SEEN_BY_MAX);
    seen_by.truncate(SEEN_BY_MAX);
    let seen_by = seen_by.join(", ");
    Sent {
        source: source.source.to_string(),
        service: source.service.clone(),
        domain: source.domain.clone(),
        is_ours: source.is_ours,
        messages: words.number(source.messages),
        stopped: words.number(source.stopped),
        seen_by: if more > 0 {
            format!("{seen_by} +{more}")
        } else {
            seen_by
        },
    }
}

fn cut(words: Words, rows: usize) -> Option<String> {
    let count = |rows: usize| words.number(u64::try_from(rows).unwrap_or(u64::MAX));
    let said = words.say("domains-cut").with("shown", count(ROWS_MAX));
    (rows > ROWS_MAX).then(|| said.with("rows", count(rows)).into())
}

fn hosts(words: Words, hosts: &[Host]) -> Vec<[String; 4]> {
    let row = |host: &Host| {
        let [reports, seen, failed] = [host.reports, host.seen, host.failed].map(|count| words.number(count));
        [host.organization.clone(), reports, seen, failed]
    };
    hosts.iter().take(ROWS_MAX).map(row).collect()
}

fn failures(words: Words, sum: &Tls) -> Vec<[String; 4]> {
    let rows = sum.failures.iter().take(ROWS_MAX).map(|failure| {
        let said = [&failure.kind, &failure.domain, &failure.policy];
        let [kind, domain, policy] = said.map(Clone::clone);
        [kind, domain, policy, words.number(failure.failed)]
    });
    rows.collect()
}
