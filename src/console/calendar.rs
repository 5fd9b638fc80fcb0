//! The calendar: what went to whom on which day, and what is to go. Policy C11.

use std::sync::Arc;

use askama::Template;
use axum::extract::{self, Query};
use axum::response::{Html, IntoResponse, Response};
use jiff::civil::Date;
use jiff::{Span, ToSpan};
use serde::Deserialize;

use super::Room;
use super::error::Error;
use super::page::{self, Frame};
use super::session::SignedIn;
use super::words::{Tag, Words};
use crate::model::lifecycle::State;
use crate::stage::review::Recent;

/// Cases looked through.
const LOOKED_AT_MAX: usize = 5_000;
/// Mailings of one day that are shown.
const SHOWN_MAX: usize = 8;

#[derive(Template)]
#[template(path = "calendar.html", config = ".askama.toml")]
struct CalendarPage {
    words: Words,
    frame: Frame,
    /// `November 2026`.
    title: String,
    /// `2026-11`.
    month: String,
    now: String,
    before: String,
    after: String,
    audience: String,
    audiences: Vec<String>,
    weeks: Vec<Vec<Day>>,
}

impl CalendarPage {
    fn is_empty(&self) -> bool {
        self.weeks.iter().flatten().all(|day| day.entries.is_empty())
    }
}

/// One day of the month, or of the months beside it.
#[derive(Debug)]
pub(super) struct Day {
    pub(super) number: i8,
    /// As people say it: `24 November 2026`.
    pub(super) name: String,
    pub(super) weekday: String,
    pub(super) is_inside: bool,
    pub(super) is_today: bool,
    pub(super) is_free: bool,
    pub(super) entries: Vec<Entry>,
    pub(super) more: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) subject: String,
    pub(super) audience: String,
    pub(super) tag: Tag,
}

/// Which month.
#[derive(Debug, Deserialize)]
pub(super) struct Month {
    #[serde(default)]
    month: String,
    /// The audience whose calendar it is; everybody's when empty.
    #[serde(default)]
    audience: String,
}

/// `GET /calendar?month=2026-11`.
pub(super) async fn show(
    extract::State(room): extract::State<Arc<Room>>,
    who: SignedIn,
    Query(query): Query<Month>,
) -> Result<Response, Error> {
    let today = room.state.clock.now().local(&room.state.zone).date();
    let first = if query.month.is_empty() {
        today.first_of_month()
    } else {
        format!("{}-01", query.month)
            .parse::<Date>()
            .map_err(|_not_one| Error::NoSuchPage)?
    };
    tokio::task::spawn_blocking(move || {
        let (words, said) = (who.words, room.sessions.said(&who));
        let newest = room.state.store.newest_cases(LOOKED_AT_MAX)?;
        let placed: Vec<(Date, Entry)> = newest
            .iter()
            .filter(|state| room.state.desk.may_see(state, &who.account))
            .filter(|state| query.audience.is_empty() || is_for(state, &query.audience))
            .filter_map(|state| placed(&room, words, state))
            .collect();
        let audiences = &room.state.desk.policy().audiences;
        let page = CalendarPage {
            words,
            frame: Frame::of(&room, &who, words.say("title-calendar"), "/calendar", said),
            title: words.month(first),
            month: first.strftime("%Y-%m").to_string(),
            now: path(today, &query.audience),
            before: path(moved(first, -1.month())?, &query.audience),
            after: path(moved(first, 1.month())?, &query.audience),
            audiences: audiences.keys().cloned().collect(),
            audience: query.audience,
            weeks: weeks(&room, words, first, today, &placed)?,
        };
        Ok(Html(page.render()?).into_response())
    })
    .await?
}

/// Days before and after its own that stand beside a mailing.
const AROUND: i64 = 7;

/// What went, and is to go, to the same lists in the days around a mailing: around the hour it is to leave, or now.
pub(super) fn strip(room: &Room, who: &SignedIn, state: &State, recent: &Recent) -> Vec<Day> {
    let (words, desk) = (who.words, &room.state.desk);
    if state.mailing().audience.segments().is_empty() {
        return Vec::new();
    }
    let now = room.state.clock.now();
    let today = now.local(&room.state.zone).date();
    let own = desk.leaves_at(state).unwrap_or(now).local(&room.state.zone).date();
    let others: Vec<(Date, Entry)> = desk
        .to_the_same(state, recent)
        .filter(|other| desk.may_see(other, &who.account))
        .filter_map(|other| placed(room, words, other))
        .collect();
    let days = (-AROUND..=AROUND).filter_map(|by| own.checked_add(by.days()).ok());
    days.map(|date| day(room, words, (date, own, today), &others)).collect()
}

fn placed(room: &Room, words: Words, state: &State) -> Option<(Date, Entry)> {
    let at = room.state.desk.leaves_at(state)?;
    Some((at.local(&room.state.zone).date(), entry(words, state)))
}

fn is_for(state: &State, audience: &str) -> bool {
    let mut segments = state.mailing().audience.segments().iter();
    segments.any(|segment| segment.audience == audience)
}

/// Where the month of a day is found.
fn path(date: Date, audience: &str) -> String {
    let audience = page::query_value(audience);
    format!("/calendar?month={}&audience={audience}", date.strftime("%Y-%m"))
}

fn entry(words: Words, state: &State) -> Entry {
    let mailing = state.mailing();
    Entry {
        id: mailing.id.to_string(),
        subject: words.subject(mailing),
        audience: words.audience(mailing),
        tag: words.tag(state),
    }
}

fn moved(first: Date, by: Span) -> Result<Date, Error> {
    first.checked_add(by).map_err(|_far| Error::NoSuchPage)
}

/// Whole weeks, from Monday on.
fn weeks(
    room: &Room,
    words: Words,
    first: Date,
    today: Date,
    placed: &[(Date, Entry)],
) -> Result<Vec<Vec<Day>>, Error> {
    let into = i64::from(first.weekday().to_monday_zero_offset());
    let mut date = first.checked_sub(into.days()).map_err(|_far| Error::NoSuchPage)?;
    let mut weeks = Vec::new();
    while weeks.is_empty() || (date.year(), date.month()) == (first.year(), first.month()) {
        let mut week = Vec::new();
        for _ in 0..7 {
            week.push(day(room, words, (date, first, today), placed));
            date = date.tomorrow().map_err(|_far| Error::NoSuchPage)?;
        }
        weeks.push(week);
    }
    Ok(weeks)
}

/// One day, of the month of `around`.
fn day(room: &Room, words: Words, (date, around, today): (Date, Date, Date), placed: &[(Date, Entry)]) -> Day {
    let hours = room.state.desk.policy().frequency.hours.as_ref();
    let own = placed.iter().filter(|(on, _)| *on == date);
    let all: Vec<Entry> = own.map(|(_, entry)| entry.clone()).collect();
    Day {
        number: date.day(),
        name: words.day(date),
        weekday: words.weekday(date),
        is_inside: date.month() == around.month(),
        is_today: date == today,
        is_free: hours.is_some_and(|hours| hours.holidays.contains(&date))
            || date.weekday().to_monday_zero_offset() > 4,
        more: all.len().saturating_sub(SHOWN_MAX),
        entries: all.into_iter().take(SHOWN_MAX).collect(),
    }
}
