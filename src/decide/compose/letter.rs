//! Letter: what every copy of a mailing is made from, made ready once; and the copy.
//!
//! A copy costs its own fields and one signature. What all copies share is parsed, canonicalised and made ready for the
//! wire once, and the body is shared down to the socket.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use super::dkim::Cover;
use super::{Sealed, Settings, Unfit, headers, sender};
use crate::mail::{Address, DsnRet, Field, Message, Timestamp};
use crate::model::{Capacity, Mailing, Recipient, Token, TokenKind};

/// A mailing made ready for its copies.
#[derive(Debug)]
pub struct Letter {
    /// The constant fields, as they stand in a copy, and the empty line.
    header: Vec<u8>,
    /// The same, as a signature covers them.
    cover: Cover,
    body: Arc<Body>,
    unsubscribe: bool,
}

/// The body all copies of a mailing share.
#[derive(Debug)]
pub struct Body {
    octets: Arc<[u8]>,
    is_ascii: bool,
    /// Otherwise than it is, where the way to the next server wants that.
    carried: OnceLock<Option<Vec<u8>>>,
}

/// One copy, ready for the wire but for the dots of its header.
#[derive(Debug, Clone)]
pub struct Copy {
    /// MAIL FROM: the recipient's own bounce address, or the author's for conveyed mail.
    pub return_path: Option<Address>,
    /// What its author said of notifications, for whoever takes it to honour: RET and ENVID (RFC 3461 §5.2.1).
    pub asked: (Option<DsnRet>, Option<String>),
    /// The header and the empty line.
    pub header: Vec<u8>,
    /// The body, shared with the other copies.
    pub body: Arc<Body>,
}

impl Body {
    /// A body of these octets.
    pub fn new(octets: Arc<[u8]>) -> Self {
        Self {
            is_ascii: octets.is_ascii(),
            octets,
            carried: OnceLock::new(),
        }
    }

    /// As it is.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// As `carry` says that the way to the next server has it; it is asked once for all copies, and always the same.
    pub fn carried_by(&self, carry: fn(&[u8]) -> Cow<'_, [u8]>) -> &[u8] {
        let carried = self.carried.get_or_init(|| match carry(&self.octets) {
            Cow::Borrowed(_) => None,
            Cow::Owned(octets) => Some(octets),
        });
        carried.as_deref().unwrap_or(&self.octets)
    }
}

impl Copy {
    /// Whether any octet is above 127: it then needs 8BITMIME (RFC 6152).
    pub fn is_eight_bit(&self) -> bool {
        !self.body.is_ascii || !self.header.is_ascii()
    }

    /// Its length.
    pub fn bytes(&self) -> usize {
        self.header.len() + self.body.octets.len()
    }
}

impl Letter {
    /// Makes a sealed mailing ready.
    pub fn new(sealed: &Sealed) -> Result<Self, Unfit> {
        let fields = Message::parse(&sealed.header)?.header;
        Ok(Self {
            header: [sealed.header.as_slice(), b"\r\n"].concat(),
            cover: Cover::new(fields.fields(), &sealed.body_hash),
            body: Arc::new(Body::new(Arc::clone(&sealed.body))),
            unsubscribe: sealed.unsubscribe,
        })
    }

    /// Makes one copy.
    pub fn copy(
        &self,
        mailing: &Mailing,
        (seq, recipient): (u32, &Recipient),
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Copy, Unfit> {
        match mailing.capacity {
            Capacity::Conveyed => Ok(self.conveyed(mailing)),
            Capacity::Initiated => self.initiated(mailing, (seq, recipient), settings, now),
        }
    }

    fn conveyed(&self, mailing: &Mailing) -> Copy {
        Copy {
            return_path: mailing.envelope.reverse_path().cloned(),
            asked: (mailing.envelope.ret, mailing.envelope.id.clone()),
            header: self.header.clone(),
            body: Arc::clone(&self.body),
        }
    }

    fn initiated(
        &self,
        mailing: &Mailing,
        (seq, recipient): (u32, &Recipient),
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Copy, Unfit> {
        let token = |kind| Token {
            kind,
            mailing: mailing.id,
            seq,
        };
        let own = self.own_fields(&token, recipient, settings)?;
        let signer = settings.signers.of(&sender(mailing, settings, now), now);
        let signature = signer.sign(&self.cover, &own, now)?;
        let octets = own
            .iter()
            .chain([&signature])
            .map(|field| field.raw().len())
            .sum::<usize>();
        let mut header = Vec::with_capacity(octets + self.header.len());
        header.extend_from_slice(signature.raw());
        own.iter().for_each(|field| header.extend_from_slice(field.raw()));
        header.extend_from_slice(&self.header);
        let return_path = settings
            .tokens
            .address(&token(TokenKind::Bounce), &settings.bounce_domain);
        Ok(Copy {
            return_path: Some(return_path),
            asked: (None, None),
            header,
            body: Arc::clone(&self.body),
        })
    }

    /// The fields that are the recipient's own: functions of (mailing, seq), so that a repeat has the same ones, and nobody
    /// can guess another's.
    fn own_fields(
        &self,
        token: &impl Fn(TokenKind) -> Token,
        recipient: &Recipient,
        settings: &Settings,
    ) -> Result<Vec<Field>, Unfit> {
        let id = settings.tokens.write(&token(TokenKind::MessageId));
        let mut own = vec![
            Field::new("To", &recipient.address.to_string())?,
            Field::new("Message-ID", &format!("<{id}@{}>", settings.hostname))?,
        ];
        if self.unsubscribe {
            let of_theirs = token(TokenKind::Unsubscribe);
            own.push(headers::list_unsubscribe(settings, &of_theirs)?);
            own.push(headers::list_help(settings, &of_theirs)?);
            let known_by = settings.tokens.write(&token(TokenKind::Complaint));
            own.push(Field::new("CFBL-Feedback-ID", &known_by)?);
        }
        Ok(own)
    }
}
