//! The DNS records of our domains, as a zone file has them.
//!
//! `check` lists them, `doctor` says which are wanting.
//!
//! # Standards
//!
//! RFC 6376 §3.6.2 (DKIM), RFC 7208 §3 (SPF), RFC 7489 §6.1 (DMARC).

use std::collections::BTreeSet;

use crate::config::Gateway;
use crate::mail::{Address, Domain};
use crate::model::Letterbox;

/// Octets of a long record's strings: a string of TXT has at most 255 (RFC 1035 §3.3.14).
const STRING_BYTES: usize = 250;

/// Mail for one of our domains comes to us.
pub(super) fn exchanger(gateway: &Gateway, domain: &Domain) -> String {
    format!("{domain}. MX 10 {}.", gateway.hostname)
}

/// Mail with this domain as its return path comes from what is named, such as `mx` or `ip4:192.0.2.10`.
pub(super) fn sender(domain: &Domain, named: &str) -> String {
    format!("{domain}. TXT \"v=spf1 {named} -all\"")
}

/// The public half of a key.
pub(super) fn key(name: &str, value: &str) -> String {
    let parts = value.as_bytes().chunks(STRING_BYTES);
    let strings: Vec<String> = parts
        .map(|part| format!("\"{}\"", String::from_utf8_lossy(part)))
        .collect();
    format!("{name}. TXT {}", strings.join(" "))
}

/// The domains that stand in From.
pub(super) fn authors(gateway: &Gateway) -> BTreeSet<&Domain> {
    gateway.campus_domains.iter().chain([&gateway.lists_domain]).collect()
}

/// What becomes of mail in the name of this domain that is not its own.
pub(super) fn author(gateway: &Gateway, domain: &Domain) -> String {
    let letterbox = gateway.letterboxes.get(&Letterbox::Dmarc);
    let reports = reports_of(domain, &gateway.campus_domains, letterbox);
    format!("_dmarc.{domain}. TXT \"v=DMARC1; p=none; rua=mailto:{reports}\"")
}

/// Where reports of a domain go: to the letterbox for them, unless that is of another owner, who would have to allow it.
fn reports_of(domain: &Domain, campuses: &[Domain], letterbox: Option<&Address>) -> String {
    let is_ours = |letterbox: &&Address| {
        let mut campuses = campuses.iter();
        campuses.any(|campus| domain.is_within(campus) && letterbox.domain().is_within(campus))
    };
    letterbox
        .filter(is_ours)
        .map_or_else(|| format!("postmaster@{domain}"), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_go_to_the_letterbox_for_them_while_it_is_of_the_same_campus() {
        let domain = |text: &str| text.parse::<Domain>().expect("a domain");
        let letterbox: Address = "dmarc@bounce.lists.mst.example".parse().expect("an address");
        let campuses = [domain("mst.example"), domain("umr.example")];
        let to = |of: &str, letterbox| reports_of(&domain(of), &campuses, letterbox);
        assert_eq!(to("mst.example", Some(&letterbox)), letterbox.to_string());
        assert_eq!(to("lists.mst.example", Some(&letterbox)), letterbox.to_string());
        assert_eq!(to("umr.example", Some(&letterbox)), "postmaster@umr.example");
        assert_eq!(to("mst.example", None), "postmaster@mst.example");
    }

    #[test]
    fn a_long_key_is_published_in_strings_that_txt_can_hold() {
        let record = key("k._domainkey.mst.example", &"x".repeat(300));
        let strings = record.split('"').filter(|part| part.starts_with('x')).map(str::len);
        assert_eq!(strings.collect::<Vec<_>>(), [250, 50]);
        assert_eq!(
            key("k._domainkey.mst.example", "v=DKIM1; p=x"),
            "k._domainkey.mst.example. TXT \"v=DKIM1; p=x\""
        );
    }
}
