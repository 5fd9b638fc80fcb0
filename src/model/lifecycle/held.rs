//! Held: a mailing that waits for its stewards and a reviewer, and every way out of that.

use serde::{Deserialize, Serialize};

use super::{Closed, End, Ended, Expanded, Released, State, let_go, withdrawn};
use crate::mail::{Address, Timestamp};
use crate::model::{
    Approval, Binding, Capacity, Claim, Drift, Finding, Herald, Hold, Lane, Mailing, MailingId, OfficeId, Prints,
    Returned, Reviewer, Steward, Survey, Version, Wanting,
};

/// What is left after a steward's no.
#[derive(Debug)]
pub enum Refused {
    /// The parts of other offices.
    Part(Box<Held>),
    /// Nothing.
    Whole(Box<Ended>),
}

/// A mailing that waits for its stewards and a reviewer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub(super) mailing: Mailing,
    pub(super) hold: Box<Hold>,
}

impl Held {
    /// Why it is held, and who is wanted.
    pub fn hold(&self) -> &Hold {
        &self.hold
    }

    /// What an approval given now binds to.
    pub fn binding(&self) -> Binding {
        Binding::of(&self.mailing, self.hold.not_before)
    }

    /// Whether it is stewards' and reviewers' turn.
    fn is_theirs(&self) -> Result<(), Wanting> {
        match self.hold.returned() {
            Some(returned) => Err(Wanting::Returned(returned.by.clone())),
            None => Ok(()),
        }
    }

    /// The offices whose approval is still wanting.
    pub fn wanting(&self) -> Vec<OfficeId> {
        self.hold.wanting(&self.mailing)
    }

    /// The offices whose approval counts as it stands.
    pub fn approved(&self) -> Vec<OfficeId> {
        let wanting = self.wanting();
        let wants = self.hold.wants().iter();
        wants.filter(|office| !wanting.contains(office)).cloned().collect()
    }

    /// How far the audience has changed since each approval that counts; of those it has changed for.
    pub fn drifts(&self, prints: &Prints) -> Vec<(OfficeId, Drift)> {
        let binding = self.binding();
        let approvals = self
            .hold
            .wants()
            .iter()
            .filter_map(|office| self.hold.approval(office, binding));
        let drifts = approvals.map(|given| (given.office.clone(), given.audience.drift(prints.of(&given.office))));
        drifts.filter(|(_, drift)| !drift.is_none()).collect()
    }

    /// Approvals of an audience that has changed by more than so many percent count no more; there is time to ask again
    /// until then. `None` when all still count. Law 3.
    pub fn void(mut self, prints: &Prints, percent_max: u64, until: Timestamp, now: Timestamp) -> Option<Self> {
        let mut drifts = self.drifts(prints);
        drifts.retain(|(_, drift)| drift.percent() > percent_max);
        for (office, drift) in &drifts {
            self.hold.make_void(office, *drift, now);
        }
        self.hold.until = self.hold.until.max(until);
        self.hold.changed_at = Some(now);
        (!drifts.is_empty()).then_some(self)
    }

    /// How far the audience has changed for each approval that counts no more, for the trail and the notices.
    pub fn drift_in_words(&self) -> String {
        let voided = self.hold.voided();
        let words = voided.iter().map(|(approval, drift, _)| {
            let Drift { then, joined, left, .. } = drift;
            let (office, percent) = (&approval.office, drift.percent());
            format!("since {office} approved, of {then} people {left} have left and {joined} joined ({percent} %)")
        });
        words.collect::<Vec<_>>().join("; ")
    }

    /// Whoever gave an approval that counts no more has been told.
    #[must_use]
    pub fn asked_again(mut self) -> Self {
        self.hold.asks_again = false;
        self.hold.reminders = 0;
        self
    }

    /// A steward says yes to the use of the audience in their care, as it is now.
    pub fn approve(mut self, by: &Steward, prints: &Prints, now: Timestamp) -> Result<Self, Wanting> {
        self.is_theirs()?;
        let binding = self.binding();
        if !self.hold.wants().contains(by.office()) {
            return Err(Wanting::NotYours(by.office().clone()));
        }
        if let Some(given) = self.hold.approval(by.office(), binding) {
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
            audience: prints.of(by.office()).clone(),
            void: None,
        };
        self.hold.add(approval);
        Ok(self)
    }

    /// A reviewer lets it go: never their own mailing, and only when no approval is wanting. Laws 1 and 2.
    pub fn release(self, by: &Reviewer, not_before: Timestamp, now: Timestamp) -> Result<Released, Wanting> {
        if by.account().is_same_mailbox(&self.mailing.author.address) {
            return Err(Wanting::OwnMailing);
        }
        self.is_theirs()?;
        let wanting = self.wanting();
        if !wanting.is_empty() {
            return Err(Wanting::Approvals(wanting));
        }
        if self.hold.unagreed.is_some() {
            return Err(Wanting::Agreement);
        }
        if self.hold.wants_survey() && self.hold.survey().is_none() {
            return Err(Wanting::Survey);
        }
        if let Some(case) = self.hold.case() {
            return Err(Wanting::Slice(case));
        }
        let before = Box::new(self.clone());
        let kept_out = self.hold.kept_out();
        let approves = |office: &&OfficeId| !kept_out.contains(office);
        let approved_by = self.hold.wants().iter().filter(approves).cloned().collect();
        let mailing = Mailing {
            audience: self.mailing.audience.without(kept_out),
            ..self.mailing
        };
        Ok(Released {
            held: Some(before),
            ..let_go(mailing, Some(by.account()), not_before, now, approved_by)
        })
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
        if !self.hold.is_urgent() {
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

    /// A reviewer wants changes: it is its author's turn, until then.
    pub fn give_back(
        mut self,
        by: &Reviewer,
        comment: String,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Self, Wanting> {
        self.is_theirs()?;
        self.hold.returned = Some(Returned {
            by: by.account().clone(),
            comment,
            at: now,
        });
        self.hold.until = until;
        // Of what its author has just heard, they are reminded once, before it lapses.
        self.hold.reminders = 2;
        Ok(self)
    }

    /// Another version, of its author or of a reviewer who has changed it; `wants_yes` says that its author has to
    /// agree. What was approved before was another mailing. Law 3; Policy C14.
    pub fn renew(
        self,
        mailing: Mailing,
        findings: Vec<Finding>,
        by: &Address,
        wants_yes: bool,
        (until, now): (Timestamp, Timestamp),
    ) -> Self {
        let since = self.hold.since(&self.mailing);
        let Mailing {
            version,
            content,
            subject,
            submitted_at,
            ..
        } = self.mailing;
        let before = Version {
            number: version,
            content,
            subject,
            at: since,
            followed_by: by.clone(),
        };
        let mut hold = self.hold.renewed(findings, before, until, now);
        hold.unagreed = wants_yes.then_some(mailing.content);
        let version = version.saturating_add(1);
        Self {
            mailing: Mailing {
                version,
                submitted_at,
                ..mailing
            },
            hold: Box::new(hold),
        }
    }

    /// Its author agrees to what a reviewer has made of it.
    pub fn agree(mut self, by: &Address) -> Result<Self, Wanting> {
        if !by.is_same_mailbox(&self.mailing.author.address) {
            return Err(Wanting::NotTheAuthor);
        }
        match self.hold.unagreed.take() {
            Some(_) => Ok(self),
            None => Err(Wanting::NothingToAgree),
        }
    }

    /// A reviewer takes it on; from another reviewer, too.
    pub fn claim(mut self, by: &Reviewer, now: Timestamp) -> Result<Self, Wanting> {
        let is_theirs = |claim: &&Claim| claim.by.is_same_mailbox(by.account());
        if let Some(claim) = self.hold.claim().filter(is_theirs) {
            return Err(Wanting::Claimed {
                by: claim.by.clone(),
                at: claim.at,
            });
        }
        self.hold.claim = Some(Claim {
            by: by.account().clone(),
            at: now,
        });
        Ok(self)
    }

    /// A reviewer lets somebody else have it.
    pub fn unclaim(mut self) -> Result<Self, Wanting> {
        match self.hold.claim.take() {
            Some(_) => Ok(self),
            None => Err(Wanting::Unchanged),
        }
    }

    /// A reviewer says when it is to leave; `None` is as soon as it is released. Approvals before were of another
    /// schedule. Law 3.
    pub fn schedule(mut self, not_before: Option<Timestamp>, now: Timestamp) -> Result<Self, Wanting> {
        if self.hold.not_before == not_before {
            return Err(Wanting::Unchanged);
        }
        self.hold.not_before = not_before;
        self.hold.changed_at = Some(now);
        Ok(self)
    }

    /// Somebody has had a test copy of it as it stands.
    #[must_use]
    pub fn test(mut self) -> Self {
        self.hold.tested = Some(self.binding());
        self
    }

    /// Whether somebody has had a test copy of it as it stands.
    pub fn is_tested(&self) -> bool {
        self.hold.tested == Some(self.binding())
    }

    /// Whether its author has still to agree to what a reviewer made of it.
    pub fn wants_agreement(&self) -> bool {
        self.hold.unagreed.is_some()
    }

    /// Those who are wanted have been reminded once more.
    #[must_use]
    pub fn remind(mut self) -> Self {
        self.hold.reminders = self.hold.reminders.saturating_add(1);
        self
    }

    /// It became a part of another case: what is returned is over. Policy C11.
    pub fn combine(self, by: &Reviewer, into: MailingId, now: Timestamp) -> Result<Ended, Wanting> {
        self.is_theirs()?;
        if self.hold.unagreed.is_some() {
            return Err(Wanting::Agreement);
        }
        let comment = format!("combined into {into}");
        Ok(Ended::of(self.mailing, End::Combined, by.account(), comment, now))
    }

    /// A reviewer says no.
    pub fn decline(self, by: &Reviewer, comment: String, now: Timestamp) -> Ended {
        Ended::of(self.mailing, End::Declined, by.account(), comment, now)
    }

    /// A steward says no to the use of the audience in their care: their part is kept out of it, and it ends when
    /// nobody remains. Policy C15.
    pub fn refuse_use(mut self, by: &Steward, comment: String, now: Timestamp) -> Result<Refused, Wanting> {
        if !self.hold.wants().contains(by.office()) {
            return Err(Wanting::NotYours(by.office().clone()));
        }
        self.is_theirs()?;
        if self.hold.kept_out().contains(by.office()) {
            return Err(Wanting::Unchanged);
        }
        self.hold.keep_out(by.office().clone());
        let rest = self.mailing.audience.clone().without(self.hold.kept_out());
        // An office may be wanted for more than its own lists, for HR answers for attributes too: then its no is whole.
        let has_part = |office: &OfficeId| {
            let mut segments = self.mailing.audience.segments().iter();
            segments.any(|segment| segment.office.as_ref() == Some(office))
        };
        if rest.segments().is_empty() || !has_part(by.office()) {
            let ended = Ended::of(self.mailing, End::Declined, by.account(), comment, now);
            return Ok(Refused::Whole(Box::new(ended)));
        }
        Ok(Refused::Part(Box::new(self)))
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
