//! Who wrote it, when nobody logged in and the relay does not say: a DKIM signature aligned with From. Policy C16.
//!
//! A pass proves the author; a failure proves nothing, and is no reason of its own to refuse.
//!
//! # Standards
//! RFC 6376 (DKIM), RFC 9989 §4.4 (alignment, relaxed).

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use mail_auth::common::verify::VerifySignature;
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt};

use super::gather;
use crate::mail::{Domain, Message};
use crate::model::{Author, Proof};

/// Keys kept at the same time.
const KEYS_MAX: usize = 1_000;

/// Asks DNS for keys, and remembers them as long as DNS allows.
pub struct Voucher {
    authenticator: Option<MessageAuthenticator>,
    keys: Keys,
}

impl std::fmt::Debug for Voucher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Voucher")
    }
}

impl Voucher {
    /// Asks the system's resolver. Without one nobody is vouched for.
    pub fn system() -> Self {
        let authenticator = MessageAuthenticator::new_system_conf();
        if let Err(error) = &authenticator {
            tracing::warn!(%error, "no resolver: authors are known by login or relay header alone");
        }
        Self {
            authenticator: authenticator.ok(),
            keys: Keys::default(),
        }
    }

    /// The author, when a signature of their own campus domain covers what they wrote.
    pub(super) async fn vouch(&self, message: &Message, bytes: &[u8], campus: &[Domain]) -> Option<Author> {
        let authors = gather::from(&message.header);
        let [from] = authors.as_slice() else { return None };
        let is_campus = campus.iter().any(|domain| from.domain().is_within(domain));
        if !is_campus || message.header.value("DKIM-Signature").is_none() {
            return None;
        }
        let authenticator = self.authenticator.as_ref()?;
        let parsed = AuthenticatedMessage::parse(bytes)?;
        let outputs = authenticator
            .verify_dkim(Parameters::new(&parsed).with_txt_cache(&self.keys))
            .await;
        let passes = outputs.iter().any(|output| {
            let signed: Option<Domain> = output.signature().and_then(|signature| signature.domain().parse().ok());
            *output.result() == DkimResult::Pass && signed.is_some_and(|domain| is_aligned(&domain, from.domain()))
        });
        passes.then(|| Author {
            address: from.clone(),
            proof: Proof::AlignedSignature,
        })
    }
}

/// Relaxed: one is the other, or below it.
fn is_aligned(signed: &Domain, from: &Domain) -> bool {
    signed.is_within(from) || from.is_within(signed)
}

/// TXT records of late.
#[derive(Default)]
struct Keys(Mutex<HashMap<Box<str>, (Txt, Instant)>>);

impl ResolverCache<Box<str>, Txt> for Keys {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(name)
            .filter(|(_, until)| until.elapsed().is_zero())
            .map(|(txt, _)| txt.clone())
    }

    fn remove<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(name).map(|(txt, _)| txt)
    }

    fn insert(&self, key: Box<str>, value: Txt, valid_until: Instant) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEYS_MAX {
            kept.retain(|_, (_, until)| until.elapsed().is_zero());
        }
        if kept.len() < KEYS_MAX {
            kept.insert(key, (value, valid_until));
        }
    }
}

#[cfg(test)]
mod tests;
