//! Addressed: a reverse path is given, and recipients are being named.
//!
//! # Standards
//! RFC 5321 §3.3, §4.5.3.1.8, §4.5.3.1.10 (too many recipients), RFC 3461 §4, RFC 6531 §3.5.

use super::Session;
use super::Step;
use super::channel::Channel;
use super::named::Named;
use super::reading::Reading;
use super::receiving::{Chunking, Receiving};
use crate::mail::{Address, Envelope, ForwardPath, ReversePath};
use crate::smtp::Reply;
use crate::smtp::command::{Chunk, MailParameters, RcptParameters, Recipient};

/// A session within a transaction, before the message.
#[derive(Debug)]
pub struct Addressed {
    named: Named,
    from: ReversePath,
    parameters: MailParameters,
    recipients: Vec<ForwardPath>,
}

impl Addressed {
    pub(super) fn new(named: Named, from: ReversePath, parameters: MailParameters) -> Self {
        Self {
            named,
            from,
            parameters,
            recipients: vec![],
        }
    }

    pub(super) fn rcpt(self, to: Recipient, parameters: RcptParameters) -> Step {
        let settings = &self.channel().settings;
        let refusal = if parameters.needs_smtputf8 && !self.parameters.smtputf8 {
            Reply::wants_smtputf8()
        } else if self.recipients.len() >= settings.recipients_max {
            Reply::too_many_recipients(settings.recipients_max)
        } else {
            return match self.forward_path(to, parameters) {
                Some(path) => Step::Ask(Asking { addressed: self, path }),
                None => Session::Addressed(self).say(Reply::try_again()),
            };
        };
        // Not an error: RFC 5321 §4.5.3.1.10 has clients send the rest in another transaction.
        Session::Addressed(self).say(refusal)
    }

    pub(super) fn data(self) -> Step {
        match self.envelope() {
            Some(envelope) => Step::Receive(
                Reading::Message(Receiving::data(self.named, envelope)),
                Some(Reply::start_data()),
            ),
            None => Session::Addressed(self).fail(Reply::no_recipients()),
        }
    }

    pub(super) fn bdat(self, chunk: Chunk) -> Step {
        match self.envelope() {
            Some(envelope) => Chunking::begin(self.named, envelope).next(chunk),
            None => Session::Addressed(self).discard(chunk, Reply::no_recipients()),
        }
    }

    /// Forgets the transaction.
    pub(super) fn end(self) -> Named {
        self.named
    }

    pub(super) fn channel(&self) -> &Channel {
        self.named.channel()
    }

    pub(super) fn channel_mut(&mut self) -> &mut Channel {
        self.named.channel_mut()
    }

    fn forward_path(&self, to: Recipient, parameters: RcptParameters) -> Option<ForwardPath> {
        let address = match to {
            Recipient::Mailbox(address) => address,
            Recipient::Postmaster => Address::new("postmaster", self.channel().settings.hostname.clone()).ok()?,
        };
        Some(ForwardPath {
            address,
            notify: parameters.notify.unwrap_or_default(),
            original: parameters.original,
        })
    }

    fn envelope(&self) -> Option<Envelope> {
        let mut envelope = Envelope::new(self.from.clone(), self.recipients.clone())?;
        envelope.ret = self.parameters.ret;
        envelope.id = self.parameters.envelope_id.clone();
        envelope.smtputf8 = self.parameters.smtputf8;
        Some(envelope)
    }
}

/// A session whose client named a recipient nobody has looked up yet.
#[derive(Debug)]
pub struct Asking {
    addressed: Addressed,
    path: ForwardPath,
}

impl Asking {
    /// Whom it named.
    pub fn path(&self) -> &ForwardPath {
        &self.path
    }

    /// Where the message comes from.
    pub fn reverse_path(&self) -> Option<&Address> {
        self.addressed.from.as_ref()
    }

    /// The account that logged in.
    pub fn login(&self) -> Option<&Address> {
        self.addressed.named.login()
    }

    /// Says whether we take it: a positive reply keeps the recipient.
    pub fn answer(mut self, reply: Reply) -> Step {
        if reply.is_positive() {
            self.addressed.recipients.push(self.path);
        }
        Session::Addressed(self.addressed).say(reply)
    }
}
