//! Cover: what a signature covers of the fields all copies share, canonicalised once a mailing.
//!
//! # Standards
//! RFC 6376 §5.4.2 (several fields of one name, from the bottom up), §8.15 (fields that cannot be added).

use base64::Engine as _;

use super::{BASE64, SEALED, SIGNED, relax};
use crate::mail::Field;

/// The shared fields of a mailing and the hash of its body, ready to be signed with a copy's own fields above them.
#[derive(Debug)]
pub struct Cover {
    /// For each name of [`SIGNED`]: the shared fields of that name, from the bottom up.
    shared: Vec<Shared>,
    body_hash: String,
}

#[derive(Debug, Default)]
struct Shared {
    names: Vec<String>,
    canonical: Vec<u8>,
}

impl Cover {
    /// Of these fields, top to bottom, and a body of this hash.
    pub fn new(fields: &[Field], body_hash: &[u8; 32]) -> Self {
        let shared = SIGNED.iter().map(|signed| {
            let mut shared = Shared::default();
            for field in fields.iter().rev().filter(|field| field.is(signed)) {
                shared.names.push(field.name().to_owned());
                relax(field.raw(), &mut shared.canonical);
            }
            shared
        });
        Self {
            shared: shared.collect(),
            body_hash: BASE64.encode(body_hash),
        }
    }

    /// The names for `h=`, and the canonical form of the fields they name, when these stand above the shared ones.
    pub(super) fn with<'a>(&'a self, own: &'a [Field]) -> (Vec<&'a str>, Vec<u8>) {
        let mut names = Vec::with_capacity(SIGNED.len() + SEALED.len());
        let mut input = Vec::with_capacity(4 * 1024);
        for (signed, shared) in SIGNED.iter().zip(&self.shared) {
            names.extend(shared.names.iter().map(String::as_str));
            input.extend_from_slice(&shared.canonical);
            for field in own.iter().rev().filter(|field| field.is(signed)) {
                names.push(field.name());
                relax(field.raw(), &mut input);
            }
        }
        names.extend(SEALED);
        (names, input)
    }

    /// The hash of the body, as `bh=` has it.
    pub(super) fn body_hash(&self) -> &str {
        &self.body_hash
    }
}
