//! Prose: who failed, and why, out of a text that was written for people.
//!
//! Programs that send no RFC 3464 all write much the same: a sentence that mail was not delivered, the addresses, each at
//! the beginning of a line with what was said of it, a log of the session, and our own message. So the text is read by
//! that structure; which program wrote it is never asked. An address counts by where it stands (`place`), and only
//! those of the best place there is are taken: what a log mentions is nobody once a list has named who failed.

mod line;
mod place;

use super::classify::{class, codes, is_temporary, shortened, status_in};
use super::letter::Letter;
use super::phrases::{DELAYS, FINALS, plain};
use super::{Action, Told};
use crate::mail::{Address, Status};
use crate::model::BounceClass;
use line::{Line, lines, shown_of};
use place::{Candidate, Place, chosen};

/// Lines after an address that may say why.
const REASON_LINES_MAX: usize = 8;

/// What a text says.
#[derive(Debug, Default)]
pub(super) struct Prose {
    /// Who, and why; without anybody it is a text that speaks of a failure and names nobody.
    pub(super) told: Vec<Told>,
    /// A sentence says that mail was not delivered.
    pub(super) is_of_failure: bool,
    /// An address stands where who failed is named.
    pub(super) is_listed: bool,
}

/// Reads a text for people.
pub(super) fn read(letter: &Letter) -> Prose {
    let lines = lines(&letter.text);
    let shown = shown_of(&lines);
    let action = action(&plain(&letter.subject), &shown);
    let found = chosen(&lines, letter);
    let is_listed = found.iter().any(|one| one.is_item && one.place >= Place::Explained);
    let starts: Vec<usize> = found.iter().map(|one| one.line).collect();
    // What is said of all of them stands above them; what is said of one alone may stand anywhere.
    let above = starts
        .first()
        .filter(|_| found.len() > 1)
        .copied()
        .unwrap_or(lines.len());
    let of_all = shown_of(lines.get(..above).unwrap_or_default());
    let told = found.into_iter().map(|one| {
        let reason = reason(&lines, &one, &starts);
        judged(one, &reason, &of_all, action)
    });
    let told: Vec<Told> = told.collect();
    Prose {
        is_of_failure: lines.iter().any(|line| line.opens),
        is_listed,
        told,
    }
}

/// What a text that names nobody says of its recipient.
pub(super) fn unnamed(letter: &Letter) -> Told {
    let lines = lines(&letter.text);
    let shown = shown_of(&lines);
    let action = action(&plain(&letter.subject), &shown);
    told(None, None, &shown, &shown, action)
}

/// What is said of a candidate: the rest of its line and the lines up to the next one.
fn reason(lines: &[Line<'_>], one: &Candidate, starts: &[usize]) -> String {
    let mut said = String::new();
    if let Some(line) = lines.get(one.line) {
        // An address in a sentence has its reason on both sides.
        said.push_str(if line.opens {
            line.text
        } else {
            line.text.get(one.after..).unwrap_or_default()
        });
    }
    for (at, line) in lines.iter().enumerate().skip(one.line + 1).take(REASON_LINES_MAX) {
        if starts.contains(&at) {
            break;
        }
        said.push('\n');
        said.push_str(line.text);
    }
    said
}

fn judged(one: Candidate, reason: &str, of_all: &str, action: Action) -> Told {
    let (address, forwarded_to) = match one.made_of.filter(|made_of| !made_of.is_same_mailbox(&one.address)) {
        Some(made_of) => (made_of, Some(one.address)),
        None => (one.address, None),
    };
    told(Some(address), forwarded_to, reason, of_all, action)
}

/// What is said of one recipient; where nothing is, what is said of all.
fn told(address: Option<Address>, forwarded_to: Option<Address>, reason: &str, of_all: &str, action: Action) -> Told {
    let (here, everywhere) = (status_in(reason), status_in(of_all));
    let class_of = |status: Option<&Status>, text: &str| {
        let (enhanced, code) = codes(status);
        class(enhanced, code, text)
    };
    let mut class = class_of(here.as_ref(), reason);
    if class == BounceClass::Unknown {
        class = class_of(everywhere.as_ref(), of_all);
    }
    let status = here.or(everywhere).map(|status| Status {
        text: shortened(reason),
        ..status
    });
    let (enhanced, code) = codes(status.as_ref());
    Told {
        address,
        forwarded_to,
        action,
        class,
        hard: action == Action::Failed && class == BounceClass::Gone && !is_temporary(enhanced, code),
        status,
    }
}

/// Whether it was given up, or is still tried.
fn action(subject: &str, shown: &str) -> Action {
    let is_delayed = DELAYS.are_in(shown) || DELAYS.are_in(subject);
    if is_delayed && !FINALS.are_in(shown) {
        Action::Delayed
    } else {
        Action::Failed
    }
}
