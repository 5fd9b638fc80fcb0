//! Hold: kept until let go. What is still wanting, and what has been approved.

use serde::{Deserialize, Serialize};

use super::finding::wants;
use super::{Finding, Mailing, MailingId, OfficeId, Survey};
use crate::mail::{Address, Timestamp};

/// What an approval is bound to: bytes, audience and identity, as one digest. When any of them changes, an approval
/// given before no longer counts. Law 3 of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding([u8; 32]);

impl Binding {
    /// The binding of a mailing as it stands.
    pub fn of(mailing: &Mailing) -> Self {
        let bound = (
            &mailing.content,
            &mailing.audience,
            &mailing.identity,
            &mailing.envelope,
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

/// Why a mailing is held, whose approval it wants, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    findings: Vec<Finding>,
    wants: Vec<OfficeId>,
    approvals: Vec<Approval>,
    case: Option<MailingId>,
    survey: Option<Survey>,
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
            case: None,
            survey: None,
            until,
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

    /// The case it is one slice of; `None` when it is a case of its own.
    pub fn case(&self) -> Option<MailingId> {
        self.case
    }

    /// What its author said of the survey it asks people to answer.
    pub fn survey(&self) -> Option<&Survey> {
        self.survey.as_ref()
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

    /// Whose approval of this very mailing is still wanting.
    pub fn wanting(&self, mailing: &Mailing) -> Vec<OfficeId> {
        let binding = Binding::of(mailing);
        let given = |office: &OfficeId| self.approvals.iter().any(|a| a.office == *office && a.to == binding);
        self.wants.iter().filter(|office| !given(office)).cloned().collect()
    }

    pub(super) fn add(&mut self, approval: Approval) {
        self.approvals.retain(|given| given.office != approval.office);
        self.approvals.push(approval);
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
    /// It goes where its case goes.
    #[error("it is part of {0}: decide on that")]
    Slice(MailingId),
    /// More than the number of people is the matter, or there are too many.
    #[error("only a message to at most {0} people, held for nothing but their number, can go on its author's word")]
    NotAttestable(u32),
    /// More than the number of people is the matter; what it was held for would be forgotten.
    #[error("only a message held for nothing but the number of its recipients can be made a request: send it anew")]
    NotConvertible,
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
