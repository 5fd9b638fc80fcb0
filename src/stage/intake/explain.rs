//! What would happen to a message, without taking it: the same facts, the same rules, nothing written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::gather;
use super::look::Reading;
use crate::decide::audience::{Asked, Counting, Pressure, Purpose, Suppressions};
use crate::decide::lint::{self, Remark};
use crate::decide::policy::Policy;
use crate::mail::{Address, Envelope, ForwardPath, Message, Timestamp};
use crate::model::{Ask, Audience, Author, Decision, Finding, OfficeId, Proof};
use crate::store::{Error, Store};

/// A message, and what is asked of it.
#[derive(Debug, Clone)]
pub struct Question {
    /// The message.
    pub message: Vec<u8>,
    /// Who would submit it, logged in.
    pub from: Address,
    /// Whom it would be for.
    pub to: Vec<Address>,
    /// When.
    pub at: Timestamp,
}

/// What would happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// `pass`, `hold` or `refuse`.
    pub outcome: String,
    /// Every finding.
    pub findings: Vec<Finding>,
    /// What the editorial checks say, the gravest first.
    pub remarks: Vec<Remark>,
    /// Whose approval would be wanted, in words.
    pub wanted: Vec<String>,
    /// How many would get a copy.
    pub recipients: u64,
    /// Who would not, by reason in words.
    pub left_out: BTreeMap<String, u64>,
    /// When it could leave, were it let go at once.
    pub leaves_at: Timestamp,
}

/// Answers a question; `Ok(Err(…))` is a sentence on why it cannot be.
pub fn explain(
    store: &Store,
    policy: &Policy,
    lint: &lint::Settings,
    question: &Question,
) -> Result<Result<Explained, String>, Error> {
    let message = match Message::parse(&question.message) {
        Ok(message) => message,
        Err(malformed) => return Ok(Err(format!("this is not a valid message: {malformed}"))),
    };
    let paths = question.to.iter().cloned().map(ForwardPath::to).collect();
    let Some(envelope) = Envelope::new(Some(question.from.clone()), paths) else {
        return Ok(Err("name at least one recipient".to_owned()));
    };
    let author = Author {
        address: question.from.clone(),
        proof: Proof::Login,
    };
    let facts = gather::facts(policy, &envelope, &message, Some(author), None);
    let reading = Reading {
        store,
        policy,
        now: question.at,
    };
    let looked = reading.look(facts, &envelope, (&message, &question.message))?;
    let (decision, resolved) = (looked.decision, looked.resolved);
    let remarks = match &resolved.audience {
        Audience::Named => Vec::new(),
        lists @ Audience::Lists { .. } => lint.read(&question.message, resolved.category, lists, question.at),
    };
    let mut left_out = BTreeMap::new();
    let recipients = match &resolved.audience {
        Audience::Named => u64::try_from(looked.envelope.forward_paths().len()).unwrap_or(u64::MAX),
        lists @ Audience::Lists { .. } => {
            let suppressions = Suppressions::new(store.suppressions()?, store.marker());
            let mut pressure = Pressure::none(question.at);
            store.copies_since(pressure.since(), question.at, |got, contacts| {
                pressure.add(got, contacts.iter().copied());
            })?;
            let mut counting = Counting::new(Asked {
                audience: lists,
                purpose: Purpose::of(resolved.category, resolved.lane),
                suppressions: &suppressions,
                pressure: &pressure,
                campus: &policy.campus_domains,
                now: question.at,
            });
            store.glance_at_all(|contact| counting.meet(contact))?;
            let counted = counting.end();
            for (exclusion, number) in counted.exclusions {
                *left_out.entry(exclusion.words().to_owned()).or_default() += number;
            }
            counted.recipients
        }
    };
    let hours = policy
        .frequency
        .hours
        .as_ref()
        .filter(|_| !resolved.audience.segments().is_empty());
    let paced = looked.facts.pace.wait_until.unwrap_or(question.at);
    let leaves_at = hours.map_or(paced, |hours| hours.next_slot(recipients, question.at, &policy.zone));
    let outcome = match &decision {
        Decision::Pass(_) => "pass",
        Decision::Hold(_) => "hold",
        Decision::Refuse(_) => "refuse",
    };
    let mut offices: Vec<&OfficeId> = Vec::new();
    for finding in decision.findings() {
        if let Ask::Hold { wants } = &finding.ask {
            offices.extend(wants);
        }
    }
    Ok(Ok(Explained {
        outcome: outcome.to_owned(),
        wanted: offices.into_iter().map(|office| policy.offices.name(office)).collect(),
        findings: decision.findings().to_vec(),
        remarks,
        recipients,
        left_out,
        leaves_at,
    }))
}
