//! Complaints: somebody pressed "this is spam", and their provider says so.
//!
//! Providers tell it in three ways: as ARF, with a part for programs (Yahoo's complaint feedback loop, and most others);
//! as a plain message with ours attached (Microsoft's junk mail reporting); and, where we offer an address in the copies
//! (CFBL), as ARF to that. Whom it is about is often blotted out, so nobody asks: the tokens that stand in our own
//! message, given back, say which copy it was ([`traces`]).
//!
//! # Standards
//! RFC 5965 (ARF), RFC 6650 (its use), RFC 6591 (reports of failed authentication, which are no complaints), RFC 9477
//! (CFBL).

use mail_parser::{MessageParser, PartType};

use super::automatic;
use super::letter::Letter;

/// Octets that are searched for tokens.
const BYTES_MAX: usize = 256 * 1024;
/// Letters and digits of a token.
const TOKEN_CHARS: usize = 37;
/// Texts of that length that are looked at; a message of ours has four.
const TRACES_MAX: usize = 64;

/// What a person, through their provider, wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grievance {
    /// They call it spam.
    Complaint,
    /// They want no more of it.
    OptOut,
}

/// What the part for programs says; the outer `None` when there is none, the inner when it is no grievance.
pub(super) fn feedback(letter: &Letter) -> Option<Option<Grievance>> {
    let fields = letter.feedback.as_ref()?;
    let kind = fields
        .value("feedback-type")
        .unwrap_or("abuse")
        .trim()
        .to_ascii_lowercase();
    Some(match kind.as_str() {
        "opt-out" | "opt-out-list" => Some(Grievance::OptOut),
        // Somebody found it in their junk folder and took it out, or a host checked who we are.
        "not-spam" | "auth-failure" | "dmarc" => None,
        _ => Some(Grievance::Complaint),
    })
}

/// What mail to the address for complaints wants: there, a message of ours that is given back is enough.
pub fn grievance(message: &[u8]) -> Option<Grievance> {
    let letter = Letter::read(message);
    if let Some(said) = feedback(&letter) {
        return said;
    }
    let is_report = !letter.statuses.is_empty() || automatic::is_for_somebody(&letter) || automatic::is_loop(&letter);
    (letter.returned.is_some() && !is_report).then_some(Grievance::Complaint)
}

/// All that stands in a message and has the length of a token of ours, in lower case; whose it is only the key can say.
pub fn traces(message: &[u8]) -> Vec<String> {
    let message = message.get(..BYTES_MAX).unwrap_or(message);
    let mut found = Vec::new();
    collect(message, &mut found);
    // What is encoded for the way is read decoded.
    if let Some(parsed) = MessageParser::default().parse(message) {
        for part in &parsed.parts {
            match &part.body {
                PartType::Text(text) | PartType::Html(text) => collect(text.as_bytes(), &mut found),
                PartType::Binary(bytes) | PartType::InlineBinary(bytes) => collect(bytes, &mut found),
                PartType::Message(inner) => collect(&inner.raw_message, &mut found),
                PartType::Multipart(_) => {}
            }
        }
    }
    found
}

fn collect(bytes: &[u8], found: &mut Vec<String>) {
    let words = bytes.split(|byte| !byte.is_ascii_alphanumeric());
    for word in words.filter(|word| word.len() == TOKEN_CHARS) {
        let text = String::from_utf8_lossy(word).to_ascii_lowercase();
        if found.len() < TRACES_MAX && !found.contains(&text) {
            found.push(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "ouaap2qaaaaacaaaaaaqqckxb5auvas64xyzy";

    fn arf(kind: &str) -> String {
        format!(
            "From: fbl@provider.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n\
             --b\nContent-Type: text/plain\n\nA complaint.\n--b\nContent-Type: message/feedback-report\n\n\
             Feedback-Type: {kind}\nUser-Agent: provider/1\nVersion: 1\n\n--b\nContent-Type: message/rfc822\n\n\
             To: redacted@provider.example\nList-Unsubscribe: <https://lists.example/u/{TOKEN}>\n\nCome!\n--b--\n"
        )
    }

    #[test]
    fn the_kind_of_feedback_says_what_is_wanted() {
        for kind in ["abuse", "fraud", "virus", "other", "Abuse", "something-new"] {
            assert_eq!(grievance(arf(kind).as_bytes()), Some(Grievance::Complaint), "{kind}");
        }
        assert_eq!(grievance(arf("opt-out").as_bytes()), Some(Grievance::OptOut));
        for kind in ["not-spam", "auth-failure"] {
            assert_eq!(grievance(arf(kind).as_bytes()), None, "{kind}");
        }
    }

    #[test]
    fn a_message_of_ours_given_back_is_enough_where_complaints_go() {
        let junk = format!(
            "From: staff@hotmail.example\nSubject: complaint about message from 192.0.2.1\n\
             Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n\
             X-HmXmrOriginalRecipient: ann@hotmail.example\nReturn-Path: <b+{TOKEN}@bounce.example>\n\nCome!\n--b--\n"
        );
        assert_eq!(grievance(junk.as_bytes()), Some(Grievance::Complaint));
        assert_eq!(traces(junk.as_bytes()), [TOKEN]);
        assert_eq!(grievance(b"Subject: hello\n\nWhat is this address?\n"), None);
        let bounce = "From: mailer-daemon@x.example\nContent-Type: multipart/report; boundary=b\n\n--b\n\
            Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@x.example\nAction: failed\n\n--b\n\
            Content-Type: message/rfc822\n\nSubject: x\n\nCome!\n--b--\n";
        assert_eq!(grievance(bounce.as_bytes()), None);
    }

    #[test]
    fn tokens_are_found_through_every_encoding() {
        let base64 = "From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\
            Content-Transfer-Encoding: base64\n\nTGlzdC1VbnN1YnNjcmliZTogPGh0dHBzOi8vbGlzdHMuZXhhbXBsZS91L291YWFwMnFhYWFhYWNhYWFhYWFxcWNreGI1YXV2YXM2\n\
            NHh5enk+CgpDb21lIQo=\n--b--\n";
        assert_eq!(traces(base64.as_bytes()), [TOKEN]);
        let (first, second) = TOKEN.split_at(20);
        let soft = format!(
            "From: a@x.example\nContent-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nhttps://lists.example/u/{first}=\n{second}\n"
        );
        assert_eq!(traces(soft.as_bytes()), [TOKEN]);
        assert_eq!(traces(TOKEN.repeat(2).as_bytes()), [""; 0]);
    }
}
