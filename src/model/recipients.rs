//! Recipients: who gets a copy, as a plan has them; half a million in a few megabytes.

use std::collections::HashMap;

use super::ContactId;
use crate::mail::Mailbox;

/// Who gets a copy. Names lie side by side in one text, each domain once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipients {
    locals: String,
    domains: Vec<String>,
    by_domain: HashMap<String, u32>,
    rows: Vec<Row>,
}

/// One recipient: where their name lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    /// The first octets of the local part, by which most are sorted.
    head: u64,
    start: u32,
    domain: u32,
    who: Who,
}

/// A contact, and in the last octet the length of their local part: they share a word. Zero stands for nobody: ids begin at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Who(u64);

impl Who {
    /// None when either is longer than its share.
    fn new(contact: Option<ContactId>, local: &str) -> Option<Self> {
        let length = u8::try_from(local.len()).ok()?;
        let contact = contact.map_or(0, |contact| contact.0);
        (contact.leading_zeros() >= u8::BITS).then_some(Self(contact << u8::BITS | u64::from(length)))
    }

    fn contact(self) -> Option<ContactId> {
        let contact = self.0 >> u8::BITS;
        (contact != 0).then_some(ContactId(contact))
    }

    fn length(self) -> usize {
        let [.., length] = self.0.to_be_bytes();
        usize::from(length)
    }
}

impl Recipients {
    /// Adds one at the end. What is longer than an address can be, or more than four thousand million octets of them, is
    /// not added, nor a contact whose id is above 2^56; returns whether it was.
    #[must_use]
    pub fn push(&mut self, address: Mailbox<'_>, contact: Option<ContactId>) -> bool {
        let (Ok(start), Some(who)) = (u32::try_from(self.locals.len()), Who::new(contact, address.local)) else {
            return false;
        };
        let Some(domain) = self.domain(address.domain) else {
            return false;
        };
        self.locals.push_str(address.local);
        self.rows.push(Row {
            head: head(address.local),
            start,
            domain,
            who,
        });
        true
    }

    fn domain(&mut self, domain: &str) -> Option<u32> {
        if let Some(known) = self.by_domain.get(domain) {
            return Some(*known);
        }
        let number = u32::try_from(self.domains.len()).ok()?;
        self.domains.push(domain.to_owned());
        self.by_domain.insert(domain.to_owned(), number);
        Some(number)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Each of them, in the order of the plan.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Mailbox<'_>, Option<ContactId>)> {
        self.rows.iter().map(|row| {
            let domain = usize::try_from(row.domain).ok().and_then(|at| self.domains.get(at));
            let address = Mailbox {
                local: local(&self.locals, row),
                domain: domain.map(String::as_str).unwrap_or_default(),
            };
            (address, row.who.contact())
        })
    }

    /// Puts those of one domain side by side, in an order that hangs on nothing but who they are.
    pub fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.domains.len()).collect();
        order.sort_by_key(|at| self.domains.get(*at));
        let mut ranks = vec![0; order.len()];
        for (rank, at) in (0u32..).zip(order) {
            if let Some(place) = ranks.get_mut(at) {
                *place = rank;
            }
        }
        let rank = |row: &Row| usize::try_from(row.domain).ok().and_then(|at| ranks.get(at));
        let locals = &self.locals;
        self.rows.sort_unstable_by(|a, b| {
            let by_head = (rank(a), a.head).cmp(&(rank(b), b.head));
            by_head.then_with(|| local(locals, a).cmp(local(locals, b)))
        });
    }
}

fn local<'a>(locals: &'a str, row: &Row) -> &'a str {
    let start = usize::try_from(row.start).unwrap_or(usize::MAX);
    locals
        .get(start..start.saturating_add(row.who.length()))
        .unwrap_or_default()
}

/// The first eight octets, as a number that sorts as they do.
fn head(local: &str) -> u64 {
    let mut octets = [0; 8];
    octets.iter_mut().zip(local.bytes()).for_each(|(to, from)| *to = from);
    u64::from_be_bytes(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_put_in_comes_out_sorted(names in proptest::collection::vec(("[a-c]{1,12}", "[a-c]{1,3}"), 0..40)) {
            let mut recipients = Recipients::default();
            let mut expected = Vec::new();
            for (number, (local, domain)) in (1u64..).zip(&names) {
                let contact = (number % 3 != 0).then_some(ContactId(number));
                let address = Mailbox { local, domain };
                prop_assert!(recipients.push(address, contact));
                expected.push((domain.clone(), local.clone(), contact));
            }
            recipients.sort();
            let mut found: Vec<_> = recipients
                .iter()
                .map(|(mailbox, contact)| (mailbox.domain.to_owned(), mailbox.local.to_owned(), contact))
                .collect();
            prop_assert!(found.is_sorted_by_key(|(domain, local, _)| (domain.clone(), local.clone())));
            found.sort();
            expected.sort();
            prop_assert_eq!(found, expected);
        }
    }
}
