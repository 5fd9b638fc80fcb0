//! What contacts said themselves: what they chose, and what they agreed to. No feed writes over it.
//!
//! Evidence is only ever appended, in a table of its own. How things stand is kept beside, a value for the sixteen contacts
//! of a page, so that expansion need not read ten years of evidence.

use serde::{Deserialize, Serialize};

use super::page::place;
use crate::mail::Timestamp;
use crate::model::{Basis, Consent, ContactId, Evidence, Preference, Said, Standing, stand};
use crate::store::engine::{Batch, Table, VALUE_BYTES_MAX};
use crate::store::long::{self, Long};
use crate::store::{Error, sled};

/// What one contact said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct Choice {
    pub(in crate::store) slot: u8,
    /// By topic.
    pub(in crate::store) preferences: Vec<(String, Preference)>,
    pub(in crate::store) standings: Vec<Standing>,
}

/// The same, borrowed.
#[derive(Debug, Deserialize)]
pub(in crate::store) struct Chosen<'a> {
    pub(in crate::store) slot: u8,
    #[serde(borrow)]
    pub(in crate::store) preferences: Vec<(&'a str, Preference)>,
    #[serde(borrow)]
    pub(in crate::store) said: Vec<Said<'a>>,
}

/// A piece of evidence as it is kept; most have nothing more to show.
#[derive(Debug, Serialize)]
struct Keeping<'a> {
    slot: u8,
    purpose: &'a str,
    basis: Basis,
    at: Timestamp,
    source: &'a str,
    expires_at: Option<Timestamp>,
    evidence: Option<&'a Evidence>,
}

/// The same, as it is read.
#[derive(Debug, Deserialize)]
struct Kept {
    slot: u8,
    purpose: String,
    basis: Basis,
    at: Timestamp,
    source: String,
    expires_at: Option<Timestamp>,
    evidence: Option<Evidence>,
}

impl<'a> Keeping<'a> {
    fn of(slot: u8, consent: &'a Consent) -> Self {
        let has_more = consent.evidence != Evidence::default();
        Self {
            slot,
            purpose: &consent.purpose,
            basis: consent.basis,
            at: consent.at,
            source: &consent.source,
            expires_at: consent.expires_at,
            evidence: has_more.then_some(&consent.evidence),
        }
    }
}

impl Kept {
    fn consent(self) -> (u8, Consent) {
        let consent = Consent {
            purpose: self.purpose,
            basis: self.basis,
            at: self.at,
            source: self.source,
            expires_at: self.expires_at,
            evidence: self.evidence.unwrap_or_default(),
        };
        (self.slot, consent)
    }
}

/// What the contacts of a page said, and the value it was read from.
pub(in crate::store) fn choices(engine: &sled::Engine, page: u64) -> Result<(Long, Vec<Choice>), Error> {
    let long = long::read(engine, Table::Choices, &page.to_be_bytes())?;
    let choices = if long.is_there() {
        postcard::from_bytes(&long.bytes)?
    } else {
        Vec::new()
    };
    Ok((long, choices))
}

/// Adds to the batch what the contacts of a page said; that it was so before must still hold.
pub(in crate::store) fn put_choices(
    batch: &mut Batch,
    page: u64,
    before: &Long,
    choices: &[Choice],
) -> Result<(), Error> {
    let key = page.to_be_bytes();
    let bytes = if choices.is_empty() {
        Vec::new()
    } else {
        postcard::to_allocvec(choices)?
    };
    before.assert(batch, Table::Choices, &key);
    batch.writes.extend(before.replace(Table::Choices, &key, &bytes)?);
    Ok(())
}

/// The choice of one contact, made when there is none.
pub(in crate::store) fn choice_of(choices: &mut Vec<Choice>, slot: u8) -> &mut Choice {
    let at = choices.partition_point(|choice| choice.slot < slot);
    if choices.get(at).is_none_or(|choice| choice.slot != slot) {
        let choice = Choice {
            slot,
            ..Choice::default()
        };
        choices.insert(at, choice);
    }
    choices.get_mut(at).expect("it was put there if it was not")
}

/// All evidence of the contacts of a page, in the order in which it came, and the number of the next piece.
pub(in crate::store) fn evidence(engine: &sled::Engine, page: u64) -> Result<(Vec<(u8, Consent)>, u32), Error> {
    let (mut all, mut next) = (Vec::new(), 0);
    for item in engine.scan(Table::Consents, &page.to_be_bytes()) {
        let (key, value) = item?;
        let number = key.last_chunk::<4>().map_or(0, |octets| u32::from_be_bytes(*octets));
        next = number.saturating_add(1);
        let kept: Vec<Kept> = postcard::from_bytes(&value)?;
        all.extend(kept.into_iter().map(Kept::consent));
    }
    Ok((all, next))
}

/// Adds to the batch the evidence of a page's contacts that is new, and how things then stand. Returns whether any was new.
pub(in crate::store) fn attest(
    engine: &sled::Engine,
    batch: &mut Batch,
    page: u64,
    said: &[(u8, Consent)],
) -> Result<bool, Error> {
    let (known, next) = evidence(engine, page)?;
    let mut new: Vec<&(u8, Consent)> = Vec::new();
    for piece in said {
        if !known.contains(piece) && !new.contains(&piece) {
            new.push(piece);
        }
    }
    let (before, mut choices) = choices(engine, page)?;
    for (slot, consent) in said {
        stand(
            &mut choice_of(&mut choices, *slot).standings,
            std::slice::from_ref(consent),
        );
    }
    put_choices(batch, page, &before, &choices)?;
    for (number, value) in (next..).zip(values(&new)?) {
        let key = [page.to_be_bytes().as_slice(), &number.to_be_bytes()].concat();
        batch.assert(Table::Consents, &key, None);
        batch.put(Table::Consents, &key, value);
    }
    Ok(!new.is_empty())
}

/// Evidence in as few values as it needs.
fn values(said: &[&(u8, Consent)]) -> Result<Vec<Vec<u8>>, Error> {
    let keeping: Vec<Keeping<'_>> = said.iter().map(|(slot, consent)| Keeping::of(*slot, consent)).collect();
    let whole = postcard::to_allocvec(&keeping)?;
    match said {
        [] => Ok(Vec::new()),
        [_] => Ok(vec![whole]),
        _ if whole.len() <= VALUE_BYTES_MAX => Ok(vec![whole]),
        _ => {
            let (first, second) = said.split_at(said.len() / 2);
            Ok([values(first)?, values(second)?].concat())
        }
    }
}

/// Adds to the batch: nothing is kept of what this contact said.
pub(in crate::store) fn unsay(engine: &sled::Engine, batch: &mut Batch, id: ContactId) -> Result<(), Error> {
    let (page, slot) = place(id);
    let (before, mut said) = choices(engine, page)?;
    said.retain(|choice| choice.slot != slot);
    put_choices(batch, page, &before, &said)?;
    for item in engine.scan(Table::Consents, &page.to_be_bytes()) {
        let (key, value) = item?;
        let kept: Vec<Kept> = postcard::from_bytes(&value)?;
        let all: Vec<(u8, Consent)> = kept.into_iter().map(Kept::consent).collect();
        let others: Vec<&(u8, Consent)> = all.iter().filter(|(of, _)| *of != slot).collect();
        if others.len() == all.len() {
            continue;
        }
        batch.assert(Table::Consents, &key, Some(value));
        match values(&others)?.pop() {
            Some(value) => batch.put(Table::Consents, &key, value),
            None => batch.delete(Table::Consents, &key),
        }
    }
    Ok(())
}
