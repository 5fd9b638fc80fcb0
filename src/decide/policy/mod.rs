//! May it go, and who must let it?
//!
//! [`RULES`] is the policy as a table, in the policy's own order. All rules always run, so that the author hears every
//! reason at once; refuse beats hold beats pass. A rule looks at [`Facts`] and [`Policy`] and nothing else.

pub mod facts;
pub mod numbers;
mod resolve;
mod rules;
pub mod settings;

pub use facts::{Classes, Facts, Grown, Inside, Letter, Link, Place, Reached};
pub use numbers::{Allowance, ContactData, Conveyed, Emergency, Frequency, Hidden, Hours, Retention, Surveys};
pub use resolve::Resolved;
pub use settings::{AudienceRule, DRIFT_PERCENT_MAX, ListRule, Policy};

use crate::model::{Decision, Finding};

/// One clause of the published policy, as a question.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Stable name: in replies, console, audit trail and tests.
    pub name: &'static str,
    /// Clause of the published policy.
    pub clause: &'static str,
    /// What it finds.
    pub judge: fn(&Facts, &Policy) -> Option<Finding>,
}

/// The policy, in its own order.
pub const RULES: &[Rule] = &[
    rules::authenticated_anywhere::RULE,
    rules::own_identity::RULE,
    rules::list_posting::RULE,
    rules::steward_routing::RULE,
    rules::hidden_mass_mailing::RULE,
    rules::class_mail::RULE,
    rules::contact_data_leaving::RULE,
    rules::survey::RULE,
    rules::consent_before_marketing::RULE,
    rules::frequency_and_volume::RULE,
    rules::emergency::RULE,
];

/// Judges one message by every rule.
pub fn decide(facts: &Facts, policy: &Policy) -> Decision {
    Decision::of(RULES.iter().filter_map(|rule| (rule.judge)(facts, policy)).collect())
}

impl Rule {
    /// A finding of this rule.
    fn finds(&self, ask: crate::model::Ask, sentence: String) -> Finding {
        Finding {
            rule: self.name.into(),
            clause: self.clause.into(),
            ask,
            sentence,
        }
    }
}

#[cfg(test)]
mod tests;
