//! An emergency waits for nobody, when a named role has just proved itself a second time. Policy C17.
//!
//! Without that proof it is a request like any other, which a second person of the roles may confirm at once. The words
//! "urgent" or "emergency" from anybody else change nothing.

use super::super::{Facts, Policy, Rule};
use crate::model::{Arming, Ask, Finding};

pub(in super::super) const RULE: Rule = Rule {
    name: "emergency",
    clause: "C17",
    judge,
};

fn judge(facts: &Facts, policy: &Policy) -> Option<Finding> {
    if !facts.is_emergency(policy) || facts.reverse_path.is_none() {
        return None;
    }
    let goes = match facts.armed {
        Some(Arming::Emergency) => "It goes at once, as an emergency: a reviewer reads it within one business day",
        Some(Arming::Drill) => "It goes at once, as a drill, to those who practise and to nobody else",
        None => "",
    };
    if !goes.is_empty() {
        return Some(RULE.finds(Ask::Note, goes.to_owned()));
    }
    let sentence =
        "Your second factor is not fresh: show it on the console's page Emergency (or by `bedel emergency arm`) and \
         send it again, or have a second person of the emergency roles confirm it on its page"
            .to_owned();
    Some(RULE.finds(Ask::Hold { wants: Vec::new() }, sentence))
}
