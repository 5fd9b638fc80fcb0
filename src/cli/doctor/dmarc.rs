//! DMARC: domains that stand in From say what becomes of mail that is not theirs. RFC 7489.

use std::collections::BTreeSet;

use super::{Examination, judged};
use crate::mail::{Address, Domain};
use crate::model::Letterbox;
use crate::stage::deliver::Missing;

impl Examination<'_> {
    /// Domains that stand in From say what becomes of mail that is not theirs.
    pub(super) async fn dmarc(&mut self) {
        let gateway = &self.config.gateway;
        let domains: BTreeSet<&Domain> = gateway.campus_domains.iter().chain([&gateway.lists_domain]).collect();
        for domain in domains {
            let own = self.names.texts(&format!("_dmarc.{domain}")).await;
            let above = gateway
                .campus_domains
                .iter()
                .find(|campus| domain.is_within(campus) && domain != *campus);
            let found = match (own, above) {
                (Err(Missing::Record | Missing::Name), Some(above)) => {
                    self.names.texts(&format!("_dmarc.{above}")).await
                }
                (own, _) => own,
            };
            let judged = judged(found.map(|(texts, _)| texts), |texts| {
                let mut records = texts.iter().filter(|text| text.starts_with("v=DMARC1"));
                match (records.next(), records.next()) {
                    (Some(one), None) => (true, one.clone()),
                    (Some(_), Some(_)) => (false, "several DMARC records, which are as good as none".to_owned()),
                    (None, _) => (false, "no DMARC record".to_owned()),
                }
            });
            let publish = format!(
                "_dmarc.{domain}. TXT \"v=DMARC1; p=none; rua=mailto:{}\"",
                reports_of(
                    domain,
                    &gateway.campus_domains,
                    gateway.letterboxes.get(&Letterbox::Dmarc)
                )
            );
            self.find("DMARC", domain.to_string(), judged, Some(publish));
        }
    }
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
}
