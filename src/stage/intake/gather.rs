//! Envelope, message and settings → the facts a rule may look at, and the mailing it may become.

use aws_lc_rs::digest::{SHA256, digest};
use mail_parser::MessageParser;

use super::Submission;
use super::gate::{GateSettings, Known};
use super::lately::Lately;
use super::look::Looked;
use crate::decide::policy::{Facts, Policy, Resolved};
use crate::mail::{Address, Domain, Envelope, Field, Header, Message, Timestamp};
use crate::model::{Author, Capacity, Content, Decision, Mailing, MailingId, Proof, Token, TokenKind};
use crate::store::Turn;

/// Trace fields after which a message must be going round in circles (RFC 5321 §6.3).
const RECEIVED_MAX: usize = 50;
/// What the subject of a drill begins with.
const DRILL: &str = "DRILL: ";
/// Octets of a subject that are kept for lists and pages.
const SUBJECT_CHARS_MAX: usize = 300;

/// A message, ready to be judged and kept.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) facts: Facts,
    pub(super) mailing: Known,
    /// The message as we keep it.
    pub(super) bytes: Vec<u8>,
    /// Its author's mail with it.
    pub(super) lately: Lately,
    /// Its author's turn.
    pub(super) turn: Option<Turn>,
    /// The same message, sent before its author had shown a second factor.
    pub(super) unarmed: Option<MailingId>,
}

impl Gathered {
    /// Whether it is one that people decide on whatever the rules say: it goes to a list.
    pub(super) fn is_case(&self) -> bool {
        self.mailing
            .as_ref()
            .is_some_and(|mailing| mailing.capacity == Capacity::Initiated)
    }
}

/// Whether it has come by here too often.
pub(super) fn is_looping(message: &Message) -> bool {
    message.header.all("Received").count() > RECEIVED_MAX
}

/// The author that a login or the relay's header tells.
pub(super) fn told(submission: &Submission, message: &Message, campus: &[Domain]) -> Option<Author> {
    if let Some(address) = &submission.login {
        return Some(Author {
            address: address.clone(),
            proof: Proof::Login,
        });
    }
    // The relay puts its word on top; one further down is the author's own invention.
    let name = submission.listener.author_header.as_deref()?;
    let value = message.header.value(name)?;
    let address = account(value.trim_matches(['<', '>', ' ']), campus.first())?;
    Some(Author {
        address,
        proof: Proof::RelayHeader,
    })
}

/// An account as typed: a whole address, or a name on the first campus domain.
pub(super) fn account(typed: &str, campus: Option<&Domain>) -> Option<Address> {
    match (typed.contains('@'), campus) {
        (true, _) => typed.parse().ok(),
        (false, Some(campus)) => Address::new(typed, campus.clone()).ok(),
        (false, None) => None,
    }
}

/// The addresses of the From field, in all their fields; none when one of them cannot be read, since a reader may show
/// just that one.
pub(super) fn from(header: &Header) -> Vec<Address> {
    let mut found = Vec::new();
    for field in header.all("From") {
        let raw = [field.raw(), b"\r\n"].concat();
        let Some(parsed) = MessageParser::default().parse_headers(&raw) else {
            continue;
        };
        let addresses = parsed.from().into_iter().flat_map(|list| list.iter());
        let readable: Option<Vec<Address>> = addresses.map(|address| address.address()?.parse().ok()).collect();
        match readable {
            Some(addresses) => found.extend(addresses),
            None => return Vec::new(),
        }
    }
    found
}

/// The mailing of ours that a message answers: our Message-IDs are tokens, of copies and of notices.
pub(super) fn named(header: &Header, settings: &GateSettings, kind: TokenKind) -> Option<MailingId> {
    answered(header, settings, kind).map(|token| token.mailing)
}

/// The copy or notice that a message answers.
pub(super) fn answered(header: &Header, settings: &GateSettings, kind: TokenKind) -> Option<Token> {
    let named = ["In-Reply-To", "References"]
        .into_iter()
        .flat_map(|name| header.all(name));
    let ids: Vec<String> = named.map(Field::value).collect();
    ids.iter().flat_map(|ids| ids.split_whitespace()).find_map(|id| {
        let (token, host) = id.trim_matches(['<', '>']).rsplit_once('@')?;
        let token = (host == settings.hostname.as_str()).then(|| settings.tokens.read(token))??;
        (token.kind == kind).then_some(token)
    })
}

/// Whom the mail is for, and what is known of it before anything is looked up.
pub(super) fn facts(
    policy: &Policy,
    envelope: &Envelope,
    message: &Message,
    author: Option<Author>,
    answers_to: Option<Address>,
) -> Facts {
    Facts {
        author,
        reverse_path: envelope.reverse_path().cloned(),
        from: from(&message.header),
        recipients: envelope
            .recipients()
            .map(|address| (address.clone(), policy.place(address)))
            .collect(),
        answers_to,
        ..Facts::default()
    }
}

/// Author, Message-ID, bytes and recipients: what makes a client's repeat the same message.
pub(super) fn fingerprint(author: Option<&Author>, message: &Message, bytes: &[u8], envelope: &Envelope) -> [u8; 32] {
    let mut recipients: Vec<String> = envelope.recipients().map(Address::key).collect();
    recipients.sort();
    let author = author.map(|author| author.address.key()).unwrap_or_default();
    let id = message.header.value("Message-ID").unwrap_or_default();
    let parts = (author, id, sha256(bytes), recipients);
    sha256(&postcard::to_allocvec(&parts).unwrap_or_default())
}

/// The fingerprint of an emergency: sent again after its author has shown a second factor, it is another word than the one
/// without. Policy C17.
pub(super) fn armed(fingerprint: [u8; 32], until: Timestamp) -> [u8; 32] {
    sha256(&postcard::to_allocvec(&(fingerprint, until)).unwrap_or_default())
}

/// The mailing, and the message with its trace on top and what the client left out.
pub(super) fn mailing(
    looked: Looked,
    submission: &Submission,
    message: Message,
    (id, now): (MailingId, Timestamp),
    settings: &GateSettings,
) -> (Gathered, Decision) {
    let Looked {
        facts,
        lately,
        envelope,
        resolved,
        decision,
    } = looked;
    let mut message = completed(message, submission, (id, now), settings);
    if facts.is_drill(&settings.policy) {
        mark_drill(&mut message);
    }
    let bytes = message.to_bytes();
    let content = Content {
        sha256: sha256(&bytes),
        bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
    };
    let Resolved {
        audience,
        capacity,
        category,
        lane,
        identity,
    } = resolved;
    let mailing = facts.author.clone().map(|author| Mailing {
        id,
        author,
        envelope,
        submitted_at: now,
        version: 1,
        content,
        subject: subject(&message),
        message_id: message
            .header
            .value("Message-ID")
            .map(|id| id.trim_matches(['<', '>']).to_owned()),
        audience,
        capacity,
        category,
        lane,
        identity,
    });
    let gathered = Gathered {
        facts,
        mailing,
        bytes,
        lately,
        turn: None,
        unarmed: None,
    };
    (gathered, decision)
}

/// RFC 6409 §8: a submission server adds what is missing; RFC 5321 §4.4: and says that it was here.
pub(super) fn completed(
    mut message: Message,
    submission: &Submission,
    (id, now): (MailingId, Timestamp),
    settings: &GateSettings,
) -> Message {
    if let Some(name) = &submission.listener.author_header {
        message.header.remove(name);
    }
    let date = now.rfc5322(&settings.zone);
    let missing = |name: &str| message.header.value(name).is_none();
    let fields = [
        missing("Date").then(|| ("Date", date.clone())),
        missing("Message-ID").then(|| ("Message-ID", format!("<{id}@{}>", settings.hostname))),
        Some(("Received", received(submission, id, &date, settings))),
    ];
    for (name, value) in fields.into_iter().flatten() {
        // INVARIANT: values of our own making, on one line.
        if let Ok(field) = Field::new(name, &value) {
            message.header.add(field);
        }
    }
    message
}

/// A drill says so before anything else.
fn mark_drill(message: &mut Message) {
    let subject = format!("{DRILL}{}", message.header.value("Subject").unwrap_or_default());
    message.header.remove("Subject");
    // INVARIANT: a value that was one before, and a word.
    if let Ok(field) = Field::new("Subject", &subject) {
        message.header.add(field);
    }
}

/// The trace field. Where somebody logged in it does not say from where: that is nobody's business but the log's.
fn received(submission: &Submission, id: MailingId, date: &str, settings: &GateSettings) -> String {
    let protocol = match (&submission.tls, &submission.login) {
        (Some(_), Some(_)) => "ESMTPSA",
        (Some(_), None) => "ESMTPS",
        (None, _) => "ESMTP",
    };
    let hello: String = submission
        .hello
        .chars()
        .filter(|c| c.is_ascii_graphic() && !"()<>@,;\\\"".contains(*c))
        .collect();
    let from = match &submission.login {
        Some(_) => String::new(),
        None => format!("from {hello} ([{}]) ", submission.peer.ip().to_canonical()),
    };
    format!("{from}by {} with {protocol} id {id}; {date}", settings.hostname)
}

/// The decoded subject, on one line.
pub(super) fn subject(message: &Message) -> String {
    let Some(field) = message.header.all("Subject").next() else {
        return String::new();
    };
    let raw = [field.raw(), b"\r\n"].concat();
    let parsed = MessageParser::default().parse_headers(&raw);
    let decoded = parsed
        .as_ref()
        .and_then(|parsed| parsed.subject())
        .map_or_else(|| field.value(), str::to_owned);
    let line = decoded.split(char::is_control).collect::<Vec<_>>().join(" ");
    line.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(SUBJECT_CHARS_MAX)
        .collect()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut octets = [0; 32];
    octets.copy_from_slice(digest(&SHA256, bytes).as_ref());
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Message {
        Message::parse(text.replace('\n', "\r\n").as_bytes()).expect("well formed")
    }

    #[test]
    fn every_from_address_is_seen() {
        let seen = |text: &str| {
            from(&message(text).header)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(seen("From: \"A, B\" <a@x.example>\n\n"), ["a@x.example"]);
        assert_eq!(
            seen("From: a@x.example, B <b@x.example>\n\n"),
            ["a@x.example", "b@x.example"]
        );
        assert_eq!(
            seen("From: a@x.example\nFrom: b@x.example\n\n"),
            ["a@x.example", "b@x.example"]
        );
        assert_eq!(seen("From: nobody\n\n"), [""; 0]);
        assert_eq!(seen("From: a@x.example, \"Chancellor\" <b b@x.example>\n\n"), [""; 0]);
    }

    #[test]
    fn a_subject_is_decoded_and_stays_on_one_line() {
        assert_eq!(
            subject(&message("Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\n aus Rolla\n\n")),
            "Grüße aus Rolla"
        );
        assert_eq!(subject(&message("Subject: =?utf-8?Q?a=0D=0Ab?=\n\n")), "a b");
        assert_eq!(subject(&message("\n")), "");
    }

    #[test]
    fn an_account_may_leave_out_the_campus() {
        let campus: Domain = "mst.example".parse().expect("valid");
        let full = |typed| account(typed, Some(&campus)).map(|address| address.to_string());
        assert_eq!(full("records"), Some("records@mst.example".to_owned()));
        assert_eq!(full("a@b.example"), Some("a@b.example".to_owned()));
        assert_eq!(full("a b"), None);
    }
}
