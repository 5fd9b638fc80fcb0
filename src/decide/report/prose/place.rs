//! Place: where the addresses of a text stand, and who is taken of them.

use std::collections::HashSet;

use super::line::Line;
use crate::decide::report::classify::status_in;
use crate::decide::report::fields::Fields;
use crate::decide::report::letter::Letter;
use crate::decide::report::named::{self, Named};
use crate::decide::report::phrases::{ADDRESSED, RECIPIENTS, SENDERS, SUBJECTS, plain};
use crate::decide::report::reasons::precise;
use crate::mail::Address;

/// Recipients of one text that are taken.
const RECIPIENTS_MAX: usize = 200;
/// Octets of a name without a domain.
const NAME_BYTES_MAX: usize = 64;
/// Mailboxes every host has, and which no mailing is for.
const LOCALS: [&str; 6] = [
    "postmaster",
    "mailer-daemon",
    "abuse",
    "hostmaster",
    "noreply",
    "no-reply",
];

/// Where an address stands; a later one counts for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// After `To:`, below a sentence that says our message was not delivered.
    Addressed,
    /// In a line of the log that says why.
    Logged,
    /// At the beginning of a line that says why.
    Explained,
    /// In a list that a sentence opened, or in that sentence.
    Listed,
}

/// Somebody who may have failed.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) line: usize,
    /// Where the text after it begins in its line.
    pub(super) after: usize,
    pub(super) place: Place,
    pub(super) address: Address,
    /// It stands at the beginning of a line, as an item of a list.
    pub(super) is_item: bool,
    /// The address it was made of, as in `(expanded from: …)`.
    pub(super) made_of: Option<Address>,
}

impl Candidate {
    fn new(line: usize, named: &Named, place: Place, is_item: bool) -> Self {
        Self {
            line,
            after: named.at.end,
            place,
            address: named.address.clone(),
            is_item,
            made_of: None,
        }
    }
}

/// Who failed, by the best place there is.
pub(super) fn chosen(lines: &[Line<'_>], letter: &Letter) -> Vec<Candidate> {
    let section = Section {
        is_of_failure: SUBJECTS.are_in(&plain(&letter.subject)) || lines.iter().any(|line| line.opens),
        ..Section::default()
    };
    let mut chosen = best_of(candidates(lines, &Strangers::of(letter), section));
    if chosen.is_empty() {
        chosen.extend(bare_name(lines, letter));
    }
    chosen
}

/// The candidates of the best place there is; somebody whom only the log names is where a single one was sent on to.
fn best_of(mut found: Vec<Candidate>) -> Vec<Candidate> {
    let best = found.iter().map(|one| one.place).max();
    let (mut chosen, others): (Vec<Candidate>, Vec<Candidate>) =
        found.drain(..).partition(|one| Some(one.place) == best);
    // Who is named again, in the log or by each host that was tried, is named already.
    let mut seen = HashSet::new();
    chosen.retain(|one| seen.insert(one.address.key()));
    chosen.truncate(RECIPIENTS_MAX);
    if let [only] = chosen.as_mut_slice() {
        let mut elsewhere = others.into_iter().filter(|one| one.place == Place::Logged);
        let elsewhere = elsewhere.find(|one| !one.address.is_same_mailbox(&only.address));
        if let Some(elsewhere) = elsewhere.filter(|_| only.made_of.is_none()) {
            only.made_of = Some(std::mem::replace(&mut only.address, elsewhere.address));
        }
    }
    chosen
}

/// Addresses of those who did not fail, unless a list names them.
#[derive(Debug, Default)]
struct Strangers {
    /// Who gets what came back: a return path, which no list names.
    ours: Vec<Address>,
    /// Who sent it, and who wrote what is given back.
    theirs: Vec<Address>,
}

impl Strangers {
    fn of(letter: &Letter) -> Self {
        let addresses = |fields: &Fields, names: &[&str]| -> Vec<Address> {
            let values = names.iter().flat_map(|name| fields.all(name));
            values.flat_map(named::named).map(|named| named.address).collect()
        };
        let senders = ["from", "sender", "return-path", "reply-to"];
        let mut theirs = addresses(&letter.header, &senders);
        theirs.extend(
            letter
                .returned
                .iter()
                .flat_map(|returned| addresses(returned, &senders)),
        );
        Self {
            ours: addresses(&letter.header, &["to", "errors-to"]),
            theirs,
        }
    }

    fn hold(&self, address: &Address, place: Place) -> bool {
        let is_in = |those: &[Address]| those.iter().any(|one| one.is_same_mailbox(address));
        is_in(&self.ours) || (place < Place::Listed && is_in(&self.theirs))
    }
}

fn candidates(lines: &[Line<'_>], strangers: &Strangers, mut section: Section) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        section.enter(line);
        for (number, named) in line.addresses.iter().enumerate() {
            let address = &named.address;
            if is_made_of(line, number, named) && section.is_of_failure {
                match found
                    .last_mut()
                    .filter(|last| last.made_of.is_none() && last.line + 2 >= at)
                {
                    Some(last) => last.made_of = Some(address.clone()),
                    None => found.push(Candidate::new(at, named, Place::Listed, true)),
                }
                continue;
            }
            let place = place(lines, (at, line), named, &section);
            if let Some(place) = place.filter(|place| !strangers.hold(address, *place)) {
                let is_item = is_beginning(&line.before(named));
                found.push(Candidate::new(at, named, place, is_item));
            }
        }
    }
    found
}

/// Where in a text a line stands.
#[derive(Debug, Default)]
struct Section {
    /// The text speaks of a failure somewhere.
    is_of_failure: bool,
    /// A sentence has opened a list of who failed, and no log has closed it.
    is_open: bool,
    /// One has, whatever came after.
    was_open: bool,
}

impl Section {
    fn enter(&mut self, line: &Line<'_>) {
        if line.is_transcript {
            self.is_open = false;
        } else if line.opens {
            (self.is_open, self.was_open) = (true, true);
        }
    }
}

/// Where an address of a line stands; `None` when it is nobody's who failed.
fn place(lines: &[Line<'_>], (at, line): (usize, &Line<'_>), named: &Named, section: &Section) -> Option<Place> {
    let before = line.before(named);
    if is_local(&named.address) || SENDERS.are_in(&before) {
        return None;
    }
    if ADDRESSED.are_in(&before) {
        return section.was_open.then_some(Place::Addressed);
    }
    if section.is_of_failure && !line.is_transcript && RECIPIENTS.are_in(&before) {
        return Some(Place::Listed);
    }
    let starts = is_beginning(&before);
    if line.is_contact && !starts {
        return None;
    }
    if (section.is_open && (starts || line.opens)) || (section.is_of_failure && is_amid(lines, (at, line))) {
        return Some(Place::Listed);
    }
    match says_why(lines, at) {
        true if starts && !section.was_open => Some(Place::Explained),
        true => Some(Place::Logged),
        false => None,
    }
}

/// Whether a line, or those around it, says why.
fn says_why(lines: &[Line<'_>], at: usize) -> bool {
    let above = lines.get(at.wrapping_sub(1)).filter(|line| line.addresses.is_empty());
    let more = lines
        .iter()
        .skip(at)
        .take(3)
        .map_while(|line| (!line.plain.is_empty()).then_some(line));
    let said: Vec<&str> = above.into_iter().chain(more).map(|line| line.plain.as_str()).collect();
    let said = said.join(" ");
    precise(&said).is_some() || status_in(&said).is_some()
}

/// Whether an address stands alone in its line, in the middle of a sentence that goes on below.
fn is_amid(lines: &[Line<'_>], (at, line): (usize, &Line<'_>)) -> bool {
    let [only] = line.addresses.as_slice() else {
        return false;
    };
    let rest = |range: Option<&str>| range.is_some_and(|text| !text.chars().any(char::is_alphanumeric));
    let is_alone = rest(line.text.get(..only.at.start)) && rest(line.text.get(only.at.end..));
    let below = lines.iter().skip(at + 1).find(|line| !line.plain.is_empty());
    is_alone
        && below.is_some_and(|below| below.addresses.is_empty() && (below.opens || precise(&below.plain).is_some()))
}

/// A mailbox every host has, and which no mailing is for.
fn is_local(address: &Address) -> bool {
    let local = address.local().to_lowercase();
    LOCALS.contains(&local.as_str())
}

/// Whether nothing stands before an address but what marks an item of a list, or says what it is.
fn is_beginning(before: &str) -> bool {
    let gateway = before.rsplit_once("dda:smtp=").map_or(before, |_| "");
    let unmarked = gateway.trim_matches(|c: char| !c.is_alphabetic());
    let label = unmarked
        .split(|c: char| !c.is_alphabetic() && !" -_()/".contains(c))
        .collect::<Vec<_>>();
    let is_labelled = gateway
        .trim_end_matches(|c: char| c.is_whitespace() || "<[('\"".contains(c))
        .ends_with([':', '=', ';']);
    let is_short = label.iter().map(|word| word.split_whitespace().count()).sum::<usize>() <= 5;
    unmarked.is_empty() || (is_labelled && is_short)
}

/// Whether an address is what another was made of, as Sendmail, Exim and Postfix say it.
fn is_made_of(line: &Line<'_>, number: usize, named: &Named) -> bool {
    let from = number
        .checked_sub(1)
        .and_then(|before| line.addresses.get(before))
        .map_or(0, |before| before.at.end);
    let before = plain(line.text.get(from..named.at.start).unwrap_or_default());
    let words = [
        "expanded from",
        "generated from",
        "forwarded from",
        "originally addressed to",
        "original address",
    ];
    words.iter().any(|words| before.contains(words))
}

/// A name alone in a list, which the host that wrote the text takes for one of its own.
fn bare_name(lines: &[Line<'_>], letter: &Letter) -> Option<Candidate> {
    let domain = named::first(letter.value("from")?)?.domain().clone();
    let opened = lines.iter().position(|line| line.opens)?;
    let is_name = |text: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-+".contains(c);
        !text.is_empty()
            && text.len() <= NAME_BYTES_MAX
            && text.chars().all(fits)
            && text.chars().any(|c| c.is_ascii_alphabetic())
    };
    let (line, name) = lines.iter().enumerate().skip(opened + 1).find_map(|(at, line)| {
        let is_indented = line.text.starts_with([' ', '\t', '<']);
        let name = line.text.trim().trim_matches(['<', '>']);
        (is_indented && is_name(name)).then_some((at, name))
    })?;
    Some(Candidate {
        line,
        after: usize::MAX,
        place: Place::Listed,
        address: Address::new(name, domain).ok()?,
        is_item: true,
        made_of: None,
    })
}
