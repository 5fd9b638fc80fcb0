//! Held: a mailing that waits for its stewards and a reviewer, and every way out of that.

use serde::{Deserialize, Serialize};

use super::{Closed, End, Ended, Expanded, Released, State, let_go, withdrawn};
use crate::mail::{Address, Timestamp};
use crate::model::{
    Approval, Binding, Capacity, Finding, Herald, Hold, Lane, Mailing, OfficeId, Reviewer, Steward, Survey, Wanting,
};

/// A mailing that waits for its stewards and a reviewer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub(super) mailing: Mailing,
    pub(super) hold: Hold,
}

impl Held {
    /// Why it is held, and who is wanted.
    pub fn hold(&self) -> &Hold {
        &self.hold
    }

    /// The offices whose approval is still wanting.
    pub fn wanting(&self) -> Vec<OfficeId> {
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
