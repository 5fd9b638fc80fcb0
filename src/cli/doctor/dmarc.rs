//! DMARC: domains that stand in From say what becomes of mail that is not theirs. RFC 7489.

use super::{Examination, judged};
use crate::cli::records;
use crate::stage::deliver::Missing;

impl Examination<'_> {
    /// Domains that stand in From say what becomes of mail that is not theirs.
    pub(super) async fn dmarc(&mut self) {
        let gateway = &self.config.gateway;
        for domain in records::authors(gateway) {
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
            let publish = records::author(gateway, domain);
            self.find("DMARC", domain.to_string(), judged, Some(publish));
        }
    }
}
