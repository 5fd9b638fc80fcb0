//! TLS reports: how mail to us was secured on its way, as one host saw it (RFC 8460 §4).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Fault, name};
use crate::mail::Timestamp;
use crate::model::{Aggregate, Saw, Sessions};

/// Policies that one report may name, and failures of each.
const ITEMS_MAX: usize = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Report {
    organization_name: String,
    date_range: Range,
    report_id: String,
    policies: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Range {
    #[serde(rename = "start-datetime")]
    start: Timestamp,
    #[serde(rename = "end-datetime")]
    end: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Item {
    policy: Policy,
    summary: Summary,
    #[serde(default)]
    failure_details: Vec<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Policy {
    policy_type: String,
    #[serde(default)]
    policy_domain: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Summary {
    total_successful_session_count: u64,
    total_failure_session_count: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Detail {
    result_type: String,
    failed_session_count: u64,
}

/// Reads one.
pub(super) fn read(json: &str) -> Result<Aggregate, Fault> {
    let json = json.trim_start_matches('\u{feff}');
    let report: Report = serde_json::from_str(json).map_err(|error| Fault::Malformed(error.to_string()))?;
    let is_too_much = |item: &Item| item.failure_details.len() > ITEMS_MAX;
    if report.policies.len() > ITEMS_MAX || report.policies.iter().any(is_too_much) {
        return Err(Fault::Malformed(format!(
            "it names more than {ITEMS_MAX} policies or failures"
        )));
    }
    if name(&report.organization_name).is_empty() {
        return Err(Fault::Malformed("it does not say who reports".to_owned()));
    }
    Ok(Aggregate {
        organization: name(&report.organization_name),
        id: name(&report.report_id),
        from: report.date_range.start,
        until: report.date_range.end,
        saw: Saw::Sessions(report.policies.iter().map(sessions).collect()),
    })
}

fn sessions(item: &Item) -> Sessions {
    let mut failures: BTreeMap<String, u64> = BTreeMap::new();
    for detail in &item.failure_details {
        let count = failures.entry(name(&detail.result_type)).or_default();
        *count = count.saturating_add(detail.failed_session_count);
    }
    Sessions {
        domain: name(&item.policy.policy_domain.to_ascii_lowercase()),
        policy: name(&item.policy.policy_type),
        secured: item.summary.total_successful_session_count,
        failed: item.summary.total_failure_session_count,
        failures,
    }
}
