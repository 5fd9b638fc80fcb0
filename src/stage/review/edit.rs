//! A reviewer's own changes: a passage written anew, or a check's mend taken over. The versions before are kept.

use similar::{ChangeTag, TextDiff};

use super::{Desk, Done, Refusal};
use crate::decide::compose;
use crate::decide::notice::Kind;
use crate::mail::{Address, Field, Message};
use crate::model::lifecycle::State;
use crate::model::{Act, Content, Mailing, MailingId, VERSIONS_MAX};
use crate::store::Move;

/// Words that may change as typing errors do; more wants its author's yes.
const TYPING_ERRORS_MAX: usize = 4;

/// One change: this passage, wherever it stands, becomes that one.
#[derive(Debug, Clone, Copy)]
pub struct Edit<'a> {
    /// As it is.
    pub before: &'a str,
    /// As it shall be.
    pub after: &'a str,
}

impl Desk {
    /// A reviewer changes a passage of subject and text. More than typing errors wants its author's yes; approvals
    /// were of another text. Law 3.
    pub async fn edit(&self, id: MailingId, by: &Address, edit: Edit<'_>) -> Result<Done, Refusal> {
        let (state, held) = self.held(id, by)?;
        self.reviewer(by, "change")?;
        if held.hold().returned().is_some() {
            return Err(Refusal::NotEntitled(format!("{id} is its author's to change now")));
        }
        if held.hold().versions().len() >= VERSIONS_MAX {
            return Err(Refusal::NotEntitled(format!(
                "{id} has {VERSIONS_MAX} versions already: return it"
            )));
        }
        let before = edit.before.trim();
        if before.is_empty() || before == edit.after.trim() {
            return Err(Refusal::Malformed("say which passage becomes what".to_owned()));
        }
        let old = self.store.message(id)?;
        let message =
            Message::parse(&old).map_err(|error| Refusal::Store(crate::store::Error::Unreadable(error.to_string())))?;
        let Some((message, subject)) = edited(&message, state.mailing(), before, edit.after.trim()) else {
            return Err(Refusal::Malformed(format!(
                "“{before}” stands nowhere in its subject or text"
            )));
        };
        let bytes = message.to_bytes();
        let mailing = Mailing {
            content: Content::of(&bytes),
            subject,
            ..state.mailing().clone()
        };
        let wants_yes = !is_typing_error(before, edit.after);
        let was_approved = held.approved();
        let (findings, until) = (held.hold().findings().to_vec(), held.hold().until);
        let renewed = held.renew(mailing, findings, by, wants_yes, (until, self.clock.now()));
        let what = format!("“{before}” became “{}”", edit.after.trim());
        let mut outgoing = self.tell_void(&renewed, &was_approved, &by.to_string(), &what);
        let to = State::Held(renewed);
        if wants_yes {
            outgoing.extend(self.tell_author(Kind::Edited, &to, by, &what));
        }
        let event = self.event(
            Act::Edited,
            by,
            id,
            what.chars().take(super::act::NOTE_CHARS_MAX).collect(),
        );
        let step = Move {
            from: state,
            to,
            event: Some(event),
            outgoing,
        };
        self.store.renew(step, bytes, None, None).await?;
        let next = if wants_yes {
            " Its author is asked to agree before it can be released."
        } else {
            ""
        };
        Ok(Done {
            sentence: format!("Changed; the version before is kept.{next}"),
        })
    }

    /// What has changed since an earlier version, line by line.
    pub fn changes(&self, state: &State, since: u16) -> Result<Vec<Change>, Refusal> {
        let id = state.id();
        let before = self.store.version(id, since)?;
        let now = self.store.message(id)?;
        Ok(compared(&before, &now))
    }
}

/// How two messages differ, line by line.
pub(super) fn compared(before: &[u8], now: &[u8]) -> Vec<Change> {
    changes(&lines(&readable(before)), &lines(&readable(now)))
}

/// How lines end, and what stands behind them, is no difference.
fn lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// One line of a diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// As it was.
    Same(String),
    /// It is there no more.
    Gone(String),
    /// It is new.
    New(String),
}

/// Lines around what changed; the rest is left out.
const AROUND: usize = 2;

fn changes(before: &str, now: &str) -> Vec<Change> {
    let diff = TextDiff::from_lines(before, now);
    let mut changes = Vec::new();
    for group in diff.grouped_ops(AROUND) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = change.value().trim_end().to_owned();
            changes.push(match change.tag() {
                ChangeTag::Equal => Change::Same(line),
                ChangeTag::Delete => Change::Gone(line),
                ChangeTag::Insert => Change::New(line),
            });
        }
    }
    changes
}

/// Subject and text, as people read them.
fn readable(message: &[u8]) -> String {
    let Some(parsed) = mail_parser::MessageParser::default().parse(message) else {
        return String::new();
    };
    let subject = parsed.subject().unwrap_or_default();
    let html = (0..parsed.html_body_count()).filter_map(|number| parsed.body_html(number));
    let texts = (0..parsed.text_body_count()).filter_map(|number| parsed.body_text(number));
    let html = html.map(|html| a_tag_a_line(&html));
    let bodies: Vec<String> = texts.map(std::borrow::Cow::into_owned).chain(html).collect();
    format!("Subject: {subject}\n\n{}", bodies.join("\n"))
}

/// HTML with each tag that begins on a line of its own, so that a diff shows what has changed and not the whole page.
fn a_tag_a_line(html: &str) -> String {
    let mut lines = String::new();
    for (at, piece) in html.split('<').enumerate() {
        let closes = piece.starts_with('/');
        if at > 0 {
            let breaks = !closes && !lines.ends_with('\n');
            lines.push_str(if breaks { "\n<" } else { "<" });
        }
        lines.push_str(piece);
    }
    lines
}

/// The message with the passage changed in subject and text; `None` when it stands nowhere.
fn edited(message: &Message, mailing: &Mailing, before: &str, after: &str) -> Option<(Message, String)> {
    let body = compose::rewritten(message, &|text| {
        text.contains(before).then(|| text.replace(before, after))
    });
    let subject = mailing.subject.replace(before, after);
    let has_changed = subject != mailing.subject;
    let mut message = match (body, has_changed) {
        (Some(changed), _) => changed,
        (None, true) => message.clone(),
        (None, false) => return None,
    };
    if has_changed {
        message.header.remove("Subject");
        message
            .header
            .add(Field::new("Subject", &compose::encoded(&subject)).ok()?);
    }
    Some((message, subject))
}

/// A few words, and no number, name or link among them: what a proof-reader mends without asking.
fn is_typing_error(before: &str, after: &str) -> bool {
    let diff = TextDiff::from_words(before, after);
    let changed: Vec<&str> = diff
        .iter_all_changes()
        .filter(|change| change.tag() != ChangeTag::Equal)
        .map(|change| change.value().trim())
        .filter(|word| !word.is_empty())
        .collect();
    let says_much = |word: &&&str| word.contains("://") || word.chars().any(|c| c.is_ascii_digit());
    changed.len() <= 2 * TYPING_ERRORS_MAX && changed.iter().find(says_much).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_words_are_typing_errors_and_numbers_are_not() {
        assert!(is_typing_error("the adviser is redy", "the advisor is ready"));
        assert!(!is_typing_error("on 9 November", "on 10 November"));
        assert!(!is_typing_error("see https://a.example", "see https://b.example"));
        let long = "one two three four five six seven eight nine";
        assert!(!is_typing_error("short", long));
    }

    #[test]
    fn another_target_of_a_link_is_one_line_of_a_diff() {
        let page =
            |target: &str| format!("Content-Type: text/html\r\n\r\n<p>See <a href=\"{target}\">it</a>.</p><p>Bye</p>");
        let differs = compared(
            page("https://a.example").as_bytes(),
            page("https://b.example").as_bytes(),
        );
        let is_html = |change: &&Change| matches!(change, Change::Gone(line) | Change::New(line) if line.contains('<'));
        let changed: Vec<&Change> = differs.iter().filter(is_html).collect();
        let line = |target: &str| format!("<a href=\"{target}\">it</a>.</p>");
        assert_eq!(
            changed,
            [
                &Change::Gone(line("https://a.example")),
                &Change::New(line("https://b.example")),
            ]
        );
    }

    #[test]
    fn a_diff_shows_what_changed_and_a_little_around_it() {
        let before = "a\nb\nc\nd\ne\nf\ng\n";
        let now = "a\nb\nc\nd\nE\nf\ng\n";
        let expected = [
            Change::Same("c".into()),
            Change::Same("d".into()),
            Change::Gone("e".into()),
            Change::New("E".into()),
            Change::Same("f".into()),
            Change::Same("g".into()),
        ];
        assert_eq!(changes(before, now), expected);
        assert_eq!(changes(now, now), []);
    }
}
