//! Marks: the blind index. Whether an address is known can be asked without holding the address. Policy C8.
//!
//! A mark is a keyed hash (HMAC-SHA-256, cut to 16 octets) of the address in the one spelling that all spellings of its
//! mailbox share ([`Mailbox::spell`]).

use std::sync::Arc;

use aws_lc_rs::hmac;

use crate::mail::Mailbox;

/// A keyed hash of an address.
pub type Mark = [u8; 16];

/// Makes marks; cheap to clone.
#[derive(Debug, Clone)]
pub struct Marker(Arc<hmac::Key>);

impl Marker {
    /// A marker with a key of 32 random octets.
    pub fn new(octets: &[u8]) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, octets)))
    }

    /// The mark of an address, however it is written.
    pub fn mark(&self, address: &str) -> Mark {
        let address = address.trim();
        match Mailbox::of(address) {
            Some(Mailbox { local, domain }) => {
                let domain = domain.to_lowercase();
                self.mark_of(Mailbox { local, domain: &domain })
            }
            None => self.tag(address.to_lowercase().as_bytes()),
        }
    }

    /// The mark of a mailbox.
    pub fn mark_of(&self, mailbox: Mailbox<'_>) -> Mark {
        let mut spelled = String::with_capacity(mailbox.local.len() + 1 + mailbox.domain.len());
        mailbox.spell(&mut spelled);
        self.tag(spelled.as_bytes())
    }

    /// The mark of a person's key in one office's system.
    pub fn mark_key(&self, source: &str, key: &str) -> Mark {
        // No address has a zero in it.
        self.tag(&[source.as_bytes(), &[0], key.as_bytes()].concat())
    }

    fn tag(&self, text: &[u8]) -> Mark {
        let tag = hmac::sign(&self.0, text);
        let mut mark = [0; 16];
        mark.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_mailbox_have_one_mark() {
        let marker = Marker::new(&[1; 32]);
        let same = |a: &str, b: &str| marker.mark(a) == marker.mark(b);
        assert!(same("Ann.Lee@MST.example", " ann.lee@mst.example"));
        assert!(same("a.n.n+news@gmail.com", "ann@googlemail.com"));
        assert!(!same("a.nn@mst.example", "ann@mst.example"));
        assert!(!same("ann+news@mst.example", "ann@mst.example"));
        assert_ne!(marker.mark("a@b.example"), Marker::new(&[2; 32]).mark("a@b.example"));
    }
}
