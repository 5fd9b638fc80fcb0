//! Many reports, summed up: by who sent, and by who reports.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{Aggregate, Saw};

/// Who sends mail in our name, as other hosts saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Senders {
    /// Reports that were read.
    pub reports: u64,
    /// Reports that could not be, by why.
    pub unreadable: BTreeMap<String, u64>,
    /// Messages they tell of.
    pub messages: u64,
    /// Those that our domains let nobody send.
    pub strange: u64,
    /// By who reports.
    pub hosts: Vec<Host>,
    /// By who sent: strangers first, those who sent most first.
    pub sources: Vec<Source>,
}

/// One who reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Host {
    /// What they call themselves.
    pub organization: String,
    /// Their reports.
    pub reports: u64,
    /// Messages, or connections, that they tell of.
    pub seen: u64,
    /// Those that were not as they ought to be.
    pub failed: u64,
}

/// One who sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Source {
    /// The machine.
    #[schema(value_type = String)]
    pub source: IpAddr,
    /// Whose signature its mail bears, or else whose return path; empty when neither held.
    pub service: String,
    /// The domain in `From:`.
    pub domain: String,
    /// Whether SPF or DKIM says that the domain lets it.
    pub is_ours: bool,
    /// How much it sent.
    pub messages: u64,
    /// How much of that was refused, or put with the spam.
    pub stopped: u64,
    /// Who saw it.
    pub seen_by: BTreeSet<String>,
}

/// How mail to us was secured on its way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tls {
    /// Reports that were read.
    pub reports: u64,
    /// Reports that could not be, by why.
    pub unreadable: BTreeMap<String, u64>,
    /// Connections that were secured as they ought to be.
    pub secured: u64,
    /// Those that were not.
    pub failed: u64,
    /// By who reports.
    pub hosts: Vec<Host>,
    /// By what went wrong, most first.
    pub failures: Vec<Failure>,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// At mail to which domain.
    pub domain: String,
    /// What they held it to: `sts`, `tlsa` or `no-policy-found`.
    pub policy: String,
    /// The kind, as RFC 8460 names it.
    pub kind: String,
    /// Connections.
    pub failed: u64,
}

/// Reports, sessions or messages, and those of them that failed, by who reports.
type Hosts = BTreeMap<String, (u64, u64, u64)>;

/// Sums up what is said of who sends in our name.
pub fn senders(reports: impl IntoIterator<Item = Aggregate>) -> Senders {
    let mut sum = Senders::default();
    let mut hosts = Hosts::new();
    let mut sources: BTreeMap<(bool, IpAddr, String, String), Source> = BTreeMap::new();
    for report in reports {
        let rows = match report.saw {
            Saw::Senders(rows) => rows,
            Saw::Unreadable(why) => {
                *sum.unreadable.entry(why).or_default() += 1;
                continue;
            }
            Saw::Sessions(_) => continue,
        };
        sum.reports += 1;
        let (mut seen, mut strange) = (0u64, 0u64);
        for row in rows {
            seen = seen.saturating_add(row.messages);
            if !row.is_ours {
                strange = strange.saturating_add(row.messages);
            }
            let key = (row.is_ours, row.source, row.domain.clone(), row.service.clone());
            let source = sources.entry(key).or_insert_with(|| Source {
                source: row.source,
                service: row.service,
                domain: row.domain,
                is_ours: row.is_ours,
                messages: 0,
                stopped: 0,
                seen_by: BTreeSet::new(),
            });
            source.messages = source.messages.saturating_add(row.messages);
            source.stopped = source.stopped.saturating_add(row.stopped);
            source.seen_by.insert(report.organization.clone());
        }
        sum.messages = sum.messages.saturating_add(seen);
        sum.strange = sum.strange.saturating_add(strange);
        add(&mut hosts, report.organization, seen, strange);
    }
    sum.hosts = listed(hosts);
    sum.sources = sources.into_values().collect();
    sum.sources
        .sort_by_key(|source| (source.is_ours, std::cmp::Reverse(source.messages)));
    sum
}

/// Sums up what is said of how mail to us was secured.
pub fn sessions(reports: impl IntoIterator<Item = Aggregate>) -> Tls {
    let mut sum = Tls::default();
    let mut hosts = Hosts::new();
    let mut failures: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for report in reports {
        let policies = match report.saw {
            Saw::Sessions(policies) => policies,
            Saw::Unreadable(why) => {
                *sum.unreadable.entry(why).or_default() += 1;
                continue;
            }
            Saw::Senders(_) => continue,
        };
        sum.reports += 1;
        let (mut seen, mut failed) = (0u64, 0u64);
        for policy in policies {
            seen = seen.saturating_add(policy.secured).saturating_add(policy.failed);
            failed = failed.saturating_add(policy.failed);
            sum.secured = sum.secured.saturating_add(policy.secured);
            for (kind, count) in policy.failures {
                let key = (policy.domain.clone(), policy.policy.clone(), kind);
                let sum = failures.entry(key).or_default();
                *sum = sum.saturating_add(count);
            }
        }
        sum.failed = sum.failed.saturating_add(failed);
        add(&mut hosts, report.organization, seen, failed);
    }
    sum.hosts = listed(hosts);
    let all = failures.into_iter().map(|((domain, policy, kind), failed)| Failure {
        domain,
        policy,
        kind,
        failed,
    });
    sum.failures = all.collect();
    sum.failures.sort_by_key(|failure| std::cmp::Reverse(failure.failed));
    sum
}

fn add(hosts: &mut Hosts, organization: String, seen: u64, failed: u64) {
    let host = hosts.entry(organization).or_default();
    host.0 += 1;
    host.1 = host.1.saturating_add(seen);
    host.2 = host.2.saturating_add(failed);
}

/// Those who saw most first.
fn listed(hosts: Hosts) -> Vec<Host> {
    let all = hosts.into_iter().map(|(organization, (reports, seen, failed))| Host {
        organization,
        reports,
        seen,
        failed,
    });
    let mut listed: Vec<Host> = all.collect();
    listed.sort_by_key(|host| std::cmp::Reverse(host.seen));
    listed
}
