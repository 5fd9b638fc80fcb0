//! Instructors and their classes are left alone. Policy C6.
//!
//! Who is in a class of the author's is counted nowhere else. When people outside it are in the same message, and
//! together they are as many as mass mail, the class goes at once and the others are held.

use super::super::{Facts, Place, Policy, Rule};
use crate::model::{Ask, Finding};

pub(in super::super) const RULE: Rule = Rule {
    name: "class-mail",
    clause: "C6",
    judge,
};

fn judge(facts: &Facts, policy: &Policy) -> Option<Finding> {
    facts.author.as_ref()?;
    closed(facts).or_else(|| class(facts, policy))
}

fn closed(facts: &Facts) -> Option<Finding> {
    let class = facts.class.closed.as_ref()?;
    let sentence = format!(
        "You teach no class {class} this term: check its name, or ask the Registrar whether the roster has you"
    );
    Some(RULE.finds(Ask::Refuse { subject: 7, detail: 1 }, sentence))
}

fn class(facts: &Facts, policy: &Policy) -> Option<Finding> {
    let named = u32::try_from(facts.class.members.len()).unwrap_or(u32::MAX);
    let class = named.saturating_add(facts.class.by_list);
    let outsiders = u32::try_from(facts.outsiders().count()).unwrap_or(u32::MAX);
    let has_list = facts.lists().next().is_some();
    // The author's own copy is no class.
    if facts.class.teaches.is_empty() || class <= 1 && facts.at(Place::Class).next().is_none() || has_list {
        return None;
    }
    let outside = facts
        .outsiders()
        .filter(|one| facts.recipients.contains(&((*one).clone(), Place::Outside)));
    let outside = u32::try_from(outside.count()).unwrap_or(u32::MAX);
    let all = class.saturating_add(outsiders);
    if outsiders > 0 && (all >= policy.hidden.hold_at_campus || outside >= policy.hidden.hold_at_outside) {
        let sentence = format!(
            "Your class ({class} people) has it already; {outsiders} people who are in none of your classes wait: say \
             that these are people you work with, or write to them apart"
        );
        return Some(RULE.finds(Ask::Hold { wants: Vec::new() }, sentence));
    }
    let sentence = format!("{class} people are in your classes this term, and are not counted");
    Some(RULE.finds(Ask::Note, sentence))
}
