//! The report of a month: what went out, what came back, who else sends in our name. Policy C4.
//!
//! Counts, and no person. Made to be read on paper as well as on a screen; the bars are drawn here, with the limits of
//! the large providers.

mod chart;
mod faring;
mod sums;

use std::sync::Arc;

use askama::Template;
use axum::extract::{self, Query};
use axum::response::{Html, IntoResponse, Response};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;

use super::Room;
use super::error::Error;
use super::page::Frame;
use super::plan::provider;
use super::session::SignedIn;
use super::words::{Key, Words};
use crate::decide::aggregate::{Source, senders};
use crate::mail::Timestamp;
use crate::model::{BounceClass, CameBack, Letterbox};

use chart::Chart;
pub(super) use faring::Farings;
use sums::{Group, Sum, Sums, share};

/// Senders that are named; the others are a number.
const SENDERS_MAX: usize = 10;
/// What the large providers bear of complaints: better less than the first, never the second. Parts of a million.
const COMPLAINTS_LIMITS: [(u64, Key); 2] = [(1_000, Key("report-limit-good")), (3_000, Key("report-limit-never"))];

#[derive(Template)]
#[template(path = "report.html", config = ".askama.toml")]
struct ReportPage {
    words: Words,
    frame: Frame,
    /// `November 2026`.
    title: String,
    before: String,
    after: String,
    now: String,
    whole: Row,
    complaints: Chart,
    bounces: Chart,
    unsubscribes: Chart,
    months: Vec<Row>,
    classes: Vec<(String, String)>,
    /// Heading and lines of each.
    breakdowns: Vec<(Key, Vec<Row>)>,
    /// Whether so much went out that the breakdowns have not all of it.
    is_cut: bool,
    strangers: Strangers,
}

/// One line of a table.
#[derive(Debug)]
struct Row {
    name: String,
    mailings: String,
    copies: String,
    delivered: String,
    delivered_share: String,
    deferred: String,
    bounced: String,
    bounced_share: String,
    /// By why, in a few words.
    why: String,
    complained: String,
    complained_share: String,
    unsubscribed: String,
}

/// Who sends in our name, and is not let.
#[derive(Debug)]
struct Strangers {
    reports: u64,
    messages: String,
    strange: String,
    named: Vec<Stranger>,
}

#[derive(Debug)]
struct Stranger {
    source: String,
    service: String,
    domain: String,
    messages: String,
    stopped: String,
}

/// Which month.
#[derive(Debug, Deserialize)]
pub(super) struct Month {
    #[serde(default)]
    month: String,
}

/// `GET /report?month=2026-11`.
pub(super) async fn show(
    extract::State(room): extract::State<Arc<Room>>,
    who: SignedIn,
    Query(query): Query<Month>,
) -> Result<Response, Error> {
    if !room.state.desk.may_audit(&who.account) {
        return Err(Error::ReviewersOnly);
    }
    let today = room.state.clock.now().local(&room.state.zone).date();
    let first = if query.month.is_empty() {
        today.first_of_month()
    } else {
        let first = format!("{}-01", query.month).parse::<Date>();
        first.map_err(|_not_one| Error::NoSuchPage)?
    };
    tokio::task::spawn_blocking(move || {
        let page = page(&room, &who, first)?;
        Ok(Html(page.render()?).into_response())
    })
    .await?
}

fn page(room: &Room, who: &SignedIn, first: Date) -> Result<ReportPage, Error> {
    let (words, said) = (who.words, room.sessions.said(who));
    let Sums {
        months,
        audiences,
        categories,
        providers,
        is_cut,
    } = sums::sums(room, words, first)?;
    let whole = months.last().map(|(_, sum)| sum.clone()).unwrap_or_default();
    let trend = |of: fn(&Sum) -> u64, limits: &[(u64, Key)], label: Key| {
        let bars: Vec<(Date, u64)> = months
            .iter()
            .map(|(date, sum)| (*date, share(of(sum), sum.copies)))
            .collect();
        Chart::of(words, &bars, limits, label)
    };
    Ok(ReportPage {
        words,
        frame: Frame::of(room, who, words.say("title-report"), "/report", said),
        title: words.month(first),
        before: path(first.checked_sub(1.month()).map_err(|_far| Error::NoSuchPage)?),
        after: path(first.checked_add(1.month()).map_err(|_far| Error::NoSuchPage)?),
        now: path(room.state.clock.now().local(&room.state.zone).date()),
        complaints: trend(
            |sum| sum.back.complained,
            &COMPLAINTS_LIMITS,
            Key("report-complaints-trend"),
        ),
        bounces: trend(Sum::bounced, &[], Key("report-bounces-trend")),
        unsubscribes: trend(|sum| sum.back.unsubscribed, &[], Key("report-unsubscribes-trend")),
        months: months
            .iter()
            .rev()
            .filter(|(_, sum)| sum.mailings > 0)
            .map(|(date, sum)| row(words, words.month(*date), sum))
            .collect(),
        classes: classes(words, &whole.back),
        breakdowns: vec![
            (Key("report-audiences"), rows(words, audiences, |name| name)),
            (Key("report-categories"), rows(words, categories, |name| name)),
            (
                Key("report-providers"),
                rows(words, providers, |name| provider(words, &name)),
            ),
        ],
        is_cut,
        strangers: strangers(room, words, first)?,
        whole: row(words, words.month(first), &whole),
    })
}

fn path(date: Date) -> String {
    format!("/report?month={}", date.strftime("%Y-%m"))
}

fn rows(words: Words, groups: Vec<Group>, named: impl Fn(String) -> String) -> Vec<Row> {
    let rows = groups.into_iter().map(|(name, sum)| {
        let name = name.map_or_else(|| words.say("report-small").into(), &named);
        row(words, name, &sum)
    });
    rows.collect()
}

fn row(words: Words, name: String, sum: &Sum) -> Row {
    let of_copies = |part: u64| chart::percent(words, share(part, sum.copies));
    Row {
        name,
        mailings: words.number(sum.mailings),
        copies: words.number(sum.copies),
        delivered: words.number(sum.delivered()),
        delivered_share: of_copies(sum.delivered()),
        deferred: words.number(sum.deferred),
        bounced: words.number(sum.bounced()),
        bounced_share: of_copies(sum.bounced()),
        why: why(words, &sum.back),
        complained: words.number(sum.back.complained),
        complained_share: of_copies(sum.back.complained),
        unsubscribed: words.number(sum.back.unsubscribed),
    }
}

/// Why copies came back, most first.
fn by_class(back: &CameBack) -> Vec<(BounceClass, u64)> {
    let mut counts: Vec<(BounceClass, u64)> = back.bounced.iter().map(|(class, count)| (*class, *count)).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

/// The same in few words, for a cell of a table.
fn why(words: Words, back: &CameBack) -> String {
    let said = by_class(back).into_iter().map(|(class, count)| {
        let key = match class {
            BounceClass::Gone => "bounces-gone",
            BounceClass::Full => "bounces-full",
            BounceClass::Blocked => "bounces-blocked",
            BounceClass::Policy => "bounces-policy",
            BounceClass::Content => "bounces-content",
            BounceClass::Spam => "bounces-spam",
            BounceClass::Network => "bounces-network",
            BounceClass::Expired => "bounces-expired",
            BounceClass::Unknown => "bounces-unknown",
        };
        words.say(key).with("count", words.number(count)).to_string()
    });
    said.collect::<Vec<_>>().join(", ")
}

/// The same in sentences.
fn classes(words: Words, back: &CameBack) -> Vec<(String, String)> {
    let said = |class| -> String {
        let key = match class {
            BounceClass::Gone => Key("bounce-gone"),
            BounceClass::Full => Key("bounce-full"),
            BounceClass::Blocked => Key("bounce-blocked"),
            BounceClass::Policy => Key("bounce-policy"),
            BounceClass::Content => Key("bounce-content"),
            BounceClass::Spam => Key("bounce-spam"),
            BounceClass::Network => Key("bounce-network"),
            BounceClass::Expired => Key("bounce-expired"),
            BounceClass::Unknown => Key("bounce-unknown"),
        };
        words.say(key).into()
    };
    by_class(back)
        .into_iter()
        .map(|(class, count)| (said(class), words.number(count)))
        .collect()
}

/// What other hosts report of the month.
fn strangers(room: &Room, words: Words, first: Date) -> Result<Strangers, Error> {
    let moment = |date: Date| -> Result<Timestamp, Error> {
        let zoned = date
            .to_zoned(room.state.zone.clone())
            .map_err(|_far| Error::NoSuchPage)?;
        Ok(zoned.timestamp().into())
    };
    let begins = moment(first)?;
    let ends = moment(first.checked_add(1.month()).map_err(|_far| Error::NoSuchPage)?)?;
    let mut reports = Vec::new();
    for report in room.state.store.aggregates(Letterbox::Dmarc, begins) {
        let report = report?;
        if report.until < ends {
            reports.push(report);
        }
    }
    let sum = senders(reports);
    let named = |source: &Source| Stranger {
        source: source.source.to_string(),
        service: source.service.clone(),
        domain: source.domain.clone(),
        messages: words.number(source.messages),
        stopped: words.number(source.stopped),
    };
    let strange = sum.sources.iter().filter(|source| !source.is_ours);
    Ok(Strangers {
        reports: sum.reports,
        messages: words.number(sum.messages),
        strange: words.number(sum.strange),
        named: strange.take(SENDERS_MAX).map(named).collect(),
    })
}
