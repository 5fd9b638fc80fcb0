//! Profile: what the checks know of one university. Data, so that another campus changes no code.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::style::Colour;
use super::{Level, RULES};

/// The house style of one university.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Kept with what was decided by it.
    pub version: u32,
    /// What the university is called.
    pub names: Names,
    /// Words and phrases.
    pub words: Words,
    /// Hosts of links and pictures.
    pub hosts: Hosts,
    /// Colours.
    pub brand: Brand,
    /// Numbers.
    pub limits: Limits,
    /// Audiences, and how people speak of them.
    #[serde(default, rename = "audience")]
    pub audiences: Vec<Named>,
    /// Another level for a check, by its name.
    #[serde(default)]
    pub levels: BTreeMap<String, Setting>,
}

/// What the university is called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// The whole name.
    pub full: String,
    /// What it is called from the second time on.
    pub short: String,
    /// Audiences that may be greeted with the short name.
    pub familiar: Vec<String>,
    /// What it is not called.
    pub wrong: Vec<Rather>,
}

/// One word instead of another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rather {
    /// The right one.
    pub say: String,
    /// The wrong one.
    pub not: String,
}

/// Words and phrases.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// The style guide's.
    pub style: Vec<Rather>,
    /// Alarm, for critical mail alone.
    pub urgent: Vec<String>,
    /// Campaigning.
    pub political: Vec<String>,
    /// Selling one's own.
    pub sale: Vec<String>,
    /// Asking for money.
    pub fundraising: Vec<String>,
    /// Thanks to sponsors, and tickets.
    pub sponsor: Vec<String>,
    /// What marks an advertisement as one.
    pub advertising: Vec<String>,
    /// Link texts that say nothing.
    pub vague_links: Vec<String>,
    /// Asking for passwords.
    pub credentials: Vec<String>,
    /// Asking for money nobody can get back.
    pub money: Vec<String>,
    /// Filler of templates.
    pub placeholders: Vec<String>,
    /// Marks of an unfinished message, in a subject.
    pub unfinished: Vec<String>,
    /// Where a forwarded message begins.
    pub forwarded: Vec<String>,
    /// Mailboxes nobody reads.
    pub no_reply: Vec<String>,
}

/// Hosts; a name stands for all below it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hosts {
    /// The university's, besides the campus domains.
    pub own: Vec<String>,
    /// Where the official logo is served.
    pub logo: Vec<String>,
    /// Link shorteners.
    pub shorteners: Vec<String>,
    /// Click redirects of e-mail service providers.
    pub redirects: Vec<String>,
    /// Surveys.
    pub surveys: Vec<String>,
    /// Never.
    pub deny: Vec<String>,
}

/// Colours.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// As `#rrggbb`.
    pub colours: Vec<String>,
}

/// Numbers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Characters of a subject.
    pub subject_chars: usize,
    /// Octets of the HTML.
    pub html_bytes: usize,
    /// Octets of the message.
    pub message_bytes: usize,
    /// Octets of all pictures in the message.
    pub inline_image_bytes: usize,
    /// Pictures fetched from elsewhere.
    pub external_images: usize,
    /// Words that must be there beside pictures.
    pub image_words_min: usize,
    /// Addresses in To and Cc.
    pub visible_recipients: usize,
    /// Addresses in the body.
    pub addresses: usize,
    /// Characters of hidden text that pass as a preview line.
    pub preheader_chars: usize,
    /// Days after which a past date is history.
    pub past_days: u32,
}

/// An audience, and how people speak of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Its name in `policy.toml`.
    pub name: String,
    /// Words for its people.
    pub words: Vec<String>,
    /// Other audiences the words fit.
    #[serde(default)]
    pub also: Vec<String>,
}

/// What a profile makes of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Setting {
    /// It does not run.
    Off,
    /// It informs.
    Info,
    /// It warns.
    Warn,
    /// It blocks.
    Block,
}

impl Profile {
    /// Whether it makes sense; the sentence says what does not.
    pub fn check(&self) -> Result<(), String> {
        if let Some(colour) = self.brand.colours.iter().find(|text| Colour::parse(text).is_none()) {
            return Err(format!("`{colour}` is no colour; write `#rrggbb`"));
        }
        let is_rule = |name: &&String| RULES.iter().any(|rule| rule.name == name.as_str());
        match self.levels.keys().find(|name| !is_rule(name)) {
            Some(name) => Err(format!("`levels` names `{name}`, and there is no check of that name")),
            None => Ok(()),
        }
    }

    /// The level of a check here; `None` when it is off.
    pub fn level(&self, name: &str, otherwise: Level) -> Option<Level> {
        match self.levels.get(name) {
            None => Some(otherwise),
            Some(Setting::Off) => None,
            Some(Setting::Info) => Some(Level::Info),
            Some(Setting::Warn) => Some(Level::Warn),
            Some(Setting::Block) => Some(Level::Block),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::Level;
    use crate::decide::lint::tests::profile;

    #[test]
    fn a_profile_sets_other_levels() {
        let mut profile = profile();
        assert_eq!(profile.level("subject-long", Level::Warn), Some(Level::Warn));
        profile.levels.insert("subject-long".into(), super::Setting::Off);
        assert_eq!(profile.level("subject-long", Level::Warn), None);
        assert_eq!(profile.check(), Ok(()));
    }

    #[test]
    fn a_check_that_there_is_not_is_refused() {
        let mut profile = profile();
        profile.levels.insert("subject-lnog".into(), super::Setting::Off);
        assert!(profile.check().is_err());
    }
}
