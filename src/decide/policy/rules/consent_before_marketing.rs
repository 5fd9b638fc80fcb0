//! Consent comes before a marketing message. Policy C3.
//!
//! Who has not consented is left out when the audience is expanded, and again when each copy is sent. What this rule
//! holds is a request that would go round that: marketing to an audience off campus that asks nobody's consent.

use super::super::{Facts, Policy, Rule};
use crate::model::{Ask, Category, ConsentRule, Finding};

pub(in super::super) const RULE: Rule = Rule {
    name: "consent-before-marketing",
    clause: "C3",
    judge,
};

fn judge(facts: &Facts, policy: &Policy) -> Option<Finding> {
    facts.author.as_ref()?;
    if facts.goes_at_once(policy) {
        return None;
    }
    let off_campus = facts
        .lists()
        .filter_map(|list| policy.list_and_audience(list))
        .filter(|(_, a)| !a.on_campus);
    let mut asks = Vec::new();
    for (list, audience) in off_campus {
        match (audience.consent, list.category) {
            (ConsentRule::NotNeeded, Category::Marketing) => {
                let sentence = format!(
                    "Marketing to {} needs the consent of each contact, and that audience asks for none: EMarComm must \
                     choose another audience or another category",
                    list.audience
                );
                return Some(RULE.finds(Ask::Hold { wants: Vec::new() }, sentence));
            }
            (ConsentRule::NotNeeded, _) => {}
            (ConsentRule::NotWithdrawn | ConsentRule::OptIn, _) => asks.push(list.audience.clone()),
        }
    }
    (!asks.is_empty()).then(|| {
        let sentence = format!(
            "Of {}, only those get a copy whose consent is in force; the others are counted",
            asks.join(", ")
        );
        RULE.finds(Ask::Note, sentence)
    })
}
