//! Those whose copy may have arrived, and what is done about them.

use serde::Deserialize;

use crate::cli::client::Client;
use crate::cli::{Error, out};
use crate::mail::Timestamp;

/// Uncertain recipients that are named.
const UNCERTAIN_MAX: usize = 50;

/// Somebody whose copy may have arrived.
#[derive(Debug, Deserialize)]
pub(super) struct Doubted {
    seq: u32,
    who: Option<String>,
    since: Timestamp,
    stands: String,
    again: Option<Timestamp>,
}

/// Those whose copy may have arrived, and what is done about them.
pub(super) fn uncertain(client: &Client, all: &[Doubted], done: Option<&str>) -> Result<(), Error> {
    if all.is_empty() {
        return Ok(());
    }
    out::line(&headline(all, done))?;
    for doubted in all.iter().take(UNCERTAIN_MAX) {
        let who = doubted.who.as_deref().unwrap_or("somebody who is not to be shown");
        let stands = match (doubted.stands.as_str(), doubted.again) {
            ("again", Some(at)) => format!("sent another at {}", client.time(at)),
            ("waits", _) => "waits for somebody's word".to_owned(),
            ("under-way", _) => "another is under way".to_owned(),
            ("taken", _) => "another was taken".to_owned(),
            _ => "gets no other".to_owned(),
        };
        let since = client.time(doubted.since);
        out::line(&format!("    recipient {}, {who}, {since}: {stands}", doubted.seq))?;
    }
    match all.len().checked_sub(UNCERTAIN_MAX) {
        None | Some(0) => Ok(()),
        Some(more) => out::line(&format!("    … and {more} more; --json names all")),
    }
}

/// How many there are; how many of them were sent another that was taken, and what is done about the rest.
fn headline(all: &[Doubted], done: Option<&str>) -> String {
    let count = |number| out::count(u64::try_from(number).unwrap_or(u64::MAX));
    let taken = all.iter().filter(|doubted| doubted.stands == "taken").count();
    let taken_since = match taken {
        0 => String::new(),
        taken if taken == all.len() => "; another was taken since".to_owned(),
        taken => format!("; of {} another was taken since", count(taken)),
    };
    let done = match done.filter(|_| taken < all.len()) {
        Some("hold") => "; they wait for somebody's word",
        Some("leave") => "; they get no other",
        Some(_) => "; they are sent another, with the same Message-ID",
        None => "",
    };
    let done = match taken {
        0 => done.to_owned(),
        _ => done.replacen("they", "the others", 1),
    };
    format!(
        "Uncertain, since the end of their copy was not heard: {}{taken_since}{done}",
        count(all.len())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stands: &[&str], done: Option<&str>, expected: &str) {
        let doubted = |stands: &&str| Doubted {
            seq: 0,
            who: None,
            since: Timestamp::from_micros(0),
            stands: (*stands).to_owned(),
            again: None,
        };
        let all: Vec<Doubted> = stands.iter().map(doubted).collect();
        let said = headline(&all, done);
        let (_, said) = said.split_once(": ").expect("a colon");
        assert_eq!(said, expected);
    }

    #[test]
    fn of_whom_another_was_taken_is_said() {
        check(&["waits", "waits"], Some("hold"), "2; they wait for somebody's word");
        check(
            &["taken", "waits", "taken"],
            Some("hold"),
            "3; of 2 another was taken since; the others wait for somebody's word",
        );
        check(&["taken", "taken"], Some("resend"), "2; another was taken since");
        check(&["over", "taken"], None, "2; of 1 another was taken since");
    }
}
