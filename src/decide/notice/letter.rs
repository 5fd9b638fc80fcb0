//! What makes a letter of a notice: its words, its bytes, and the mailing that carries it.

use std::collections::BTreeMap;

use mail_builder::MessageBuilder;
use mail_builder::headers::address as builder;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;

use super::{Kind, Notices, Told};
use crate::mail::{Address, Envelope, ForwardPath, Timestamp};
use crate::model::{
    Audience, Author, Capacity, Category, Content, Identity, Lane, Mailing, MailingId, Proof, Series, Token, TokenKind,
};

pub(super) fn words(notices: &Notices, kind: Kind, to: &Address, told: &Told<'_>) -> BTreeMap<&'static str, String> {
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

#[expect(clippy::too_many_arguments, reason = "one call; a struct would only rename them")]
pub(super) fn message(
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
pub(super) fn carrier(
    notices: &Notices,
    to: &Address,
    id: MailingId,
    now: Timestamp,
    subject: &str,
    message: &[u8],
) -> Mailing {
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
