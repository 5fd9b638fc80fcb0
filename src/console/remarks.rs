//! What the editorial checks say, as a list on a page: the sentence, the spot, and a diff where a machine knows one.

use askama::Template;

use super::words::Words;
use crate::stage::review::{Level, Remark};

/// The list.
#[derive(Debug, Template)]
#[template(path = "remarks.html", config = ".askama.toml")]
pub(super) struct Remarks {
    words: Words,
    remarks: Vec<Remarked>,
    /// Who reads may take a mend over.
    mend: Option<Mend>,
}

/// Where a mend is sent.
#[derive(Debug)]
pub(super) struct Mend {
    pub(super) id: String,
    pub(super) csrf: String,
}

/// One remark.
#[derive(Debug)]
struct Remarked {
    /// How it looks.
    class: &'static str,
    level: String,
    rule: String,
    sentence: String,
    place: String,
    fix: Option<(String, String)>,
}

impl Remarks {
    pub(super) fn of(words: Words, remarks: Vec<Remark>) -> Self {
        let remarked = |remark: Remark| Remarked {
            class: match remark.level {
                Level::Block => "holds",
                Level::Warn => "warns",
                Level::Info => "note",
            },
            level: words.level(remark.level),
            rule: remark.rule.into_owned(),
            sentence: remark.sentence,
            place: remark.place,
            fix: remark.fix.map(|fix| (fix.before, fix.after)),
        };
        Self {
            words,
            remarks: remarks.into_iter().map(remarked).collect(),
            mend: None,
        }
    }

    /// For somebody who may change the mailing.
    pub(super) fn mended(self, mend: Option<Mend>) -> Self {
        Self { mend, ..self }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.remarks.is_empty()
    }

    /// How many of them keep it from being released as it is.
    pub(super) fn blocking(&self) -> usize {
        self.count("holds")
    }

    /// How many are better mended.
    pub(super) fn warning(&self) -> usize {
        self.count("warns")
    }

    fn count(&self, class: &str) -> usize {
        self.remarks.iter().filter(|remark| remark.class == class).count()
    }
}
