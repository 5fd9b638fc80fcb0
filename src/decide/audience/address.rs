//! Which of a contact's addresses a copy goes to.
//!
//! # Standards
//! RFC 6761 §6.3, §6.4 (`localhost` and `invalid` never name a mail host), RFC 6762 §3 (nor does `local`).

use super::Question;
use crate::mail::Mailbox;
use crate::model::{Glance, Listed};

/// Domains no mail goes to.
const NOWHERE: [&str; 3] = ["invalid", "localhost", "local"];

/// Whether mail could go there at all.
pub(super) fn is_usable(address: Mailbox<'_>) -> bool {
    let top = address.domain.rsplit_once('.').map(|(_, top)| top);
    top.is_some_and(|top| !NOWHERE.contains(&top))
}

/// A contact's addresses, best first: on campus the campus's own before others; off campus those that whoever puts them in
/// the audience gave.
pub(super) fn ranked<'c>(contact: &Glance<'c>, question: &Question<'_>) -> Vec<Mailbox<'c>> {
    let mut addresses = contact.reachable();
    if question.segment.is_on_campus {
        let is_own = |address: Mailbox<'_>| question.campus.iter().any(|own| address.is_within(own));
        addresses.sort_by_key(|address| !is_own(*address));
    } else {
        let current = contact.current(question.now);
        let fitting = current.filter(|listing| question.segment.selection.fits(listing));
        let given: Vec<Mailbox<'c>> = fitting.flat_map(Listed::addresses).collect();
        addresses.sort_by_key(|address| !given.contains(address));
    }
    addresses
}
