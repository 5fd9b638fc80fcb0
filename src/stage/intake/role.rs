//! What people write to the postmaster of a domain of ours goes to those who look after the machine.
//!
//! It goes on as it came, so that its signature still proves who wrote it, and with a null return path: no bounce of it
//! ever goes to a stranger.
//!
//! # Standards
//! RFC 5321 §4.5.1 (every domain has a postmaster), RFC 2142 §4 (and an abuse desk), RFC 5322 §3.6.6 (Resent fields).

use super::gate::Gate;
use super::gather::{self, completed};
use super::{Submission, answer};
use crate::decide::notice;
use crate::mail::{Address, Field, ForwardPath, Message};
use crate::model::{Act, Event, Series};
use crate::smtp::Reply;
use crate::store::Outgoing;

/// The mailboxes that every domain of ours has.
const ROLES: [&str; 2] = ["postmaster", "abuse"];

impl Gate {
    /// Whether it is a mailbox that every domain has.
    pub(super) fn is_role(&self, address: &Address) -> bool {
        let is_named = ROLES.iter().any(|role| address.local().eq_ignore_ascii_case(role));
        is_named && (self.is_ours(address) || *address.domain() == self.settings.hostname)
    }

    /// Passes on what is for such a mailbox; what remains is for others, if anything does.
    pub(super) async fn hear_roles(&self, mut submission: Submission) -> Result<Option<Submission>, Reply> {
        let paths = submission.envelope.forward_paths();
        let (roles, others): (Vec<ForwardPath>, Vec<_>) =
            paths.iter().cloned().partition(|path| self.is_role(&path.address));
        if let Some(role) = roles.first() {
            self.pass_on(&submission, &role.address).await?;
        } else {
            return Ok(Some(submission));
        }
        Ok(submission.envelope.with(others).map(|envelope| {
            submission.envelope = envelope;
            submission
        }))
    }

    async fn pass_on(&self, submission: &Submission, role: &Address) -> Result<(), Reply> {
        let message = Message::parse(&submission.message).map_err(|malformed| answer::malformed(&malformed))?;
        if gather::is_looping(&message) {
            return Err(answer::looping());
        }
        let keepers = self.settings.keepers.iter();
        let outgoing = keepers
            .map(|keeper| self.resent(submission, message.clone(), keeper))
            .collect();
        let event = Event {
            at: self.clock.now(),
            by: "gateway".to_owned(),
            act: Act::Passed,
            mailing: None,
            note: format!("what somebody wrote to {role}, to those who look after the machine"),
        };
        let told = self.store.tell(event, outgoing).await;
        told.map_err(|error| answer::fault(&error))
    }

    /// The message for one of them.
    fn resent(&self, submission: &Submission, message: Message, to: &Address) -> Outgoing {
        let settings = &self.settings;
        let now = self.clock.now();
        let id = self.store.next_id(Series::Conveyed, now.year(&settings.zone));
        let subject = gather::subject(&message);
        let mut message = completed(message, submission, (id, now), settings);
        let resent = [
            ("Resent-Message-ID", format!("<{id}.resent@{}>", settings.hostname)),
            ("Resent-To", to.to_string()),
            ("Resent-From", settings.notices.from.to_string()),
            ("Resent-Date", now.rfc5322(&settings.zone)),
        ];
        for (name, value) in resent {
            // INVARIANT: values of our own making, on one line.
            if let Ok(field) = Field::new(name, &value) {
                message.header.add(field);
            }
        }
        let bytes = message.to_bytes();
        let state = notice::carry(&settings.notices, to, &subject, &bytes, id, now);
        Outgoing { state, message: bytes }
    }
}
