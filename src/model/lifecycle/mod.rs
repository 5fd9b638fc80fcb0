//! The states of a mailing, and the moves between them.
//!
//! | state | the store has | left by | becomes |
//! |---|---|---|---|
//! | [`Submitted`] | nothing yet: in memory, before the final reply | the policy | [`Held`] · [`Released`] · refused (550; only an event stays) |
//! | [`Held`] | message, mailing, hold with its findings | a reviewer, once no approval is wanting · back for changes · a no · the deadline · the author | [`Released`] · [`Ended`] |
//! | [`Released`] | + release: who, when, not before | expand, when its hour has come · the author | [`Expanded`] · [`Ended`] |
//! | [`Expanded`] | + plan, ledger, exclusions | the last delivery settled · a reviewer's stop | [`Closed`] |
//! | [`Closed`] | + totals | – | – |
//! | [`Ended`] | why no copy was ever sent | – | – |
//!
//! A state is a struct that holds exactly what that state has; a move consumes it. [`Released`] is made by
//! [`Held::release`] and [`Submitted::pass`] only, and only a [`Released`] can be expanded: so no mass mailing leaves
//! without its stewards and a reviewer. Law 1 of the gateway.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Approval, Binding, Capacity, Exclusion, Finding, Herald, Hold, Lane, Mailing, MailingId, Release, Reviewer,
    Steward, Survey, Tally, Wanting,
};
use crate::mail::{Address, Timestamp};

/// Taken from its author, not yet decided on.
#[derive(Debug)]
pub struct Submitted(Mailing);

impl Submitted {
    /// A mailing the policy has not judged yet.
    pub fn new(mailing: Mailing) -> Self {
        Self(mailing)
    }

    /// The policy keeps it.
    pub fn hold(self, findings: Vec<Finding>, until: Timestamp) -> Held {
        Held {
            mailing: self.0,
            hold: Hold::new(findings, until),
        }
    }

    /// The policy lets it go: its author named the recipients. What the institution itself would send gets no further
    /// than a hold, and comes back.
    pub fn pass(self, not_before: Timestamp, now: Timestamp) -> Result<Released, Box<Mailing>> {
        match self.0.capacity {
            Capacity::Conveyed => Ok(let_go(self.0, None, not_before, now, Vec::new())),
            Capacity::Initiated => Err(Box::new(self.0)),
        }
    }

    /// An emergency: a named role with a fresh second factor, to lists that are meant for it. Nobody is waited for;
    /// a reviewer reads it afterwards. Policy C17. What any of its lists does not fit comes back.
    pub fn emergency(self, by: &Herald, now: Timestamp) -> Result<Released, Box<Mailing>> {
        if self.0.lane == Lane::Emergency && by.account().is_same_mailbox(&self.0.author.address) {
            Ok(let_go(self.0, Some(by.account()), now, now, Vec::new()))
        } else {
            Err(Box::new(self.0))
        }
    }

    /// More of what is held already: it waits for that case, and goes where it goes. Policy C7.
    pub fn join(self, case: MailingId, findings: Vec<Finding>, until: Timestamp) -> Held {
        Held {
            hold: Hold::new(findings, until).slice_of(case),
            mailing: self.0,
        }
    }
}

fn let_go(
    mailing: Mailing,
    by: Option<&Address>,
    not_before: Timestamp,
    now: Timestamp,
    approved_by: Vec<super::OfficeId>,
) -> Released {
    let release = Release {
        by: by.cloned(),
        at: now,
        not_before,
        approved_by,
    };
    Released { mailing, release }
}

/// A mailing that waits for its stewards and a reviewer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    mailing: Mailing,
    hold: Hold,
}

impl Held {
    /// Why it is held, and who is wanted.
    pub fn hold(&self) -> &Hold {
        &self.hold
    }

    /// The offices whose approval is still wanting.
    pub fn wanting(&self) -> Vec<super::OfficeId> {
        self.hold.wanting(&self.mailing)
    }

    /// A steward says yes to the use of the audience in their care.
    pub fn approve(mut self, by: &Steward, now: Timestamp) -> Result<Self, Wanting> {
        let binding = Binding::of(&self.mailing);
        if !self.hold.wants().contains(by.office()) {
            return Err(Wanting::NotYours(by.office().clone()));
        }
        let given = self
            .hold
            .approvals()
            .iter()
            .find(|a| a.office == *by.office() && a.to == binding);
        if let Some(given) = given {
            return Err(Wanting::AlreadyApproved {
                by: given.by.clone(),
                at: given.at,
            });
        }
        let approval = Approval {
            office: by.office().clone(),
            by: by.account().clone(),
            at: now,
            to: binding,
        };
        self.hold.add(approval);
        Ok(self)
    }

    /// A reviewer lets it go: never their own mailing, and only when no approval is wanting. Laws 1 and 2.
    pub fn release(self, by: &Reviewer, not_before: Timestamp, now: Timestamp) -> Result<Released, Wanting> {
        if by.account().is_same_mailbox(&self.mailing.author.address) {
            return Err(Wanting::OwnMailing);
        }
        let wanting = self.wanting();
        if !wanting.is_empty() {
            return Err(Wanting::Approvals(wanting));
        }
        if self.hold.wants_survey() && self.hold.survey().is_none() {
            return Err(Wanting::Survey);
        }
        if let Some(case) = self.hold.case() {
            return Err(Wanting::Slice(case));
        }
        let approved_by = self.hold.wants().to_vec();
        Ok(let_go(self.mailing, Some(by.account()), not_before, now, approved_by))
    }

    /// Its author says, with a reason that is kept, that these are people they work with, or their class: only what is
    /// held for its number of recipients alone, and only so many of them. Policy C6, C7.
    pub fn attest(self, by: &Address, people_max: u32, now: Timestamp) -> Result<Released, Wanting> {
        if !by.is_same_mailbox(&self.mailing.author.address) {
            return Err(Wanting::NotTheAuthor);
        }
        let people = u32::try_from(self.mailing.envelope.forward_paths().len()).unwrap_or(u32::MAX);
        let is_only_many = self.hold.findings().iter().all(Finding::can_be_attested);
        if self.mailing.capacity != Capacity::Conveyed || !is_only_many || people > people_max {
            return Err(Wanting::NotAttestable(people_max));
        }
        Ok(let_go(self.mailing, Some(by), now, now, Vec::new()))
    }

    /// A second person of the emergency roles confirms it. Policy C17.
    pub fn confirm(mut self, by: &Herald, now: Timestamp) -> Result<Released, Wanting> {
        if by.account().is_same_mailbox(&self.mailing.author.address) {
            return Err(Wanting::OwnMailing);
        }
        if !self.hold.findings().iter().any(|finding| finding.rule == "emergency") {
            return Err(Wanting::NoEmergency);
        }
        self.mailing.lane = Lane::Emergency;
        Ok(let_go(self.mailing, Some(by.account()), now, now, Vec::new()))
    }

    /// What its author says of the survey. Policy C13.
    #[must_use]
    pub fn with_survey(mut self, survey: Survey) -> Self {
        self.hold.set_survey(survey);
        self
    }

    /// A slice goes where its case went; stays where its case still waits. Policy C7.
    pub fn follow(self, case: &State, now: Timestamp) -> Option<State> {
        let release = match case {
            State::Held(_) => return None,
            State::Released(Released { release, .. })
            | State::Expanded(Expanded { release, .. })
            | State::Closed(Closed { release, .. }) => release,
            State::Ended(ended) => {
                let comment = ended.comment.clone();
                return Some(State::Ended(Ended::of(
                    self.mailing,
                    ended.end,
                    &ended.by,
                    comment,
                    now,
                )));
            }
        };
        let by = release.by.clone();
        Some(State::Released(let_go(
            self.mailing,
            by.as_ref(),
            release.not_before,
            now,
            Vec::new(),
        )))
    }

    /// Its author makes it a request to a list: this one ends, and what is returned begins. Policy C7.
    pub fn convert(self, by: &Address, list: &Address, now: Timestamp) -> Result<Ended, Wanting> {
        if !by.is_same_mailbox(&self.mailing.author.address) {
            return Err(Wanting::NotTheAuthor);
        }
        if self.mailing.capacity != Capacity::Conveyed || !self.hold.findings().iter().all(Finding::can_be_attested) {
            return Err(Wanting::NotConvertible);
        }
        let comment = format!("made a request to {list}");
        Ok(Ended::of(self.mailing, End::Converted, by, comment, now))
    }

    /// A reviewer wants changes.
    pub fn give_back(self, by: &Reviewer, comment: String, now: Timestamp) -> Ended {
        Ended::of(self.mailing, End::Returned, by.account(), comment, now)
    }

    /// A reviewer says no.
    pub fn decline(self, by: &Reviewer, comment: String, now: Timestamp) -> Ended {
        Ended::of(self.mailing, End::Declined, by.account(), comment, now)
    }

    /// A steward says no to the use of the audience in their care.
    pub fn refuse_use(self, by: &Steward, comment: String, now: Timestamp) -> Result<Ended, Wanting> {
        if !self.hold.wants().contains(by.office()) {
            return Err(Wanting::NotYours(by.office().clone()));
        }
        Ok(Ended::of(self.mailing, End::Declined, by.account(), comment, now))
    }

    /// Its author takes it back.
    pub fn withdraw(self, by: &Address, now: Timestamp) -> Result<Ended, Wanting> {
        withdrawn(self.mailing, by, now)
    }

    /// Nobody answered in time.
    pub fn lapse(self, now: Timestamp) -> Ended {
        let author = self.mailing.author.address.clone();
        Ended::of(self.mailing, End::Lapsed, &author, String::new(), now)
    }
}

/// A mailing that may be expanded once its hour has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    mailing: Mailing,
    release: Release,
}

impl Released {
    /// Who let it go, and when.
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// Its plan is sealed: so many recipients, so many left out.
    pub fn expand(self, planned: u64, exclusions: BTreeMap<Exclusion, u64>, now: Timestamp) -> Expanded {
        let Self { mailing, release } = self;
        Expanded {
            mailing,
            release,
            planned,
            exclusions,
            expanded_at: now,
            paused: false,
        }
    }

    /// Its author takes it back before the first copy left. Policy C14.
    pub fn withdraw(self, by: &Address, now: Timestamp) -> Result<Ended, Wanting> {
        withdrawn(self.mailing, by, now)
    }

    /// Not before then: more like it may follow. What a person has let go is not held up. Policy C7.
    #[must_use]
    pub fn settle(mut self, until: Timestamp) -> Self {
        if self.release.by.is_none() {
            self.release.not_before = self.release.not_before.max(until);
        }
        self
    }

    /// Taken back before it left: it turned out to be one slice of a case. What a person has let go is not. Policy C7.
    pub fn recall(self, case: MailingId, findings: Vec<Finding>, until: Timestamp) -> Option<Held> {
        let is_passed = self.release.by.is_none() && self.mailing.capacity == Capacity::Conveyed;
        is_passed.then(|| Submitted::new(self.mailing).join(case, findings, until))
    }
}

/// A mailing whose copies are leaving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expanded {
    mailing: Mailing,
    release: Release,
    planned: u64,
    exclusions: BTreeMap<Exclusion, u64>,
    expanded_at: Timestamp,
    paused: bool,
}

impl Expanded {
    /// Who let it go, and when.
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// Recipients in the plan.
    pub fn planned(&self) -> u64 {
        self.planned
    }

    /// Who was left out, counted by reason.
    pub fn exclusions(&self) -> &BTreeMap<Exclusion, u64> {
        &self.exclusions
    }

    /// When the plan was sealed; retries count from here.
    pub fn expanded_at(&self) -> Timestamp {
        self.expanded_at
    }

    /// Whether no further copy may leave for now.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// No further copy, for now.
    #[must_use]
    pub fn pause(self) -> Self {
        Self { paused: true, ..self }
    }

    /// Go on.
    #[must_use]
    pub fn resume(self) -> Self {
        Self { paused: false, ..self }
    }

    /// The last delivery is settled.
    pub fn close(self, tally: Tally, now: Timestamp) -> Closed {
        let Self {
            mailing,
            release,
            exclusions,
            ..
        } = self;
        Closed {
            mailing,
            release,
            exclusions,
            tally,
            closed_at: now,
            stopped_by: None,
        }
    }

    /// No further copy, ever.
    pub fn stop(self, by: &Address, tally: Tally, now: Timestamp) -> Closed {
        Closed {
            stopped_by: Some(by.clone()),
            ..self.close(tally, now)
        }
    }
}

/// A mailing that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    mailing: Mailing,
    release: Release,
    exclusions: BTreeMap<Exclusion, u64>,
    tally: Tally,
    closed_at: Timestamp,
    stopped_by: Option<Address>,
}

impl Closed {
    /// Who let it go, and when.
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// How the deliveries ended.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Who was left out, counted by reason.
    pub fn exclusions(&self) -> &BTreeMap<Exclusion, u64> {
        &self.exclusions
    }

    /// When.
    pub fn closed_at(&self) -> Timestamp {
        self.closed_at
    }

    /// Who stopped it before its end; `None` when it came to its end.
    pub fn stopped_by(&self) -> Option<&Address> {
        self.stopped_by.as_ref()
    }
}

/// How a mailing ended before any copy was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// Sent back for changes.
    Returned,
    /// A no.
    Declined,
    /// Nobody answered in time.
    Lapsed,
    /// The author took it back.
    Withdrawn,
    /// The author made it a request to a list.
    Converted,
}

/// A mailing of which no copy was sent, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    mailing: Mailing,
    end: End,
    by: Address,
    comment: String,
    at: Timestamp,
}

impl Ended {
    fn of(mailing: Mailing, end: End, by: &Address, comment: String, at: Timestamp) -> Self {
        Self {
            mailing,
            end,
            by: by.clone(),
            comment,
            at,
        }
    }

    /// How.
    pub fn end(&self) -> End {
        self.end
    }

    /// Who ended it; the author when time did.
    pub fn by(&self) -> &Address {
        &self.by
    }

    /// What they said.
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// When.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

fn withdrawn(mailing: Mailing, by: &Address, now: Timestamp) -> Result<Ended, Wanting> {
    if !by.is_same_mailbox(&mailing.author.address) {
        return Err(Wanting::NotTheAuthor);
    }
    Ok(Ended::of(mailing, End::Withdrawn, by, String::new(), now))
}

/// Any state that the store keeps: for lists, pages, and the store itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Waits for people.
    Held(Held),
    /// Waits for its hour and for expansion.
    Released(Released),
    /// Its copies are leaving.
    Expanded(Expanded),
    /// Over.
    Closed(Closed),
    /// Over before it began.
    Ended(Ended),
}

impl State {
    /// What was submitted.
    pub fn mailing(&self) -> &Mailing {
        match self {
            Self::Held(Held { mailing, .. })
            | Self::Released(Released { mailing, .. })
            | Self::Expanded(Expanded { mailing, .. })
            | Self::Closed(Closed { mailing, .. })
            | Self::Ended(Ended { mailing, .. }) => mailing,
        }
    }

    /// Its number.
    pub fn id(&self) -> MailingId {
        self.mailing().id
    }

    /// The state in one word: `held`, `released`, `expanded`, `closed`, `returned`, `declined`, `lapsed`, `withdrawn`,
    /// `converted`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Held(_) => "held",
            Self::Released(_) => "released",
            Self::Expanded(_) => "expanded",
            Self::Closed(_) => "closed",
            Self::Ended(ended) => match ended.end {
                End::Returned => "returned",
                End::Declined => "declined",
                End::Lapsed => "lapsed",
                End::Withdrawn => "withdrawn",
                End::Converted => "converted",
            },
        }
    }

    /// Whether nothing will happen to it any more.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Closed(_) | Self::Ended(_))
    }
}

/// The one door back from the disk, for the store alone.
pub fn restore(record: &[u8]) -> Result<State, postcard::Error> {
    postcard::from_bytes(record)
}

#[cfg(test)]
mod tests;
