//! The vault: every value of the store is sealed, record by record, before it reaches the disk. Policy C8.
//!
//! A value is sealed with AES-256-GCM under a *data key*, bound to its own table and key, so that no record can be put
//! in another's place. Data keys lie in the store, each wrapped by the *master key*, which does not: it is a file of the
//! operator's, or a credential of the service manager. Who copies the store without it has noise.
//!
//! # Form
//! `data key's number (4 octets) | nonce (12) | ciphertext | tag (16)`. The nonce is random; a key is far from the
//! number of records at which that would wear out (NIST SP 800-38D §8.3: 2^32).
//!
//! # What it cannot do
//! A running gateway holds the keys in its memory, so whoever is root on its host can read what it can read.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use zeroize::{Zeroize, Zeroizing};

use super::Error;

/// Octets of a key.
pub const KEY_OCTETS: usize = 32;
const NUMBER_OCTETS: usize = 4;
const NONCE_OCTETS: usize = 12;
/// Octets a sealed value is longer.
pub(super) const OVERHEAD_OCTETS: usize = NUMBER_OCTETS + NONCE_OCTETS + 16;

/// What wraps the data keys. Kept outside of the store.
#[derive(Clone)]
pub struct MasterKey(Arc<RandomizedNonceKey>);

impl MasterKey {
    /// A key of 32 random octets.
    pub fn new(octets: &[u8; KEY_OCTETS]) -> Self {
        Self(Arc::new(key_of(octets)))
    }

    fn wrap(&self, number: u32, octets: &[u8; KEY_OCTETS]) -> Result<Vec<u8>, Error> {
        let mut sealed = octets.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(name(number)), &mut sealed);
        let nonce = nonce.map_err(|_unspecified| unsealable())?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    fn unwrap(&self, number: u32, wrapped: &[u8]) -> Option<[u8; KEY_OCTETS]> {
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE_OCTETS>()?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place(nonce, Aad::from(name(number)), &mut sealed).ok()?;
        let octets = <[u8; KEY_OCTETS]>::try_from(&*opened).ok();
        sealed.zeroize();
        octets
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// The data keys, by number; the newest seals, all open.
#[derive(Clone, Default)]
struct Ring {
    current: u32,
    keys: BTreeMap<u32, Arc<RandomizedNonceKey>>,
}

/// Seals and opens; cheap to clone.
#[derive(Clone)]
pub(super) struct Vault {
    master: MasterKey,
    ring: Arc<RwLock<Ring>>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("current", &self.current()).finish()
    }
}

impl Vault {
    /// The vault of the wrapped keys; `None` when the master key is another one.
    pub(super) fn open<'a>(master: &MasterKey, wrapped: impl Iterator<Item = (u32, &'a [u8])>) -> Option<Self> {
        let vault = Self {
            master: master.clone(),
            ring: Arc::default(),
        };
        for (number, wrapped) in wrapped {
            vault.add(number, wrapped)?;
        }
        Some(vault)
    }

    /// A new data key, wrapped; it does not seal before it is [added](Self::add).
    pub(super) fn make(&self) -> Result<(u32, Vec<u8>), Error> {
        let number = self.current() + 1;
        let mut octets = [0; KEY_OCTETS];
        rand::fill(&mut octets).map_err(|_unspecified| unsealable())?;
        let wrapped = self.master.wrap(number, &octets);
        octets.zeroize();
        Ok((number, wrapped?))
    }

    /// Takes a wrapped key into use; from now on the newest seals. `None` when the master key is another one.
    pub(super) fn add(&self, number: u32, wrapped: &[u8]) -> Option<()> {
        let mut octets = self.master.unwrap(number, wrapped)?;
        let key = Arc::new(key_of(&octets));
        octets.zeroize();
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.current = ring.current.max(number);
        ring.keys.insert(number, key);
        Some(())
    }

    /// The keys again, each wrapped by another master key.
    pub(super) fn rewrapped(&self, wrapped: &[(u32, Vec<u8>)], by: &MasterKey) -> Result<Vec<(u32, Vec<u8>)>, Error> {
        let again = wrapped.iter().map(|(number, wrapped)| {
            let mut octets = self.master.unwrap(*number, wrapped).ok_or_else(unopenable)?;
            let again = by.wrap(*number, &octets);
            octets.zeroize();
            Ok((*number, again?))
        });
        again.collect()
    }

    /// The number of the key that seals.
    pub(super) fn current(&self) -> u32 {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).current
    }

    /// Whether a sealed value lies under an older key than the one that seals now.
    pub(super) fn is_old(&self, sealed: &[u8]) -> bool {
        number_of(sealed).is_none_or(|number| number < self.current())
    }

    /// Seals a value for its place.
    pub(super) fn seal(&self, place: &[u8], value: &[u8]) -> Result<Vec<u8>, Error> {
        let (number, key) = {
            let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
            let key = ring.keys.get(&ring.current).map(Arc::clone);
            (ring.current, key.ok_or_else(unsealable)?)
        };
        let mut sealed = Vec::with_capacity(value.len() + OVERHEAD_OCTETS);
        sealed.extend_from_slice(&number.to_be_bytes());
        sealed.extend_from_slice(&[0; NONCE_OCTETS]);
        sealed.extend_from_slice(value);
        let (head, body) = sealed.split_at_mut(NUMBER_OCTETS + NONCE_OCTETS);
        let (nonce, tag) = key
            .seal_in_place_separate_tag(Aad::from(place), body)
            .map_err(|_unspecified| unsealable())?;
        head.iter_mut()
            .skip(NUMBER_OCTETS)
            .zip(nonce.as_ref())
            .for_each(|(to, from)| *to = *from);
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens the value of a place.
    pub(super) fn open_value(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let number = number_of(sealed).ok_or_else(unopenable)?;
        let key = {
            let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
            ring.keys.get(&number).map(Arc::clone).ok_or_else(unopenable)?
        };
        let rest = sealed.get(NUMBER_OCTETS..).unwrap_or_default();
        let (nonce, body) = rest.split_first_chunk::<NONCE_OCTETS>().ok_or_else(unopenable)?;
        let mut value = body.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = key
            .open_in_place(nonce, Aad::from(place), &mut value)
            .map_err(|_unspecified| unopenable())?
            .len();
        value.truncate(length);
        Ok(value)
    }
}

/// The key of one file on its way: what it seals nobody opens who does not have it, and nobody keeps it unless a record
/// says so.
#[derive(Clone)]
pub(super) struct FileKey {
    octets: Zeroizing<[u8; KEY_OCTETS]>,
    key: Arc<RandomizedNonceKey>,
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey(…)")
    }
}

impl FileKey {
    /// A key that nobody has had before.
    pub(super) fn random() -> Result<Self, Error> {
        let mut octets = Zeroizing::new([0; KEY_OCTETS]);
        rand::fill(octets.as_mut_slice()).map_err(|_unspecified| unsealable())?;
        Ok(Self::new(octets))
    }

    /// The key of these octets.
    pub(super) fn new(octets: Zeroizing<[u8; KEY_OCTETS]>) -> Self {
        let key = Arc::new(key_of(&octets));
        Self { octets, key }
    }

    /// Its octets, for the record that keeps it.
    pub(super) fn octets(&self) -> &[u8; KEY_OCTETS] {
        &self.octets
    }

    /// Seals a piece for its place, over itself: the nonce is put behind.
    pub(super) fn seal(&self, place: &[u8], piece: &mut Vec<u8>) -> Result<(), Error> {
        let nonce = self.key.seal_in_place_append_tag(Aad::from(place), piece);
        piece.extend_from_slice(nonce.map_err(|_unspecified| unsealable())?.as_ref());
        Ok(())
    }

    /// Opens the piece of a place, over itself.
    pub(super) fn open(&self, place: &[u8], piece: &mut Vec<u8>) -> Result<(), Error> {
        let nonce = *piece.last_chunk::<NONCE_OCTETS>().ok_or_else(unopenable)?;
        piece.truncate(piece.len() - NONCE_OCTETS);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened = self.key.open_in_place(nonce, Aad::from(place), piece);
        let length = opened.map_err(|_unspecified| unopenable())?.len();
        piece.truncate(length);
        Ok(())
    }
}

fn key_of(octets: &[u8; KEY_OCTETS]) -> RandomizedNonceKey {
    RandomizedNonceKey::new(&AES_256_GCM, octets).expect("AES-256 takes 32 octets")
}

fn number_of(sealed: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(*sealed.first_chunk::<NUMBER_OCTETS>()?))
}

/// What a wrapped key is bound to.
fn name(number: u32) -> [u8; 12] {
    let mut name = *b"data key    ";
    name.iter_mut()
        .skip(8)
        .zip(number.to_be_bytes())
        .for_each(|(to, from)| *to = from);
    name
}

fn unsealable() -> Error {
    Error::Disk("the machine gives no random numbers, so nothing can be sealed".to_owned())
}

fn unopenable() -> Error {
    Error::Unreadable("it was changed, or sealed with a key that this store does not have".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(master: u8) -> Vault {
        let vault = Vault::open(&MasterKey::new(&[master; 32]), std::iter::empty()).expect("empty");
        let (number, wrapped) = vault.make().expect("makes");
        vault.add(number, &wrapped).expect("its own");
        vault
    }

    #[test]
    fn a_value_opens_in_its_place_alone_and_unchanged() {
        let vault = vault(1);
        let sealed = vault.seal(b"place", b"ann@mst.example").expect("seals");
        assert_eq!(sealed.len(), 15 + OVERHEAD_OCTETS);
        assert!(!sealed.windows(3).any(|window| window == b"ann"));
        assert_eq!(vault.open_value(b"place", &sealed).expect("opens"), b"ann@mst.example");
        assert!(vault.open_value(b"other", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.open_value(b"place", &changed).is_err(), "octet {at}");
        }
        assert!(vault.open_value(b"place", &sealed[..20]).is_err());
        assert_ne!(sealed, vault.seal(b"place", b"ann@mst.example").expect("seals"));
    }

    #[test]
    fn another_master_key_opens_nothing() {
        let vault = vault(1);
        let (number, wrapped) = vault.make().expect("makes");
        let keys = [(number, wrapped)];
        let open = |master: u8| {
            let keys = keys.iter().map(|(number, wrapped)| (*number, wrapped.as_slice()));
            Vault::open(&MasterKey::new(&[master; 32]), keys).is_some()
        };
        assert!(open(1) && !open(2));
        let again = vault.rewrapped(&keys, &MasterKey::new(&[2; 32])).expect("rewraps");
        let again = again.iter().map(|(number, wrapped)| (*number, wrapped.as_slice()));
        assert!(Vault::open(&MasterKey::new(&[2; 32]), again).is_some());
    }

    #[test]
    fn a_new_key_seals_and_the_old_one_still_opens() {
        let vault = vault(1);
        let old = vault.seal(b"place", b"old").expect("seals");
        let (number, wrapped) = vault.make().expect("makes");
        assert!(!vault.is_old(&old), "it does not seal before it is added");
        vault.add(number, &wrapped).expect("its own");
        assert!(vault.is_old(&old));
        assert!(!vault.is_old(&vault.seal(b"place", b"new").expect("seals")));
        assert_eq!(vault.open_value(b"place", &old).expect("opens"), b"old");
    }
}
