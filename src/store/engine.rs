//! The contract with a database: tables of bytes, and batches that are all or nothing.
//!
//! Every record lives under `(table, key)`. A [`Batch`] holds puts, deletes, **asserts** ("this key still has this
//! value") and lines for the one append-only log. The engine keeps it whole or not at all, and has it on the disk when
//! it says so. Values are [sealed](super::vault) on their way to the disk; keys are not, and name nobody.

use super::Error;

/// The tables; the number is the first byte of every key on the disk and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Table {
    /// [`crate::model::lifecycle::State`], by mailing id.
    Mailings = 1,
    /// Nothing, by state and mailing id: finds mailings by state.
    ByState = 2,
    /// Message bytes, by name.
    Messages = 3,
    /// What a mailing looks like when it leaves, by mailing id.
    Sealed = 4,
    /// Mailing id and time, by fingerprint: recognises a client's repeat.
    Fingerprints = 5,
    /// Packets of recipients, by mailing id and the number of their first.
    Plans = 6,
    /// Ledger entries, by mailing id, recipient and attempt.
    Ledger = 7,
    /// What offices say of contacts, sixteen in a value, by page.
    Contacts = 8,
    /// Contact ids by the marks of their addresses, by the beginning of the marks: the blind index of the master list.
    ContactsByAddress = 9,
    /// Suppressions, by the mark of their address, reason and scope.
    Suppressions = 10,
    /// Accounts, by the mark of their address.
    Accounts = 11,
    /// Account keys, by the hash of a bearer token.
    Tokens = 12,
    /// Reports not yet read, by number.
    Reports = 13,
    /// The audit trail, by number: only ever appended to.
    Events = 14,
    /// What this store is: the format it was made with.
    About = 15,
    /// Contacts who got a mailing, by the day's last copy, mailing and first contact.
    History = 16,
    /// The rest of a state too long for one value, by mailing id and chunk number.
    StateChunks = 17,
    /// Groups of people written to on one subject, by owner and group.
    Groups = 18,
    /// The thread of a message, by the hash of its Message-ID.
    Threads = 20,
    /// Who takes part in a thread, by thread.
    ThreadPeople = 21,
    /// How much an author's ordinary mail reached lately, by owner.
    Paces = 22,
    /// Classes, by term and section.
    Sections = 23,
    /// Roles in classes, by section and mark.
    Members = 24,
    /// Nothing, by instructor and section: which classes somebody teaches.
    Teaching = 25,
    /// Until when an account has shown a fresh second factor, by mark.
    Armed = 27,
    /// Nothing, by mailing id: what went before anybody read it, and is to be read afterwards.
    Afterwards = 28,
    /// Authenticators' secrets, and the last step used, by mark.
    SecondFactors = 29,
    /// Answers not yet acted on, by time and mailing id.
    Answers = 30,
    /// What a forged report costs, overwritten by the next, by chunk number: it takes as long to say no as to say yes.
    Forged = 34,
    /// What came back of a mailing's copies, once it is read, by mailing id, recipient and kind.
    Returns = 35,
    /// What may pass, counted, by mark, time and mailing id.
    Softs = 36,
    /// Records of the master list that are wrong and whose office is not told yet, by contact id.
    WrongRecords = 37,
    /// What lies in letterboxes until it is read, by time, hash and chunk number.
    Posted = 40,
    /// How each flow of mail stands, by its mark: rates, days, pace, breaker.
    Flows = 41,
    /// What hosts report of all mail in our name, by letterbox, end of what it is about, hash of its name and chunk number.
    Aggregates = 43,
    /// How mailings have fared, by mailing id and provider.
    Fares = 45,
    /// Data keys, each wrapped by the master key, by number; the one table that is not sealed.
    Vault = 31,
    /// Evidence of what the contacts of a page agreed to, by page and number: only ever appended to.
    Consents = 32,
    /// How an office's feed went, by office.
    Feeds = 33,
    /// Contact ids by the marks of their keys in an office's system, by office and the beginning of the marks.
    ContactsByKey = 38,
    /// What the contacts of a page chose and agree to now, by page.
    Choices = 39,
    /// When a contact asked to be erased, by contact id.
    Erasures = 42,
    /// When the end of a copy was hidden, by mailing id, recipient and attempt: who is uncertain, found without the ledger.
    Uncertain = 47,
    /// What domains say of their exchangers (MTA-STS), and until when, by the mark of the domain and part.
    StsPolicies = 48,
    /// The groups that a key finds, and the day each last was, by owner and key.
    GroupsFound = 50,
    /// The topics that a held mailing will be one of, by mailing id.
    Topics = 51,
    /// What there is to be told of a held case, the urgent ones first, by mailing id.
    Untold = 52,
}

impl Table {
    /// All tables, by number.
    pub(super) const ALL: [Self; 47] = [
        Self::Mailings,
        Self::ByState,
        Self::Messages,
        Self::Sealed,
        Self::Fingerprints,
        Self::Plans,
        Self::Ledger,
        Self::Contacts,
        Self::ContactsByAddress,
        Self::Suppressions,
        Self::Accounts,
        Self::Tokens,
        Self::Reports,
        Self::Events,
        Self::About,
        Self::History,
        Self::StateChunks,
        Self::Groups,
        Self::GroupsFound,
        Self::Topics,
        Self::Untold,
        Self::Threads,
        Self::ThreadPeople,
        Self::Paces,
        Self::Sections,
        Self::Members,
        Self::Teaching,
        Self::Armed,
        Self::Afterwards,
        Self::SecondFactors,
        Self::Answers,
        Self::Consents,
        Self::Forged,
        Self::Feeds,
        Self::Returns,
        Self::Softs,
        Self::WrongRecords,
        Self::Posted,
        Self::ContactsByKey,
        Self::Choices,
        Self::Erasures,
        Self::Uncertain,
        Self::Flows,
        Self::Aggregates,
        Self::Fares,
        Self::StsPolicies,
        Self::Vault,
    ];

    /// The first key after all of the table's.
    pub(super) fn end(self) -> Vec<u8> {
        vec![(self as u8).saturating_add(1)]
    }

    /// Whether its values are long: they lie beside the engine's file, which has their places.
    pub(super) fn is_long(self) -> bool {
        self == Self::Messages
    }

    /// Whether a full key is of a table of long values.
    pub(super) fn is_long_key(key: &[u8]) -> bool {
        key.first() == Some(&(Self::Messages as u8))
    }

    /// The key on the disk.
    pub(super) fn key(self, key: &[u8]) -> Vec<u8> {
        let mut full = Vec::with_capacity(1 + key.len());
        full.push(self as u8);
        full.extend_from_slice(key);
        full
    }
}

/// Most operations one batch may hold: all of them are in memory, twice, while they are written.
pub(super) const BATCH_OPERATIONS_MAX: usize = 200;
/// Longest value; sled keeps longer ones badly.
pub(super) const VALUE_BYTES_MAX: usize = 8 * 1024;
/// Longest value of a table of long ones.
pub(super) const LONG_BYTES_MAX: usize = 128 * 1024;

/// The turn of somebody who reads before they write: it ends once what they wrote can be read, before it is on the disk.
pub type Turn = tokio::sync::OwnedMutexGuard<()>;

/// What is to be written, and what it stands on.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) asserts: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub(super) writes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub(super) lines: Vec<Vec<u8>>,
    /// As they are on the disk, sealed already or never: full keys.
    pub(super) raw: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// Sealed values to seal anew, unless they have changed meanwhile: full keys.
    pub(super) reseals: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whose turn it is.
    pub(super) turn: Option<Turn>,
}

impl Batch {
    /// The key must still have this value (`None`: must be absent), or nothing of the batch is kept.
    pub(super) fn assert(&mut self, table: Table, key: &[u8], value: Option<Vec<u8>>) {
        self.asserts.push((table.key(key), value));
    }

    /// Writes a value.
    pub(super) fn put(&mut self, table: Table, key: &[u8], value: Vec<u8>) {
        self.writes.push((table.key(key), Some(value)));
    }

    /// Removes a value.
    pub(super) fn delete(&mut self, table: Table, key: &[u8]) {
        self.writes.push((table.key(key), None));
    }

    /// Adds a line to the log, bound to the line before it.
    pub(super) fn append(&mut self, line: Vec<u8>) {
        self.lines.push(line);
    }

    /// Adds another batch, when both fit into one; gives it back when they do not.
    pub(super) fn join(&mut self, other: Self) -> Option<Self> {
        if self.len() + other.len() > BATCH_OPERATIONS_MAX {
            return Some(other);
        }
        self.asserts.extend(other.asserts);
        self.writes.extend(other.writes);
        self.lines.extend(other.lines);
        self.raw.extend(other.raw);
        self.reseals.extend(other.reseals);
        self.turn = self.turn.take().or(other.turn);
        None
    }

    /// Operations in it.
    pub(super) fn len(&self) -> usize {
        self.writes.len() + self.lines.len() + self.raw.len() + self.reseals.len()
    }

    /// Whether the engine may take it.
    pub(super) fn check(&self) -> Result<(), Error> {
        let is_fit = |(key, value): &(Vec<u8>, Option<Vec<u8>>)| {
            let longest = if Table::is_long_key(key) {
                LONG_BYTES_MAX
            } else {
                VALUE_BYTES_MAX
            };
            value.as_ref().is_none_or(|value| value.len() <= longest)
        };
        let is_small = self.writes.iter().all(is_fit) && self.lines.iter().all(|line| line.len() <= VALUE_BYTES_MAX);
        if self.len() > BATCH_OPERATIONS_MAX || !is_small {
            return Err(Error::Disk(
                "a batch over the engine's limits was not written".to_owned(),
            ));
        }
        Ok(())
    }
}
