//! What a reviewer and a steward see of a mailing: the mail, and how many it would reach. Policy C8: counts, and at
//! most five masked samples.

use mail_parser::{MessageParser, MimeHeaders, PartType};

use super::picture::{self, Picture};
use super::{Desk, Refusal};
use crate::decide::audience::{Asked, Count, Counting, Pressure, Purpose, Suppressions};
use crate::decide::compose;
use crate::decide::lint::Glance;
use crate::mail::Message;
use crate::model::lifecycle::State;
use crate::model::{Audience, Capacity, Mailing, Release};
use crate::store::Error;

/// Header fields a person wants to see, in this order.
const SHOWN: [&str; 7] = ["From", "Reply-To", "To", "Cc", "Subject", "Date", "List-Id"];

/// A message taken apart for reading. The HTML is the author's own: untrusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// Name and decoded value of the fields people look at.
    pub headers: Vec<(String, String)>,
    /// The text part, or the HTML as text.
    pub text: Option<String>,
    /// The HTML part, as submitted.
    pub html: Option<String>,
    /// Names and sizes of what is attached.
    pub attachments: Vec<(String, u64)>,
    /// The pictures it carries for its HTML, those that can be shown.
    pub pictures: Vec<Picture>,
    /// What is seen of it before it is read.
    pub glance: Glance,
    /// Length of the whole message.
    pub bytes: u64,
}

impl Desk {
    /// The mail as its recipients will see it, taken apart: with the list's header fields and the footer.
    pub fn preview(&self, state: &State) -> Result<Preview, Refusal> {
        let unreadable = |error: String| Refusal::Store(Error::Unreadable(error));
        let bytes = self.store.message(state.id())?;
        let message = Message::parse(&bytes).map_err(|error| unreadable(error.to_string()))?;
        let sealed = compose::seal(
            &message,
            state.mailing(),
            &self.release_of(state),
            &self.settings.compose,
        );
        let shown = sealed.map_err(|error| unreadable(error.to_string()))?.shown();
        let message = Message::parse(&shown).map_err(|error| unreadable(error.to_string()))?;
        let mut preview = taken_apart(&message);
        preview.glance = self.lint().glance(&shown);
        if state.mailing().capacity == Capacity::Initiated {
            preview
                .headers
                .insert(0, ("To".to_owned(), "each recipient alone".to_owned()));
        }
        Ok(preview)
    }

    /// The release it has, or the one it would have now.
    pub(super) fn release_of(&self, state: &State) -> Release {
        let now = self.clock.now();
        let would_be = |approved_by| Release {
            by: None,
            at: now,
            not_before: now,
            approved_by,
        };
        match state {
            State::Held(held) => would_be(held.hold().wants().to_vec()),
            State::Released(released) => released.release().clone(),
            State::Expanded(expanded) => expanded.release().clone(),
            State::Closed(closed) => closed.release().clone(),
            State::Ended(_) => would_be(Vec::new()),
        }
    }

    /// How many it would reach, as the master list stands now. Reads all of it, unless that was done since it changed.
    pub fn count(&self, state: &State) -> Result<Count, Refusal> {
        let mailing = state.mailing();
        if mailing.audience == Audience::Named {
            return Ok(named(mailing));
        }
        let asked = (&mailing.audience, Purpose::of(mailing.category, mailing.lane));
        self.counts.get(asked, self.clock.now(), || self.count_anew(mailing))
    }

    fn count_anew(&self, mailing: &Mailing) -> Result<Count, Refusal> {
        let now = self.clock.now();
        let suppressions = Suppressions::new(self.store.suppressions()?, self.store.marker());
        let mut pressure = Pressure::none(now);
        self.store.copies_since(pressure.since(), now, |got, contacts| {
            pressure.add(got, contacts.iter().copied());
        })?;
        let mut counting = Counting::new(Asked {
            audience: &mailing.audience,
            purpose: Purpose::of(mailing.category, mailing.lane),
            suppressions: &suppressions,
            pressure: &pressure,
            campus: &self.settings.policy.campus_domains,
            now,
        });
        self.store.glance_at_all(|contact| counting.meet(contact))?;
        Ok(counting.end())
    }
}

/// Who stands in the envelope.
fn named(mailing: &Mailing) -> Count {
    let mut count = Count::default();
    for address in mailing.envelope.recipients() {
        count.recipients += 1;
        *count.domains.entry(address.domain().clone()).or_default() += 1;
    }
    count
}

/// Takes a message apart for reading.
pub(super) fn taken_apart(message: &Message) -> Preview {
    let bytes = message.to_bytes();
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let Some(parsed) = MessageParser::default().parse(&bytes) else {
        return Preview {
            bytes: length,
            ..Preview::default()
        };
    };
    let headers = SHOWN
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), decoded(&message.header.value(name)?))))
        .collect();
    let is_html = |part: &mail_parser::MessagePart<'_>| matches!(part.body, PartType::Html(_));
    let html = parsed
        .html_part(0)
        .filter(|part| is_html(part))
        .and_then(|part| part.text_contents());
    let attachments = parsed
        .attachments()
        .map(|part| {
            let name = part.attachment_name().unwrap_or("(unnamed)").to_owned();
            (name, u64::try_from(part.contents().len()).unwrap_or(u64::MAX))
        })
        .collect();
    Preview {
        headers,
        text: parsed.body_text(0).map(std::borrow::Cow::into_owned),
        html: html.map(str::to_owned),
        attachments,
        pictures: picture::carried(&parsed),
        glance: Glance::default(),
        bytes: length,
    }
}

/// A field's value with its encoded words decoded (RFC 2047).
fn decoded(value: &str) -> String {
    let field = format!("X: {value}\r\n\r\n");
    let parsed = MessageParser::default().parse_headers(&field);
    let text = parsed
        .as_ref()
        .and_then(|message| message.header("X"))
        .and_then(|value| value.as_text());
    text.map_or_else(|| value.to_owned(), str::to_owned)
}
