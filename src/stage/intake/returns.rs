//! What comes back at the door: to a return path, an unsubscribe address, a letterbox; and a word that answers a copy.
//!
//! Each is kept, and what follows is asked by `stage::feedback`. That a token is forged is nobody's to know: every answer,
//! and the time it takes, is that of one we gave out.

use mail_parser::MessageParser;

use super::gate::Gate;
use super::{Submission, gather};
use crate::decide::report::is_wish;
use crate::mail::{Address, Envelope, Header, Message, Timestamp};
use crate::model::{Letterbox, MailingId, Posted, Report, ReportKind, Seen, Token, TokenKind};
use crate::store::{Error, POSTED_BYTES_MAX};

/// Octets of a bounce that are kept; what it says stands near its beginning.
const REPORT_BYTES_MAX: usize = 64 * 1024;

/// The address of a case that a message was sent to.
#[derive(Debug)]
pub(super) struct Addressed {
    pub(super) case: MailingId,
    /// We gave that address out.
    pub(super) is_proved: bool,
    /// When the notice was written that told of it.
    pub(super) told_at: Timestamp,
}

impl Gate {
    /// What an address at a domain of ours has the shape of. That it is forged is nobody's to know: every answer, and the
    /// time it takes, is that of one we gave out.
    pub(super) fn token(&self, address: &Address) -> Option<Seen> {
        let kind = match address.domain() {
            domain if *domain == self.settings.bounce_domain => TokenKind::Bounce,
            domain if *domain == self.settings.policy.lists_domain => TokenKind::Unsubscribe,
            _ => return None,
        };
        let is_meant = |found: TokenKind| found == kind || (found == TokenKind::Case && kind == TokenKind::Unsubscribe);
        self.settings
            .tokens
            .see_local(address.local())
            .filter(|seen| is_meant(seen.claimed().kind))
    }

    /// Which letterbox an address is.
    pub(super) fn letterbox(&self, address: &Address) -> Option<Letterbox> {
        let mut letterboxes = self.settings.letterboxes.iter();
        let (letterbox, _) = letterboxes.find(|(_, own)| own.is_same_mailbox(address))?;
        Some(*letterbox)
    }

    /// What is too large for a letterbox is told so before anything of it is kept.
    pub(super) fn overfills(&self, submission: &Submission) -> bool {
        let mut to = submission.envelope.recipients();
        submission.message.len() > POSTED_BYTES_MAX && to.any(|address| self.letterbox(address).is_some())
    }

    /// Takes what came back; what remains is for people and lists, or for a case.
    pub(super) async fn take_reports(
        &self,
        submission: &Submission,
    ) -> Result<(Option<Envelope>, Option<Addressed>), Error> {
        let envelope = &submission.envelope;
        let (mut rest, mut case) = (Vec::new(), None);
        for path in envelope.forward_paths() {
            if let Some(letterbox) = self.letterbox(&path.address) {
                let posted = Posted {
                    letterbox,
                    at: self.clock.now(),
                    message: submission.message.clone(),
                };
                self.store.put_posted(&posted).await?;
                continue;
            }
            let Some(seen) = self.token(&path.address) else {
                rest.push(path.clone());
                continue;
            };
            let Token { kind, mailing, seq } = seen.claimed();
            let kind = match kind {
                TokenKind::Bounce => ReportKind::Bounce,
                TokenKind::Unsubscribe => ReportKind::Unsubscribe,
                // Such an address is none that we give out: `token` has not let it through.
                TokenKind::MessageId | TokenKind::Complaint => continue,
                TokenKind::Case => {
                    case = Some(Addressed {
                        case: mailing,
                        is_proved: seen.ours().is_some(),
                        told_at: Timestamp::from_micros(i64::from(seq) * 1_000_000),
                    });
                    continue;
                }
            };
            let message = submission.message.iter().take(REPORT_BYTES_MAX).copied().collect();
            let report = Report {
                kind,
                mailing,
                seq,
                at: self.clock.now(),
                message,
            };
            match seen {
                Seen::Ours(_) => self.store.put_report(&report).await?,
                Seen::Forged(_) => self.store.put_forged(&report).await?,
            }
        }
        Ok((envelope.with(rest), case))
    }

    /// The wish of somebody who answers their copy to a list, with `unsubscribe`. The Message-ID of a copy is no secret, so
    /// that the answer must come from the copy's own recipient as well.
    fn wish(&self, submission: &Submission) -> Result<Option<Report>, Error> {
        let Ok(header) = Message::header_of(&submission.message) else {
            return Ok(None);
        };
        let Some(token) = gather::answered(&header, &self.settings, TokenKind::MessageId) else {
            return Ok(None);
        };
        let is_to_us = submission.envelope.recipients().all(|to| self.is_ours(to));
        if !is_to_us || !self.is_from(&header, &token)? || !is_asking(&submission.message) {
            return Ok(None);
        }
        Ok(Some(Report {
            kind: ReportKind::Unsubscribe,
            mailing: token.mailing,
            seq: token.seq,
            at: self.clock.now(),
            message: Vec::new(),
        }))
    }

    /// Keeps such a wish; returns whether it was one.
    pub(super) async fn keep_wish(&self, submission: &Submission) -> Result<bool, Error> {
        match self.wish(submission)? {
            Some(report) => self.store.put_report(&report).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Whether a message says that it is of the recipient whose copy a token names.
    fn is_from(&self, header: &Header, token: &Token) -> Result<bool, Error> {
        let recipient = self.store.recipient(token.mailing, token.seq)?;
        let from = gather::from(header);
        Ok(recipient.is_some_and(|recipient| from.iter().any(|from| from.is_same_mailbox(&recipient.address))))
    }

    pub(super) fn is_ours(&self, address: &Address) -> bool {
        let domains = [&self.settings.bounce_domain, &self.settings.policy.lists_domain];
        domains.into_iter().any(|domain| address.domain() == domain)
    }
}

/// Whether a message asks for no more mail.
fn is_asking(message: &[u8]) -> bool {
    let parsed = MessageParser::default().parse(message);
    parsed.is_some_and(|parsed| {
        let text = parsed.body_text(0).unwrap_or_default();
        is_wish(parsed.subject().unwrap_or_default(), &text)
    })
}
