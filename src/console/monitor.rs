//! What leaves now: each mailing under way, how fast and how it fares, and how whoever receives stands. Policy C4.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract;
use axum::response::{Html, IntoResponse, Response};
use jiff::tz::TimeZone;

use super::Room;
use super::chart::{self, Chart};
use super::error::Error;
use super::fares::Fares;
use super::live::{self, Part};
use super::page::Frame;
use super::session::{SignedIn, Watching};
use super::sites::{self, Site};
use super::words::{Key, Tag, Words};
use crate::decide::shape::{Judgement, Standing};
use crate::mail::Timestamp;
use crate::model::Series;
use crate::model::lifecycle::{Expanded, State};
use crate::stage::review::{Fare, Leaving};
use crate::store::{Kind, Table};

/// How often it is looked at.
const TICK: Duration = Duration::from_secs(2);
/// Mailings shown; there are rarely more than a few.
const MAILINGS_MAX: usize = 50;

#[derive(Template)]
#[template(path = "monitor.html", config = ".askama.toml")]
struct MonitorPage {
    words: Words,
    frame: Frame,
    /// Whether they see the report of the month.
    is_reported: bool,
    /// The part that is kept fresh.
    now: String,
}

/// The part that is kept fresh.
#[derive(Debug, Template)]
#[template(path = "monitor_now.html", config = ".askama.toml")]
struct Now {
    words: Words,
    /// What leaves, in a sentence.
    sentence: String,
    /// Whether a person must look.
    is_braked: bool,
    /// What with how much.
    figures: Vec<(Key, String)>,
    /// Copies of the last hour.
    hour: Option<Chart>,
    mailings: Vec<Sending>,
    sites: Vec<Site>,
    /// How many more there are.
    more_sites: usize,
}

/// One mailing under way.
#[derive(Debug)]
struct Sending {
    id: String,
    subject: String,
    tag: Tag,
    settled: u64,
    planned: u64,
    percent: u64,
    /// How far it is.
    progress: String,
    /// How fast it goes, and until when, and what it waits for.
    lines: Vec<String>,
    /// Why the gateway has paused it.
    alarm: Option<String>,
    /// What may come to that.
    warning: Option<String>,
    course: Option<Chart>,
    fares: Option<Fares>,
}

/// `GET /monitor`.
pub(super) async fn show(extract::State(room): extract::State<Arc<Room>>, who: SignedIn) -> Result<Response, Error> {
    watches(&room, &who)?;
    tokio::task::spawn_blocking(move || {
        let (words, said) = (who.words, room.sessions.said(&who));
        let page = MonitorPage {
            words,
            is_reported: room.state.desk.may_audit(&who.account),
            now: now(&room, words)?.render()?,
            frame: Frame::of(&room, &who, words.say("title-monitor"), "/monitor", said),
        };
        Ok(Html(page.render()?).into_response())
    })
    .await?
}

/// `GET /monitor/live`.
pub(super) async fn live(
    extract::State(room): extract::State<Arc<Room>>,
    Watching(who): Watching,
) -> Result<Response, Error> {
    watches(&room, &who)?;
    let bell = room.state.store.watch(Table::ByState);
    let shared = Arc::clone(&room);
    live::keep_fresh(&room, bell, TICK, move || {
        watches(&shared, &who)?;
        Ok(Part {
            html: now(&shared, who.words)?.render()?,
            stands_on: String::new(),
        })
    })
}

/// Those who watch over what leaves.
fn watches(room: &Room, who: &SignedIn) -> Result<(), Error> {
    if room.state.desk.may_watch(&who.account) {
        Ok(())
    } else {
        Err(Error::WatchersOnly)
    }
}

fn now(room: &Room, words: Words) -> Result<Now, Error> {
    let at = room.state.clock.now();
    let under_way = room.state.store.in_state(Kind::Expanded)?;
    let mut mailings = Vec::new();
    let (mut cases, mut paused, mut braked) = (0usize, 0usize, 0usize);
    let silent = sites::silent(room, at);
    // The newest first: they are what somebody looks for.
    for id in under_way.iter().rev().filter(|id| id.series == Series::Case) {
        let Some(State::Expanded(expanded)) = room.state.store.mailing(*id)? else {
            continue;
        };
        cases += 1;
        paused += usize::from(expanded.is_paused());
        braked += usize::from(is_braked(&expanded));
        if mailings.len() < MAILINGS_MAX {
            mailings.push(sending(room, words, expanded, &silent)?);
        }
    }
    let (sites, more_sites) = sites::sites(room, words, at);
    Ok(Now {
        words,
        sentence: summary(words, cases, paused, braked),
        is_braked: braked > 0,
        figures: figures(room, words, at, under_way.len() - cases),
        hour: hour(room, words, at),
        mailings,
        sites,
        more_sites,
    })
}

fn hour(room: &Room, words: Words, at: Timestamp) -> Option<Chart> {
    let pulse = room.state.desk.shape().look().pulse().clone();
    Chart::of(words, &room.state.zone, &pulse, at, Key("chart-hour"))
}

/// Of those that are leaving, `paused` are held back by a person or the gateway, `braked` by the gateway.
fn summary(words: Words, cases: usize, paused: usize, braked: usize) -> String {
    let leaving = words.say(if cases == 0 {
        "monitor-nothing"
    } else {
        "monitor-leaving"
    });
    let leaving = leaving.with("count", cases);
    let (key, count) = match (paused, braked) {
        (0, 0) => return leaving.into(),
        (paused, 0) => ("monitor-paused", paused),
        (_, braked) => ("monitor-braked", braked),
    };
    words.say(key).with("leaving", leaving).with("count", count).into()
}

/// The house as a whole.
fn figures(room: &Room, words: Words, at: Timestamp, conveyed: usize) -> Vec<(Key, String)> {
    let shaper = room.state.desk.shape().look();
    let watches = || shaper.watches().values();
    let pace: f64 = watches().map(|watch| watch.pace.per_second(at)).sum();
    let counts = || watches().flat_map(|watch| watch.by_provider.values());
    let left: u64 = counts().map(|counts| counts.left()).sum();
    let deferred: u64 = counts().map(|counts| counts.deferred).sum();
    let hour: u64 = shaper
        .pulse()
        .at(at)
        .beats()
        .map(|(_, beat)| u64::from(beat.accepted))
        .sum();
    let conveyed = u64::try_from(conveyed).unwrap_or(u64::MAX);
    vec![
        (Key("monitor-pace"), chart::rate(words, pace)),
        (Key("monitor-hour"), words.number(hour)),
        (Key("monitor-left"), words.number(left)),
        (Key("monitor-deferred"), words.number(deferred)),
        (Key("monitor-conveyed"), words.number(conveyed)),
    ]
}

fn is_braked(expanded: &Expanded) -> bool {
    expanded.pause().is_some_and(|pause| pause.by.is_none())
}

/// One mailing; `silent` are next hops that nothing goes to.
fn sending(room: &Room, words: Words, expanded: Expanded, silent: &[Standing]) -> Result<Sending, Error> {
    let alarm = match expanded.pause() {
        Some(pause) if pause.by.is_none() => Some(words.say("monitor-brake").with("why", pause.why.clone()).into()),
        Some(_) | None => None,
    };
    let is_paused = expanded.is_paused();
    let state = State::Expanded(expanded);
    let (id, mailing) = (state.id(), state.mailing());
    let tally = room.state.store.tally(id)?;
    let fare = room.state.desk.fare(id)?;
    let (settled, planned) = (tally.settled(), tally.planned);
    let progress = words
        .say("settled-of")
        .with("settled", settled)
        .with("planned", planned);
    Ok(Sending {
        id: id.to_string(),
        subject: words.subject(mailing),
        tag: words.tag(&state),
        settled,
        planned,
        percent: (settled * 100).checked_div(planned).unwrap_or(100),
        progress: progress.into(),
        warning: warned(words, &fare).filter(|_| alarm.is_none()),
        alarm,
        lines: match &fare.now {
            Some(leaving) if !is_paused => lines(words, (&room.state.zone, room.state.clock.now()), leaving, silent),
            Some(_) | None => Vec::new(),
        },
        course: course(room, words, &fare),
        fares: Fares::of(words, &fare),
    })
}

fn warned(words: Words, fare: &Fare) -> Option<String> {
    match &fare.now.as_ref()?.judgement {
        Judgement::Warn(why) => Some(words.say("monitor-warned").with("why", why.clone()).into()),
        Judgement::Fine | Judgement::Pause(_) => None,
    }
}

fn course(room: &Room, words: Words, fare: &Fare) -> Option<Chart> {
    let (leaving, now) = (fare.now.as_ref()?, room.state.clock.now());
    Chart::of(words, &room.state.zone, &leaving.course, now, Key("chart-course"))
}

/// How fast it goes, what it waits for, and until when; `silent` are next hops that nothing goes to.
fn lines(words: Words, (zone, now): (&TimeZone, Timestamp), leaving: &Leaving, silent: &[Standing]) -> Vec<String> {
    let mut lines = Vec::new();
    let moment = |at: Timestamp| words.moment(at, zone);
    if leaving.per_second > 0.0 {
        let pace = chart::rate(words, leaving.per_second);
        lines.push(words.say("monitor-now").with("pace", pace).into());
    }
    match leaving.slice {
        Some((copies, Some(until))) => {
            let said = words.say("monitor-slice-waits").with("copies", u64::from(copies));
            lines.push(said.with("when", moment(until)).into());
        }
        Some((copies, None)) => lines.push(words.say("monitor-slice").with("copies", u64::from(copies)).into()),
        None => {}
    }
    let awaits = |hop: &&Standing| leaving.hosts_awaited.contains(&hop.scope);
    let silent: Vec<&str> = silent.iter().filter(awaits).map(|hop| hop.name.as_str()).collect();
    if leaving.per_second <= 0.0 && !silent.is_empty() {
        // An end that is reckoned from limits alone would not be true.
        let said = words.say("monitor-silent").with("who", silent.join(", "));
        lines.push(said.into());
        return lines;
    }
    lines.push(match leaving.outlook {
        Some(outlook) if outlook.begins > now => {
            let said = words.say("monitor-later").with("when", moment(outlook.begins));
            said.with("ends", moment(outlook.ends)).into()
        }
        Some(outlook) => words.say("monitor-ends").with("ends", moment(outlook.ends)).into(),
        None => words.say("monitor-tried").into(),
    });
    lines
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;
    use crate::decide::shape::{Outlook, Passage, Pulse, Scope};

    fn hop(name: &str) -> Scope {
        Scope::Host(name.into())
    }

    fn silent(name: &str) -> Standing {
        Standing {
            scope: hop(name),
            name: name.to_owned(),
            rate: None,
            connections: None,
            in_use: 0,
            messages_per_connection: None,
            today: None,
            passage: Passage::HalfOpen("nobody is there".to_owned()),
            is_slowed: false,
            slowed_by: None,
        }
    }

    fn said(per_second: f64, awaited: &[&str], silent: &[Standing]) -> String {
        let now = Timestamp::from_micros(1_764_000_000_000_000);
        let leaving = Leaving {
            per_second,
            outlook: Some(Outlook { begins: now, ends: now }),
            course: Pulse::whole(),
            slice: None,
            hosts_awaited: awaited.iter().copied().map(hop).collect(),
            judgement: Judgement::Fine,
        };
        let words = Words::of(&HeaderMap::new());
        lines(words, (&TimeZone::UTC, now), &leaving, silent).join(" ")
    }

    #[test]
    fn while_its_next_hop_is_silent_no_end_is_foretold() {
        let (awaited, silent) = (["smarthost:25"], [silent("smarthost:25")]);
        assert!(said(0.0, &awaited, &[]).contains("is expected to leave"));
        assert_eq!(
            said(0.0, &awaited, &silent),
            "Nothing goes to smarthost:25 now; why, and until when, stands below."
        );
        // It goes by another way.
        assert!(said(2.0, &awaited, &silent).contains("is expected to leave"));
    }

    #[test]
    fn only_next_hops_are_named_that_it_has_copies_for() {
        let silent = [silent("a.example"), silent("b.example"), silent("c.example")];
        let waiting = said(0.0, &["b.example", "d.example"], &silent);
        assert!(waiting.starts_with("Nothing goes to b.example now"), "{waiting}");
        assert!(said(0.0, &["d.example"], &silent).contains("is expected to leave"));
    }
}
