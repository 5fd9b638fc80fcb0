//! `bedel doctor`: what DNS says of us, what mailbox providers would miss in it, and the records to publish.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{Error, out};
use crate::clock::Clock;
use crate::config::{self, Config, Onward};
use crate::mail::{Address, Domain};
use crate::model::Letterbox;
use crate::service::Keys;
use crate::stage::deliver::{DnsSettings, Missing, Names};

/// How to say it.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Asks DNS and changes nothing. Exit code 1 when a record is wrong or wanting, 0 when all of them are\n\
    right. What cannot be judged from here is said, and is no fault.\n\n\
    Example:\n  bedel --config /etc/bedel doctor"
)]
pub(super) struct Doctor {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was found of one record.
struct Finding {
    what: &'static str,
    name: String,
    state: State,
    said: String,
    /// The record to publish, as a zone file has it.
    publish: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Right,
    Unknown,
    Wrong,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Unknown => "unknown",
            Self::Wrong => "wrong",
        }
    }
}

pub(super) async fn run(dir: &Path, doctor: &Doctor) -> Result<(), Error> {
    let config = config::load(dir)?;
    let findings = look(&config).await?;
    say(doctor, &findings)?;
    match findings.iter().filter(|finding| finding.state == State::Wrong).count() {
        0 => Ok(()),
        wrong => Err(Error::Failed(anyhow::anyhow!(
            "{wrong} of {} records are wrong or wanting; publish what stands above",
            findings.len()
        ))),
    }
}

fn say(doctor: &Doctor, findings: &[Finding]) -> Result<(), Error> {
    if doctor.json {
        let all = findings.iter().map(|finding| {
            json!({ "record": finding.what, "name": finding.name, "state": finding.state.word(), "said": finding.said, "publish": finding.publish })
        });
        return out::json(&all.collect());
    }
    let row = |finding: &Finding| {
        [
            finding.what.to_owned(),
            finding.name.clone(),
            finding.state.word().to_owned(),
            finding.said.clone(),
        ]
    };
    let rows: Vec<[String; 4]> = findings.iter().map(row).collect();
    out::table(["RECORD", "OF", "IT IS", "DNS SAYS"], &rows, "")?;
    let wanted: Vec<&String> = findings.iter().filter_map(|finding| finding.publish.as_ref()).collect();
    if !wanted.is_empty() {
        out::line("\nPublish:")?;
        wanted.iter().try_for_each(|record| out::line(record))?;
    }
    Ok(())
}

/// Who asks, and of whom.
struct Examination<'a> {
    config: &'a Config,
    names: Names,
    /// Addresses that mail leaves from, with what is said in EHLO from there.
    leaving: Vec<(IpAddr, String)>,
    findings: Vec<Finding>,
}

async fn look(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let gateway = &config.gateway;
    let dns = match &gateway.route.onward {
        Onward::Exchangers(exchangers) => DnsSettings {
            dane: false,
            ..exchangers.dns.clone()
        },
        Onward::Smarthost(_) => DnsSettings::default(),
    };
    let mut examination = Examination {
        config,
        names: Names::new(&dns)?,
        leaving: Vec::new(),
        findings: Vec::new(),
    };
    examination.exchangers().await;
    examination.ways_out().await;
    examination.spf().await;
    examination.dkim().await?;
    examination.dmarc().await;
    Ok(examination.findings)
}

impl Examination<'_> {
    fn find(&mut self, what: &'static str, name: String, (state, said): (State, String), publish: Option<String>) {
        self.findings.push(Finding {
            what,
            name,
            state,
            said,
            publish: publish.filter(|_| state != State::Right),
        });
    }

    /// Mail for lists and bounces comes to us.
    async fn exchangers(&mut self) {
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
            let publish = format!("{domain}. MX 10 {}.", gateway.hostname);
            self.find("MX", domain.to_string(), judged, Some(publish));
        }
    }

    /// Each address that mail leaves from has a name, and the name has that address. With a smarthost these are its own
    /// affair.
    async fn ways_out(&mut self) {
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

    /// The return path's domain lets our addresses send.
    async fn spf(&mut self) {
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
        let publish = format!("{domain}. TXT \"v=spf1 {named} -all\"");
        self.find("SPF", domain.to_string(), judged, Some(publish));
    }

    /// Every key is published, those that begin later as well, and those that have just ended.
    async fn dkim(&mut self) -> anyhow::Result<()> {
        let config = self.config;
        if !config.gateway.dkim.key.exists() {
            let name = format!(
                "{}._domainkey.{}",
                config.gateway.dkim.selector, config.gateway.dkim.domain
            );
            let said = "the key is made at the first start".to_owned();
            self.find("DKIM", name, (State::Unknown, said), None);
            return Ok(());
        }
        for (begins, signer) in Keys::read(config)?.signers.asked_for(Clock::system().now()) {
            let (name, value) = signer.dns_record();
            let found = self.names.texts(&name).await.map(|(texts, _)| texts);
            let from = begins.map_or_else(String::new, |begins| {
                format!(" (signs from {})", begins.local(&config.gateway.time_zone).date())
            });
            let judged = judged(found, |texts| {
                let is_there = texts
                    .iter()
                    .any(|text| key_of(text).is_some() && key_of(text) == key_of(&value));
                let said = if is_there { "our key" } else { "another key" };
                (is_there, format!("{said}{from}"))
            });
            // A string of TXT has at most 255 octets.
            let strings: Vec<String> = value
                .as_bytes()
                .chunks(250)
                .map(|part| format!("\"{}\"", String::from_utf8_lossy(part)))
                .collect();
            self.find(
                "DKIM",
                name.clone(),
                judged,
                Some(format!("{name}. TXT {}", strings.join(" "))),
            );
        }
        Ok(())
    }

    /// Domains that stand in From say what becomes of mail that is not theirs.
    async fn dmarc(&mut self) {
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

/// What an answer comes to.
fn judged<T>(found: Result<T, Missing>, judge: impl Fn(&T) -> (bool, String)) -> (State, String) {
    match found {
        Ok(found) => {
            let (is_right, said) = judge(&found);
            (if is_right { State::Right } else { State::Wrong }, said)
        }
        Err(missing @ (Missing::Record | Missing::Name)) => (State::Wrong, missing.to_string()),
        Err(missing @ Missing::NotNow(_)) => (State::Unknown, missing.to_string()),
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

/// The key of a DKIM record.
fn key_of(record: &str) -> Option<String> {
    let mut fields = record.split(';').map(str::trim);
    let key = fields.find_map(|field| field.strip_prefix("p="))?;
    Some(key.split_whitespace().collect())
}

fn join(all: &[&String]) -> String {
    all.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(" ")
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
    fn a_key_is_known_however_it_is_written() {
        assert_eq!(key_of("v=DKIM1; k=rsa; p=MIIB IjAN"), Some("MIIBIjAN".to_owned()));
        assert_eq!(key_of("v=spf1 -all"), None);
    }

    #[test]
    fn what_a_record_names_by_name_is_believed() {
        assert!(names_it("v=spf1 ip4:192.0.2.10 -all", "ip4:192.0.2.10"));
        assert!(names_it("v=spf1 include:_spf.mst.example -all", "ip4:192.0.2.10"));
        assert!(!names_it("v=spf1 ip4:192.0.2.11 -all", "ip4:192.0.2.10"));
        assert!(!names_it("v=spf1 -all", "ip4:192.0.2.10"));
    }
}
