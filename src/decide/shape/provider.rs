//! Who runs a recipient's mailbox, and what they bear.
//!
//! With the mail exchangers of a domain at hand a provider is known by the end of their names; on the way to a smarthost,
//! where they are not ours to see, by the domain itself. Whoever matches applies: a campus whose mail is kept at a large
//! provider is both.

use crate::mail::Domain;

use super::limits::Limits;
use super::reply::Rule;

/// A mailbox provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// What the settings call it.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// Domains its customers read mail at; one that begins with a dot is all that end so.
    pub domains: Vec<String>,
    /// How the names of its mail exchangers end, with the dot before.
    pub exchangers: Vec<String>,
    /// One of them, by which its own settings are proved.
    pub sample_exchanger: Option<String>,
    /// What it bears.
    pub limits: Limits,
    /// What its replies mean; the first that fits.
    pub rules: Vec<Rule>,
}

impl Provider {
    /// Whether mail to this domain, with these mail exchangers where they are known, goes to it.
    pub fn has(&self, domain: &Domain, exchangers: &[String]) -> bool {
        let is_own = self.domains.iter().any(|own| match own.strip_prefix('.') {
            Some(parent) => domain.as_str() != parent && ends(domain.as_str(), own),
            None => domain.as_str() == own,
        });
        is_own || (!exchangers.is_empty() && exchangers.iter().all(|host| self.runs(host)))
    }

    /// Whether this mail exchanger is one of its own.
    pub fn runs(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        self.exchangers.iter().any(|suffix| ends(host, suffix))
    }
}

/// Whether a name ends so, whatever its case.
fn ends(name: &str, suffix: &str) -> bool {
    let at = name.len().checked_sub(suffix.len());
    at.and_then(|at| name.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(domains: &[&str], exchangers: &[&str]) -> Provider {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Provider {
            key: "p".into(),
            name: "P".into(),
            domains: owned(domains),
            exchangers: owned(exchangers),
            sample_exchanger: None,
            limits: Limits::default(),
            rules: vec![],
        }
    }

    #[track_caller]
    fn check(domain: &str, exchangers: &[&str], expected: bool) {
        let provider = provider(&["big.example", ".campus.example"], &[".mx.big.example"]);
        let exchangers: Vec<String> = exchangers.iter().map(|name| (*name).to_owned()).collect();
        let domain = domain.parse().expect("valid");
        assert_eq!(provider.has(&domain, &exchangers), expected, "{domain} {exchangers:?}");
    }

    #[test]
    fn a_provider_is_known_by_domain_or_by_all_of_its_exchangers() {
        check("big.example", &[], true);
        check("notbig.example", &[], false);
        check("sub.big.example", &[], false);
        check("cs.campus.example", &[], true);
        check("campus.example", &[], false);
        check("firm.example", &["a.mx.big.example.", "B.MX.BIG.example"], true);
        check("firm.example", &["a.mx.big.example", "mail.firm.example"], false);
        check("firm.example", &["mx.big.example"], false);
    }
}
