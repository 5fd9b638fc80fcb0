//! Mail to a case: a word of somebody who decides, or another version of its author's. Policy C14.

use mail_parser::MessageParser;

use super::gate::{Gate, Known};
use super::gather::Gathered;
use super::returns::Addressed;
use super::{Submission, answer};
use crate::decide::report::read_word;
use crate::mail::{Envelope, Message};
use crate::model::lifecycle::{Held, State};
use crate::model::{Act, Answer, Author, Finding, Mailing, MailingId, VERSIONS_MAX};
use crate::smtp::Reply;
use crate::store::{Error, Move, News};

impl Gate {
    /// What is sent to the address of a case alone.
    pub(super) async fn to_case(&self, submission: Submission, addressed: &Addressed) -> Result<Reply, Error> {
        let case = addressed.case;
        let message = match Message::parse(&submission.message) {
            Ok(message) => message,
            Err(malformed) => return Ok(answer::malformed(&malformed)),
        };
        // RFC 3834: a machine's answer is nobody's word.
        let automatic = message
            .header
            .value("Auto-Submitted")
            .unwrap_or_else(|| "no".to_owned());
        if !automatic.trim().eq_ignore_ascii_case("no") || submission.envelope.reverse_path().is_none() {
            return Ok(answer::noted());
        }
        let Some(author) = self.author(&submission, &message).await else {
            return Ok(answer::not_proved());
        };
        let known = self.store.mailing(case)?.filter(|_| addressed.is_proved);
        let Some(state) = known else {
            return Ok(answer::not_theirs(case));
        };
        let text = own_text(&submission.message);
        if let Some(word) = read_word(&text) {
            let answer = Answer {
                mailing: case,
                by: author.address,
                at: self.clock.now(),
                told_at: addressed.told_at,
                word,
            };
            self.store.put_answer(&answer).await?;
            return Ok(answer::heard(case));
        }
        if !state.mailing().author.address.is_same_mailbox(&author.address) {
            return Ok(answer::no_word(case));
        }
        if text.contains(&format!("{}/mailing/{case}", self.settings.console_url)) {
            return Ok(answer::notice_quoted(case));
        }
        let paths = state.mailing().envelope.forward_paths().to_vec();
        let Some(envelope) = Envelope::new(submission.envelope.reverse_path().cloned(), paths) else {
            return Ok(answer::nobody());
        };
        self.judge(submission, envelope, Some(case)).await
    }

    /// The hold that a message of this author would be another version of.
    pub(super) fn renewable(&self, case: Option<MailingId>, author: Option<&Author>) -> Result<Option<Held>, Error> {
        let (Some(case), Some(author)) = (case, author) else {
            return Ok(None);
        };
        match self.store.mailing(case)? {
            Some(State::Held(held)) => {
                let state = State::Held(held.clone());
                let is_theirs = state.mailing().author.address.is_same_mailbox(&author.address);
                let is_one = held.hold().case().is_none() && held.hold().versions().len() < VERSIONS_MAX;
                Ok((is_theirs && is_one).then_some(held))
            }
            Some(State::Released(_) | State::Expanded(_) | State::Closed(_) | State::Ended(_)) | None => Ok(None),
        }
    }

    /// Another version of what is held: the same number, and every approval anew. Law 3.
    pub(super) async fn renew(
        &self,
        gathered: Gathered,
        held: Held,
        findings: Vec<Finding>,
        fingerprint: [u8; 32],
    ) -> Result<Reply, Error> {
        let Gathered { mailing, bytes, .. } = gathered;
        let known: Known = mailing;
        let Some(new) = known else {
            return Ok(answer::nobody());
        };
        let from = State::Held(held.clone());
        let case = from.id();
        if from.mailing().content == new.content {
            return Ok(answer::held(case, &self.settings.console_url));
        }
        let (author, now) = (new.author.address.clone(), new.submitted_at);
        let mailing = Mailing {
            id: case,
            version: from.mailing().version,
            ..new
        };
        let news = News::Renewed(held.approved());
        let until = now.plus(self.settings.policy.lapse_after);
        let outgoing = self.alerts(&mailing, &findings);
        let renewed = held.renew(mailing, findings, &author, false, (until, now));
        let version = State::Held(renewed.clone()).mailing().version;
        let note = format!("version {version}");
        let step = Move {
            from,
            to: State::Held(renewed),
            event: Some(self.event(Act::Renewed, &author, Some(case), note)),
            outgoing,
        };
        let fingerprint = Some((fingerprint, now));
        self.store.renew(step, bytes, fingerprint, Some(&news)).await?;
        Ok(answer::renewed(case, version, &self.settings.console_url))
    }
}

/// The text of a message, as its author wrote it.
fn own_text(message: &[u8]) -> String {
    let parsed = MessageParser::default().parse(message);
    let text = parsed.as_ref().and_then(|parsed| parsed.body_text(0));
    text.map(std::borrow::Cow::into_owned).unwrap_or_default()
}
