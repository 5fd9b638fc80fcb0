//! One mailing, whole: what it is, how it stands, and what comes next.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::counts::{came_back, left_out, tally};
use super::fares::{Fared, fares};
use super::line::{Line, Office};
use super::preview::Preview;
use super::uncertain::{Doubted, uncertain};
use super::{read, remarks};
use crate::cli::client::Client;
use crate::cli::{Error, out};
use crate::decide::lint::Remark;
use crate::mail::Timestamp;
use crate::model::{CameBack, Exclusion, Tally};

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

/// One mailing, whole.
pub(in crate::cli) fn show(client: &Client, value: Value) -> Result<(), Error> {
    let whole: Whole = read(value)?;
    out::card(&whole.card(client))?;
    fares(&whole.by_provider)?;
    if whole.says_more() && !whole.by_provider.is_empty() {
        out::line("")?;
    }
    whole.approvals.iter().try_for_each(|approval| approval.show(client))?;
    whole.findings.iter().try_for_each(Finding::show)?;
    remarks(&whole.remarks)?;
    uncertain(client, &whole.uncertain, whole.when_uncertain.as_deref())?;
    if let Some(next) = whole.next() {
        out::line(&format!("Next: {next}"))?;
    }
    whole.preview.as_ref().map_or(Ok(()), Preview::show)
}

impl Whole {
    /// What it is and how it stands; what there is nothing to say of is empty.
    fn card(&self, client: &Client) -> Vec<(&'static str, String)> {
        let line = &self.line;
        let (submitted, bytes) = (client.time(line.submitted_at), out::count(self.bytes));
        let did = |by: &Option<String>, at: Timestamp| {
            let by = by.as_deref().unwrap_or("the gateway");
            format!("by {by}, {}", client.time(at))
        };
        let not_before = line.scheduled_for.map(|at| format!("not before {}", client.time(at)));
        let released = self.released.as_ref().map(|released| did(&released.by, released.at));
        let paused = self.pause.as_ref().map(|pause| did(&pause.by, pause.at));
        let why = self.pause.as_ref().map(|pause| pause.why.clone());
        let ended = self.ended.as_ref().map(|ended| did(&ended.by, ended.at));
        let comment = self.ended.as_ref().map(|ended| ended.comment.clone());
        let reach = self.reach.as_ref().map(|reach| out::count(reach.recipients));
        let exclusions = self.reach.as_ref().map_or(&self.exclusions, |reach| &reach.exclusions);
        vec![
            ("Case", format!("{}, {}", line.id, line.in_words)),
            ("Subject", line.subject.clone()),
            ("From", format!("{}, {submitted}, {bytes} bytes", line.author)),
            ("For", line.audience()),
            ("Category", line.category.clone()),
            ("Lapses", line.until.map(|until| client.time(until)).unwrap_or_default()),
            ("Wanting", line.wanting()),
            ("Taken on by", line.claimed_by.clone().unwrap_or_default()),
            ("Leaves", not_before.unwrap_or_default()),
            ("Released", released.unwrap_or_default()),
            ("Paused", paused.unwrap_or_default()),
            ("Why", why.unwrap_or_default()),
            ("Ended", ended.unwrap_or_default()),
            ("Comment", comment.unwrap_or_default()),
            ("Copies", self.tally.as_ref().map(tally).unwrap_or_default()),
            ("Came back", came_back(&self.came_back)),
            ("Would reach", reach.unwrap_or_default()),
            ("Left out", left_out(exclusions)),
            ("You may", self.may.join(", ")),
            ("Not release", self.why_not_release.clone().unwrap_or_default()),
        ]
    }

    /// Whether anything stands between the counts and the text.
    fn says_more(&self) -> bool {
        let is_silent = self.approvals.is_empty()
            && self.findings.is_empty()
            && self.remarks.is_empty()
            && self.uncertain.is_empty()
            && self.next().is_none();
        !is_silent
    }

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

impl Approval {
    fn show(&self, client: &Client) -> Result<(), Error> {
        let (office, by, at) = (&self.office.name, &self.by, client.time(self.at));
        out::line(&format!("Approved for the {office} by {by}, {at}"))
    }
}

impl Finding {
    fn show(&self) -> Result<(), Error> {
        let Self {
            rule,
            clause,
            asks,
            sentence,
        } = self;
        out::line(&format!("{clause} {rule} ({asks}): {sentence}"))
    }
}
