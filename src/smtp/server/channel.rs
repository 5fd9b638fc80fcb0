//! What outlives every state of a session: settings, TLS, and how much patience is left.

use std::sync::Arc;

use super::{Settings, StartTls};
use crate::smtp::Reply;

/// The part of a session that no command changes.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) settings: Arc<Settings>,
    is_secured: bool,
    commands: usize,
    errors: usize,
}

impl Channel {
    pub(super) fn new(settings: Arc<Settings>, is_secured: bool) -> Self {
        Self {
            settings,
            is_secured,
            commands: 0,
            errors: 0,
        }
    }

    /// The same under TLS. The counts stay: a handshake buys no patience.
    pub(super) fn secured(self) -> Self {
        Self {
            is_secured: true,
            ..self
        }
    }

    /// STARTTLS can be had.
    pub(super) fn offers_tls(&self) -> bool {
        !self.is_secured && self.settings.starttls != StartTls::Never
    }

    /// Nothing else can be had before TLS.
    pub(super) fn wants_tls(&self) -> bool {
        !self.is_secured && self.settings.starttls == StartTls::Required
    }

    /// A password may be said.
    pub(super) fn may_log_in(&self) -> bool {
        self.is_secured && self.settings.auth
    }

    /// Counts a command; true when it is one too many.
    pub(super) fn count_command(&mut self) -> bool {
        self.commands += 1;
        self.commands > self.settings.commands_max
    }

    /// A message came: its commands are not counted against the next one.
    pub(super) fn forget_commands(&mut self) {
        self.commands = 0;
    }

    /// Counts an error; true when it is one too many.
    pub(super) fn count_error(&mut self) -> bool {
        self.errors += 1;
        self.errors > self.settings.errors_max
    }

    /// The answer to EHLO.
    pub(super) fn extensions(&self, client: &str) -> Reply {
        let settings = &self.settings;
        let reply = Reply::plain(250, format!("{} greets {client}", settings.hostname))
            .with_line("PIPELINING")
            .with_line(format!("SIZE {}", settings.data.message_bytes_max))
            .with_line("8BITMIME")
            .with_line("SMTPUTF8")
            .with_line("ENHANCEDSTATUSCODES")
            .with_line("CHUNKING")
            .with_line("DSN")
            .with_line(format!("LIMITS RCPTMAX={}", settings.recipients_max));
        let reply = match self.offers_tls() {
            true => reply.with_line("STARTTLS"),
            false => reply,
        };
        match self.may_log_in() {
            true => reply.with_line("AUTH PLAIN LOGIN"),
            false => reply,
        }
    }
}
