//! SPF: the return path's domain lets our addresses send. RFC 7208.

use std::collections::BTreeSet;

use super::{Examination, judged};
use crate::cli::records;

impl Examination<'_> {
    /// The return path's domain lets our addresses send.
    pub(super) async fn spf(&mut self) {
        let gateway = &self.config.gateway;
        let domain = &gateway.bounce_domain;
        let found = self.names.texts(domain.as_str()).await.map(|(texts, _)| texts);
        let sources: BTreeSet<String> = self
            .leaving
            .iter()
            .map(|(address, _)| format!("ip{}:{address}", if address.is_ipv4() { 4 } else { 6 }))
            .collect();
        let judged = judged(found, |texts| {
            let records: Vec<&String> = texts.iter().filter(|text| is_spf(text)).collect();
            match records.as_slice() {
                [] => (false, "no SPF record".to_owned()),
                [one] => {
                    let wanting: Vec<&String> = sources.iter().filter(|source| !names_it(one, source)).collect();
                    let is_closed = one.ends_with("-all") || one.ends_with("~all") || one.contains("redirect=");
                    let said = match (wanting.as_slice(), is_closed) {
                        ([], true) => (*one).clone(),
                        ([], false) => format!("{one}: it lets anybody send"),
                        (wanting, _) => format!("{one}: it does not name {}", join(wanting)),
                    };
                    (wanting.is_empty() && is_closed, said)
                }
                more => (
                    false,
                    format!("{} SPF records, which are as good as none (RFC 7208 §3.2)", more.len()),
                ),
            }
        });
        let named = if sources.is_empty() {
            "mx".to_owned()
        } else {
            sources.into_iter().collect::<Vec<_>>().join(" ")
        };
        let publish = records::sender(domain, &named);
        self.find("SPF", domain.to_string(), judged, Some(publish));
    }
}

fn is_spf(text: &str) -> bool {
    text == "v=spf1" || text.starts_with("v=spf1 ")
}

/// Whether a record names an address; one that names others by their names may, and is believed.
fn names_it(record: &str, source: &str) -> bool {
    record.split(' ').any(|word| {
        word == source
            || word == "mx"
            || word == "a"
            || ["mx:", "a:", "mx/", "a/", "include:", "redirect=", "exists:"]
                .iter()
                .any(|by| word.starts_with(by))
            || (word.starts_with("ip4:") && word.contains('/') && source.starts_with("ip4:"))
            || (word.starts_with("ip6:") && word.contains('/') && source.starts_with("ip6:"))
    })
}

fn join(all: &[&String]) -> String {
    all.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_record_names_by_name_is_believed() {
        assert!(names_it("v=spf1 ip4:192.0.2.10 -all", "ip4:192.0.2.10"));
        assert!(names_it("v=spf1 include:_spf.mst.example -all", "ip4:192.0.2.10"));
        assert!(!names_it("v=spf1 ip4:192.0.2.11 -all", "ip4:192.0.2.10"));
        assert!(!names_it("v=spf1 -all", "ip4:192.0.2.10"));
    }
}
