//! What do other hosts report of us, day by day? Aggregate reports, read from the mail they come in, and summed up.
//!
//! Anybody may write to a letterbox, so nothing follows from a report: people look at it. It is unpacked within limits
//! that are counted while unpacking, and read with as much of it kept as a report may have; a report that goes beyond
//! them, or is none, is refused with a reason.
//!
//! # Standards
//! RFC 7489 Appendix C (DMARC aggregate reports), RFC 8460 (TLS reports), RFC 1952 and zip as their wrapping.

mod dmarc;
mod sum;
mod tls;
mod unpack;

use std::time::Duration;

pub use sum::{Failure, Host, Senders, Source, Tls, senders, sessions};

use crate::mail::Timestamp;
use crate::model::{Aggregate, Posted, Saw};

/// A report tells of a time that ended no longer ago.
const OLDEST: Duration = Duration::from_secs(60 * 24 * 60 * 60);
/// Nor later than now, as clocks go.
const NEWEST: Duration = Duration::from_secs(2 * 24 * 60 * 60);
/// Characters of a name that somebody else chose.
const NAME_CHARS_MAX: usize = 100;

/// Why a report is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no report in it.
    #[error("no report is attached")]
    None,
    /// It would be too large.
    #[error("it unpacks to more than {} MiB", unpack::BYTES_MAX / (1024 * 1024))]
    TooLarge,
    /// It does not unpack.
    #[error("it does not unpack: {0}")]
    Damaged(String),
    /// It says something else than such a report does.
    #[error("it is no report: {0}")]
    Malformed(String),
    /// It tells of a time that it cannot know, or that has long gone.
    #[error("it is about another time than the last two months")]
    Time,
}

/// Reads the DMARC report that lies in a letterbox.
pub fn read_dmarc(posted: &Posted) -> Result<Aggregate, Fault> {
    unpack::unpack(&posted.message, b'<')
        .and_then(|xml| dmarc::read(&xml))
        .and_then(|aggregate| timely(aggregate, posted.at))
}

/// Reads the TLS report that lies in a letterbox.
pub fn read_tls(posted: &Posted) -> Result<Aggregate, Fault> {
    unpack::unpack(&posted.message, b'{')
        .and_then(|json| tls::read(&json))
        .and_then(|aggregate| timely(aggregate, posted.at))
}

/// What is kept of a report that could not be read: when it came, and why.
pub fn unreadable(posted: &Posted, fault: &Fault) -> Aggregate {
    Aggregate {
        organization: String::new(),
        id: posted.at.to_string(),
        from: posted.at,
        until: posted.at,
        saw: Saw::Unreadable(fault.to_string()),
    }
}

fn timely(aggregate: Aggregate, now: Timestamp) -> Result<Aggregate, Fault> {
    let is_timely = aggregate.from <= aggregate.until
        && aggregate.until >= now.minus(OLDEST)
        && aggregate.until <= now.plus(NEWEST);
    is_timely.then_some(aggregate).ok_or(Fault::Time)
}

/// A name that somebody else chose, fit to be shown.
fn name(text: &str) -> String {
    let shown = text.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX);
    shown.collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests;
