//! EMarComm sets frequency, volume and length. Policy C11; what an account may convey, Policy C2.
//!
//! Caps of a contact are kept at expansion, where each contact is met. Here the mailing itself is measured; mail that
//! its author addressed is never too much, only too fast: the excess waits.

use super::super::{Facts, Policy, Rule};
use crate::model::{Ask, Finding};

pub(in super::super) const RULE: Rule = Rule {
    name: "frequency-and-volume",
    clause: "C11",
    judge,
};

fn judge(facts: &Facts, policy: &Policy) -> Option<Finding> {
    facts.author.as_ref()?;
    if facts.goes_at_once(policy) {
        return None;
    }
    if facts.lists().next().is_none() {
        let until = facts.pace.wait_until?.readable(&policy.zone);
        let limits = policy.conveyed;
        let sentence = format!(
            "An account reaches {} people an hour and {} a day; this message waits until {until}",
            limits.per_hour, limits.per_day
        );
        return Some(RULE.finds(Ask::Note, sentence));
    }
    let faults: Vec<String> = [
        repeated(facts, policy),
        long(facts, policy),
        heavy(facts, policy),
        attached(facts),
    ]
    .into_iter()
    .flatten()
    .collect();
    let hold = Ask::Hold { wants: Vec::new() };
    (!faults.is_empty()).then(|| {
        RULE.finds(
            hold,
            format!("{}: a reviewer may release it with a reason", faults.join("; ")),
        )
    })
}

fn repeated(facts: &Facts, policy: &Policy) -> Option<String> {
    let (now, limits) = (facts.at?, &policy.frequency);
    let in_term = facts.repeats.iter().filter(|at| now.since(**at) < limits.term).count();
    let newest = facts.repeats.first()?;
    let days = limits.topic_apart.as_secs() / (24 * 60 * 60);
    if now.since(*newest) < limits.topic_apart {
        return Some(format!(
            "The same topic went to this list on {}, and wants {days} days between",
            newest.readable(&policy.zone)
        ));
    }
    let is_enough = in_term >= usize::try_from(limits.topic_max).unwrap_or(usize::MAX);
    is_enough.then(|| format!("The same topic has gone to this list {in_term} times this term, which is all it may"))
}

fn long(facts: &Facts, policy: &Policy) -> Option<String> {
    let off_campus = facts
        .lists()
        .filter_map(|list| policy.list_and_audience(list))
        .all(|(_, audience)| !audience.on_campus);
    let words_max = if off_campus {
        policy.frequency.words_off_campus
    } else {
        policy.frequency.words_on_campus
    };
    let words = facts.letter.words;
    (words > words_max).then(|| format!("It has {words} words, and may have {words_max}"))
}

fn heavy(facts: &Facts, policy: &Policy) -> Option<String> {
    let (letter, limits) = (&facts.letter, &policy.frequency);
    let kib = |octets: u64| octets.div_ceil(1024);
    if letter.html_bytes > limits.html_bytes {
        let (is, may) = (kib(letter.html_bytes), kib(limits.html_bytes));
        return Some(format!("Its HTML has {is} KiB, and may have {may}"));
    }
    let (is, may) = (kib(letter.bytes), kib(limits.bytes));
    (letter.bytes > limits.bytes).then(|| format!("It has {is} KiB, and may have {may}"))
}

fn attached(facts: &Facts) -> Option<String> {
    let name = facts.letter.attachments.first()?;
    Some(format!("{name} is attached: put it on a page, and link to that"))
}
