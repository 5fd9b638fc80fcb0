//! Is it fit to send? The style guide, the law of accessible pages and the tricks of phishing, as checks.
//!
//! Policy C12. [`RULES`] always run, all of them, so that the author hears everything at once. A [`Remark`] says what
//! to do, quotes the spot, and shows what a machine would write instead where it knows. What a university is called and
//! which words and hosts it frowns upon is a [`Profile`]: data. Numbers of people (social security, cards, accounts)
//! are quoted masked but for four digits: a remark travels by mail, and must not leak what it warns of.
//!
//! # What is absent
//! What a message alone does not say: whether a link is dead, whether a mailbox exists, whether addresses are in the
//! master list, whether a survey is registered, whether something like it went out last month, whether its author ever
//! wrote to the list before, how a logo is shaped, and whether an advertisement was agreed to. Postal address and
//! unsubscribe link are not asked for: the footer has them. Style sheets are not applied, nor languages guessed.
//!
//! # Standards
//! RFC 5322, WCAG 2.2, UTS 39.

mod find;
mod glance;
mod html;
mod letter;
mod passage;
mod profile;
mod rules;
mod settings;
mod signs;
mod style;
mod tokens;
mod url;

pub use glance::{Glance, Lead, Mark};
pub use letter::Letter;
pub use profile::{Brand, Hosts, Limits, Named, Names, Profile, Rather, Setting, Words};
pub use settings::Settings;

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::mail::{Domain, Timestamp};
use crate::model::Category;
use rules::{
    addresses, attachments, audience, dates, encoding, html as page, images, leftovers, links, looks, privacy, secrets,
    sender, size, structure, subject, tables, urls, wording,
};

/// How much a remark weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Good to know.
    Info,
    /// Better mended.
    Warn,
    /// It must be mended, or somebody must say why not.
    Block,
}

impl Level {
    /// In words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Info => "good to know",
            Self::Warn => "better mended",
            Self::Block => "blocks the release",
        }
    }
}

/// What one check has to say about one spot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Remark {
    /// Which check.
    #[schema(value_type = String)]
    pub rule: Cow<'static, str>,
    /// How much it weighs.
    pub level: Level,
    /// What to do.
    pub sentence: String,
    /// The spot, quoted; at most 160 characters.
    pub place: String,
    /// What a machine would write instead.
    pub fix: Option<Fix>,
}

/// One line of a diff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fix {
    /// The line as it is.
    pub before: String,
    /// The line as it would be.
    pub after: String,
}

/// What is known of a message beside its bytes.
#[derive(Debug, Clone)]
pub struct About<'a> {
    /// What it is for.
    pub category: Category,
    /// Whether it leaves campus.
    pub off_campus: bool,
    /// Whether it answers a message.
    pub is_reply: bool,
    /// Words it may have.
    pub words_max: usize,
    /// The names of its audiences.
    pub list_words: Vec<&'a str>,
    /// When it came.
    pub submitted_at: Timestamp,
    /// Where the campus is.
    pub zone: jiff::tz::TimeZone,
    /// The university's own domains.
    pub campus_domains: &'a [Domain],
}

impl About<'_> {
    /// Whether a host is the university's.
    fn is_ours(&self, host: &str, profile: &Profile) -> bool {
        let campus = self.campus_domains.iter().map(Domain::as_str);
        let mut ours = campus.chain(profile.hosts.own.iter().map(String::as_str));
        ours.any(|own| url::is_within(host, own))
    }
}

/// One check.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Stable name: in remarks, profiles and tests.
    pub name: &'static str,
    /// How much it weighs, unless the profile says otherwise.
    pub level: Level,
    /// What it finds.
    pub judge: fn(&Letter, &About<'_>, &Profile) -> Vec<Spot>,
}

/// A spot that a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// What to do.
    pub sentence: String,
    /// The spot, quoted.
    pub place: String,
    /// What a machine would write instead.
    pub fix: Option<Fix>,
}

impl Spot {
    fn new(place: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            place: place.into(),
            fix: None,
        }
    }

    fn fixed(place: impl Into<String>, sentence: impl Into<String>, before: &str, after: impl Into<String>) -> Self {
        let fix = Fix {
            before: before.to_owned(),
            after: after.into(),
        };
        Self {
            fix: Some(fix),
            ..Self::new(place, sentence)
        }
    }
}

/// All checks, by topic.
pub const RULES: &[Rule] = &[
    subject::EMPTY,
    subject::LONG,
    subject::CAPITALS,
    subject::EXCLAMATIONS,
    subject::EMOJI,
    subject::URGENT,
    subject::FAKE_REPLY,
    sender::NAME,
    sender::FOREIGN,
    sender::MANY,
    sender::ANSWERS_FOREIGN,
    sender::ANSWERS_UNREAD,
    sender::CONTACT,
    addresses::VISIBLE,
    addresses::DUMP,
    structure::NO_TEXT,
    structure::DIFFERENT,
    structure::SEALED,
    structure::TNEF,
    structure::AMP,
    encoding::GARBLED_TEXT,
    encoding::LONG_LINE,
    encoding::BARE_LF,
    encoding::RAW_HEADER,
    attachments::PRESENT,
    attachments::EXECUTABLE,
    attachments::MACRO,
    attachments::ARCHIVE,
    attachments::GUESTS,
    size::CLIPPED,
    size::MESSAGE,
    size::PICTURES,
    size::MANY_PICTURES,
    size::WORDS,
    images::ONLY,
    images::NO_ALT,
    images::ALT_FILE,
    images::LINK_UNNAMED,
    images::PIXEL,
    images::LOGO,
    page::LANGUAGE,
    page::DIRECTION,
    page::TITLE,
    page::HEADINGS_SKIP,
    page::HEADINGS_NONE,
    page::ACTIVE,
    page::OUTSIDE_STYLE,
    page::PALETTE,
    tables::LAYOUT,
    tables::DATA,
    looks::CONTRAST,
    looks::SMALL,
    looks::HIDDEN,
    looks::COLOUR_ONLY,
    links::VAGUE,
    links::BARE,
    links::AMBIGUOUS,
    links::NOWHERE,
    links::DIFFERS,
    links::OLD_UNSUBSCRIBE,
    urls::INSECURE,
    urls::NUMBER,
    urls::USER,
    urls::PORT,
    urls::LOOK_ALIKE,
    urls::SHORTENED,
    urls::DENIED,
    urls::REDIRECTS,
    urls::PROVIDER,
    urls::PERSONAL,
    urls::SURVEY,
    wording::NAME,
    wording::FULL_NAME,
    wording::STYLE,
    wording::POLITICAL,
    wording::SALE,
    wording::FUNDRAISING,
    wording::UNMARKED,
    wording::SPONSOR_FIRST,
    audience::MISMATCH,
    dates::PAST,
    dates::WEEKDAY,
    dates::NO_ZONE,
    dates::RELATIVE,
    leftovers::FIELD,
    leftovers::GREETING,
    leftovers::PLACEHOLDER,
    leftovers::UNFINISHED,
    leftovers::FORWARDED,
    leftovers::TRACKED,
    privacy::SOCIAL,
    privacy::CARD,
    privacy::BANK,
    privacy::STUDENT,
    privacy::BIRTH,
    privacy::GRADES,
    secrets::CREDENTIALS,
    secrets::MONEY,
];

/// So many spots a check names, and no more: who mends those will ask again.
const SPOTS_MAX: usize = 20;

/// Reads a message with every check; the same spot is named once a check. The weightiest come first.
pub fn lint(letter: &Letter, about: &About<'_>, profile: &Profile) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = RULES
        .iter()
        .flat_map(|rule| rule.remarks(letter, about, profile))
        .collect();
    remarks.sort_by_key(|remark| std::cmp::Reverse(remark.level));
    remarks
}

impl Rule {
    fn remarks(&self, letter: &Letter, about: &About<'_>, profile: &Profile) -> Vec<Remark> {
        let Some(level) = profile.level(self.name, self.level) else {
            return Vec::new();
        };
        let mut seen = BTreeSet::new();
        (self.judge)(letter, about, profile)
            .into_iter()
            .map(|spot| Remark {
                rule: Cow::Borrowed(self.name),
                level,
                sentence: spot.sentence,
                place: find::quote(&spot.place),
                fix: spot.fix,
            })
            .filter(|remark| seen.insert(remark.place.clone()))
            .take(SPOTS_MAX)
            .collect()
    }
}

#[cfg(test)]
mod tests;
