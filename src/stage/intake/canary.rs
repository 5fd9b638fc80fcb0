//! Mail to a contact that only a copy of our contacts has. Policy C10.
//!
//! Each office's feed carries a contact of ours (`canary` of `[feed.<office>]`), an address of the lists domain that is
//! named nowhere else. Our own copies come home to it; whatever else does proves that these contacts are kept, and used, in
//! another system. It is taken like mail to anybody, so that whoever sent it learns nothing; those who watch over contact
//! data are told what came, and from where. Nobody gets the message.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::gate::Gate;
use super::{Submission, gather};
use crate::decide::notice::{Kind, Told};
use crate::mail::{Address, Envelope, ForwardPath, Message, Timestamp};
use crate::model::{Act, Event, OfficeId, TokenKind};
use crate::store::Error;

/// People are told of one canary no more often; what came meanwhile is counted.
const QUIET: Duration = Duration::from_secs(60 * 60);
/// Octets of a header that are told.
const HEADER_BYTES_MAX: usize = 4 * 1024;

/// When each canary's alarm was raised last, and what came since.
#[derive(Debug, Default)]
pub(super) struct Alarms(Mutex<HashMap<String, (Timestamp, u64)>>);

impl Alarms {
    /// Whether to raise it now; then how many came since the last one.
    fn rings(&self, canary: &Address, now: Timestamp) -> Option<u64> {
        let mut alarms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, since) = alarms.entry(canary.key()).or_insert((Timestamp::from_micros(0), 0));
        if now.since(*at) < QUIET {
            *since += 1;
            return None;
        }
        *at = now;
        Some(std::mem::take(since))
    }
}

impl Gate {
    /// Hears what comes to canaries; what remains is for others.
    pub(super) async fn hear_canaries(&self, mut submission: Submission) -> Result<Option<Submission>, Error> {
        let policy = &self.settings.policy;
        let office = |path: &ForwardPath| Some((path.address.clone(), policy.canary(&path.address)?.clone()));
        let heard: Vec<(Address, OfficeId)> = submission.envelope.forward_paths().iter().filter_map(office).collect();
        if heard.is_empty() {
            return Ok(Some(submission));
        }
        for (canary, office) in &heard {
            if !self.is_own_copy(&submission.envelope, canary)? {
                self.alarm(&submission, canary, office).await?;
            }
        }
        let others = submission.envelope.forward_paths().iter();
        let others = others
            .filter(|path| policy.canary(&path.address).is_none())
            .cloned()
            .collect();
        Ok(submission.envelope.with(others).map(|envelope| {
            submission.envelope = envelope;
            submission
        }))
    }

    /// Whether it is the copy of a mailing of ours that was made for this contact.
    fn is_own_copy(&self, envelope: &Envelope, canary: &Address) -> Result<bool, Error> {
        let seen = envelope.reverse_path().and_then(|path| self.token(path));
        let token = seen
            .and_then(|seen| seen.ours())
            .filter(|token| token.kind == TokenKind::Bounce);
        let Some(token) = token else { return Ok(false) };
        // The token of somebody else's copy proves nothing. A plan that is no longer kept cannot be asked.
        let recipient = self.store.recipient(token.mailing, token.seq)?;
        Ok(recipient.is_none_or(|recipient| recipient.address.is_same_mailbox(canary)))
    }

    async fn alarm(&self, submission: &Submission, canary: &Address, office: &OfficeId) -> Result<(), Error> {
        let now = self.clock.now();
        let Some(since) = self.alarms.rings(canary, now) else {
            return Ok(());
        };
        let policy = &self.settings.policy;
        let mut reasons = self.traces(submission);
        if since > 0 {
            reasons.push(format!("{since} more messages came to it since you were told last"));
        }
        let told = Told {
            office: policy.offices.name(office),
            reasons,
            comment: header(&submission.message),
            ..Told::news()
        };
        let reviewers = policy.offices.reviewers().into_iter();
        let whom: Vec<&Address> = match policy.alerts.as_slice() {
            [] => reviewers.collect(),
            alerts => alerts.iter().collect(),
        };
        let notices = whom
            .into_iter()
            .map(|to| self.notice(Kind::Canary, to, &told))
            .collect();
        let sender = submission.envelope.reverse_path().map(|path| path.domain().to_string());
        let event = Event {
            at: now,
            by: "gateway".to_owned(),
            act: Act::Canary,
            mailing: None,
            note: format!(
                "the canary of {office} was written to, from {} by way of {}",
                sender.unwrap_or_else(|| "a null sender".to_owned()),
                submission.peer.ip().to_canonical()
            ),
        };
        self.store.tell(event, notices).await
    }

    /// What is known of who wrote, in sentences.
    fn traces(&self, submission: &Submission) -> Vec<String> {
        let mut traces = Vec::new();
        if let Ok(message) = Message::parse(&submission.message) {
            let told = gather::told(submission, &message, &self.settings.policy.campus_domains);
            traces.extend(told.map(|author| format!("Its author, who logged in: {}", author.address)));
            let from: Vec<String> = gather::from(&message.header).iter().map(ToString::to_string).collect();
            traces.push(format!("From: {}", from.join(", ")));
            traces.push(format!("Subject: {}", gather::subject(&message)));
        }
        let path = submission.envelope.reverse_path();
        traces.push(format!(
            "Return path: {}",
            path.map(ToString::to_string).unwrap_or_default()
        ));
        let peer = submission.peer.ip().to_canonical();
        traces.push(format!(
            "Handed to us by {peer} at {}",
            self.clock.now().readable(&self.settings.zone)
        ));
        traces
    }
}

/// The header of a message as it came, or its beginning.
fn header(message: &[u8]) -> String {
    let end = message
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap_or(message.len());
    let head = message.get(..end.min(HEADER_BYTES_MAX)).unwrap_or_default();
    let text = String::from_utf8_lossy(head).replace("\r\n", "\n");
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_rings_once_an_hour_and_counts_the_rest() {
        let alarms = Alarms::default();
        let (canary, other) = ("a@lists.mst.example", "b@lists.mst.example");
        let rings = |canary: &str, minutes: i64| {
            let at = Timestamp::from_micros(1_700_000_000_000_000 + minutes * 60_000_000);
            alarms.rings(&canary.parse().expect("valid"), at)
        };
        assert_eq!(rings(canary, 0), Some(0));
        assert_eq!(rings(canary, 1), None);
        assert_eq!(rings(canary, 59), None);
        assert_eq!(rings(other, 59), Some(0));
        assert_eq!(rings(canary, 60), Some(2));
    }

    #[test]
    fn a_header_is_told_without_what_follows_it() {
        assert_eq!(
            header(b"From: a@b.example\r\nX: \x1b[2J\r\n\r\nText"),
            "From: a@b.example\nX: [2J"
        );
        assert_eq!(header(&vec![b'x'; 10_000]).len(), HEADER_BYTES_MAX);
    }
}
