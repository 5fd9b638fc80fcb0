//! What an author sent lately, and what one message more makes of it: groups, threads, pace. Policy C2, C7, C11.

use super::letter::Read;
use crate::decide::likeness::{Compared, Likeness};
use crate::decide::policy::{Facts, Grown, Hidden, Place, Policy};
use crate::mail::{Address, Timestamp};
use crate::model::{MailingId, Marker, Person};
use crate::store::{Error, Grouped, Kind, Owner, Probe, Store, Thread, Topic, Traces};

/// People in an answer to a message that did not come by here, who are still taken for a thread.
const UNSEEN_THREAD_MAX: usize = 50;

/// The author's mail with this message in it; becomes [`Traces`] when the message is taken.
#[derive(Debug, Default)]
pub(super) struct Lately {
    pub(super) grown: Grown,
    pub(super) is_in_thread: bool,
    /// It is one that others like it may follow.
    pub(super) may_be_first: bool,
    group: Option<Grouped>,
    topics: Vec<Topic>,
    thread: Option<Named>,
    /// When mailings like it went to its lists, newest first.
    pub(super) repeats: Vec<Timestamp>,
    owner: Option<Owner>,
    /// Named people who are in no class.
    people: u32,
    pub(super) wait_until: Option<Timestamp>,
}

/// Looks an author's mail through.
pub(super) fn look(
    store: &Store,
    policy: &Policy,
    facts: &Facts,
    read: &Read,
    now: Timestamp,
) -> Result<Lately, Error> {
    let Some(author) = &facts.author else {
        return Ok(Lately::default());
    };
    let marker = store.marker();
    let owner = Owner::author(marker.mark(&author.address.key()));
    let outsiders: Vec<&Address> = facts.outsiders().collect();
    let (thread, seen) = thread(store, &marker, &author.address, &outsiders, read)?;
    let is_new = |address: &&&Address| !seen.contains(&number(&marker, &address.key()));
    let counted: Vec<&Address> = outsiders.iter().filter(is_new).copied().collect();
    let is_unseen_thread = seen.is_empty()
        && !read.answers.is_empty()
        && read.has_quotes
        && (2..=UNSEEN_THREAD_MAX).contains(&outsiders.len())
        && super::letter::are_shown(read, &outsiders);
    let is_in_thread = !read.answers.is_empty() && (counted.is_empty() || is_unseen_thread);
    let likeness = likeness(&facts.letter.subject, read, !read.answers.is_empty());
    let mut lately = Lately {
        is_in_thread,
        thread: Some(thread),
        owner: Some(owner),
        people: u32::try_from(outsiders.len()).unwrap_or(u32::MAX),
        ..Lately::default()
    };
    let has_list = facts.lists().next().is_some();
    if has_list {
        lately.topics(store, facts, &marker, &likeness, now)?;
    } else if !is_in_thread && !facts.letter.is_automatic && !counted.is_empty() {
        let people = counted.iter().map(|address| Person {
            hash: number(&marker, &address.key()),
            at: now,
            is_outside: policy.place(address) == Place::Outside,
        });
        lately.group(store, &likeness, people.collect(), &policy.hidden, now)?;
        lately.may_be_first = !likeness.is_bare() && read.answers.is_empty();
    }
    if !has_list && lately.people > 0 {
        let limits = policy.conveyed;
        let room = store
            .pace(owner)?
            .room(lately.people, limits.per_hour, limits.per_day, now);
        lately.wait_until = (room > now).then_some(room);
    }
    Ok(lately)
}

fn likeness(subject: &str, read: &Read, is_answer: bool) -> Likeness {
    Likeness::of(&Compared {
        subject,
        text: &read.text,
        attachments: &read.attachments,
        names: &read.names,
        is_answer,
    })
}

/// What the groups of a message are found by.
fn probe(likeness: &Likeness) -> Probe {
    Probe {
        sure: likeness.sure_keys(),
        likely: likeness.likely_keys(),
        sketch: likeness.sketch().cloned(),
    }
}

/// A thread, and the hashes of the Message-IDs that find it.
type Named = (Thread, Vec<u64>);

/// The message's thread with its people in it, and who was in it before.
fn thread(
    store: &Store,
    marker: &Marker,
    author: &Address,
    people: &[&Address],
    read: &Read,
) -> Result<(Named, Vec<u64>), Error> {
    let answers: Vec<u64> = read.answers.iter().map(|id| number(marker, id)).collect();
    let own = read.id.iter().map(|id| number(marker, id));
    let known = store.thread(&answers)?;
    let seen = known.as_ref().map(|thread| thread.people.clone()).unwrap_or_default();
    let mut ids: Vec<u64> = own.collect();
    let mut thread = known.unwrap_or_else(|| {
        ids.extend(&answers);
        Thread {
            id: answers.last().or(ids.first()).copied().unwrap_or_default(),
            people: Vec::new(),
        }
    });
    for address in std::iter::once(&author).chain(people) {
        let hash = number(marker, &address.key());
        if !thread.people.contains(&hash) {
            thread.people.push(hash);
        }
    }
    Ok(((thread, ids), seen))
}

fn number(marker: &Marker, text: &str) -> u64 {
    let mark = marker.mark(text);
    let mut octets = [0; 8];
    octets.iter_mut().zip(mark).for_each(|(to, from)| *to = from);
    u64::from_be_bytes(octets)
}

impl Lately {
    fn group(
        &mut self,
        store: &Store,
        likeness: &Likeness,
        people: Vec<Person>,
        hidden: &Hidden,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(owner) = self.owner else { return Ok(()) };
        let probe = probe(likeness);
        let (mut group, absorbed) = store.gathered(owner, &probe, now)?;
        group.add(people, now, hidden.window);
        group.case = group.case.filter(|id| is_held(store, *id));
        let (campus, outside) = group.counts();
        self.grown = Grown {
            campus,
            outside,
            burst: u32::try_from(group.messages_since(now.minus(hidden.burst_within))).unwrap_or(u32::MAX),
            case: group.case,
            is_attested: group.is_attested,
            is_nudged: group.is_nudged,
        };
        // With nothing to compare by, this message's own people are all there is to count.
        self.group = (!likeness.is_bare()).then_some(Grouped {
            owner,
            group,
            probe,
            absorbed,
        });
        Ok(())
    }

    /// What was sent to the same lists on the same topic.
    fn topics(
        &mut self,
        store: &Store,
        facts: &Facts,
        marker: &Marker,
        likeness: &Likeness,
        now: Timestamp,
    ) -> Result<(), Error> {
        if likeness.is_bare() {
            return Ok(());
        }
        for list in facts.lists() {
            let owner = Owner::list(marker.mark(&list.key()));
            let probe = probe(likeness);
            self.repeats.extend(store.gathered(owner, &probe, now)?.0.times);
            self.topics.push((owner, probe));
        }
        self.repeats.sort_by(|one, other| other.cmp(one));
        Ok(())
    }

    /// Messages of the group that may not have left yet.
    pub(super) fn under_way(&self) -> Vec<MailingId> {
        self.group
            .as_ref()
            .map(|grouped| grouped.group.under_way.clone())
            .unwrap_or_default()
    }

    /// It is held as this case, or as part of it.
    pub(super) fn is_held_as(&mut self, case: MailingId) {
        if let Some(grouped) = &mut self.group {
            grouped.group.case = Some(case);
            grouped.group.under_way.clear();
        }
    }

    /// It goes, at its time; its author may have been told that the group grows.
    pub(super) fn goes(&mut self, id: MailingId, is_nudged: bool) {
        if let Some(grouped) = &mut self.group {
            grouped.group.goes(id);
            grouped.group.is_nudged |= is_nudged;
        }
    }

    /// What is written with the message. What goes counts against its author's pace.
    pub(super) fn traces(self, store: &Store, goes_at: Option<Timestamp>, now: Timestamp) -> Result<Traces, Error> {
        let pace = match (self.owner, goes_at) {
            (Some(owner), Some(at)) if self.people > 0 => {
                let mut pace = store.pace(owner)?;
                pace.add(self.people, at);
                Some((owner, pace))
            }
            (Some(_) | None, _) => None,
        };
        Ok(Traces {
            group: self.group,
            topics: self.topics,
            // What is held has reached nobody: an answer to it is no thread.
            thread: self.thread.filter(|(_, ids)| goes_at.is_some() && !ids.is_empty()),
            pace,
            at: Some(now),
        })
    }
}

fn is_held(store: &Store, id: MailingId) -> bool {
    store.is_in(Kind::Held, id).unwrap_or(false)
}
