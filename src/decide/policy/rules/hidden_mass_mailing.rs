//! A group written to on one subject is mass mail, however it is sliced. Policy C7.
//!
//! What counts is different people, over all that the author sent on the subject in the window; not a message's own
//! number. Answers among people who are in a thread already, automatic mail and classes do not count.

use super::super::{Facts, Hidden, Place, Policy, Rule};
use crate::model::{Ask, Finding};

pub(in super::super) const RULE: Rule = Rule {
    name: "hidden-mass-mailing",
    clause: "C7",
    judge,
};

fn judge(facts: &Facts, policy: &Policy) -> Option<Finding> {
    // Without an author C16 has spoken; with a list the message is a request already.
    facts.author.as_ref()?;
    if facts.lists().next().is_some() || facts.letter.is_automatic || facts.letter.is_in_thread {
        return None;
    }
    exposed(facts, &policy.hidden).or_else(|| grown(facts, &policy.hidden))
}

/// Whom everybody sees in To and Cc.
fn exposed(facts: &Facts, hidden: &Hidden) -> Option<Finding> {
    let has_outsider = facts
        .outsiders()
        .any(|address| facts.recipients.contains(&(address.clone(), Place::Outside)));
    if facts.letter.shown <= hidden.shown_max || !has_outsider || facts.letter.is_calendar {
        return None;
    }
    let sentence = format!(
        "{} addresses stand in To and Cc, where everybody sees them, people outside among them: write to a list, or put \
         them in Bcc",
        facts.letter.shown
    );
    Some(RULE.finds(Ask::Hold { wants: Vec::new() }, sentence))
}

fn grown(facts: &Facts, hidden: &Hidden) -> Option<Finding> {
    let (campus, outside) = (facts.group.campus, facts.group.outside);
    let all = campus.saturating_add(outside);
    let (all_at, outside_at) = match facts.letter.is_calendar {
        true => (hidden.calendar_at, hidden.calendar_at),
        false => (hidden.hold_at_campus, hidden.hold_at_outside),
    };
    let days = hidden.window.as_secs() / (24 * 60 * 60);
    let so_many =
        format!("You have written to {all} people on this one subject within {days} days ({outside} of them outside)");
    if all >= all_at || outside >= outside_at {
        // Their word covers as many as a message may go to on it, and no more.
        let ask = if facts.group.is_attested && all <= hidden.attest_max {
            Ask::Note
        } else {
            Ask::Hold { wants: Vec::new() }
        };
        let sentence = format!(
            "{so_many}, which is mass mail: make it a request to a list, or say that these are people you work with"
        );
        return Some(RULE.finds(ask, sentence));
    }
    let is_new = all >= hidden.nudge_at && !facts.group.is_nudged && !facts.letter.is_calendar;
    is_new.then(|| {
        let sentence = format!(
            "{so_many}; from {outside_at} outside or {all_at} in all it is mass mail and is held: consider a list now"
        );
        RULE.finds(Ask::Note, sentence)
    })
}
