//! DMARC aggregate reports: who sent mail with our domain in `From:`, as one host saw it (RFC 7489 Appendix C).
//!
//! Fields are known by their names and the one they stand in, so that the report of a later version is read as well.
//! Entities other than the five of XML stand for nothing: none is ever expanded.

use std::collections::BTreeMap;
use std::net::IpAddr;

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::{Fault, name};
use crate::mail::Timestamp;
use crate::model::{Aggregate, Saw, Sender};

/// How deep elements stand in one another; the deepest field of a report is at five.
const DEPTH_MAX: usize = 16;
/// Characters of an element's name that are looked at.
const ELEMENT_CHARS_MAX: usize = 32;
/// Octets of a field.
const FIELD_BYTES_MAX: usize = 1024;
/// Different senders that one report may name.
const SENDERS_MAX: usize = 5_000;

/// Reads one.
pub(super) fn read(xml: &str) -> Result<Aggregate, Fault> {
    let malformed = |error: quick_xml::Error| Fault::Malformed(error.to_string());
    let mut reader = Reader::from_str(xml);
    let mut reading = Reading::default();
    loop {
        match reader.read_event().map_err(malformed)? {
            Event::Start(start) => reading.enter(start.local_name().as_ref())?,
            Event::End(_) => reading.leave()?,
            Event::Text(text) => reading.hear(&text.xml10_content()),
            Event::CData(text) => reading.hear(&text.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(c)) => reading.hear(c.encode_utf8(&mut [0; 4])),
                Ok(None) | Err(_) => reading.hear(resolve_predefined_entity(&reference).unwrap_or_default()),
            },
            Event::Eof => return reading.done(),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// A report as far as it is read.
#[derive(Default)]
struct Reading {
    /// The elements we are in.
    within: Vec<String>,
    /// The text of the innermost.
    text: String,
    /// Whether there was a report at all.
    is_report: bool,
    organization: String,
    id: String,
    from: i64,
    until: i64,
    record: Record,
    /// Messages and those stopped, by sender.
    senders: BTreeMap<Key, (u64, u64)>,
}

/// Source, domain, service, and whether it is ours.
type Key = (IpAddr, String, String, bool);

#[derive(Default)]
struct Record {
    source: Option<IpAddr>,
    messages: u64,
    is_stopped: bool,
    is_ours: bool,
    domain: String,
    /// The domain of the check that is being read.
    checked: String,
    signed_by: String,
    return_path: String,
}

impl Reading {
    fn enter(&mut self, element: &str) -> Result<(), Fault> {
        if self.within.len() == DEPTH_MAX {
            return Err(Fault::Malformed("its elements stand too deep".to_owned()));
        }
        if self.within.is_empty() {
            self.is_report |= element == "feedback";
        }
        self.within.push(element.chars().take(ELEMENT_CHARS_MAX).collect());
        self.text.clear();
        Ok(())
    }

    fn hear(&mut self, text: &str) {
        if self.text.len() + text.len() <= FIELD_BYTES_MAX {
            self.text.push_str(text);
        }
    }

    fn leave(&mut self) -> Result<(), Fault> {
        let text = std::mem::take(&mut self.text);
        let field = self.within.pop().unwrap_or_default();
        let within = self.within.last().cloned().unwrap_or_default();
        self.note(&within, &field, text.trim());
        if field == "record" { self.count() } else { Ok(()) }
    }

    fn note(&mut self, within: &str, field: &str, text: &str) {
        let record = &mut self.record;
        let has_passed = text.eq_ignore_ascii_case("pass");
        match (within, field) {
            ("report_metadata", "org_name") => self.organization = name(text),
            ("report_metadata", "report_id") => self.id = name(text),
            ("date_range", "begin") => self.from = text.parse().unwrap_or_default(),
            ("date_range", "end") => self.until = text.parse().unwrap_or_default(),
            ("row", "source_ip") => record.source = text.parse().ok(),
            ("row", "count") => record.messages = text.parse().unwrap_or_default(),
            ("policy_evaluated", "disposition") => {
                record.is_stopped = ["reject", "quarantine"].contains(&text.to_ascii_lowercase().as_str());
            }
            ("policy_evaluated", "dkim" | "spf") => record.is_ours |= has_passed,
            ("identifiers", "header_from") => record.domain = name(&text.to_ascii_lowercase()),
            ("dkim" | "spf", "domain") => record.checked = name(&text.to_ascii_lowercase()),
            ("dkim", "result") if has_passed => record.signed_by.clone_from(&record.checked),
            ("spf", "result") if has_passed => record.return_path.clone_from(&record.checked),
            _ => {}
        }
    }

    /// Counts the record that ended. One that names no machine says nothing.
    fn count(&mut self) -> Result<(), Fault> {
        let record = std::mem::take(&mut self.record);
        let Some(source) = record.source else {
            return Ok(());
        };
        let service = if record.signed_by.is_empty() {
            record.return_path
        } else {
            record.signed_by
        };
        let key = (source, record.domain, service, record.is_ours);
        let (messages, stopped) = self.senders.entry(key).or_default();
        *messages = messages.saturating_add(record.messages);
        if record.is_stopped {
            *stopped = stopped.saturating_add(record.messages);
        }
        if self.senders.len() > SENDERS_MAX {
            return Err(Fault::Malformed(format!("it names more than {SENDERS_MAX} senders")));
        }
        Ok(())
    }

    fn done(self) -> Result<Aggregate, Fault> {
        if !self.is_report || self.organization.is_empty() || !self.within.is_empty() {
            return Err(Fault::Malformed("it has no `feedback` with an `org_name`".to_owned()));
        }
        let moment = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        let senders = self.senders.into_iter().map(|(key, (messages, stopped))| Sender {
            source: key.0,
            domain: key.1,
            service: key.2,
            is_ours: key.3,
            messages,
            stopped,
        });
        Ok(Aggregate {
            organization: self.organization,
            id: self.id,
            from: moment(self.from),
            until: moment(self.until),
            saw: Saw::Senders(senders.collect()),
        })
    }
}
