//! Mail to a list is a request: held, numbered, and released by a reviewer alone. Policy C1, C9, C14.

use super::super::{Facts, Place, Policy, Rule};
use crate::model::{Ask, Finding};

pub(in super::super) const RULE: Rule = Rule {
    name: "list-posting",
    clause: "C9",
    judge,
};

fn judge(facts: &Facts, policy: &Policy) -> Option<Finding> {
    no_such_list(facts)
        .or_else(|| automatic(facts))
        .or_else(|| answer_to_all(facts))
        .or_else(|| may_not_ask(facts, policy))
        .or_else(|| request(facts, policy))
}

fn no_such_list(facts: &Facts) -> Option<Finding> {
    let unknown = facts.at(Place::NoList).next()?;
    let sentence = format!("There is no list {unknown}: check the spelling, or ask EMarComm which lists there are");
    Some(RULE.finds(Ask::Refuse { subject: 1, detail: 1 }, sentence))
}

/// Nobody asks for anything from a null return path: it is a receipt or a vacation note (RFC 3834 §4).
fn automatic(facts: &Facts) -> Option<Finding> {
    let list = facts.lists().next().filter(|_| facts.reverse_path.is_none())?;
    let sentence = format!("{list} takes no automatic mail: send it from your own address");
    Some(RULE.finds(Ask::Refuse { subject: 7, detail: 1 }, sentence))
}

/// A reply to a mailing must not become another one by "reply to all".
fn answer_to_all(facts: &Facts) -> Option<Finding> {
    let answers_to = facts.answers_to.as_ref()?;
    let list = facts.lists().next()?;
    let sentence =
        format!("{list} is for announcements: answer to {answers_to} instead, and take the list out of To and Cc");
    Some(RULE.finds(Ask::Refuse { subject: 7, detail: 2 }, sentence))
}

fn may_not_ask(facts: &Facts, policy: &Policy) -> Option<Finding> {
    if facts.is_emergency(policy) {
        return None;
    }
    let author = &facts.author.as_ref()?.address;
    let closed = facts
        .lists()
        .find(|list| policy.list(list).is_some_and(|rule| !rule.may_request(author)))?;
    let sentence = format!("Your account may not ask to write to {closed}: ask EMarComm who may");
    Some(RULE.finds(Ask::Refuse { subject: 7, detail: 1 }, sentence))
}

fn request(facts: &Facts, policy: &Policy) -> Option<Finding> {
    let lists: Vec<String> = facts.lists().map(ToString::to_string).collect();
    // What goes at once is nobody's to release; `emergency` has said so.
    if lists.is_empty() || facts.goes_at_once(policy) {
        return None;
    }
    let beside = facts.recipients.len() - lists.len();
    let people = match beside {
        0 => String::new(),
        1 => "; the person named beside it waits for the same release".to_owned(),
        n => format!("; the {n} people named beside it wait for the same release"),
    };
    let sentence = format!(
        "Mail to {} is mass mail, which Electronic Marketing Communications releases{people}",
        lists.join(", ")
    );
    Some(RULE.finds(Ask::Hold { wants: Vec::new() }, sentence))
}
