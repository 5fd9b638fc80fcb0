//! Rosters: who teaches and who takes which class, by term. Policy C6.

use super::engine::{BATCH_OPERATIONS_MAX, Batch, Table};
use super::{Error, Store};
use crate::mail::{Address, Timestamp};
use crate::model::{Event, Mark, Role, RosterRow, Section};

/// Octets of a mark.
const MARK_OCTETS: usize = size_of::<Mark>();

impl Store {
    /// Replaces the rosters of one term by a whole feed; returns how many sections it has.
    pub async fn put_rosters(
        &self,
        term: &str,
        (begins, ends): (Timestamp, Timestamp),
        rows: &[RosterRow],
        event: Event,
    ) -> Result<usize, Error> {
        let prefix = [term.to_lowercase().as_bytes(), b"/"].concat();
        let mut batch = Batch::default();
        for table in [Table::Members, Table::Sections] {
            for key in self.engine.keys(table, &prefix) {
                batch.delete(table, &key?);
                self.flush(&mut batch).await?;
            }
        }
        for key in self.engine.keys(Table::Teaching, &[]) {
            let key = key?;
            let section = key.get(MARK_OCTETS..).unwrap_or_default();
            if section.starts_with(&prefix) {
                batch.delete(Table::Teaching, &key);
                self.flush(&mut batch).await?;
            }
        }
        let mut names = std::collections::BTreeSet::new();
        for row in rows {
            let name = format!("{term}/{}", row.section).to_lowercase();
            let role = postcard::to_allocvec(&(row.role, &row.address))?;
            batch.put(Table::Members, &member(&name, &self.mark(&row.address)), role);
            if row.role == Role::Instructor {
                batch.put(Table::Teaching, &teaching(&self.mark(&row.address), &name), Vec::new());
            }
            if names.insert(name.clone()) {
                let section = Section {
                    name: name.clone(),
                    begins,
                    ends,
                };
                batch.put(Table::Sections, name.as_bytes(), postcard::to_allocvec(&section)?);
            }
            self.flush(&mut batch).await?;
        }
        batch.append(postcard::to_allocvec(&event)?);
        self.engine.commit(batch).await?;
        Ok(names.len())
    }

    async fn flush(&self, batch: &mut Batch) -> Result<(), Error> {
        if batch.len() + 4 > BATCH_OPERATIONS_MAX {
            self.engine.commit(std::mem::take(batch)).await?;
        }
        Ok(())
    }

    /// The classes somebody teaches, of whatever term.
    pub fn taught_by(&self, instructor: &Address) -> Result<Vec<Section>, Error> {
        let mut sections = Vec::new();
        for key in self.engine.keys(Table::Teaching, &self.mark(instructor)) {
            let key = key?;
            let name = key.get(MARK_OCTETS..).unwrap_or_default();
            if let Some(record) = self.engine.read(Table::Sections, name)? {
                sections.push(postcard::from_bytes(&record)?);
            }
        }
        Ok(sections)
    }

    /// Whether somebody is in a class, as whatever.
    pub fn is_member(&self, section: &Section, who: &Address) -> Result<bool, Error> {
        let found = self
            .engine
            .read(Table::Members, &member(&section.name, &self.mark(who)))?;
        Ok(found.is_some())
    }

    /// Everybody in a class.
    pub fn members(&self, section: &Section) -> Result<Vec<(Role, Address)>, Error> {
        let rows = self.engine.scan(Table::Members, &member(&section.name, &[]));
        rows.map(|item| Ok(postcard::from_bytes(&item?.1)?)).collect()
    }
}

fn member(section: &str, mark: &[u8]) -> Vec<u8> {
    [section.as_bytes(), &[0], mark].concat()
}

fn teaching(instructor: &Mark, section: &str) -> Vec<u8> {
    [instructor.as_slice(), section.as_bytes()].concat()
}
