//! One reading of a message: all that rules look at, and what they decide.
//!
//! It reads the store and takes the processor, and writes nothing: so it is done in one piece, beside the threads that serve
//! the others when the message is long.

use std::time::{Duration, Instant};

use mail_parser::MessageParser;

use super::gather::subject;
use super::lately::{self, Lately};
use super::{classes, letter};
use crate::decide::contents;
use crate::decide::policy::{Facts, Inside, Policy, Resolved, decide};
use crate::mail::{Envelope, Message, Timestamp};
use crate::model::Decision;
use crate::store::{Error, Store};

/// How long what is attached may take to be looked through.
const LOOKING_MAX: Duration = Duration::from_millis(900);

/// What is asked, and what it is answered by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) store: &'a Store,
    pub(super) policy: &'a Policy,
    pub(super) now: Timestamp,
}

/// What was seen and decided.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) facts: Facts,
    pub(super) lately: Lately,
    /// With the people of classes in it.
    pub(super) envelope: Envelope,
    pub(super) resolved: Resolved,
    pub(super) decision: Decision,
}

impl Reading<'_> {
    /// Reads a message of which `facts` are known.
    pub(super) fn look(
        self,
        mut facts: Facts,
        envelope: &Envelope,
        (message, bytes): (&Message, &[u8]),
    ) -> Result<Looked, Error> {
        let Self { store, policy, now } = self;
        facts.at = Some(now);
        let mut envelope = envelope.clone();
        if let Some(author) = facts.author.as_ref().map(|author| author.address.clone()) {
            (facts.class, envelope) = classes::look(store, policy, &author, &envelope, now)?;
            let armed = store.armed_until(&author)?.filter(|(until, _)| now < *until);
            facts.armed = armed.map(|(_, arming)| arming);
            facts.inside.of_steward = !policy.offices.stewardships(&author).is_empty();
        }
        let parsed = MessageParser::default().parse(bytes);
        let mut read = letter::Read::default();
        if let Some(parsed) = &parsed {
            inside(store, parsed, &mut facts)?;
            read = letter::read(parsed, &envelope, subject(message));
        }
        facts.letter = read.letter.clone();
        let mut lately = lately::look(store, policy, &facts, &read, now)?;
        facts.letter.is_in_thread = lately.is_in_thread;
        facts.group = lately.grown.clone();
        facts.repeats = std::mem::take(&mut lately.repeats);
        facts.pace.wait_until = lately.wait_until;
        let (resolved, decision) = (policy.resolve(&facts), decide(&facts, policy));
        Ok(Looked {
            facts,
            lately,
            envelope,
            resolved,
            decision,
        })
    }
}

/// What is in it and attached to it, by marks: no address is kept. Policy C10.
fn inside(store: &Store, parsed: &mail_parser::Message<'_>, facts: &mut Facts) -> Result<(), Error> {
    let marker = store.marker();
    let begun = Instant::now();
    let is_late = || begun.elapsed() > LOOKING_MAX;
    let found = contents::scan(
        parsed,
        &contents::Limits::default(),
        &|address| marker.mark(address),
        &is_late,
    );
    let mut known: u32 = 0;
    for mark in found.written.union(&found.attached) {
        known = known.saturating_add(u32::from(store.is_known(mark)?));
    }
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    facts.inside = Inside {
        attached: number(found.attached.len()),
        written: number(found.written.len()),
        known,
        unreadable: found.unreadable,
        bomb: found.bomb,
        of_steward: facts.inside.of_steward,
    };
    Ok(())
}
