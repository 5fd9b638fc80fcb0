//! The same question again, when a copy is about to be sent: who has dropped out since gets none. Law 5.

use super::{Known, Purpose, Question};
use crate::mail::{Mailbox, Timestamp};
use crate::model::{Audience, Exclusion, Glance, Segment};

/// Why this recipient gets no copy after all. Whoever has left every list since is asked as the strictest of them asks.
pub fn dropped_out(
    audience: &Audience,
    purpose: Purpose,
    (address, contact): (Mailbox<'_>, Option<&Glance<'_>>),
    known: Known<'_>,
    now: Timestamp,
) -> Option<Exclusion> {
    let question = |segment| Question {
        segment,
        purpose,
        campus: &[],
        now,
    };
    let segments = audience.segments();
    // The copy goes to this address, whatever others they have.
    let of_address = |segment| {
        let question = question(segment);
        known(address)
            .iter()
            .filter_map(move |suppression| question.reaches(suppression))
    };
    let Some(contact) = contact else {
        return segments.iter().flat_map(of_address).min();
    };
    let within: Vec<&Segment> = segments.iter().filter(|s| s.selection.holds(contact, now)).collect();
    let strictest = || segments.iter().max_by_key(|segment| segment.consent as u8);
    let asked = if within.is_empty() {
        strictest().into_iter().collect()
    } else {
        within
    };
    let answers = asked.into_iter().map(|segment| {
        let told = question(segment).ask(contact, known).err();
        of_address(segment).chain(told).min()
    });
    // One list that lets them in is enough; `None` is less than any reason.
    answers.min().flatten()
}
