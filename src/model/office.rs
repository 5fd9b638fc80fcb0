//! Offices: who answers for which audience, and what each may do.
//!
//! A [`Steward`] and a [`Reviewer`] are made here only, from the table of offices. So holding one is the proof that the
//! table names that account, and an act that takes one needs no further check.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::mail::Address;

/// The name of an office in policy.toml, such as `registrar`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OfficeId(pub String);

impl fmt::Display for OfficeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    /// In words: `Office of the Registrar`.
    pub name: String,
    /// Accounts that approve for it, deputies in order.
    pub stewards: Vec<Address>,
    /// Accounts that release.
    pub reviewers: Vec<Address>,
}

/// All offices. Policy C9, C15.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offices(BTreeMap<OfficeId, Office>);

impl Offices {
    /// The table, as policy.toml has it.
    pub fn new(offices: BTreeMap<OfficeId, Office>) -> Self {
        Self(offices)
    }

    /// One office.
    pub fn find(&self, id: &OfficeId) -> Option<&Office> {
        self.0.get(id)
    }

    /// The office's name in words, or its id when the table no longer has it.
    pub fn name(&self, id: &OfficeId) -> String {
        self.find(id)
            .map_or_else(|| id.to_string(), |office| office.name.clone())
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&OfficeId, &Office)> {
        self.0.iter()
    }

    /// The offices this account is a steward of.
    pub fn stewardships(&self, account: &Address) -> Vec<Steward> {
        self.0
            .iter()
            .filter(|(_, office)| names(&office.stewards, account))
            .map(|(id, _)| Steward {
                account: account.clone(),
                office: id.clone(),
            })
            .collect()
    }

    /// The account as a reviewer, when an office names it so.
    pub fn reviewer(&self, account: &Address) -> Option<Reviewer> {
        self.0
            .values()
            .any(|office| names(&office.reviewers, account))
            .then(|| Reviewer {
                account: account.clone(),
            })
    }

    /// Every account that may release.
    pub fn reviewers(&self) -> Vec<&Address> {
        self.0.values().flat_map(|office| &office.reviewers).collect()
    }
}

fn names(accounts: &[Address], account: &Address) -> bool {
    accounts.iter().any(|named| named.is_same_mailbox(account))
}

/// An account that answers for an office's audiences: approves their use, cannot release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steward {
    account: Address,
    office: OfficeId,
}

impl Steward {
    /// Who.
    pub fn account(&self) -> &Address {
        &self.account
    }

    /// For which office.
    pub fn office(&self) -> &OfficeId {
        &self.office
    }
}

/// An account that answers for content and timing: releases, cannot approve for a steward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewer {
    account: Address,
}

impl Reviewer {
    /// Who.
    pub fn account(&self) -> &Address {
        &self.account
    }
}

/// What a fresh second factor was shown for. Policy C17.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Arming {
    /// The next message to an emergency list goes to everybody.
    Emergency,
    /// It takes the same road to those who practise, and says that it is a drill.
    Drill,
}

/// The accounts that may send an emergency. Policy C17.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heralds(Vec<Address>);

impl Heralds {
    /// The accounts, as policy.toml names them.
    pub fn new(accounts: Vec<Address>) -> Self {
        Self(accounts)
    }

    /// The account, when it is one of them.
    pub fn find(&self, account: &Address) -> Option<Herald> {
        names(&self.0, account).then(|| Herald {
            account: account.clone(),
        })
    }

    /// All of them.
    pub fn accounts(&self) -> &[Address] {
        &self.0
    }
}

/// An account that may send an emergency, or confirm another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Herald {
    account: Address,
}

impl Herald {
    /// Who.
    pub fn account(&self) -> &Address {
        &self.account
    }
}
