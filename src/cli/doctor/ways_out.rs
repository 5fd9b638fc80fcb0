//! PTR: each address that mail leaves from has a name, and the name has that address.

use std::net::IpAddr;

use super::{Examination, State, judged};
use crate::config::Onward;

impl Examination<'_> {
    /// Each address that mail leaves from has a name, and the name has that address. With a smarthost these are its own
    /// affair.
    pub(super) async fn ways_out(&mut self) {
        let gateway = &self.config.gateway;
        if let Onward::Smarthost(hop) = &gateway.route.onward {
            let said = format!("mail leaves through {}; its addresses are not ours to see", hop.name());
            self.find("PTR", hop.host.clone(), (State::Unknown, said), None);
            return;
        }
        let own = gateway.hostname.to_string();
        let pools = gateway.route.pools.values().flat_map(|leaving| {
            let name = leaving.hostname.as_ref().map_or(own.clone(), ToString::to_string);
            leaving.sources.iter().map(move |source| (*source, name.clone()))
        });
        let mut leaving: Vec<(IpAddr, String)> = pools.collect();
        if leaving.is_empty() {
            let addresses = self.names.addresses(&own).await.unwrap_or_default();
            leaving.extend(addresses.into_iter().map(|address| (address, own.clone())));
        }
        if leaving.is_empty() {
            let said = "it has no address, so nobody can check who connects".to_owned();
            self.find(
                "A",
                own.clone(),
                (State::Wrong, said),
                Some(format!("{own}. A <address>")),
            );
        }
        leaving.dedup();
        for (address, name) in &leaving {
            // Resolvers answer for these themselves, whatever is published (RFC 6761 §6.3).
            if address.is_loopback() {
                let said = "of this machine alone: nobody else asks for its name".to_owned();
                self.find("PTR", address.to_string(), (State::Right, said), None);
                continue;
            }
            let forward = self.names.addresses(name).await.unwrap_or_default().contains(address);
            let found = self.names.names(*address).await.map(|(names, _)| names);
            let judged = judged(found, |names| {
                let is_named = names.contains(name);
                let said = match (is_named, forward) {
                    (true, true) => name.clone(),
                    (true, false) => format!("{name}, which has not that address"),
                    (false, _) => format!("{}, and EHLO says {name}", names.join(", ")),
                };
                (is_named && forward, said)
            });
            let publish = format!(
                "{}. PTR {name}.\n{name}. {} {address}",
                reverse(*address),
                family(*address)
            );
            self.find("PTR", address.to_string(), judged, Some(publish));
        }
        self.leaving = leaving;
    }
}

fn family(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "A" } else { "AAAA" }
}

/// The name an address is looked up by.
fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(four) => {
            let [a, b, c, d] = four.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(six) => {
            let digits: Vec<String> = six
                .octets()
                .iter()
                .rev()
                .map(|octet| format!("{:x}.{:x}", octet & 15, octet >> 4))
                .collect();
            format!("{}.ip6.arpa", digits.join("."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_looked_up_backwards() {
        let reverse = |text: &str| reverse(text.parse().expect("valid"));
        assert_eq!(reverse("192.0.2.10"), "10.2.0.192.in-addr.arpa");
        assert!(reverse("2001:db8::10").starts_with("0.1.0.0."));
        assert!(reverse("2001:db8::10").ends_with(".8.b.d.0.1.0.0.2.ip6.arpa"));
    }
}
