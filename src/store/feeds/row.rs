//! A row on its way: what finds the person, and what the office says.

use crate::model::{FeedRow, Mark, Marker};
use crate::store::Error;

/// Octets of a mark.
const MARK_OCTETS: usize = 16;

/// What finds the person a row stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) key: Mark,
    pub(super) email: Mark,
    pub(super) personal: Option<Mark>,
}

impl Marks {
    fn of(marker: &Marker, row: &FeedRow) -> Self {
        let listing = &row.listing;
        Self {
            key: marker.mark_key(&listing.source, &listing.source_key),
            email: marker.mark_of(listing.email.mailbox()),
            personal: listing
                .personal_email
                .as_ref()
                .map(|address| marker.mark_of(address.mailbox())),
        }
    }
}

/// A row as a record: marks, then the row.
pub(super) struct Row;

impl Row {
    /// The record of a row.
    pub(super) fn write(marker: &Marker, row: &FeedRow) -> Result<Vec<u8>, Error> {
        let marks = Marks::of(marker, row);
        // Without a second choice, the first again.
        let personal = marks.personal.unwrap_or(marks.email);
        let head = [marks.key, marks.email, personal].concat();
        Ok(postcard::to_extend(row, head)?)
    }

    /// The marks of a record.
    pub(super) fn marks(record: &[u8]) -> Result<Marks, Error> {
        let (marks, _) = Self::parts(record)?;
        Ok(marks)
    }

    /// The row of a record.
    pub(super) fn read(record: &[u8]) -> Result<FeedRow, Error> {
        let (_, row) = Self::parts(record)?;
        Ok(postcard::from_bytes(row)?)
    }

    fn parts(record: &[u8]) -> Result<(Marks, &[u8]), Error> {
        let torn = || Error::Unreadable("a row of a feed".to_owned());
        let (key, rest) = record.split_first_chunk::<MARK_OCTETS>().ok_or_else(torn)?;
        let (email, rest) = rest.split_first_chunk::<MARK_OCTETS>().ok_or_else(torn)?;
        let (personal, row) = rest.split_first_chunk::<MARK_OCTETS>().ok_or_else(torn)?;
        let marks = Marks {
            key: *key,
            email: *email,
            personal: (personal != email).then_some(*personal),
        };
        Ok((marks, row))
    }
}
