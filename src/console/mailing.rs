//! One mailing: where it stands, what you may do, who wrote it, to whom it would go, what they would read.

use std::sync::Arc;

use askama::Template;
use axum::extract::{self, Query};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::Room;
use super::audit::{self, Trail};
use super::beside::{self, Compared, Similar, Versions};
use super::calendar::{self, Day};
use super::error::Error;
use super::frame::Look;
use super::page::{Frame, Said};
use super::plan::{self, Plan};
use super::preview::{self, Letter};
use super::reach::{self, List, Reach};
use super::remarks::{Mend, Remarks};
use super::session::SignedIn;
use super::status::{self, Status};
use super::uncertain::{self, Uncertain};
use super::words::{Key, When, Words};
use crate::model::lifecycle::{Held, State};
use crate::model::{Ask, Finding, MailingId, Series, WhenUncertain};
use crate::stage::review::{Refusal, Standing};

#[derive(Template)]
#[template(path = "mailing.html", config = ".askama.toml")]
struct MailingPage {
    words: Words,
    frame: Frame,
    id: String,
    subject: String,
    status: Status,
    acts: Acts,
    /// Whose copy may have arrived or not.
    uncertain: Uncertain,
    findings: Vec<Found>,
    /// What the editorial checks say while it waits.
    remarks: Remarks,
    versions: Option<Versions>,
    look: Looked,
    author: String,
    proof: String,
    /// What they are to the university, each in words.
    affiliated: Vec<String>,
    /// What became of their other cases lately.
    history: String,
    /// What is much the same, to the same people, lately.
    similar: Vec<Similar>,
    /// How one of those differs, when that is asked for.
    compared: Option<Compared>,
    /// What goes to the same people in the days around it.
    strip: Vec<Day>,
    submitted: When,
    category: String,
    identity: String,
    audience: String,
    lists: Vec<List>,
    reach: Reach,
    /// When the copies would leave, while they have not.
    plan: Option<Plan>,
    /// What recipients get; `None` when the message is no longer one that can be shown.
    letter: Option<Letter>,
    trail: Trail,
}

/// What is asked of the page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Seen {
    /// The version whose difference is shown.
    since: Option<u16>,
    /// `phone`, `dark`, or as it comes.
    #[serde(default)]
    look: String,
    /// The mailing beside which it is looked at.
    #[serde(default)]
    beside: String,
    /// `on`, for those the message carries itself.
    #[serde(default)]
    pictures: String,
}

/// How the HTML is looked at, and how else it can be.
#[derive(Debug)]
struct Looked {
    class: &'static str,
    /// The query of its frame.
    query: String,
    /// Query and name of each way, and whether it is this one.
    ways: [(String, Key, bool); 3],
    pictures: [(String, Key, bool); 2],
}

/// What this person may do now.
#[derive(Debug)]
struct Acts {
    standing: Standing,
    /// The offices they would approve for.
    approve_for: String,
    /// What they had written when they were refused.
    comment: String,
    /// When the copies would begin to leave, if not at once. Policy C11.
    slot: Option<When>,
    /// When the last of them would leave.
    ends: Option<When>,
    /// What is looked at: a decision is of this. Law 3.
    seen: String,
}

impl Acts {
    /// What else could be done about copies whose end is uncertain: as it is asked for, and its name.
    fn uncertain(now: &WhenUncertain) -> Vec<(&'static str, Key)> {
        let name = |one: WhenUncertain| match one {
            WhenUncertain::Resend => Key("act-uncertain-resend"),
            WhenUncertain::Hold => Key("act-uncertain-hold"),
            WhenUncertain::Leave => Key("act-uncertain-leave"),
        };
        let others = WhenUncertain::ALL.into_iter().filter(|one| one != now);
        others.map(|one| (one.word(), name(one))).collect()
    }

    /// Whether there is any.
    fn any(&self) -> bool {
        let Standing {
            approve,
            release,
            give_back,
            decline,
            withdraw,
            pause,
            resume,
            when_uncertain,
            stop,
            attest,
            convert_to,
            name_survey,
            confirm,
            reviewed,
            claim,
            unclaim,
            schedule,
            test,
            edit,
            agree,
            why_not_release,
        } = &self.standing;
        let may = [
            approve,
            release,
            give_back,
            decline,
            withdraw,
            pause,
            resume,
            stop,
            attest,
            name_survey,
            confirm,
            reviewed,
            claim,
            unclaim,
            schedule,
            test,
            edit,
            agree,
        ];
        may.into_iter().any(|may| *may)
            || !convert_to.is_empty()
            || when_uncertain.is_some()
            || why_not_release.is_some()
    }
}

/// One finding.
#[derive(Debug)]
struct Found {
    rule: String,
    clause: String,
    sentence: String,
    /// Whether it is what keeps the mailing.
    holds: bool,
    /// The same, in words.
    asks: String,
}

/// `GET /mailing/{id}`.
pub(super) async fn show(
    extract::State(room): extract::State<Arc<Room>>,
    who: SignedIn,
    extract::Path(id): extract::Path<String>,
    Query(seen): Query<Seen>,
) -> Result<Response, Error> {
    let id = case(&id)?;
    let said = room.sessions.said(&who);
    respond(room, who, id, StatusCode::OK, said, (String::new(), seen)).await
}

/// The page of a mailing, with what is to be said of the last act, and what they had written.
pub(super) async fn respond(
    room: Arc<Room>,
    who: SignedIn,
    id: MailingId,
    status: StatusCode,
    said: Option<Said>,
    (comment, seen): (String, Seen),
) -> Result<Response, Error> {
    tokio::task::spawn_blocking(move || {
        let state = room.state.desk.visible(id, &who.account)?;
        let html = page(&room, &who, &state, said, (comment, &seen))?.render()?;
        Ok((status, Html(html)).into_response())
    })
    .await?
}

/// The number of a case. Ordinary mail has numbers too, and is nobody's to read here.
pub(super) fn case(id: &str) -> Result<MailingId, Error> {
    let id: MailingId = id.parse().map_err(|_not_one| Error::NoSuchPage)?;
    match id.series {
        Series::Case => Ok(id),
        Series::Conveyed => Err(Error::Refused(Refusal::NoSuchMailing(id))),
    }
}

fn page(
    room: &Room,
    who: &SignedIn,
    state: &State,
    said: Option<Said>,
    (comment, seen): (String, &Seen),
) -> Result<MailingPage, Error> {
    let (words, mailing) = (who.words, state.mailing());
    let recent = room.state.desk.recent()?;
    let title = format!("{} {}", mailing.id, words.subject(mailing));
    Ok(MailingPage {
        words,
        frame: Frame::of(room, who, title, "/mailings", said),
        id: mailing.id.to_string(),
        subject: words.subject(mailing),
        status: status::status(room, words, state)?,
        acts: acts(room, who, state, comment)?,
        uncertain: uncertain::uncertain(room, words, state)?,
        findings: findings(words, state),
        remarks: remarks(room, who, state)?,
        versions: beside::versions(room, words, state, &who.account, seen.since)?,
        look: looked(seen),
        author: mailing.author.address.to_string(),
        proof: words.proof(mailing.author.proof),
        affiliated: beside::affiliated(room, words, state)?,
        history: beside::history(room, words, state, &recent),
        similar: beside::similar(room, who, state, &recent),
        compared: beside::compared(room, who, state, &seen.beside)?,
        strip: calendar::strip(room, who, state, &recent),
        submitted: words.when(mailing.submitted_at, &room.state.zone),
        category: words.category(mailing.category),
        identity: words.identity(&mailing.identity),
        audience: words.audience(mailing),
        lists: reach::lists(room, words, mailing),
        reach: reach::reach(room, words, state)?,
        plan: planned(room, words, state)?,
        letter: letter(room, words, state),
        trail: audit::of_mailing(room, words, mailing)?,
    })
}

/// Who may change it may take a mend over.
fn remarks(room: &Room, who: &SignedIn, state: &State) -> Result<Remarks, Error> {
    let may_edit = room.state.desk.standing(state, &who.account).edit;
    let mend = may_edit.then(|| Mend {
        id: state.id().to_string(),
        csrf: who.csrf.clone(),
    });
    Ok(Remarks::of(who.words, room.state.desk.remarks(state)?).mended(mend))
}

fn looked(seen: &Seen) -> Looked {
    let known = ["phone", "dark"].into_iter().find(|known| *known == seen.look);
    let (class, on) = (known.unwrap_or_default(), seen.pictures == "on");
    let way = |way, name| (Look::query(way, on), name, way == class);
    let pictures = |wanted, name| (Look::query(class, wanted), name, wanted == on);
    Looked {
        class,
        query: Look::query(class, on),
        ways: [
            way("", Key("look-plain")),
            way("phone", Key("look-phone")),
            way("dark", Key("look-dark")),
        ],
        pictures: [pictures(false, Key("look-without")), pictures(true, Key("look-with"))],
    }
}

fn acts(room: &Room, who: &SignedIn, state: &State, comment: String) -> Result<Acts, Error> {
    let offices = room.state.desk.offices();
    let wanting = held(state).map(Held::wanting).unwrap_or_default();
    let theirs = offices.stewardships(&who.account);
    let approve_for: Vec<String> = wanting
        .iter()
        .filter(|office| theirs.iter().any(|steward| steward.office() == *office))
        .map(|office| offices.name(office))
        .take(1)
        .collect();
    let standing = room.state.desk.standing(state, &who.account);
    let (mut slot, mut ends) = (None, None);
    if standing.release {
        let counted = room.counts.of(&room.state, state)?;
        let forecast = room.state.desk.forecast(state, &counted.count);
        slot = Some(forecast.begins).filter(|begins| *begins > room.state.clock.now());
        ends = Some(who.words.when(forecast.ends, &room.state.zone));
    }
    Ok(Acts {
        standing,
        approve_for: approve_for.concat(),
        comment,
        slot: slot.map(|slot| who.words.when(slot, &room.state.zone)),
        ends,
        seen: held(state).map(|held| held.binding().as_text()).unwrap_or_default(),
    })
}

fn held(state: &State) -> Option<&Held> {
    match state {
        State::Held(held) => Some(held),
        State::Released(_) | State::Expanded(_) | State::Closed(_) | State::Ended(_) => None,
    }
}

/// A mail that cannot be shown can still be declined: the page does without it.
fn letter(room: &Room, words: Words, state: &State) -> Option<Letter> {
    let preview = room.state.desk.preview(state);
    preview
        .inspect_err(|error| tracing::error!(%error, mailing.id = %state.id(), "a mail cannot be shown"))
        .ok()
        .map(|preview| preview::letter(words, &preview))
}

/// What keeps it first, then what is only said.
fn findings(words: Words, state: &State) -> Vec<Found> {
    let asks = |holds| if holds { Key("asks-hold") } else { Key("asks-note") };
    let found = |finding: &Finding| Found {
        rule: finding.rule.to_string(),
        clause: finding.clause.to_string(),
        sentence: finding.sentence.clone(),
        holds: finding.ask != Ask::Note,
        asks: words.say(asks(finding.ask != Ask::Note)).into(),
    };
    let findings = held(state).map(|held| held.hold().findings()).unwrap_or_default();
    let mut findings: Vec<Found> = findings.iter().map(found).collect();
    findings.sort_by_key(|found| !found.holds);
    findings
}

/// When the copies would leave, as long as they have not begun to.
fn planned(room: &Room, words: Words, state: &State) -> Result<Option<Plan>, Error> {
    match state {
        State::Held(_) | State::Released(_) => {
            let counted = room.counts.of(&room.state, state)?;
            Ok(Some(plan::plan(room, words, state, &counted.count)))
        }
        State::Expanded(_) | State::Closed(_) | State::Ended(_) => Ok(None),
    }
}
