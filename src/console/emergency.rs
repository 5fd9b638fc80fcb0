//! The duty officer's page: show a second factor, and the next message to an emergency list goes at once. Policy C17.

use std::sync::Arc;

use askama::Template;
use axum::extract;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::Room;
use super::error::{self, Error};
use super::page::{Frame, Said};
use super::session::{Posted, SignedIn};
use super::words::{When, Words};
use crate::model::Arming;
use crate::stage::review::Refusal;

#[derive(Template)]
#[template(path = "emergency.html", config = ".askama.toml")]
struct EmergencyPage {
    words: Words,
    frame: Frame,
    /// Until when they are armed, and whether for a drill.
    armed: Option<(When, bool)>,
    is_enrolled: bool,
    minutes: u64,
    /// The lists an emergency may go to.
    lists: Vec<String>,
    drills: bool,
}

/// `GET /emergency`.
pub(super) async fn show(extract::State(room): extract::State<Arc<Room>>, who: SignedIn) -> Result<Response, Error> {
    let desk = &room.state.desk;
    let Some(fresh) = desk.emergency_fresh(&who.account) else {
        return Err(Error::NoSuchPage);
    };
    let armed = desk.armed(&who.account)?;
    let policy = desk.policy();
    let lists = policy.lists.iter().filter(|(_, rule)| rule.emergency);
    let words = who.words;
    let page = EmergencyPage {
        words,
        armed: armed.map(|(until, arming)| (words.when(until, &room.state.zone), arming == Arming::Drill)),
        is_enrolled: room.state.store.second_factor(&who.account)?.is_some(),
        minutes: fresh.as_secs() / 60,
        lists: lists.map(|(list, _)| list.to_string()).collect(),
        drills: !policy.emergency.drill.is_empty(),
        frame: {
            let said = room.sessions.said(&who);
            Frame::of(&room, &who, words.say("title-emergency"), "/emergency", said)
        },
    };
    Ok(Html(page.render()?).into_response())
}

/// `POST /emergency/arm`, `POST /emergency/drill`: with the code of now.
pub(super) async fn arm(
    extract::State(room): extract::State<Arc<Room>>,
    extract::Path(what): extract::Path<String>,
    posted: Posted,
) -> Result<Response, Error> {
    let arming = match what.as_str() {
        "arm" => Arming::Emergency,
        "drill" => Arming::Drill,
        _ => return Err(Error::NoSuchPage),
    };
    let said = match room.state.desk.arm(&posted.who.account, &posted.comment, arming).await {
        Ok(done) => Said::Done(done.sentence),
        Err(Refusal::Store(error)) => return Err(Error::Refused(Refusal::Store(error))),
        Err(Refusal::NotEntitled(_)) => return Err(Error::NoSuchPage),
        Err(refusal) => Said::Refused(error::sentence(posted.who.words, &refusal)),
    };
    room.sessions.say(&posted.who, said);
    Ok(Redirect::to("/emergency").into_response())
}
