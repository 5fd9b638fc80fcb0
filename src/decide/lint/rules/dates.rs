//! Dates and times that are right where and when they are read.

use jiff::civil::{Date, Weekday};

use crate::decide::lint::find::{self, Case, Hit};
use crate::decide::lint::tokens::Tokens;
use crate::decide::lint::{About, Letter, Level, Rule, Spot};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [(&str, Weekday); 7] = [
    ("Monday", Weekday::Monday),
    ("Tuesday", Weekday::Tuesday),
    ("Wednesday", Weekday::Wednesday),
    ("Thursday", Weekday::Thursday),
    ("Friday", Weekday::Friday),
    ("Saturday", Weekday::Saturday),
    ("Sunday", Weekday::Sunday),
];
const ZONES: [&str; 18] = [
    "CT", "CST", "CDT", "ET", "EST", "EDT", "MT", "MST", "MDT", "PT", "PST", "PDT", "UTC", "GMT", "Central", "Eastern",
    "Mountain", "Pacific",
];
/// A zone that far after a time of day is its own: "9 a.m. to 5 p.m. CT".
const ZONE_WITHIN: usize = 28;

/// A date in running text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Written {
    date: Date,
    weekday: Option<Weekday>,
    place: String,
}

pub(in crate::decide::lint) const PAST: Rule = Rule {
    name: "date-past",
    level: Level::Warn,
    judge: |letter, about, profile| {
        let is_past = |written: &Written, today: Date| {
            let days = today.duration_since(written.date).as_hours() / 24;
            days > 0 && days <= i64::from(profile.limits.past_days)
        };
        of_dates(letter, about, is_past, "Look at the date again: it is past.")
    },
};

pub(in crate::decide::lint) const WEEKDAY: Rule = Rule {
    name: "date-weekday",
    level: Level::Block,
    judge: |letter, about, _| {
        let is_wrong = |written: &Written, _: Date| written.weekday.is_some_and(|day| day != written.date.weekday());
        of_dates(
            letter,
            about,
            is_wrong,
            "Look at the date again: it is on another day of the week.",
        )
    },
};

pub(in crate::decide::lint) const NO_ZONE: Rule = Rule {
    name: "time-without-zone",
    level: Level::Warn,
    judge: |letter, about, _| {
        if !about.off_campus {
            return Vec::new();
        }
        let is_bare = |hit: &Hit<'_>| {
            let after: String = hit.after().chars().take(ZONE_WITHIN).collect();
            !ZONES
                .iter()
                .any(|zone| !find::words(&after, zone, Case::Matters).is_empty())
        };
        let times = times(letter.body()).into_iter().filter(is_bare);
        let sentence = "Say the time zone: readers are elsewhere.";
        times.map(|hit| Spot::new(hit.word, sentence)).collect()
    },
};

pub(in crate::decide::lint) const RELATIVE: Rule = Rule {
    name: "date-relative",
    level: Level::Warn,
    judge: |letter, _, _| {
        let words = [
            "today",
            "tomorrow",
            "tonight",
            "yesterday",
            "this morning",
            "this afternoon",
            "this evening",
        ];
        let mut spots = Vec::new();
        for text in letter.passages() {
            let found = words.iter().flat_map(|word| text.words(word, Case::Ignored));
            spots.extend(found.map(|hit| Spot::new(hit.word, "Say the date: it is read when it has been approved.")));
        }
        spots
    },
};

fn of_dates(
    letter: &Letter,
    about: &About<'_>,
    is_wanted: impl Fn(&Written, Date) -> bool,
    sentence: &str,
) -> Vec<Spot> {
    let Ok(today) = about.submitted_at.day(&about.zone).parse::<Date>() else {
        return Vec::new();
    };
    let dates = letter.passages().flat_map(|text| dates(text, text.digits(), today));
    let wanted = dates.filter(|written| is_wanted(written, today));
    wanted.map(|written| Spot::new(written.place, sentence)).collect()
}

/// "Monday, November 9, 2026", "9 November 2026", "11/9/2026", "2026-11-09", each without what may be left out.
fn dates(text: &str, digits: impl Iterator<Item = usize>, today: Date) -> Vec<Written> {
    let (mut found, mut end) = (Vec::new(), 0);
    // A date stands on one line, and has a digit.
    for digit in digits {
        let Some((before, after)) = text.split_at_checked(digit).filter(|_| digit >= end) else {
            continue;
        };
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        end = digit + after.find('\n').unwrap_or(after.len());
        let line = text.get(start..end).unwrap_or_default();
        let tokens: Vec<Hit<'_>> = Tokens::of(line).collect();
        let places = 0..tokens.len();
        found.extend(places.filter_map(|at| named(line, &tokens, at, today).or_else(|| numbered(line, &tokens, at))));
    }
    found
}

fn named(text: &str, tokens: &[Hit<'_>], at: usize, today: Date) -> Option<Written> {
    let month = month(tokens.get(at)?.word)?;
    let token = |at: Option<usize>| at.and_then(|at| tokens.get(at));
    // The day stands after the month in America, before it elsewhere.
    let after = token(at.checked_add(1)).filter(|next| gap(text, tokens, at) <= 2 && day(next.word).is_some());
    let before = token(at.checked_sub(1)).filter(|_| at > 0 && gap(text, tokens, at - 1) <= 1);
    let (first, last, number) = match (after, before) {
        (Some(after), _) => (at, at + 1, day(after.word)?),
        (None, Some(before)) => (at - 1, at, day(before.word)?),
        (None, None) => return None,
    };
    let year = token(Some(last + 1))
        .filter(|_| gap(text, tokens, last) <= 2)
        .and_then(|next| year(next.word));
    let weekday = token(first.checked_sub(1))
        .filter(|_| gap(text, tokens, first - 1) <= 2)
        .and_then(|before| weekday(before.word));
    let first = if weekday.is_some() { first - 1 } else { first };
    let last = if year.is_some() { last + 1 } else { last };
    let date = match year {
        Some(year) => Date::new(year, month, number).ok()?,
        None => nearest(month, number, today)?,
    };
    let place = between(text, tokens, first, last)?;
    Some(Written { date, weekday, place })
}

/// `11/9/2026` as in America, or `2026-11-09`.
fn numbered(text: &str, tokens: &[Hit<'_>], at: usize) -> Option<Written> {
    let [a, b, c] = tokens.get(at..at + 3)? else {
        return None;
    };
    // Most words of a text are no numbers.
    if !a.word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let is_joined = |by: &str| {
        let gap = |from: &Hit<'_>, to: &Hit<'_>| text.get(from.start + from.word.len()..to.start);
        gap(a, b) == Some(by) && gap(b, c) == Some(by)
    };
    let date = if is_joined("/") {
        Date::new(year(c.word)?, a.word.parse().ok()?, b.word.parse().ok()?)
    } else if is_joined("-") {
        Date::new(year(a.word)?, b.word.parse().ok()?, c.word.parse().ok()?)
    } else {
        return None;
    };
    Some(Written {
        date: date.ok()?,
        weekday: None,
        place: between(text, tokens, at, at + 2)?,
    })
}

/// A date without a year is this year's; one long past is next year's.
fn nearest(month: i8, day: i8, today: Date) -> Option<Date> {
    let this = Date::new(today.year(), month, day).ok()?;
    let is_long_past = today.duration_since(this).as_hours() / 24 > 90;
    let next = Date::new(today.year().checked_add(1)?, month, day).ok();
    if is_long_past { next } else { Some(this) }
}

fn month(word: &str) -> Option<i8> {
    // Most words of a text begin small.
    if !word.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let short =
        |name: &str| name.get(..3).is_some_and(|short| short == word) || (name == "September" && word == "Sept");
    let at = MONTHS.iter().position(|name| *name == word || short(name))?;
    i8::try_from(at + 1).ok()
}

fn weekday(word: &str) -> Option<Weekday> {
    let is_named = |name: &str| name == word || (word.len() >= 3 && word.len() <= 5 && name.starts_with(word));
    DAYS.iter().find(|(name, _)| is_named(name)).map(|(_, day)| *day)
}

fn day(word: &str) -> Option<i8> {
    let ends = ["st", "nd", "rd", "th"];
    let bare = ends.iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
    bare.parse()
        .ok()
        .filter(|day| bare.len() <= 2 && (1..=31).contains(day))
}

fn year(word: &str) -> Option<i16> {
    word.parse().ok().filter(|year| (1900..2200).contains(year))
}

/// Octets between a token and the next.
fn gap(text: &str, tokens: &[Hit<'_>], at: usize) -> usize {
    let ends = tokens.get(at).zip(tokens.get(at + 1));
    let between = ends.and_then(|(a, b)| text.get(a.start + a.word.len()..b.start));
    between.map_or(usize::MAX, str::len)
}

fn between(text: &str, tokens: &[Hit<'_>], first: usize, last: usize) -> Option<String> {
    let (first, last) = tokens.get(first).zip(tokens.get(last))?;
    text.get(first.start..last.start + last.word.len()).map(str::to_owned)
}

/// "3 p.m.", "10:30 AM".
fn times(text: &str) -> Vec<Hit<'_>> {
    let runs: Vec<Hit<'_>> = find::runs(text, |c| c.is_ascii_alphanumeric() || c == '.' || c == ':').collect();
    let is_clock =
        |text: &str| !text.is_empty() && text.len() <= 5 && text.chars().all(|c| c.is_ascii_digit() || c == ':');
    let half = |word: &str| {
        let word = word.to_ascii_lowercase().replace('.', "");
        word == "am" || word == "pm"
    };
    let joined = |hit: Hit<'_>| {
        let at = hit.word.find(['a', 'p', 'A', 'P'])?;
        let (clock, rest) = hit.word.split_at_checked(at)?;
        (is_clock(clock) && half(rest)).then_some(hit.start..hit.start + hit.word.len())
    };
    let apart = |pair: &[Hit<'_>]| {
        let (clock, rest) = pair.first().zip(pair.get(1))?;
        let start = clock.start;
        let is_near = rest.start - start - clock.word.len() <= 2;
        let end = rest.start + rest.word.trim_end_matches('.').len() + usize::from(rest.word.contains("m."));
        (is_clock(clock.word) && half(rest.word) && is_near).then_some(start..end)
    };
    let singles = runs.iter().copied().filter_map(joined);
    let all = singles.chain(runs.windows(2).filter_map(apart));
    all.filter_map(|range| {
        let (start, word) = (range.start, text.get(range)?);
        Some(Hit { text, start, word })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{Draft, GOOD, NONE, in_text};

    #[test]
    fn a_date_is_still_to_come() {
        assert_eq!(
            in_text("date-past", "Come on Friday, October 30, 2026."),
            ["Friday, October 30, 2026"]
        );
        assert_eq!(in_text("date-past", "Due Oct. 30."), ["Oct. 30"]);
        assert_eq!(in_text("date-past", "Due 10/30/2026"), ["10/30/2026"]);
        assert_eq!(in_text("date-past", "Due 2026-10-30"), ["2026-10-30"]);
        assert_eq!(in_text("date-past", "On 30 October 2026"), ["30 October 2026"]);
        assert_eq!(
            in_text(
                "date-past",
                "Founded November 6, 1870; due November 2; in May 5 people; March 3"
            ),
            NONE
        );
    }

    #[test]
    fn a_date_is_on_its_weekday() {
        assert_eq!(in_text("date-weekday", "Tuesday, November 9"), ["Tuesday, November 9"]);
        assert_eq!(in_text("date-weekday", "Tue, 9 Nov 2026"), ["Tue, 9 Nov 2026"]);
        assert_eq!(in_text("date-weekday", "Monday, Nov. 9th, and Sunday, January 3"), NONE);
    }

    #[test]
    fn a_time_has_a_zone_elsewhere() {
        let away = |text: &str| {
            let draft = Draft {
                text: Some(text),
                html: None,
                ..GOOD
            };
            draft.spots_when("time-without-zone", |about| about.off_campus = true)
        };
        assert_eq!(away("at 3 p.m. in the hall"), ["3 p.m."]);
        assert_eq!(away("at 10:30am."), ["10:30am."]);
        assert_eq!(away("from 9 a.m. to 5 p.m. Central, I am 5"), NONE);
        assert_eq!(in_text("time-without-zone", "at 3 p.m."), NONE);
    }

    #[test]
    fn a_date_does_not_move() {
        assert_eq!(in_text("date-relative", "It closes Tomorrow."), ["Tomorrow"]);
        assert_eq!(in_text("date-relative", "USAToday's todays"), NONE);
    }
}
