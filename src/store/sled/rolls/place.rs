//! Place: where a long value lies.

use crate::store::Error;

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
