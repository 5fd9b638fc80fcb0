//! What every page has: the frame around it, and how it becomes an answer.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::session::SignedIn;
use super::words::{Key, Words};
use super::{Room, asset};
use crate::mail::Address;
use crate::model::Offices;
use crate::stage::review::Desk;

/// How many things stand in the menu itself: as many as have one line beside a name, on a window of 1,024 points.
const MENU_MAX: usize = 6;

/// The frame of a page for somebody who is signed in.
#[derive(Debug)]
pub(super) struct Frame {
    /// In the window's title.
    pub(super) title: String,
    /// Whose gateway this is.
    pub(super) organization: String,
    /// The pages there are for them: path and name.
    pub(super) menu: Vec<(&'static str, Key)>,
    /// Those of them that are used less, and are folded away; none where all have room.
    pub(super) more: Vec<(&'static str, Key)>,
    /// The path of the entry of the menu that leads here.
    pub(super) here: &'static str,
    /// Who is signed in.
    pub(super) who: String,
    /// Whether they are a reviewer.
    pub(super) reviews: bool,
    /// Goes into every form.
    pub(super) csrf: String,
    /// What was just done, or was not.
    pub(super) said: Option<Said>,
    /// Where the stylesheet is.
    pub(super) style: &'static str,
    /// Where the script is.
    pub(super) script: &'static str,
    /// Where the icon is.
    pub(super) icon: &'static str,
}

/// A sentence on top of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// It was done.
    Done(String),
    /// It was not.
    Refused(String),
}

impl Frame {
    /// The frame of a page for `who`, with what is to be said of their last act.
    pub(super) fn of(
        room: &Room,
        who: &SignedIn,
        title: impl Into<String>,
        here: &'static str,
        said: Option<Said>,
    ) -> Self {
        let offices: &Offices = room.state.desk.offices();
        let (menu, more) = folded(menu(&room.state.desk, &who.account));
        Self {
            title: title.into(),
            organization: room.state.organization.clone(),
            menu,
            more,
            here,
            who: who.account.to_string(),
            reviews: offices.reviewer(&who.account).is_some(),
            csrf: who.csrf.clone(),
            said,
            style: asset::STYLE.path(),
            script: asset::SCRIPT.path(),
            icon: asset::ICON.path(),
        }
    }
}

impl Frame {
    /// Whether this is a page they may see.
    pub(super) fn leads_to(&self, path: &str) -> bool {
        self.menu.iter().chain(&self.more).any(|(to, _)| *to == path)
    }
}

/// A menu that is too long for one line: what stands in it, beside the fold, and what is folded away.
fn folded<T>(mut menu: Vec<T>) -> (Vec<T>, Vec<T>) {
    let more = if menu.len() > MENU_MAX {
        menu.split_off(MENU_MAX - 1)
    } else {
        Vec::new()
    };
    (menu, more)
}

/// The pages there are for somebody, the most used first; nobody is shown the way to one they may not see.
fn menu(desk: &Desk, who: &Address) -> Vec<(&'static str, Key)> {
    let all = [
        ("/", Key("title-queue"), true),
        ("/mailings", Key("title-mailings"), true),
        ("/calendar", Key("title-calendar"), true),
        ("/monitor", Key("title-monitor"), desk.may_watch(who)),
        ("/emergency", Key("title-emergency"), desk.may_arm(who)),
        ("/mine", Key("title-mine"), true),
        ("/explain", Key("title-explain"), true),
        ("/report", Key("title-report"), desk.may_audit(who)),
        ("/audience", Key("title-audience"), desk.may_reckon(who)),
        ("/people", Key("title-people"), desk.may_look_up(who)),
        ("/audit", Key("title-audit"), desk.may_audit(who)),
    ];
    let theirs = all.into_iter().filter(|(_, _, is_theirs)| *is_theirs);
    theirs.map(|(path, name, _)| (path, name)).collect()
}

/// A page of one sentence, for whoever it may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paper<'a> {
    /// The heading.
    pub(super) title: &'a str,
    /// The sentence.
    pub(super) sentence: &'a str,
    /// Where to go from here.
    pub(super) home: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "error.html", config = ".askama.toml")]
struct PaperPage<'a> {
    words: Words,
    paper: Paper<'a>,
    style: &'static str,
    icon: &'static str,
}

/// The page of one sentence, as an answer.
pub(super) fn respond(words: Words, status: StatusCode, paper: &Paper<'_>) -> Response {
    let page = PaperPage {
        words,
        paper: *paper,
        style: asset::STYLE.path(),
        icon: asset::ICON.path(),
    };
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_source) => {
            let plain = HeaderValue::from_static("text/plain; charset=utf-8");
            (status, [(header::CONTENT_TYPE, plain)], paper.sentence.to_owned()).into_response()
        }
    }
}

/// A refusal as a sentence: with a capital, and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", chars.as_str())
}

/// A text as the value of a query: all but the plainest characters as percent signs.
pub(super) fn query_value(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_has_a_capital_and_one_full_stop() {
        assert_eq!(sentence("say why"), "Say why.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(""), ".");
    }

    #[test]
    fn a_menu_that_is_too_long_is_folded_and_never_for_one_entry() {
        assert_eq!(folded((1..=6).collect()), ((1..=6).collect(), vec![]));
        assert_eq!(folded((1..=7).collect()), ((1..=5).collect(), vec![6, 7]));
        assert_eq!(folded(Vec::<u8>::new()), (vec![], vec![]));
    }

    #[test]
    fn a_query_value_cannot_start_another() {
        assert_eq!(query_value("/a?b=c&d"), "/a%3Fb%3Dc%26d");
    }
}
