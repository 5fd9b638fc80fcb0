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
use super::page::Frame;
use super::session::SignedIn;
use super::words::{Tag, Words};
use crate::mail::Timestamp;
use crate::model::lifecycle::State;

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
    before: String,
    after: String,
    weeks: Vec<Vec<Day>>,
}

/// One day of the month, or of the months beside it.
#[derive(Debug)]
struct Day {
    number: i8,
    /// As people say it: `24 November 2026`.
    name: String,
    is_inside: bool,
    is_today: bool,
    is_free: bool,
    entries: Vec<Entry>,
    more: usize,
}

#[derive(Debug, Clone)]
struct Entry {
    id: String,
    subject: String,
    audience: String,
    tag: Tag,
}

/// Which month.
#[derive(Debug, Deserialize)]
pub(super) struct Month {
    #[serde(default)]
    month: String,
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
            .filter_map(|state| Some((leaves(state)?.local(&room.state.zone).date(), entry(words, state))))
            .collect();
        let page = CalendarPage {
            words,
            frame: Frame::of(&room, &who, words.say("title-calendar"), "/calendar", said),
            title: words.month(first),
            before: month(first, -1.month())?,
            after: month(first, 1.month())?,
            weeks: weeks(&room, words, first, today, &placed)?,
        };
        Ok(Html(page.render()?).into_response())
    })
    .await?
}

/// When its copies left, leave, or are to.
fn leaves(state: &State) -> Option<Timestamp> {
    match state {
        State::Held(held) => held.hold().not_before(),
        State::Released(released) => Some(released.release().not_before),
        State::Expanded(expanded) => Some(expanded.expanded_at()),
        State::Closed(closed) => Some(closed.release().not_before),
        State::Ended(_) => None,
    }
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

fn month(first: Date, by: Span) -> Result<String, Error> {
    let other = first.checked_add(by).map_err(|_far| Error::NoSuchPage)?;
    Ok(other.strftime("%Y-%m").to_string())
}

/// Whole weeks, from Monday on.
fn weeks(
    room: &Room,
    words: Words,
    first: Date,
    today: Date,
    placed: &[(Date, Entry)],
) -> Result<Vec<Vec<Day>>, Error> {
    let holidays = room.state.desk.policy().frequency.hours.as_ref();
    let into = i64::from(first.weekday().to_monday_zero_offset());
    let mut date = first.checked_sub(into.days()).map_err(|_far| Error::NoSuchPage)?;
    let mut weeks = Vec::new();
    while weeks.is_empty() || (date.year(), date.month()) == (first.year(), first.month()) {
        let mut week = Vec::new();
        for _ in 0..7 {
            let all: Vec<Entry> = placed
                .iter()
                .filter(|(on, _)| *on == date)
                .map(|(_, entry)| entry.clone())
                .collect();
            week.push(Day {
                number: date.day(),
                name: words.day(date),
                is_inside: date.month() == first.month(),
                is_today: date == today,
                is_free: holidays.is_some_and(|hours| hours.holidays.contains(&date))
                    || date.weekday().to_monday_zero_offset() > 4,
                more: all.len().saturating_sub(SHOWN_MAX),
                entries: all.into_iter().take(SHOWN_MAX).collect(),
            });
            date = date.tomorrow().map_err(|_far| Error::NoSuchPage)?;
        }
        weeks.push(week);
    }
    Ok(weeks)
}
