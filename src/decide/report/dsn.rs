//! Delivery status notifications: what a program tells a program of each recipient.
//!
//! A block that lacks its empty line, has one too many, or a line that is no field is read all the same: a recipient
//! begins where a recipient field comes that the block has already, or the first one after an empty line.
//!
//! # Standards
//! RFC 3464 §2 (fields), RFC 6533 §3 (addresses in UTF-8), RFC 3461 §6.

use super::classify::{class, codes, enhanced_in, is_temporary, shortened, status_in};
use super::fields::{Fields, Line};
use super::named;
use super::{Action, Told};
use crate::mail::Status;
use crate::model::BounceClass;

/// Recipients of one notification that are looked at.
const RECIPIENTS_MAX: usize = 200;

/// What one block says.
#[derive(Debug, Default)]
struct Block {
    original: Option<String>,
    last: Option<String>,
    action: Option<String>,
    status: Option<String>,
    diagnostic: String,
}

impl Block {
    fn is_of_somebody(&self) -> bool {
        self.original.is_some() || self.last.is_some()
    }

    fn is_done(&self) -> bool {
        self.is_of_somebody() && (self.action.is_some() || self.status.is_some())
    }

    fn take(&mut self, name: &str, value: &str) {
        let slot = match name {
            "original-recipient" => &mut self.original,
            "final-recipient" | "x-actual-recipient" => &mut self.last,
            "action" => &mut self.action,
            "status" => &mut self.status,
            "diagnostic-code" | "x-supplementary-info" | "x400-supplementary-info" | "x-notes" | "x-display-name" => {
                self.diagnostic.push_str(value);
                self.diagnostic.push(' ');
                return;
            }
            _ => return,
        };
        slot.get_or_insert_with(|| value.to_owned());
    }

    /// Whether this field cannot be of the block any more.
    fn is_over(&self, name: &str, after_gap: bool) -> bool {
        let again = match name {
            "original-recipient" => self.original.is_some(),
            "final-recipient" => self.last.is_some(),
            "action" => self.action.is_some() && self.is_of_somebody(),
            "status" => self.status.is_some() && self.is_of_somebody(),
            _ => return false,
        };
        let is_first = ["original-recipient", "final-recipient"].contains(&name);
        again || (is_first && after_gap && self.is_done())
    }
}

/// What a notification says of each of its recipients.
pub(super) fn read(fields: &Fields) -> Vec<Told> {
    let mut told = Vec::new();
    let mut block = Block::default();
    let mut after_gap = false;
    for line in fields.lines() {
        let Line::Field(name, value) = line else {
            after_gap = true;
            continue;
        };
        if block.is_over(name, after_gap) {
            told.extend(judged(&std::mem::take(&mut block)));
        }
        after_gap = false;
        block.take(name, value);
        if told.len() >= RECIPIENTS_MAX {
            return told;
        }
    }
    told.extend(judged(&block));
    told
}

fn judged(block: &Block) -> Option<Told> {
    if !block.is_of_somebody() && block.action.is_none() {
        return None;
    }
    let original = block.original.as_deref().and_then(named::first);
    let last = block.last.as_deref().and_then(named::first);
    let status = status(block.status.as_deref(), &block.diagnostic);
    let action = action(block.action.as_deref(), status.as_ref())?;
    let (enhanced, code) = codes(status.as_ref());
    let mut class = class(enhanced, code, &block.diagnostic);
    if class == BounceClass::Unknown && action == Action::Failed && is_temporary(enhanced, code) {
        class = BounceClass::Expired;
    }
    let forwarded_to = last.clone().filter(|last| {
        original
            .as_ref()
            .is_some_and(|original| !original.is_same_mailbox(last))
    });
    Some(Told {
        address: original.or(last),
        forwarded_to,
        action,
        class,
        hard: action == Action::Failed && class == BounceClass::Gone && !is_temporary(enhanced, code),
        status,
    })
}

/// The status field, unless what the server said is more precise.
fn status(field: Option<&str>, diagnostic: &str) -> Option<Status> {
    let by_field = field.and_then(enhanced_in);
    let said = status_in(diagnostic);
    let is_more = |said: &Status| {
        said.enhanced
            .is_some_and(|(_, subject, detail)| (subject, detail) != (0, 0))
    };
    match (by_field, said) {
        (None, said) => said,
        (Some((class, 0, _)), Some(said)) if is_more(&said) && said.enhanced.is_some_and(|(of, ..)| of == class) => {
            Some(said)
        }
        (Some(enhanced), said) => {
            let same = said.filter(|said| said.code / 100 == u16::from(enhanced.0));
            Some(Status {
                code: same.map_or(u16::from(enhanced.0) * 100 + 50, |said| said.code),
                enhanced: Some(enhanced),
                text: shortened(diagnostic),
            })
        }
    }
}

/// The action field, whose word comments may follow; without one, the status says it.
fn action(field: Option<&str>, status: Option<&Status>) -> Option<Action> {
    let word: String = field
        .unwrap_or_default()
        .trim()
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect();
    match word.to_ascii_lowercase().as_str() {
        "failed" | "failure" | "fail" | "error" | "undeliverable" | "bounced" => Some(Action::Failed),
        "delayed" | "delay" | "deferred" | "warning" => Some(Action::Delayed),
        "delivered" | "relayed" | "expanded" | "success" | "transferred" => Some(Action::Delivered),
        _ => match status?.code / 100 {
            2 => Some(Action::Delivered),
            4 => Some(Action::Delayed),
            _ => Some(Action::Failed),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(String, Action, String, BounceClass, bool)> {
        read(&Fields::read(text))
            .into_iter()
            .map(|told| {
                let address = told.address.map(|address| address.to_string()).unwrap_or_default();
                let status = told.status.map(|status| status.enhanced_text()).unwrap_or_default();
                (address, told.action, status, told.class, told.hard)
            })
            .collect()
    }

    fn one(
        address: &str,
        action: Action,
        status: &str,
        class: BounceClass,
        hard: bool,
    ) -> Vec<(String, Action, String, BounceClass, bool)> {
        vec![(address.into(), action, status.into(), class, hard)]
    }

    #[test]
    fn a_failure_is_read_with_what_the_server_said() {
        let text = "Reporting-MTA: dns; x.example\n\nFinal-Recipient: rfc822; a@x.example\nAction: Failed (bad mailbox)\n\
            Status: 5.0.0\nDiagnostic-Code: smtp; 550 5.1.1 no such\n user\n";
        assert_eq!(
            of(text),
            one("a@x.example", Action::Failed, "5.1.1", BounceClass::Gone, true)
        );
    }

    #[test]
    fn a_block_without_its_empty_lines_or_with_too_many_is_read() {
        let run_together = "Reporting-MTA: dns; x\nFinal-Recipient: rfc822; a@x.example\nAction: failed\nStatus: 5.2.2\n\
            Final-Recipient: rfc822; b@x.example\nAction: delayed\nStatus: 4.4.1\n";
        assert_eq!(of(run_together).len(), 2);
        let torn = "Reporting-MTA: dns; x\n\nOriginal-Recipient: rfc822; a@x.example\n\nFinal-Recipient: rfc822; b@y.example\n\
            !! what is this\n\nAction: failed\n\nStatus: 5.1.1\n";
        assert_eq!(
            of(torn),
            one("a@x.example", Action::Failed, "5.1.1", BounceClass::Gone, true)
        );
    }

    #[test]
    fn who_it_was_for_comes_before_where_it_went() {
        let text = "\nOriginal-Recipient: rfc822; a@x.example\nFinal-Recipient: rfc822; b@y.example\nAction: failed\nStatus: 5.1.1\n";
        let told = read(&Fields::read(text));
        let forwarded = told
            .first()
            .and_then(|told| told.forwarded_to.as_ref())
            .map(ToString::to_string);
        assert_eq!(forwarded.as_deref(), Some("b@y.example"));
    }

    #[test]
    fn what_is_given_up_after_days_is_no_mailbox_that_is_gone() {
        let text = "\nFinal-Recipient: rfc822; a@x.example\nAction: failed\nStatus: 4.0.0\n";
        assert_eq!(
            of(text),
            one("a@x.example", Action::Failed, "4.0.0", BounceClass::Expired, false)
        );
    }

    #[test]
    fn a_delay_and_a_success_are_no_failure() {
        for (action, read) in [
            ("delayed", Action::Delayed),
            ("relayed", Action::Delivered),
            ("expanded", Action::Delivered),
        ] {
            let text = format!("\nFinal-Recipient: rfc822; a@x.example\nAction: {action}\nStatus: 2.0.0\n");
            assert_eq!(of(&text).first().map(|one| one.1), Some(read));
        }
        assert_eq!(
            of("\nFinal-Recipient: rfc822; a@x.example\nStatus: 4.4.1 (no answer)\n")
                .first()
                .map(|one| one.1),
            Some(Action::Delayed)
        );
        assert_eq!(of("Reporting-MTA: dns; x\nArrival-Date: today\n").len(), 0);
    }
}
