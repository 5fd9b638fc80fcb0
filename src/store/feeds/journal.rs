//! The journal of a feed: what is to be written, in order, decided by one record and then carried out.
//!
//! The journal lies on the disk before the record does. A crash before the record leaves nothing of the feed; a crash after it
//! is made good from the journal, whose key the record keeps. Each step can be done twice.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::file::Sealed;
use crate::model::{Consent, Event};
use crate::store::engine::{BATCH_OPERATIONS_MAX, Batch, Table};
use crate::store::long::Write;
use crate::store::people::choices;
use crate::store::vault::{FileKey, KEY_OCTETS};
use crate::store::{Error, Store};

/// Key, in [`Table::About`], of the feed that is decided and not yet carried out.
pub(super) const DECIDED_KEY: &[u8] = b"feed";
/// Octets written in one commit, so that what waits stays small.
const COMMIT_BYTES_MAX: usize = 512 * 1024;
/// Steps in one commit: a page or a bucket is one operation or a few.
const STEPS_MAX: usize = 64;

/// One thing to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Step {
    /// These keys are to hold these values.
    Write(Vec<Write>),
    /// The contacts of this page agreed to this: added to what there is by then.
    Attest(u64, Vec<(u8, Consent)>),
}

/// A feed that is decided.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Decided {
    pub(super) file: String,
    pub(super) key: [u8; KEY_OCTETS],
    pub(super) pieces: u32,
    pub(super) event: Event,
    /// The first id that nobody has once it is carried out.
    pub(super) next_contact: u32,
}

impl Store {
    /// The feed that is decided and not yet carried out.
    pub(in crate::store) fn decided(&self) -> Result<Option<Decided>, Error> {
        let record = self.engine.read(Table::About, DECIDED_KEY)?;
        record.map(|record| Ok(postcard::from_bytes(&record)?)).transpose()
    }

    /// Carries out a decided feed, from its beginning; `progress` hears how many steps are done.
    pub(super) async fn carry_out(
        &self,
        decided: &Decided,
        mut progress: impl FnMut(usize) + Send,
    ) -> Result<(), Error> {
        let key = FileKey::new(Zeroizing::new(decided.key));
        let mut journal = Sealed::kept(self.feeds.dir(), &decided.file, key, decided.pieces);
        let mut records = journal.records()?;
        let (mut pending, mut bytes, mut done) = (Vec::new(), 0, 0);
        while let Some(record) = records.next()? {
            bytes += record.len();
            pending.push(postcard::from_bytes(record)?);
            done += 1;
            if pending.len() >= STEPS_MAX || bytes >= COMMIT_BYTES_MAX {
                self.do_steps(std::mem::take(&mut pending)).await?;
                bytes = 0;
                progress(done);
            }
        }
        self.do_steps(pending).await?;
        let mut batch = Batch::default();
        batch.delete(Table::About, DECIDED_KEY);
        batch.put(
            Table::About,
            super::NEXT_KEY,
            postcard::to_allocvec(&decided.next_contact)?,
        );
        batch.append(postcard::to_allocvec(&decided.event)?);
        self.engine.commit(batch).await?;
        drop(records);
        journal.discard();
        progress(done);
        Ok(())
    }

    /// Does some steps in one commit; in two when they are too many for one.
    pub(super) async fn do_steps(&self, steps: Vec<Step>) -> Result<(), Error> {
        let mut waiting = vec![steps];
        while let Some(mut steps) = waiting.pop() {
            let mut batch = self.batch_of(&steps)?;
            match batch.len() {
                0 => {}
                count if count <= BATCH_OPERATIONS_MAX => match self.engine.commit(batch).await {
                    // Somebody said something at the same moment: what they said is read anew.
                    Err(Error::Conflict) => waiting.push(steps),
                    committed => committed?,
                },
                _ if steps.len() > 1 => {
                    let second = steps.split_off(steps.len() / 2);
                    waiting.extend([second, steps]);
                }
                _ => {
                    let second = batch.writes.split_off(BATCH_OPERATIONS_MAX);
                    self.engine.commit(batch).await?;
                    waiting.push(vec![Step::Write(second)]);
                }
            }
        }
        Ok(())
    }

    fn batch_of(&self, steps: &[Step]) -> Result<Batch, Error> {
        let mut batch = Batch::default();
        for step in steps {
            match step {
                Step::Write(writes) => batch.writes.extend(writes.iter().cloned()),
                Step::Attest(page, said) => {
                    choices::attest(&self.engine, &mut batch, *page, said)?;
                }
            }
        }
        Ok(batch)
    }
}
