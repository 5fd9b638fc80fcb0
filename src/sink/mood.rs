//! Mood: how often what goes wrong at a host, as data; and the dice that say when.

use serde::Deserialize;

/// How those of `shaping.toml` behave, unless a file of one's own says otherwise.
const MOODS: &str = include_str!("moods.toml");
/// What holds where a provider's own table says nothing.
const DEFAULT: &str = "default";

/// How a host behaves. Shares are between 0 and 1.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mood {
    pub(super) gone: f64,
    pub(super) full: f64,
    pub(super) greylisted: f64,
    pub(super) unauthenticated: f64,
    pub(super) hang_up_greeting: f64,
    pub(super) hang_up_ehlo: f64,
    pub(super) hang_up_mail: f64,
    pub(super) hang_up_rcpt: f64,
    pub(super) hang_up_data: f64,
    pub(super) hang_up_body: f64,
    pub(super) hang_up_end: f64,
    pub(super) tarpit: f64,
    pub(super) tarpit_seconds: f64,
    pub(super) hang: f64,
    pub(super) hang_seconds: f64,
    pub(super) angry_seconds: f64,
    pub(super) brake_after: Vec<u64>,
    pub(super) refuses_at_end: bool,
}

/// A file of moods that is none.
#[derive(Debug, thiserror::Error)]
pub enum MoodFault {
    /// It is no such TOML.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// Everything else is read beside it.
    #[error("it has no table [{DEFAULT}]; a provider has what that says where its own says nothing")]
    NoDefault,
    /// A share or a time that is none.
    #[error("[{who}] {what} = {number}: {wanted}")]
    Number {
        /// Whose table.
        who: String,
        /// Which key.
        what: String,
        /// What it says.
        number: f64,
        /// What it may say.
        wanted: &'static str,
    },
}

impl Mood {
    /// How this provider behaves by `text`, or else by the moods that ship.
    pub fn of(provider: &str, text: Option<&str>) -> Result<Self, MoodFault> {
        let all: toml::Table = toml::from_str(text.unwrap_or(MOODS))?;
        let table = |who: &str| all.get(who).and_then(toml::Value::as_table).cloned();
        let mut mood = table(DEFAULT).ok_or(MoodFault::NoDefault)?;
        mood.extend(table(provider).unwrap_or_default());
        for (what, number) in mood.iter().filter_map(|(what, value)| Some((what, value.as_float()?))) {
            let (fits, wanted) = if what.ends_with("_seconds") {
                (
                    (0.0..=86_400.0).contains(&number),
                    "a time is between 0 and 86400 seconds",
                )
            } else {
                ((0.0..=1.0).contains(&number), "a share is between 0 and 1")
            };
            if !fits {
                let (who, what) = (provider.to_owned(), what.clone());
                return Err(MoodFault::Number {
                    who,
                    what,
                    number,
                    wanted,
                });
            }
        }
        Ok(mood.try_into()?)
    }

    /// The same, with what goes wrong so many times as often.
    #[must_use]
    pub fn times(mut self, factor: f64) -> Self {
        for share in [
            &mut self.gone,
            &mut self.full,
            &mut self.greylisted,
            &mut self.unauthenticated,
            &mut self.hang_up_greeting,
            &mut self.hang_up_ehlo,
            &mut self.hang_up_mail,
            &mut self.hang_up_rcpt,
            &mut self.hang_up_data,
            &mut self.hang_up_body,
            &mut self.hang_up_end,
            &mut self.tarpit,
            &mut self.hang,
        ] {
            *share = (*share * factor).min(1.0);
        }
        self
    }
}

/// Casts what happens to whom: by the seed and the name of what is asked, so that the same seed gives the same again,
/// in whatever order connections come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Whether it falls so, where that is to be the case in this share of all.
    pub(super) fn falls(self, share: f64, what: &str, of: &str) -> bool {
        share > 0.0 && self.cast(what, of) < share
    }

    /// A number from 0 to 1: a hash (FNV-1a), stirred until no bit of it is like its neighbour's (`SplitMix64`).
    fn cast(self, what: &str, of: &str) -> f64 {
        let bytes = what.bytes().chain([0]).chain(of.bytes());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325 ^ self.0, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let stirred = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let stirred = (stirred ^ (stirred >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = u32::try_from((stirred ^ (stirred >> 31)) >> 32).unwrap_or(u32::MAX);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_has_what_the_default_says_where_its_own_table_is_silent() {
        let (gmail, nobody) = (Mood::of("gmail", None), Mood::of("nobody", None));
        let (gmail, nobody) = (gmail.expect("ships"), nobody.expect("ships"));
        assert!(gmail.refuses_at_end && !nobody.refuses_at_end);
        assert_eq!(gmail.gone, nobody.gone);
    }

    #[test]
    fn a_file_of_moods_says_what_is_wrong_with_it() {
        let fault = |text: &str| Mood::of("gmail", Some(text)).expect_err("it is wrong").to_string();
        assert!(fault("[gmail]\nfull = 0.1").contains("no table [default]"));
        assert!(fault("[default]\nfull = 1.5").contains("a share is between 0 and 1"));
        assert!(fault("[default]\nfoul = 0.5").contains("foul"));
    }

    #[test]
    fn the_dice_fall_as_often_as_they_should_and_the_same_again() {
        let count = |seed| {
            let dice = Dice::new(seed);
            let falls = (0..10_000).filter(|n| dice.falls(0.03, "full", &format!("r{n}@a.example")));
            falls.collect::<Vec<_>>()
        };
        assert_eq!(count(1), count(1));
        assert_ne!(count(1), count(2));
        assert!((200..400).contains(&count(1).len()), "{}", count(1).len());
        assert!(!Dice::new(1).falls(0.0, "full", "anybody") && Dice::new(1).falls(1.0, "full", "anybody"));
    }
}
