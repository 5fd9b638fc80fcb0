//! Hold: kept until let go. What is still wanting, what has been approved, and what happened meanwhile.

use serde::{Deserialize, Serialize};

use super::finding::wants;
use super::{Content, Drift, Finding, Mailing, MailingId, OfficeId, Print, Survey};
use crate::mail::{Address, Timestamp};

/// What an approval is bound to: bytes, audience, identity and schedule, as one digest. When any of them changes, an
/// approval given before no longer counts. Law 3 of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding([u8; 32]);

impl Binding {
    /// As a page bears it, so that a decision is of what was looked at.
    pub fn as_text(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.0)
    }

    #[cfg(test)]
    pub(super) fn sample(octet: u8) -> Self {
        Self([octet; 32])
    }

    /// As octets, to be signed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The binding of a mailing as it stands, to leave no earlier than then.
    pub fn of(mailing: &Mailing, not_before: Option<Timestamp>) -> Self {
        let bound = (
            &mailing.content,
            &mailing.audience,
            &mailing.identity,
            &mailing.envelope,
            not_before,
        );
        // INVARIANT: plain data with no maps of odd keys; postcard refuses none of it.
        let bytes = postcard::to_allocvec(&bound).unwrap_or_default();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
        let mut binding = [0; 32];
        binding.copy_from_slice(digest.as_ref());
        Self(binding)
    }
}

/// One steward's yes to the use of the audience in their care.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// For which office.
    pub office: OfficeId,
    /// Who said it.
    pub by: Address,
    /// When.
    pub at: Timestamp,
    /// To what, exactly.
    pub to: Binding,
    /// Of whom: what the audience in its care was.
    pub audience: Print,
    /// How far that has changed, and since when it is known, when that is too far: then it counts no more. Law 3.
    pub void: Option<(Drift, Timestamp)>,
}

/// The reviewer's act that lets a mailing go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Who let it go; `None` where the policy itself passed it.
    pub by: Option<Address>,
    /// When.
    pub at: Timestamp,
    /// Nothing leaves earlier.
    pub not_before: Timestamp,
    /// The offices that had approved, for the footer.
    pub approved_by: Vec<OfficeId>,
}

/// A reviewer has taken it on, so that the others know. It binds nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who.
    pub by: Address,
    /// Since when.
    pub at: Timestamp,
}

/// Sent back for changes: its author's turn. Policy C14.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// Which reviewer.
    pub by: Address,
    /// What is to be changed.
    pub comment: String,
    /// When.
    pub at: Timestamp,
}

/// Versions that one case may have; whoever sends more begins another.
pub const VERSIONS_MAX: usize = 50;

/// A version that another has followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Counts from 1.
    pub number: u16,
    /// Which bytes.
    pub content: Content,
    /// The decoded subject.
    pub subject: String,
    /// When it came.
    pub at: Timestamp,
    /// Who made the one that followed.
    pub followed_by: Address,
}

/// Why a mailing is held, whose approval it wants, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    findings: Vec<Finding>,
    wants: Vec<OfficeId>,
    approvals: Vec<Approval>,
    /// Offices that keep their part of the audience out of it.
    kept_out: Vec<OfficeId>,
    case: Option<MailingId>,
    survey: Option<Survey>,
    pub(super) claim: Option<Claim>,
    pub(super) returned: Option<Returned>,
    pub(super) not_before: Option<Timestamp>,
    /// A reviewer has changed more than typing errors: which bytes its author has still to agree to.
    pub(super) unagreed: Option<Content>,
    /// Somebody has had a copy of it, exactly as it stands.
    pub(super) tested: Option<Binding>,
    pub(super) versions: Vec<Version>,
    /// When what an approval binds to changed last; `None` when it never did.
    pub(super) changed_at: Option<Timestamp>,
    /// When this version came; `None` of the first.
    pub(super) renewed_at: Option<Timestamp>,
    /// Approvals count no more, and whoever gave them has not been told yet.
    pub(super) asks_again: bool,
    /// How often those who are wanted have been reminded.
    pub(super) reminders: u8,
    /// When it lapses.
    pub until: Timestamp,
}

impl Hold {
    /// A hold for these reasons; they say who is wanted.
    pub fn new(findings: Vec<Finding>, until: Timestamp) -> Self {
        let wants = wants(&findings);
        Self {
            findings,
            wants,
            approvals: Vec::new(),
            kept_out: Vec::new(),
            case: None,
            survey: None,
            claim: None,
            returned: None,
            not_before: None,
            unagreed: None,
            tested: None,
            versions: Vec::new(),
            changed_at: None,
            renewed_at: None,
            asks_again: false,
            reminders: 0,
            until,
        }
    }

    /// The hold of the version that follows: what was approved stays in sight, and binds no more.
    pub(super) fn renewed(self, findings: Vec<Finding>, before: Version, until: Timestamp, now: Timestamp) -> Self {
        let mut versions = self.versions;
        versions.push(before);
        Self {
            approvals: self.approvals,
            survey: self.survey,
            claim: self.claim,
            not_before: self.not_before,
            versions,
            renewed_at: Some(now),
            changed_at: Some(now),
            ..Self::new(findings, until)
        }
    }

    pub(super) fn slice_of(self, case: MailingId) -> Self {
        Self {
            case: Some(case),
            ..self
        }
    }

    pub(super) fn set_survey(&mut self, survey: Survey) {
        self.survey = Some(survey);
    }

    pub(super) fn keep_out(&mut self, office: OfficeId) {
        self.kept_out.push(office);
    }

    /// The case it is one slice of; `None` when it is a case of its own.
    pub fn case(&self) -> Option<MailingId> {
        self.case
    }

    /// What its author said of the survey it asks people to answer.
    pub fn survey(&self) -> Option<&Survey> {
        self.survey.as_ref()
    }

    /// Whether it would be an emergency, had its author shown a second factor: a second person may let it go. Policy C17.
    pub fn is_urgent(&self) -> bool {
        self.findings.iter().any(|finding| finding.rule == "emergency")
    }

    /// Whether it asks people to answer a survey. Policy C13.
    pub fn wants_survey(&self) -> bool {
        self.findings.iter().any(|finding| finding.rule == "survey")
    }

    /// Why.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whose approval the policy wants, given or not.
    pub fn wants(&self) -> &[OfficeId] {
        &self.wants
    }

    /// The approvals given, valid or not.
    pub fn approvals(&self) -> &[Approval] {
        &self.approvals
    }

    /// Offices that keep their part of the audience out of it.
    pub fn kept_out(&self) -> &[OfficeId] {
        &self.kept_out
    }

    /// Which reviewer has taken it on.
    pub fn claim(&self) -> Option<&Claim> {
        self.claim.as_ref()
    }

    /// Whether it is its author's turn, and why.
    pub fn returned(&self) -> Option<&Returned> {
        self.returned.as_ref()
    }

    /// When a reviewer has put it to leave; in the first hours from then on.
    pub fn not_before(&self) -> Option<Timestamp> {
        self.not_before
    }

    /// The versions before this one, oldest first.
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// How often those who are wanted have been reminded.
    pub fn reminders(&self) -> u8 {
        self.reminders
    }

    /// When what an approval binds to changed last.
    pub fn changed_at(&self) -> Option<Timestamp> {
        self.changed_at
    }

    /// When this version came; of the first, when the mailing did.
    pub fn since(&self, mailing: &Mailing) -> Timestamp {
        self.renewed_at.unwrap_or(mailing.submitted_at)
    }

    /// Whose approval of this very mailing is still wanting.
    pub fn wanting(&self, mailing: &Mailing) -> Vec<OfficeId> {
        let binding = Binding::of(mailing, self.not_before);
        let given = |office: &OfficeId| self.approval(office, binding).is_some();
        let wants = self.wants.iter().filter(|office| !self.kept_out.contains(office));
        wants.filter(|office| !given(office)).cloned().collect()
    }

    /// What an office has approved of what is bound so, as long as it counts.
    pub(super) fn approval(&self, office: &OfficeId, binding: Binding) -> Option<&Approval> {
        let mut approvals = self.approvals.iter();
        approvals.find(|a| a.office == *office && a.to == binding && a.void.is_none())
    }

    /// Its approval counts no more: so far has the audience changed.
    pub(super) fn make_void(&mut self, office: &OfficeId, drift: Drift, now: Timestamp) {
        let theirs = self.approvals.iter_mut().filter(|approval| approval.office == *office);
        theirs.for_each(|approval| approval.void = Some((drift, now)));
        self.asks_again = true;
    }

    /// Whether approvals count no more, of which whoever gave them has not been told yet.
    pub fn asks_again(&self) -> bool {
        self.asks_again
    }

    /// The approvals that would count, had the audience not changed too far; with how far, and since when that is known.
    pub fn voided(&self) -> Vec<(&Approval, Drift, Timestamp)> {
        let approvals = self.approvals.iter();
        let voided = approvals.filter_map(|approval| approval.void.map(|(drift, at)| (approval, drift, at)));
        voided.collect()
    }

    pub(super) fn add(&mut self, approval: Approval) {
        self.approvals.retain(|given| given.office != approval.office);
        self.approvals.push(approval);
    }
}

impl Wanting {
    /// Whether it is not theirs to do; else it is only not so far, or no more.
    pub fn is_forbidden(&self) -> bool {
        matches!(
            self,
            Self::NotYours(_) | Self::OwnMailing | Self::NotTheAuthor | Self::NotAttestable(_)
        )
    }
}

/// Why somebody may not do what they asked for. Each sentence can be shown to them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wanting {
    /// No office that this mailing wants has this steward.
    #[error("{0} is not asked to approve this mailing")]
    NotYours(OfficeId),
    /// The office has approved it already.
    #[error("already approved by {by} at {at}")]
    AlreadyApproved {
        /// Who.
        by: Address,
        /// When.
        at: Timestamp,
    },
    /// Four eyes: law 2 of the gateway.
    #[error("nobody releases a message they submitted themselves; another reviewer must release it")]
    OwnMailing,
    /// Law 1 of the gateway.
    #[error("still wanting the approval of: {}", list(.0))]
    Approvals(Vec<OfficeId>),
    /// Withdrawing, attesting and converting are the author's own acts.
    #[error("only its author can do that to a message")]
    NotTheAuthor,
    /// A survey of which nobody knows whose it is. Policy C13.
    #[error("its author has still to say whose survey it is: owner, id, IRB number, and when it opens and closes")]
    Survey,
    /// The audience is not what it was when it was approved. Law 3.
    #[error("the audience has changed by {0} % since it was approved, which is too far: its stewards are asked again")]
    Drifted(u64),
    /// It goes where its case goes.
    #[error("it is part of {0}: decide on that")]
    Slice(MailingId),
    /// More than the number of people is the matter, or there are too many.
    #[error("only a message to at most {0} people, held for nothing but their number, can go on its author's word")]
    NotAttestable(u32),
    /// More than the number of people is the matter; what it was held for would be forgotten.
    #[error("only a message held for nothing but the number of its recipients can be made a request: send it anew")]
    NotConvertible,
    /// It is its author's turn.
    #[error("it was returned to its author by {0}, and waits for a changed version")]
    Returned(Address),
    /// A reviewer's change beyond typing errors wants its author's yes.
    #[error("a reviewer has changed it, and its author has still to agree")]
    Agreement,
    /// There is nothing to agree to.
    #[error("nobody has changed it: there is nothing to agree to")]
    NothingToAgree,
    /// So many people get nothing of which nobody has seen a copy.
    #[error("it goes to more than {0} people: send yourself a test copy first, and look at it")]
    Untested(u64),
    /// It is theirs already.
    #[error("{by} has had this one since {at}")]
    Claimed {
        /// Who.
        by: Address,
        /// Since when.
        at: Timestamp,
    },
    /// What they decide on is not what they looked at. Law 3.
    #[error("it has changed since you looked at it: look again")]
    Changed,
    /// It stands as they want it.
    #[error("that is how it stands already")]
    Unchanged,
    /// Nothing says that it is an emergency.
    #[error("it was not submitted as an emergency")]
    NoEmergency,
}

fn list(offices: &[OfficeId]) -> String {
    offices
        .iter()
        .map(|office| office.0.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}
