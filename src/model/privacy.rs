//! Privacy: what a person, or the law, asks an office to keep in mind of them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One thing to keep in mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrivacyFlag {
    /// Directory information is not to be disclosed (FERPA): official mail goes to them, and they are shown nowhere.
    Ferpa = 1,
    /// Never to be written to.
    DoNotContact = 2,
    /// They have died.
    Deceased = 4,
    /// Under age: asked for nothing, neither support nor answers.
    Minor = 8,
}

impl PrivacyFlag {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ferpa, Self::DoNotContact, Self::Deceased, Self::Minor];

    /// In words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Ferpa => "directory information not to be disclosed",
            Self::DoNotContact => "not to be contacted",
            Self::Deceased => "deceased",
            Self::Minor => "under age",
        }
    }
}

/// A set of flags. In the store an octet, in JSON a list of names.
///
/// ```
/// use bedel::model::{Privacy, PrivacyFlag};
/// let privacy = Privacy::default().with(PrivacyFlag::Ferpa);
/// assert!(privacy.has(PrivacyFlag::Ferpa) && !privacy.has(PrivacyFlag::Minor));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Privacy(u8);

impl Privacy {
    /// The set and this flag.
    #[must_use]
    pub fn with(self, flag: PrivacyFlag) -> Self {
        Self(self.0 | flag as u8)
    }

    /// Whether the flag is set.
    pub fn has(self, flag: PrivacyFlag) -> bool {
        self.0 & flag as u8 != 0
    }

    /// The flags that are set.
    pub fn flags(self) -> impl Iterator<Item = PrivacyFlag> {
        PrivacyFlag::ALL.into_iter().filter(move |flag| self.has(*flag))
    }
}

impl FromIterator<PrivacyFlag> for Privacy {
    fn from_iter<I: IntoIterator<Item = PrivacyFlag>>(flags: I) -> Self {
        flags.into_iter().fold(Self::default(), Self::with)
    }
}

impl FromIterator<Self> for Privacy {
    /// All flags of all sets.
    fn from_iter<I: IntoIterator<Item = Self>>(sets: I) -> Self {
        sets.into_iter().fold(Self::default(), |all, set| Self(all.0 | set.0))
    }
}

impl Serialize for Privacy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_seq(self.flags())
        } else {
            serializer.serialize_u8(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Privacy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Ok(Vec::<PrivacyFlag>::deserialize(deserializer)?.into_iter().collect())
        } else {
            Ok(Self(u8::deserialize(deserializer)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_an_octet_in_the_store_and_names_in_json() {
        let privacy: Privacy = [PrivacyFlag::Ferpa, PrivacyFlag::DoNotContact].into_iter().collect();
        let json = serde_json::to_string(&privacy).expect("plain");
        assert_eq!(json, r#"["ferpa","do-not-contact"]"#);
        assert_eq!(serde_json::from_str::<Privacy>(&json).expect("its own"), privacy);
        let record = postcard::to_allocvec(&privacy).expect("plain");
        assert_eq!(record, [3]);
        assert_eq!(postcard::from_bytes::<Privacy>(&record).expect("its own"), privacy);
    }
}
