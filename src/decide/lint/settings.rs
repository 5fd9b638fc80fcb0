//! Settings: what the checks know beside the message: the house style, and what the policy says of its audiences.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::{About, Letter, Profile, Remark, lint};
use crate::mail::{Domain, Timestamp};
use crate::model::{Audience, Category};

/// What a message is checked by.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The house style.
    pub profile: Profile,
    /// The university's own domains.
    pub campus_domains: Vec<Domain>,
    /// Audiences off campus, by name.
    pub off_campus: BTreeSet<String>,
    /// Words a mailing to the campus may have. Policy C11.
    pub words_on_campus: usize,
    /// Words a mailing off campus may have. Policy C11.
    pub words_off_campus: usize,
    /// Where the campus is.
    pub zone: TimeZone,
}

impl Settings {
    /// What is to be said of a message for this audience; nothing when it cannot be read.
    pub fn read(&self, message: &[u8], category: Category, audience: &Audience, at: Timestamp) -> Vec<Remark> {
        let letter = Letter::read(message);
        letter.map_or_else(Vec::new, |letter| self.remarks(&letter, category, audience, at))
    }

    /// What is to be said of a letter that is read already.
    pub fn remarks(&self, letter: &Letter, category: Category, audience: &Audience, at: Timestamp) -> Vec<Remark> {
        let names: Vec<&str> = audience.segments().iter().map(|s| s.audience.as_str()).collect();
        let off_campus = names.iter().any(|name| self.off_campus.contains(*name));
        let about = About {
            category,
            off_campus,
            is_reply: letter.is_answer(),
            words_max: if off_campus {
                self.words_off_campus
            } else {
                self.words_on_campus
            },
            list_words: names,
            submitted_at: at,
            zone: self.zone.clone(),
            campus_domains: &self.campus_domains,
        };
        lint(letter, &about, &self.profile)
    }
}
