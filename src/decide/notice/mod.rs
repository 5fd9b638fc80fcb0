//! What do we say, and to whom? The mail the gateway itself writes.
//!
//! One template a file, `config/notices/<kind>.txt`: a `Subject:` line, an empty line, the text. `{words}` in braces are
//! filled in; [`Template::parse`] knows them all and refuses others when the settings are read. A notice is ordinary
//! mail: it becomes a conveyed mailing with a null return path, and walks the same line as everything else.
//!
//! # Standards
//! RFC 3834 §3, §5 (automatic responses), RFC 5321 §4.5.5 (null reverse path).

pub mod dsn;
mod template;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use mail_builder::MessageBuilder;
use mail_builder::headers::address as builder;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;

pub use template::{Faulty, Template};

use crate::mail::{Address, Domain, Envelope, ForwardPath, Timestamp};
use crate::model::lifecycle::{Released, Submitted};
use crate::model::{
    Audience, Author, Binding, Capacity, Category, Content, Identity, Lane, Mailing, MailingId, OfficeId, Offices,
    Proof, Series, Token, TokenKey, TokenKind,
};

/// What a notice tells. In the order of a mailing's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// To the author: it is held, and who decides.
    Held,
    /// To the stewards: their approval is wanted.
    Wanted,
    /// To the reviewers: every approval is given, or none is wanted.
    Ready,
    /// To the author: every steward has approved.
    Approved,
    /// To the author: sent back for changes.
    Returned,
    /// To the author: a no.
    Declined,
    /// To the author: it goes out.
    Released,
    /// To the author: nobody answered in time.
    Lapsed,
    /// To the author: taken back, as they asked.
    Withdrawn,
    /// To the author: what goes now is near to being mass mail.
    Nudge,
    /// To those who watch over contact data: some was about to leave.
    Alert,
    /// To the reviewers: an emergency went, to be read afterwards.
    Afterwards,
    /// To the stewards: what they had approved has changed.
    Changed,
    /// To the author: a reviewer has changed more than typing errors, and asks them to agree.
    Edited,
    /// To the author: a steward keeps their part of the audience out of it.
    Partly,
    /// To the author: it became a part of another mailing.
    Combined,
    /// To reviewers and postmasters: the brake has paused what was leaving. Policy C4.
    Braked,
    /// To reviewers and postmasters: what is leaving is near the limits of the brake.
    Warned,
    /// To whoever is wanted: it still waits.
    Reminder,
    /// To whoever answered a notice: what became of that.
    Answered,
    /// To stewards and reviewers, in the morning: what waits for them.
    Digest,
    /// To an office's stewards and the postmaster: its feed was not applied.
    Feed,
    /// To those who watch over contact data: somebody wrote to a contact that only a copy of our contacts has.
    Canary,
    /// To the stewards of an office, in the morning: records of theirs that lead nowhere.
    WrongRecords,
    /// To those who watch over contact data: a contact asks to be erased.
    Erasure,
}

impl Kind {
    /// Every kind, in order.
    pub const ALL: [Self; 25] = [
        Self::Held,
        Self::Wanted,
        Self::Ready,
        Self::Approved,
        Self::Returned,
        Self::Declined,
        Self::Released,
        Self::Lapsed,
        Self::Withdrawn,
        Self::Nudge,
        Self::Alert,
        Self::Afterwards,
        Self::Changed,
        Self::Edited,
        Self::Partly,
        Self::Combined,
        Self::Braked,
        Self::Warned,
        Self::Reminder,
        Self::Answered,
        Self::Digest,
        Self::Feed,
        Self::Canary,
        Self::WrongRecords,
        Self::Erasure,
    ];

    /// The name of its template's file, without `.txt`.
    pub fn file(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Wanted => "wanted",
            Self::Ready => "ready",
            Self::Approved => "approved",
            Self::Returned => "returned",
            Self::Declined => "declined",
            Self::Released => "released",
            Self::Lapsed => "lapsed",
            Self::Withdrawn => "withdrawn",
            Self::Nudge => "nudge",
            Self::Alert => "alert",
            Self::Afterwards => "afterwards",
            Self::Changed => "changed",
            Self::Edited => "edited",
            Self::Partly => "partly",
            Self::Combined => "combined",
            Self::Braked => "braked",
            Self::Warned => "warned",
            Self::Reminder => "reminder",
            Self::Answered => "answered",
            Self::Digest => "digest",
            Self::Feed => "feed",
            Self::Canary => "canary",
            Self::WrongRecords => "wrong-records",
            Self::Erasure => "erasure",
        }
    }

    /// Whether it answers the author's own message (RFC 3834: `auto-replied`), or is sent unasked.
    fn is_answer(self) -> bool {
        !matches!(
            self,
            Self::Wanted
                | Self::Ready
                | Self::Alert
                | Self::Afterwards
                | Self::Changed
                | Self::Braked
                | Self::Warned
                | Self::Reminder
                | Self::Answered
                | Self::Digest
                | Self::Feed
                | Self::Canary
                | Self::WrongRecords
                | Self::Erasure
        )
    }
}

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

fn words(notices: &Notices, kind: Kind, to: &Address, told: &Told<'_>) -> BTreeMap<&'static str, String> {
    let mailing = told.mailing;
    let segments = mailing.map(|mailing| mailing.audience.segments()).unwrap_or_default();
    let lists: Vec<String> = segments.iter().map(|segment| segment.list.to_string()).collect();
    let of = |what: fn(&Mailing) -> String| mailing.map(what).unwrap_or_default();
    let bullets = |lines: &[String]| {
        lines
            .iter()
            .map(|line| format!("  * {line}"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let or = |text: String, fallback: &str| if text.is_empty() { fallback.to_owned() } else { text };
    BTreeMap::from([
        ("case", of(|mailing| mailing.id.to_string())),
        ("subject", or(of(|mailing| mailing.subject.clone()), "(no subject)")),
        ("author", of(|mailing| mailing.author.address.to_string())),
        ("office", told.office.clone()),
        ("lists", or(lists.join(", "), "the people you named")),
        ("reasons", bullets(&told.reasons)),
        ("remarks", or(bullets(&told.remarks), "  * nothing")),
        (
            "wanting",
            or(bullets(&told.wanting), "  * nobody: a reviewer can release it now"),
        ),
        ("actor", or(told.actor.clone(), "the gateway")),
        ("comment", or(told.comment.clone(), "(no comment)")),
        (
            "until",
            told.until
                .map(|until| until.readable(&notices.zone))
                .unwrap_or_default(),
        ),
        (
            "link",
            told.link.clone().unwrap_or_else(|| link(notices, kind, to, told)),
        ),
        ("organization", notices.organization.clone()),
    ])
}

/// Where to look; for whoever decides, where to decide at once.
fn link(notices: &Notices, kind: Kind, to: &Address, told: &Told<'_>) -> String {
    let url = &notices.console_url;
    let Some(mailing) = told.mailing else {
        return url.clone();
    };
    let decides = matches!(kind, Kind::Wanted | Kind::Ready | Kind::Changed | Kind::Reminder);
    let is_author = mailing.author.address.is_same_mailbox(to);
    match told.binding.filter(|_| decides && !is_author) {
        Some(binding) => format!("{url}/decide/{}", notices.tokens.write_link(mailing.id, to, binding)),
        None => format!("{url}/mailing/{}", mailing.id),
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call, from the function above; a struct would only rename them"
)]
fn message(
    notices: &Notices,
    kind: Kind,
    to: &Address,
    told: &Told<'_>,
    id: MailingId,
    now: Timestamp,
    subject: &str,
    text: &str,
) -> Vec<u8> {
    let submitted = if kind.is_answer() {
        "auto-replied"
    } else {
        "auto-generated"
    };
    // An answer to a notice is known by the number of its case, and each notice by its own.
    let token = Token {
        kind: TokenKind::Case,
        mailing: told.mailing.map_or(id, |mailing| mailing.id),
        seq: id.number,
    };
    let mut builder = MessageBuilder::new()
        .from(builder::Address::new_address(
            Some(notices.organization.clone()),
            notices.from.to_string(),
        ))
        .to(to.to_string())
        .subject(subject.to_owned())
        .date(Date::new(now.as_micros() / 1_000_000))
        .message_id(format!("{}@{}", notices.tokens.write(&token), notices.hostname))
        .header("Auto-Submitted", Raw::new(submitted))
        .header("X-Auto-Response-Suppress", Raw::new("All"))
        .text_body(text.to_owned());
    if token.mailing.series == Series::Case {
        // An answer says by it what they had been told.
        let told = Token {
            seq: u32::try_from(now.as_micros().div_euclid(1_000_000)).unwrap_or(u32::MAX),
            ..token
        };
        builder = builder.reply_to(notices.tokens.address(&told, &notices.lists_domain).to_string());
    }
    let original = told.mailing.and_then(|mailing| mailing.message_id.as_deref());
    if let Some(original) = original.filter(|_| kind.is_answer()) {
        builder = builder.in_reply_to(original.to_owned()).references(original.to_owned());
    }
    // INVARIANT: writing to memory does not fail.
    builder.write_to_vec().unwrap_or_default()
}

/// The conveyed mailing that carries a notice.
fn carrier(notices: &Notices, to: &Address, id: MailingId, now: Timestamp, subject: &str, message: &[u8]) -> Mailing {
    let mut path = ForwardPath::to(to.clone());
    // A notice about a notice helps nobody.
    path.notify.never = true;
    Mailing {
        id,
        author: Author {
            address: notices.from.clone(),
            proof: Proof::Login,
        },
        envelope: Envelope::new(None, vec![path]).expect("it has one recipient"),
        submitted_at: now,
        version: 1,
        content: Content::of(message),
        subject: subject.to_owned(),
        message_id: Some(format!("{id}@{}", notices.hostname)),
        audience: Audience::Named,
        capacity: Capacity::Conveyed,
        category: Category::Official,
        lane: Lane::Official,
        identity: Identity::Keep,
    }
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
