//! Records of the master list that are wrong: a campus address that takes no mail. Its office is told, once a day.

use super::Desk;
use crate::decide::notice::{Kind, Told};
use crate::mail::Address;
use crate::model::lifecycle::State;
use crate::model::{Contact, Listing, OfficeId, WrongRecord};
use crate::store::{Error, Outgoing};

/// Records that one notice names.
const RECORDS_MAX: usize = 200;

impl Desk {
    /// The notices of a day to the offices whose records are wrong. Policy C4, C8: keys and counts, and no address.
    pub(super) fn tell_wrong_records(&self, records: &[WrongRecord]) -> Result<Vec<Outgoing>, Error> {
        let Some(carrier) = self.carrier(records)? else {
            return Ok(Vec::new());
        };
        let mut lines: Vec<(OfficeId, String)> = Vec::new();
        for record in records {
            if let Some(contact) = self.store.contact(record.contact)? {
                lines.extend(self.lines(record, &contact));
            }
        }
        let mut offices: Vec<&OfficeId> = lines.iter().map(|(office, _)| office).collect();
        offices.sort();
        offices.dedup();
        let mut outgoing = Vec::new();
        for office in offices {
            let theirs: Vec<String> = lines
                .iter()
                .filter(|(of, _)| of == office)
                .map(|(_, line)| line.clone())
                .collect();
            outgoing.extend(self.stewards_of(office).iter().map(|to| {
                let told = Told {
                    comment: match theirs.len() {
                        1 => "1 record".to_owned(),
                        count => format!("{count} records"),
                    },
                    reasons: shortened(&theirs),
                    ..Told::of(carrier.mailing())
                };
                self.notice(Kind::WrongRecords, to, &told)
            }));
        }
        Ok(outgoing)
    }

    /// A mailing that one of the copies was of.
    fn carrier(&self, records: &[WrongRecord]) -> Result<Option<State>, Error> {
        for record in records {
            if let Some(state) = self.store.mailing(record.mailing)? {
                return Ok(Some(state));
            }
        }
        Ok(None)
    }

    /// One line for each office that lists the contact.
    fn lines(&self, record: &WrongRecord, contact: &Contact) -> Vec<(OfficeId, String)> {
        let since = record.at.day(&self.settings.zone);
        let mut listings: Vec<_> = contact
            .listings
            .iter()
            .filter(|listing| listing.gone_at.is_none())
            .collect();
        listings.sort_by_key(|listing| (&listing.source, &listing.source_key));
        listings.dedup_by_key(|listing| (&listing.source, &listing.source_key));
        let line = |listing: &&Listing| {
            let said = if record.code.is_empty() {
                "it came back"
            } else {
                &record.code
            };
            format!("{}  ({said}, {since}, {})", listing.source_key, record.mailing)
        };
        listings
            .iter()
            .map(|listing| (OfficeId(listing.source.clone()), line(listing)))
            .collect()
    }

    /// The stewards of an office; where no office of the table feeds it, the reviewers.
    fn stewards_of(&self, office: &OfficeId) -> Vec<Address> {
        match self.offices().find(office) {
            Some(office) => office.stewards.clone(),
            None => self.offices().reviewers().into_iter().cloned().collect(),
        }
    }
}

fn shortened(lines: &[String]) -> Vec<String> {
    let mut short: Vec<String> = lines.iter().take(RECORDS_MAX).cloned().collect();
    if let Some(more) = lines.len().checked_sub(RECORDS_MAX).filter(|more| *more > 0) {
        short.push(format!("and {more} more"));
    }
    short
}
