//! Numbers and texts in as few octets as they need; a page of contacts is written with these.

/// Writes.
#[derive(Debug, Default)]
pub(in crate::store) struct Writer(pub(in crate::store) Vec<u8>);

impl Writer {
    /// Seven bits an octet, the lowest first; the top bit says that more follow.
    pub(in crate::store) fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
            number >>= 7;
        }
        self.0.push(u8::try_from(number).unwrap_or_default());
    }

    /// The length, and the octets.
    pub(in crate::store) fn octets(&mut self, octets: &[u8]) {
        self.number(u64::try_from(octets.len()).unwrap_or(u64::MAX));
        self.0.extend_from_slice(octets);
    }
}

/// Reads what [`Writer`] wrote; `None` past the end, or where there is something else.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Reader<'a>(pub(in crate::store) &'a [u8]);

impl<'a> Reader<'a> {
    pub(in crate::store) fn octet(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(in crate::store) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let octet = self.octet()?;
            number |= u64::from(octet & 0x7f) << shift;
            if octet & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A number that counts what follows in memory.
    pub(in crate::store) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    pub(in crate::store) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(in crate::store) fn octets(&mut self) -> Option<&'a [u8]> {
        let length = self.count()?;
        self.take(length)
    }

    pub(in crate::store) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.octets()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u64, text in ".{0,200}") {
            let mut writer = Writer::default();
            writer.number(number);
            writer.octets(text.as_bytes());
            let mut reader = Reader(&writer.0);
            prop_assert_eq!(reader.number(), Some(number));
            prop_assert_eq!(reader.text(), Some(text.as_str()));
            prop_assert_eq!(reader.octet(), None);
        }

        #[test]
        fn what_is_cut_short_is_noticed(octets in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut reader = Reader(&octets);
            while reader.text().is_some() {}
            let mut reader = Reader(&octets);
            while reader.number().is_some() {}
        }
    }
}
