//! On campus or off, who submits must be known. Policy C16.
//!
//! There is no road to a list for somebody nobody vouches for, and nothing of theirs is held: spam would fill the queue.

use super::super::{Facts, Policy, Rule};
use crate::model::{Ask, Finding};

pub(in super::super) const RULE: Rule = Rule {
    name: "authenticated-anywhere",
    clause: "C16",
    judge,
};

fn judge(facts: &Facts, policy: &Policy) -> Option<Finding> {
    let campus = policy.campus_domains.first()?;
    let is_member = facts.author.as_ref().is_some_and(|author| {
        let domain = author.address.domain();
        // Nobody has an account on the lists' own domain: it is a mailing of ours that comes back, signed by us.
        let is_campus = policy.campus_domains.iter().any(|campus| domain.is_within(campus));
        is_campus && !domain.is_within(&policy.lists_domain)
    });
    if is_member {
        return None;
    }
    let sentence = match facts.lists().next() {
        Some(list) => format!(
            "{list} takes mail from members of campus alone: send it with your {campus} account, logged in to the \
             university's mail server (port 465 or 587)"
        ),
        None => format!(
            "This gateway takes mail from members of campus alone: log in with your {campus} account (port 465 or 587)"
        ),
    };
    Some(RULE.finds(Ask::Refuse { subject: 7, detail: 1 }, sentence))
}
