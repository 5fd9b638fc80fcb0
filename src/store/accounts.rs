//! Accounts: who may log in, and the bearer tokens of programs.

use serde::{Deserialize, Serialize};

use super::engine::{Batch, Table};
use super::{Error, Store};
use crate::mail::{Address, Timestamp};
use crate::model::Event;

/// One account. What it may do is said by the offices of policy.toml, not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its name, and where notices go.
    pub address: Address,
    /// The argon2id hash of its password, in PHC form; `None` for one that only holds tokens.
    pub password_hash: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when its keeper is away: a deputy is asked meanwhile. Policy C15.
    pub away_until: Option<Timestamp>,
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// To look.
    Read,
    /// To look, and to act as its account may.
    #[default]
    Act,
}

impl Store {
    /// One account.
    pub fn account(&self, address: &Address) -> Result<Option<Account>, Error> {
        match self.engine.read(Table::Accounts, &self.mark(address))? {
            Some(record) => Ok(Some(postcard::from_bytes(&record)?)),
            None => Ok(None),
        }
    }

    /// All accounts, by address.
    pub fn accounts(&self) -> Result<Vec<Account>, Error> {
        let records = self.engine.scan(Table::Accounts, &[]);
        let mut accounts: Vec<Account> = records
            .map(|item| Ok(postcard::from_bytes(&item?.1)?))
            .collect::<Result<_, Error>>()?;
        accounts.sort_by_key(|account| account.address.key());
        Ok(accounts)
    }

    /// Whether the keeper of this account has said that they are away.
    pub fn is_away(&self, address: &Address, now: Timestamp) -> Result<bool, Error> {
        let account = self.account(address)?;
        Ok(account
            .and_then(|account| account.away_until)
            .is_some_and(|until| now < until))
    }

    /// Adds an account, or changes it.
    pub async fn put_account(&self, account: &Account, event: Event) -> Result<(), Error> {
        let mut batch = Batch::default();
        batch.put(
            Table::Accounts,
            &self.mark(&account.address),
            postcard::to_allocvec(account)?,
        );
        batch.append(postcard::to_allocvec(&event)?);
        self.engine.commit(batch).await
    }

    /// Removes an account and its tokens. Returns whether there was one.
    pub async fn remove_account(&self, address: &Address, event: Event) -> Result<bool, Error> {
        if self.account(address)?.is_none() {
            return Ok(false);
        }
        let mut batch = Batch::default();
        batch.delete(Table::Accounts, &self.mark(address));
        for item in self.engine.scan(Table::Tokens, &[]) {
            let (hash, record) = item?;
            let (owner, _): (Address, Scope) = postcard::from_bytes(&record)?;
            if owner.is_same_mailbox(address) {
                batch.delete(Table::Tokens, &hash);
            }
        }
        batch.append(postcard::to_allocvec(&event)?);
        self.engine.commit(batch).await.map(|()| true)
    }

    /// Keeps a bearer token by its SHA-256.
    pub async fn put_token(&self, hash: &[u8; 32], owner: &Address, scope: Scope, event: Event) -> Result<(), Error> {
        let mut batch = Batch::default();
        batch.put(Table::Tokens, hash, postcard::to_allocvec(&(owner, scope))?);
        batch.append(postcard::to_allocvec(&event)?);
        self.engine.commit(batch).await
    }

    /// Whose token has this SHA-256, and what it is good for.
    pub fn token(&self, hash: &[u8; 32]) -> Result<Option<(Address, Scope)>, Error> {
        match self.engine.read(Table::Tokens, hash)? {
            Some(record) => Ok(Some(postcard::from_bytes(&record)?)),
            None => Ok(None),
        }
    }
}
