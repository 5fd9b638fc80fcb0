//! Forecast: when the copies of a mailing would leave, by provider, from the limits that delivery will use.
//!
//! Each provider takes copies at its own pace, and all of them share what is left of the wider limits; the slice that
//! goes first, its wait, a day's allowance and the hours of the lane are counted in. It is the pace of this moment:
//! while all goes well it grows, so that the end comes sooner, and other mailings beside it make it later.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::brake::Slice;
use super::days::{Allowance, grown};
use super::explain::{Passage, Standing};
use super::limits::Rate;
use super::scope::{Claim, Pool, Scope, Stream};
use super::settings::Window;
use super::shaper::Shaper;
use crate::mail::{Domain, Timestamp};
use crate::model::{Capacity, Lane, MailingId};

/// Days after which nobody counts any further.
const DAYS_MAX: u32 = 400;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// When the copies of a mailing would leave.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// When the first does.
    pub begins: Timestamp,
    /// The slice that goes first, and when the rest follows; `None` when all go together.
    pub first: Option<(u64, Timestamp)>,
    /// By provider, most people first.
    pub legs: Vec<Leg>,
    /// When the last does.
    pub ends: Timestamp,
}

/// The copies for one provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    /// What people call it.
    pub name: String,
    /// How many people.
    pub people: u64,
    /// Its own pace now; `None` for many domains, each with its own.
    pub rate: Option<Rate>,
    /// What a day allows it, where that is counted.
    pub today: Option<Allowance>,
    /// When it is asked again, while it is left alone.
    pub opens: Option<Timestamp>,
    /// When the last of them has gone.
    pub ends: Timestamp,
}

/// What is still to come of a mailing under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// When copies go on: now, or when its lane leaves again, or when the slice before them was looked at.
    pub begins: Timestamp,
    /// When the last has left for the first time, by the limits and by the pace of the last minute, whichever is later.
    pub ends: Timestamp,
}

/// The people who share a pace.
#[derive(Debug, Default)]
struct Part {
    people: u64,
    /// How long they take when nothing else is in the way, in seconds.
    alone: f64,
    rate: Option<Rate>,
    today: Option<Allowance>,
    /// When the last of the hosts that are left alone is asked again.
    opens: Option<Timestamp>,
    streams: usize,
}

impl Shaper {
    /// When the copies of a mailing would leave that begins then and has so many people at each domain.
    pub fn forecast(&self, domains: &BTreeMap<Domain, u64>, lane: Lane, begins: Timestamp) -> Forecast {
        let settings = self.settings();
        let window = settings.hours.of(lane);
        let wall = |from: Timestamp, seconds: f64| wall(from, seconds, window, &settings.zone);
        let begins = wall(begins, 0.0);
        let mut parts: BTreeMap<String, Part> = BTreeMap::new();
        let mut hosts: Vec<Scope> = Vec::new();
        for (stream, people) in self.by_stream(domains, Pool::of(Capacity::Initiated, lane)) {
            let part = parts.entry(stream.name.to_string()).or_default();
            self.add(part, &stream, people, begins);
            // A day's allowance does not hold an emergency back.
            part.today = part.today.filter(|_| lane != Lane::Emergency);
            if !hosts.contains(&stream.host) {
                hosts.push(stream.host);
            }
        }
        let shared = self.shared(lane, &hosts);
        let planned: u64 = parts.values().map(|part| part.people).sum();
        let first = u64::from(settings.canary.of(u32::try_from(planned).unwrap_or(u32::MAX)));
        let is_judged = lane != Lane::Emergency && first < planned;
        let share = |part: &Part| {
            let copies = if is_judged {
                part.people * first / planned.max(1)
            } else {
                0
            };
            copies as f64 / (part.people.max(1)) as f64
        };
        let today = |part: &Part, fraction: f64| {
            let most = part
                .today
                .map_or(part.people, |today| part.people.min(u64::from(today.left)));
            (
                most as f64 * fraction,
                part.alone * fraction * most as f64 / part.people.max(1) as f64,
            )
        };
        let slice: Vec<(f64, f64)> = parts.values().map(|part| today(part, share(part))).collect();
        let rest: Vec<(f64, f64)> = parts.values().map(|part| today(part, 1.0 - share(part))).collect();
        let after_slice = is_judged.then(|| {
            let slowest = finish(&slice, shared).into_iter().fold(0.0, f64::max);
            wall(begins, slowest).plus(settings.canary.wait)
        });
        let from = after_slice.unwrap_or(begins);
        let ends = finish(&rest, shared);
        let mut legs: Vec<Leg> = parts
            .into_iter()
            .zip(ends)
            .map(|((name, part), seconds)| {
                let today_ends = wall(part.opens.map_or(from, |opens| opens.max(from)), seconds);
                Leg {
                    ends: self.over_days(&part, begins, today_ends, window),
                    name,
                    people: part.people,
                    rate: part.rate,
                    today: part.today,
                    opens: part.opens,
                }
            })
            .collect();
        legs.sort_by_key(|leg| std::cmp::Reverse(leg.people));
        Forecast {
            begins,
            first: after_slice.map(|after| (first, after)),
            ends: legs.iter().map(|leg| leg.ends).max().unwrap_or(begins),
            legs,
        }
    }

    /// When the copies of a mailing under way that nobody has tried yet will have left; `None` when there are none.
    pub fn outlook(&self, id: MailingId, now: Timestamp) -> Option<Outlook> {
        let watch = self.watches().get(&id)?;
        let settings = self.settings();
        let window = settings.hours.of(watch.lane);
        let from = match watch.slice(&settings.canary, now) {
            Slice::Waits(until) => until.max(now),
            Slice::First | Slice::Whole => now,
        };
        let begins = wall(from, 0.0, window, &settings.zone);
        let legs = watch.by_provider.iter().filter(|(_, counts)| counts.fresh() > 0);
        let legs: Vec<Part> = legs
            .map(|(name, counts)| self.leg(name, (counts.fresh(), watch.lane), begins))
            .collect();
        let parts: Vec<(f64, f64)> = legs.iter().map(|part| (part.people as f64, part.alone)).collect();
        let people: u64 = legs.iter().map(|part| part.people).sum();
        let by_pace = match watch.pace.per_second(now) {
            // What waits for its hour, or for the slice before it, has no pace to go by.
            pace if pace > 0.0 && begins == now => people as f64 / pace,
            _ => 0.0,
        };
        let ends = legs.iter().zip(finish(&parts, self.shared(watch.lane, &[])));
        let ends = ends.map(|(part, seconds)| {
            let opens = part.opens.map_or(begins, |opens| opens.max(begins));
            let today_ends = wall(opens, seconds, window, &settings.zone);
            self.over_days(part, begins, today_ends, window)
        });
        let by_limits = ends.max()?;
        Some(Outlook {
            begins,
            ends: by_limits.max(wall(begins, by_pace, window, &settings.zone)),
        })
    }

    /// So many people at one provider.
    fn leg(&self, name: &str, (people, lane): (u64, Lane), now: Timestamp) -> Part {
        let provider = self.settings().providers.iter().find(|provider| provider.name == *name);
        let standing = provider.map(|provider| self.standing(Scope::Provider(provider.key.as_str().into()), now));
        let rate = standing
            .as_ref()
            .and_then(|standing| standing.rate)
            .map(|rate| rate.now);
        let counted = standing.as_ref().filter(|_| lane != Lane::Emergency);
        Part {
            people,
            // Many domains, each at its own pace, are in nobody's way.
            alone: rate.map_or(0.0, |rate| people as f64 / rate.as_f64()),
            rate,
            today: counted.and_then(|standing| standing.today),
            opens: standing.as_ref().and_then(opens),
            streams: 1,
        }
    }

    /// How many people each stream has; those of one name stand together.
    pub fn by_stream(&self, domains: &BTreeMap<Domain, u64>, pool: Pool) -> Vec<(Stream, u64)> {
        let mut streams: Vec<(Stream, u64)> = Vec::new();
        let mut known: std::collections::HashMap<Stream, usize> = std::collections::HashMap::new();
        for (domain, people) in domains {
            let stream = self.stream(domain, pool);
            match known.get(&stream).and_then(|at| streams.get_mut(*at)) {
                Some((_, so_far)) => *so_far += people,
                None => {
                    known.insert(stream.clone(), streams.len());
                    streams.push((stream, *people));
                }
            }
        }
        streams
    }

    /// Adds a stream to what is called the same.
    fn add(&self, part: &mut Part, stream: &Stream, people: u64, now: Timestamp) {
        let standings: Vec<_> = stream
            .receivers
            .iter()
            .map(|scope| self.standing(scope.clone(), now))
            .collect();
        let rate = standings.iter().filter_map(|standing| standing.rate);
        let rate = rate.map(|rate| rate.now).reduce(Rate::min);
        part.people += people;
        let silent = stream
            .scopes()
            .filter_map(|scope| opens(&self.standing(scope.clone(), now)));
        part.opens = silent.max().max(part.opens);
        part.alone = rate.map_or(0.0, |rate| people as f64 / rate.as_f64()).max(part.alone);
        part.streams += 1;
        part.rate = rate.filter(|_| part.streams == 1);
        let allowances = standings.iter().filter_map(|standing| standing.today);
        let today = allowances.min_by_key(|allowance| allowance.left);
        part.today = today.filter(|_| part.streams == 1);
    }

    /// The pace of everything together that a mailing of this lane is in.
    fn shared(&self, lane: Lane, hosts: &[Scope]) -> f64 {
        let claim = Claim {
            mailing: None,
            lane,
            pool: Pool::of(Capacity::Initiated, lane),
            signing_domain: None,
        };
        let now = Timestamp::from_micros(0);
        let rate = |scope| self.standing(scope, now).rate.map(|rate| rate.now.as_f64());
        let of_one = self.settings().each_mailing.messages_per_second;
        let of_one = of_one.map(|range| range.start.as_f64());
        let of_hosts: f64 = hosts
            .iter()
            .cloned()
            .map(|host| rate(host).unwrap_or(f64::INFINITY))
            .sum();
        let of_sender = claim.scopes().filter_map(rate);
        of_sender
            .chain(of_one)
            .chain(Some(of_hosts).filter(|_| !hosts.is_empty()))
            .fold(f64::INFINITY, f64::min)
    }

    /// When a part is done that may need more days than the first.
    fn over_days(&self, part: &Part, begins: Timestamp, today_ends: Timestamp, window: Option<Window>) -> Timestamp {
        let settings = self.settings();
        let Some(today) = part.today.filter(|today| u64::from(today.left) < part.people) else {
            return today_ends;
        };
        let mut left = part.people - u64::from(today.left);
        let mut allowance = today.messages;
        let mut day = begins;
        for _ in 0..DAYS_MAX {
            day = day.tomorrow(&settings.zone);
            if today.is_warming_up {
                allowance = grown(allowance, &settings.warm_up);
            }
            if left <= u64::from(allowance) {
                break;
            }
            left -= u64::from(allowance);
        }
        let pace = part.alone / part.people.max(1) as f64;
        wall(day, left as f64 * pace, window, &settings.zone)
    }
}

/// When a host that is left alone is asked again.
fn opens(standing: &Standing) -> Option<Timestamp> {
    match standing.passage {
        Passage::Open(_, until) => Some(until),
        Passage::Closed | Passage::HalfOpen(_) => None,
    }
}

/// When each of these is done, in seconds: so many copies that take so long alone, while all together go no faster than
/// the pace they share.
fn finish(parts: &[(f64, f64)], shared: f64) -> Vec<f64> {
    let mut ends = vec![0.0; parts.len()];
    let mut left: Vec<f64> = parts.iter().map(|(copies, _)| *copies).collect();
    let own: Vec<f64> = parts
        .iter()
        .map(|(copies, alone)| if *alone > 0.0 { copies / alone } else { f64::INFINITY })
        .collect();
    let mut now = 0.0;
    loop {
        let paces = paces(&left, &own, shared);
        let next = left.iter().zip(&paces).filter(|(left, _)| **left > 0.0);
        let next = next.map(|(left, pace)| left / pace).fold(f64::INFINITY, f64::min);
        if !next.is_finite() {
            return ends;
        }
        now += next;
        for ((left, pace), end) in left.iter_mut().zip(&paces).zip(&mut ends) {
            if *left > 0.0 {
                *left -= pace * next;
                // What is left of a copy by the arithmetic is none.
                if *left < 1e-6 {
                    *left = 0.0;
                    *end = now;
                }
            }
        }
    }
}

/// The pace of each that has something left: its own, or an equal share of what the others leave.
fn paces(left: &[f64], own: &[f64], shared: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..left.len())
        .filter(|at| left.get(*at).is_some_and(|left| *left > 0.0))
        .collect();
    let pace_of = |at: &usize| own.get(*at).copied().unwrap_or(f64::INFINITY);
    order.sort_by(|one, other| pace_of(one).total_cmp(&pace_of(other)));
    let mut paces = vec![0.0; left.len()];
    let mut room = shared;
    for (served, at) in order.iter().enumerate() {
        let fair = room / (order.len() - served) as f64;
        let pace = pace_of(at).min(fair);
        room -= pace;
        if let Some(place) = paces.get_mut(*at) {
            *place = pace;
        }
    }
    paces
}

/// The moment after so many seconds of sending, when mail leaves in these hours alone.
fn wall(from: Timestamp, seconds: f64, window: Option<Window>, zone: &TimeZone) -> Timestamp {
    let mut left = Duration::try_from_secs_f64(seconds).unwrap_or(DAY * DAYS_MAX);
    let Some(window) = window else {
        return from.plus(left);
    };
    let open_for = window.to.duration_since(window.from).unsigned_abs();
    let mut at = window.next(from, zone);
    for _ in 0..DAYS_MAX {
        let since = at.local(zone).time().duration_since(window.from).unsigned_abs();
        let today = open_for.saturating_sub(since);
        if left <= today {
            break;
        }
        left -= today;
        at = window.next(at.plus(today), zone);
    }
    at.plus(left)
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    #[track_caller]
    fn check(parts: &[(f64, f64)], shared: f64, expected: &[f64]) {
        let ends = finish(parts, shared);
        let close = ends
            .iter()
            .zip(expected)
            .all(|(end, expected)| (end - expected).abs() < 1e-3);
        assert!(close && ends.len() == expected.len(), "{ends:?}");
    }

    #[test]
    fn each_goes_at_its_own_pace_until_all_together_are_too_fast() {
        check(&[(100.0, 20.0)], 200.0, &[20.0]);
        check(&[(100.0, 20.0), (1_000.0, 1.0)], f64::INFINITY, &[20.0, 1.0]);
        check(&[(1_000.0, 1.0), (1_000.0, 1.0)], 100.0, &[20.0, 20.0]);
        // The slow one keeps its pace; the fast one has what is left, and all of it afterwards.
        check(&[(10.0, 10.0), (99.0, 1.0)], 10.0, &[10.0, 10.9]);
        check(&[(0.0, 0.0)], 10.0, &[0.0]);
    }

    #[test]
    fn hours_put_the_end_off() {
        let hours = Window {
            from: time(8, 0, 0, 0),
            to: time(10, 0, 0, 0),
        };
        let nine = Timestamp::from_micros(1_796_115_600_000_000);
        let after = |seconds| wall(nine, seconds, Some(hours), &TimeZone::UTC).to_string();
        assert_eq!(nine.to_string(), "2026-12-01T09:00:00Z");
        assert_eq!(after(3_600.0), "2026-12-01T10:00:00Z");
        assert_eq!(after(5_400.0), "2026-12-02T08:30:00Z");
        assert_eq!(after(5_400.0 + 7_200.0), "2026-12-03T08:30:00Z");
    }
}
