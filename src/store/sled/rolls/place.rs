//! Place: where a long value lies, and the form of what lies there.

use crate::store::Error;

/// Octets of the lengths before an entry's key.
const LENGTHS: usize = 6;

/// Where a long value lies: in which roll, from which octet on, how many octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store::sled) struct Place {
    pub(super) roll: u32,
    pub(super) offset: u32,
    pub(super) length: u32,
}

impl Place {
    /// A place `within` octets behind `from`; `None` beyond 4 GiB, where no roll ends.
    pub(super) fn new(roll: u32, from: u64, within: usize, length: usize) -> Option<Self> {
        let offset = from.checked_add(u64::try_from(within).ok()?)?;
        Some(Self {
            roll,
            offset: u32::try_from(offset).ok()?,
            length: u32::try_from(length).ok()?,
        })
    }

    /// As the engine has it: three numbers, big-endian.
    pub(super) fn to_octets(self) -> Vec<u8> {
        [self.roll, self.offset, self.length]
            .into_iter()
            .flat_map(u32::to_be_bytes)
            .collect()
    }

    /// The place that these octets are.
    pub(in crate::store::sled) fn of(octets: &[u8]) -> Result<Self, Error> {
        let (numbers, rest) = octets.as_chunks::<4>();
        match (numbers, rest) {
            ([roll, offset, length], []) => Ok(Self {
                roll: u32::from_be_bytes(*roll),
                offset: u32::from_be_bytes(*offset),
                length: u32::from_be_bytes(*length),
            }),
            _ => Err(Error::Unreadable("the place of a message".to_owned())),
        }
    }
}

/// One entry of a roll.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Its octets in a roll.
    pub(super) fn length(&self) -> usize {
        LENGTHS + self.key.len() + self.value.len()
    }

    /// Adds it to a roll's octets; where its value begins among them. `None` when it is longer than lengths can say.
    pub(super) fn write(&self, octets: &mut Vec<u8>) -> Option<usize> {
        octets.extend(u16::try_from(self.key.len()).ok()?.to_be_bytes());
        octets.extend(u32::try_from(self.value.len()).ok()?.to_be_bytes());
        octets.extend(self.key);
        let within = octets.len();
        octets.extend(self.value);
        Some(within)
    }

    /// The first entry of a roll's octets, and those behind it; `None` when no whole entry is there.
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
