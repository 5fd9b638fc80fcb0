//! Are two messages on one subject? What is left of each, once all that differs between slices is taken off. Policy C7.
//!
//! A mailing that somebody sends in slices differs from slice to slice in its greeting, its names, its digits, its
//! tracking links, the text it quotes and the signature below. [`essence`] takes those off; what is left is compared in
//! three ways, any of which will do: the subject, the body by its word triples (a [`Sketch`] of 64 minima estimates how
//! many two texts share), and what is attached.
//!
//! [`Likeness::sure_keys`] and [`Likeness::likely_keys`] are what a message is looked up by: two texts of which 7 in 10
//! triples agree share a key 99 times in 100, and whatever shares one is compared by its sketch. So finding what is alike
//! costs a few look-ups, however many messages there were.

mod essence;
mod words;

pub use essence::{essence, subject_essence};
pub use words::Words;

use crate::model::Sketch;

/// Words that the essence of a body must have before it is compared: a word of thanks is nobody's subject.
const BODY_WORDS_MIN: usize = 12;
/// Words that the essence of a subject must have before it alone makes two messages alike.
const SUBJECT_WORDS_MIN: usize = 3;
/// Words of a body that are looked at.
const BODY_WORDS_MAX: usize = 1_000;
/// Keys made of a sketch, each of [`BAND_ROWS`] of its minima.
const BANDS: usize = 8;
const BAND_ROWS: usize = 2;
/// Attachments that are looked at.
const ATTACHMENTS_MAX: usize = 4;

/// What is compared of a message, before anything is taken off.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// The decoded subject.
    pub subject: &'a str,
    /// The text a reader sees.
    pub text: &'a str,
    /// Hashes of what is attached, without pictures that stand in the text and signatures.
    pub attachments: &'a [[u8; 32]],
    /// Words that name its recipients: of their addresses and of To; in lower case.
    pub names: &'a [String],
    /// It answers another message: its subject is that one's, and what it quotes is not its own.
    pub is_answer: bool,
}

/// What makes a message like another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Likeness {
    subject: Option<u64>,
    sketch: Option<Sketch>,
    attachments: Vec<u64>,
}

impl Likeness {
    /// The likeness of a message.
    pub fn of(compared: &Compared<'_>) -> Self {
        let subject = subject_essence(compared.subject, compared.names);
        let says_enough = !compared.is_answer && subject.len() >= SUBJECT_WORDS_MIN;
        let words = essence(compared.text, compared.names, compared.is_answer, BODY_WORDS_MAX);
        Self {
            subject: says_enough.then(|| hash(subject.text(), 1)),
            sketch: (words.len() >= BODY_WORDS_MIN).then(|| Sketch::of(triples(&words))),
            attachments: compared
                .attachments
                .iter()
                .take(ATTACHMENTS_MAX)
                .map(|sha256| sha256.iter().fold(2, |sum, octet| mix(sum ^ u64::from(*octet))))
                .collect(),
        }
    }

    /// Whether there is anything to compare it by.
    pub fn is_bare(&self) -> bool {
        self.subject.is_none() && self.sketch.is_none() && self.attachments.is_empty()
    }

    /// The body, when it says enough to be compared.
    pub fn sketch(&self) -> Option<&Sketch> {
        self.sketch.as_ref()
    }

    /// Keys of which one is enough: the same subject, or the same thing attached.
    pub fn sure_keys(&self) -> Vec<u64> {
        self.subject.iter().chain(&self.attachments).copied().collect()
    }

    /// Keys whose sharing says only that the sketches are worth comparing.
    pub fn likely_keys(&self) -> Vec<u64> {
        let Some(sketch) = &self.sketch else { return Vec::new() };
        sketch
            .minima()
            .chunks(BAND_ROWS)
            .take(BANDS)
            .zip(3u64..)
            .map(|(rows, band)| rows.iter().fold(mix(band), |sum, row| mix(sum ^ u64::from(*row))))
            .collect()
    }
}

/// Sixteen bits of each run of three words.
fn triples(words: &Words) -> impl Iterator<Item = u16> + '_ {
    let hashes = words.iter().map(|word| hash(word, 0));
    let threes = hashes.scan((0, 0), |(first, second), third| {
        let three = mix(*first ^ u64::rotate_left(*second, 21) ^ u64::rotate_left(third, 42));
        (*first, *second) = (*second, third);
        Some(three)
    });
    threes
        .skip(2)
        .map(|three| u16::try_from(three & 0xffff).unwrap_or_default())
}

/// FNV-1a, finished by a mixer; not for secrets.
fn hash(text: &str, seed: u64) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed;
    mix(text.bytes().fold(start, |sum, octet| {
        (sum ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    }))
}

/// Sebastiano Vigna's finisher of `splitmix64`.
fn mix(sum: u64) -> u64 {
    let sum = (sum ^ (sum >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let sum = (sum ^ (sum >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    sum ^ (sum >> 31)
}

#[cfg(test)]
mod tests;
