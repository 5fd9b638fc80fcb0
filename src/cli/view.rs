//! Mailings as the API tells them, and as people read them.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::client::Client;
use super::{Error, out};
use crate::decide::lint::{Fix, Remark};
use crate::mail::Timestamp;
use crate::model::{CameBack, Exclusion, Tally};

/// Replies of a provider that are shown.
const REPLIES_SHOWN: usize = 2;
/// Lines of a message's text that are shown.
const TEXT_LINES_MAX: usize = 60;
/// Uncertain recipients that are named.
const UNCERTAIN_MAX: usize = 50;

/// One line of a listing.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) state: String,
    paused: bool,
    subject: String,
    author: String,
    category: String,
    lists: Vec<String>,
    people: usize,
    submitted_at: Timestamp,
    until: Option<Timestamp>,
    pub(super) wanting: Vec<Office>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Office {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Whole {
    #[serde(flatten)]
    line: Line,
    bytes: u64,
    findings: Vec<Finding>,
    remarks: Vec<Remark>,
    approvals: Vec<Approval>,
    released: Option<Released>,
    ended: Option<Ended>,
    pause: Option<Pause>,
    tally: Option<Tally>,
    came_back: CameBack,
    uncertain: Vec<Doubted>,
    when_uncertain: Option<String>,
    by_provider: Vec<Fared>,
    exclusions: BTreeMap<Exclusion, u64>,
    may: Vec<String>,
    why_not_release: Option<String>,
    reach: Option<Reach>,
    preview: Option<Preview>,
}

/// How the copies for one provider fare.
#[derive(Debug, Deserialize)]
pub(super) struct Fared {
    provider: String,
    planned: u64,
    accepted: u64,
    deferred: u64,
    failed: u64,
    uncertain: u64,
    replies: Vec<Said>,
}

#[derive(Debug, Deserialize)]
struct Said {
    reply: String,
    count: u64,
}

#[derive(Debug, Deserialize)]
struct Reach {
    recipients: u64,
    exclusions: BTreeMap<Exclusion, u64>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    rule: String,
    clause: String,
    asks: String,
    sentence: String,
}

#[derive(Debug, Deserialize)]
struct Approval {
    office: Office,
    by: String,
    at: Timestamp,
}

#[derive(Debug, Deserialize)]
struct Released {
    by: Option<String>,
    at: Timestamp,
}

#[derive(Debug, Deserialize)]
struct Ended {
    by: Option<String>,
    at: Timestamp,
    comment: String,
}

/// Why no copy leaves for now.
#[derive(Debug, Deserialize)]
struct Pause {
    by: Option<String>,
    at: Timestamp,
    why: String,
}

/// Somebody whose copy may have arrived.
#[derive(Debug, Deserialize)]
struct Doubted {
    seq: u32,
    who: Option<String>,
    since: Timestamp,
    stands: String,
    again: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct Preview {
    text: Option<String>,
    attachments: Vec<(String, u64)>,
}

/// What the API answered, in our words.
pub(super) fn read<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    Ok(serde_json::from_value(value).context("the gateway answers in another version's words")?)
}

/// A listing of mailings.
pub(super) fn list(client: &Client, lines: Value, none: &str) -> Result<(), Error> {
    let lines: Vec<Line> = read(lines)?;
    let rows: Vec<[String; 6]> = lines
        .iter()
        .map(|line| {
            [
                line.id.clone(),
                line.word(),
                client.time(line.submitted_at),
                line.author.clone(),
                line.audience(),
                line.subject.clone(),
            ]
        })
        .collect();
    out::table(["CASE", "STATE", "SUBMITTED", "BY", "FOR", "SUBJECT"], &rows, none)
}

/// One mailing, whole.
pub(super) fn show(client: &Client, value: Value) -> Result<(), Error> {
    let whole: Whole = read(value)?;
    let at = |at: Timestamp| client.time(at);
    let by = |by: &Option<String>| by.clone().unwrap_or_else(|| "the gateway".to_owned());
    let line = &whole.line;
    out::card(&[
        ("Case", format!("{}, {}", line.id, line.word())),
        ("Subject", line.subject.clone()),
        (
            "From",
            format!(
                "{}, {}, {} bytes",
                line.author,
                at(line.submitted_at),
                out::count(whole.bytes)
            ),
        ),
        ("For", line.audience()),
        ("Category", line.category.clone()),
        ("Lapses", line.until.map(at).unwrap_or_default()),
        ("Wanting", line.wanting()),
        (
            "Released",
            whole
                .released
                .as_ref()
                .map(|r| format!("by {}, {}", by(&r.by), at(r.at)))
                .unwrap_or_default(),
        ),
        (
            "Paused",
            whole
                .pause
                .as_ref()
                .map(|p| format!("by {}, {}", by(&p.by), at(p.at)))
                .unwrap_or_default(),
        ),
        ("Why", whole.pause.as_ref().map(|p| p.why.clone()).unwrap_or_default()),
        (
            "Ended",
            whole
                .ended
                .as_ref()
                .map(|e| format!("by {}, {}", by(&e.by), at(e.at)))
                .unwrap_or_default(),
        ),
        (
            "Comment",
            whole.ended.as_ref().map(|e| e.comment.clone()).unwrap_or_default(),
        ),
        ("Copies", whole.tally.as_ref().map(tally).unwrap_or_default()),
        ("Came back", came_back(&whole.came_back)),
        (
            "Would reach",
            whole
                .reach
                .as_ref()
                .map(|reach| out::count(reach.recipients))
                .unwrap_or_default(),
        ),
        (
            "Left out",
            left_out(
                whole
                    .reach
                    .as_ref()
                    .map_or(&whole.exclusions, |reach| &reach.exclusions),
            ),
        ),
        ("You may", whole.may.join(", ")),
        ("Not release", whole.why_not_release.clone().unwrap_or_default()),
    ])?;
    fares(&whole.by_provider)?;
    for approval in &whole.approvals {
        out::line(&format!(
            "Approved for the {} by {}, {}",
            approval.office.name,
            approval.by,
            at(approval.at)
        ))?;
    }
    for Finding {
        rule,
        clause,
        asks,
        sentence,
    } in &whole.findings
    {
        out::line(&format!("{clause} {rule} ({asks}): {sentence}"))?;
    }
    remarks(&whole.remarks)?;
    uncertain(client, &whole)?;
    if let Some(next) = whole.next() {
        out::line(&format!("Next: {next}"))?;
    }
    whole.preview.as_ref().map_or(Ok(()), Preview::show)
}

/// Those whose copy may have arrived, and what is done about them.
fn uncertain(client: &Client, whole: &Whole) -> Result<(), Error> {
    if whole.uncertain.is_empty() {
        return Ok(());
    }
    let done = match whole.when_uncertain.as_deref() {
        Some("hold") => "; they wait for somebody's word",
        Some("leave") => "; they get no other",
        Some(_) => "; they are sent another, with the same Message-ID",
        None => "",
    };
    out::line(&format!(
        "Uncertain, since the end of their copy was not heard: {}{done}",
        out::count(u64::try_from(whole.uncertain.len()).unwrap_or(u64::MAX))
    ))?;
    for doubted in whole.uncertain.iter().take(UNCERTAIN_MAX) {
        let who = doubted.who.as_deref().unwrap_or("somebody who is not to be shown");
        let stands = match (doubted.stands.as_str(), doubted.again) {
            ("again", Some(at)) => format!("sent another at {}", client.time(at)),
            ("waits", _) => "waits for somebody's word".to_owned(),
            ("under-way", _) => "another is under way".to_owned(),
            ("taken", _) => "another was taken".to_owned(),
            _ => "gets no other".to_owned(),
        };
        let since = client.time(doubted.since);
        out::line(&format!("    recipient {}, {who}, {since}: {stands}", doubted.seq))?;
    }
    match whole.uncertain.len().checked_sub(UNCERTAIN_MAX) {
        None | Some(0) => Ok(()),
        Some(more) => out::line(&format!("    … and {more} more; --json names all")),
    }
}

/// How the copies fare, by provider; nothing where none has left.
fn fares(fares: &[Fared]) -> Result<(), Error> {
    if fares.is_empty() {
        return Ok(());
    }
    let row = |fare: &Fared| {
        let said = |said: &Said| format!("{} {}", out::count(said.count), said.reply);
        let said: Vec<String> = fare.replies.iter().take(REPLIES_SHOWN).map(said).collect();
        [
            fare.provider.clone(),
            out::count(fare.planned),
            out::count(fare.accepted),
            out::count(fare.deferred),
            out::count(fare.failed),
            out::count(fare.uncertain),
            said.join("; "),
        ]
    };
    let rows: Vec<[String; 7]> = fares.iter().map(row).collect();
    let head = [
        "PROVIDER",
        "PLANNED",
        "ACCEPTED",
        "DEFERRED",
        "FAILED",
        "UNCERTAIN",
        "SAID MOST",
    ];
    out::line("")?;
    out::table(head, &rows, "")?;
    out::line("")
}

/// What the editorial checks say, with a diff where a machine knows one.
pub(super) fn remarks(remarks: &[Remark]) -> Result<(), Error> {
    for remark in remarks {
        let (rule, level) = (&remark.rule, remark.level.words());
        out::line(&format!("C12 {rule} ({level}): {}", remark.sentence))?;
        out::line(&format!("    at: {}", out::tame(&remark.place)))?;
        if let Some(Fix { before, after }) = &remark.fix {
            out::line(&format!("    - {}", out::tame(before)))?;
            out::line(&format!("    + {}", out::tame(after)))?;
        }
    }
    Ok(())
}

/// The counts of copies, in words.
pub(super) fn tally(tally: &Tally) -> String {
    format!("{} of {}", outcomes(tally), out::count(tally.planned))
}

/// The same, without how many there are to be.
pub(super) fn outcomes(tally: &Tally) -> String {
    let parts = [
        (tally.accepted, "accepted"),
        (tally.deferred, "deferred"),
        (tally.failed, "failed"),
        (tally.suppressed, "suppressed"),
        (tally.uncertain, "uncertain"),
    ];
    let told = parts.iter().filter(|(count, word)| *count > 0 || *word == "accepted");
    let told: Vec<String> = told
        .map(|(count, word)| format!("{} {word}", out::count(*count)))
        .collect();
    told.join(", ")
}

/// What came back, in words.
fn came_back(counts: &CameBack) -> String {
    let bounced = counts.bounced.iter().map(|(class, count)| (*count, class.word()));
    let others = [(counts.complained, "complained"), (counts.unsubscribed, "unsubscribed")];
    let told: Vec<String> = bounced
        .chain(others)
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", out::count(count)))
        .collect();
    told.join(", ")
}

/// Who gets no copy, counted by reason.
fn left_out(exclusions: &BTreeMap<Exclusion, u64>) -> String {
    let parts = exclusions
        .iter()
        .map(|(why, count)| format!("{} {}", out::count(*count), why.words()));
    parts.collect::<Vec<_>>().join(", ")
}

/// So long, as people say it.
pub(super) fn wait(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}

impl Whole {
    /// What somebody would do who has seen it while its copies leave.
    fn next(&self) -> Option<String> {
        let id = &self.line.id;
        match (self.line.state.as_str(), self.line.paused) {
            ("expanded", true) => Some(format!("bedel mailing resume {id} --as REVIEWER")),
            ("expanded", false) => Some(format!("bedel mailing watch {id}")),
            _ => None,
        }
    }
}

impl Line {
    fn word(&self) -> String {
        if self.paused {
            "paused".to_owned()
        } else {
            self.state.clone()
        }
    }

    fn audience(&self) -> String {
        let people = match self.people {
            0 => None,
            1 => Some("1 person".to_owned()),
            more => Some(format!("{more} people")),
        };
        let parts: Vec<String> = self.lists.iter().cloned().chain(people).collect();
        if parts.is_empty() {
            "those its author named".to_owned()
        } else {
            parts.join(", ")
        }
    }

    fn wanting(&self) -> String {
        match (self.state.as_str(), self.wanting.as_slice()) {
            ("held", []) => "nobody but a reviewer".to_owned(),
            (_, wanting) => wanting
                .iter()
                .map(|office| office.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        }
    }
}

impl Preview {
    fn show(&self) -> Result<(), Error> {
        for (name, bytes) in &self.attachments {
            out::line(&format!("Attached: {name}, {} bytes", out::count(*bytes)))?;
        }
        let Some(text) = self.text.as_deref().map(out::tame) else {
            return Ok(());
        };
        out::line("")?;
        for line in text.trim_end().lines().take(TEXT_LINES_MAX) {
            out::line(&format!("    {line}"))?;
        }
        match text.trim_end().lines().count().checked_sub(TEXT_LINES_MAX) {
            None | Some(0) => Ok(()),
            Some(more) => out::line(&format!("    … and {more} lines more")),
        }
    }
}
