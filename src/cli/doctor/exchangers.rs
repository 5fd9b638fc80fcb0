//! MX: mail for lists and bounces comes to us.

use super::{Examination, judged};
use crate::cli::records;

impl Examination<'_> {
    /// Mail for lists and bounces comes to us.
    pub(super) async fn exchangers(&mut self) {
        let gateway = &self.config.gateway;
        for domain in [&gateway.lists_domain, &gateway.bounce_domain] {
            let found = self.names.exchangers(domain.as_str()).await;
            let has_us = |names: &[String]| names.iter().any(|name| *name == gateway.hostname.as_str());
            let found = found.map(|(records, _)| records.into_iter().map(|one| one.name).collect::<Vec<_>>());
            let judged = judged(found, |names: &Vec<String>| {
                let is_route = has_us(names);
                let more = if is_route {
                    ""
                } else {
                    "; mail for it does not come to this gateway, or through a relay"
                };
                (is_route, format!("{}{more}", names.join(", ")))
            });
            let publish = records::exchanger(gateway, domain);
            self.find("MX", domain.to_string(), judged, Some(publish));
        }
    }
}
