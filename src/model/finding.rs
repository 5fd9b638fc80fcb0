//! Finding: what a rule of the policy says of a message, where, and why; [`Decision`]: what they come to.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::OfficeId;

/// What a rule asks for. Later beats earlier: refuse beats hold beats note.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// Nothing; it is only said.
    Note,
    /// Keep it until these offices have approved and a reviewer has released it.
    Hold {
        /// Whose stewards are wanted; empty wants the reviewer alone.
        wants: Vec<OfficeId>,
    },
    /// Do not take it. The enhanced code is `5.<subject>.<detail>` (RFC 3463).
    Refuse {
        /// Subject of the enhanced code.
        subject: u16,
        /// Detail of the enhanced code.
        detail: u16,
    },
}

/// One rule's finding. All of them are kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's stable name, such as `list-posting`.
    pub rule: Cow<'static, str>,
    /// The clause it enforces, such as `C9`.
    pub clause: Cow<'static, str>,
    /// What it asks for.
    pub ask: Ask,
    /// A sentence its author can act on.
    pub sentence: String,
}

impl Finding {
    /// Whether its author's word, with a reason, is enough to let the message go: it is about the number of people.
    pub fn can_be_attested(&self) -> bool {
        matches!(self.ask, Ask::Note) || matches!(self.rule.as_ref(), "hidden-mass-mailing" | "class-mail")
    }
}

/// What all findings come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may go now.
    Pass(Vec<Finding>),
    /// It waits for people.
    Hold(Vec<Finding>),
    /// It is not taken.
    Refuse(Vec<Finding>),
}

impl Decision {
    /// The strictest ask wins; every finding is kept.
    pub fn of(findings: Vec<Finding>) -> Self {
        let refused = findings.iter().any(|f| matches!(f.ask, Ask::Refuse { .. }));
        let held = findings.iter().any(|f| matches!(f.ask, Ask::Hold { .. }));
        match (refused, held) {
            (true, _) => Self::Refuse(findings),
            (false, true) => Self::Hold(findings),
            (false, false) => Self::Pass(findings),
        }
    }

    /// All that was found.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Pass(findings) | Self::Hold(findings) | Self::Refuse(findings) => findings,
        }
    }
}

/// The offices whose approval a set of findings wants, each once, in order.
pub(super) fn wants(findings: &[Finding]) -> Vec<OfficeId> {
    let mut offices: Vec<OfficeId> = Vec::new();
    for finding in findings {
        if let Ask::Hold { wants } = &finding.ask {
            for office in wants {
                if !offices.contains(office) {
                    offices.push(office.clone());
                }
            }
        }
    }
    offices
}
