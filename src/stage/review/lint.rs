//! Whether a mailing is fit to send, as people are told, and what lets it go all the same. Policy C12.

use super::{Desk, Refusal};
use crate::decide::lint::{Level, Remark, Settings};
use crate::model::Capacity;
use crate::model::lifecycle::State;

/// Remarks that a refusal names; the page has all.
const NAMED_MAX: usize = 3;

impl Desk {
    /// The house style, and what goes with it.
    pub fn lint(&self) -> &Settings {
        &self.settings.lint
    }

    /// What the editorial checks say of a mailing that waits; of what has been decided on, nothing more.
    pub fn remarks(&self, state: &State) -> Result<Vec<Remark>, Refusal> {
        let State::Held(_) = state else {
            return Ok(Vec::new());
        };
        let mailing = state.mailing();
        let message = self.store.message(mailing.id)?;
        let lint = self.lint();
        Ok(lint.read(&message, mailing.category, &mailing.audience, mailing.submitted_at))
    }

    /// Why it is released despite what blocks it, for the trail; empty when nothing does. What its author addressed
    /// themselves is not the university's voice: there a remark is advice.
    pub(super) fn despite(&self, state: &State, reason: &str) -> Result<String, Refusal> {
        if state.mailing().capacity == Capacity::Conveyed {
            return Ok(String::new());
        }
        let blocking: Vec<Remark> = self
            .remarks(state)?
            .into_iter()
            .filter(|remark| remark.level == Level::Block)
            .collect();
        match (blocking.is_empty(), reason.trim()) {
            (true, _) => Ok(String::new()),
            (false, "") => Err(Refusal::Unfit(in_words(&blocking))),
            (false, reason) => {
                let mut rules: Vec<&str> = blocking.iter().map(|remark| remark.rule.as_ref()).collect();
                rules.dedup();
                let version = self.lint().profile.version;
                Ok(format!(
                    "; despite {} (house style {version}): {reason}",
                    rules.join(", ")
                ))
            }
        }
    }
}

fn in_words(blocking: &[Remark]) -> String {
    let named = blocking.iter().take(NAMED_MAX);
    let named: Vec<String> = named
        .map(|remark| format!("“{}”: {}", remark.place, remark.sentence))
        .collect();
    let more = match blocking.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" And {more} more."),
    };
    format!("{}{more}", named.join(" "))
}
