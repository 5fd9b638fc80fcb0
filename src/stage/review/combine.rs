//! Several held messages for one audience become one mailing with a table of contents. Policy C11.

use mail_builder::MessageBuilder;
use mail_builder::headers::address as builder;
use mail_builder::headers::date::Date;

use super::preview::taken_apart;
use super::{Desk, Done, Refusal};
use crate::decide::notice::Kind;
use crate::decide::policy::{Facts, Letter, Place, decide};
use crate::mail::{Address, Envelope, ForwardPath, Message};
use crate::model::lifecycle::{Held, State, Submitted};
use crate::model::{Act, Author, Content, Decision, Mailing, MailingId, Proof, Reviewer, Series};
use crate::store::{Admission, Error, Move, News, Traces};

/// Messages in one mailing.
const PARTS_MAX: usize = 20;

/// One message, as it stands in the whole.
struct Piece {
    state: State,
    held: Held,
    subject: String,
    from: String,
    text: String,
}

impl Desk {
    /// A reviewer makes one mailing of several that wait, for the same lists. It is a case of its own, submitted by the
    /// reviewer: so another one releases it (law 2), and its stewards approve what it has become (law 3).
    pub async fn combine(&self, ids: &[MailingId], by: &Address, subject: &str) -> Result<Done, Refusal> {
        let reviewer = self.reviewer(by, "combine")?;
        let subject = subject.trim();
        if subject.is_empty() {
            return Err(Refusal::Malformed("say what the subject of the whole is".to_owned()));
        }
        if !(2..=PARTS_MAX).contains(&ids.len()) {
            return Err(Refusal::Malformed(format!("choose 2 to {PARTS_MAX} that wait")));
        }
        let pieces = ids
            .iter()
            .map(|id| self.piece(*id, by))
            .collect::<Result<Vec<_>, _>>()?;
        let first = pieces.first().ok_or(Refusal::CommentWanted)?.state.mailing().clone();
        let lists = |state: &State| -> Vec<Address> {
            let segments = state.mailing().audience.segments();
            segments.iter().map(|segment| segment.list.clone()).collect()
        };
        let whom = lists(&State::Held(pieces.first().ok_or(Refusal::CommentWanted)?.held.clone()));
        if whom.is_empty() || pieces.iter().any(|piece| lists(&piece.state) != whom) {
            return Err(Refusal::Malformed("they are not all for the same lists".to_owned()));
        }
        let now = self.clock.now();
        let id = self.store.next_id(Series::Case, now.year(&self.settings.zone));
        let bytes = self.whole(&pieces, by, subject, id);
        let author = Author {
            address: by.clone(),
            proof: Proof::Login,
        };
        let facts = Facts {
            author: Some(author.clone()),
            reverse_path: Some(by.clone()),
            from: vec![by.clone()],
            recipients: whom.iter().map(|list| (list.clone(), Place::List)).collect(),
            at: Some(now),
            letter: Letter {
                subject: subject.to_owned(),
                ..Letter::default()
            },
            ..Facts::default()
        };
        let policy = &self.settings.policy;
        let findings = match decide(&facts, policy) {
            Decision::Hold(findings) => findings,
            Decision::Refuse(findings) | Decision::Pass(findings) => {
                let why: Vec<String> = findings.into_iter().map(|finding| finding.sentence).collect();
                return Err(Refusal::NotEntitled(why.join("; ")));
            }
        };
        let resolved = policy.resolve(&facts);
        let paths = whom.into_iter().map(ForwardPath::to).collect();
        let mailing = Mailing {
            id,
            author,
            envelope: Envelope::new(Some(by.clone()), paths).unwrap_or(first.envelope),
            submitted_at: now,
            version: 1,
            content: Content::of(&bytes),
            subject: subject.to_owned(),
            message_id: Some(format!("{id}@{}", self.settings.notices.hostname)),
            audience: resolved.audience,
            capacity: resolved.capacity,
            category: resolved.category,
            lane: resolved.lane,
            identity: resolved.identity,
        };
        let held = Submitted::new(mailing).hold(findings, now.plus(policy.lapse_after));
        let moves = self.ends(pieces, &reviewer, id)?;
        let named: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let admission = Admission {
            state: State::Held(held),
            message: bytes,
            fingerprint: None,
            event: Some(self.event(Act::Held, by, id, format!("made of {}", named.join(", ")))),
            traces: Traces::default(),
            is_unread: false,
            untold: Some(News::Held),
        };
        match self.store.combine(admission, moves).await {
            Err(Error::Conflict) => Err(Refusal::NotEntitled(
                "somebody else has just changed one of them; look again".to_owned(),
            )),
            done => {
                done?;
                Ok(Done {
                    sentence: format!("{} messages are one now: {id}. Each author is told.", ids.len()),
                })
            }
        }
    }

    fn piece(&self, id: MailingId, by: &Address) -> Result<Piece, Refusal> {
        let (state, held) = self.held(id, by)?;
        let bytes = self.store.message(id)?;
        let unreadable = |error: String| Refusal::Store(Error::Unreadable(error));
        let message = Message::parse(&bytes).map_err(|error| unreadable(error.to_string()))?;
        let preview = taken_apart(&message);
        if !preview.attachments.is_empty() {
            return Err(Refusal::Malformed(format!(
                "{id} has attachments, which one mailing of several cannot bear"
            )));
        }
        let from = preview.headers.iter().find(|(name, _)| name == "From");
        Ok(Piece {
            from: from.map(|(_, value)| value.clone()).unwrap_or_default(),
            subject: state.mailing().subject.clone(),
            text: preview.text.unwrap_or_default(),
            state,
            held,
        })
    }

    /// The whole: what is in it, then each message under its subject; as text, and as HTML made of the same.
    fn whole(&self, pieces: &[Piece], by: &Address, subject: &str, id: MailingId) -> Vec<u8> {
        let now = self.clock.now();
        let organization = self.settings.notices.organization.clone();
        let builder = MessageBuilder::new()
            .from(builder::Address::new_address(Some(organization), by.to_string()))
            .subject(subject.to_owned())
            .date(Date::new(now.as_micros() / 1_000_000))
            .message_id(format!("{id}@{}", self.settings.notices.hostname))
            .text_body(as_text(pieces))
            .html_body(as_html(pieces, subject));
        // INVARIANT: writing to memory does not fail.
        builder.write_to_vec().unwrap_or_default()
    }

    fn ends(&self, pieces: Vec<Piece>, by: &Reviewer, into: MailingId) -> Result<Vec<Move>, Refusal> {
        let now = self.clock.now();
        let end = |piece: Piece| {
            let id = piece.state.id();
            let ended = piece.held.combine(by, into, now).map_err(|why| self.wanting(why))?;
            let to = State::Ended(ended);
            let comment = format!("combined into {into}");
            Ok(Move {
                outgoing: self.tell_author(Kind::Combined, &to, by.account(), &comment),
                event: Some(self.event(Act::Combined, by.account(), id, comment)),
                from: piece.state,
                to,
            })
        };
        pieces.into_iter().map(end).collect()
    }
}

fn as_text(pieces: &[Piece]) -> String {
    let contents: String = (1..)
        .zip(pieces)
        .map(|(number, piece)| format!("  {number}. {}\n", piece.subject))
        .collect();
    let whole: String = (1..)
        .zip(pieces)
        .map(|(number, piece)| {
            let rule = "-".repeat(60);
            let (subject, from, text) = (&piece.subject, &piece.from, piece.text.trim_end());
            format!("\n{rule}\n{number}. {subject}\n{from}\n{rule}\n\n{text}\n")
        })
        .collect();
    format!("In this message:\n\n{contents}{whole}")
}

fn as_html(pieces: &[Piece], subject: &str) -> String {
    let contents: String = (1..)
        .zip(pieces)
        .map(|(number, piece)| format!("<li><a href=\"#part{number}\">{}</a></li>", escaped(&piece.subject)))
        .collect();
    let whole: String = (1..)
        .zip(pieces)
        .map(|(number, piece)| {
            let paragraphs: String = piece
                .text
                .replace("\r\n", "\n")
                .split("\n\n")
                .filter(|paragraph| !paragraph.trim().is_empty())
                .map(|paragraph| format!("<p>{}</p>", escaped(paragraph.trim()).replace('\n', "<br>")))
                .collect();
            let (subject, from) = (escaped(&piece.subject), escaped(&piece.from));
            format!("<h2 id=\"part{number}\">{subject}</h2><p>{from}</p>{paragraphs}")
        })
        .collect();
    format!(
        "<!DOCTYPE html><html lang=\"en\" dir=\"ltr\"><head><title>{0}</title></head><body><h1>{0}</h1>\
         <ol>{contents}</ol>{whole}</body></html>",
        escaped(subject)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
