//! How many a day, and how a sender begins whom a provider does not know yet.
//!
//! The allowance grows from one day that mail was sent to the next: a week of silence earns nothing, since nobody has
//! got to know us in it.

use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::limits::Limits;
use super::settings::WarmUp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The last day on which mail was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Days {
    last: Option<Last>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    day: Date,
    sent: u32,
    /// What the warming up allowed on it.
    allowance: u32,
}

/// What a day allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Messages in all.
    pub messages: u32,
    /// How many of them are left.
    pub left: u32,
    /// Whether it is the warming up that allows no more.
    pub is_warming_up: bool,
}

impl Days {
    /// What today allows; `None` when days are not counted.
    pub(super) fn today(&self, limits: &Limits, warm_up: &WarmUp, today: Date) -> Option<Allowance> {
        let fixed = limits.messages_per_day.map_or(u32::MAX, std::num::NonZeroU32::get);
        let warm = if limits.warm_up {
            self.warm(warm_up, today)
        } else {
            u32::MAX
        };
        let messages = fixed.min(warm);
        (limits.messages_per_day.is_some() || limits.warm_up).then_some(Allowance {
            messages,
            left: messages.saturating_sub(self.sent(today)),
            is_warming_up: warm < fixed,
        })
    }

    /// What the warming up allows on a day that is not before the last.
    fn warm(&self, warm_up: &WarmUp, today: Date) -> u32 {
        match self.last {
            Some(last) if today <= last.day => last.allowance,
            Some(last) if idle(last.day, today) <= warm_up.idle => grown(last.allowance, warm_up),
            Some(_) | None => warm_up.first_day,
        }
    }

    /// Messages sent today.
    pub(super) fn sent(&self, today: Date) -> u32 {
        self.last.filter(|last| today <= last.day).map_or(0, |last| last.sent)
    }

    /// So many more were sent today.
    pub(super) fn spend(&mut self, messages: u32, warm_up: &WarmUp, today: Date) {
        let last = Last {
            day: self.last.map_or(today, |last| last.day.max(today)),
            sent: self.sent(today).saturating_add(messages),
            allowance: self.warm(warm_up, today),
        };
        self.last = Some(last);
    }
}

/// The next day's allowance.
pub(super) fn grown(allowance: u32, warm_up: &WarmUp) -> u32 {
    // A float that is too large for it becomes the largest u32.
    (f64::from(allowance) * warm_up.growth).ceil() as u32
}

fn idle(from: Date, to: Date) -> Duration {
    let days = (to - from).get_days();
    DAY.saturating_mul(u32::try_from(days).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use jiff::ToSpan;

    use super::*;

    const WARM_UP: WarmUp = WarmUp {
        first_day: 300,
        growth: 1.2,
        idle: Duration::from_secs(30 * 24 * 60 * 60),
    };

    fn day(number: i64) -> Date {
        Date::constant(2026, 11, 1) + number.days()
    }

    fn allowed(days: &Days, limits: &Limits, number: i64) -> u32 {
        days.today(limits, &WARM_UP, day(number)).expect("counted").messages
    }

    #[test]
    fn a_sender_nobody_knows_begins_with_few_and_grows_by_a_fifth_a_day() {
        let limits = Limits {
            warm_up: true,
            ..Limits::default()
        };
        let mut days = Days::default();
        let mut seen = Vec::new();
        for number in 0..5 {
            seen.push(allowed(&days, &limits, number));
            days.spend(10, &WARM_UP, day(number));
        }
        assert_eq!(seen, [300, 360, 432, 519, 623]);
        assert_eq!(allowed(&days, &limits, 34), 748, "thirty days are not yet too long");
        assert_eq!(allowed(&days, &limits, 35), 300, "and after that it begins anew");
    }

    #[test]
    fn a_week_of_silence_earns_one_step() {
        let limits = Limits {
            warm_up: true,
            ..Limits::default()
        };
        let mut days = Days::default();
        days.spend(300, &WARM_UP, day(0));
        assert_eq!(allowed(&days, &limits, 7), 360);
    }

    #[test]
    fn the_fixed_limit_holds_as_well() {
        let limits = Limits {
            messages_per_day: NonZeroU32::new(310),
            warm_up: true,
            ..Limits::default()
        };
        let mut days = Days::default();
        days.spend(299, &WARM_UP, day(0));
        let today = days.today(&limits, &WARM_UP, day(0)).expect("counted");
        assert_eq!((today.left, today.is_warming_up), (1, true));
        let tomorrow = days.today(&limits, &WARM_UP, day(1)).expect("counted");
        assert_eq!((tomorrow.left, tomorrow.is_warming_up), (310, false));
        assert_eq!(days.today(&Limits::default(), &WARM_UP, day(0)), None);
    }

    #[test]
    fn a_clock_that_was_set_back_earns_nothing() {
        let mut days = Days::default();
        days.spend(200, &WARM_UP, day(3));
        days.spend(50, &WARM_UP, day(2));
        assert_eq!(days.sent(day(3)), 250);
    }
}
