//! The office that owns the contacts agrees: the Registrar for students, Advancement Services for alumni, Human
//! Resources for faculty and staff when necessary. Policy C15.

use super::super::{Facts, Policy, Rule};
use crate::model::{Ask, Finding, OfficeId};

pub(in super::super) const RULE: Rule = Rule {
    name: "steward-routing",
    clause: "C15",
    judge,
};

fn judge(facts: &Facts, policy: &Policy) -> Option<Finding> {
    let author = &facts.author.as_ref()?.address;
    if facts.goes_at_once(policy) {
        return None;
    }
    let mut wants: Vec<OfficeId> = Vec::new();
    let mut audiences = Vec::new();
    for list in facts.lists() {
        let (list, audience) = policy.list_and_audience(list)?;
        let Some(office) = policy.wanted_office(audience, author) else {
            continue;
        };
        audiences.push(list.audience.clone());
        if !wants.contains(&office) {
            wants.push(office);
        }
    }
    if wants.is_empty() {
        return None;
    }
    let names: Vec<String> = wants.iter().map(|office| policy.offices.name(office)).collect();
    let verb = if names.len() == 1 { "answers" } else { "answer" };
    let sentence = format!(
        "The {} {verb} for the contacts written to ({}), and must agree",
        names.join(" and the "),
        audiences.join(", ")
    );
    Some(RULE.finds(Ask::Hold { wants }, sentence))
}
