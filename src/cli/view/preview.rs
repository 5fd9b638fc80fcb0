//! The text of a mailing as it will arrive, and what is attached to it.

use serde::Deserialize;

use crate::cli::{Error, out};

/// Lines of a message's text that are shown.
const TEXT_LINES_MAX: usize = 60;

#[derive(Debug, Deserialize)]
pub(super) struct Preview {
    text: Option<String>,
    attachments: Vec<(String, u64)>,
}

impl Preview {
    pub(super) fn show(&self) -> Result<(), Error> {
        for (name, bytes) in &self.attachments {
            out::line(&format!("Attached: {name}, {} bytes", out::count(*bytes)))?;
        }
        let Some(text) = self.text.as_deref().map(out::tame) else {
            return Ok(());
        };
        out::line("")?;
        for line in text.trim_end().lines().take(TEXT_LINES_MAX) {
            out::line(&format!("    {line}"))?;
        }
        match text.trim_end().lines().count().checked_sub(TEXT_LINES_MAX) {
            None | Some(0) => Ok(()),
            Some(more) => out::line(&format!("    … and {more} lines more")),
        }
    }
}
