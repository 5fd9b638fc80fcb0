//! How the flows of mail stand: what shaping remembers over a restart.
//!
//! Records are the shaper's own; this room keeps them, and whether the house was closed in order since.

use super::engine::{BATCH_OPERATIONS_MAX, Batch, Table};
use super::{Error, Store};

/// The key of the mark that all was kept when the house was closed. Flows have longer ones.
const CLOSED: &[u8] = b"closed";

/// A flow's name, and its record; `None` when nothing is worth remembering any more.
pub type FlowRecord = (String, Option<Vec<u8>>);

impl Store {
    /// Takes up what was kept: the records, and whether the house was closed in order after the last was. From now on it
    /// counts as open.
    pub async fn open_flows(&self) -> Result<(Vec<Vec<u8>>, bool), Error> {
        let was_closed = self.engine.read(Table::Flows, CLOSED)?.is_some();
        let mut records = Vec::new();
        for item in self.engine.scan(Table::Flows, &[]) {
            let (key, record) = item?;
            if key != CLOSED {
                records.push(record);
            }
        }
        if was_closed {
            let mut batch = Batch::default();
            batch.delete(Table::Flows, CLOSED);
            self.engine.commit(batch).await?;
        }
        Ok((records, was_closed))
    }

    /// Keeps how flows stand. `is_closing` says that nothing will be sent after this.
    pub async fn keep_flows(&self, flows: Vec<FlowRecord>, is_closing: bool) -> Result<(), Error> {
        let mut batch = Batch::default();
        for (name, record) in flows {
            // A domain may name somebody: keys bear none.
            let key = self.marker.mark(&format!("flow {name}"));
            match record {
                Some(record) => batch.put(Table::Flows, &key, record),
                None => batch.delete(Table::Flows, &key),
            }
            if batch.len() == BATCH_OPERATIONS_MAX {
                self.engine.commit(std::mem::take(&mut batch)).await?;
            }
        }
        if is_closing {
            batch.put(Table::Flows, CLOSED, Vec::new());
        }
        if batch.len() > 0 {
            self.engine.commit(batch).await?;
        }
        Ok(())
    }
}
