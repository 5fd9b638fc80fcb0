//! Marks: the blind index. Whether an address is known can be asked without holding the address. Policy C8.
//!
//! A mark is a keyed hash (HMAC-SHA-256, cut to 16 octets) of the address in one spelling: lower case, the domain as
//! A-labels, and what a provider says makes no difference taken away (Gmail: dots, and what follows a plus).

use std::sync::Arc;

use aws_lc_rs::hmac;

/// A keyed hash of an address.
pub type Mark = [u8; 16];

/// Domains whose mailboxes are found whatever dots stand in the local part, and whatever follows its first plus.
const DOTLESS: [&str; 2] = ["gmail.com", "googlemail.com"];

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
        let tag = hmac::sign(&self.0, one_spelling(address).as_bytes());
        let mut mark = [0; 16];
        mark.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        mark
    }
}

/// The address as all spellings of one mailbox have it.
fn one_spelling(address: &str) -> String {
    let address = address.trim().to_lowercase();
    match address.rsplit_once('@') {
        Some((local, domain)) if DOTLESS.contains(&domain) => {
            let local = local.split('+').next().unwrap_or(local).replace('.', "");
            format!("{local}@gmail.com")
        }
        Some(_) | None => address,
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
