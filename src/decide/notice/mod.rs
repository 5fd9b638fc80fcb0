//! What do we say, and to whom? The mail the gateway itself writes.
//!
//! One template a file, `config/notices/<kind>.txt`: a `Subject:` line, an empty line, the text. `{words}` in braces are
//! filled in; [`Template::parse`] knows them all and refuses others when the settings are read. A notice is ordinary
//! mail: it becomes a conveyed mailing with a null return path, and walks the same line as everything else.
//!
//! # Standards
//! RFC 3834 §3, §5 (automatic responses), RFC 5321 §4.5.5 (null reverse path).

pub mod dsn;
mod kind;
mod letter;
mod template;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

pub use kind::Kind;
pub use template::{Faulty, Template};

use letter::{carrier, message, words};

use crate::mail::{Address, Domain, Timestamp};
use crate::model::lifecycle::{Released, Submitted};
use crate::model::{Binding, Mailing, MailingId, OfficeId, Offices, TokenKey};

/// How notices are written.
#[derive(Debug, Clone)]
pub struct Notices {
    /// The templates, every kind.
    pub templates: BTreeMap<Kind, Template>,
    /// Who writes: a person reads what is answered here (RFC 3834 §4).
    pub from: Address,
    /// Whose gateway this is.
    pub organization: String,
    /// Ours, for Message-IDs.
    pub hostname: String,
    /// Where the console is.
    pub console_url: String,
    /// Makes the addresses of cases.
    pub tokens: TokenKey,
    /// Where those are.
    pub lists_domain: Domain,
    /// The zone in which people read times.
    pub zone: TimeZone,
}

/// What is to be told.
#[derive(Debug)]
pub struct Told<'a> {
    /// The mailing it is about; `None` for news of the house.
    pub mailing: Option<&'a Mailing>,
    /// The office it is about, in words, when it is about one.
    pub office: String,
    /// Sentences: findings of the rules.
    pub reasons: Vec<String>,
    /// Sentences: what is better mended before anybody reads it.
    pub remarks: Vec<String>,
    /// Who is still wanted, in words.
    pub wanting: Vec<String>,
    /// Who acted; empty when nobody did.
    pub actor: String,
    /// What they said.
    pub comment: String,
    /// When it lapses.
    pub until: Option<Timestamp>,
    /// Where to look; the page of the mailing, unless it is said.
    pub link: Option<String>,
    /// As it stands, for whoever decides on it: their link decides without signing in.
    pub binding: Option<Binding>,
}

impl<'a> Told<'a> {
    /// Only that it is this mailing.
    pub fn of(mailing: &'a Mailing) -> Self {
        Self {
            mailing: Some(mailing),
            ..Self::news()
        }
    }

    /// Nothing yet, of no mailing.
    pub fn news() -> Self {
        Self {
            mailing: None,
            office: String::new(),
            reasons: Vec::new(),
            remarks: Vec::new(),
            wanting: Vec::new(),
            actor: String::new(),
            comment: String::new(),
            until: None,
            link: None,
            binding: None,
        }
    }
}

/// Writes a notice to one person: the mailing that carries it, numbered `id`, and its bytes.
pub fn write(
    notices: &Notices,
    kind: Kind,
    to: &Address,
    told: &Told<'_>,
    id: MailingId,
    now: Timestamp,
) -> (Released, Vec<u8>) {
    let words = words(notices, kind, to, told);
    let (subject, text) = match notices.templates.get(&kind) {
        Some(template) => template.fill(&words),
        None => (kind.file().to_owned(), String::new()),
    };
    let message = message(notices, kind, to, told, id, now, &subject, &text);
    let mailing = carrier(notices, to, id, now, &subject, &message);
    (passed(mailing, now), message)
}

/// A message to one person that is no notice, carried as one.
pub fn carry(
    notices: &Notices,
    to: &Address,
    subject: &str,
    message: &[u8],
    id: MailingId,
    now: Timestamp,
) -> Released {
    passed(carrier(notices, to, id, now, subject, message), now)
}

fn passed(mailing: Mailing, now: Timestamp) -> Released {
    // INVARIANT: a conveyed mailing passes.
    Submitted::new(mailing)
        .pass(now, now)
        .expect("a notice is conveyed, and conveyed mail passes")
}

/// Who is told that a mailing is held: its author, a steward of each office it wants; without any, the reviewers.
///
/// Of an office the first who is not away is asked, or all where everybody is; deputies hear when nobody answers.
/// Policy C15.
pub fn on_hold(
    offices: &Offices,
    author: &Address,
    wanted: &[OfficeId],
    is_away: &dyn Fn(&Address) -> bool,
) -> Vec<(Kind, Address)> {
    let stewards = wanted
        .iter()
        .filter_map(|office| offices.find(office))
        .flat_map(|office| {
            let present = office.stewards.iter().position(|steward| !is_away(steward));
            let asked = present.map_or(0..office.stewards.len(), |at| at..at + 1);
            office.stewards.get(asked).unwrap_or_default()
        });
    let mut told: Vec<(Kind, Address)> = vec![(Kind::Held, author.clone())];
    for steward in stewards {
        if !told.iter().any(|(kind, to)| *kind == Kind::Wanted && to == steward) {
            told.push((Kind::Wanted, steward.clone()));
        }
    }
    if wanted.is_empty() {
        told.extend(
            offices
                .reviewers()
                .into_iter()
                .map(|reviewer| (Kind::Ready, reviewer.clone())),
        );
    }
    told
}

/// The offices in words, each once.
pub fn in_words(offices: &Offices, wanted: &[OfficeId]) -> Vec<String> {
    wanted.iter().map(|office| offices.name(office)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Series;

    fn notices() -> Notices {
        let template =
            Template::parse("Subject: {case} {subject}\n\nWanted:\n{wanting}\n{link}\n").expect("well formed");
        Notices {
            templates: Kind::ALL.into_iter().map(|kind| (kind, template.clone())).collect(),
            from: "emarcomm@mst.example".parse().expect("valid"),
            organization: "Müller University".into(),
            hostname: "bedel.mst.example".into(),
            console_url: "https://bedel.mst.example".into(),
            tokens: TokenKey::new(&[1; 32]),
            lists_domain: "lists.mst.example".parse().expect("valid"),
            zone: TimeZone::UTC,
        }
    }

    fn id(series: Series) -> MailingId {
        MailingId {
            series,
            year: 2026,
            number: 1,
        }
    }

    fn about() -> Mailing {
        let to: Address = "author@mst.example".parse().expect("valid");
        let mut mailing = carrier(
            &notices(),
            &to,
            id(Series::Case),
            Timestamp::from_micros(0),
            "Fees\r\nBcc: x",
            b"",
        );
        mailing.message_id = Some("1@client.example".into());
        mailing
    }

    fn written(kind: Kind) -> (Released, String) {
        let to = "author@mst.example".parse().expect("valid");
        let about = about();
        let (released, bytes) = write(
            &notices(),
            kind,
            &to,
            &Told::of(&about),
            id(Series::Conveyed),
            Timestamp::from_micros(0),
        );
        (
            released,
            String::from_utf8(bytes).expect("notices are ASCII on the wire"),
        )
    }

    #[test]
    fn an_answer_says_so_and_names_what_it_answers() {
        let (_, text) = written(Kind::Held);
        assert!(text.contains("Auto-Submitted: auto-replied\r\n"));
        assert!(text.contains("In-Reply-To: <1@client.example>\r\n"));
        assert!(text.contains("https://bedel.mst.example/mailing/MC-2026-0001"));
    }

    #[test]
    fn a_notice_has_a_null_return_path_and_can_not_smuggle_a_field() {
        let (released, text) = written(Kind::Wanted);
        let state = crate::model::lifecycle::State::Released(released);
        assert_eq!(state.mailing().envelope.reverse_path(), None);
        assert!(!text.contains("\r\nBcc:"), "{text}");
        assert!(!text.contains("In-Reply-To"));
    }
}
