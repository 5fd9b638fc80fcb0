//! Entry: a key and a value among others in one row of octets, in a roll or in what is written ahead.
//!
//! `length of the key (2 octets) | length of the value (4) | key | value`, numbers big-endian.

/// Octets of the lengths before an entry's key.
const LENGTHS: usize = 6;

/// A key, and its value as it lies.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Its octets.
    pub(super) fn length(&self) -> usize {
        LENGTHS + self.key.len() + self.value.len()
    }

    /// Adds it to others; where its value begins among them. `None` when it is longer than lengths can say.
    pub(super) fn write(&self, octets: &mut Vec<u8>) -> Option<usize> {
        octets.extend(u16::try_from(self.key.len()).ok()?.to_be_bytes());
        octets.extend(u32::try_from(self.value.len()).ok()?.to_be_bytes());
        octets.extend(self.key);
        let within = octets.len();
        octets.extend(self.value);
        Some(within)
    }

    /// The first entry of these octets, and those behind it; `None` when no whole entry is there.
    pub(super) fn read(octets: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (lengths, rest) = octets.split_first_chunk::<LENGTHS>()?;
        let [k0, k1, lengths @ ..] = lengths;
        let key = usize::from(u16::from_be_bytes([*k0, *k1]));
        let value = usize::try_from(u32::from_be_bytes(*lengths)).ok()?;
        // Nothing has an empty key: these are the zeros behind a torn end.
        let (key, rest) = rest.split_at_checked(key).filter(|(key, _)| !key.is_empty())?;
        let (value, rest) = rest.split_at_checked(value)?;
        Some((Self { key, value }, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_entry_is_none() {
        let mut octets = Vec::new();
        let entry = Entry {
            key: b"key",
            value: b"value",
        };
        assert_eq!(entry.write(&mut octets), Some(9));
        assert_eq!(Entry::read(&octets), Some((entry, [].as_slice())));
        for length in 0..octets.len() {
            assert_eq!(Entry::read(octets.get(..length).expect("shorter")), None);
        }
        assert_eq!(Entry::read(&[0; 100]), None);
    }
}
