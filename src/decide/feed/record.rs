//! Record: the cells of one row, one after the other in one buffer that serves every row.

/// Octets of one record that are kept. A row that may be applied is far shorter; what is longer is only measured.
pub(super) const OCTETS_MAX: usize = 64 * 1024;
/// Cells of one record that are kept.
pub(super) const CELLS_MAX: usize = 256;

/// The cells of one row, as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    octets: Vec<u8>,
    ends: Vec<usize>,
    dropped: u64,
    /// The first cell of which something was dropped.
    too_long: Option<usize>,
}

impl Record {
    /// Makes room for the next row.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.ends.clear();
        self.dropped = 0;
        self.too_long = None;
    }

    /// Adds a whole cell.
    pub fn push(&mut self, cell: &[u8]) {
        self.extend(cell);
        self.end_cell();
    }

    /// Adds to the cell that is not ended yet.
    pub(super) fn extend(&mut self, piece: &[u8]) {
        if self.octets.len() + piece.len() > OCTETS_MAX {
            self.dropped += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            self.too_long.get_or_insert(self.ends.len());
        } else {
            self.octets.extend_from_slice(piece);
        }
    }

    /// Ends the cell.
    pub(super) fn end_cell(&mut self) {
        if self.ends.len() < CELLS_MAX {
            self.ends.push(self.octets.len());
        } else {
            self.dropped += 1;
            self.too_long.get_or_insert(CELLS_MAX);
        }
    }

    /// Whether the cells are those of a line with nothing on it.
    pub(super) fn is_blank(&self) -> bool {
        self.ends.len() == 1 && self.octets.is_empty() && self.too_long.is_none()
    }

    /// Octets of it, whether they were kept or not.
    pub(super) fn size(&self) -> u64 {
        self.dropped
            .saturating_add(u64::try_from(self.octets.len()).unwrap_or(u64::MAX))
    }

    /// The first cell of which not all was kept.
    pub(super) fn too_long(&self) -> Option<usize> {
        self.too_long
    }

    /// How many cells it has.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The cells, in order.
    pub fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts
            .zip(&self.ends)
            .map(|(start, end)| self.octets.get(*start..*end).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_keeps_its_cells_and_no_more_than_it_may() {
        let mut record = Record::default();
        for cell in [&b"a"[..], b"", b"bc"] {
            record.push(cell);
        }
        assert_eq!(record.cells().collect::<Vec<_>>(), [&b"a"[..], b"", b"bc"]);
        assert_eq!((record.too_long(), record.len()), (None, 3));
        record.push(&[b'x'; OCTETS_MAX]);
        assert_eq!(record.too_long(), Some(3));
        assert_eq!(record.size(), 3 + OCTETS_MAX as u64);
        record.clear();
        record.push(b"");
        assert!(record.is_blank());
    }
}
