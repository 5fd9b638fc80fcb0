//! Mail bears the identity of who submits it, or of a role they hold. Policy C5.

use super::super::{Facts, Policy, Rule};
use crate::mail::Address;
use crate::model::{Ask, Finding};

pub(in super::super) const RULE: Rule = Rule {
    name: "own-identity",
    clause: "C5",
    judge,
};

fn judge(facts: &Facts, policy: &Policy) -> Option<Finding> {
    // Without an author there is no identity to compare; C16 has said so.
    let author = &facts.author.as_ref()?.address;
    let sentence = match facts.from.as_slice() {
        [] => "The message has no valid From address: set your own address in your mail program".to_owned(),
        [from] => match facts
            .reverse_path
            .iter()
            .chain([from])
            .find(|address| !may_use(policy, author, address))
        {
            Some(foreign) => format!(
                "You are logged in as {author}, and may not send as {foreign}: use your own address, or ask the \
                 postmaster for the right to that one"
            ),
            None => return None,
        },
        [_, _, ..] => "The message has more than one From address: use your own alone".to_owned(),
    };
    Some(RULE.finds(Ask::Refuse { subject: 7, detail: 1 }, sentence))
}

/// Their own address, with or without a `+detail`, or one the table gives them.
fn may_use(policy: &Policy, author: &Address, address: &Address) -> bool {
    let base = address.local().split('+').next().unwrap_or_default();
    let is_own = address.domain() == author.domain() && base.eq_ignore_ascii_case(author.local());
    let more = policy
        .may_send_as
        .iter()
        .filter(|(account, _)| account.is_same_mailbox(author));
    is_own
        || address.is_same_mailbox(author)
        || more
            .flat_map(|(_, more)| more)
            .any(|role| role.is_same_mailbox(address))
}
