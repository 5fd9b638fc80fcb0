//! Contact data lives in one system and is copied into no other. Policy C10.
//!
//! Whoever the recipient: a list of addresses, or a handful that the master list has, is held, and those who watch over
//! contact data hear of it. What unpacks beyond every measure is refused, since nobody can say what is in it.

use super::super::{Allowance, Facts, Place, Policy, Rule};
use crate::model::{Ask, Finding};

pub(in super::super) const RULE: Rule = Rule {
    name: "contact-data-leaving",
    clause: "C10",
    judge,
};

fn judge(facts: &Facts, policy: &Policy) -> Option<Finding> {
    facts.author.as_ref()?;
    bomb(facts)
        .or_else(|| data(facts, policy))
        .or_else(|| unreadable(facts, policy))
}

fn bomb(facts: &Facts) -> Option<Finding> {
    let name = facts.inside.bomb.as_ref()?;
    let sentence = format!(
        "{name} unpacks to more than can be looked through: send its content in another form, or put it where the \
         recipients can fetch it"
    );
    Some(RULE.finds(Ask::Refuse { subject: 7, detail: 1 }, sentence))
}

fn data(facts: &Facts, policy: &Policy) -> Option<Finding> {
    let (inside, limits) = (&facts.inside, &policy.contact_data);
    let found = inside.attached.max(inside.written);
    if found < limits.addresses_at && inside.known < limits.known_at {
        return None;
    }
    let place = if inside.attached >= inside.written {
        "What is attached"
    } else {
        "The text"
    };
    if let Some(allowance) = policy.allowance(facts) {
        let sentence = format!(
            "{place} has {found} addresses; it goes by an entry of the allow-list ({})",
            allowance.purpose
        );
        return Some(RULE.finds(Ask::Note, sentence));
    }
    let sentence = format!(
        "{place} has {found} different addresses, {} of them of the master list: contact data may not be copied into \
         another system. Name the audience instead, and EMarComm writes to it; or ask for an entry in the allow-list",
        inside.known
    );
    Some(RULE.finds(Ask::Hold { wants: Vec::new() }, sentence))
}

fn unreadable(facts: &Facts, policy: &Policy) -> Option<Finding> {
    let name = facts.inside.unreadable.first()?;
    let leaves = facts.at(Place::Outside).next().is_some();
    if !facts.inside.of_steward || !leaves || policy.allowance(facts).is_some() {
        return None;
    }
    let sentence = format!(
        "{name} cannot be opened, goes outside, and your account has contact data at hand: send it without a password, \
         or ask for an entry in the allow-list"
    );
    Some(RULE.finds(Ask::Hold { wants: Vec::new() }, sentence))
}

impl Policy {
    /// The entry of the allow-list by which this message may go: it must cover every recipient.
    pub fn allowance(&self, facts: &Facts) -> Option<&Allowance> {
        let author = &facts.author.as_ref()?.address;
        let today = facts.at?.local(&self.zone).date();
        self.contact_data.allow.iter().find(|entry| {
            let covers = |(to, _): &(crate::mail::Address, Place)| to.domain().is_within(&entry.to);
            entry.from.is_same_mailbox(author) && today <= entry.until && facts.recipients.iter().all(covers)
        })
    }
}
