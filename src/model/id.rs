//! Ids: one newtype a noun, so that none is taken for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which row of numbers a mailing is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Series {
    /// `MC`: a case people decide on.
    Case,
    /// `CV`: ordinary mail, conveyed; numbered apart, so that case numbers stay small enough to say aloud.
    Conveyed,
}

impl Series {
    fn prefix(self) -> &'static str {
        match self {
            Self::Case => "MC",
            Self::Conveyed => "CV",
        }
    }
}

/// The number of a mailing: `MC-2026-0412`. Policy C14.
///
/// ```
/// use bedel::model::MailingId;
/// let id: MailingId = "mc-2026-412".parse().unwrap();
/// assert_eq!(id.to_string(), "MC-2026-0412");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MailingId {
    /// Which row of numbers.
    pub series: Series,
    /// The calendar year it was submitted in.
    pub year: i16,
    /// Counts from 1 in each year.
    pub number: u32,
}

impl MailingId {
    /// Seven bytes that sort as the ids do.
    pub fn to_key(self) -> [u8; 7] {
        let [y0, y1] = self.year.to_be_bytes();
        let [n0, n1, n2, n3] = self.number.to_be_bytes();
        let series = match self.series {
            Series::Case => 0,
            Series::Conveyed => 1,
        };
        [series, y0, y1, n0, n1, n2, n3]
    }

    /// The id that [`MailingId::to_key`] wrote.
    pub fn from_key(key: [u8; 7]) -> Option<Self> {
        let [series, y0, y1, n0, n1, n2, n3] = key;
        let series = match series {
            0 => Series::Case,
            1 => Series::Conveyed,
            _ => return None,
        };
        let year = i16::from_be_bytes([y0, y1]);
        Some(Self {
            series,
            year,
            number: u32::from_be_bytes([n0, n1, n2, n3]),
        })
    }
}

impl fmt::Display for MailingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:04}-{:04}", self.series.prefix(), self.year, self.number)
    }
}

/// A text that is not a mailing's number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a case number has the form MC-2026-0412")]
pub struct NotAMailingId;

impl FromStr for MailingId {
    type Err = NotAMailingId;

    fn from_str(text: &str) -> Result<Self, NotAMailingId> {
        let mut parts = text.split('-');
        let (Some(prefix), Some(year), Some(number), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotAMailingId);
        };
        let series = [Series::Case, Series::Conveyed]
            .into_iter()
            .find(|series| series.prefix().eq_ignore_ascii_case(prefix))
            .ok_or(NotAMailingId)?;
        let year = year.parse().map_err(|_source| NotAMailingId)?;
        let number = number.parse().map_err(|_source| NotAMailingId)?;
        Ok(Self { series, year, number })
    }
}

/// A contact of the master list; says nothing about the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ContactId(pub u64);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_survives_its_text_and_its_key(case: bool, year in 1970i16..9999, number: u32) {
            let series = if case { Series::Case } else { Series::Conveyed };
            let id = MailingId { series, year, number };
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(MailingId::from_key(id.to_key()), Some(id));
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "MC",
            "MC-2026",
            "XX-2026-1",
            "MC-2026-x",
            "MC-2026-1-2",
            "MC--2026-1",
        ] {
            assert!(text.parse::<MailingId>().is_err(), "{text}");
        }
    }
}
