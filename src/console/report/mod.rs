//! The report of a month: what went out, what came back, who else sends in our name. Policy C4.
//!
//! Counts, and no person. Made to be read on paper as well as on a screen; the bars are drawn here, with the limits of
//! the large providers.

mod chart;
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
use sums::{Sum, Sums, share};

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
    months: Vec<Row>,
    audiences: Vec<Row>,
    classes: Vec<(String, String)>,
    providers: Vec<Row>,
    /// Whether what came back is not counted to its end by provider.
    is_cut: bool,
    strangers: Strangers,
}

/// One line of a table.
#[derive(Debug)]
struct Row {
    name: String,
    mailings: String,
    copies: String,
    bounced: String,
    bounced_share: String,
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
        bounces: trend(|sum| sum.back.bounces(), &[], Key("report-bounces-trend")),
        months: months
            .iter()
            .rev()
            .map(|(date, sum)| row(words, words.month(*date), sum))
            .collect(),
        audiences: audiences
            .iter()
            .map(|(name, sum)| row(words, name.clone(), sum))
            .collect(),
        classes: classes(words, &whole.back),
        providers: providers
            .iter()
            .map(|(name, sum)| row(words, provider(words, name), sum))
            .collect(),
        is_cut,
        strangers: strangers(room, words, first)?,
        whole: row(words, words.month(first), &whole),
    })
}

fn path(date: Date) -> String {
    format!("/report?month={}", date.strftime("%Y-%m"))
}

fn row(words: Words, name: String, sum: &Sum) -> Row {
    let bounced = sum.back.bounces();
    Row {
        name,
        mailings: words.number(sum.mailings),
        copies: words.number(sum.copies),
        bounced: words.number(bounced),
        bounced_share: chart::percent(words, share(bounced, sum.copies)),
        complained: words.number(sum.back.complained),
        complained_share: chart::percent(words, share(sum.back.complained, sum.copies)),
        unsubscribed: words.number(sum.back.unsubscribed),
    }
}

/// Why copies came back, most first.
fn classes(words: Words, back: &CameBack) -> Vec<(String, String)> {
    let mut counts: Vec<(BounceClass, u64)> = back.bounced.iter().map(|(class, count)| (*class, *count)).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
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
    counts
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
