//! Survey: what must be known of one before people are asked to answer it. Policy C13.

use serde::{Deserialize, Serialize};

/// What the author of a survey says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// Who answers for it.
    pub owner: String,
    /// The number it is registered under.
    pub id: String,
    /// The number of its review, or `not research`.
    pub irb: String,
    /// The day it opens, as `2026-11-24`.
    pub opens: String,
    /// The day it closes.
    pub closes: String,
}

impl Survey {
    /// What is missing or cannot be read, as a sentence; `None` when all is there.
    pub fn fault(&self) -> Option<String> {
        let fields = [
            ("owner", &self.owner),
            ("id", &self.id),
            ("irb", &self.irb),
            ("opens", &self.opens),
            ("closes", &self.closes),
        ];
        if let Some((name, _)) = fields.iter().find(|(_, value)| value.trim().is_empty()) {
            return Some(format!("say the survey's `{name}`"));
        }
        let day = |text: &str| text.trim().parse::<jiff::civil::Date>();
        match (day(&self.opens), day(&self.closes)) {
            (Ok(opens), Ok(closes)) if opens > closes => Some("the survey closes before it opens".to_owned()),
            (Ok(_), Ok(_)) => None,
            (Err(_), _) | (_, Err(_)) => Some("write its dates as 2026-11-24".to_owned()),
        }
    }
}
