//! Try a message: what would happen to it, without taking it. People try as themselves; a reviewer as anybody.

use std::sync::Arc;

use askama::Template;
use axum::extract::{self, Multipart};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use jiff::civil::DateTime;

use super::Room;
use super::error::Error;
use super::page::{self, Frame};
use super::remarks::Remarks;
use super::session::SignedIn;
use super::words::{Key, When, Words};
use crate::mail::{Address, Invalid, Timestamp};
use crate::model::{Ask, Finding};
use crate::stage::intake::{self, Explained, Question};

/// Longest form: a message, and what is said of it.
pub(super) const BYTES_MAX: usize = 32 * 1024 * 1024;

#[derive(Template)]
#[template(path = "explain.html", config = ".askama.toml")]
struct ExplainPage {
    words: Words,
    frame: Frame,
    /// What is wrong with the question.
    fault: Option<String>,
    from: String,
    to: String,
    at: String,
    lists: Vec<String>,
    zone: String,
    found: Option<Found>,
}

/// What would happen, in words.
#[derive(Debug)]
struct Found {
    class: &'static str,
    word: String,
    sentence: String,
    findings: Vec<Line>,
    remarks: Remarks,
    wanted: String,
    recipients: String,
    left_out: Vec<(String, String)>,
    leaves: When,
}

/// One finding.
#[derive(Debug)]
struct Line {
    rule: String,
    clause: String,
    sentence: String,
    asks: String,
    holds: bool,
}

/// The form, as it was filled in.
#[derive(Debug, Default)]
struct Form {
    csrf: String,
    message: Vec<u8>,
    from: String,
    to: String,
    at: String,
}

/// `GET /explain`.
pub(super) async fn show(extract::State(room): extract::State<Arc<Room>>, who: SignedIn) -> Result<Response, Error> {
    let form = Form {
        from: who.account.to_string(),
        ..Form::default()
    };
    let page = page(&room, &who, form, None, None);
    Ok(Html(page.render()?).into_response())
}

/// `POST /explain`.
pub(super) async fn answer(
    extract::State(room): extract::State<Arc<Room>>,
    who: SignedIn,
    fields: Multipart,
) -> Result<Response, Error> {
    let mut form = read(fields).await?;
    who.sent(&form.csrf)?;
    // What somebody else has sent lately is theirs to know.
    if room.state.desk.offices().reviewer(&who.account).is_none() {
        form.from = who.account.to_string();
    }
    tokio::task::spawn_blocking(move || {
        let explained = match question(&room, who.words, &form) {
            Ok(question) => {
                let (desk, store) = (&room.state.desk, &room.state.store);
                intake::explain(store, desk.policy(), desk.lint(), &question)?
            }
            Err(fault) => Err(fault),
        };
        let (status, fault, found) = match explained {
            Ok(explained) => (StatusCode::OK, None, Some(found(&room, who.words, explained))),
            Err(fault) => (StatusCode::UNPROCESSABLE_ENTITY, Some(page::sentence(&fault)), None),
        };
        let page = page(&room, &who, form, fault, found);
        Ok((status, Html(page.render()?)).into_response())
    })
    .await?
}

async fn read(mut fields: Multipart) -> Result<Form, Error> {
    let unreadable = |error: extract::multipart::MultipartError| Error::Unreadable(error.body_text());
    let mut form = Form::default();
    while let Some(field) = fields.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(unreadable)?;
        let text = || String::from_utf8_lossy(&bytes).trim().to_owned();
        match name.as_str() {
            "csrf" => form.csrf = text(),
            "message" => form.message = bytes.to_vec(),
            "from" => form.from = text(),
            "to" => form.to = text(),
            "at" => form.at = text(),
            _ => {}
        }
    }
    Ok(form)
}

/// What is asked, or a sentence on why it cannot be.
fn question(room: &Room, words: Words, form: &Form) -> Result<Question, String> {
    let address = |text: &str| -> Result<Address, String> {
        text.parse().map_err(|error: Invalid| {
            let said = words.say("explain-no-address").with("text", text);
            said.with("why", error.to_string()).into()
        })
    };
    if form.message.is_empty() {
        return Err(words.say("explain-no-message").into());
    }
    let to = form.to.split([',', ';', ' ', '\n']).map(str::trim);
    let policy = room.state.desk.policy();
    let recipient = |text: &str| match text.contains('@') {
        true => address(text),
        false => policy.list_called(text).cloned(),
    };
    let to: Vec<Address> = to
        .filter(|text| !text.is_empty())
        .map(recipient)
        .collect::<Result<_, _>>()?;
    if to.is_empty() {
        return Err(words.say("explain-no-recipient").into());
    }
    Ok(Question {
        message: with_crlf(&form.message),
        from: address(&form.from)?,
        to,
        at: at(room, words, &form.at)?,
    })
}

/// A file may have either kind of line end; mail has one (RFC 5322 §2.3).
fn with_crlf(message: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(message.len());
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        let bare = line
            .strip_suffix(b"\n")
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        lines.extend_from_slice(bare.unwrap_or(line));
        if bare.is_some() {
            lines.extend_from_slice(b"\r\n");
        }
    }
    lines
}

/// The moment a browser's field names, in the zone of the campus.
fn at(room: &Room, words: Words, text: &str) -> Result<Timestamp, String> {
    if text.is_empty() {
        return Ok(room.state.clock.now());
    }
    let local: DateTime = text
        .parse()
        .map_err(|_not_one| words.say("explain-no-time").with("text", text))?;
    let zoned = local.to_zoned(room.state.zone.clone());
    Ok(zoned.map_err(|error| error.to_string())?.timestamp().into())
}

fn page(room: &Room, who: &SignedIn, form: Form, fault: Option<String>, found: Option<Found>) -> ExplainPage {
    let policy = room.state.desk.policy();
    let (words, said) = (who.words, room.sessions.said(who));
    let zone = room.state.zone.iana_name().map(|name| name.replace('_', " "));
    ExplainPage {
        words,
        frame: Frame::of(room, who, words.say("title-explain"), "/explain", said),
        fault,
        from: form.from,
        to: form.to,
        at: form.at,
        lists: policy.lists.keys().map(ToString::to_string).collect(),
        zone: zone.unwrap_or_else(|| words.say("explain-zone").into()),
        found,
    }
}

fn found(room: &Room, words: Words, explained: Explained) -> Found {
    let (class, word, sentence) = match explained.outcome.as_str() {
        "pass" => ("ready", Key("explain-pass"), Key("explain-pass-means")),
        "hold" => ("waiting", Key("explain-hold"), Key("explain-hold-means")),
        _ => ("ended", Key("explain-refuse"), Key("explain-refuse-means")),
    };
    let line = |finding: &Finding| {
        let (asks, holds) = match finding.ask {
            Ask::Note => (Key("asks-note"), false),
            Ask::Hold { .. } => (Key("asks-hold"), true),
            Ask::Refuse { .. } => (Key("asks-refuse"), true),
        };
        Line {
            rule: finding.rule.to_string(),
            clause: finding.clause.to_string(),
            sentence: finding.sentence.clone(),
            asks: words.say(asks).into(),
            holds,
        }
    };
    let wanted = if explained.wanted.is_empty() {
        words.say("explain-approve-nobody").into()
    } else {
        explained.wanted.join(", ")
    };
    Found {
        class,
        word: words.say(word).into(),
        sentence: words.say(sentence).into(),
        findings: explained.findings.iter().map(line).collect(),
        remarks: Remarks::of(words, explained.remarks),
        wanted,
        recipients: words.people(explained.recipients),
        left_out: explained
            .left_out
            .into_iter()
            .map(|(reason, count)| (reason, words.number(count)))
            .collect(),
        leaves: words.when(explained.leaves_at, &room.state.zone),
    }
}

#[cfg(test)]
mod tests {
    use super::with_crlf;

    #[test]
    fn lines_end_as_in_mail() {
        assert_eq!(with_crlf(b"a\nb\r\n\nc"), b"a\r\nb\r\n\r\nc");
    }
}
