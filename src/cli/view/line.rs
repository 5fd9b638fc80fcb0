//! One line of a listing: which mailing, in what state, whose, for whom.

use serde::Deserialize;
use serde_json::Value;

use super::read;
use crate::cli::client::Client;
use crate::cli::{Error, out};
use crate::mail::Timestamp;

/// One line of a listing.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Line {
    pub(in crate::cli) id: String,
    pub(in crate::cli) state: String,
    pub(super) in_words: String,
    pub(super) paused: bool,
    pub(super) subject: String,
    pub(super) author: String,
    pub(super) category: String,
    lists: Vec<String>,
    people: usize,
    pub(super) submitted_at: Timestamp,
    pub(super) until: Option<Timestamp>,
    pub(super) scheduled_for: Option<Timestamp>,
    pub(super) claimed_by: Option<String>,
    pub(in crate::cli) wanting: Vec<Office>,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Office {
    pub(super) name: String,
}

/// A listing of mailings.
pub(in crate::cli) fn list(client: &Client, lines: Value, none: &str) -> Result<(), Error> {
    let lines: Vec<Line> = read(lines)?;
    let rows: Vec<[String; 6]> = lines
        .iter()
        .map(|line| {
            [
                line.id.clone(),
                line.stands(),
                client.time(line.submitted_at),
                line.author.clone(),
                line.audience(),
                line.subject.clone(),
            ]
        })
        .collect();
    out::table(["CASE", "STATE", "SUBMITTED", "BY", "FOR", "SUBJECT"], &rows, none)
}

impl Line {
    pub(super) fn audience(&self) -> String {
        let people = match self.people {
            0 => None,
            1 => Some("1 person".to_owned()),
            more => Some(format!("{more} people")),
        };
        let parts: Vec<String> = self.lists.iter().cloned().chain(people).collect();
        if parts.is_empty() {
            "those its author named".to_owned()
        } else {
            parts.join(", ")
        }
    }

    /// Its state in words; of what is held, for whom it waits.
    fn stands(&self) -> String {
        match (self.state.as_str(), self.wanting.is_empty()) {
            ("held", true) => "held for a reviewer".to_owned(),
            ("held", false) => format!("held for {}", self.wanting()),
            _ => self.in_words.clone(),
        }
    }

    pub(super) fn wanting(&self) -> String {
        match (self.state.as_str(), self.wanting.as_slice()) {
            ("held", []) => "nobody but a reviewer".to_owned(),
            (_, wanting) => wanting
                .iter()
                .map(|office| office.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(state: &str, wanting: &[&str], expected: &str) {
        let wanting: Vec<Value> = wanting.iter().map(|name| json!({ "name": name })).collect();
        let line: Line = read(json!({
            "id": "MC-2026-0001", "state": state, "in_words": state, "paused": false, "subject": "Fees",
            "author": "dean@mst.example", "category": "official", "lists": [], "people": 1,
            "submitted_at": "2026-11-30T12:45:50Z", "until": null, "scheduled_for": null, "claimed_by": null,
            "wanting": wanting,
        }))
        .expect("reads");
        assert_eq!(line.stands(), expected);
    }

    #[test]
    fn what_is_held_says_for_whom() {
        check(
            "held",
            &["Office of the Registrar", "Alumni"],
            "held for Office of the Registrar, Alumni",
        );
        check("held", &[], "held for a reviewer");
        check("sent", &[], "sent");
    }
}
