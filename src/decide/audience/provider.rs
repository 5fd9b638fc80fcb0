//! Provider: which of the large mailbox providers somebody reads their mail at, as far as their domain says.

use crate::mail::{Domain, Mailbox};

/// Domains of the large ones; universities and firms that have their mail there are not known by their domain.
const KNOWN: [(&str, &[&str]); 4] = [
    ("Google", &["gmail.com", "googlemail.com"]),
    ("Microsoft", &["outlook.com", "hotmail.com", "live.com", "msn.com"]),
    ("Yahoo", &["yahoo.com", "ymail.com", "rocketmail.com", "aol.com"]),
    ("Apple", &["icloud.com", "me.com", "mac.com"]),
];

/// The provider's name; `on campus` for the campus's own domains, `elsewhere` for all others.
pub fn provider(address: Mailbox<'_>, campus: &[Domain]) -> &'static str {
    if campus.iter().any(|own| address.is_within(own)) {
        return "on campus";
    }
    let has = |domains: &&[&str]| domains.contains(&address.domain);
    let known = KNOWN.iter().find(|(_, domains)| has(domains));
    known.map_or("elsewhere", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_ones_are_known_by_their_domains() {
        let campus = ["mst.example".parse().expect("valid")];
        let of = |domain: &str| provider(Mailbox { local: "a", domain }, &campus);
        assert_eq!((of("mst.example"), of("cs.mst.example")), ("on campus", "on campus"));
        assert_eq!((of("gmail.com"), of("aol.com")), ("Google", "Yahoo"));
        assert_eq!((of("notgmail.com"), of("mail.gmail.com")), ("elsewhere", "elsewhere"));
    }
}
